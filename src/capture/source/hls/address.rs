//! Addresses in playlists: made absolute, and compared whatever their host and tokens.
//!
//! The path of a segment identifies it: hosts change when a station redirects, and queries carry tokens that are
//! renewed. But some stations, a program or a relay, have one path for all segments, and name them in the query
//! (`seg.php?n=101&token=…`). If a list has half as many paths as segments, or fewer, those parts of a query that not
//! all segments have belong to the segment's key as well. What all of them have is a token, or says nothing.
//!
//! A token that differs for each segment looks like a name. Then no key is ever seen again, and the timeline goes by
//! numbers.

use std::collections::HashSet;

use url::Url;

/// Some bytes of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ByteRange {
    /// The first.
    pub offset: u64,
    /// How many; not zero.
    pub length: u64,
}

/// The address of a segment.
#[derive(Debug)]
pub struct Address {
    /// The resource.
    pub url: Url,
    /// The part of the resource; `None` if the segment is all of it.
    pub byte_range: Option<ByteRange>,
}

/// `address` relative to `base`, if that is an http address, or a `data:` address, which holds what it names.
pub fn absolute_or_inline(base: &Url, address: &str) -> Option<Url> {
    base.join(address).ok().filter(|url| matches!(url.scheme(), "http" | "https" | "data"))
}

/// `address` relative to `base`, if that is an http address. Nothing else is ever fetched.
pub fn absolute(base: &Url, address: &str) -> Option<Url> {
    base.join(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// The part of an address that stays when a station redirects to another host or renews its tokens: the path.
pub fn segment_key(url: &Url) -> &str {
    url.path()
}

/// How a list names its segments.
#[derive(Debug)]
pub struct Naming<'a> {
    /// The parts that all queries have, if queries count.
    common: Option<HashSet<&'a str>>,
}

impl<'a> Naming<'a> {
    /// The naming of a list of these segments.
    pub fn of(list: &'a [Address]) -> Self {
        let distinct: HashSet<_> = list.iter().map(|at| (at.url.path(), at.url.query(), at.byte_range)).collect();
        let by_path: HashSet<_> = list.iter().map(|at| (at.url.path(), at.byte_range)).collect();
        if by_path.len().saturating_mul(2) > distinct.len() {
            return Self { common: None };
        }
        let mut queries = list.iter().map(|at| parts(&at.url));
        let mut common: HashSet<&str> = queries.next().into_iter().flatten().collect();
        for query in queries {
            let query: HashSet<&str> = query.collect();
            common.retain(|part| query.contains(part));
        }
        Self { common: Some(common) }
    }

    /// The part of the address of a segment that identifies it: it stays with every reload, and is the same if the
    /// segment is listed twice.
    pub fn segment_key(&self, url: &Url) -> String {
        let mut key = url.path().to_owned();
        let Some(common) = &self.common else { return key };
        for part in parts(url).filter(|part| !common.contains(part)) {
            key.push(if key.len() == url.path().len() { '?' } else { '&' });
            key.push_str(part);
        }
        key
    }
}

fn parts(url: &Url) -> impl Iterator<Item = &str> {
    url.query().unwrap_or_default().split('&').filter(|part| !part.is_empty())
}

/// The name of the file of a segment.
pub fn file_name(segment_key: &str) -> &str {
    let path = segment_key.split('?').next().unwrap_or(segment_key);
    path.rsplit('/').next().unwrap_or(path)
}

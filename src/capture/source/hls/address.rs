//! Addresses in playlists: made absolute, and told apart whatever their host and tokens.
//!
//! The path of a segment tells which it is: hosts change when a station redirects, and queries carry tokens that are
//! renewed. Some stations have one path for all segments, though, a program or a relay, and name them in the query
//! (`seg.php?n=101&token=…`). Where there are half as many paths in a list as segments, or fewer, what the query of one
//! has and that of another has not belongs to its place; what all of them have is a token, or says nothing.
//!
//! A token that is another for each segment cannot be told from its name. Then no place is ever seen again, and the
//! timeline goes by numbers.

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

/// Where a segment is.
#[derive(Debug)]
pub struct Address {
    /// The resource.
    pub url: Url,
    /// The part of it that it is, where it is not all of it.
    pub byte_range: Option<ByteRange>,
}

/// `address` as seen from `base`, where that makes an http address or holds what it names (`data:`).
pub fn absolute_or_inline(base: &Url, address: &str) -> Option<Url> {
    base.join(address).ok().filter(|url| matches!(url.scheme(), "http" | "https" | "data"))
}

/// `address` as seen from `base`, where that makes an http address; nothing else is ever fetched.
pub fn absolute(base: &Url, address: &str) -> Option<Url> {
    base.join(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// What stays of an address when a station redirects to another host or renews its tokens: the path.
pub fn segment_key(url: &Url) -> &str {
    url.path()
}

/// How a list tells its segments apart.
#[derive(Debug)]
pub struct Naming<'a> {
    /// What all queries have, where they count.
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

    /// What stays of the address of a segment of that list: the same when it is listed twice, and with every reload.
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

/// The name of the file at a place.
pub fn file_name(segment_key: &str) -> &str {
    let path = segment_key.split('?').next().unwrap_or(segment_key);
    path.rsplit('/').next().unwrap_or(path)
}

//! Addresses in playlists: made absolute, and told apart whatever their host and tokens.

use url::Url;

/// `address` as seen from `base`, where that makes an http address; nothing else is ever fetched.
pub fn absolute(base: &Url, address: &str) -> Option<Url> {
    base.join(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// What stays of an address when a station redirects to another host or renews its tokens: the path.
pub fn place(url: &Url) -> &str {
    url.path()
}

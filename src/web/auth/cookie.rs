//! The cookie of a session.
//!
//! Over HTTPS its name begins with `__Host-` or `__Secure-`, by which browsers make sure that it came over HTTPS and from
//! this host. `__Host-` demands the path `/`; below a path of a host that others share it is `__Secure-`, bound to that
//! path. Over plain HTTP, in a home network, neither is possible.

use axum::http::header::COOKIE;
use axum::http::{Extensions, HeaderMap, HeaderValue};

use super::access::LASTS;
use crate::web::Site;
use crate::web::transport::client;

/// The session that the browser names.
pub fn read<'a>(site: &Site, extensions: &Extensions, headers: &'a HeaderMap) -> Option<&'a str> {
    let name = name(site, client::is_secure(site, extensions, headers));
    let pairs =
        headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// What makes the browser name the session `id` from now on.
pub fn set(site: &Site, extensions: &Extensions, headers: &HeaderMap, id: &str) -> Option<HeaderValue> {
    write(site, client::is_secure(site, extensions, headers), id, LASTS.num_seconds())
}

/// What makes it forget.
pub fn forget(site: &Site, extensions: &Extensions, headers: &HeaderMap) -> Option<HeaderValue> {
    write(site, client::is_secure(site, extensions, headers), "", 0)
}

fn write(site: &Site, secure: bool, value: &str, seconds: i64) -> Option<HeaderValue> {
    let (name, root) = (name(site, secure), site.root());
    let path = if root.is_empty() { "/" } else { &root };
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(text).ok()
}

fn name(site: &Site, secure: bool) -> &'static str {
    match (secure, site.root().is_empty()) {
        (true, true) => "__Host-aircheck",
        (true, false) => "__Secure-aircheck",
        (false, _) => "aircheck",
    }
}

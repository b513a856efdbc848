//! The cookie of a session.
//!
//! Over HTTPS the name of the cookie begins with `__Host-` or `__Secure-`, so browsers make sure that it came over
//! HTTPS and from this host. `__Host-` demands the path `/`; below a path of a shared host it is `__Secure-`, bound to
//! that path. Over plain HTTP, in a home network, neither is possible.

use axum::http::header::COOKIE;
use axum::http::{Extensions, HeaderMap, HeaderValue};

use super::access::LASTS;
use crate::config::Web;
use crate::web::transport::client;

/// Returns the id of the session that the browser names.
pub fn read<'a>(web: &Web, extensions: &Extensions, headers: &'a HeaderMap) -> Option<&'a str> {
    let name = name(web, client::is_secure(web, extensions, headers));
    let pairs =
        headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Returns the header that makes the browser name the session `id` from now on.
pub fn set(web: &Web, extensions: &Extensions, headers: &HeaderMap, id: &str) -> Option<HeaderValue> {
    write(web, client::is_secure(web, extensions, headers), id, LASTS.num_seconds())
}

/// Returns the header that makes the browser forget its session.
pub fn forget(web: &Web, extensions: &Extensions, headers: &HeaderMap) -> Option<HeaderValue> {
    write(web, client::is_secure(web, extensions, headers), "", 0)
}

fn write(web: &Web, secure: bool, value: &str, seconds: i64) -> Option<HeaderValue> {
    let (name, root) = (name(web, secure), web.root());
    let path = if root.is_empty() { "/" } else { root };
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(text).ok()
}

fn name(web: &Web, secure: bool) -> &'static str {
    match (secure, web.root().is_empty()) {
        (true, true) => "__Host-aircheck",
        (true, false) => "__Secure-aircheck",
        (false, _) => "aircheck",
    }
}

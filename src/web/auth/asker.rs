//! Who asks, as far as that can be told: everybody who knows the password may do the same, but one program should not be
//! mistaken for another.

use axum::http::{Extensions, HeaderMap};

use super::cookie;
use super::door::user;
use crate::base::hash::sha256;
use crate::config::{Auth, Web};
use crate::web::transport::client;

/// Returns a name for whoever sent a request that the door let in: a session, a user name (Basic), or else the address. It
/// has no secret in it.
pub fn of(web: &Web, extensions: &Extensions, headers: &HeaderMap) -> String {
    if matches!(web.auth, Auth::Password(_)) {
        if let Some(session) = cookie::read(web, extensions, headers) {
            return format!("session {}", sha256(&[session.as_bytes()]));
        }
        if let Some(user) = user(headers) {
            return format!("user {user}");
        }
    }
    format!("address {}", client::address(web, extensions, headers))
}

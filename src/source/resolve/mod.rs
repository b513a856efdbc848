//! From an address in the YAML to a URL that plays now.

use chrono::{DateTime, Utc};
use thiserror::Error;
use url::Url;

use crate::base::environment::Environment;
use crate::config::Address;

/// Where to play from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The URL of the stream itself (an HLS playlist, an Icecast mount, an RTMP stream).
    pub url: Url,
    /// When it stops being valid, where that can be read from it.
    pub expires: Option<DateTime<Utc>>,
}

/// Why no URL was found.
#[derive(Debug, Error)]
pub enum ResolveError {}

/// Resolves `address`. Requests go through `client`, so that cookies set by the page stay in the capture's jar.
pub async fn resolve(
    address: &Address,
    _client: &reqwest::Client,
    _environment: &Environment,
) -> Result<Resolved, ResolveError> {
    match address {
        Address::Url(url) => Ok(Resolved { url: url.clone(), expires: None }),
        Address::Find(_) => todo!("in the next commits"),
    }
}

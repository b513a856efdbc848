//! Which addresses a client may connect to.
//!
//! Proxies of the environment are not used by a client that may not connect to all: they would look up names themselves.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use ipnet::IpNet;
use url::Url;

use super::dns;
use super::error::HttpError;
use super::guard::{Guard, out_of_reach};
use crate::base::redact;

/// Which addresses a client may connect to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reach {
    /// Any: the address is from the file.
    #[default]
    Anywhere,
    /// Public addresses that are not of this machine or its networks, and those in the networks `except`.
    Public {
        /// The networks near this machine that are allowed all the same.
        except: Arc<[IpNet]>,
    },
}

/// The reach of what the file names.
pub(super) static ANYWHERE: Reach = Reach::Anywhere;

impl Reach {
    /// Whether some addresses are out of reach.
    pub fn is_guarded(&self) -> bool {
        *self != Self::Anywhere
    }

    /// Returns what checks addresses. `None` if none is out of reach.
    pub(super) fn guard(&self) -> Option<Guard> {
        match self {
            Self::Anywhere => None,
            Self::Public { except } => Some(Guard::new(except)),
        }
    }

    /// Returns `url` with an address in the place of its host, for a program that would look the host up itself.
    ///
    /// # Errors
    /// The host cannot be looked up, or has only addresses that are out of reach.
    pub async fn pinned(&self, url: &Url) -> Result<Url, HttpError> {
        let Some(guard) = self.guard() else { return Ok(url.clone()) };
        let failed = |error: &io::Error| match out_of_reach(error) {
            Some(reason) => HttpError::OutOfReach { url: redact::url(url), reason },
            None => HttpError::Unreachable { url: redact::url(url), reason: error.to_string() },
        };
        let name = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let found = dns::addresses(name, 0, Some(guard.clone())).await.map_err(|error| failed(&error))?;
        let mut pinned = url.clone();
        let first = found.first().map(SocketAddr::ip);
        let is_pinned = first.is_some_and(|address| pinned.set_ip_host(address).is_ok());
        let none = || HttpError::Unreachable { url: redact::url(url), reason: "its host has no address".to_owned() };
        if is_pinned { Ok(pinned) } else { Err(none()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_host_is_pinned_to_an_address_in_reach() {
        let url = Url::parse("rtmp://localhost:1935/app/x").unwrap();
        assert_eq!(Reach::Anywhere.pinned(&url).await.unwrap(), url);
        let nowhere = Reach::Public { except: Vec::new().into() };
        let error = nowhere.pinned(&url).await.unwrap_err();
        assert!(matches!(error, HttpError::OutOfReach { .. }), "{error}");
        let here = Reach::Public { except: vec!["127.0.0.0/8".parse().unwrap()].into() };
        assert_eq!(here.pinned(&url).await.unwrap().as_str(), "rtmp://127.0.0.1:1935/app/x");
    }
}

//! What the pages are made from.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::HOST;
use tokio::sync::watch;
use url::Url;

use super::access::{Access, TOKEN};
use crate::base::clock::SharedClock;
use crate::config::{Auth, Config};
use crate::library::catalogue::Catalogue;
use crate::model::ShowId;
use crate::recorder::Recorder;

/// Everything a page may ask. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Site {
    /// The configuration, as it is now.
    pub config: watch::Receiver<Arc<Config>>,
    /// The recordings.
    pub catalogue: Catalogue,
    /// What is being recorded.
    pub recorder: Arc<Recorder>,
    /// Who may see it.
    pub access: Arc<Access>,
    /// The time.
    pub clock: SharedClock,
}

impl Site {
    /// The configuration, as it is now.
    pub(super) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.borrow())
    }

    /// The address of the page for somebody who is not on it: `base_url`, else the host that was asked, else where it
    /// listens.
    pub(super) fn base_url(&self, asked: &HeaderMap) -> Option<Url> {
        let config = self.config();
        if let Some(base) = &config.web.base_url {
            return Some(base.clone());
        }
        let host = asked.get(HOST).and_then(|host| host.to_str().ok());
        let host = host.map(str::to_owned).or_else(|| config.web.listen.map(|listen| listen.to_string()))?;
        // Whoever says so without a web server in front is told wrong addresses, and nobody else is.
        let secure = asked.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
        Url::parse(&format!("{}://{host}/", if secure { "https" } else { "http" })).ok()
    }

    /// Whether a password is asked for.
    pub(super) fn is_guarded(&self) -> bool {
        matches!(self.config().web.auth, Auth::Password(_))
    }

    /// `base` with the token that opens the feed of `show`, or of all, and what belongs to it; `base` alone where none is
    /// needed. Every address below that is made from it has the token too.
    pub(super) fn signed(&self, mut base: Url, show: Option<&ShowId>) -> Url {
        if self.is_guarded() {
            base.query_pairs_mut().append_pair(TOKEN, &self.access.token(show));
        }
        base
    }

    /// The path of `base_url`, which every link begins with; empty where the page is not below one.
    pub(super) fn root(&self) -> String {
        let config = self.config();
        config.web.base_url.as_ref().map(|base| base.path().trim_end_matches('/').to_owned()).unwrap_or_default()
    }
}

//! What the pages are made from.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::HOST;
use tokio::sync::watch;
use url::Url;

use crate::base::clock::SharedClock;
use crate::config::Config;
use crate::library::catalogue::Catalogue;
use crate::recorder::{Control, Recorder};
use crate::schedule::programme::Programme;

/// Everything a page may ask. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Site {
    /// The configuration, as it is now.
    pub config: watch::Receiver<Arc<Config>>,
    /// The recordings.
    pub catalogue: Catalogue,
    /// What is being recorded.
    pub recorder: Arc<Recorder>,
    /// What is changed by hand.
    pub control: Control,
    /// The time.
    pub clock: SharedClock,
}

impl Site {
    /// The configuration, as it is now.
    pub(super) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.borrow())
    }

    /// What is recorded and what is skipped, as it is now.
    pub(super) fn programme(&self) -> Programme {
        self.control.programme()
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
        Url::parse(&format!("http://{host}/")).ok()
    }

    /// The path of `base_url`, which every link begins with; empty where the page is not below one.
    pub(super) fn root(&self) -> String {
        let config = self.config();
        config.web.base_url.as_ref().map(|base| base.path().trim_end_matches('/').to_owned()).unwrap_or_default()
    }
}

//! The web page: where it listens, under which address the world knows it, and who may see it.
//!
//! If other machines can reach the page, the file says who may see it: it has a password, or `auth: none`. A page that
//! only this machine reaches asks for nothing, unless the file has a password: a web server in front may ask on behalf of
//! the world, so everybody is asked then.

use std::net::SocketAddr;
use std::sync::Arc;

use ipnet::IpNet;
use url::Url;

use super::Origins;
use crate::base::http::Reach;
use crate::base::password::PasswordHash;

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Web {
    /// Where it listens. `None` if it is switched off.
    pub listen: Option<SocketAddr>,
    /// The address by which others reach it, for feeds. `None` if that is the one they asked.
    pub base_url: Option<Url>,
    /// Web servers in front of it on other machines. What they say of whom they ask for is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Who may see it.
    pub auth: Auth,
    /// Whose scripts may play what is here.
    pub origins: Origins,
    /// Whether the file may be seen and changed over the page. `None` if it does not say.
    pub edit: Option<bool>,
    /// Whether a station that is not in the file may be recorded for who asks.
    pub ad_hoc: bool,
    /// The networks near this machine from which something may be fetched for who asks.
    pub local_sources: Arc<[IpNet]>,
}

impl Web {
    /// The first segments of the page's own addresses. If a web server in front served the page below one of these, nobody
    /// could tell whether it had taken that path off. A test beside the router compares them.
    pub const OWN: &[&str] = &[
        "api",
        "artwork",
        "artwork.png",
        "calendar",
        "clips",
        "configuration",
        "download",
        "feed",
        "feed.xml",
        "feeds.opml",
        "grabs",
        "healthz",
        "live",
        "media",
        "metrics",
        "on-air",
        "recordings",
        "recordings.m3u",
        "s",
        "schedule",
        "schedule.ics",
        "share",
        "shows",
        "sign-in",
        "sign-out",
        "static",
        "stations",
        "subscribe",
        "waveforms",
    ];

    /// Whether the file may be seen and changed over the page. It can have programs run, and other users of this machine reach
    /// a page that has no password, so that such a page must be told so.
    pub fn may_edit(&self) -> bool {
        self.edit.unwrap_or(matches!(self.auth, Auth::Password(_)))
    }

    /// What may be connected to for who asks from outside: public addresses, and those that the file allows.
    pub fn reach(&self) -> Reach {
        Reach::Public { except: Arc::clone(&self.local_sources) }
    }

    /// The path of `base_url`, which every link begins with; empty if the page is not below one.
    pub fn root(&self) -> &str {
        self.base_url.as_ref().map(|base| base.path().trim_end_matches('/')).unwrap_or_default()
    }
}

/// Who may see the page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// Everybody on this machine; nobody else can reach it.
    #[default]
    Machine,
    /// Those who know the password.
    Password(PasswordHash),
    /// Everybody who can reach it: `auth: none`.
    Anyone,
}

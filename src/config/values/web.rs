//! The web page: where it listens, under which address the world knows it, and who may see it.
//!
//! Whoever lets other machines reach the page says who may see it: a password, or `auth: none` in so many words. A page
//! that only this machine reaches asks nobody, unless there is a password: then it may be a web server in front that
//! asks on behalf of the world, and everybody is asked.

use std::net::SocketAddr;

use ipnet::IpNet;
use url::Url;

use crate::base::password::PasswordHash;

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Web {
    /// Where it listens; nothing where it is switched off.
    pub listen: Option<SocketAddr>,
    /// The address by which others reach it, for feeds; by default the one they asked.
    pub base_url: Option<Url>,
    /// Web servers in front of it on other machines, which are believed for whom they ask.
    pub trusted_proxies: Vec<IpNet>,
    /// Who may see it.
    pub auth: Auth,
}

/// Who may see the page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// Whoever is on this machine; nobody else can reach it.
    #[default]
    Machine,
    /// Whoever knows the password.
    Password(PasswordHash),
    /// Whoever can reach it: `auth: none`.
    Anyone,
}

//! The web page: where it listens, under which address the world knows it, and who may see it.
//!
//! Whoever lets other machines reach the page says who may see it: a password, or `auth: none` in so many words. A page
//! that only this machine reaches asks nobody, unless there is a password: then it may be a web server in front that
//! asks on behalf of the world, and everybody is asked.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use ipnet::IpNet;
use url::{Host, Url};

use super::problem::{Complaint, Problems};
use super::section::Section;
use super::{checks, keys, secret};
use crate::base::password::{PasswordError, PasswordHash};

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

impl Web {
    /// The first segments of the page's own addresses. Below one of these a web server in front that takes the path off
    /// would ask for addresses of which nobody could tell whether it did. A test beside the router compares them.
    pub const OWN: &[&str] = &[
        "api",
        "artwork",
        "artwork.png",
        "calendar",
        "download",
        "feed",
        "feed.xml",
        "feeds.opml",
        "healthz",
        "live",
        "media",
        "metrics",
        "on-air",
        "recordings.m3u",
        "schedule",
        "schedule.ics",
        "shows",
        "sign-in",
        "sign-out",
        "static",
        "stations",
        "subscribe",
        "waveforms",
    ];

    /// The path of `base_url`, which every link begins with; empty if the page is not below one.
    pub fn root(&self) -> &str {
        self.base_url.as_ref().map(|base| base.path().trim_end_matches('/')).unwrap_or_default()
    }
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

/// Reads `web` of the file.
pub(super) fn read(file: &Section<'_>, folder: &Path, problems: &mut Problems) -> Web {
    let default = || listen(keys::LISTEN).unwrap_or_default();
    let Some(section) = file.section("web", problems) else {
        return Web { listen: default(), base_url: None, trusted_proxies: Vec::new(), auth: Auth::Machine };
    };
    let auth = auth(&section, folder, problems);
    let guarded = auth.as_ref().is_none_or(|auth| *auth != Auth::Machine);
    let listen = section.read("listen", problems, |text| {
        listen(text)?.map(|address| if guarded { Ok(address) } else { alone(address) }).transpose()
    });
    Web {
        listen: listen.unwrap_or_else(default),
        base_url: section.read("base_url", problems, |text| base_url(text, folder, guarded)),
        trusted_proxies: proxies(&section, problems),
        auth: auth.unwrap_or_default(),
    }
}

/// Who may see the page; nothing where what is written about it is wrong.
fn auth(section: &Section<'_>, folder: &Path, problems: &mut Problems) -> Option<Auth> {
    let none = section.get("auth").is_some();
    if none {
        section.read("auth", problems, |text| match text {
            "none" => Ok(()),
            _ => Err(Complaint::new("`auth` can only be `none`")
                .hint("leave it out and write `password: …`; `aircheck passwd` makes that line")),
        })?;
    }
    let Some(entry) = section.get("password") else {
        return Some(if none { Auth::Anyone } else { Auth::Machine });
    };
    if none {
        let complaint = Complaint::new("there is a `password`, and `auth: none` says that nobody is asked for it");
        problems.add(entry.place, complaint.hint("take one of them out"));
        return None;
    }
    // Somebody may have written the password itself, and mistakes are shown with their line.
    problems.hide(entry.value.place);
    section.read("password", problems, |text| password(text, folder)).map(Auth::Password)
}

/// The hash of a password, or a secret that holds one.
fn password(text: &str, folder: &Path) -> Result<PasswordHash, Complaint> {
    let written = text.trim();
    let revealed = secret::reveal(written, folder)?;
    PasswordHash::parse(&revealed).map_err(|error| {
        let shown = if revealed == written { "`password`".to_owned() } else { format!("the value of {written}") };
        match error {
            PasswordError::NoHash => Complaint::new(format!("{shown} is not the hash of a password"))
                .hint("run `aircheck passwd`: it asks for a password and prints the line to write here"),
            error => Complaint::new(format!("{shown} cannot be used: {error}"))
                .hint("run `aircheck passwd`, which makes one that can"),
        }
    })
}

/// An address that only this machine reaches.
fn alone(address: SocketAddr) -> Result<SocketAddr, Complaint> {
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(open(&format!("{} can be reached from other machines", address.ip())))
}

/// Whether an address of the page is one that this machine alone has.
fn is_own(base: &Url) -> bool {
    match base.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Others get to the page, and nobody has said who may.
fn open(how: &str) -> Complaint {
    Complaint::new(format!("{how}, and there is no password")).hint(
        "run `aircheck passwd` and write the line that it prints here under `web`; `auth: none` lets everybody in who can \
         reach the page",
    )
}

/// An address below which nothing is that the page has itself, and that others reach only if it is `guarded`.
fn base_url(text: &str, folder: &Path, guarded: bool) -> Result<Url, Complaint> {
    // What is said of stations is of no use here.
    let url = checks::url(text, folder, keys::HTTP)
        .map_err(|complaint| complaint.hint("write for example `http://localhost:8080/`"))?;
    let bare = |url: &Url| {
        let mut url = url.clone();
        url.set_query(None);
        url.set_fragment(None);
        // Fails for addresses that can have none.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        url.to_string()
    };
    let wrong =
        |what: &str| Err(Complaint::new(format!("the address of the page cannot have {what}")).meant([bare(&url)]));
    if !url.username().is_empty() || url.password().is_some() {
        return wrong(
            "a user and a password: they would stand in every feed, and the page asks for its own `password`",
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("anything behind `?` or `#`: other addresses are made by writing on");
    }
    if !guarded && !is_own(&url) {
        return Err(open(&format!("others reach the page at {url}")));
    }
    match url.path_segments().and_then(|mut parts| parts.next()).filter(|first| Web::OWN.contains(first)) {
        None => Ok(url),
        Some(first) => {
            let mut other = url.clone();
            other.set_path("/radio/");
            Err(Complaint::new(format!("`/{first}` is already an address of the page itself"))
                .hint("give the page another path here and in the web server in front of it")
                .meant([other.to_string()]))
        }
    }
}

/// Addresses and networks.
fn proxies(section: &Section<'_>, problems: &mut Problems) -> Vec<IpNet> {
    let mut proxies = Vec::new();
    for (text, place) in section.words("trusted_proxies", problems) {
        let one = text.parse::<IpAddr>().map(IpNet::from).ok().or_else(|| text.parse::<IpNet>().ok());
        match one.filter(|net| net.prefix_len() > 0) {
            Some(net) => proxies.push(net),
            None if one.is_some() => {
                let complaint = Complaint::new(format!("`{text}` is everybody, who would then be believed anything"));
                problems.add(place, complaint.hint("write the addresses of your own web servers"));
            }
            None => {
                let complaint = Complaint::new(format!("`{text}` is not an address, and not a network"));
                problems.add(place, complaint.hint("write for example `172.18.0.5` or `172.18.0.0/16`"));
            }
        }
    }
    proxies
}

/// What may have been meant by a text that is no address with a port.
fn meant_listen(text: &str) -> [String; 3] {
    let bare = text.trim().trim_start_matches("http://").trim_end_matches('/').replace("localhost", "127.0.0.1");
    let port = keys::LISTEN.rsplit(':').next().unwrap_or_default();
    [bare.clone(), format!("{bare}:{port}"), format!("127.0.0.1:{}", bare.trim_start_matches([':', '*']))]
}

/// An address and a port, or `off`.
fn listen(text: &str) -> Result<Option<SocketAddr>, Complaint> {
    if text == "off" {
        return Ok(None);
    }
    text.replace("localhost:", "127.0.0.1:").parse().map(Some).map_err(|_| {
        Complaint::new(format!("`{text}` is not an address and a port"))
            .hint(format!("write for example `listen: {}`, or `listen: off`", keys::LISTEN))
            .meant(meant_listen(text))
    })
}

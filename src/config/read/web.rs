//! The key `web`.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use ipnet::IpNet;
use url::{Host, Url};

use super::{checks, origins};
use crate::base::password::{PasswordError, PasswordHash};
use crate::config::keys::{self, Section};
use crate::config::values::{Auth, Complaint, Origins, Web, secret};
use crate::config::yaml::Problems;

/// Reads `web` of the file.
pub fn read(file: &Section<'_>, folder: &Path, problems: &mut Problems) -> Web {
    let default = || listen(keys::LISTEN).unwrap_or_default();
    let Some(section) = file.section("web", problems) else {
        let (trusted_proxies, local_sources) = (Vec::new(), Vec::new().into());
        return Web {
            listen: default(),
            base_url: None,
            trusted_proxies,
            auth: Auth::Machine,
            origins: Origins::default(),
            edit: None,
            ad_hoc: false,
            local_sources,
        };
    };
    let auth = auth(&section, folder, problems);
    let guarded = auth.as_ref().is_none_or(|auth| *auth != Auth::Machine);
    let listen = section.read("listen", problems, |text| {
        listen(text)?.map(|address| if guarded { Ok(address) } else { alone(address) }).transpose()
    });
    Web {
        listen: listen.unwrap_or_else(default),
        base_url: section.read("base_url", problems, |text| base_url(text, folder, guarded)),
        trusted_proxies: networks(&section, "trusted_proxies", PROXIES, problems),
        origins: origins::read(&section, auth.as_ref(), problems),
        auth: auth.unwrap_or_default(),
        edit: section.flag("edit", problems),
        ad_hoc: section.flag("ad_hoc", problems).unwrap_or(false),
        local_sources: networks(&section, "local_sources", SOURCES, problems).into(),
    }
}

/// Reads who may see the page. `None` if what is written about it is wrong.
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
        problems.add(entry.location, complaint.hint("take one of them out"));
        return None;
    }
    // The password itself may stand here by mistake, and problems are shown with their line.
    problems.hide(entry.value.location);
    section.read("password", problems, |text| password(text, folder)).map(Auth::Password)
}

/// Parses the hash of a password, or a secret that holds one.
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

/// Refuses an address that other machines reach.
fn alone(address: SocketAddr) -> Result<SocketAddr, Complaint> {
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(open(&format!("{} can be reached from other machines", address.ip())))
}

/// Whether only this machine reaches the page at this address.
fn is_own(base: &Url) -> bool {
    match base.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Says that others reach the page, and that the file does not say who may see it.
fn open(how: &str) -> Complaint {
    Complaint::new(format!("{how}, and there is no password")).hint(
        "run `aircheck passwd` and write the line that it prints here under `web`; `auth: none` lets everybody in who can \
         reach the page",
    )
}

/// Parses the address of the page. Others may reach it only if the page is `guarded`, and it must not begin with an address
/// that the page has itself.
fn base_url(text: &str, folder: &Path, guarded: bool) -> Result<Url, Complaint> {
    // The hints for stations do not help here.
    let url = checks::url(text, folder, keys::HTTP)
        .map_err(|complaint| complaint.hint("write for example `http://localhost:8080/`"))?;
    let bare = |url: &Url| {
        let mut url = url.clone();
        url.set_query(None);
        url.set_fragment(None);
        // Fails for addresses that cannot have a user.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        url.to_string()
    };
    let wrong =
        |what: &str| Err(Complaint::new(format!("the address of the page cannot have {what}")).suggest([bare(&url)]));
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
                .suggest([other.to_string()]))
        }
    }
}

/// What is wrong with everybody, and what to write instead.
type Everybody = [&'static str; 2];
const PROXIES: Everybody =
    ["is everybody, who would then be believed anything", "write the addresses of your own web servers"];
const SOURCES: Everybody =
    ["is every address, this machine's own among them", "write the networks of the servers that are meant"];

/// Reads addresses and networks.
fn networks(section: &Section<'_>, key: &str, everybody: Everybody, problems: &mut Problems) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for (text, location) in section.words(key, problems) {
        let one = text.parse::<IpAddr>().map(IpNet::from).ok().or_else(|| text.parse::<IpNet>().ok());
        match one.filter(|net| net.prefix_len() > 0) {
            Some(net) => networks.push(net),
            None if one.is_some() => {
                let [wrong, hint] = everybody;
                problems.add(location, Complaint::new(format!("`{text}` {wrong}")).hint(hint));
            }
            None => {
                let complaint = Complaint::new(format!("`{text}` is not an address, and not a network"));
                problems.add(location, complaint.hint("write for example `172.18.0.5` or `172.18.0.0/16`"));
            }
        }
    }
    networks
}

/// Returns what may have been meant by a text that is not an address with a port.
fn suggested_listen(text: &str) -> [String; 3] {
    let bare = text.trim().trim_start_matches("http://").trim_end_matches('/').replace("localhost", "127.0.0.1");
    let port = keys::LISTEN.rsplit(':').next().unwrap_or_default();
    [bare.clone(), format!("{bare}:{port}"), format!("127.0.0.1:{}", bare.trim_start_matches([':', '*']))]
}

/// Parses an address and a port. `None` for `off`.
fn listen(text: &str) -> Result<Option<SocketAddr>, Complaint> {
    if text == "off" {
        return Ok(None);
    }
    text.replace("localhost:", "127.0.0.1:").parse().map(Some).map_err(|_| {
        Complaint::new(format!("`{text}` is not an address and a port"))
            .hint(format!("write for example `listen: {}`, or `listen: off`", keys::LISTEN))
            .suggest(suggested_listen(text))
    })
}

//! The web page: where it listens, and under which address the world knows it.

use std::net::SocketAddr;
use std::path::Path;

use url::Url;

use super::problem::{Complaint, Problems};
use super::section::Section;
use super::{checks, keys};

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Web {
    /// Where it listens; nothing where it is switched off.
    pub listen: Option<SocketAddr>,
    /// The address by which others reach it, for feeds; by default the one they asked.
    pub base_url: Option<Url>,
}

/// Reads `web` of the file.
pub(super) fn read(file: &Section<'_>, folder: &Path, problems: &mut Problems) -> Web {
    let default = || listen(keys::LISTEN).unwrap_or_default();
    let Some(section) = file.section("web", problems) else {
        return Web { listen: default(), base_url: None };
    };
    Web {
        listen: section.read("listen", problems, listen).unwrap_or_else(default),
        base_url: section.read("base_url", problems, |text| checks::url(text, folder, keys::HTTP)),
    }
}

/// An address and a port, or `off`.
fn listen(text: &str) -> Result<Option<SocketAddr>, Complaint> {
    if text == "off" {
        return Ok(None);
    }
    let address: SocketAddr = text.replace("localhost:", "127.0.0.1:").parse().map_err(|_| {
        Complaint::new(format!("`{text}` is not an address and a port"))
            .hint(format!("write for example `listen: {}`, or `listen: off`", keys::LISTEN))
    })?;
    if !address.ip().is_loopback() {
        return Err(Complaint::new(format!(
            "{} can be reached from other machines, and there is no password yet",
            address.ip()
        ))
        .hint(format!(
            "write `listen: 127.0.0.1:{}`, and put a web server with a password before it",
            address.port()
        )));
    }
    Ok(Some(address))
}

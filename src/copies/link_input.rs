//! An object of the store as the input of ffmpeg or ffprobe: by a link that holds for a while, so that they read what they
//! need of it, and need no keys.

use std::path::Path;
use std::time::Duration;

use url::Url;

use crate::library::remote::{Remote, RemoteError};

/// How long the link holds. Whoever has it begins at once, and asks again wherever it goes in the file.
const HOLDS: Duration = Duration::from_hours(6);
/// How long the store may say nothing, in microseconds.
const SILENT: &str = "30000000";
/// Where the certificates are by which others are known, on most systems.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Returns the link to an object.
///
/// # Errors
/// This machine has no keys.
pub async fn link_input(remote: &Remote, name: &str) -> Result<Url, RemoteError> {
    remote.link("GET", name, ("application/octet-stream", "inline"), HOLDS).await
}

/// Returns the arguments by which ffmpeg and ffprobe read a link.
pub fn arguments(link: &Url) -> Vec<String> {
    let mut arguments =
        ["-protocol_whitelist", "http,https,tcp,tls,crypto", "-rw_timeout", SILENT].map(str::to_owned).to_vec();
    if link.scheme() == "https" {
        arguments.extend(["-tls_verify", "1"].map(str::to_owned));
        if Path::new(CERTIFICATES).exists() {
            arguments.extend(["-ca_file", CERTIFICATES].map(str::to_owned));
        }
    }
    arguments.extend(["-i".to_owned(), link.to_string()]);
    arguments
}

//! The systemd units, as systemd itself reads them.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its own sources should say so and end")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use aircheck::config::Config;
use rustix::process::Signal;

use crate::support::aircheck::{Aircheck, until};
use crate::support::{ports, skip};

const LIMIT: Duration = Duration::from_secs(60);

/// Returns what `systemd-analyze` with `args` says of the units after `edit`. `None` if there is no such tool.
#[expect(clippy::disallowed_methods, reason = "a test waits for it at once")]
fn analyzed(args: &[&str], units: &[&str], edit: impl Fn(String) -> String) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    // The command must exist to be verified, but need not be installed.
    let binary = folder.path().join("aircheck");
    fs::write(&binary, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
    // In a unit a blank ends a path, unless it is escaped.
    let path = binary.to_str().unwrap().replace(' ', "\\x20");
    let units = units.iter().map(|name| {
        let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd").join(name)).unwrap();
        let unit = folder.path().join(name.replace(".user", ""));
        fs::write(&unit, edit(source.replace("/usr/bin/aircheck", &path))).unwrap();
        unit
    });
    match std::process::Command::new("systemd-analyze").args(args).args(units).output() {
        Ok(said) => {
            // Unknown keys are only warned about, with exit code 0.
            let code = if said.status.success() { String::new() } else { said.status.to_string() };
            Some(code + &String::from_utf8_lossy(&said.stderr))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            skip::without("systemd-analyze");
            None
        }
        Err(error) => panic!("systemd-analyze: {error}"),
    }
}

#[test]
fn systemd_takes_the_units_without_a_warning() {
    let verify: &[&str] = &["verify", "--man=no"];
    for units in [&["aircheck.service", "aircheck.socket"][..], &["aircheck.user.service"]] {
        if let Some(said) = analyzed(verify, units, |unit| unit) {
            assert_eq!(said, "");
        }
    }
    if let Some(said) = analyzed(verify, &["aircheck.service"], |unit| unit.replace("Restart=", "Restrat=")) {
        assert!(said.contains("Restrat"), "a mistake goes unseen: {said:?}");
    }
}

#[test]
fn what_the_service_could_do_if_it_were_taken_over_is_little() {
    // Of a hundred.
    let exposure: &[&str] = &["security", "--offline=true", "--no-pager", "--threshold=12"];
    if let Some(said) = analyzed(exposure, &["aircheck.service"], |unit| unit) {
        assert_eq!(said, "");
    }
    if let Some(said) = analyzed(exposure, &["aircheck.service"], |unit| unit.replace("ProtectSystem=strict\n", "")) {
        assert!(said.contains("exit status"), "a hole goes unseen: {said:?}");
    }
}

#[test]
fn the_socket_is_at_the_address_that_the_page_has_by_default() {
    let systemd = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd");
    let unit = fs::read_to_string(systemd.join("aircheck.socket")).unwrap();
    let listen = unit.lines().find_map(|line| line.strip_prefix("ListenStream=")).unwrap();
    let config = Config::look(&systemd.join("stations.yaml")).unwrap();
    assert_eq!(config.web.listen, listen.parse().ok());
}

#[test]
fn a_shell_with_the_first_file_finds_the_list_of_the_service() {
    let systemd = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd");
    let unit = fs::read_to_string(systemd.join("aircheck.service")).unwrap();
    let folder = unit.lines().find_map(|line| line.strip_prefix("StateDirectory=")).unwrap();
    let config = Config::look(&systemd.join("stations.yaml")).unwrap();
    assert_eq!(config.state, Path::new("/var/lib").join(folder));
    assert!(config.output.starts_with(&config.state), "the service may write nowhere else");
}

/// Whoever connects first waits until the service has started, and is answered: no other socket is opened.
#[tokio::test]
async fn the_page_answers_on_a_socket_that_was_open_before_the_service() {
    let address = format!("127.0.0.1:{}", ports::free());
    let aircheck = Aircheck::new(&format!("web: {{ listen: \"{address}\" }}\nstations: {{}}\nshows: []\n"));
    let Some(mut service) = aircheck.start_by_socket("socket", &address) else { return };
    // A service that does not take the socket would leave whoever waits there without an end.
    let client = reqwest::Client::builder().timeout(LIMIT).build().unwrap();
    let answers = async || client.get(format!("http://{address}/healthz")).send().await.is_ok();
    until("an answer", LIMIT, answers).await;
    assert!(service.log().contains("the page is at"), "{}", service.log());
    assert!(!service.log().contains("cannot be served"), "{}", service.log());
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
}

#[tokio::test]
async fn a_socket_at_another_address_is_told_and_the_page_is_where_the_file_says() {
    let [socket, listen] = [(); 2].map(|()| format!("127.0.0.1:{}", ports::free()));
    let aircheck = Aircheck::new(&format!("web: {{ listen: \"{listen}\" }}\nstations: {{}}\nshows: []\n"));
    let Some(mut service) = aircheck.start_by_socket("socket", &socket) else { return };
    // Somebody who comes to the socket starts it, and finds nobody.
    let visitor = async || tokio::net::TcpStream::connect(&socket).await.is_ok();
    until("a socket", LIMIT, visitor).await;
    until("an answer", LIMIT, async || reqwest::get(format!("http://{listen}/healthz")).await.is_ok()).await;
    let log = service.log();
    assert!(log.contains("aircheck.socket listens where the page is not") && log.contains(&socket), "{log}");
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
}

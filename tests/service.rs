//! The systemd unit, as systemd itself reads it.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its own sources should say so and end")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use aircheck::config::Config;

use crate::support::skip;

/// Returns what `systemd-analyze verify` says of the unit after `edit`. `None` if there is no such tool.
#[expect(clippy::disallowed_methods, reason = "a test waits for it at once")]
fn verified(edit: impl Fn(String) -> String) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    // The command must exist to be verified, but need not be installed.
    let binary = folder.path().join("aircheck");
    fs::write(&binary, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/aircheck.service")).unwrap();
    let unit = folder.path().join("aircheck.service");
    // In a unit a blank ends a path, unless it is escaped.
    let path = binary.to_str().unwrap().replace(' ', "\\x20");
    fs::write(&unit, edit(source.replace("/usr/bin/aircheck", &path))).unwrap();
    match std::process::Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit).output() {
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
fn systemd_takes_the_unit_without_a_warning() {
    if let Some(said) = verified(|unit| unit) {
        assert_eq!(said, "");
    }
    if let Some(said) = verified(|unit| unit.replace("Restart=", "Restrat=")) {
        assert!(said.contains("Restrat"), "a mistake goes unseen: {said:?}");
    }
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

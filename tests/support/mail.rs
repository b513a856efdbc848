//! A real mail server: aiosmtpd in a temporary folder, with answers as a test wants them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

use super::ports;

/// A mail that was taken.
#[derive(Debug, Clone, Deserialize)]
pub struct Mail {
    /// To whom.
    pub to: Vec<String>,
    /// The mail as it came.
    pub bytes: String,
    /// Its head, and its two bodies, as a mail reader shows them.
    pub heads: BTreeMap<String, String>,
    pub text: String,
    pub html: String,
    /// Whether somebody had logged in, and whether the connection was TLS.
    pub login: bool,
    pub tls: bool,
}

/// A running server; killed when it is dropped.
pub struct MailServer {
    _child: Child,
    folder: TempDir,
    /// Its port.
    pub port: u16,
}

impl MailServer {
    /// Starts it on a free port. `how` has what the server has besides its answers: `certificate` (a file), `at_once` (TLS
    /// from the first byte), `login` (user and password), `answers` (each with `to` which command, for which `address`, what
    /// it `says`, and whether `always`).
    pub async fn start(mut how: Value) -> Self {
        let port = ports::free();
        let folder = tempfile::tempdir().expect("a temporary folder");
        how["port"] = port.into();
        if how["answers"].is_null() {
            how["answers"] = json!([]);
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/mail.py");
        #[expect(clippy::disallowed_methods, reason = "a test may start a program by itself")]
        let mut child = Command::new("/usr/bin/python3")
            .arg(script)
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("python3 starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(how.to_string().as_bytes()).await.expect("it reads");
        drop(stdin);
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).await.expect("it says something");
        assert_eq!(line, "listens\n", "python3-aiosmtpd is there");
        Self { _child: child, folder, port }
    }

    /// Returns the mails that were taken so far.
    pub fn mails(&self) -> Vec<Mail> {
        let text = std::fs::read_to_string(self.folder.path().join("mails")).unwrap_or_default();
        let read = |line: &str| serde_json::from_str(line).expect("a mail");
        // The last line may not be whole yet.
        text.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(read).collect()
    }

    /// Returns the addresses that a mail was to be sent to, each as often as it was tried.
    pub fn asked(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join("asked")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// Writes a certificate for `localhost` with its key into `file`. A machine trusts it if that file is where it looks for
/// certificates.
pub fn certificate(file: &Path) {
    let names = ["-subj", "/CN=mail server of a test", "-addext", "subjectAltName=DNS:localhost"];
    let leaf = ["-addext", "basicConstraints=critical,CA:FALSE"];
    let request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout - -out -";
    #[expect(clippy::disallowed_methods, reason = "it ends before the call returns")]
    let made = std::process::Command::new("openssl").args(request.split(' ')).args(names).args(leaf).output();
    std::fs::write(file, made.expect("openssl runs").stdout).expect("written");
}

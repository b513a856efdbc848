//! Whether the interface for programs is as its description says: Schemathesis (PyPI) asks the real service thousands of
//! right and wrong questions. `tests/schemathesis/run` says how; it takes a Python, so that it is no part of `make test`.

use std::process::Stdio;

use reqwest::Url;
use tokio::process::Command;

use crate::support::aircheck::Aircheck;
use crate::support::library::{address, recorded};
use crate::support::origin::{Container, Origin, Setup};

/// The seed, so that every run asks the same questions.
const SEED: &str = "20261120";

/// Starts the service with recordings, a show on the air and a station for trials.
async fn asked(origin: &Origin) -> (Aircheck, crate::support::aircheck::Service, Url) {
    let station = origin.station("x", Setup { window: 4, ..Setup::of(Container::Ts) });
    let aircheck = Aircheck::new(&format!(
        "timezone: Asia/Seoul\nstations:\n  x: {{ name: X, hls: \"{}\" }}\nshows:\n  \
         - {{ title: X, station: x, cron: \"0 14 * * *\", length: 2h }}\n  \
         - {{ title: Always, station: x, cron: \"* * * * *\", length: 1m }}\n",
        station.url()
    ));
    recorded(&aircheck).await;
    let service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    (aircheck, service, base)
}

#[tokio::test]
#[ignore = "needs Schemathesis: tests/schemathesis/run"]
#[expect(clippy::disallowed_methods, reason = "a test may start a program by itself")]
async fn the_interface_is_as_described() {
    let program = std::env::var("SCHEMATHESIS").expect("tests/schemathesis/run names the program");
    let more = std::env::var("SCHEMATHESIS_ARGS").unwrap_or_default();
    let origin = Origin::start();
    let (aircheck, service, base) = asked(&origin).await;
    let mut command = Command::new(program);
    command
        .args(["--config-file", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemathesis/schemathesis.toml"), "run"])
        .arg(base.join("/api/v1/openapi.json").expect("a path").as_str())
        .args(["--seed", SEED, "--checks", "all", "--continue-on-failure", "--generation-database", "none"])
        .args(more.split_whitespace())
        // Schemathesis writes files into its working folder.
        .current_dir(aircheck.path(""))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let status = command.status().await.expect("it runs");
    let log = service.log();
    assert!(!log.contains("panicked"), "{log}");
    assert!(status.success(), "{status}; the service said:\n{log}");
}

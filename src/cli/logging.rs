//! The log: text on a terminal, fields in the journal under systemd.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts to log at `level` and above, unless RUST_LOG says otherwise.
pub(super) fn begin(level: &str) {
    // A wrong certificate is reported with the station that has it.
    let usual = || EnvFilter::new(format!("warn,rustls_platform_verifier=off,aircheck={level}"));
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| usual());
    let registry = tracing_subscriber::registry().with(filter);
    // systemd sets the variable for services whose standard error goes to the journal.
    let journal = std::env::var_os("JOURNAL_STREAM").and_then(|_| tracing_journald::layer().ok());
    if let Some(journal) = journal.filter(|_| !std::io::stderr().is_terminal()) {
        registry.with(journal).init();
    } else {
        let people = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false);
        registry.with(people).init();
    }
}

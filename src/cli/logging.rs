//! The log: text on a terminal, fields in the journal under systemd.

use std::ffi::OsStr;
use std::io::IsTerminal as _;
use std::os::fd::AsFd;

use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use super::journal::Journal;

/// Starts to log at `level` and above, unless RUST_LOG says otherwise.
pub(super) fn begin(level: &str) {
    // A wrong certificate is reported with the station that has it.
    let usual = || EnvFilter::new(format!("warn,rustls_platform_verifier=off,aircheck={level}"));
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| usual());
    let registry = tracing_subscriber::registry().with(filter);
    let said = std::env::var_os("JOURNAL_STREAM");
    let to_journal = said.is_some_and(|said| is_stream(&said, std::io::stderr()));
    if let Some(journal) = to_journal.then(Journal::find).and_then(Result::ok) {
        registry.with(journal).init();
    } else {
        let people = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            // Spans are for the journal: the words for people name the airing themselves.
            .with_filter(filter_fn(|metadata| !metadata.is_span()));
        registry.with(people).init();
    }
}

/// Whether `file` is the stream of the journal that $JOURNAL_STREAM names by its device and inode (systemd.exec(5)). The
/// variable alone says little: everything that is started in a desktop session inherits that of the session.
fn is_stream(said: &OsStr, file: impl AsFd) -> bool {
    rustix::fs::fstat(file).is_ok_and(|file| said == OsStr::new(&format!("{}:{}", file.st_dev, file.st_ino)))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn a_stream_is_that_of_the_journal_only_if_it_is_the_same_file() {
        let file = File::open("/dev/null").unwrap();
        let data = file.metadata().unwrap();
        let said = format!("{}:{}", data.dev(), data.ino());
        assert!(is_stream(OsStr::new(&said), &file));
        assert!(!is_stream(OsStr::new(&said), File::open("/").unwrap()));
        assert!(!is_stream(OsStr::new("9:12345"), &file) && !is_stream(OsStr::new(""), &file));
    }
}

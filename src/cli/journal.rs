//! The log as systemd's journal takes it, by its native protocol (<https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>).
//!
//! What a person reads there is what a terminal shows. Besides, each message has its fields by name, so that
//! `journalctl AIRCHECK_STATION=kbs-1fm` finds what concerns a station. Fields of spans are among them: a part that does not
//! know its station runs within a span that does.

use std::fmt::{self, Write as _};
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{SendFlags, SocketAddrUnix, sendto};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::FormatFields as _;
use tracing_subscriber::fmt::format::{DefaultFields, Writer};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Where the journal listens.
const SOCKET: &str = "/run/systemd/journal/socket";
/// What the names of our fields begin with.
const PREFIX: &str = "AIRCHECK_";
/// The name by which the journal shows this program.
const NAME: &str = "aircheck";
/// The most bytes of a value: all together have to fit into one datagram.
const MOST: usize = 16 * 1024;
/// How long a message may wait for a journal that takes none. Then it is dropped, and those after it do not wait, until the
/// journal takes one again: a show is worth more.
const PATIENCE: Duration = Duration::from_millis(100);

/// Sends what is logged to the journal.
#[derive(Debug)]
pub(super) struct Journal {
    ours: UnixDatagram,
    its: SocketAddrUnix,
    /// Whether it took none at last.
    is_full: AtomicBool,
}

impl Journal {
    /// Finds the journal.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn find() -> io::Result<Self> {
        Self::at(Path::new(SOCKET))
    }

    fn at(its: &Path) -> io::Result<Self> {
        let ours = UnixDatagram::unbound()?;
        ours.set_write_timeout(Some(PATIENCE))?;
        // The journal ignores an empty message; without a journal there is an error.
        ours.send_to(&[], its)?;
        let its = SocketAddrUnix::new(its)?;
        Ok(Self { ours, its, is_full: AtomicBool::new(false) })
    }

    /// Sends a message. A journal that is being restarted is not there for a moment; nobody could be told.
    fn send(&self, message: &[u8]) {
        let is_full = self.is_full.load(Ordering::Relaxed);
        let flags = if is_full { SendFlags::DONTWAIT } else { SendFlags::empty() };
        let sent = sendto(&self.ours, message, flags, &self.its);
        self.is_full.store(sent == Err(Errno::AGAIN), Ordering::Relaxed);
    }
}

impl<S: Subscriber + for<'span> LookupSpan<'span>> Layer<S> for Journal {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.add_missing(outer);
            }
        }
        self.send(&message(event, &fields));
    }
}

/// Names and values, each name once.
#[derive(Debug, Default)]
struct Fields(Vec<(&'static str, String)>);

impl Fields {
    fn add_missing(&mut self, others: &Self) {
        for (name, value) in &others.0 {
            if !self.0.iter().any(|(known, _)| known == name) {
                self.0.push((name, value.clone()));
            }
        }
    }

    fn add(&mut self, field: &Field, value: String) {
        // That one is in the text.
        if field.name() != "message" {
            self.0.push((field.name(), value));
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}"));
    }
}

/// Returns the datagram of an event.
fn message(event: &Event<'_>, fields: &Fields) -> Vec<u8> {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = DefaultFields::new().format_fields(Writer::new(&mut text), event);
    let mut message = Vec::with_capacity(512);
    put(&mut message, "MESSAGE", &text);
    put(&mut message, "PRIORITY", priority(*event.metadata().level()));
    put(&mut message, "SYSLOG_IDENTIFIER", NAME);
    put(&mut message, "TARGET", event.metadata().target());
    if let (Some(file), Some(line)) = (event.metadata().file(), event.metadata().line()) {
        put(&mut message, "CODE_FILE", file);
        put(&mut message, "CODE_LINE", &line.to_string());
    }
    for (name, value) in &fields.0 {
        put(&mut message, &key(name), value);
    }
    message
}

/// Returns the name of a field in the journal, which has capital letters, digits and `_`.
fn key(name: &str) -> String {
    let mut key = PREFIX.to_owned();
    for character in name.trim_start_matches("r#").chars() {
        let _ = key.write_char(if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' });
    }
    key
}

/// Appends a field in the form that any value may have: its length in bytes, as 64 bits from the lowest, comes before it.
fn put(message: &mut Vec<u8>, name: &str, value: &str) {
    let value = &value[..value.floor_char_boundary(MOST)];
    message.extend(name.bytes());
    message.push(b'\n');
    message.extend((value.len() as u64).to_le_bytes());
    message.extend(value.bytes());
    message.push(b'\n');
}

/// The priorities of syslog(3).
fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "3",
        Level::WARN => "4",
        Level::INFO => "6",
        _ => "7",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// Reads a message as the journal does.
    fn read(mut message: &[u8]) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::new();
        while !message.is_empty() {
            let end = message.iter().position(|byte| *byte == b'\n').unwrap();
            let (name, rest) = message.split_at(end);
            let (length, rest) = rest[1..].split_first_chunk::<8>().unwrap();
            let (value, rest) = rest.split_at(usize::try_from(u64::from_le_bytes(*length)).unwrap());
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            assert!(fields.insert(text(name), text(value)).is_none(), "{} is there twice", text(name));
            message = rest.strip_prefix(b"\n").unwrap();
        }
        fields
    }

    #[test]
    fn a_message_reads_as_on_a_terminal_and_is_found_by_its_fields_and_those_around_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let theirs = UnixDatagram::bind(&path).unwrap();
        let subscriber = tracing_subscriber::registry().with(Journal::at(&path).unwrap());
        tracing::subscriber::with_default(subscriber, || {
            let _span = tracing::info_span!("airing", station = %"kbs-1fm", show = "명연주").entered();
            tracing::warn!(airing = %"news@1", cause = "two\nlines", show = %"mine", "missing");
        });
        let mut bytes = [0; 4096];
        assert_eq!(theirs.recv(&mut bytes).unwrap(), 0, "to see whether it is there");
        let length = theirs.recv(&mut bytes).unwrap();
        let fields = read(&bytes[..length]);
        let said = |name: &str| fields.get(name).map_or("", String::as_str);
        assert_eq!(said("MESSAGE"), r#"missing airing=news@1 cause="two\nlines" show=mine"#);
        assert_eq!((said("AIRCHECK_STATION"), said("AIRCHECK_AIRING")), ("kbs-1fm", "news@1"));
        assert_eq!((said("AIRCHECK_CAUSE"), said("AIRCHECK_SHOW")), ("two\nlines", "mine"));
        assert_eq!((said("PRIORITY"), said("SYSLOG_IDENTIFIER")), ("4", "aircheck"));
        assert!(said("CODE_FILE").ends_with("journal.rs") && said("TARGET").contains("journal"));
    }

    #[test]
    fn a_journal_that_hangs_holds_up_one_message_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let theirs = UnixDatagram::bind(&path).unwrap();
        let journal = Journal::at(&path).unwrap();
        assert!(!journal.is_full.load(Ordering::Relaxed));
        while !journal.is_full.load(Ordering::Relaxed) {
            journal.send(b"MESSAGE=one more\n");
        }
        // One that waits does not come back.
        journal.ours.set_write_timeout(Some(Duration::from_hours(1))).unwrap();
        journal.send(b"MESSAGE=dropped\n");
        while journal.is_full.load(Ordering::Relaxed) {
            theirs.recv(&mut [0; 64]).unwrap();
            journal.send(b"MESSAGE=back\n");
        }
    }

    #[test]
    fn a_long_value_is_cut_between_two_letters() {
        let mut message = Vec::new();
        put(&mut message, "MESSAGE", &"긴".repeat(MOST));
        let text = &read(&message)["MESSAGE"];
        assert!((MOST - 3..=MOST).contains(&text.len()) && text.chars().all(|c| c == '긴'));
    }
}

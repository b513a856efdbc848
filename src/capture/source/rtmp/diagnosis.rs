//! Why rtmpdump brought no sound, in words for a person.
//!
//! rtmpdump speaks of sockets and packets. How far it came says more: a server that closes the connection when it is
//! asked for an application or a stream does not accept the name or the token; for a stream that it accepts and sends
//! nothing of, nobody sends anything to it.

use std::process::ExitStatus;

use super::address::Meaning;
use super::flv::Flow;
use crate::base::{process, redact};
use crate::model::{Cause, CauseKind};

/// The stream that was requested, for people: without tokens.
#[derive(Debug, Clone)]
pub(super) struct StreamLabel {
    server: String,
    app: String,
    stream: String,
}

impl StreamLabel {
    /// The label of `meaning` at `server`.
    pub(super) fn new(server: &str, meaning: &Meaning) -> Self {
        let plain = |text: &std::ffi::OsStr| {
            let text = text.to_string_lossy();
            redact::text(text.split('?').next().unwrap_or_default())
        };
        Self { server: server.to_owned(), app: plain(&meaning.app), stream: plain(&meaning.playpath) }
    }

    /// The whole address.
    pub(super) fn address(&self) -> String {
        format!("{}/{}/{}", self.server, self.app, self.stream)
    }

    fn named(&self) -> String {
        format!("the stream `{}` of the application `{}`", self.stream, self.app)
    }
}

/// Why rtmpdump brought no more: it wrote `lines` and then ended with `status`. `sent`: it had brought something.
pub(super) fn cause(label: &StreamLabel, lines: &[String], status: Option<ExitStatus>, sent: bool) -> Cause {
    let StreamLabel { server, app, stream } = label;
    let errors = errors(lines);
    let said = |part: &str| errors.iter().any(|line| line.contains(part));
    let is = |kind, words: String| Cause::new(kind, words);
    if said("Problem accessing the DNS") {
        return is(CauseKind::Connection, format!("{server} cannot be reached: the name of the host is not known"));
    }
    if let Some((_, why)) = errors.iter().find_map(|line| line.split_once("failed to connect socket. ")) {
        let why = why.split_once('(').map_or(why, |(_, why)| why.trim_end_matches(')'));
        return is(CauseKind::Connection, format!("{server} cannot be reached: {why}"));
    }
    if said("handshake failed") {
        return is(CauseKind::Unusable, format!("{server} does not speak RTMP"));
    }
    if said("StreamNotFound") {
        let words = format!("{server} has no stream `{stream}` in its application `{app}`");
        return is(CauseKind::Refused, words);
    }
    if said("Connect.Rejected") || said("InvalidApp") || said("rejected") {
        let words = format!("{server} refuses the application `{app}`: its name or a token is wrong");
        return is(CauseKind::Refused, words);
    }
    if let Some(code) = errors.iter().find_map(|line| line.split_once("Closing connection: ")).map(|(_, code)| code) {
        return is(CauseKind::Connection, format!("{server} ended {} ({code})", label.named()));
    }
    if let Some(killed) = status.and_then(process::killed) {
        return is(CauseKind::Internal, format!("{}: rtmpdump {killed}", label.address()));
    }
    let lost = said("RTMP_ReadPacket") || said("WriteN") || said("RTMP send error");
    if lost && sent {
        return is(CauseKind::Connection, format!("{server} closed the connection"));
    }
    if lost && accepted(lines) {
        let words = format!("{server} accepted {} and closed the connection without sending anything", label.named());
        return is(CauseKind::Connection, words);
    }
    if lost && lines.iter().any(|line| line.contains("Connected...")) {
        let words = format!(
            "{server} closed the connection when it was asked for {}: one of the names or a token is wrong",
            label.named()
        );
        return is(CauseKind::Refused, words);
    }
    let words = errors.last().map_or_else(
        || format!("rtmpdump ended{}", status.map_or_else(String::new, |status| format!(" ({status})"))),
        |line| format!("rtmpdump says {:?}", redact::text(line.trim_start_matches("ERROR:").trim())),
    );
    is(CauseKind::Connection, format!("{}: {words}", label.address()))
}

/// The cause: no sound came for `seconds`. `lines` is what rtmpdump had written until then, and `flow` what had
/// arrived.
pub(super) fn silence(label: &StreamLabel, lines: &[String], seconds: u64, flow: Flow) -> Cause {
    if flow.sound.is_none() && flow.pictures {
        return Cause::new(CauseKind::Unusable, format!("{} sends pictures and no sound", label.address()));
    }
    let why = if accepted(lines) {
        format!("; {} was accepted: perhaps nobody sends it at the moment, or it is called otherwise", label.named())
    } else {
        String::new()
    };
    Cause::new(CauseKind::Stalled, format!("{} delivered no sound for {seconds} s{why}", label.address()))
}

/// The cause: what comes is no sound, with ffmpeg's words.
pub(super) fn no_sound(label: &StreamLabel, ffmpeg: Option<&str>) -> Cause {
    let said = ffmpeg.map_or_else(String::new, |line| format!(": ffmpeg says {:?}", redact::text(line)));
    Cause::new(CauseKind::Unusable, format!("{} sends what cannot be read as sound{said}", label.address()))
}

fn accepted(lines: &[String]) -> bool {
    lines.iter().any(|line| line.contains("Starting Live Stream"))
}

/// The errors in what rtmpdump or ffmpeg wrote on stderr; if no line is called an error, the lines that are neither
/// banner nor counter.
pub(super) fn errors(lines: &[String]) -> Vec<&str> {
    let mut errors: Vec<_> =
        lines.iter().flat_map(|line| line.split('\r')).map(str::trim).filter(|line| !is_chatter(line)).collect();
    if errors.iter().any(|line| line.starts_with("ERROR")) {
        errors.retain(|line| line.starts_with("ERROR"));
    }
    errors
}

fn is_chatter(line: &str) -> bool {
    const CHATTER: [&str; 10] = [
        "RTMPDump v",
        "(c) ",
        "license:",
        "Connecting",
        "INFO:",
        "DEBUG:",
        "Starting Live",
        "Caught signal",
        "Download ",
        "Closing connection.",
    ];
    let counter = line.contains(" kB / ") && line.contains(" sec");
    line.is_empty() || counter || CHATTER.iter().any(|start| line.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[&str], sent: bool) -> (CauseKind, String) {
        let meaning = Meaning { app: "live".into(), playpath: "radio?token=secret".into() };
        let banner = ["RTMPDump v2.4", "(c) 2010 Andrej; license: GPL", "Connecting ..."];
        let lines: Vec<_> = banner.iter().chain(lines).map(|line| (*line).to_owned()).collect();
        let Cause { kind, words } = cause(&StreamLabel::new("rtmp://h:1935", &meaning), &lines, None, sent);
        (kind, words)
    }

    #[test]
    fn how_far_it_came_says_what_is_wrong() {
        const CONNECTED: &str = "INFO: Connected...";
        const STARTING: &str = "Starting Live Stream";
        const BROKEN: &str = "ERROR: RTMP_ReadPacket, failed to read RTMP packet header";
        for (lines, sent, kind, words) in [
            (&["ERROR: Problem accessing the DNS. (addr: h)"][..], false, CauseKind::Connection, "host is not known"),
            (
                &["ERROR: RTMP_Connect0, failed to connect socket. 111 (Connection refused)"],
                false,
                CauseKind::Connection,
                "rtmp://h:1935 cannot be reached: Connection refused",
            ),
            (&["ERROR: RTMP_Connect1, handshake failed."], false, CauseKind::Unusable, "does not speak RTMP"),
            (&[CONNECTED, BROKEN], false, CauseKind::Refused, "`radio` of the application `live`: one of the names"),
            (
                &[CONNECTED, "Caught signal: 13, cleaning up, just a second...", "ERROR: WriteN, RTMP send error 32"],
                false,
                CauseKind::Refused,
                "a token is wrong",
            ),
            (
                &[CONNECTED, "ERROR: Closing connection: NetStream.Play.StreamNotFound"],
                false,
                CauseKind::Refused,
                "has no stream `radio` in its application `live`",
            ),
            (&[CONNECTED, STARTING, BROKEN], false, CauseKind::Connection, "without sending anything"),
            (&[CONNECTED, STARTING, BROKEN], true, CauseKind::Connection, "closed the connection"),
            (&[CONNECTED, STARTING], true, CauseKind::Connection, "rtmpdump ended"),
            (&["ERROR: token=abc is odd"], false, CauseKind::Connection, "rtmpdump says"),
            (&["12.3 kB / 1.02 sec\r13.4 kB / 1.10 sec (1%)"], true, CauseKind::Connection, "rtmpdump ended"),
        ] {
            let (told_kind, told) = told(lines, sent);
            assert!(told_kind == kind && told.contains(words), "{told_kind:?} {told:?} for {lines:?}");
            assert!(!told.contains("secret") && !told.contains("Starting") && !told.contains("ReadPacket"), "{told}");
        }
    }
}

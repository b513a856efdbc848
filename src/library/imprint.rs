//! The imprint: what a recording says of itself inside its file, for a list that has lost it.
//!
//! A frame TXXX `AIRCHECK` in the tag holds the row of the list as JSON. Players do not show it, tagging programs keep it,
//! and where the list is an older one or a new one the recording can be put on it again with its verdict and all that is
//! missing. What is read from a file is other people's text: it is checked like any.

use std::fs::File;
use std::io::Read as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::base::redact;
use crate::base::zone::Zone;
use crate::model::{
    Airing, AiringId, Cause, CauseKind, DeadAir, Finished, Gap, Loudness, Measured, Note, Outcome, ShowId, Span,
    StationId, Verdict,
};

/// The description of the frame.
pub const FRAME: &str = "AIRCHECK";
/// The longest text, in bytes, so that no tag cuts it.
const LONGEST: usize = 3_800;
/// No more gaps than this fit, nor stretches of dead air.
const MOST: usize = 64;
/// In so much of the beginning of a file the frame is looked for at a glance: it stands before the picture.
const GLANCE: u64 = 64 * 1024;
/// Milliseconds, for [`Stretch`].
const THOUSAND: f64 = 1_000.0;

/// As it is written.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    airing: String,
    show: String,
    station: String,
    title: String,
    timezone: String,
    on_air: [DateTime<Utc>; 2],
    cut: [DateTime<Utc>; 2],
    verdict: String,
    percent: Option<f64>,
    seconds: f64,
    length: Option<f64>,
    /// LUFS, LU, the loudest sample.
    loudness: Option<[f64; 3]>,
    missing: Vec<Stretch>,
    dead_air: Vec<Stretch>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Note>,
}

/// Part of the airing.
#[derive(Debug, Serialize, Deserialize)]
struct Stretch {
    start: DateTime<Utc>,
    seconds: f64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    kind: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    cause: String,
}

impl Stretch {
    fn new(start: DateTime<Utc>, length: Duration) -> Self {
        let seconds = (length.as_secs_f64() * THOUSAND).round() / THOUSAND;
        Self { start, seconds, kind: String::new(), cause: String::new() }
    }

    fn length(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.seconds).ok()
    }
}

/// The text of the frame; without the file, its size and its picture, which are as they are found. Of very many gaps the
/// last are left out, and notes that are long; the verdict is the same.
pub fn text(finished: &Finished) -> String {
    let Finished { airing, title, outcome } = finished;
    let (on_air, cut, measured) = (airing.on_air, airing.cut(), &outcome.measured);
    let missing = outcome.gaps.iter().take(MOST).map(|gap| {
        let (kind, cause) = (gap.cause.kind.name().to_owned(), redact::text(&gap.cause.words));
        Stretch { kind, cause, ..Stretch::new(gap.start, gap.length) }
    });
    let dead_air = measured.dead_air.iter().take(MOST).map(|dead| Stretch::new(dead.start, dead.length));
    let mut written = Written {
        airing: airing.id.to_string(),
        show: airing.show.to_string(),
        station: airing.station.to_string(),
        title: title.clone(),
        timezone: airing.timezone.name().to_owned(),
        on_air: [on_air.start, on_air.end],
        cut: [cut.start, cut.end],
        verdict: outcome.verdict.word().to_owned(),
        percent: if let Verdict::Partial(percent) = outcome.verdict { Some(percent) } else { None },
        seconds: outcome.seconds,
        length: measured.length.map(|length| length.as_secs_f64()),
        loudness: measured.loudness.map(|it| [it.integrated, it.range, it.peak]),
        missing: missing.collect(),
        dead_air: dead_air.collect(),
        notes: outcome.notes.clone(),
    };
    loop {
        // Numbers and text: it can always be written.
        let text = serde_json::to_string(&written).unwrap_or_default();
        let shorten = |written: &mut Written| {
            written.notes.pop().is_some() || written.dead_air.pop().is_some() || written.missing.pop().is_some()
        };
        if text.len() <= LONGEST || !shorten(&mut written) {
            return text;
        }
    }
}

/// What `text` says; nothing where it is no imprint.
pub fn parse(text: &str) -> Option<Finished> {
    let written: Written = serde_json::from_str(text).ok()?;
    let timezone: Zone = written.timezone.parse().ok()?;
    let ([start, end], [from, until]) = (written.on_air, written.cut);
    let verdict = match (written.verdict.as_str(), written.percent) {
        ("complete", _) => Verdict::Complete,
        ("partial", Some(percent)) => Verdict::Partial(percent),
        ("silent", _) => Verdict::Silent,
        _ => return None,
    };
    if written.airing.is_empty() || start > end || from > until || !(0.0..1e9).contains(&written.seconds) {
        return None;
    }
    let gap = |it: Stretch| {
        let kind = CauseKind::named(&it.kind).unwrap_or_default();
        Some(Gap { start: it.start, length: it.length()?, cause: Cause::new(kind, it.cause) })
    };
    let dead = |it: Stretch| Some(DeadAir { start: it.start, length: it.length()? });
    let loudness = written.loudness.map(|[integrated, range, peak]| Loudness { integrated, range, peak });
    Some(Finished {
        airing: Airing {
            id: AiringId::new(written.airing),
            show: ShowId::new(written.show),
            station: StationId::new(written.station),
            on_air: Span::new(start, end),
            early: start - from,
            late: until - end,
            timezone,
        },
        title: written.title,
        outcome: Outcome {
            verdict,
            seconds: written.seconds,
            file: None,
            bytes: None,
            gaps: written.missing.into_iter().filter_map(gap).collect(),
            measured: Measured {
                length: written.length.and_then(|length| Duration::try_from_secs_f64(length).ok()),
                loudness,
                dead_air: written.dead_air.into_iter().filter_map(dead).collect(),
                peaks: None,
            },
            notes: written.notes,
            at: until,
        },
    })
}

/// What a file says of itself; nothing where it has no imprint, or cannot be read. Blocks.
pub fn of(file: File) -> Option<Finished> {
    let tag = id3::Tag::read_from2(file).ok()?;
    let text = tag.extended_texts().find(|text| text.description == FRAME)?;
    parse(&text.value)
}

/// Whether a file seems to have an imprint, at a glance. Blocks.
pub fn is_in(file: File) -> bool {
    let mut beginning = Vec::new();
    let read = file.take(GLANCE).read_to_end(&mut beginning);
    let mark = format!("{FRAME}\0{{\"airing\":");
    read.is_ok() && beginning.windows(mark.len()).any(|part| part == mark.as_bytes())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::model::NoteKind;

    fn finished(gaps: usize) -> Finished {
        let start: DateTime<Utc> = "2026-11-20T05:00:00Z".parse().unwrap();
        let show = ShowId::new("명연주");
        let gap = |number: usize| Gap {
            start: start + TimeDelta::seconds(i64::try_from(number).unwrap()),
            length: Duration::from_millis(1_250),
            cause: Cause::new(CauseKind::Refused, "https://h.example/x?token=secret answered 403"),
        };
        Finished {
            airing: Airing {
                id: AiringId::derive(&show, start),
                show,
                station: StationId::new("kbs-1fm"),
                on_air: Span::new(start, start + TimeDelta::hours(2)),
                early: TimeDelta::seconds(30),
                late: TimeDelta::milliseconds(60_500),
                timezone: "Asia/Seoul".parse().unwrap(),
            },
            title: "명연주 \"명음반\" {{ 1 }}".to_owned(),
            outcome: Outcome {
                verdict: Verdict::Partial(98.7),
                seconds: 7_196.25,
                file: None,
                bytes: None,
                gaps: (0..gaps).map(gap).collect(),
                measured: Measured {
                    length: Some(Duration::from_millis(7_240_250)),
                    loudness: Some(Loudness { integrated: -16.5, range: 7.25, peak: 0.98 }),
                    dead_air: vec![DeadAir { start, length: Duration::from_secs(31) }],
                    peaks: None,
                },
                notes: vec![Note { kind: NoteKind::DefaultName, reason: "`{{ x }}`: \"no\"".to_owned() }],
                at: start + TimeDelta::hours(2) + TimeDelta::milliseconds(60_500),
            },
        }
    }

    #[test]
    fn an_imprint_comes_back_as_it_was_without_secrets_and_always_fits() {
        let one = finished(1);
        let mut back = parse(&text(&one)).unwrap();
        assert!(!text(&one).contains("secret"), "{}", text(&one));
        back.outcome.gaps[0].cause = one.outcome.gaps[0].cause.clone();
        assert_eq!(back, one);
        let many = text(&finished(5_000));
        assert!(many.len() <= LONGEST);
        let many = parse(&many).unwrap();
        assert!(many.outcome.gaps.len() > 5 && many.outcome.verdict == Verdict::Partial(98.7), "{many:?}");
    }

    #[test]
    fn what_is_no_imprint_is_nothing() {
        let right = text(&finished(1));
        for (from, to) in [
            ("Asia/Seoul", "Mars/Olympus"),
            ("\"partial\"", "\"failed\""),
            ("7196.25", "-1"),
            ("98.7", "null"),
            ("2026-11-20T07:00:00Z", "2025-11-20T07:00:00Z"),
            ("\"seconds\":1.25", "\"seconds\":\"x\""),
        ] {
            assert!(right.contains(from), "{right}");
            assert_eq!(parse(&right.replace(from, to)), None, "{to}");
        }
        assert_eq!(parse(""), None);
        let odd = right.replace("\"seconds\":1.25", "\"seconds\":-1e300");
        assert_eq!(parse(&odd).unwrap().outcome.gaps, []);
    }
}

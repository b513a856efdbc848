//! The imprint: the row of a recording inside its file, for a list that has lost it.
//!
//! The tag `AIRCHECK` (a TXXX frame of MP3, a named atom of MP4, a comment of Ogg) contains the row as JSON. Players do not show it, and tagging programs preserve
//! it. If the catalogue is lost or replaced by an older one, the recording can be put on the list again with its
//! verdict and its gaps. An imprint that is read is text from anybody, and is checked.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::base::boxes;
use crate::base::mp4;
use crate::base::ogg::{Packets, Page};
use crate::base::zone::Zone;
use crate::base::{comments, redact};
use crate::model::{
    Airing, AiringId, Cause, CauseKind, DeadAir, Finished, Gap, Loudness, Measured, Note, Outcome, ShowId, Span,
    StationId, Track, Verdict,
};

/// The description of the frame.
pub const FRAME: &str = "AIRCHECK";
/// The longest text, in bytes, that a tag does not cut.
const LONGEST: usize = 3_800;
/// The greatest number of gaps, of stretches of dead air, and of tracks.
const MOST: usize = 64;
/// The beginning of a file, in bytes, in which a glance looks for the frame. The frame stands before the picture.
const BEGINNING: u64 = 64 * 1024;
/// Milliseconds in a second.
const MILLISECONDS: f64 = 1_000.0;

/// The content of the frame.
#[derive(Debug, Serialize, Deserialize)]
struct Imprint {
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
    /// Integrated loudness in LUFS, loudness range in LU, the loudest sample.
    loudness: Option<[f64; 3]>,
    missing: Vec<Stretch>,
    dead_air: Vec<Stretch>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Note>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tracks: Vec<Played>,
}

/// A track: when it began and ended, from the beginning of the cut; where it begins in the file, and how long it plays
/// there; all in seconds. Then its text.
#[derive(Debug, Serialize, Deserialize)]
struct Played(f64, f64, f64, f64, String);

impl Played {
    fn new(track: &Track, cut: Span) -> Self {
        let after = |at: DateTime<Utc>| (at - cut.start).as_seconds_f64();
        let Track { on_air, at, length, text } = track;
        let [start, end, at, length] =
            [after(on_air.start), after(on_air.end), at.as_secs_f64(), length.as_secs_f64()].map(rounded);
        Self(start, end, at, length, text.clone())
    }

    fn track(self, cut: Span) -> Option<Track> {
        let seconds = |seconds| Duration::try_from_secs_f64(seconds).ok();
        let after = |at| cut.start.checked_add_signed(TimeDelta::from_std(seconds(at)?).ok()?);
        let Self(start, end, at, length, text) = self;
        let text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(Track::LONGEST_TEXT).collect();
        Some(Track { on_air: Span::new(after(start)?, after(end)?), at: seconds(at)?, length: seconds(length)?, text })
    }
}

/// Returns seconds, to the millisecond.
fn rounded(seconds: f64) -> f64 {
    (seconds * MILLISECONDS).round() / MILLISECONDS
}

/// A gap, or a stretch of dead air.
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
        Self { start, seconds: rounded(length.as_secs_f64()), kind: String::new(), cause: String::new() }
    }

    fn length(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.seconds).ok()
    }
}

/// Returns the text of the frame. It lacks the file, its size and its levels. If it would be too long, it lacks the last
/// tracks, notes, stretches of dead air, and gaps, too; the verdict is never changed.
pub fn text(finished: &Finished) -> String {
    let Finished { airing, title, outcome } = finished;
    let (on_air, cut, measured) = (airing.on_air, airing.cut(), &outcome.measured);
    let missing = outcome.gaps.iter().take(MOST).map(|gap| {
        let (kind, cause) = (gap.cause.kind.name().to_owned(), redact::text(&gap.cause.words));
        Stretch { kind, cause, ..Stretch::new(gap.start, gap.length) }
    });
    let dead_air = measured.dead_air.iter().take(MOST).map(|dead| Stretch::new(dead.start, dead.length));
    let mut imprint = Imprint {
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
        loudness: measured.loudness.map(|loudness| [loudness.integrated, loudness.range, loudness.peak]),
        missing: missing.collect(),
        dead_air: dead_air.collect(),
        notes: outcome.notes.clone(),
        tracks: outcome.tracks.iter().flatten().take(MOST).map(|track| Played::new(track, cut)).collect(),
    };
    loop {
        // The imprint consists of numbers and text, so this cannot fail.
        let text = serde_json::to_string(&imprint).unwrap_or_default();
        let shorten = |imprint: &mut Imprint| {
            imprint.tracks.pop().is_some()
                || imprint.notes.pop().is_some()
                || imprint.dead_air.pop().is_some()
                || imprint.missing.pop().is_some()
        };
        if text.len() <= LONGEST || !shorten(&mut imprint) {
            return text;
        }
    }
}

/// Parses the text of the frame. `None` if it is no valid imprint.
pub fn parse(text: &str) -> Option<Finished> {
    let imprint: Imprint = serde_json::from_str(text).ok()?;
    let timezone: Zone = imprint.timezone.parse().ok()?;
    let ([start, end], [from, until]) = (imprint.on_air, imprint.cut);
    let verdict = match (imprint.verdict.as_str(), imprint.percent) {
        ("complete", _) => Verdict::Complete,
        ("partial", Some(percent)) => Verdict::Partial(percent),
        ("silent", _) => Verdict::Silent,
        _ => return None,
    };
    if imprint.airing.is_empty() || start > end || from > until || !(0.0..1e9).contains(&imprint.seconds) {
        return None;
    }
    let gap = |stretch: Stretch| {
        let kind = CauseKind::by_name(&stretch.kind).unwrap_or_default();
        Some(Gap { start: stretch.start, length: stretch.length()?, cause: Cause::new(kind, stretch.cause) })
    };
    let tracks = imprint.tracks.into_iter().filter_map(|played| played.track(Span::new(from, until)));
    let dead_air = |stretch: Stretch| Some(DeadAir { start: stretch.start, length: stretch.length()? });
    let loudness = imprint.loudness.map(|[integrated, range, peak]| Loudness { integrated, range, peak });
    Some(Finished {
        airing: Airing {
            id: AiringId::new(imprint.airing),
            show: ShowId::new(imprint.show),
            station: StationId::new(imprint.station),
            on_air: Span::new(start, end),
            early: start - from,
            late: until - end,
            timezone,
        },
        title: imprint.title,
        outcome: Outcome {
            verdict,
            seconds: imprint.seconds,
            file: None,
            bytes: None,
            gaps: imprint.missing.into_iter().filter_map(gap).collect(),
            measured: Measured {
                length: imprint.length.and_then(|length| Duration::try_from_secs_f64(length).ok()),
                loudness,
                dead_air: imprint.dead_air.into_iter().filter_map(dead_air).collect(),
                peaks: None,
            },
            notes: imprint.notes,
            tracks: Some(tracks.take(MOST).collect()),
            at: until,
        },
    })
}

/// Reads the imprint of a file. `None` if it has none, or cannot be read. Blocks.
pub fn read(file: File) -> Option<Finished> {
    let mut beginning = [0; 8];
    file.read_exact_at(&mut beginning, 0).ok()?;
    match beginning {
        [b'O', b'g', b'g', b'S', ..] => return read_ogg(file),
        [_, _, _, _, b'f', b't', b'y', b'p'] => return read_mp4(&file),
        _ => {}
    }
    let tag = id3::Tag::read_from2(file).ok()?;
    let text = tag.extended_texts().find(|text| text.description == FRAME)?;
    parse(&text.value)
}

/// The longest description of an MP4, and the longest comments of an Ogg file, that are read.
const LONGEST_HEADER: u64 = 64 << 20;

/// Reads the tags of an MP4: what is in the box `udta` of its description. `None` if there is none.
fn user_data(file: &File) -> Option<Vec<u8>> {
    let moov = boxes::first(boxes::boxes(file).ok()?, *b"moov").ok()??;
    boxes::first(moov.boxes(file), *b"udta").ok()??.read(file, LONGEST_HEADER).ok()?
}

/// Reads the imprint in the tags of an MP4.
fn read_mp4(file: &File) -> Option<Finished> {
    parse(std::str::from_utf8(mp4::named_value(&user_data(file)?, FRAME)?).ok()?)
}

/// Reads the imprint in the comments of an Ogg file, which are its second packet.
fn read_ogg(file: File) -> Option<Finished> {
    let (mut bytes, mut packets, mut seen) = (Vec::new(), Packets::default(), 0);
    let mut file = file.take(LONGEST_HEADER);
    loop {
        let read = file.by_ref().take(BEGINNING).read_to_end(&mut bytes).ok()?;
        let mut used = 0;
        while let Some((length, page)) = Page::read(bytes.get(used..)?) {
            for packet in packets.push(&page) {
                seen += 1;
                if seen == 2 {
                    return parse(comments::find(&packet, FRAME)?);
                }
            }
            used += length;
        }
        bytes.drain(..used);
        if read == 0 {
            return None;
        }
    }
}

/// Returns whether the beginning of a file seems to have an imprint. Blocks.
pub fn is_likely(mut file: File) -> bool {
    let mut beginning = Vec::new();
    let read = file.by_ref().take(BEGINNING).read_to_end(&mut beginning);
    if beginning.get(4..8) == Some(b"ftyp") {
        return user_data(&file).is_some_and(|tags| mp4::named_value(&tags, FRAME).is_some());
    }
    let begins = b"{\"airing\":";
    let places = beginning.windows(begins.len()).enumerate().filter(|(_, part)| part == begins);
    // Between the name and the text is one byte: a NUL in ID3v2, `=` in comments.
    let is_named = |at: usize| {
        let name = at.checked_sub(1 + FRAME.len()).and_then(|from| beginning.get(from..)?.get(..FRAME.len()));
        name == Some(FRAME.as_bytes())
    };
    read.is_ok() && places.map(|(at, _)| at).any(is_named)
}

#[cfg(test)]
mod tests {
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
                tracks: Some(vec![Track {
                    on_air: Span::new(start, start + TimeDelta::milliseconds(200_250)),
                    at: Duration::from_secs(30),
                    length: Duration::from_millis(199_125),
                    text: "Clara Schumann - \"Romanze\"".to_owned(),
                }]),
                at: start + TimeDelta::hours(2) + TimeDelta::milliseconds(60_500),
            },
        }
    }

    #[test]
    fn an_imprint_is_read_as_it_was_written_has_no_secrets_and_fits_into_a_tag() {
        let one = finished(1);
        let mut back = parse(&text(&one)).unwrap();
        assert!(!text(&one).contains("secret"), "{}", text(&one));
        back.outcome.gaps[0].cause = one.outcome.gaps[0].cause.clone();
        assert_eq!(back, one);
        let many = text(&finished(5_000));
        assert!(many.len() <= LONGEST);
        let many = parse(&many).unwrap();
        assert!(many.outcome.gaps.len() > 5 && many.outcome.verdict == Verdict::Partial(98.7), "{many:?}");
        assert_eq!(many.outcome.tracks, Some(vec![]), "what is missing comes before what was played");
        let mut long = finished(1);
        let track = long.outcome.tracks.as_ref().unwrap()[0].clone();
        long.outcome.tracks = Some(vec![track; 2_000]);
        let long = parse(&text(&long)).unwrap();
        assert!(long.outcome.tracks.unwrap().len() > 20 && long.outcome.gaps.len() == 1, "the first of them fit");
    }

    #[test]
    fn an_invalid_imprint_is_rejected() {
        let valid = text(&finished(1));
        for (from, to) in [
            ("Asia/Seoul", "Mars/Olympus"),
            ("\"partial\"", "\"failed\""),
            ("7196.25", "-1"),
            ("98.7", "null"),
            ("2026-11-20T07:00:00Z", "2025-11-20T07:00:00Z"),
            ("\"seconds\":1.25", "\"seconds\":\"x\""),
        ] {
            assert!(valid.contains(from), "{valid}");
            assert_eq!(parse(&valid.replace(from, to)), None, "{to}");
        }
        assert_eq!(parse(""), None);
        let impossible = valid.replace("\"seconds\":1.25", "\"seconds\":-1e300");
        assert_eq!(parse(&impossible).unwrap().outcome.gaps, []);
    }
}

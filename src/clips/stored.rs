//! A clip as the catalogue keeps it: JSON like that of the interface.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{AiringId, Clip, Cover, Covering, EncodingKind, ObjectName, Piece, Span, StationId, Stretch};

/// The pieces and the covers of a clip.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    pieces: Vec<StoredPiece>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bleep: Vec<[f64; 2]>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    mute: Vec<[f64; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encoding: Option<String>,
}

/// A piece: of tape from an instant to another, of a recording or of a file in the object store from a second to another.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum StoredPiece {
    Tape { station: String, from: String, to: String },
    Recording { recording: String, from: f64, to: f64 },
    Object { s3: String, from: f64, to: f64 },
}

/// Returns the text of a clip, without its title.
pub fn text_of(clip: &Clip) -> String {
    let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let piece = |piece: &Piece| match piece {
        Piece::Tape { station, span } => {
            StoredPiece::Tape { station: station.to_string(), from: instant(span.start), to: instant(span.end) }
        }
        Piece::Recording { recording, from, to } => {
            StoredPiece::Recording { recording: recording.to_string(), from: from.as_secs_f64(), to: to.as_secs_f64() }
        }
        Piece::Object { object, from, to } => {
            StoredPiece::Object { s3: object.to_string(), from: from.as_secs_f64(), to: to.as_secs_f64() }
        }
    };
    let covers = |with: Covering| {
        let chosen = clip.covers.iter().filter(|cover| cover.with == with);
        let stretch = |Stretch { at, length }: Stretch| [at.as_secs_f64(), (at + length).as_secs_f64()];
        chosen.map(|cover| stretch(cover.stretch)).collect()
    };
    let stored = Stored {
        pieces: clip.pieces.iter().map(piece).collect(),
        bleep: covers(Covering::Tone),
        mute: covers(Covering::Silence),
        encoding: clip.encoding.map(|encoding| encoding.word().to_owned()),
    };
    // It consists of text and finite numbers, so this cannot fail.
    serde_json::to_string(&stored).unwrap_or_default()
}

/// Reads the text of a clip with this title. `None` if it is none.
pub fn clip_of(title: &str, text: &str) -> Option<Clip> {
    let Stored { pieces, bleep, mute, encoding } = serde_json::from_str(text).ok()?;
    let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).ok();
    let piece = |piece: StoredPiece| match piece {
        StoredPiece::Tape { station, from, to } => Some(Piece::Tape {
            station: StationId::new(station),
            span: Span::new(from.parse().ok()?, to.parse().ok()?),
        }),
        StoredPiece::Recording { recording, from, to } => {
            Some(Piece::Recording { recording: AiringId::new(recording), from: seconds(from)?, to: seconds(to)? })
        }
        StoredPiece::Object { s3, from, to } => {
            Some(Piece::Object { object: ObjectName::parse(&s3)?, from: seconds(from)?, to: seconds(to)? })
        }
    };
    let cover = |with: Covering| {
        move |[from, to]: [f64; 2]| {
            let at = seconds(from)?;
            Some(Cover { stretch: Stretch { at, length: seconds(to)?.saturating_sub(at) }, with })
        }
    };
    let pieces = pieces.into_iter().map(piece).collect::<Option<Vec<_>>>()?;
    let tones = bleep.into_iter().map(cover(Covering::Tone));
    let silences = mute.into_iter().map(cover(Covering::Silence));
    let mut covers = tones.chain(silences).collect::<Option<Vec<_>>>()?;
    covers.sort_by_key(|cover| cover.stretch.at);
    let encoding = encoding.as_deref().and_then(EncodingKind::of);
    (!pieces.is_empty()).then(|| Clip { title: title.to_owned(), pieces, covers, encoding })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clip_is_read_back_as_it_was_written() {
        let instant = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let span = Span::new(instant("2026-11-20T13:15:00Z"), instant("2026-11-20T13:30:00.250Z"));
        let at = Duration::from_millis;
        let cover = |from, to, with| Cover { stretch: Stretch { at: at(from), length: at(to - from) }, with };
        let clip = Clip {
            title: "뉴스".to_owned(),
            pieces: vec![
                Piece::Tape { station: StationId::new("kbs-1fm"), span },
                Piece::Recording {
                    recording: AiringId::new("news@20261120T0300Z"),
                    from: at(600_000),
                    to: at(750_500),
                },
                Piece::Object { object: ObjectName::parse("radio/뉴스/a.mp3").unwrap(), from: at(0), to: at(2_000) },
            ],
            covers: vec![cover(10_000, 12_000, Covering::Silence), cover(65_200, 66_000, Covering::Tone)],
            encoding: Some(EncodingKind::Original),
        };
        let text = text_of(&clip);
        assert!(text.contains(r#""from":"2026-11-20T13:15:00Z","to":"2026-11-20T13:30:00.250Z""#), "{text}");
        assert!(text.contains(r#""bleep":[[65.2,66.0]]"#), "{text}");
        assert_eq!(clip_of("뉴스", &text), Some(clip));
        for other in ["", "{}", r#"{"pieces":[]}"#, r#"{"pieces":[{"station":"s","from":"x","to":"y"}]}"#] {
            assert_eq!(clip_of("x", other), None, "{other}");
        }
    }
}

//! Grabs for the template of their page.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use serde::Serialize;

use super::causes::{self, Said};
use super::dates;
use super::slots::version;
use crate::base::readable::{self, amount, clock};
use crate::base::redact;
use crate::base::zone::Zone;
use crate::grabs::{Came, Format, Kept, MissingSegment, Stage, Standing};
use crate::language::Language;
use crate::model::{Cause, CauseKind, JobState};

/// How many stretches are named that are missing; the interface has all.
const MOST_NAMED: usize = 20;

/// A grab.
#[derive(Debug, Serialize)]
pub struct Row {
    pub id: String,
    /// Changes with everything but how far it is.
    version: String,
    /// The name of its file, or what that will be called.
    name: String,
    /// Without passwords and tokens.
    address: String,
    /// `Sat, 28 Nov 14:30`
    when: String,
    /// RFC 3339, for machines.
    asked_at: String,
    /// `queued`, `going`, `complete`, `partial`, `failed` or `cancelled`.
    state: &'static str,
    going: Option<Going>,
    /// `30:04`; empty if there is no file.
    length: String,
    size: String,
    /// Its extension, if there is a file to play or to download.
    file: Option<&'static str>,
    /// `video` or `audio` if a browser plays it.
    player: &'static str,
    /// Whether there was a file that is gone.
    gone: bool,
    /// `12 of 451 segments missing`; empty if none is.
    lacks: String,
    missing: Vec<Lack>,
    /// `and 7 more`; empty if all are named.
    more: String,
    /// Why there is nothing.
    reason: Option<Said>,
    may_retry: bool,
}

/// How far a grab is.
#[derive(Debug, Serialize)]
struct Going {
    max: usize,
    /// `None` while nobody can tell.
    value: Option<usize>,
    said: String,
    size: String,
    speed: String,
    left: String,
    lacks: String,
}

/// Segments that are missing one after another, for the same kind of reason.
#[derive(Debug, Serialize)]
struct Lack {
    /// The sentence up to the cause.
    said: String,
    words: String,
}

/// What is known beside the grabs themselves.
#[derive(Debug)]
pub struct Around<'a> {
    pub language: &'a Language,
    pub zone: Zone,
    /// Files that are gone.
    pub gone: &'a HashSet<PathBuf>,
    /// Why a grab is in its state, by its id.
    pub reasons: &'a HashMap<String, Cause>,
}

/// Returns the row of a grab.
pub fn row(kept: &Kept, around: &Around<'_>) -> Row {
    let language = around.language;
    let came = kept.came.clone().unwrap_or_default();
    let state = match kept.state {
        JobState::Done if came.missing_count > 0 => "partial",
        JobState::Done => "complete",
        JobState::Failed => "failed",
        JobState::Cancelled => "cancelled",
        JobState::Queued | JobState::Waiting => "queued",
        JobState::Capturing | JobState::Encoding | JobState::Copying => "going",
    };
    let gone = kept.file.as_ref().is_some_and(|file| around.gone.contains(file));
    let format = kept.file.as_deref().and_then(Format::of_file).filter(|_| !gone && kept.state.is_final());
    let usual = || format!("{}.{}", kept.wanted.name(), kept.wanted.format().map_or("mp4", Format::extension));
    let named = kept.file.as_deref().and_then(|file| Some(file.file_name()?.to_string_lossy().into_owned()));
    let asked = kept.asked_at.with_timezone(&around.zone);
    // That segments are missing is said below, unless this is why another try of them failed.
    let is_said = came.missing_count > 0 && kept.file.is_none();
    let reason = around.reasons.get(&kept.id).filter(|_| state == "failed" && !is_said);
    let runs = runs(&came.missing);
    let shows_missing = kept.state.is_final() && came.missing_count > 0;
    let row = Row {
        id: kept.id.clone(),
        version: String::new(),
        name: named.unwrap_or_else(usual),
        address: redact::text(&kept.wanted.address),
        when: format!("{} {}", dates::short(asked.date_naive(), language), asked.format("%H:%M")),
        asked_at: asked.to_rfc3339(),
        state,
        going: (state == "going").then(|| going(kept.standing, language)),
        length: format.map(|_| clock(came.seconds)).unwrap_or_default(),
        size: format.map(|_| readable::bytes(came.bytes)).unwrap_or_default(),
        file: format.map(Format::extension),
        player: format.map_or("", Format::player),
        gone,
        lacks: if shows_missing { lacks_of(&came, language) } else { String::new() },
        missing: if shows_missing {
            runs.iter().take(MOST_NAMED).map(|run| lack(run, language)).collect()
        } else {
            vec![]
        },
        more: if shows_missing { more(runs.len(), &came, language) } else { String::new() },
        reason: reason.map(|reason| said(reason, language)),
        may_retry: kept.state.is_final() && (kept.came.is_none() || came.missing_count > 0),
    };
    let lasting = (&row.name, state, &row.file, gone, &row.lacks, row.reason.as_ref().map(|it| &it.said), &row.size);
    Row { version: version(&lasting), ..row }
}

fn going(standing: Option<Standing>, language: &Language) -> Going {
    let message = |key: &str| language.say(key, &[]);
    let Some(standing) = standing.filter(|standing| standing.stage == Stage::Fetching) else {
        let packing = standing.is_some_and(|standing| standing.stage == Stage::Packing);
        let said = message(if packing { "grab_packing" } else { "grab_finding" });
        let [size, speed, left, lacks] = [const { String::new() }; 4];
        return Going { max: 1, value: None, said, size, speed, left, lacks };
    };
    let Standing { total, done, lost, bytes, rate, .. } = standing;
    let (there, all) = (done.to_string(), total.to_string());
    let speed = || language.say("grab_speed", &[("size", &amount(rate))]);
    Going {
        max: total.max(1),
        value: Some(done),
        said: language.say("grab_segments", &[("there", &there), ("all", &all)]),
        size: readable::bytes(bytes),
        speed: if rate >= 1.0 { speed() } else { String::new() },
        left: standing.left().map(|left| language.say("grab_left", &[("time", &clock(left))])).unwrap_or_default(),
        lacks: if lost > 0 { language.say("grab_lacks", &[("n", &lost.to_string())]) } else { String::new() },
    }
}

/// Says how many stretches of so many are not named. Of very many segments only the first are written down.
fn more(runs: usize, came: &Came, language: &Language) -> String {
    let unwritten = came.missing_count.saturating_sub(came.missing.len());
    let more = runs.saturating_sub(MOST_NAMED) + unwritten;
    if more == 0 { String::new() } else { language.say("grab_more_lacks", &[("n", &more.to_string())]) }
}

fn lacks_of(came: &Came, language: &Language) -> String {
    let (missing, all) = (came.missing_count.to_string(), came.segments.to_string());
    language.say("grab_lacks_of", &[("n", &missing), ("all", &all)])
}

/// The missing segments in stretches that follow each other for the same kind of reason.
fn runs(missing: &[MissingSegment]) -> Vec<&[MissingSegment]> {
    let number = |one: &MissingSegment| one.segment.parse::<u64>().ok();
    let follows = |one: &MissingSegment, next: &MissingSegment| {
        let is_next = number(one).is_some_and(|one| number(next) == Some(one + 1));
        is_next && (&one.kind, one.track) == (&next.kind, next.track)
    };
    missing.chunk_by(follows).collect()
}

fn lack(run: &[MissingSegment], language: &Language) -> Lack {
    let [first, .., last] = run else {
        let Some(only) = run.first() else { return Lack { said: String::new(), words: String::new() } };
        return sentence("grab_lack", only, only, only.seconds, language);
    };
    sentence("grab_lack_many", first, last, run.iter().map(|one| one.seconds).sum(), language)
}

fn sentence(key: &str, first: &MissingSegment, last: &MissingSegment, seconds: f64, language: &Language) -> Lack {
    let kind = CauseKind::by_name(&first.kind).unwrap_or(CauseKind::Other);
    let Said { said, words } = said(&Cause::new(kind, first.cause.clone()), language);
    let (at, seconds) = (clock(first.at.round()), format!("{seconds:.1}"));
    let values = [
        ("at", at.as_str()),
        ("seconds", &seconds),
        ("segment", &first.segment),
        ("first", &first.segment),
        ("last", &last.segment),
        ("cause", &said),
    ];
    Lack { said: language.say(key, &values), words }
}

/// The texts for a cause. What is said of stations elsewhere is said of servers here.
fn said(cause: &Cause, language: &Language) -> Said {
    let said = causes::said(cause, language);
    let message = |prefix: &str| language.messages.get(&format!("{prefix}{}", cause.kind.name()));
    match message("grab_cause_") {
        Some(own) if message("cause_") == Some(&said.said) => Said { said: own.clone(), ..said },
        _ => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(segment: &str, kind: &str) -> MissingSegment {
        let cause = format!("https://h/{segment}.ts?token=abcdefgh answered 404 Not Found");
        MissingSegment { segment: segment.to_owned(), track: 0, at: 68.0, seconds: 4.0, kind: kind.to_owned(), cause }
    }

    #[test]
    fn what_is_missing_is_said_in_stretches_with_the_words_of_servers() {
        let all = ["000017", "000018", "000019", "000030"].map(|segment| missing(segment, "refused"));
        let stretches = |language: &Language| -> Vec<String> {
            runs(&all)
                .into_iter()
                .map(|run| lack(run, language))
                .map(|lack| format!("{}|{}", lack.said, lack.words))
                .collect()
        };
        assert_eq!(
            stretches(Language::english()),
            [
                "1:08: segments 000017 to 000019, 12.0 s: https://h/000017.ts?token=… answered 404 Not Found|",
                "1:08: segment 000030, 4.0 s: https://h/000030.ts?token=… answered 404 Not Found|",
            ]
        );
        let korean = stretches(Language::liked("ko"));
        assert!(korean[0].starts_with("1:08: 000017~000019번 조각 12.0초, 서버가 거부했거나"), "{korean:?}");
        assert!(korean[0].ends_with("answered 404 Not Found"), "{korean:?}");
    }

    #[test]
    fn how_far_it_is_is_said_with_what_is_known() {
        let standing = Standing { stage: Stage::Finding, total: 0, done: 0, before: 0, lost: 0, bytes: 0, rate: 0.0 };
        let going = |standing: Standing| going(Some(standing), Language::english());
        let finding = going(standing);
        assert_eq!((finding.said.as_str(), finding.value), ("Finding out what there is", None));
        let fetching = Standing {
            stage: Stage::Fetching,
            total: 100,
            done: 60,
            before: 10,
            lost: 1,
            bytes: 50 << 20,
            rate: 1_048_576.0,
        };
        let said = going(fetching);
        assert_eq!(
            (said.said.as_str(), said.size.as_str(), said.speed.as_str()),
            ("60 of 100 segments", "50 MiB", "1.0 MiB/s")
        );
        assert_eq!((said.left.as_str(), said.lacks.as_str(), said.value), ("0:39 left", "1 missing", Some(60)));
        assert_eq!(going(Standing { rate: 0.0, ..fetching }).speed, "");
        assert_eq!(going(Standing { stage: Stage::Packing, ..fetching }).said, "Making the file");
    }
}

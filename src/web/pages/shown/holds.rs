//! What is held of a tape, for the template: each stretch with its reason, and what becomes of it once it is released.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::dates;
use crate::base::duration::delta;
use crate::base::readable::clock;
use crate::base::zone::Zone;
use crate::language::Language;
use crate::tape::Hold;

/// A stretch of tape that is held.
#[derive(Debug, Hash, Serialize)]
pub struct Held {
    pub id: u32,
    /// The day on which it begins, `2026-11-20`.
    pub day: String,
    /// `Friday, 20 November 2026`
    pub said: String,
    /// `22:15:00–22:30:00`; with the day on which it ends if that is another.
    pub time: String,
    /// `15:00`
    pub length: String,
    pub why: String,
    /// `Sat, 21 Nov 09:30`: since when it is held.
    pub since: String,
    /// `Released, it may be deleted at once.`
    pub then: String,
}

/// What a person wrote into the form that holds a stretch, and why that was refused.
#[derive(Debug, Default, Serialize)]
pub struct Refused {
    pub from: String,
    pub to: String,
    pub why: String,
    /// In the language of the reader.
    pub problem: String,
}

/// Returns what is held, the latest stretch first. Of a tape that is kept for `kept` at the instant `now`.
pub fn held(holds: &[Hold], kept: Duration, zone: Zone, now: DateTime<Utc>, language: &Language) -> Vec<Held> {
    let one = |hold: &Hold| {
        let [from, to] = [hold.span.start, hold.span.end].map(|at| at.with_timezone(&zone));
        let ends = if from.date_naive() == to.date_naive() {
            String::new()
        } else {
            format!("{} ", dates::short(to.date_naive(), language))
        };
        let goes = hold.span.end + delta(kept);
        Held {
            id: hold.id,
            day: from.date_naive().to_string(),
            said: dates::long(from.date_naive(), language),
            time: format!("{}–{ends}{}", from.format("%H:%M:%S"), to.format("%H:%M:%S")),
            length: clock(hold.span.length().as_seconds_f64()),
            why: hold.why.clone(),
            since: moment(hold.since, zone, language),
            then: if goes <= now {
                language.say("release_now", &[])
            } else {
                language.say("release_later", &[("at", &moment(goes, zone, language))])
            },
        }
    };
    let mut held: Vec<&Hold> = holds.iter().collect();
    held.sort_by_key(|hold| std::cmp::Reverse((hold.span.start, hold.id)));
    held.into_iter().map(one).collect()
}

fn moment(at: DateTime<Utc>, zone: Zone, language: &Language) -> String {
    let local = at.with_timezone(&zone);
    format!("{} {}", dates::short(local.date_naive(), language), local.format("%H:%M"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Span;

    #[test]
    fn a_hold_says_what_becomes_of_its_tape_once_it_is_released() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let hold = |id, from: &str, to: &str| Hold {
            id,
            span: Span::new(at(from), at(to)),
            why: "<민원> 114".to_owned(),
            since: at("2026-11-21T00:30:00Z"),
        };
        let holds = [
            hold(1, "2026-11-20T13:15:00Z", "2026-11-20T13:30:00Z"),
            // Over midnight in Seoul.
            hold(2, "2026-11-21T14:59:30Z", "2026-11-21T16:00:00Z"),
        ];
        let seoul = "Asia/Seoul".parse().unwrap();
        let of = |language| held(&holds, Duration::from_hours(24), seoul, at("2026-11-22T00:00:00Z"), language);
        let told: Vec<_> = of(Language::english())
            .iter()
            .map(|it| format!("{} {} {} {} {} {}", it.id, it.said, it.time, it.length, it.since, it.then))
            .collect();
        assert_eq!(
            told,
            [
                "2 Saturday, 21 November 2026 23:59:30–Sun, 22 Nov 01:00:00 1:00:30 Sat, 21 Nov 09:30 \
                 Once released, it may be deleted from Mon, 23 Nov 01:00 on.",
                "1 Friday, 20 November 2026 22:15:00–22:30:00 15:00 Sat, 21 Nov 09:30 \
                 Once released, it may be deleted at once.",
            ]
        );
        assert_eq!(of(Language::liked("ko"))[1].then, "해제하면 바로 삭제될 수 있습니다.");
    }
}

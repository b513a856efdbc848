//! Wishes: what a person asks for, and the check that it makes sense. Pure.

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

use super::error::ControlError;
use crate::base::text::{LONGEST_NAME, composed};
use crate::config::{Config, LONGEST};
use crate::language::Sentence;
use crate::model::{Airing, AiringId, Origin, Planned, ShowId, Span, StationId};

/// How far ahead an airing can be added: what airs later is not known today.
const FURTHEST: TimeDelta = TimeDelta::days(366);

/// A one-time airing as a person asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// An extra airing of a show of the configuration, with its padding.
    Extra {
        /// The show.
        show: ShowId,
        /// When it goes on the air; to the second.
        start: DateTime<Utc>,
        /// How long it is on the air; `None` means as long as the show is.
        length: Option<Duration>,
    },
    /// Anything else.
    Free {
        /// Its title.
        title: String,
        /// Its station.
        station: StationId,
        /// When it goes on the air; to the second.
        start: DateTime<Utc>,
        /// How long it is on the air.
        length: Duration,
    },
}

impl Wish {
    /// Returns the wish as an amendment, if it is not over: what is over was not recorded, and may be cut from the tape.
    pub(super) fn amendment(&self, config: &Config, now: DateTime<Utc>) -> Result<Planned, ControlError> {
        let (Self::Extra { start, .. } | Self::Free { start, .. }) = self;
        if *start - now > FURTHEST {
            return Err(ControlError::Wrong(Sentence::new("problem_start_far")));
        }
        let planned = self.amendment_at_any_time(config)?;
        let Airing { on_air, timezone, .. } = planned.airing;
        if on_air.end <= now {
            let end = on_air.end.with_timezone(&timezone).format("%Y-%m-%d %H:%M:%S");
            return Err(ControlError::Wrong(Sentence::new("problem_start_passed").with("end", end)));
        }
        Ok(planned)
    }

    /// Returns the wish as an amendment, whenever it begins.
    pub(super) fn amendment_at_any_time(&self, config: &Config) -> Result<Planned, ControlError> {
        match self {
            Self::Extra { show, start, length } => {
                let show = config.show(show).ok_or_else(|| ControlError::NoShow(show.clone()))?;
                let (early, late) = (delta(show.early), delta(show.late));
                let airing = airing(&show.id, &show.station, *start, length.unwrap_or(show.length), show.timezone)?;
                Ok(amendment(Airing { early, late, ..airing }, show.title.clone()))
            }
            Self::Free { title, station, start, length } => {
                let station = config.station(station).ok_or_else(|| ControlError::NoStation(station.clone()))?;
                let title = title_line(title).map_err(ControlError::Wrong)?;
                let show = Config::once(&title, station);
                Ok(amendment(airing(&show, &station.id, *start, *length, station.timezone)?, title))
            }
        }
    }
}

/// The later end that a person asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Later {
    /// The airing is on the air for so much longer.
    By(Duration),
    /// The airing is on the air until then.
    Until(DateTime<Utc>),
}

/// Returns the end of an airing that `later` asks for.
pub(super) fn later_end(planned: &Planned, later: Later, now: DateTime<Utc>) -> Result<DateTime<Utc>, ControlError> {
    let on_air = planned.airing.on_air;
    let end = match later {
        Later::By(by) if by.is_zero() => return Err(ControlError::Wrong(Sentence::new("problem_by_zero"))),
        Later::By(by) => on_air.end.checked_add_signed(delta(by)),
        Later::Until(end) => Some(end.trunc_subsecs(3)),
    };
    // An airing that runs until it is stopped has no end yet, so any end in the future is a later one.
    let least = if planned.until_stopped { now } else { on_air.end };
    match end {
        Some(end) if end <= least => {
            let least = least.with_timezone(&planned.airing.timezone).format("%Y-%m-%d %H:%M:%S");
            Err(ControlError::Wrong(Sentence::new("problem_end_early").with("least", least)))
        }
        Some(end) if end - on_air.start <= delta(LONGEST) => Ok(end),
        _ => Err(ControlError::Wrong(Sentence::new("problem_too_long").with("days", most()))),
    }
}

fn airing(
    show: &ShowId,
    station: &StationId,
    start: DateTime<Utc>,
    length: Duration,
    timezone: crate::base::zone::Zone,
) -> Result<Airing, ControlError> {
    if length.is_zero() {
        return Err(ControlError::Wrong(Sentence::new("problem_length_zero")));
    }
    if length > LONGEST {
        return Err(ControlError::Wrong(Sentence::new("problem_length_long").with("days", most())));
    }
    let start = start.trunc_subsecs(0);
    Ok(Airing {
        id: AiringId::derive(show, start),
        show: show.clone(),
        station: station.clone(),
        on_air: Span::new(start, start + delta(length)),
        early: TimeDelta::zero(),
        late: TimeDelta::zero(),
        timezone,
    })
}

fn amendment(airing: Airing, title: String) -> Planned {
    let (skipped, moved, until_stopped, connecting_until) = (false, false, false, None);
    Planned { airing, title, origin: Origin::Hand, skipped, moved, until_stopped, connecting_until }
}

/// Returns a title that is one line of text, composed and without space around it.
///
/// # Errors
/// It is empty, too long, or of several lines; the sentence says what to write.
pub fn title_line(title: &str) -> Result<String, Sentence> {
    let title = title.trim();
    if title.is_empty() {
        return Err(Sentence::new("problem_title_empty"));
    }
    if title.chars().any(char::is_control) {
        return Err(Sentence::new("problem_title_lines"));
    }
    if composed(title).chars().count() > LONGEST_NAME {
        return Err(Sentence::new("problem_title_long").with("letters", LONGEST_NAME));
    }
    Ok(composed(title).into_owned())
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(FURTHEST)
}

/// Returns the longest length of an airing, in days.
fn most() -> u64 {
    LONGEST.as_secs() / 86_400
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config() -> Config {
        let text = "timezone: UTC\nstations:\n  s: { name: S, hls: https://h.example/x, timezone: Asia/Seoul }\nshows:\n  \
                    - { title: News, station: s, cron: \"0 14 * * *\", length: 1h, early: 30s, late: 1m }\n";
        Config::parse(text, Path::new("stations.yaml")).unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-11-20T{text}Z").parse().unwrap()
    }

    fn free(title: &str, start: &str, length: u64) -> Result<Planned, String> {
        let (title, station) = (title.to_owned(), StationId::new("s"));
        let wish = Wish::Free { title, station, start: at(start), length: Duration::from_secs(length) };
        wish.amendment(&config(), at("12:00:00")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_free_airing_is_as_asked_for_and_an_extra_one_has_the_padding_of_its_show() {
        let free = free("  명연주 {{ show }} ", "14:00:07.900", 90).unwrap();
        assert_eq!(free.airing.id.as_str(), "once~s~명연주-show@20261120T140007Z");
        assert_eq!(free.airing.cut(), Span::new(at("14:00:07"), at("14:01:37")));
        assert_eq!((free.title.as_str(), free.airing.timezone), ("명연주 {{ show }}", "Asia/Seoul".parse().unwrap()));

        let extra = Wish::Extra { show: ShowId::new("news"), start: at("15:00:00"), length: None };
        let extra = extra.amendment(&config(), at("12:00:00")).unwrap();
        assert_eq!(extra.airing.id.as_str(), "news@20261120T1500Z");
        assert_eq!(extra.airing.cut(), Span::new(at("14:59:30"), at("16:01:00")));
    }

    #[test]
    fn an_airing_may_be_added_until_it_is_over() {
        assert_eq!(free("a", "11:59:00", 61).unwrap().airing.cut(), Span::new(at("11:59:00"), at("12:00:01")));
        let of_news = |start: &str| {
            let wish = Wish::Extra { show: ShowId::new("news"), start: at(start), length: None };
            wish.amendment(&config(), at("12:00:00"))
        };
        assert_eq!(of_news("11:30:00").unwrap().airing.cut(), Span::new(at("11:29:30"), at("12:31:00")));
        assert!(of_news("11:00:00").is_err(), "its padding is no reason to record it");
    }

    #[test]
    fn a_wish_that_makes_no_sense_is_refused_with_a_sentence_that_says_what_to_write() {
        let long = "가".repeat(201);
        for (title, start, length, words) in [
            ("", "14:00:00", 60, "`title` is empty"),
            ("a\nb", "14:00:00", 60, "one line of text"),
            (&long, "14:00:00", 60, "the most is 200 letters"),
            ("a", "11:59:00", 60, "it was over at 2026-11-20 21:00:00; what is on tape of it can be cut as a clip"),
            ("a", "14:00:00", 0, "write for example `1h`"),
            ("a", "14:00:00", 8 * 86_400, "the most is 7 days"),
        ] {
            let error = free(title, start, length).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        let wish = |start: &str, show: &str| {
            let wish = Wish::Extra { show: ShowId::new(show), start: start.parse().unwrap(), length: None };
            wish.amendment(&config(), at("12:00:00")).unwrap_err().to_string()
        };
        assert_eq!(wish("2026-11-20T15:00:00Z", "none"), "there is no show none");
        assert!(wish("9999-11-20T15:00:00Z", "news").contains("a year away"));
    }

    #[test]
    fn a_new_end_is_later_than_the_old_one_unless_the_airing_runs_until_it_is_stopped() {
        let amendment = free("a", "14:00:00", 3_600).unwrap();
        let Planned { airing, title, origin, skipped, moved, .. } = amendment;
        let planned = Planned { airing, title, origin, skipped, moved, until_stopped: false, connecting_until: None };
        let end =
            |planned: &Planned, later| later_end(planned, later, at("14:30:00")).map_err(|error| error.to_string());
        assert_eq!(end(&planned, Later::By(Duration::from_secs(60))), Ok(at("15:01:00")));
        assert_eq!(end(&planned, Later::Until(at("15:00:00.0015"))), Ok(at("15:00:00.001")));
        let earlier = end(&planned, Later::Until(at("14:50:00"))).unwrap_err();
        assert_eq!(earlier, "the new end must be later than 2026-11-21 00:00:00; to end it sooner, stop it");
        assert!(end(&planned, Later::By(Duration::ZERO)).unwrap_err().contains("`30m`"));
        assert!(end(&planned, Later::By(LONGEST)).unwrap_err().contains("7 days"));
        assert!(end(&planned, Later::By(Duration::MAX)).is_err());
        let open = Planned { until_stopped: true, ..planned };
        assert_eq!(end(&open, Later::Until(at("14:50:00"))), Ok(at("14:50:00")));
        assert!(end(&open, Later::Until(at("14:30:00"))).is_err());
    }
}

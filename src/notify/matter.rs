//! Matters: what is bad for a while and then well again, each with a key. Whoever finds something bad says so again and
//! again; here it is decided when that is told, and when it is told that it is over.
//!
//! Pure: the present is an argument.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::news::{NAMED, News};
use crate::base::readable;
use crate::language::Sentence;
use crate::model::{Named, NoticeAiring, NoticeKind, NoticeState, StationId};

/// How long a station must be down to be told together with one that is down for longer.
const WITH_OTHERS: Duration = Duration::from_secs(20);

/// Something that is bad.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Bad {
    /// What kind of thing it is.
    pub kind: NoticeKind,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it was told last. `None` if it was not yet, or by a release that did not remember it.
    #[serde(default)]
    pub told: Option<DateTime<Utc>>,
    /// Why, in words.
    pub reason: String,
    /// The key of a message that explains that to those who read no English. Empty if there is none.
    #[serde(default)]
    pub explained: String,
    /// Whether whoever found it has looked more than once, so that nothing is to be waited for.
    #[serde(default)]
    pub certain: bool,
    /// What is concerned, for people: a station, a folder.
    pub what: String,
    /// What its message names besides.
    #[serde(default)]
    pub facts: BTreeMap<String, String>,
    /// The station, if it is one.
    pub station: Option<Named>,
    /// The airings that are concerned: those that run, and those that come.
    pub airings: Vec<NoticeAiring>,
    /// The airings that were lost to it since.
    pub lost: Vec<NoticeAiring>,
}

/// What somebody who looks finds: of each key that he can tell something of, what is bad or that nothing is.
pub(super) type Looked = BTreeMap<String, Option<Bad>>;

/// What has changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    /// Something is bad.
    Begins(String, Box<Bad>),
    /// It is well again.
    Ends(String),
}

impl Bad {
    /// Returns that `what` is bad since `since`, for this `reason`.
    pub fn new(kind: NoticeKind, since: DateTime<Utc>, what: String, reason: String) -> Self {
        Self {
            kind,
            since,
            told: None,
            reason,
            explained: String::new(),
            certain: false,
            what,
            facts: BTreeMap::new(),
            station: None,
            airings: Vec::new(),
            lost: Vec::new(),
        }
    }

    /// Returns the key of a station.
    pub fn key_of_station(station: &StationId) -> String {
        format!("station:{station}")
    }

    /// Returns its station, if it is one.
    pub fn station(&self) -> Option<StationId> {
        self.station.as_ref().map(|station| StationId::new(&station.id))
    }

    /// Returns how long it must be bad, and how long well again, before that is told.
    fn patience(&self) -> (Duration, Duration) {
        match self.kind {
            // What ends together is told together.
            NoticeKind::StationDown if self.certain => (Duration::ZERO, Duration::from_secs(10)),
            // Stations break off for a moment all the time.
            NoticeKind::StationDown => (Duration::from_secs(60), Duration::from_secs(30)),
            NoticeKind::FolderAway => (Duration::from_secs(45), Duration::ZERO),
            _ => (Duration::ZERO, Duration::ZERO),
        }
    }

    /// Returns it as news.
    pub fn news(&self, key: &str, at: DateTime<Utc>) -> News {
        let title = match self.kind {
            NoticeKind::StationDown if self.airings.is_empty() => Sentence::new("told_station_down"),
            NoticeKind::StationDown => Sentence::new("told_station_down_shows").with("count", self.airings.len()),
            NoticeKind::DiskLow => Sentence::new("told_disk_low"),
            NoticeKind::DiskSoon => Sentence::new("told_disk_soon"),
            NoticeKind::FolderAway => Sentence::new("told_folder_away"),
            NoticeKind::StoreAway => Sentence::new("told_store_away"),
            NoticeKind::ClockOff if self.fact("way") == "ahead" => Sentence::new("told_clock_ahead"),
            NoticeKind::ClockOff => Sentence::new("told_clock_behind"),
            _ => Sentence::new("told_config_rejected"),
        };
        let title = title.with("what", &self.what).with("by", self.fact("by"));
        let mut news = News::new(self.kind, NoticeState::Bad, key.to_owned(), at, title);
        news.lines.extend(match self.kind {
            NoticeKind::ClockOff => Some(Sentence::new("told_clock_who").with("hosts", self.fact("hosts"))),
            NoticeKind::DiskSoon => {
                let until = Sentence::new("told_disk_soon_until").with("until", self.fact("until"));
                let until = until.with("planned", self.fact("planned")).with("room", self.fact("room"));
                Some(until.with("missing", self.fact("missing")))
            }
            _ => Some(Sentence::new("told_words").with_reason("words", &self.explained, &self.reason)),
        });
        news.lines.extend(match self.kind {
            NoticeKind::ClockOff => Some(Sentence::new("told_clock_do")),
            NoticeKind::DiskSoon if self.airings.is_empty() => Some(Sentence::new("told_disk_soon_tape")),
            NoticeKind::DiskSoon => Some(Sentence::new("told_disk_soon_do")),
            NoticeKind::StationDown => Some(Sentence::new("told_tried")),
            NoticeKind::FolderAway => Some(Sentence::new("told_folder_kept")),
            NoticeKind::StoreAway => Some(Sentence::new("told_store_kept")),
            NoticeKind::ConfigRejected => Some(Sentence::new("told_config_check")),
            _ => None,
        });
        if matches!(self.kind, NoticeKind::StationDown | NoticeKind::DiskSoon) && !self.airings.is_empty() {
            news.lines.push(Sentence::new("told_concerned"));
        }
        news.notice.airings.clone_from(&self.airings);
        self.facts(news)
    }

    /// Returns that it is well again as news.
    pub fn news_of_end(&self, key: &str, at: DateTime<Utc>) -> News {
        let title = match self.kind {
            NoticeKind::StationDown => Sentence::new("told_station_well"),
            NoticeKind::DiskLow => Sentence::new("told_disk_well"),
            NoticeKind::DiskSoon => Sentence::new("told_disk_fits"),
            NoticeKind::FolderAway => Sentence::new("told_folder_well"),
            NoticeKind::StoreAway => Sentence::new("told_store_well"),
            NoticeKind::ClockOff => Sentence::new("told_clock_right"),
            _ => Sentence::new("told_config_well"),
        };
        let mut news = News::new(self.kind, NoticeState::Well, key.to_owned(), at, title.with("what", &self.what));
        let lasted = readable::clock((at - self.since).as_seconds_f64());
        news.lines.push(Sentence::new("told_lasted").with("length", lasted));
        if !self.lost.is_empty() {
            news.lines.push(Sentence::new("told_lost").with("count", self.lost.len()));
        }
        news.notice.airings.clone_from(&self.lost);
        self.facts(news)
    }

    /// Returns as news what was lost to a station that is not in the file any more. `None` if that is nothing.
    pub fn news_of_removal(&self, key: &str, at: DateTime<Utc>) -> Option<News> {
        let title = Sentence::new("told_station_removed").with("what", &self.what);
        let end = self.news_of_end(key, at);
        (!self.lost.is_empty()).then_some(News { title, ..end })
    }

    /// Returns what several stations have in common as one piece of news: that they are bad, or well again.
    pub fn news_of_stations(all: &[Self], state: NoticeState, at: DateTime<Utc>) -> News {
        let names = all.iter().take(NAMED).map(|bad| bad.what.as_str()).collect::<Vec<_>>().join(", ");
        let key = if state == NoticeState::Bad { "told_stations_down" } else { "told_stations_well" };
        let title = Sentence::new(key).with("count", all.len()).with("names", names);
        let mut news = News::new(NoticeKind::StationDown, state, "stations".to_owned(), at, title);
        news.notice.matters =
            all.iter().filter_map(Self::station).map(|station| Self::key_of_station(&station)).collect();
        for bad in all.iter().take(NAMED) {
            let why = Sentence::new("told_station_why").with("station", &bad.what);
            news.lines.push(why.with_reason("words", &bad.explained, &bad.reason));
        }
        if all.len() > NAMED {
            news.lines.push(Sentence::new("told_more").with("count", all.len() - NAMED));
        }
        if state == NoticeState::Bad {
            news.lines.push(Sentence::new("told_tried"));
        }
        let airings = |bad: &Self| if state == NoticeState::Bad { bad.airings.clone() } else { bad.lost.clone() };
        news.notice.airings = all.iter().flat_map(airings).collect();
        if !news.notice.airings.is_empty() {
            let lost = Sentence::new("told_lost").with("count", news.notice.airings.len());
            news.lines.push(if state == NoticeState::Bad { Sentence::new("told_concerned") } else { lost });
        }
        news.notice.since = all.iter().map(|bad| bad.since).min();
        news.notice.reason = all.first().map(|bad| bad.reason.clone());
        news
    }

    fn fact(&self, name: &str) -> &str {
        self.facts.get(name).map_or("", String::as_str)
    }

    fn facts(&self, mut news: News) -> News {
        news.notice.since = Some(self.since);
        news.notice.reason = Some(self.reason.clone());
        news.notice.station.clone_from(&self.station);
        news
    }

    /// Whether an airing was named when this was told.
    pub fn names(&self, id: &str) -> bool {
        self.airings.iter().any(|airing| airing.id == id)
    }
}

/// What was found before and is not told yet, with the monotonic time since when.
#[derive(Debug, Default)]
pub(super) struct Pending(BTreeMap<String, (bool, Duration)>);

impl Pending {
    /// Returns what of `looked` is to be told now, at the monotonic time `now`. `open` has what was told to be bad.
    pub fn settle(&mut self, looked: Looked, open: &BTreeMap<String, Bad>, now: Duration) -> Vec<Change> {
        let mut found = Vec::new();
        for (key, bad) in looked {
            let known = open.get(&key);
            let is_told = bad.is_some() == known.is_some();
            let Some(about) = bad.as_ref().or(known).filter(|_| !is_told) else { continue };
            let (kind, patience) = (about.kind, about.patience());
            let is_bad = bad.is_some();
            let since = self.0.get(&key).filter(|(was_bad, _)| *was_bad == is_bad).map_or(now, |(_, since)| *since);
            let least = if is_bad { patience.0 } else { patience.1 };
            found.push((key, bad, kind, since, least));
        }
        let lasts = |since: Duration, least: Duration| now.saturating_sub(since) >= least;
        // What brings one station down brings others down a moment later: they are told together.
        let is_down = |bad: &Option<Bad>, kind| bad.is_some() && kind == NoticeKind::StationDown;
        let one_is_told = found.iter().any(|(_, bad, kind, since, least)| is_down(bad, *kind) && lasts(*since, *least));
        self.0.clear();
        let mut changes = Vec::new();
        for (key, bad, kind, since, least) in found {
            let least = if one_is_told && is_down(&bad, kind) { least.min(WITH_OTHERS) } else { least };
            if lasts(since, least) {
                changes.push(match bad {
                    Some(bad) => Change::Begins(key, Box::new(bad)),
                    None => Change::Ends(key),
                });
            } else {
                self.0.insert(key, (bad.is_some(), since));
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    fn bad(kind: NoticeKind) -> Bad {
        let bad = Bad::new(kind, DateTime::UNIX_EPOCH, "Radio One".to_owned(), "it answered 503".to_owned());
        Bad { explained: "cause_refused".to_owned(), ..bad }
    }

    /// What is told by looks at `(second, whether the station is down)`.
    fn told(looks: &[(u64, Option<bool>)]) -> Vec<(u64, bool)> {
        let (mut pending, mut open, mut told) = (Pending::default(), BTreeMap::new(), Vec::new());
        for (second, is_down) in looks {
            let found = is_down.map(|is_down| is_down.then(|| bad(NoticeKind::StationDown)));
            let looked = found.map(|found| ("station:s".to_owned(), found)).into_iter().collect();
            for change in pending.settle(looked, &open, Duration::from_secs(*second)) {
                told.push((*second, matches!(change, Change::Begins(..))));
                match change {
                    Change::Begins(key, bad) => drop(open.insert(key, *bad)),
                    Change::Ends(key) => drop(open.remove(&key)),
                }
            }
        }
        told
    }

    #[test]
    fn a_station_that_breaks_off_for_a_moment_is_not_told_and_one_that_stays_away_is_told_once() {
        let (down, up, unknown) = (Some(true), Some(false), None);
        assert_eq!(told(&[(0, down), (30, down), (45, up), (50, down), (100, down)]), []);
        let looks =
            [(0, down), (60, down), (75, down), (90, up), (100, down), (110, up), (130, up), (140, up), (200, up)];
        assert_eq!(told(&looks), [(60, true), (140, false)]);
        assert_eq!(told(&[(0, down), (60, down), (90, unknown), (900, unknown)]), [(60, true)], "nobody knows");
    }

    #[test]
    fn what_is_certain_is_told_at_once() {
        let (mut pending, open) = (Pending::default(), BTreeMap::new());
        let certain = Bad { certain: true, ..bad(NoticeKind::StationDown) };
        let looked = Looked::from([("station:s".to_owned(), Some(certain.clone()))]);
        assert_eq!(pending.settle(looked, &open, Duration::ZERO).len(), 1);
        let open = BTreeMap::from([("station:s".to_owned(), certain)]);
        let well = || Looked::from([("station:s".to_owned(), None)]);
        assert_eq!(pending.settle(well(), &open, Duration::from_secs(15)), []);
        assert_eq!(pending.settle(well(), &open, Duration::from_secs(30)), [Change::Ends("station:s".to_owned())]);
    }

    #[test]
    fn stations_that_go_down_together_are_told_together() {
        let mut pending = Pending::default();
        let down = |keys: &[&str]| {
            keys.iter().map(|key| ((*key).to_owned(), Some(bad(NoticeKind::StationDown)))).collect::<Looked>()
        };
        let open = BTreeMap::new();
        let mut settle = |keys: &[&str], second| pending.settle(down(keys), &open, Duration::from_secs(second)).len();
        assert_eq!(settle(&["station:a"], 0), 0);
        assert_eq!(settle(&["station:a", "station:b"], 30), 0);
        assert_eq!(settle(&["station:a", "station:b", "station:c"], 60), 2, "the third has just begun");
        let all = [bad(NoticeKind::StationDown), Bad { what: "Radio Two".into(), ..bad(NoticeKind::StationDown) }];
        let notice = Bad::news_of_stations(&all, NoticeState::Bad, DateTime::UNIX_EPOCH).said(Language::english());
        assert!(notice.title.contains("Radio One, Radio Two"), "{}", notice.title);

        // A thousand of them are told in a message that every way can carry, and programs see each.
        let named = |number: usize| Named { id: format!("s{number}"), name: "문화방송".repeat(9) };
        let station = |number| Bad {
            station: Some(named(number)),
            what: named(number).name,
            reason: "why ".repeat(1_000),
            ..bad(NoticeKind::StationDown)
        };
        let all: Vec<_> = (0..1_000).map(station).collect();
        let notice = Bad::news_of_stations(&all, NoticeState::Bad, DateTime::UNIX_EPOCH).said(Language::english());
        let longest = [&notice.title, &notice.text, notice.reason.as_ref().unwrap()].map(String::len);
        assert!(longest.iter().all(|bytes| *bytes < 10_000), "{longest:?}");
        assert_eq!((notice.matters.len(), notice.matters[999].as_str()), (1_000, "station:s999"));
    }

    #[test]
    fn a_clock_is_told_to_be_off_with_how_far_and_who_says_so() {
        let facts = [("way", "behind"), ("by", "5:12"), ("hosts", "a.example, b.example, c.example")];
        let facts = facts.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let off = Bad { facts, ..bad(NoticeKind::ClockOff) };
        for (language, behind) in [(Language::english(), "5:12 behind"), (Language::liked("ko"), "5:12 늦")] {
            let notice = off.news("clock", DateTime::UNIX_EPOCH).said(language);
            assert!(notice.title.contains(behind), "{}", notice.title);
            assert!(notice.text.contains("a.example, b.example, c.example"), "{}", notice.text);
            assert!(notice.text.contains("timedatectl set-ntp true"), "{}", notice.text);
        }
    }

    #[test]
    fn what_is_told_says_what_is_concerned_and_in_the_end_what_was_lost() {
        let example = crate::model::Notice::example().airings;
        let down = Bad { airings: example.clone(), ..bad(NoticeKind::StationDown) };
        let notice = down.news("station:s", DateTime::UNIX_EPOCH).said(Language::english());
        assert!(notice.title.contains("Radio One") && notice.text.contains("it answered 503"), "{notice:?}");
        assert!(notice.text.contains("2026-11-20 12:00 News (Radio One)"), "{}", notice.text);
        let korean = down.news("station:s", DateTime::UNIX_EPOCH).said(Language::liked("ko"));
        assert!(korean.text.starts_with("방송국 서버가 요청을 거부했습니다: it answered 503\n"), "{}", korean.text);
        let ends = Bad { lost: example, ..down };
        let at = DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(190);
        let notice = ends.news_of_end("station:s", at).said(Language::english());
        assert_eq!((notice.state, notice.airings.len()), (NoticeState::Well, 1));
        assert!(notice.text.contains("3:10:00") && notice.text.contains(": partial"), "{}", notice.text);
    }
}

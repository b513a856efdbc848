//! News: a notice before it is known to whom and in which language it is told.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::base::text;
use crate::base::zone::Zone;
use crate::config::{Config, Target};
use crate::language::{Language, Sentence};
use crate::library::catalogue::{KnownTarget, NewMessage};
use crate::model::{Airing, Named, Notice, NoticeAiring, NoticeKind, NoticeState};

/// How many airings, and how many stations, are named in words; the facts have them all.
pub(super) const NAMED: usize = 10;
/// The longest title, text and reason, in columns: a program gets each in a variable, and a phone shows little.
const LONGEST_TITLE: usize = 200;
const LONGEST_TEXT: usize = 4_000;
const LONGEST_REASON: usize = 1_000;

/// Something to be told.
#[derive(Debug, Clone)]
pub(super) struct News {
    /// The facts, without words.
    pub notice: Notice,
    /// Of which other kinds it is besides.
    pub also: Vec<NoticeKind>,
    /// What happened, in one line.
    pub title: Sentence,
    /// What else is to be said. The airings that are concerned follow.
    pub lines: Vec<Sentence>,
    /// Whoever was told a thing of this kind at this time, or later, is told this with another message.
    pub part_of: Option<(NoticeKind, DateTime<Utc>)>,
}

impl News {
    /// Returns news without any fact but these.
    pub fn new(kind: NoticeKind, state: NoticeState, matter: String, at: DateTime<Utc>, title: Sentence) -> Self {
        let notice = Notice {
            kind,
            state,
            matters: vec![matter.clone()],
            matter,
            at,
            title: String::new(),
            text: String::new(),
            since: None,
            reason: None,
            station: None,
            recording: None,
            airings: Vec::new(),
            link: None,
        };
        Self { notice, also: Vec::new(), title, lines: Vec::new(), part_of: None }
    }

    /// Returns the notice in the words of a language.
    pub fn said(&self, language: &Language) -> Notice {
        let lines = self.lines.iter().map(|line| line.say(language));
        let airings = self.notice.airings.iter().take(NAMED).map(|airing| line(airing, language));
        let more = self.notice.airings.len().checked_sub(NAMED).filter(|more| *more > 0);
        let more = more.map(|more| Sentence::new("told_more").with("count", more).say(language));
        let text = lines.chain(airings).chain(more).collect::<Vec<_>>().join("\n");
        Notice {
            title: text::cut(&self.title.say(language), LONGEST_TITLE).into_owned(),
            text: text::cut(&text, LONGEST_TEXT).into_owned(),
            reason: self.notice.reason.as_deref().map(|reason| text::cut(reason, LONGEST_REASON).into_owned()),
            ..self.notice.clone()
        }
    }

    /// Returns the messages that tell this to those of `targets` that want to be told it.
    pub fn messages(&self, targets: &[(Arc<Target>, KnownTarget)]) -> Vec<NewMessage> {
        let told = targets.iter().filter(|(target, known)| {
            known.off.is_none() && known.since <= self.notice.at && self.is_for(target, known)
        });
        let message = |(target, _): &(Arc<Target>, KnownTarget)| {
            let notice = self.said(Language::liked(target.language));
            Some(NewMessage {
                id: new_id()?,
                target: target.name.clone(),
                kind: notice.kind.word(),
                // It consists of text and numbers, so this cannot fail.
                body: serde_json::to_string(&notice).unwrap_or_default(),
                matter: notice.matter,
            })
        };
        told.filter_map(message).collect()
    }

    fn is_for(&self, target: &Target, known: &KnownTarget) -> bool {
        let is_wanted = |kind: NoticeKind| target.on.contains(&kind);
        (is_wanted(self.notice.kind) || self.also.iter().copied().any(is_wanted))
            && !self.part_of.is_some_and(|(kind, at)| is_wanted(kind) && known.since <= at)
    }
}

/// Returns an id that no other message has, in this catalogue or another. `None` if the system gives no random numbers.
pub(super) fn new_id() -> Option<String> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).ok()?;
    Some(format!("msg_{:032x}", u128::from_be_bytes(bits)))
}

/// Returns an airing as a fact.
pub(super) fn airing(airing: &Airing, title: &str, config: &Config, verdict: Option<&str>) -> NoticeAiring {
    NoticeAiring {
        id: airing.id.to_string(),
        title: title.to_owned(),
        show: airing.show.to_string(),
        station: Named { id: airing.station.to_string(), name: config.station_name(&airing.station).to_owned() },
        start: stamp(airing.on_air.start, airing.timezone),
        end: stamp(airing.on_air.end, airing.timezone),
        verdict: verdict.map(str::to_owned),
    }
}

/// Returns when an airing begins, for people: `2026-11-20 14:00`.
pub(super) fn begins(airing: &NoticeAiring) -> String {
    airing.start.get(..16).unwrap_or(&airing.start).replace('T', " ")
}

/// Returns an instant by the clocks of a zone, for people.
pub(super) fn said_at(at: DateTime<Utc>, zone: Zone) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}

fn stamp(at: DateTime<Utc>, zone: Zone) -> String {
    at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false)
}

fn line(airing: &NoticeAiring, language: &Language) -> String {
    let verdict = airing.verdict.as_deref().and_then(|verdict| language.messages.get(verdict));
    let verdict = verdict.map(|verdict| format!(": {verdict}")).unwrap_or_default();
    format!("{} {} ({}){verdict}", begins(airing), airing.title, airing.station.name)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::config::Way;

    fn target(name: &str, on: &[NoticeKind], known: DateTime<Utc>, off: bool) -> (Arc<Target>, KnownTarget) {
        let target = Target {
            name: name.to_owned(),
            on: on.iter().copied().collect(),
            language: "ko",
            way: Way::Run(vec!["x".to_owned()]),
        };
        let known = KnownTarget { name: name.to_owned(), since: known, off: off.then(|| "gone".to_owned()) };
        (Arc::new(target), known)
    }

    #[test]
    fn those_are_told_who_want_it_and_were_there_when_it_happened() {
        use NoticeKind::{Failed, Partial, Silent, StationDown};
        let at = DateTime::UNIX_EPOCH;
        let later = at + TimeDelta::milliseconds(1);
        let targets = [
            target("all", &[Failed, Partial, StationDown], at, false),
            target("partial", &[Partial], at, false),
            target("silent", &[Silent], at, false),
            target("failed", &[Failed], at, false),
            target("new", &[Partial], later, false),
            target("off", &[Partial], at, true),
        ];
        let mut news = News::new(
            Partial,
            NoticeState::Once,
            "m".to_owned(),
            at,
            Sentence::new("told_partial").with("show", "뉴스"),
        );
        let told = |news: &News| news.messages(&targets).into_iter().map(|message| message.target).collect::<Vec<_>>();
        assert_eq!(told(&news), ["all", "partial"]);
        news.also.push(Silent);
        assert_eq!(told(&news), ["all", "partial", "silent"]);
        news.part_of = Some((StationDown, at));
        assert_eq!(told(&news), ["partial", "silent"], "who is told of the station learns it from that");
        news.part_of = Some((StationDown, at - TimeDelta::milliseconds(1)));
        assert_eq!(told(&news), ["all", "partial", "silent"], "unless the target is newer");
        news.part_of = Some((StationDown, at));
        let [one, other] = &news.messages(&targets)[..] else { panic!("two") };
        assert!(one.id.starts_with("msg_") && one.id != other.id && one.body.contains("뉴스 일부만"), "{one:?}");
    }
}

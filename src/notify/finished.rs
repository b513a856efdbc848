//! Airings that are over, as news: from the events of the outbox.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::matter::Bad;
use super::news::{News, airing, begins};
use crate::base::readable::clock;
use crate::config::Config;
use crate::language::Sentence;
use crate::library::catalogue::Recording;
use crate::library::store::Store;
use crate::model::{AiringId, CauseKind, Gap, NoticeKind, NoticeRecording, NoticeState, Verdict};

/// What is told of airings that are over.
#[derive(Debug, Default)]
pub(super) struct Finished {
    /// The news.
    pub news: Vec<News>,
    /// Matters that more airings were lost to.
    pub lost: BTreeMap<String, Bad>,
}

/// Returns what is to be told of `recordings`, of which those that were missed are told together. `open` has what is bad.
pub(super) fn news(recordings: &[Recording], open: &BTreeMap<String, Bad>, config: &Config, store: &Store) -> Finished {
    let mut told = Finished::default();
    let is_told = |recording: &&Recording| {
        recording.show != Config::clips() && recording.finished_at.is_some() && recording.deleted_at.is_none()
    };
    let (missed, others): (Vec<_>, Vec<_>) = recordings.iter().filter(is_told).partition(|one| is_missed(one));
    told.news.extend(of_missed(&missed, config));
    for recording in others {
        let mut news = of(recording, config, store);
        let key = Bad::key_of_station(&recording.station);
        let is_of_station = main_gap(recording).is_some_and(|gap| !gap.cause.kind.is_ours());
        if is_of_station && let Some(known) = told.lost.get(&key).or_else(|| open.get(&key)) {
            let mut known = known.clone();
            let verdict = recording.verdict.map(|verdict| verdict.word());
            known.lost.push(airing(&recording.airing(), &recording.title, config, verdict));
            news.part_of = Some((NoticeKind::StationDown, known.told.unwrap_or(known.since)));
            told.lost.insert(key, known);
        }
        told.news.push(news);
    }
    told
}

/// Whether an airing was not recorded because aircheck was not running.
fn is_missed(recording: &Recording) -> bool {
    recording.verdict == Some(Verdict::Failed)
        && !recording.gaps.is_empty()
        && recording.gaps.iter().all(|gap| gap.cause.kind == CauseKind::NotRunning)
}

fn main_gap(recording: &Recording) -> Option<&Gap> {
    recording.gaps.iter().max_by_key(|gap| gap.length)
}

fn of_missed(missed: &[&Recording], config: &Config) -> Option<News> {
    let first = missed.first()?;
    let title = match missed {
        [_] => Sentence::new("told_missed_one").with("show", &first.title),
        _ => Sentence::new("told_missed").with("count", missed.len()),
    };
    let at = missed.iter().filter_map(|one| one.finished_at).max()?;
    let matter = format!("missed:{}", first.id);
    let mut news = News::new(NoticeKind::Missed, NoticeState::Once, matter, at, title);
    news.lines.push(Sentence::new("told_missed_why"));
    news.notice.reason = first.gaps.first().map(|gap| gap.cause.words.clone());
    news.notice.airings =
        missed.iter().map(|one| airing(&one.airing(), &one.title, config, Some(Verdict::Failed.word()))).collect();
    Some(news)
}

fn of(recording: &Recording, config: &Config, store: &Store) -> News {
    let (verdict, show) = (recording.verdict.unwrap_or(Verdict::Failed), recording.title.as_str());
    let missing: f64 = recording.gaps.iter().map(|gap| gap.length.as_secs_f64()).sum();
    let dead_air: f64 = recording.dead_air.iter().map(|silent| silent.length.as_secs_f64()).sum();
    let is_silent = dead_air > 0.0 || verdict == Verdict::Silent;
    let (kind, title) = match verdict {
        Verdict::Failed => (NoticeKind::Failed, Sentence::new("told_failed")),
        Verdict::Partial(percent) => {
            (NoticeKind::Partial, Sentence::new("told_partial").with("percent", format!("{percent:.1}")))
        }
        Verdict::Silent => (NoticeKind::Silent, Sentence::new("told_silent")),
        Verdict::Complete if is_silent => {
            (NoticeKind::Silent, Sentence::new("told_dead_air").with("length", clock(dead_air)))
        }
        Verdict::Complete => (NoticeKind::Recorded, Sentence::new("told_recorded")),
    };
    let at = recording.finished_at.unwrap_or(recording.cut.end);
    let mut news =
        News::new(kind, NoticeState::Once, format!("recording:{}", recording.id), at, title.with("show", show));
    if is_silent && kind == NoticeKind::Partial {
        news.also.push(NoticeKind::Silent);
    }
    let facts = airing(&recording.airing(), show, config, Some(verdict.word()));
    let when = Sentence::new("told_when").with("station", &facts.station.name).with("time", begins(&facts));
    news.lines.push(when.with("length", clock(recording.plays_for().as_secs_f64())));
    if let Some(gap) = main_gap(recording) {
        let why = Sentence::new("told_missing").with("length", clock(missing));
        let words = if gap.cause.kind.says_all() { "" } else { gap.cause.words.as_str() };
        news.lines.push(why.with_reason("reason", format!("cause_{}", gap.cause.kind.name()), words));
        news.notice.reason = Some(gap.cause.words.clone());
    }
    if is_silent && kind == NoticeKind::Partial {
        news.lines.push(Sentence::new("told_nothing_heard").with("length", clock(dead_air)));
    }
    let percent = match verdict {
        Verdict::Partial(percent) => percent,
        Verdict::Failed => 0.0,
        Verdict::Complete | Verdict::Silent => 100.0,
    };
    news.notice.station = Some(facts.station.clone());
    news.notice.link = link(config, &recording.id);
    news.notice.recording = Some(NoticeRecording {
        airing: facts,
        percent,
        seconds: recording.seconds,
        missing,
        dead_air,
        file: recording.file.as_ref().map(|file| file.to_string_lossy().into_owned()),
        path: recording.file.as_ref().map(|file| store.shown(file).to_string_lossy().into_owned()),
    });
    news
}

/// Returns where the page shows a recording. `None` if nobody says where the page is.
fn link(config: &Config, id: &AiringId) -> Option<String> {
    let mut url = config.web.base_url.clone()?;
    let query = format!("recording={}", utf8_percent_encode(id.as_str(), NON_ALPHANUMERIC));
    url.set_query(Some(&query));
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;
    use crate::language::Language;
    use crate::model::{Cause, Notice, ShowId, Span, StationId};

    fn config() -> Config {
        let text = "timezone: Asia/Seoul\nweb: { base_url: https://radio.example.org/, auth: none }\nstations:\n  \
                    kbs: { name: KBS 1FM, hls: https://h.example/x }\n";
        Config::parse(text, Path::new("stations.yaml")).unwrap()
    }

    /// An airing at `hour` that lacks `missing` seconds of an hour, for a cause.
    fn recording(hour: i64, missing: u64, cause: CauseKind) -> Recording {
        let (show, start) = (ShowId::new("news"), DateTime::<Utc>::UNIX_EPOCH + TimeDelta::hours(hour));
        let span = Span::new(start, start + TimeDelta::hours(1));
        let gap = Gap { start, length: Duration::from_secs(missing), cause: Cause::new(cause, "it broke") };
        let seconds = 3600.0 - missing as f64;
        Recording {
            id: AiringId::derive(&show, start),
            show,
            station: StationId::new("kbs"),
            title: "뉴스".to_owned(),
            timezone: "Asia/Seoul".parse().unwrap(),
            on_air: span,
            cut: span,
            verdict: Some(Verdict::judge(3600.0, seconds, false)),
            seconds,
            length: None,
            gaps: Some(gap).filter(|_| missing > 0).into_iter().collect(),
            dead_air: Vec::new(),
            notes: Vec::new(),
            loudness: None,
            file: (missing < 3600).then(|| "뉴스.mp3".into()),
            bytes: None,
            claimed_at: start,
            finished_at: Some(span.end),
            deleted_at: None,
            binned: None,
        }
    }

    /// What is told of `recordings` while the station is down, or not.
    fn told(recordings: &[Recording], is_down: bool) -> Finished {
        let (what, why) = ("KBS 1FM".to_owned(), "it broke".to_owned());
        let down = Bad::new(NoticeKind::StationDown, DateTime::UNIX_EPOCH, what, why);
        let open = Some(("station:kbs".to_owned(), down)).filter(|_| is_down).into_iter().collect();
        news(recordings, &open, &config(), &Store::new("/srv/recordings"))
    }

    fn said(news: &News) -> Notice {
        news.said(Language::english())
    }

    #[test]
    fn what_was_missed_is_told_together_and_what_was_recorded_by_itself() {
        let missed: Vec<_> = (1..=12).map(|hour| recording(hour, 3600, CauseKind::NotRunning)).collect();
        let all =
            [&missed[..], &[recording(20, 0, CauseKind::Other), recording(21, 36, CauseKind::Connection)]].concat();
        let finished = told(&all, false);
        let [missed, whole, partial] = &finished.news[..] else { panic!("{finished:?}") };
        assert_eq!((missed.notice.kind, missed.notice.airings.len()), (NoticeKind::Missed, 12));
        assert!(said(missed).title.starts_with("12 recordings were missed"), "{:?}", said(missed));
        assert!(said(missed).text.ends_with("… and 2 more"), "{}", said(missed).text);
        assert_eq!(whole.notice.kind, NoticeKind::Recorded);
        let recorded = said(whole).recording.unwrap();
        assert_eq!((recorded.percent, recorded.path.as_deref()), (100.0, Some("/srv/recordings/뉴스.mp3")));
        assert_eq!(said(partial).title, "뉴스 was recorded in part: 99.0 %");
        assert!(said(partial).text.contains("0:36 is missing: it broke"), "{}", said(partial).text);
        assert_eq!(partial.notice.link.as_deref(), Some("https://radio.example.org/?recording=news%4019700101T2100Z"));
    }

    #[test]
    fn what_a_station_that_is_down_has_cost_belongs_to_that_and_what_we_have_cost_does_not() {
        let all = [recording(1, 3600, CauseKind::Connection), recording(2, 60, CauseKind::DiskFull)];
        let finished = told(&all, true);
        assert_eq!(finished.news[0].part_of.map(|(kind, _)| kind), Some(NoticeKind::StationDown));
        assert_eq!(finished.news[1].part_of, None);
        assert_eq!(finished.lost["station:kbs"].lost.len(), 1);
        assert!(told(&all, false).lost.is_empty());
    }

    #[test]
    fn silence_in_a_recording_is_told_and_clips_are_not() {
        let silent = crate::model::DeadAir { start: DateTime::UNIX_EPOCH, length: Duration::from_secs(90) };
        let whole = Recording { dead_air: vec![silent], ..recording(1, 0, CauseKind::Other) };
        let torn = Recording { dead_air: vec![silent], ..recording(2, 60, CauseKind::Segment) };
        let clip = Recording { show: Config::clips(), ..recording(3, 0, CauseKind::Other) };
        let finished = told(&[whole, torn, clip], false);
        let [whole, torn] = &finished.news[..] else { panic!("{finished:?}") };
        assert_eq!(said(whole).title, "뉴스 was recorded, and nothing can be heard for 1:30");
        assert_eq!((torn.notice.kind, torn.also.as_slice()), (NoticeKind::Partial, &[NoticeKind::Silent][..]));
        assert!(said(torn).text.contains("Nothing can be heard for 1:30"), "{}", said(torn).text);
    }
}

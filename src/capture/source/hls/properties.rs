//! What holds for every playlist and every sequence of reloads, as checks that panic if it does not.
#![expect(clippy::missing_panics_doc, reason = "to panic is all they do")]

pub mod station;

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::address::{Address, ByteRange, Naming};
use super::failover::Failover;
use super::normalise::{MAX_SEGMENTS, normalise};
use super::playlist::{MediaPlaylist, Playlist, Segment};
use super::timeline::{Reading, Timeline};
use super::variables::Given;
use super::variants::Wish;
use crate::base::duration::delta;
use crate::base::http::ExtraHeaders;
use crate::testing::seldom;

/// The longest window of the playlists that are made up.
const WINDOW: u8 = 8;
/// This many segments are surely remembered.
const MEMORY: usize = 40;

fn url(address: &str) -> Option<Url> {
    Url::parse("https://radio.example/live/").and_then(|base| base.join(address)).ok()
}

fn noon() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

/// Whatever a station sends becomes text that can be read in one way only, and a playlist that is safe to play.
pub fn playlist(bytes: &[u8]) {
    let Some(base) = url("list.m3u8?token=1") else { return };
    let given = Given { address: Some(&base), master: None };
    if let Ok(normal) = normalise(bytes, given) {
        assert!(normal.text.starts_with("#EXTM3U\n") && normal.text.ends_with('\n'));
        assert!(!normal.text.contains('\r') && !normal.text.contains("\n\n"), "{:?}", normal.text);
        assert!(!normal.text.lines().any(|line| line.starts_with("#EXT-X-DEFINE")), "{:?}", normal.text);
        // Without given variables: none is left that could be filled in.
        let again = normalise(normal.text.as_bytes(), Given::default()).map(|again| again.text);
        assert_eq!(again.as_deref(), Ok(&*normal.text), "normal text is not its own normal form");
        if !normal.master {
            let segments = normal.text.lines().filter(|line| line.starts_with("#EXTINF:")).count();
            let parsed = m3u8_rs::parse_media_playlist_res(normal.text.as_bytes());
            let parsed = parsed.unwrap_or_else(|error| panic!("the parser refuses {:?}: {error}", normal.text));
            assert_eq!(parsed.segments.len(), segments, "{:?}", normal.text);
        }
    }
    match Playlist::read(bytes, &base) {
        Ok(Playlist::Media(list)) => media(&list),
        Ok(Playlist::Master(master)) => {
            let mut standing = Failover::default();
            for max_bitrate in [None, Some(0), Some(128_000)] {
                for language in [None, Some("en")] {
                    let wish = Wish { max_bitrate, language };
                    let ranked = master.ranked(wish);
                    let names: HashSet<_> = ranked.iter().map(|choice| &choice.name).collect();
                    assert_eq!(names.len(), ranked.len(), "two variants have one name: {ranked:?}");
                    assert!(ranked.iter().all(|choice| matches!(choice.entry.url.scheme(), "http" | "https")));
                    assert_eq!(standing.choose(&master, wish, Duration::ZERO).is_some(), !ranked.is_empty());
                    assert_eq!(standing.leave(Duration::ZERO).is_some(), ranked.len() > 1);
                }
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn media(list: &MediaPlaylist) {
    assert!(list.segments.len() <= MAX_SEGMENTS);
    assert!((Duration::from_millis(500)..=Duration::from_mins(1)).contains(&list.target_duration));
    for pair in list.segments.windows(2) {
        let same = (&pair[0].segment_key, pair[0].byte_range) == (&pair[1].segment_key, pair[1].byte_range);
        assert!(same || !pair[1].repeat);
    }
    for segment in &list.segments {
        assert!(matches!(segment.url.scheme(), "http" | "https"));
        assert!(!segment.duration.is_zero() && segment.duration <= Duration::from_hours(24));
        assert!(segment.byte_range.is_none_or(|range| range.length > 0));
        let _ = segment.end();
    }
    assert!(list.segments.windows(2).all(|pair| pair[0].sequence + 1 == pair[1].sequence));
    let _ = list.end();
}

/// Any sequence of reloads: what is handed out goes up in order and was listed. A segment that was handed out before
/// comes again only with doubt, so that it is dropped if its bytes are the same.
///
/// Reloads of a station that does nothing worse than to answer with older lists, from other hosts, with other tokens:
/// each segment comes once, without doubt, without a hole.
pub fn timeline(bytes: &[u8]) {
    let mut choices = Unstructured::new(bytes);
    let _ = choices.arbitrary().and_then(|fair| if fair { fair_reloads(choices) } else { any_reloads(choices) });
}

fn any_reloads(mut choices: Unstructured<'_>) -> Result<()> {
    let mut timeline = Timeline::new(noon() - TimeDelta::seconds(i64::from(choices.int_in_range(0..=29_u8)?)));
    let (mut clock, mut next) = (Duration::ZERO, 0);
    // Older segments may be forgotten.
    let mut had = VecDeque::from(vec![None; MEMORY]);
    let mut numbers = HashMap::new();
    let mut told_apart = false;
    for _ in 0..200 {
        if choices.is_empty() {
            break;
        }
        clock += Duration::from_millis(u64::from(choices.arbitrary::<u8>()?) * 20);
        let list = any_list(&mut choices)?;
        let Some(from) =
            url(["list.m3u8", "other.m3u8", "//cdn.example/live/list.m3u8"]
                [usize::from(choices.int_in_range(0..=2_u8)?)])
        else {
            return Ok(());
        };
        let observed = timeline.observe(&list, &from, noon() + delta(clock), clock);
        if observed.reading == Reading::Restarted {
            // A new session may use the names of the old one; its first segments come with doubt.
            assert!(observed.new.iter().all(|new| new.doubtful));
            had = VecDeque::from(vec![None; MEMORY]);
        }
        assert!(observed.new.len() <= list.segments.len());
        // Two sounds of one name can be told apart by a date, or if names go round.
        let dated = list.segments.iter().any(|segment| segment.programme_time.is_some());
        for segment in &list.segments {
            let known = *numbers.entry(segment.url.path().to_owned()).or_insert(segment.sequence);
            told_apart |= known != segment.sequence || dated;
        }
        for new in observed.new {
            assert_eq!(new.order, next, "orders go up by one");
            next += 1;
            assert!(!new.segment.repeat);
            assert!(list.segments.iter().any(|listed| listed.url == new.segment.url));
            assert!(observed.offered.as_ref().is_some_and(|offered| offered.contains_key(&new.order)));
            let name = Some((new.segment.sequence, new.segment.url.path().to_owned(), new.segment.byte_range));
            assert!(new.doubtful || told_apart || !had.contains(&name), "{:?} comes again without doubt", new.segment);
            had.pop_front();
            had.push_back(name);
        }
    }
    Ok(())
}

fn any_list(choices: &mut Unstructured<'_>) -> Result<MediaPlaylist> {
    let first = u64::from(choices.int_in_range(0..=11_u8)?) + if seldom(choices, 2)? { u64::MAX / 2 } else { 0 };
    let dated = seldom(choices, 80)?;
    let mut segments = Vec::new();
    let mut listed = HashSet::new();
    let mut start = noon() + TimeDelta::seconds(i64::from(choices.arbitrary::<u8>()?) - 100);
    for at in 0..choices.int_in_range(0..=7_u8)? {
        let sequence = first + u64::from(at);
        // Segments are mostly named by their number; sometimes by anything, so that names go round.
        let name = if seldom(choices, 60)? { u64::from(choices.int_in_range(0..=11_u8)?) } else { sequence };
        let folder = if seldom(choices, 20)? { "new/" } else { "" };
        let Some(url) = url(&format!("{folder}{name}.aac")) else { continue };
        let range_at = if seldom(choices, 10)? { Some(choices.int_in_range(0..=2_u8)?) } else { None };
        let byte_range = range_at.map(|offset| ByteRange { offset: offset.into(), length: 1 });
        let duration = Duration::from_millis(if seldom(choices, 30)? { 100 } else { 2000 });
        let repeat = !listed.insert((url.path().to_owned(), byte_range));
        segments.push(Segment {
            sequence,
            duration,
            claimed: Some(duration),
            byte_range,
            headers: ExtraHeaders::default(),
            key: None,
            map: None,
            programme_time: dated.then_some(start),
            discontinuity: seldom(choices, 10)?,
            gap: seldom(choices, 10)?,
            repeat,
            segment_key: url.path().to_owned(),
            url,
        });
        start += delta(duration) + if seldom(choices, 5)? { TimeDelta::seconds(3600) } else { TimeDelta::zero() };
    }
    Ok(MediaPlaylist {
        target_duration: Duration::from_secs(2),
        media_sequence: first,
        discontinuity_sequence: u64::from(seldom(choices, 10)?),
        segments,
        ended: seldom(choices, 10)?,
    })
}

/// How long so many segments play.
fn length(segments: usize) -> Duration {
    Duration::from_secs(2 * segments as u64)
}

fn fair_reloads(mut choices: Unstructured<'_>) -> Result<()> {
    let dated = choices.arbitrary::<u8>()? & 1 == 0;
    // Each segment has a folder of its own and all have one name: only number and date distinguish them.
    let renamed = dated && choices.arbitrary::<u8>()? & 1 == 0;
    // One path for all, and a query that names them.
    let by_query = !renamed && choices.arbitrary::<u8>()? & 1 == 0;
    let first = u64::from(choices.arbitrary::<u32>()?) >> choices.int_in_range(0..=31_u8)?;
    let steps = 3 + choices.int_in_range(0..=WINDOW - 3)?;
    let window = usize::from(steps);
    let mut timeline = Timeline::new(noon() - TimeDelta::minutes(10));
    let (mut newest, mut clock) = (window, Duration::ZERO);
    let mut expected = 0;
    let mut stale = 0;
    for reload in 0..200 {
        if choices.is_empty() && reload > 0 {
            break;
        }
        // An older copy now and then, but never for so long that it looks like a new beginning.
        stale =
            if seldom(&mut choices, 60)? && stale == 0 { 1 + usize::from(choices.int_in_range(0..=2_u8)?) } else { 0 };
        // At most as many as leave one known segment in the window.
        let step = if reload == 0 || stale > 0 { 0 } else { usize::from(choices.int_in_range(0..=steps - 1)?) };
        newest += step;
        clock += length(step) + Duration::from_millis(300);
        let (end, host) = (newest - stale.min(newest - window), choices.int_in_range(0..=2_u8)?);
        let addresses = (end - window..end).map(|at| {
            let host = ["radio.example", "cdn1.example", "cdn2.example"][usize::from(host)];
            let folder = if renamed { format!("session-{host}/") } else { String::new() };
            let file =
                if by_query { format!("play?n={at}&token={reload}") } else { format!("{at}.aac?token={reload}") };
            Some(Address { url: url(&format!("//{host}/live/{folder}{file}"))?, byte_range: None })
        });
        let Some(addresses) = addresses.collect::<Option<Vec<_>>>() else { return Ok(()) };
        let naming = Naming::of(&addresses);
        let segments = (end - window..end).zip(&addresses).map(|(at, address)| Segment {
            sequence: first + at as u64,
            url: address.url.clone(),
            segment_key: naming.segment_key(&address.url),
            duration: Duration::from_secs(2),
            claimed: Some(Duration::from_secs(2)),
            byte_range: None,
            headers: ExtraHeaders::default(),
            key: None,
            map: None,
            programme_time: dated.then(|| noon() - delta(length(window)) + delta(length(at))),
            discontinuity: false,
            gap: false,
            repeat: false,
        });
        let list = MediaPlaylist {
            target_duration: Duration::from_secs(2),
            media_sequence: first + (end - window) as u64,
            discontinuity_sequence: 0,
            segments: segments.collect(),
            ended: false,
        };
        let Some(from) = url(&format!("list.m3u8?token={reload}")) else { return Ok(()) };
        let observed = timeline.observe(&list, &from, noon() + delta(clock), clock);
        for new in &observed.new {
            let at = new.segment.sequence - first;
            assert_eq!(at, expected, "reload {reload}: {:?} {:?}", observed.reading, new.segment);
            assert!(!new.doubtful, "reload {reload}: {:?}", new.segment);
            expected = at + 1;
        }
        if stale == 0 {
            assert_eq!(expected, newest as u64, "reload {reload} leaves a hole: {:?}", observed.reading);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::corpus;

    #[test]
    fn every_playlist_is_made_safe() {
        corpus::check("playlist", 3000, playlist);
    }

    #[test]
    fn no_sequence_of_reloads_brings_a_segment_twice() {
        corpus::check("timeline", 3000, timeline);
    }
}

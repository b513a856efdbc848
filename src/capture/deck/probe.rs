//! A probe of a station: reach it, tape some seconds of it, and say what came.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Decks;
use crate::base::clock::Clock;
use crate::config::Station;
use crate::model::{AsCause, Cause, CauseKind, Span};
use crate::tape::{Tape, View};

/// The result of a probe.
#[derive(Debug, Clone)]
pub struct Probed {
    /// What was taped; `None` if not even a tape could be opened.
    pub tape: Option<Tape>,
    /// How much sound is on it.
    pub sound: Duration,
    /// When that was on the air.
    pub start: Option<DateTime<Utc>>,
    /// How long it took until the first sound came.
    pub waited: Option<Duration>,
    /// The format in words, and bits per second.
    pub rate: Option<(String, f64)>,
    /// Why it is not enough; `None` if it is.
    pub trouble: Option<Cause>,
    /// What was in the way before it was enough.
    pub at_first: Option<Cause>,
}

/// Reaches `station` and tapes it on one of `decks` until there are `enough` seconds, for no longer than `patience`.
pub async fn probe(
    station: &Arc<Station>,
    decks: &Decks,
    clock: &dyn Clock,
    enough: Duration,
    patience: Duration,
) -> Probed {
    let (now, begun) = (clock.now(), clock.monotonic());
    let lease = match decks.lease(station, now).await {
        Ok(lease) => lease,
        Err(error) => {
            let (sound, trouble) = (Duration::ZERO, Some(error.as_cause()));
            return Probed { tape: None, sound, start: None, waited: None, rate: None, trouble, at_first: None };
        }
    };
    let tape = lease.tape().clone();
    // Whatever arrives counts, even sound that was on the air before.
    let span = Span::new(now - TimeDelta::hours(1), now + TimeDelta::hours(1));
    let mut grown = tape.grown();
    let mut waited = None;
    let (sound, start) = loop {
        let view = tape.view(&span).await;
        let sound = view.sound();
        if !sound.is_zero() {
            waited.get_or_insert_with(|| clock.monotonic().saturating_sub(begun));
        }
        // What the station sends is no sound: there is nothing to wait for.
        if sound.is_zero() && lost(&view).is_some_and(|(length, _)| length >= enough) {
            break (sound, None);
        }
        let left = (begun + patience).saturating_sub(clock.monotonic());
        if sound >= enough || left.is_zero() {
            break (sound, view.start());
        }
        tokio::select! {
            _ = grown.changed() => {}
            () = clock.sleep(left) => {}
        }
    };
    let late = || Cause::new(CauseKind::Stalled, format!("no sound within {} s", patience.as_secs()));
    let view = tape.view(&span).await;
    // What the station sent says more than a request that failed.
    let sent = || lost(&view).map(|(_, cause)| cause);
    // Even if no request failed, lost sound has a cause.
    let any = || view.lost().map(|(_, cause)| cause.clone());
    let why = || sent().or_else(|| tape.trouble().map(|it| it.cause)).or_else(any).unwrap_or_else(late);
    let trouble = (sound < enough).then(why);
    let at_first = view.first_trouble(now).filter(|_| trouble.is_none()).map(|it| it.cause.clone());
    Probed { rate: tape.rate(), tape: Some(tape), sound, start, waited, trouble, at_first }
}

/// How much of what the station sent is unusable, and why.
fn lost(view: &View) -> Option<(Duration, Cause)> {
    let (length, cause) = view.lost()?;
    matches!(cause.kind, CauseKind::Unusable | CauseKind::Encrypted).then(|| (length, cause.clone()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::capture::source::hls::tests::station::{Answer, Station, sealed};
    use crate::config::Config;

    #[tokio::test]
    async fn sound_that_cannot_be_decrypted_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let (list, segment) = ("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n1.mp4\n", sealed());
        // Its list stands still.
        let station = Station::start(move |asked| match asked.path.as_str() {
            "/1.mp4" => Answer::ok(segment.clone()),
            _ => Answer::ok(list.into()),
        })
        .await;
        let url = station.url.join("list.m3u8").unwrap();
        let text = format!("timezone: UTC\nstations:\n  s:\n    hls: {url}\nshows: []\n");
        let config = Config::parse(&text, Path::new("stations.yaml")).unwrap();
        let environment = station.environment();
        let decks = Decks::new(environment.clone(), folder.path().join("tape"));
        let (enough, patience) = (Duration::from_secs(3), Duration::from_secs(20));
        let probed = probe(&config.stations[0], &decks, environment.clock.as_ref(), enough, patience);
        let probed = station.clock.pass_until(probed).await;
        let trouble = probed.trouble.unwrap();
        assert!(trouble.kind == CauseKind::Encrypted && trouble.words.contains("Common Encryption"), "{trouble:?}");
    }
}

//! Reloads the playlist at its pace, resolves the station again when its address is no longer good, and queues what is
//! new.
//!
//! Nothing is given up: every failure is reported once, and retried as [`policy`] says. While no new address can be
//! found, the old one is tried on. If the station offers several variants, one that does not deliver (its list fails or
//! stands still, its segments do not come) is left for another, and probed meanwhile.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::{BoxFuture, OptionFuture};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::failover::Failover;
use super::load::{Asking, LoadError, load, playable, standing_still};
use super::offer::Offer;
use super::playlist::{KEPT, MediaPlaylist, Playlist};
use super::timeline::{Ordered, Reading, Timeline};
use super::variants::{Master, Wish};
use super::{own_clock, pace, variant_probe};
use crate::base::environment::Environment;
use crate::base::http::{Client, HttpError};
use crate::base::redact;
use crate::capture::source::policy;
use crate::capture::source::resolve::{self, Entry};
use crate::capture::source::wrong_kind::WrongKind;
use crate::config::Hls;
use crate::model::{AsCause, Cause, CauseKind, MediaEvent};

/// How many lists of streams and master playlists may come before a media playlist, including that.
const MOST_MASTERS: usize = 6;
/// How long the resolving of the address may take.
const RESOLVE_LIMIT: Duration = Duration::from_mins(1);
/// The shortest time between two resolutions because of segments that are refused.
const RESOLVE_PAUSE: Duration = Duration::from_secs(5);

/// What both halves share.
#[derive(Debug)]
pub struct Reloader<'a> {
    pub(super) source: &'a Hls,
    pub(super) environment: &'a Environment,
    pub(super) client: Client,
    pub(super) offer: &'a Offer,
    pub(super) events: &'a mpsc::Sender<MediaEvent>,
    pub(super) stop: CancellationToken,
    pub(super) timeline: Timeline,
}

impl Reloader<'_> {
    /// Runs until stopped, or until the address stands for an endless stream; then `queue` ends.
    pub async fn run(self, queue: mpsc::Sender<Box<Ordered>>) -> Option<WrongKind> {
        let stop = self.stop.clone();
        let mut reloading = Reloading::new(self, queue);
        tokio::select! {
            () = stop.cancelled() => None,
            wrong_kind = reloading.until_wrong_kind() => Some(wrong_kind),
        }
    }
}

/// The address to reload from.
#[derive(Debug, Clone)]
struct PlaylistUrl {
    entry: Entry,
    /// Whether nothing was read from there yet.
    fresh: bool,
    /// When to resolve it again, before it expires; monotonic.
    renew: Option<Duration>,
}

struct Reloading<'a> {
    parts: Reloader<'a>,
    queue: mpsc::Sender<Box<Ordered>>,
    playlist_url: Option<PlaylistUrl>,
    variants: Failover,
    /// The probe of a variant that was left.
    proof: Option<BoxFuture<'a, (String, bool)>>,
    /// When to resolve the address (again); monotonic.
    resolve_at: Option<Duration>,
    /// The resolution that is under way while the old address is still reloaded.
    finding: Option<BoxFuture<'a, Result<Vec<Entry>, Cause>>>,
    resolved_at: Duration,
    /// How many resolutions there were since the last list that could be read.
    resolved: u32,
    /// How many resolutions in a row failed, and whether segments are refused meanwhile.
    not_found: u32,
    refused: bool,
    failures: u32,
    slow: u32,
    target: Option<Duration>,
    /// The number of the newest segment that was listed last.
    newest: Option<u64>,
    unchanged: u32,
    /// Whether the last new segments had dates that are believed.
    dated: bool,
    /// Since when there has been nothing new, and how often the address was resolved because of that.
    quiet_since: Duration,
    quiet_resolves: u32,
    trouble: Option<Cause>,
}

impl<'a> Reloading<'a> {
    fn new(parts: Reloader<'a>, queue: mpsc::Sender<Box<Ordered>>) -> Self {
        let now = parts.environment.clock.monotonic();
        Self {
            parts,
            queue,
            playlist_url: None,
            variants: Failover::default(),
            proof: None,
            resolve_at: Some(now),
            finding: None,
            resolved_at: now,
            resolved: 0,
            not_found: 0,
            refused: false,
            failures: 0,
            slow: 0,
            target: None,
            newest: None,
            unchanged: 0,
            dated: false,
            quiet_since: now,
            quiet_resolves: 0,
            trouble: None,
        }
    }

    async fn until_wrong_kind(&mut self) -> WrongKind {
        loop {
            let started = self.monotonic();
            let pace = if self.playlist_url.is_none() {
                policy::LONGEST
            } else {
                match self.load().await {
                    Ok(list) => self.read(&list, started).await,
                    Err(error) if self.is_wrong_kind(&error) => {
                        return WrongKind { cause: error.as_cause(), heard: self.target.is_some() };
                    }
                    Err(error) => self.failed(&error).await,
                }
            };
            self.wait(started, pace).await;
        }
    }

    fn monotonic(&self) -> Duration {
        self.parts.environment.clock.monotonic()
    }

    /// Waits until `pace` after `started`, or until there is another address. Resolves the address meanwhile if it is
    /// time to.
    async fn wait(&mut self, started: Duration, pace: Duration) {
        let until = started.saturating_add(pace);
        loop {
            let now = self.monotonic();
            let renew = self.playlist_url.as_ref().and_then(|playlist_url| playlist_url.renew);
            self.resolve_at = [self.resolve_at, renew].into_iter().flatten().min();
            if self.finding.is_none() && self.resolve_at.is_some_and(|at| at <= now) {
                self.finding = Some(self.find());
            }
            if self.proof.is_none() {
                self.proof = self.prove(now);
            }
            if self.segments_fail_from().is_some_and(|from| from <= now) && self.leave() {
                return;
            }
            let due = self.resolve_at.filter(|_| self.finding.is_none());
            let due = due.into_iter().chain(self.segments_fail_from()).fold(until, Duration::min);
            let left = due.saturating_sub(now);
            let clock = &self.parts.environment.clock;
            tokio::select! {
                Some(found) = OptionFuture::from(self.finding.as_mut()) => {
                    self.finding = None;
                    if self.found(found).await {
                        return;
                    }
                }
                Some((name, delivers)) = OptionFuture::from(self.proof.as_mut()) => {
                    self.proof = None;
                    let now = clock.monotonic();
                    if let Some(entry) = self.variants.looked_after(&name, delivers, now) {
                        return self.change(entry);
                    }
                }
                () = self.parts.offer.fetch_failed() => {}
                () = clock.sleep(left) => {
                    if clock.monotonic() >= until {
                        return;
                    }
                }
                () = self.parts.offer.rights_lost() => {
                    self.refused = true;
                    self.resolve_by(self.resolved_at.saturating_add(RESOLVE_PAUSE).max(now));
                }
            }
        }
    }

    /// Begins to probe a better variant that was left a while ago.
    fn prove(&self, now: Duration) -> Option<BoxFuture<'a, (String, bool)>> {
        let choice = self.variants.due(now)?.clone();
        let (client, clock) = (self.parts.client.with(&choice.entry.headers), self.parts.environment.clock.clone());
        let variables = self.variants.variables().cloned();
        Some(Box::pin(async move {
            let delivers = variant_probe::delivers(client, clock, choice.entry.url, variables).await;
            (choice.name, delivers)
        }))
    }

    /// From when on the segments of the variant that is played have failed for so long that it is left, if there is another
    /// and none comes until then.
    fn segments_fail_from(&self) -> Option<Duration> {
        let since = self.parts.offer.failing_since().filter(|_| self.variants.has_spare())?;
        Some(since.saturating_add(pace::segments_patience(self.target)))
    }

    /// Leaves the variant that is played, if there is another.
    fn leave(&mut self) -> bool {
        let Some(entry) = self.variants.leave(self.monotonic()) else { return false };
        self.change(entry);
        true
    }

    /// Plays the variant at `entry` from now on.
    fn change(&mut self, entry: Entry) {
        let Some(playlist_url) = &mut self.playlist_url else { return };
        let (from, to) = (redact::url(&playlist_url.entry.url), redact::url(&entry.url));
        tracing::info!(%from, %to, "another variant of the station is played");
        (playlist_url.entry, playlist_url.fresh) = (entry, true);
        let now = self.monotonic();
        self.parts.offer.begin(now, self.variants.has_spare());
        (self.quiet_since, self.unchanged) = (now, 0);
    }

    fn resolve_by(&mut self, at: Duration) {
        self.resolve_at = Some(self.resolve_at.map_or(at, |before| before.min(at)));
    }

    fn find(&self) -> BoxFuture<'a, Result<Vec<Entry>, Cause>> {
        let (source, client, environment) = (self.parts.source, self.parts.client.clone(), self.parts.environment);
        Box::pin(async move {
            let finding = resolve::find(&source.address, &client, environment);
            let late = |_| {
                let words = format!("finding the stream's address took longer than {} s", RESOLVE_LIMIT.as_secs());
                Cause::new(CauseKind::Address, words)
            };
            let found = environment.clock.timeout(RESOLVE_LIMIT, finding).await.map_err(late)?;
            let found = found.map_err(|error| error.as_cause())?;
            let none = found.first().map(|entry| format!("{} is no http address", redact::url(&entry.url)));
            let entries = playable(found);
            if entries.is_empty() { Err(Cause::new(CauseKind::Address, none.unwrap_or_default())) } else { Ok(entries) }
        })
    }

    /// Takes the new address, or reports why there is none.
    async fn found(&mut self, found: Result<Vec<Entry>, Cause>) -> bool {
        self.resolved = self.resolved.saturating_add(1);
        self.resolved_at = self.monotonic();
        self.resolve_at = None;
        match found {
            Ok(mut entries) => {
                (self.not_found, self.refused) = (0, false);
                let now = self.parts.environment.clock.now();
                let expires = entries.iter().filter_map(|entry| resolve::expires(&entry.url, now)).min();
                let renew = expires.and_then(|expires| self.renewal(expires));
                self.variants.begin_anew(self.resolved > 1 || self.quiet_resolves > 0, self.resolved_at);
                let entry = if entries.len() > 1 {
                    self.variants.choose(&Master::of_equals(entries), Wish::default(), self.resolved_at)
                } else {
                    entries.pop()
                };
                self.playlist_url = entry.map(|entry| PlaylistUrl { entry, fresh: true, renew });
                true
            }
            Err(cause) => {
                self.not_found = self.not_found.saturating_add(1);
                let again = self.resolved_at.saturating_add(policy::ADDRESS.wait(self.not_found));
                match &mut self.playlist_url {
                    // An address that expires has to be renewed even if it still works.
                    Some(PlaylistUrl { renew: renew @ Some(_), .. }) => *renew = Some(again),
                    _ => self.resolve_by(again),
                }
                self.tell(cause).await;
                false
            }
        }
    }

    /// When to renew an address that expires at `expires`. One that has expired already is used for as long as it
    /// works.
    fn renewal(&self, expires: DateTime<Utc>) -> Option<Duration> {
        let life = (expires - self.parts.environment.clock.now()).to_std().ok().filter(|life| !life.is_zero())?;
        // An address that does not change is not resolved over and over in its last moments.
        let pause = policy::ADDRESS.wait(self.resolved).max(Duration::from_secs(1));
        let until = life.saturating_sub(pace::renewal_lead(life)).max(pause);
        Some(self.monotonic().saturating_add(until))
    }

    /// One reload; a master playlist is followed to the variant it names.
    async fn load(&mut self) -> Result<MediaPlaylist, LoadError> {
        let Hls { max_bitrate, language, .. } = self.parts.source;
        let wish = Wish { max_bitrate: *max_bitrate, language: language.as_deref() };
        for _ in 0..MOST_MASTERS {
            let Some(playlist_url) = &mut self.playlist_url else { return Err(LoadError::NoVariant) };
            let limit = pace::playlist_limit(self.target, self.slow);
            let asking = Asking { limit, variables: self.variants.variables(), newest: self.newest, kept: KEPT };
            let Entry { url, headers } = &playlist_url.entry;
            match load(&self.parts.client.with(headers), url, asking).await? {
                Playlist::Media(list) => return Ok(list.under(headers)),
                Playlist::Master(master) => {
                    let now = self.parts.environment.clock.monotonic();
                    let master = master.under(headers);
                    playlist_url.entry = self.variants.choose(&master, wish, now).ok_or(LoadError::NoVariant)?;
                }
            }
        }
        Err(LoadError::OnlyMasters)
    }

    /// Whether `error` means that the address is that of a stream. An address that was that of a list before may play
    /// something else for a moment.
    fn is_wrong_kind(&self, error: &LoadError) -> bool {
        let is_sound = matches!(error, LoadError::Sound { .. });
        is_sound && (self.target.is_none() || policy::PLAYLIST.gives_up_address(self.failures.saturating_add(1)))
    }

    /// Counts a failure. Returns how long to wait.
    async fn failed(&mut self, error: &LoadError) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let http = if let LoadError::Http(error) = error { Some(error) } else { None };
        let timed_out = matches!(http, Some(HttpError::TimedOut { .. }));
        if timed_out {
            self.slow = self.slow.saturating_add(1);
        }
        self.tell(error.as_cause()).await;
        // A list that does not answer has taken the time of several failures.
        if let Some(entry) = self.variants.failed(if timed_out { 2 } else { 1 }, self.monotonic()) {
            self.change(entry);
            if !self.variants.is_last_resort() {
                return Duration::ZERO;
            }
        }
        let rights = http.and_then(HttpError::status).is_some_and(|status| policy::PLAYLIST.lost_rights(status));
        if rights || policy::PLAYLIST.gives_up_address(self.failures) {
            // The first resolution since the address last worked is made at once.
            let pause = if self.resolved == 0 { Duration::ZERO } else { policy::ADDRESS.wait(self.resolved) };
            if self.resolve_at.is_none() && self.finding.is_none() {
                self.resolve_by(self.monotonic().saturating_add(pause));
            }
        }
        policy::PLAYLIST.at_most(self.target).wait(self.failures)
    }

    /// Queues what is new in `list`, requested at `started`. Returns how long after that to reload next.
    async fn read(&mut self, list: &MediaPlaylist, started: Duration) -> Duration {
        let now = self.parts.environment.clock.now();
        let monotonic = self.monotonic();
        let Some(playlist_url) = &mut self.playlist_url else { return policy::LONGEST };
        if std::mem::take(&mut playlist_url.fresh) {
            self.parts.offer.begin(monotonic, self.variants.has_spare());
        }
        self.variants.list_works();
        (self.failures, self.resolved) = (0, 0);
        if monotonic.saturating_sub(started) < pace::playlist_limit(self.target, 0) {
            self.slow = 0;
        }
        let step = pace::step(list.target_duration, list.says_no_lengths(), self.parts.offer.length());
        self.target = Some(step);
        self.newest = list.segments.last().map(|last| last.sequence).or(self.newest);

        let observed = self.parts.timeline.observe(list, &playlist_url.entry.url, now, monotonic);
        tracing::trace!(reading = ?observed.reading, new = observed.new.len(), "reloaded");
        if let Some(told) = own_clock::told(&observed.new) {
            self.parts.environment.witnesses.note_programme(told, monotonic);
        }
        if let Some(offered) = observed.offered {
            self.parts.offer.set(offered);
        }
        if let Reading::Jumped(missed) = observed.reading {
            let many = missed.map_or_else(|| "some".to_owned(), |missed| missed.to_string());
            let words = format!("the station's playlist moved on past {many} segments that were never seen");
            self.tell(Cause::new(CauseKind::Segment, words)).await;
        }
        if let Some(newest) = observed.new.last() {
            self.dated = newest.segment.programme_time.is_some();
            self.unchanged = 0;
            self.quiet_since = monotonic;
            self.quiet_resolves = 0;
            self.works_after_all();
            if self.parts.offer.comes() {
                self.variants.delivers(monotonic);
            }
        } else {
            self.unchanged = self.unchanged.saturating_add(1);
            self.quiet(list, monotonic).await;
        }
        for new in observed.new {
            if self.queue.send(Box::new(new)).await.is_err() {
                break;
            }
        }
        if self.playlist_url.as_ref().is_some_and(|playlist_url| playlist_url.fresh) {
            // It was left for another just now.
            return Duration::ZERO;
        }
        pace::pace(step, self.unchanged, self.dated)
    }

    /// There are new segments: an address that could not be found is not needed any more, unless the present one
    /// expires soon.
    fn works_after_all(&mut self) {
        let runs_out = self.playlist_url.as_ref().is_some_and(|playlist_url| playlist_url.renew.is_some());
        if self.not_found == 0 {
            self.trouble = None;
        } else if !self.refused && !runs_out {
            (self.trouble, self.resolve_at, self.not_found) = (None, None, 0);
        }
    }

    /// A list that has stood still for long may have another address by now, or a variant that goes on.
    async fn quiet(&mut self, list: &MediaPlaylist, monotonic: Duration) {
        let patience = pace::quiet_patience(list.target_duration);
        let quiet = monotonic.saturating_sub(self.quiet_since);
        if quiet >= pace::variant_patience(list.target_duration) && self.leave() {
            self.tell(standing_still(list)).await;
            return;
        }
        if quiet < patience.saturating_mul(2_u32.saturating_pow(self.quiet_resolves.min(6))) {
            return;
        }
        self.quiet_resolves = self.quiet_resolves.saturating_add(1);
        self.resolve_by(monotonic);
        self.tell(standing_still(list)).await;
    }

    /// Reports a cause once, until it changes or there is sound again.
    async fn tell(&mut self, cause: Cause) {
        if self.trouble.as_ref() == Some(&cause) {
            return;
        }
        self.trouble = Some(cause.clone());
        let at = self.parts.environment.clock.now();
        // The committing half notices if nobody receives the events any more.
        let _ = self.parts.events.send(MediaEvent::Trouble { at, cause }).await;
    }
}

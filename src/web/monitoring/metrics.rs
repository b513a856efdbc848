//! Metrics for Prometheus, in its text format (OpenMetrics).
//!
//! What the catalogue counts is a gauge, not a counter: an airing that is cut again changes its verdict, and a counter
//! that goes down looks like a restart. These values survive restarts. Labels are few and fixed.

use std::sync::atomic::AtomicU64;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::library::catalogue::{CopyTotals, MessageTotals, Totals};
use crate::library::store::free_space;
use crate::model::CauseKind;
use crate::renditions::CacheStanding;
use crate::tape_copies::Counted;
use crate::web::Site;
use crate::web::answer::broken;
use crate::web::site::presence::Sums;

/// The media type of the answer.
const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// All verdicts, also those that no airing has yet.
const VERDICTS: [&str; 4] = ["complete", "partial", "silent", "failed"];

type Labels = [(&'static str, &'static str); 1];
type Numbers = Gauge<f64, AtomicU64>;

/// Returns all metrics.
pub(super) async fn get(State(site): State<Site>) -> Response {
    let (catalogue, store, now) = (&site.catalogue, &site.store, site.environment.clock.monotonic());
    let sums = site.presence.sums(catalogue, store, site.store_place(), now).await;
    let (totals, sums) = match (catalogue.totals().await, sums) {
        (Ok(totals), Ok(sums)) => (totals, sums),
        (Err(error), _) | (_, Err(error)) => return broken(&error),
    };
    let links = match catalogue.count_links(site.now()).await {
        Ok(links) => links,
        Err(error) => return broken(&error),
    };
    let mut registry = Registry::with_prefix("aircheck");
    registry.register("build", "The release that runs", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
    let started = site.started.timestamp_millis() as f64 / 1000.0;
    single(&mut registry, "start_time", "When the daemon was started, in Unix time", Some(Unit::Seconds), started);
    library(&mut registry, &totals);
    single(&mut registry, "links", "Links to share that have not expired", None, links as f64);
    let down = site.checkups.down().len();
    single(
        &mut registry,
        "stations_down",
        "Stations that did not answer when they were tried ahead",
        None,
        down as f64,
    );
    if let Some(ahead) = site.checkups.machine_clock().ahead() {
        let help = "How far the clock of this machine is ahead of those of stations; negative if it is behind";
        single(&mut registry, "clock_ahead", help, Some(Unit::Seconds), ahead.as_seconds_f64());
    }
    if let Some(sums) = sums {
        files(&mut registry, &sums);
    }
    if let Some(place) = site.store_place() {
        match catalogue.copy_totals(place).await {
            Ok(totals) => copies(&mut registry, &site, &totals),
            Err(error) => return broken(&error),
        }
        tapes(&mut registry, &site.tape_copies.counted());
    }
    if site.renditions.rule().is_some() {
        renditions(&mut registry, &site.renditions.cache());
    }
    if !site.config().notify.is_empty() {
        match catalogue.message_totals().await {
            Ok(totals) => messages(&mut registry, &site, &totals),
            Err(error) => return broken(&error),
        }
    }
    work(&mut registry, &site);
    room(&mut registry, &site).await;
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => ([(CONTENT_TYPE, KIND)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Adds the airings by their verdict, and what is missing.
fn library(registry: &mut Registry, totals: &Totals) {
    let airings = Family::<Labels, Gauge>::default();
    for verdict in VERDICTS {
        let count = totals.verdicts.get(verdict).copied().unwrap_or_default();
        airings.get_or_create(&[("verdict", verdict)]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    registry.register("airings", "Airings that are over, by their verdict", airings);
    let seconds = Some(Unit::Seconds);
    single(registry, "captured", "Sound in all recordings that were ever made", seconds.clone(), totals.seconds);
    single(registry, "dead_air", "Sound in which nothing can be heard", seconds, totals.dead_air);
    let missing = Family::<Labels, Numbers>::default();
    for kind in CauseKind::ALL {
        let seconds = totals.missing.get(&kind).copied().unwrap_or_default();
        missing.get_or_create(&[("cause", kind.name())]).set(seconds);
    }
    registry.register_with_unit("missing", "What is missing from all airings", Unit::Seconds, missing);
}

/// Adds the recordings by whether their file exists.
fn files(registry: &mut Registry, sums: &Sums) {
    let (recordings, sound) = (Family::<Labels, Gauge>::default(), Family::<Labels, Numbers>::default());
    for (file, sum) in [("there", sums.there), ("store", sums.store), ("gone", sums.gone)] {
        recordings.get_or_create(&[("file", file)]).set(sum.recordings.into());
        sound.get_or_create(&[("file", file)]).set(sum.seconds);
    }
    let help =
        "Recordings on the list, by whether their file is in the folder or only the store has it; at most a minute old";
    registry.register("recordings", help, recordings);
    registry.register_with_unit("recordings_sound", "Sound in them", Unit::Seconds, sound);
}

/// Adds how far the copies to the object store are, and whether it can be used.
fn copies(registry: &mut Registry, site: &Site, totals: &CopyTotals) {
    let copies = Family::<Labels, Gauge>::default();
    for (state, count) in [("queued", totals.queued), ("done", totals.done)] {
        copies.get_or_create(&[("state", state)]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    registry.register("copies", "Copies of recordings to the store, by whether it has them", copies);
    let waited = totals.waiting_since.map_or(0.0, |since| (site.now() - since).as_seconds_f64().max(0.0));
    single(registry, "copies_waiting", "How long the oldest queued copy waits", Some(Unit::Seconds), waited);
    let trouble = f64::from(u8::from(site.copies.trouble().is_some()));
    single(registry, "store_trouble", "Whether the store cannot be used at the moment", None, trouble);
}

/// Adds how far the messages to targets are, and how many targets cannot be told anything.
fn messages(registry: &mut Registry, site: &Site, totals: &MessageTotals) {
    let messages = Family::<Labels, Gauge>::default();
    for (state, count) in [("waiting", totals.waiting), ("sent", totals.sent), ("dropped", totals.dropped)] {
        messages.get_or_create(&[("state", state)]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    let help = "Messages of the last 30 days to the targets of notify, by whether they were taken";
    registry.register("messages", help, messages);
    let waited = totals.waiting_since.map_or(0.0, |since| (site.now() - since).as_seconds_f64().max(0.0));
    single(registry, "messages_waiting", "How long the oldest message waits", Some(Unit::Seconds), waited);
    let troubles = site.notify.troubles().len();
    single(registry, "targets_trouble", "Targets that cannot be told anything at the moment", None, troubles as f64);
}

/// Adds what was copied of tapes to the object store.
fn tapes(registry: &mut Registry, counted: &Counted) {
    let copies = Family::<Labels, Counter>::default();
    for (what, count) in [("reels", counted.reels), ("accounts", counted.accounts)] {
        copies.get_or_create(&[("what", what)]).inc_by(count);
    }
    registry.register("tape_copies", "What was copied of tapes to the store since the start", copies);
    let help = "Reels that have ended, and wait to be copied to the store";
    single(registry, "tape_copies_waiting", help, None, counted.waiting as f64);
    let lost = Counter::<u64>::default();
    lost.inc_by(counted.lost);
    let help = "Reels that were deleted from the tape before they were copied to the store";
    registry.register("tape_copies_lost", help, lost);
}

/// Adds what is kept of recordings as HLS, and what became of what was asked for.
fn renditions(registry: &mut Registry, cache: &CacheStanding) {
    single(registry, "hls_cache", "What is kept of recordings as HLS", Some(Unit::Bytes), cache.bytes as f64);
    let segments = Family::<Labels, Counter>::default();
    for (result, count) in [("hit", cache.hits), ("miss", cache.misses)] {
        segments.get_or_create(&[("cache", result)]).inc_by(count);
    }
    let help = "Segments of recordings as HLS that were asked for, by whether they were there or had to be encoded";
    registry.register("hls_segments", help, segments);
    let evictions = Counter::<u64>::default();
    evictions.inc_by(cache.evicted);
    let help = "Parts of recordings as HLS, some minutes each, that were deleted to make room for others";
    registry.register("hls_evictions", help, evictions);
}

/// Adds what is being recorded and taped.
fn work(registry: &mut Registry, site: &Site) {
    let recording = site.airings.running().len();
    single(registry, "recording", "Airings being recorded", None, recording as f64);
    single(registry, "decks_running", "Stations being taped", None, site.decks.running().len() as f64);
    let tally = site.decks.tally();
    let sound = Family::<Labels, Counter<f64, AtomicU64>>::default();
    for (fate, duration) in [("taped", tally.taped), ("repeated", tally.repeated), ("lost", tally.lost)] {
        sound.get_or_create(&[("fate", fate)]).inc_by(duration.as_secs_f64());
    }
    let help = "What became of the sound that was taken from stations: on tape, proven to be there already, or lost";
    registry.register_with_unit("sound", help, Unit::Seconds, sound);
    let taken = Counter::<f64, AtomicU64>::default();
    taken.inc_by(tally.taken.as_secs_f64());
    let help = "Sound taken from stations, or known to be lost; the sum of what became of it";
    registry.register_with_unit("sound_taken", help, Unit::Seconds, taken);
    if let Some(speed) = site.recorder.encode_speed() {
        let help = "How many times faster than it plays the last recording of a minute or more was encoded";
        single(registry, "encode_speed", help, Some(Unit::Ratios), speed);
    }
}

/// Adds the free space of the disks.
async fn room(registry: &mut Registry, site: &Site) {
    let config = site.config();
    let free = Family::<Labels, Numbers>::default();
    let (recordings, state) = (site.store.free_space().await, free_space(site.decks.folder()).await);
    for (name, room) in [("recordings", recordings), ("state", state)] {
        // A folder that does not answer has no value.
        if let Ok(bytes) = room {
            free.get_or_create(&[("folder", name)]).set(bytes as f64);
        }
    }
    let spare = Family::<Labels, Numbers>::default();
    for disk in site.outlook.disks() {
        spare.get_or_create(&[("folder", disk.name)]).set(disk.spare);
    }
    let help = "Least room above min_free in the next 24 hours, by what is planned; negative if that does not fit";
    registry.register_with_unit("disk_spare", help, Unit::Bytes, spare);
    registry.register_with_unit("disk_free", "Free room where the folder is", Unit::Bytes, free);
    let help = "The room below which nothing new is recorded";
    single(registry, "disk_min_free", help, Some(Unit::Bytes), config.min_free as f64);
}

fn single(registry: &mut Registry, name: &str, help: &str, unit: Option<Unit>, value: f64) {
    let gauge = Numbers::default();
    gauge.set(value);
    match unit {
        Some(unit) => registry.register_with_unit(name, help, unit, gauge),
        None => registry.register(name, help, gauge),
    }
}

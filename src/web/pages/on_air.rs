//! The page of running airings: how far and how loud each is, what is missing so far, and listening from its beginning.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::SecondsFormat;
use minijinja::context;
use serde::Serialize;

use super::render::{render, serde};
use super::shown::causes::{self, Said};
use super::shown::slots::{Slot, on_air, version};
use crate::base::blocking::blocking;
use crate::base::readable::clock;
use crate::language::Language;
use crate::recorder::Progress;
use crate::web::Site;
use crate::web::answer::language;

/// A running airing, and how far it is.
#[derive(Debug, Serialize)]
struct Now {
    #[serde(flatten)]
    slot: Slot,
    /// The end of its recording, padding included; RFC 3339.
    until: String,
    /// Its length in seconds.
    seconds: f64,
    /// Seconds on tape and missing, as numbers and as people read them.
    on_tape: f64,
    missing: f64,
    on_tape_said: String,
    missing_said: String,
    /// From when on there is sound, if the beginning is missing: `14:02`, else empty.
    sound_from: String,
    /// Why no sound comes at the moment, or what keeps the airing from being finished.
    trouble: Option<Said>,
}

/// Returns the page.
pub(super) async fn page(State(site): State<Site>, headers: HeaderMap) -> Response {
    let (config, language) = (site.config(), language::of(&headers));
    let recorder = site.recorder.clone();
    let progress = blocking(move || recorder.progress()).await;
    let now: Vec<_> = progress
        .into_iter()
        .map(|progress| {
            let slot = on_air(&progress.running.airing, &progress.running.title, &config, language);
            // The configuration may no longer have the station.
            now(Slot { station: progress.running.station.clone(), ..slot }, progress, language)
        })
        .collect();
    let shown: Vec<_> = now.iter().map(|now| (&now.slot, &now.until, &now.sound_from)).collect();
    let values = context! {
        here => "on-air",
        version => version(&shown),
        causes => causes::sentences(language),
        now => serde(now),
    };
    render("on-air.html", &site, &headers, StatusCode::OK, values)
}

fn now(slot: Slot, progress: Progress, language: &Language) -> Now {
    let cut = progress.running.airing.cut();
    let said = |length: Duration| clock(length.as_secs_f64());
    let zone = progress.running.airing.timezone;
    let begins = progress.begins.map(|begins| begins.with_timezone(&zone).format("%H:%M").to_string());
    Now {
        sound_from: begins.unwrap_or_default(),
        slot,
        until: cut.end.to_rfc3339_opts(SecondsFormat::Millis, true),
        seconds: cut.length().as_seconds_f64(),
        on_tape: progress.on_tape.as_secs_f64(),
        missing: progress.missing.as_secs_f64(),
        on_tape_said: said(progress.on_tape),
        missing_said: said(progress.missing),
        trouble: progress.trouble.map(|cause| causes::said(&cause, language)),
    }
}

//! Samples of a short stretch of tape or of a recording, for the editor of clips: one channel of 16 bits in a WAV file
//! (RIFF, Microsoft 1991). What is missing is silence.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::TimeDelta;
use serde::Deserialize;

use crate::base::blocking::blocking;
use crate::copies::only_there;
use crate::encode::{self, ClipSource, FileSound};
use crate::language::Sentence;
use crate::model::AiringId;
use crate::web::Site;
use crate::web::answer::Problem;
use crate::web::extract::{Instant, Path, Query};
use crate::web::site::tapes::Taped;

/// The longest stretch.
const LONGEST: Duration = Duration::from_mins(1);
/// How many samples a second may be asked for.
const RATES: std::ops::RangeInclusive<u32> = 8_000..=48_000;
/// `Cache-Control`: what is missing now may come.
const A_MINUTE: &str = "private, max-age=60";

/// Returns the router of samples.
pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/live/{station}/samples.wav", get(of_tape))
        .route("/media/{recording}/samples.wav", get(of_recording))
}

/// A stretch of tape.
#[derive(Debug, Deserialize)]
struct TapeParams {
    start: Instant,
    end: Instant,
    #[serde(default)]
    rate: Rate,
}

/// A stretch of a recording, in seconds.
#[derive(Debug, Deserialize)]
struct RecordingParams {
    from: f64,
    to: f64,
    #[serde(default)]
    rate: Rate,
}

/// How many samples a second has.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Rate(u32);

impl Default for Rate {
    fn default() -> Self {
        Self(*RATES.end())
    }
}

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let within = text.parse().ok().filter(|rate| RATES.contains(rate));
        within.map(Self).ok_or_else(|| format!("{text:?} is not a number of samples from 8000 to 48000"))
    }
}

async fn of_tape(
    State(site): State<Site>,
    Path(station): Path<String>,
    Query(asked): Query<TapeParams>,
) -> Result<Response, Problem> {
    let taped = Taped::of(&site, &station).await?;
    let longest = TimeDelta::from_std(LONGEST).unwrap_or(TimeDelta::MAX);
    if asked.end.0 - asked.start.0 > longest {
        return Err(too_long());
    }
    let span = taped.stretch(asked.start.0, asked.end.0, TimeDelta::hours(1))?;
    answer(&site, ClipSource::Tape { tape: taped.tape, span }, asked.rate).await
}

async fn of_recording(
    State(site): State<Site>,
    Path(recording): Path<String>,
    Query(asked): Query<RecordingParams>,
) -> Result<Response, Problem> {
    let id = AiringId::new(&recording);
    let unknown = || Problem::not_found(Sentence::new("problem_no_recording").with("recording", &recording));
    let found = site.catalogue.get(&id).await?.ok_or_else(unknown)?;
    if found.file.is_none() || found.binned.is_some() {
        return Err(unknown());
    }
    let seconds = |seconds| Duration::try_from_secs_f64(seconds).ok();
    let stretch = seconds(asked.from).zip(seconds(asked.to)).filter(|(from, to)| from < to);
    let (from, to) = stretch.ok_or_else(|| {
        Problem::technical(StatusCode::UNPROCESSABLE_ENTITY, "`to` must be later than `from`, both in seconds")
    })?;
    if to.saturating_sub(from) > LONGEST {
        return Err(too_long());
    }
    let unreadable = |error: &dyn std::error::Error| {
        tracing::error!(%error, %recording, "a recording cannot be read");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, Sentence::new("problem_file_unreadable"))
    };
    let (config, clock) = (site.config(), &site.environment.clock);
    let path = only_there::sound_of(&found, &config, Some(&site.catalogue), &site.store, clock).await;
    let path = path.map_err(|error| unreadable(&error))?;
    let sound = blocking(move || FileSound::open(&path, from, to)).await.map_err(|error| unreadable(&error))?;
    answer(&site, ClipSource::File { sound }, asked.rate).await
}

fn too_long() -> Problem {
    let seconds = LONGEST.as_secs();
    Problem::technical(StatusCode::UNPROCESSABLE_ENTITY, format!("a stretch of samples has {seconds} seconds at most"))
}

async fn answer(site: &Site, source: ClipSource, Rate(rate): Rate) -> Result<Response, Problem> {
    // Never closed: it lives as long as the site.
    let _slot = site.decoders.acquire().await;
    let samples = encode::samples(&source, rate, &site.environment.clock).await.map_err(|error| {
        tracing::error!(%error, "samples could not be decoded");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, Sentence::new("problem_file_unreadable"))
    })?;
    let head = [(CONTENT_TYPE, "audio/wav"), (CACHE_CONTROL, A_MINUTE)];
    Ok((head, wave(&samples, rate)).into_response())
}

/// Returns a WAV file of one channel of 16-bit samples.
fn wave(samples: &[u8], rate: u32) -> Vec<u8> {
    let size = u32::try_from(samples.len()).unwrap_or(u32::MAX - 36);
    let mut file = Vec::with_capacity(samples.len() + 44);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + size).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    // PCM, one channel.
    file.extend_from_slice(&[1, 0, 1, 0]);
    file.extend_from_slice(&rate.to_le_bytes());
    file.extend_from_slice(&(2 * rate).to_le_bytes());
    // Two bytes a sample, 16 bits.
    file.extend_from_slice(&[2, 0, 16, 0]);
    file.extend_from_slice(b"data");
    file.extend_from_slice(&size.to_le_bytes());
    file.extend_from_slice(samples);
    file
}

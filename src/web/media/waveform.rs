//! The waveform of a recording as a small picture. Scripts colour it; without scripts it is shown as it is.

use std::fmt::Write as _;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::library::catalogue::Catalogue;
use crate::model::AiringId;
use crate::web::answer::broken;

/// How many bars a picture has.
#[derive(Debug, Deserialize)]
pub(super) struct Size {
    #[serde(default = "usual")]
    bars: usize,
}

fn usual() -> usize {
    120
}

/// `Cache-Control`: the address changes with the recording.
const A_WEEK: &str = "private, max-age=604800, immutable";

/// The fewest and the most bars.
const BARS: std::ops::RangeInclusive<usize> = 10..=1000;

/// Half the height of the picture.
const HALF: f64 = 50.0;

/// Returns the waveform at `/waveforms/ID.svg`. The page adds another query when a recording is cut again.
pub(super) async fn picture(
    State(catalogue): State<Catalogue>,
    Path(name): Path<String>,
    Query(size): Query<Size>,
) -> Response {
    let Some(id) = name.strip_suffix(".svg") else { return StatusCode::NOT_FOUND.into_response() };
    of(&catalogue, &AiringId::new(id), &size, A_WEEK).await
}

/// Returns the waveform of the recording `id`. `cache_control`: how long the client may keep it.
pub(super) async fn of(catalogue: &Catalogue, id: &AiringId, size: &Size, cache_control: &'static str) -> Response {
    match catalogue.peaks(id).await {
        Ok(Some(peaks)) => {
            let bars = bars(&peaks.levels, size.bars.clamp(*BARS.start(), *BARS.end()));
            let headers = [(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, cache_control)];
            (headers, drawn(&bars)).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => broken(&error),
    }
}

/// Returns the heights of `count` bars, from 0 to 1. Broadcast sound is so compressed that its peaks look like a brick;
/// the mean of the peaks of each stretch, squared, shows where speech, music and pauses are.
fn bars(levels: &[u8], count: usize) -> Vec<f64> {
    let means: Vec<f64> = (0..count)
        .map(|bar| {
            let from = bar * levels.len() / count;
            let to = ((bar + 1) * levels.len() / count).max(from + 1).min(levels.len());
            let stretch = levels.get(from..to).unwrap_or_default();
            stretch.iter().map(|level| f64::from(*level)).sum::<f64>() / (stretch.len().max(1) as f64)
        })
        .collect();
    let highest = means.iter().copied().fold(1.0, f64::max);
    means.iter().map(|mean| (mean / highest).powi(2)).collect()
}

/// Draws one path of upright bars, mirrored.
fn drawn(bars: &[f64]) -> String {
    let mut path = String::with_capacity(bars.len() * 20);
    for (bar, height) in bars.iter().enumerate() {
        // A silent stretch is still a line.
        let half = (height * HALF).max(2.0);
        let _ = write!(path, "M{} {:.0}v{:.0}h2v-{:.0}z", bar * 3, HALF - half, 2.0 * half, 2.0 * half);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} 100\" preserveAspectRatio=\"none\">\
         <path fill=\"#8a857f\" d=\"{path}\"/></svg>",
        bars.len() * 3 - 1
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loud_stretches_are_high_whatever_the_number_of_levels() {
        let levels: Vec<u8> = [vec![200; 5000], vec![0; 2500], vec![100; 2500]].concat();
        let bars = bars(&levels, 4);
        assert_eq!(bars, [1.0, 1.0, 0.0, 0.25]);
        assert_eq!(super::bars(&[255], 3), [1.0; 3], "fewer levels than bars");
        assert_eq!(super::bars(&[], 3), [0.0; 3]);
        assert!(drawn(&bars).contains("viewBox=\"0 0 11 100\""));
    }
}

//! The JSON of tracks.

use serde::Serialize;
use utoipa::ToSchema;

use super::stamp;
use crate::base::zone::Zone;
use crate::library::catalogue;
use crate::model;

/// A track: what a station said that it played, as far as a recording has it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Track {
    /// When it went on the air.
    #[schema(format = DateTime)]
    pub start: String,
    /// Until when it was on the air.
    #[schema(format = DateTime)]
    pub end: String,
    /// Where in the file it begins, in seconds.
    pub at: f64,
    /// How long it plays there, in seconds.
    pub seconds: f64,
    /// The station's words.
    #[schema(example = "Clara Schumann - Romanze")]
    pub text: String,
    /// The artist; null if the words do not tell it beyond doubt.
    #[schema(example = "Clara Schumann")]
    pub artist: Option<String>,
    /// The title; all words if they do not tell an artist.
    #[schema(example = "Romanze")]
    pub title: String,
}

/// A track and the recording that has it: the objects of `tracks --json`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Played {
    /// The id of its airing, which is that of the recording.
    #[schema(example = "x@20261120T0300Z")]
    pub airing: String,
    /// The show's id.
    pub show: String,
    /// The station's id.
    pub station: String,
    /// The track.
    #[serde(flatten)]
    pub track: Track,
}

impl Track {
    /// Returns the track, by the clock of `zone`.
    pub fn of(track: &model::Track, zone: Zone) -> Self {
        let (artist, title) = track.artist_and_title();
        Self {
            start: stamp(track.on_air.start, zone),
            end: stamp(track.on_air.end, zone),
            at: track.at.as_secs_f64(),
            seconds: track.length.as_secs_f64(),
            text: track.text.clone(),
            artist: artist.map(str::to_owned),
            title: title.to_owned(),
        }
    }
}

impl Played {
    /// Returns the track with its recording, by the clock of `zone`.
    pub fn of(played: &catalogue::Played, zone: Zone) -> Self {
        Self {
            airing: played.airing.to_string(),
            show: played.show.to_string(),
            station: played.station.to_string(),
            track: Track::of(&played.track, zone),
        }
    }
}

//! What a recording is called, and what is written into it: its tags and its picture.

use std::path::Path;

use tracing::warn;

use super::chapters::chapters;
use super::error::RecorderError;
use super::order::Order;
use super::replay_gain::replay_gain;
use super::take::Taken;
use super::words::comment;
use crate::base::text::cut;
use crate::config::{GapPolicy, Purpose, Show, Template, Values};
use crate::encode::Job;
use crate::library::artwork::Picture;
use crate::library::catalogue::{Finished, Outcome};
use crate::library::imprint::{self, FRAME};
use crate::library::tags::{self, Tags};
use crate::model::{Measured, Note, NoteKind, Span, Verdict};

/// The columns of what is told of a template that fails.
const LONGEST_REASON: usize = 500;

/// What is to be encoded, with space for `cover` in it.
pub(super) fn job(cut: Span, show: &Show, target: &Path, cover: Option<&Picture>) -> Job {
    let cover_space = cover.map(tags::space_for).unwrap_or_default();
    let Show { mp3, gaps, dead_air, .. } = *show;
    Job { cut, mp3, gaps, dead_air, target: target.to_owned(), cover_space }
}

/// What was made of the templates of a recording.
pub(super) struct Labelled {
    /// What its file should be called.
    pub name: String,
    /// Which texts of it are the default ones, and why.
    pub notes: Vec<Note>,
}

/// Writes the tags into the finished `file` and says what it should be called.
pub(super) async fn labelled(
    order: &Order,
    verdict: Verdict,
    taken: &Taken,
    cover: Option<Picture>,
    file: &Path,
) -> Result<Labelled, RecorderError> {
    let mut notes = Vec::new();
    let name = filled(&order.show.file, Purpose::Name, &name_values(order), &mut notes);
    let texts = Texts::of(order, &mut notes);
    for note in &notes {
        warn!(airing = %order.airing.id, "{note}");
    }
    let tags = Tags { cover, ..tags_of(order, verdict, taken, texts, &notes) };
    tags::write(file, &tags).await?;
    Ok(Labelled { name, notes })
}

/// `template` with `values`; where that cannot be, the default, which is noted: a recording is worth more than its name.
fn filled(template: &Template, purpose: Purpose, values: &Values, notes: &mut Vec<Note>) -> String {
    let (text, error) = template.render_or_usual(purpose, values);
    if let Some(error) = error {
        let kind = match purpose {
            Purpose::Name => NoteKind::DefaultName,
            Purpose::Title => NoteKind::DefaultTitle,
            Purpose::Artist => NoteKind::DefaultArtist,
            Purpose::Album => NoteKind::DefaultAlbum,
            Purpose::Genre => NoteKind::DefaultGenre,
        };
        notes.push(Note { kind, reason: cut(&error.to_string(), LONGEST_REASON).into_owned() });
    }
    text
}

/// The texts of the tags that are made of templates.
struct Texts {
    title: String,
    artist: String,
    album: String,
    genre: String,
}

impl Texts {
    fn of(order: &Order, notes: &mut Vec<Note>) -> Self {
        let (templates, values) = (&order.show.tags, values(order));
        let mut filled = |template, purpose| filled(template, purpose, &values, notes);
        Self {
            title: filled(&templates.title, Purpose::Title),
            artist: filled(&templates.artist, Purpose::Artist),
            album: filled(&templates.album, Purpose::Album),
            genre: filled(&templates.genre, Purpose::Genre),
        }
    }
}

fn values(order: &Order) -> Values {
    let Order { airing, show, station, .. } = order;
    Values {
        show: show.title.clone(),
        show_id: show.id.to_string(),
        station: station.name.clone(),
        station_id: station.id.to_string(),
        start: airing.on_air.start,
        end: airing.on_air.end,
        length: airing.on_air.length(),
        timezone: airing.timezone,
    }
}

/// As [`values`], for file names: a slash in a title is part of the title and makes no folder.
fn name_values(order: &Order) -> Values {
    let plain = |text: String| text.replace('/', "-");
    let values = values(order);
    Values {
        show: plain(values.show),
        show_id: plain(values.show_id),
        station: plain(values.station),
        station_id: plain(values.station_id),
        ..values
    }
}

/// What the file says to a list that has lost it.
fn finished(order: &Order, verdict: Verdict, taken: &Taken, notes: &[Note]) -> Finished {
    let Taken { seconds, gaps, measured, length, .. } = taken;
    let outcome = Outcome {
        verdict,
        seconds: *seconds,
        file: None,
        bytes: None,
        gaps: gaps.clone(),
        measured: Measured { length: Some(*length), peaks: None, ..measured.clone() },
        notes: notes.to_vec(),
        at: order.airing.cut().end,
    };
    Finished { airing: order.airing.clone(), title: order.show.title.clone(), outcome }
}

fn tags_of(order: &Order, verdict: Verdict, taken: &Taken, texts: Texts, notes: &[Note]) -> Tags {
    let Texts { title, artist, album, genre } = texts;
    let zone = order.airing.timezone;
    // First, to be found at a glance.
    let mut extra = vec![(FRAME.to_owned(), imprint::text(&finished(order, verdict, taken, notes)))];
    extra.extend(replay_gain(taken.measured.loudness.as_ref()));
    Tags {
        version: order.show.id3,
        title,
        artist,
        album,
        genre,
        recorded: Some(order.airing.on_air.start.with_timezone(&zone).naive_local()),
        station: order.station.name.clone(),
        comment: comment(verdict, taken, zone),
        encoded_by: concat!("aircheck ", env!("CARGO_PKG_VERSION")).to_owned(),
        length: Some(taken.length),
        extra,
        chapters: chapters(&order.airing.cut(), &taken.gaps, taken.length, order.show.gaps == GapPolicy::Silence, zone),
        cover: None,
    }
}

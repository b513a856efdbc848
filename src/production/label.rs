//! The label of a recording: the name of its file, its tags and its picture.

use chrono::{DateTime, Utc};
use tracing::warn;

use super::chapters::{Content, chapters};
use super::comment::comment;
use super::draft::Draft;
use super::error::ProductionError;
use super::replay_gain::replay_gain;
use super::tagging;
use super::tags::{MOST_CHAPTERS, Tags};
use crate::airings::order::Order;
use crate::base::text::cut;
use crate::base::zone::Zone;
use crate::config::{GapPolicy, Id3, Purpose, Template, Values};
use crate::library::imprint::{self, FRAME};
use crate::model::{Finished, Measured, Note, NoteKind, Span};

/// The width of the reason for which a template fails, in columns.
const LONGEST_REASON: usize = 500;

/// The name that the templates of a show make, and which of them failed.
#[derive(Debug)]
pub struct Label {
    /// The name of the file: folders separated by `/`, without an extension.
    pub name: String,
    /// Which texts are the default ones, and why.
    pub notes: Vec<Note>,
}

impl Draft {
    /// Writes the tags that `order` asks for into the file, and returns the name that the file should have.
    pub async fn label(&mut self, order: &Order) -> Result<Label, ProductionError> {
        let mut notes = self.encoded.notes.clone();
        let name = filled(&order.show.file, Purpose::Name, &name_values(order), &mut notes);
        let texts = Texts::of(order, &mut notes);
        for note in notes.iter().filter(|note| note.kind != NoteKind::Original) {
            warn!(airing = %order.airing.id, "{note}");
        }
        let subject = Subject {
            cut: order.airing.cut(),
            on_air: order.airing.on_air.start,
            zone: order.airing.timezone,
            station: &order.station.name,
            gaps: order.show.gaps,
            id3: order.show.id3,
        };
        let mut tags = Tags { cover: self.cover.take(), ..self.tags(&subject, texts) };
        // First, so that a reader of the first bytes of the file finds it.
        tags.extra.insert(0, (FRAME.to_owned(), imprint::text(&self.finished(order, &notes))));
        tagging::write(&self.file, &tags).await?;
        Ok(Label { name, notes })
    }

    /// Returns the tags of the file, without a cover.
    pub fn tags(&self, subject: &Subject<'_>, texts: Texts) -> Tags {
        let Texts { title, artist, album, genre } = texts;
        let Subject { cut, on_air, zone, station, gaps, id3 } = *subject;
        let content = Content {
            cut,
            gaps: &self.encoded.gaps,
            tracks: &self.tracks,
            length: self.encoded.length,
            filled: gaps == GapPolicy::Silence,
        };
        Tags {
            version: id3,
            title,
            artist,
            album,
            genre,
            recorded: Some(on_air.with_timezone(&zone).naive_local()),
            station: station.to_owned(),
            comment: comment(self.verdict, &self.encoded, zone),
            encoded_by: concat!("aircheck ", env!("CARGO_PKG_VERSION")).to_owned(),
            length: Some(self.encoded.length),
            extra: replay_gain(self.encoded.measured.loudness.as_ref()),
            chapters: chapters(&content, zone, MOST_CHAPTERS),
            cover: None,
        }
    }

    /// Returns the imprint of the recording, for a catalogue that has lost its row.
    fn finished(&self, order: &Order, notes: &[Note]) -> Finished {
        let mut outcome = self.outcome(notes.to_vec(), order.airing.cut().end);
        outcome.measured = Measured { length: Some(self.encoded.length), peaks: None, ..outcome.measured };
        Finished { airing: order.airing.clone(), title: order.show.title.clone(), outcome }
    }
}

/// What the tags of a recording say about the airing.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The cut that was recorded.
    pub cut: Span,
    /// When the show went on the air.
    pub on_air: DateTime<Utc>,
    /// The zone in which times are written.
    pub zone: Zone,
    /// The station's name.
    pub station: &'a str,
    /// What the file has in place of a gap.
    pub gaps: GapPolicy,
    /// The version of ID3.
    pub id3: Id3,
}

/// Returns `template` filled with `values`. If that fails, returns the default and adds a note: a recording is worth
/// more than its name.
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

/// The texts of the tags that come from templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// TIT2
    pub title: String,
    /// TPE1
    pub artist: String,
    /// TALB
    pub album: String,
    /// TCON
    pub genre: String,
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

/// Returns the [`values`] for file names: a slash in a title is part of the title and makes no folder.
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

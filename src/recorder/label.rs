//! What a recording is called, and what is written into it: its tags and its picture.

use std::path::Path;

use tracing::warn;

use super::chapters::chapters;
use super::error::RecorderError;
use super::order::Order;
use super::replay_gain::replay_gain;
use super::take::Taken;
use super::words::comment;
use crate::config::{Gaps, Purpose, Show, Template, Values};
use crate::encode::Job;
use crate::library::artwork::Picture;
use crate::library::catalogue::{Finished, Outcome};
use crate::library::imprint::{self, FRAME};
use crate::library::tags::{self, Tags};
use crate::model::{Measured, Span, Verdict};

/// What is to be encoded, with space for `cover` in it.
pub(super) fn job(cut: Span, show: &Show, target: &Path, cover: Option<&Picture>) -> Job {
    let cover_space = cover.map(tags::space_for).unwrap_or_default();
    Job { cut, mp3: show.mp3, treatment: show.treatment, target: target.to_owned(), cover_space }
}

/// Writes the tags into the finished `file` and says what it should be called.
pub(super) async fn labelled(
    order: &Order,
    verdict: Verdict,
    taken: &Taken,
    cover: Option<Picture>,
    file: &Path,
) -> Result<String, RecorderError> {
    let tags = Tags { cover, ..tags_of(order, verdict, taken) };
    tags::write(file, &tags).await?;
    Ok(filled(&order.show.file, Purpose::Name, &name_values(order), order))
}

/// `template` with `values`; where that cannot be, as usual: a recording is worth more than its name.
fn filled(template: &Template, purpose: Purpose, values: &Values, order: &Order) -> String {
    let (text, error) = template.render_or_usual(purpose, values);
    if let Some(error) = error {
        warn!(airing = %order.airing.id, %error, "what is usual is used instead: {text}");
    }
    text
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
fn finished(order: &Order, verdict: Verdict, taken: &Taken) -> Finished {
    let Taken { seconds, gaps, measured, length, .. } = taken;
    let outcome = Outcome {
        verdict,
        seconds: *seconds,
        file: None,
        bytes: None,
        gaps: gaps.clone(),
        measured: Measured { length: Some(*length), peaks: None, ..measured.clone() },
        at: order.airing.cut().end,
    };
    Finished { airing: order.airing.clone(), title: order.show.title.clone(), outcome }
}

fn tags_of(order: &Order, verdict: Verdict, taken: &Taken) -> Tags {
    let values = values(order);
    let templates = &order.show.tags;
    let zone = order.airing.timezone;
    // First, to be found at a glance.
    let mut extra = vec![(FRAME.to_owned(), imprint::text(&finished(order, verdict, taken)))];
    extra.extend(replay_gain(taken.measured.loudness.as_ref()));
    Tags {
        version: order.show.treatment.id3,
        title: filled(&templates.title, Purpose::Title, &values, order),
        artist: filled(&templates.artist, Purpose::Artist, &values, order),
        album: filled(&templates.album, Purpose::Album, &values, order),
        genre: filled(&templates.genre, Purpose::Genre, &values, order),
        recorded: Some(order.airing.on_air.start.with_timezone(&zone).naive_local()),
        station: order.station.name.clone(),
        comment: comment(verdict, taken, zone),
        encoded_by: concat!("aircheck ", env!("CARGO_PKG_VERSION")).to_owned(),
        length: Some(taken.length),
        extra,
        chapters: chapters(
            &order.airing.cut(),
            &taken.gaps,
            taken.length,
            order.show.treatment.gaps == Gaps::Silence,
            zone,
        ),
        cover: None,
    }
}

//! What a recording is called, and what is written into it: its tags and its picture.

use std::path::Path;

use super::chapters::chapters;
use super::error::RecorderError;
use super::order::Order;
use super::replay_gain::replay_gain;
use super::take::Taken;
use super::words::comment;
use crate::config::{Gaps, Show, TemplateError, Values};
use crate::encode::Job;
use crate::library::artwork::Picture;
use crate::library::tags::{self, Tags};
use crate::model::{Span, Verdict};

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
    let tags = Tags { cover, ..tags_of(order, verdict, taken)? };
    tags::write(file, &tags).await?;
    Ok(order.show.file.render(&name_values(order))?)
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

fn tags_of(order: &Order, verdict: Verdict, taken: &Taken) -> Result<Tags, TemplateError> {
    let values = values(order);
    let templates = &order.show.tags;
    let zone = order.airing.timezone;
    Ok(Tags {
        title: templates.title.render(&values)?,
        artist: templates.artist.render(&values)?,
        album: templates.album.render(&values)?,
        genre: templates.genre.render(&values)?,
        recorded: Some(order.airing.on_air.start.with_timezone(&zone).naive_local()),
        station: order.station.name.clone(),
        comment: comment(verdict, taken, zone),
        encoded_by: concat!("aircheck ", env!("CARGO_PKG_VERSION")).to_owned(),
        length: Some(taken.length),
        extra: replay_gain(taken.measured.loudness.as_ref()),
        chapters: chapters(
            &order.airing.cut(),
            &taken.gaps,
            taken.length,
            order.show.treatment.gaps == Gaps::Silence,
            zone,
        ),
        cover: None,
    })
}

//! Templates tried with the shows and stations of the file.

use chrono::{DateTime, TimeDelta, Utc};

use super::problem::{Complaint, Problems};
use super::section::Section;
use super::template::Purpose;
use super::{Show, Template, TemplateError, Values};

/// So many starts of each show are tried: names may depend on the day.
const STARTS: usize = 7;

/// They are looked for from here on, 1 January 2026, so that the same file is always read alike.
const FROM: DateTime<Utc> = DateTime::from_timestamp_nanos(1_767_225_600_000_000_000);

/// Tries the templates that the section of a show writes itself. What fails is told.
pub(super) fn own(section: &Section<'_>, show: &Show, station: &str, problems: &mut Problems) {
    let tags = section.section("tags", &mut Problems::default());
    let of_tag = |name: &str| tags.as_ref().and_then(|tags| tags.get(name));
    let all = [
        (Purpose::Title, &show.tags.title, of_tag("title")),
        (Purpose::Artist, &show.tags.artist, of_tag("artist")),
        (Purpose::Genre, &show.tags.genre, of_tag("genre")),
        (Purpose::Album, &show.tags.album, of_tag("album")),
        (Purpose::Name, &show.file, section.get("name")),
    ];
    for (purpose, template, entry) in all {
        let Some(entry) = entry.filter(|_| template.source() != purpose.usual()) else { continue };
        if let Err(error) = tried(template, show, station) {
            problems.add(entry.value.place, refused(show, error));
        }
    }
}

/// Tries the file's template of names with the shows that use it, or with made-up values where none does.
pub(super) fn shared(file: &Section<'_>, name: &Template, shows: &[(&Show, &str)], problems: &mut Problems) {
    let Some(entry) = file.get("name") else { return };
    let mut users = shows.iter().filter(|(show, _)| show.file == *name).peekable();
    let complaint = if users.peek().is_none() {
        Template::parse(name.source()).err().map(|error| complaint(&error.to_string(), error.hint))
    } else {
        // One is enough to see what is wrong.
        users.find_map(|(show, station)| Some(refused(show, tried(name, show, station).err()?)))
    };
    if let Some(complaint) = complaint {
        problems.add(entry.value.place, complaint);
    }
}

fn tried(template: &Template, show: &Show, station: &str) -> Result<(), TemplateError> {
    let length = TimeDelta::from_std(show.length).unwrap_or_default();
    let next = |after: &DateTime<Utc>| show.cron.next_after(*after, show.timezone);
    let starts = std::iter::successors(next(&FROM), next).take(STARTS);
    for start in starts {
        template.render(&Values {
            show: show.title.clone(),
            show_id: show.id.to_string(),
            station: station.to_owned(),
            station_id: show.station.to_string(),
            start,
            end: start + length,
            length,
            timezone: show.timezone,
        })?;
    }
    Ok(())
}

fn refused(show: &Show, error: TemplateError) -> Complaint {
    let TemplateError { template, reason, hint, .. } = error;
    complaint(&format!("the template `{template}` cannot be rendered for the show `{}`: {reason}", show.title), hint)
}

fn complaint(message: &str, hint: Option<String>) -> Complaint {
    Complaint { hint, ..Complaint::new(message) }
}

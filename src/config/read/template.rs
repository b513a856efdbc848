//! The keys that take templates. Each template is tried with the shows that use it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::keys::Section;
use crate::config::values::{Complaint, Purpose, Show, Template, TemplateError, Values};
use crate::config::yaml::Problems;

/// How many starts of each show are tried: names may depend on the day.
const STARTS: usize = 7;

/// The starts that are tried come after 1 January 2026, so that one file is always read alike.
const FROM: DateTime<Utc> = DateTime::from_timestamp_nanos(1_767_225_600_000_000_000);

/// Reads the template of a key; the default of `purpose` holds if the key is not written.
pub fn read(section: Option<&Section<'_>>, name: &str, purpose: Purpose, problems: &mut Problems) -> Option<Template> {
    match section {
        Some(section) if section.get(name).is_some() => section.read(name, problems, parse),
        _ => Some(Template::usual(purpose)),
    }
}

/// Compiles a template. Its user tries it.
pub fn parse(text: &str) -> Result<Template, Complaint> {
    if text.trim().is_empty() {
        return Err(Complaint::new("the text is empty").hint("write for example `\"{{ show }}\"`"));
    }
    Template::compile(text).map_err(|error| {
        let complaint = Complaint::new(format!("the template `{}` cannot be used: {}", error.template, error.reason));
        let complaint = Complaint { hint: error.hint, ..complaint };
        complaint.suggest(error.suggestion)
    })
}

/// Compiles a template that belongs to no show, and tries it with made-up values.
pub fn parse_alone(text: &str) -> Result<Template, Complaint> {
    parse(text)?;
    Template::parse(text).map_err(|error| complaint(&error.to_string(), error.hint))
}

/// Tries the templates that the section of a show and its `tags` have themselves, and reports those that fail.
pub fn try_own(section: &Section<'_>, tags: Option<&Section<'_>>, show: &Show, station: &str, problems: &mut Problems) {
    let of_tag = |name: &str| tags.and_then(|tags| tags.get(name));
    let all = [
        (Purpose::Title, &show.tags.title, of_tag("title")),
        (Purpose::Artist, &show.tags.artist, of_tag("artist")),
        (Purpose::Genre, &show.tags.genre, of_tag("genre")),
        (Purpose::Album, &show.tags.album, of_tag("album")),
        (Purpose::Name, &show.file, section.get("name")),
    ];
    for (purpose, template, entry) in all {
        let Some(entry) = entry.filter(|_| *template != Template::usual(purpose)) else { continue };
        if let Err(error) = tried(template, show, station) {
            problems.add(entry.value.location, refused(show, error));
        }
    }
}

/// Tries the file's template of names with the shows that use it, or with made-up values if none does. Reports the first
/// failure.
pub fn try_shared(file: &Section<'_>, name: &Template, shows: &[(&Show, &str)], problems: &mut Problems) {
    let Some(entry) = file.get("name") else { return };
    let mut users = shows.iter().filter(|(show, _)| show.file == *name).peekable();
    let complaint = if users.peek().is_none() {
        Template::parse(name.source()).err().map(|error| complaint(&error.to_string(), error.hint))
    } else {
        users.find_map(|(show, station)| Some(refused(show, tried(name, show, station).err()?)))
    };
    if let Some(complaint) = complaint {
        problems.add(entry.value.location, complaint);
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

//! The items of `shows`.

use std::path::Path;
use std::time::Duration;

use crate::base::zone::Zone;

use super::station::StationStub;
use super::{artwork, encoding, gaps, template, timezone};
use crate::config::keys::{SHOW, Section};
use crate::config::values::{
    Complaint, Crontabs, DeadAirRule, Encodings, GapPolicy, Id3, Keep, Purpose, Show, TagTemplates, Template, any_of,
    nearest, slug, units,
};
use crate::config::yaml::{Location, Node, Problems};
use crate::model::{EncodingKind, ShowId, StationId};

/// What a show takes over from the file.
pub struct Defaults<'a> {
    /// The folder of the file.
    pub folder: &'a Path,
    /// Every station of the file, also those with mistakes.
    pub stations: &'a [StationStub],
    /// The file's names of recordings. `None` if they are wrong.
    pub name: Option<&'a Template>,
    /// The crontabs of the shows that were read before.
    pub crontabs: &'a Crontabs,
    /// The file's encodings.
    pub encodings: Encodings,
    /// The file's version of the tags.
    pub id3: Id3,
    /// The file's policy for gaps.
    pub gaps: GapPolicy,
    /// The file's rule of dead air.
    pub dead_air: Option<DeadAirRule>,
}

impl Defaults<'_> {
    /// Returns the name of a station for people.
    pub fn station_name<'a>(&'a self, id: &'a StationId) -> &'a str {
        let known = self.stations.iter().find(|it| it.key == id.as_str() || it.id.as_deref() == Some(id.as_str()));
        known.and_then(|it| it.name.as_deref()).unwrap_or(id.as_str())
    }
}

/// A show as far as it could be read.
pub struct ParsedShow {
    /// Its id, and the location of what the id comes from.
    pub identity: Option<(String, Location)>,
    /// All of it. `None` if something is wrong with it, which is reported.
    pub show: Option<Show>,
}

/// Reads show number `number` of the list.
pub fn read(number: usize, node: &Node, defaults: &Defaults<'_>, problems: &mut Problems) -> ParsedShow {
    let Some(section) = Section::open(node, &format!("show {number}"), node.location, &SHOW, problems) else {
        return ParsedShow { identity: None, show: None };
    };
    let title = section.name("title", problems);
    let identity = identity(&section, title.as_deref(), problems);
    let show = parse(&section, title, identity.as_ref().map(|(id, _)| id), defaults, problems);
    ParsedShow { identity, show }
}

fn identity(section: &Section<'_>, title: Option<&str>, problems: &mut Problems) -> Option<(String, Location)> {
    if let Some(entry) = section.get("id") {
        return Some((section.read("id", problems, slug::id)?, entry.value.location));
    }
    let location = section.get("title")?.value.location;
    let title = title?;
    match slug::slug(title) {
        empty if empty.is_empty() => {
            let complaint = Complaint::new(format!("no id can be made from the title `{title}`: it has no letters"));
            problems.add(location, complaint.hint("give the show an `id:`, such as `id: evening-news`"));
            None
        }
        slug => Some((slug, location)),
    }
}

/// Reads all keys but the title and the id. `None` if something is wrong with any of them.
fn parse(
    section: &Section<'_>,
    title: Option<String>,
    id: Option<&String>,
    defaults: &Defaults<'_>,
    problems: &mut Problems,
) -> Option<Show> {
    let station = section.read("station", problems, |text| station(text, defaults));
    let cron = section.read("cron", problems, |text| Ok(defaults.crontabs.parse(text)?));
    let length = section.read("length", problems, |text| match units::duration(text)? {
        Duration::ZERO => {
            Err(Complaint::new("a length of zero records nothing").hint("write for example `length: 1h`"))
        }
        length => Ok(length),
    });
    let early = section.read("early", problems, units::duration).unwrap_or(Duration::ZERO);
    let late = section.read("late", problems, units::duration).unwrap_or(Duration::ZERO);
    let timezone = timezone::of_section(section, problems);
    let tags = section.section("tags", problems);
    let mut tag = |name: &str, purpose| template::read(tags.as_ref(), name, purpose, problems);
    let (title_tag, artist) = (tag("title", Purpose::Title), tag("artist", Purpose::Artist));
    let (genre, album) = (tag("genre", Purpose::Genre), tag("album", Purpose::Album));
    let file = match section.get("name") {
        Some(_) => section.read("name", problems, template::parse),
        None => defaults.name.cloned(),
    };
    let of_station = station.as_ref().and_then(|(_, _, encoding)| *encoding).unwrap_or(defaults.encodings.kind);
    let encoding = encoding::encodings(section, defaults.encodings, of_station, problems).wanted();
    let id3 = encoding::id3(section, defaults.id3, problems);
    let gaps = gaps::gaps(section, defaults.gaps, problems);
    let dead_air = gaps::dead_air(section, defaults.dead_air, problems);
    let artwork = artwork::read(section, defaults.folder, problems);
    let keep = section.section("keep", problems);
    let keep = Keep {
        last: keep.as_ref().and_then(|keep| keep.integer("last", problems)),
        days: keep.as_ref().and_then(|keep| keep.integer("days", problems)),
        until_heard: keep.as_ref().and_then(|keep| keep.read("until", problems, until)).is_some(),
        size: keep.as_ref().and_then(|keep| keep.read("size", problems, units::size_kept)),
    };
    let (station, station_zone, _) = station?;
    let show = Show {
        id: ShowId::new(id?),
        title: title?,
        station,
        cron: cron?,
        timezone: timezone.unwrap_or(station_zone),
        length: length?,
        early,
        late,
        tags: TagTemplates { title: title_tag?, artist: artist?, genre: genre?, album: album? },
        file: file?,
        encoding,
        id3,
        gaps,
        dead_air,
        artwork,
        keep,
    };
    template::try_own(section, tags.as_ref(), &show, defaults.station_name(&show.station), problems);
    Some(show)
}

fn until(text: &str) -> Result<(), Complaint> {
    match text {
        "heard" => Ok(()),
        other => Err(Complaint::new(format!("`until` cannot be `{other}`")).suggest(["heard".to_owned()])),
    }
}

fn station(text: &str, defaults: &Defaults<'_>) -> Result<(StationId, Zone, Option<EncodingKind>), Complaint> {
    let stations = defaults.stations;
    // An id that is corrected here first is right: the problem is reported at the station.
    let known = stations.iter().find(|it| it.key == text || it.id.as_deref() == Some(text));
    if let Some(StationStub { key, id, zone, encoding, .. }) = known {
        return match id {
            Some(id) if key == text && id != text => {
                Err(Complaint::new(format!("the station `{text}` must have another id"))
                    .hint(format!("write `{id}` here, too")))
            }
            _ => Ok((StationId::new(text), *zone, *encoding)),
        };
    }
    let complaint = Complaint::new(format!("there is no station `{text}` in this file"));
    let named = stations.iter().find(|it| it.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(text)));
    let ids = || stations.iter().filter_map(|it| it.id.as_deref());
    Err(match (named.and_then(|it| it.id.as_deref()).or_else(|| nearest(text, ids())), stations.len()) {
        (Some(near), _) => complaint.suggest([near.to_owned()]),
        (None, 0) => complaint.hint(format!("add it under `stations:`, as `{text}:`")),
        (None, 1..=8) => complaint.hint(format!("it can be {}, or add it under `stations:`", any_of(ids()))),
        (None, _) => complaint.hint("add it under `stations:`"),
    })
}

//! The stations and shows of the file and of those beside it: each id once among all.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::show::{self, Defaults};
use super::sources::Source;
use super::station::{self, StationStub};
use crate::base::zone::Zone;
use crate::config::keys::Section;
use crate::config::values::{Complaint, Show, Station};
use crate::config::yaml::{Content, Entry, Location, Problems};

/// A file as far as it is read: its section, and the problems with it.
pub struct Opened<'a> {
    /// The file.
    pub source: &'a Source,
    /// Its folder, in which what it names is looked up.
    pub folder: PathBuf,
    /// `None` if it has no keys at all.
    pub section: Option<Section<'a>>,
    /// What is wrong with it.
    pub problems: Problems,
}

impl Opened<'_> {
    fn shown(&self) -> String {
        self.source.file.display().to_string()
    }
}

/// A place in one of the files.
struct Place {
    file: usize,
    line: usize,
}

/// Reads the stations of all `files`, in their order.
pub fn stations(files: &mut [Opened<'_>], timezone: Zone) -> (Vec<StationStub>, Vec<Option<Station>>) {
    let names: Vec<String> = files.iter().map(Opened::shown).collect();
    let mut first: HashMap<String, Place> = HashMap::new();
    let (mut stubs, mut stations) = (Vec::new(), Vec::new());
    for (file, opened) in files.iter_mut().enumerate() {
        let Some(section) = &opened.section else { continue };
        let problems = &mut opened.problems;
        for entry in named(section, problems) {
            if let Some(Place { file, line }) = first.get(&entry.key) {
                problems.add(entry.location, station_taken(&entry.key, names.get(*file), *line));
                continue;
            }
            first.insert(entry.key.clone(), Place { file, line: entry.location.line });
            let parsed = station::read(entry, timezone, &opened.folder, problems);
            stubs.push(parsed.stub);
            stations.push(parsed.station);
        }
    }
    (stubs, stations)
}

/// The entries of `stations`; none if nothing is written there yet.
fn named<'a>(section: &Section<'a>, problems: &mut Problems) -> Vec<&'a Entry> {
    match section.get("stations") {
        None => Vec::new(),
        Some(entry) if matches!(entry.value.content, Content::Nothing) => Vec::new(),
        Some(_) => section.named("stations", problems).unwrap_or_default(),
    }
}

fn station_taken(id: &str, file: Option<&String>, line: usize) -> Complaint {
    let file = file.map_or("", String::as_str);
    let complaint = Complaint::new(format!("the station `{id}` stands in {file}, line {line}, already"));
    complaint.hint("take one of them out, or give it another id")
}

/// Reads the shows of all `files`, in their order. `defaults` makes what the shows of a folder take over.
pub fn shows<'d>(
    files: &mut [Opened<'_>],
    defaults: impl Fn(&'d Path) -> Defaults<'d>,
    folders: &'d [PathBuf],
) -> Vec<Show> {
    let names: Vec<String> = files.iter().map(Opened::shown).collect();
    let mut all = Vec::new();
    for (file, (opened, folder)) in files.iter_mut().zip(folders).enumerate() {
        let Some(section) = &opened.section else { continue };
        if section.get("shows").is_some_and(|entry| matches!(entry.value.content, Content::Nothing)) {
            continue;
        }
        let defaults = defaults(folder);
        let nodes = section.list("shows", &mut opened.problems).unwrap_or_default().iter().enumerate();
        all.extend(nodes.map(|(index, node)| (file, show::read(index + 1, node, &defaults, &mut opened.problems))));
    }
    let taken: HashSet<String> =
        all.iter().filter_map(|(_, parsed)| Some(parsed.identity.as_ref()?.0.clone())).collect();
    let mut first: HashMap<String, (usize, Location)> = HashMap::new();
    let mut shows = Vec::new();
    for (file, parsed) in all {
        if let Some((id, location)) = parsed.identity {
            match first.get(&id) {
                Some((other, first)) => {
                    let place = match names.get(*other).filter(|_| *other != file) {
                        Some(name) => format!("in {name}, line {},", first.line),
                        None => format!("in line {}", first.line),
                    };
                    if let Some(opened) = files.get_mut(file) {
                        opened.problems.add(location, id_taken(&id, &place, &taken));
                    }
                }
                None => drop(first.insert(id, (file, location))),
            }
        }
        shows.extend(parsed.show);
    }
    shows
}

/// Says that the show at `place` has this id already. `taken` has the ids of all shows.
fn id_taken(id: &str, place: &str, taken: &HashSet<String>) -> Complaint {
    let free = (2..=taken.len() + 2).map(|number| format!("{id}-{number}")).find(|id| !taken.contains(id));
    Complaint::new(format!("the show {place} has the id `{id}` already"))
        .hint(format!("give this show an id of its own: `id: {}`", free.unwrap_or_default()))
}

//! The file as a whole, with those beside it: from texts to [`Config`], or to everything that is wrong with them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::entries::{self, Opened};
use super::show::Defaults;
use super::sources::{SIDE_FOLDER, Source};
use super::{encoding, gaps, grab, hls, notify, object_store, template, timezone, web};
use crate::base::path::without_dots;
use crate::base::zone::Zone;
use crate::config::keys::{self, FILE, SIDE, Section};
use crate::config::values::folders::{self, FolderCheck};
use crate::config::values::{ById, Config, Crontabs, DeadAirRule, Encodings, GapPolicy, Id3, Purpose, one_time, units};
use crate::config::yaml::{self, ConfigErrors, Location, Node, Problem, Problems};
use crate::model::EncodingKind;

/// Reads `sources`, of which the first is the file and the others are those beside it, and checks the folders of the file.
pub fn read(sources: &[Source], check: FolderCheck) -> Result<Config, ConfigErrors> {
    let Some(main) = sources.first() else {
        return Err(ConfigErrors::unreadable(Path::new(""), "there is no file".to_owned(), None));
    };
    let mut problems: Vec<Problems> = sources.iter().map(|_| Problems::default()).collect();
    let documents: Vec<Option<Node>> = sources.iter().zip(&mut problems).enumerate().map(document).collect();
    let mut files = Vec::new();
    for (index, ((source, document), mut problems)) in sources.iter().zip(&documents).zip(problems).enumerate() {
        let table = if index == 0 { &FILE } else { &SIDE };
        let open = |document| Section::open(document, "the file", Location::TOP, table, &mut problems);
        let section = document.as_ref().and_then(open);
        files.push(Opened { source, folder: folder_of(&source.file), section, problems });
    }
    let config = parse(&main.file, &mut files, check);
    let mut warnings = Vec::new();
    for (index, opened) in files.iter_mut().enumerate() {
        let of_file = opened.problems.take_warnings().into_iter();
        let name = opened.source.file.file_name().unwrap_or_default().to_string_lossy();
        warnings.extend(of_file.map(|text| if index == 0 { text } else { format!("{SIDE_FOLDER}/{name}: {text}") }));
    }
    let wrong = files.into_iter().filter_map(|opened| {
        let Opened { source, problems, .. } = opened;
        problems.into_result(&source.file, &source.text).err()
    });
    let wrong: Vec<Problem> = wrong.flat_map(|errors| errors.problems).collect();
    if !wrong.is_empty() {
        return Err(ConfigErrors { file: main.file.clone(), problems: wrong });
    }
    let sides = sources.iter().skip(1).map(|source| source.file.clone()).collect();
    let config = config.map(|config| Config { sides, warnings, ..config });
    config.ok_or_else(|| ConfigErrors::unreadable(&main.file, "the file cannot be used".to_owned(), None))
}

/// Parses a source. One beside the file may have nothing in it but comments.
fn document((index, (source, problems)): (usize, (&Source, &mut Problems))) -> Option<Node> {
    let is_blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    if index > 0 && source.text.lines().all(is_blank) {
        return None;
    }
    yaml::parse(&source.text, problems)
}

fn folder_of(file: &Path) -> PathBuf {
    let folder = file.parent().unwrap_or(Path::new("/"));
    // A `..` in a path goes up from where the folder really is, and no message shows it.
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

fn parse(file: &Path, files: &mut [Opened<'_>], check: FolderCheck) -> Option<Config> {
    let has_sides = files.len() > 1;
    let Opened { folder, section, problems, .. } = files.first_mut()?;
    let (folder, section) = (folder.clone(), section.take()?);
    let folder = folder.as_path();
    if !has_sides {
        section.require("stations", problems);
    }

    let timezone = timezone::of_file(&section, problems).unwrap_or_else(Zone::utc);
    let min_free = section.read("min_free", problems, units::size);
    let min_free = min_free.or_else(|| units::size(keys::MIN_FREE).ok());
    let output = output_folder(&section, folder, check, problems);
    let parse = |text: &str| folders::parse(text, folder).and_then(|state| folders::checked(state, check));
    let state = section.read("state", problems, parse);
    let name = template::read(Some(&section), "name", Purpose::Name, problems);
    let encodings = encoding::encodings(&section, Encodings::default(), EncodingKind::default(), problems);
    let id3 = encoding::id3(&section, Id3::default(), problems);
    let gaps = gaps::gaps(&section, GapPolicy::default(), problems);
    let dead_air = gaps::dead_air(&section, Some(DeadAirRule::default()), problems);

    let keep = section.section("keep", problems);
    let keep_clips = keep.as_ref().and_then(|keep| keep.read("clips", problems, one_time::clips_kept));
    let keep_size = keep.and_then(|keep| keep.read("size", problems, units::size_kept));

    let hls = hls::read(&section, problems);
    let web = web::read(&section, folder, problems);
    let store = object_store::read(&section, folder, problems).map(Arc::new);
    let notify = notify::read(&section, folder, problems);
    let grab = grab::read(&section, problems);
    if let Some(main) = files.first_mut() {
        main.section = Some(section);
    }
    let (stubs, stations) = entries::stations(files, timezone);
    let crontabs = Crontabs::default();
    let folders: Vec<PathBuf> = files.iter().map(|opened| opened.folder.clone()).collect();
    let defaults = |folder| {
        let (stations, name, crontabs) = (&stubs[..], name.as_ref(), &crontabs);
        Defaults { folder, stations, name, crontabs, encodings, id3, gaps, dead_air }
    };
    let shows = entries::shows(files, defaults, &folders);
    if let (Some(name), Some(Opened { section: Some(section), problems, .. })) = (&name, files.first_mut()) {
        let defaults = defaults(Path::new("/"));
        let named: Vec<_> = shows.iter().map(|show| (show, defaults.station_name(&show.station))).collect();
        template::try_shared(section, name, &named, problems);
    }

    Some(Config {
        file: file.to_owned(),
        sides: Vec::new(),
        warnings: Vec::new(),
        changes: Vec::new(),
        timezone,
        output: without_dots(&output?),
        state: state.map_or_else(default_state, |state| without_dots(&state)),
        name: name?,
        encodings,
        id3,
        web,
        notify,
        grab,
        store,
        gaps,
        dead_air,
        keep_clips,
        keep_size,
        hls,
        min_free: min_free?,
        stations: ById::new(stations.into_iter().flatten(), |station| station.id.as_str()),
        shows: ById::new(shows, |show| show.id.as_str()),
        ad_hoc: BTreeMap::new(),
    })
}

fn output_folder(section: &Section<'_>, folder: &Path, check: FolderCheck, problems: &mut Problems) -> Option<PathBuf> {
    if section.get("output").is_some() {
        let parse = |text: &str| folders::parse(text, folder).and_then(|output| folders::checked(output, check));
        return section.read("output", problems, parse);
    }
    let hint = "name another folder: `output: /path/to/folder`";
    let checked = folders::checked(folder.join("recordings"), check);
    checked.map_err(|complaint| problems.add(Location::TOP, complaint.hint(hint))).ok()
}

fn default_state() -> PathBuf {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // systemd separates several folders by colons; the first is ours.
    let service = folder("STATE_DIRECTORY").and_then(|folders| std::env::split_paths(&folders).next());
    service
        .or_else(|| folder("XDG_STATE_HOME").map(|state| state.join("aircheck")))
        .or_else(|| folder("HOME").map(|home| home.join(".local/state/aircheck")))
        .unwrap_or_else(|| PathBuf::from("/var/lib/aircheck"))
}

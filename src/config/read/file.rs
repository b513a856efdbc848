//! The file as a whole: from text to [`Config`], or to everything that is wrong with it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::show::Defaults;
use super::{encoding, gaps, grab, hls, notify, object_store, show, station, template, timezone, web};
use crate::base::path::without_dots;
use crate::base::zone::{self, Zone};
use crate::config::keys::{self, FILE, Section};
use crate::config::values::folders::{self, FolderCheck};
use crate::config::values::{
    ById, Complaint, Config, Crontabs, DeadAirRule, Encodings, GapPolicy, Id3, Purpose, Show, one_time, units,
};
use crate::config::yaml::{self, ConfigErrors, Content, Location, Problems};
use crate::model::EncodingKind;

/// The largest file that is read, in bytes. People write none that is larger.
const LARGEST: u64 = 4 << 20;

/// Reads `file`, and checks its folders. Blocks on the disk.
pub fn load(file: &Path, check: FolderCheck) -> Result<Config, ConfigErrors> {
    // The machine's zones may have been updated since the file was read last.
    zone::reread();
    let fail = |message: String, hint: Option<&str>| ConfigErrors::unreadable(file, message, hint.map(str::to_owned));
    let size = std::fs::metadata(file).map(|metadata| metadata.len());
    if size.is_ok_and(|size| size > LARGEST) {
        return Err(fail(format!("the file is larger than {} MiB", LARGEST >> 20), Some("is it the right file?")));
    }
    let bytes = std::fs::read(file).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            fail("there is no such file".to_owned(), Some("name another with `--config FILE`, or write this one"))
        }
        std::io::ErrorKind::IsADirectory => {
            let hint = format!("name the file in it, such as `{}`", file.join("stations.yaml").display());
            fail("this is a folder, and no file".to_owned(), Some(&hint))
        }
        _ => fail(format!("the file cannot be read: {error}"), None),
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = good.split(|byte| *byte == b'\n').count();
        fail(format!("line {line} is not UTF-8 text"), Some("save the file as UTF-8 in your editor"))
    })?;
    read(&text, file, check)
}

/// Reads `text` as if it stood in `file`, and checks its folders.
pub fn read(text: &str, file: &Path, check: FolderCheck) -> Result<Config, ConfigErrors> {
    // Windows editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let mut problems = Problems::default();
    let config = parse(text, &file, check, &mut problems);
    let warnings = problems.take_warnings();
    problems.into_result(&file, text)?;
    let config = config.map(|config| Config { warnings, ..config });
    config.ok_or_else(|| ConfigErrors::unreadable(&file, "the file cannot be used".to_owned(), None))
}

fn parse(text: &str, file: &Path, check: FolderCheck, problems: &mut Problems) -> Option<Config> {
    let document = yaml::parse(text, problems)?;
    let section = Section::open(&document, "the file", Location::TOP, &FILE, problems)?;
    let folder = file.parent().unwrap_or(Path::new("/"));
    // A `..` in a path goes up from where the folder really is, and no message shows it.
    let folder = &folder.canonicalize().unwrap_or_else(|_| folder.to_owned());

    let timezone = timezone::of_file(&section, problems).unwrap_or_else(Zone::utc);
    let min_free = section.read("min_free", problems, units::size);
    let min_free = min_free.or_else(|| units::size(keys::MIN_FREE).ok())?;
    let output = output_folder(&section, folder, check, problems);
    let parse = |text: &str| folders::parse(text, folder).and_then(|state| folders::checked(state, check));
    let state = section.read("state", problems, parse);
    let name = template::read(Some(&section), "name", Purpose::Name, problems);
    let encodings = encoding::encodings(&section, Encodings::default(), EncodingKind::default(), problems);
    let id3 = encoding::id3(&section, Id3::default(), problems);
    let gaps = gaps::gaps(&section, GapPolicy::default(), problems);
    let dead_air = gaps::dead_air(&section, Some(DeadAirRule::default()), problems);

    let keep = section.section("keep", problems);
    let keep_clips = keep.and_then(|keep| keep.read("clips", problems, one_time::clips_kept));

    let hls = hls::read(&section, problems);
    let web = web::read(&section, folder, problems);
    let store = object_store::read(&section, folder, problems).map(Arc::new);
    let notify = notify::read(&section, folder, problems);
    let grab = grab::read(&section, problems);
    let entries = section.named("stations", problems).unwrap_or_default();
    let parsed = entries.iter().map(|entry| station::read(entry, timezone, folder, problems));
    let (stubs, stations): (Vec<_>, Vec<_>) = parsed.map(|parsed| (parsed.stub, parsed.station)).unzip();
    let crontabs = Crontabs::default();
    let defaults =
        Defaults { folder, stations: &stubs, name: name.as_ref(), crontabs: &crontabs, encodings, id3, gaps, dead_air };
    let shows = shows(&section, &defaults, problems);
    if let Some(name) = &name {
        let named: Vec<_> = shows.iter().map(|show| (show, defaults.station_name(&show.station))).collect();
        template::try_shared(&section, name, &named, problems);
    }

    Some(Config {
        file: file.to_owned(),
        warnings: Vec::new(),
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
        hls,
        min_free,
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

fn shows(section: &Section<'_>, defaults: &Defaults<'_>, problems: &mut Problems) -> Vec<Show> {
    let mut shows = Vec::new();
    if section.get("shows").is_some_and(|entry| matches!(entry.value.content, Content::Nothing)) {
        return shows;
    }
    let nodes = section.list("shows", problems).unwrap_or_default().iter().enumerate();
    let all: Vec<_> = nodes.map(|(index, node)| show::read(index + 1, node, defaults, problems)).collect();
    let taken: HashSet<String> = all.iter().filter_map(|parsed| Some(parsed.identity.as_ref()?.0.clone())).collect();
    let mut first: HashMap<String, Location> = HashMap::new();
    for parsed in all {
        if let Some((id, location)) = parsed.identity {
            match first.get(&id) {
                Some(first) => problems.add(location, id_taken(&id, first.line, &taken)),
                None => drop(first.insert(id, location)),
            }
        }
        shows.extend(parsed.show);
    }
    shows
}

/// Says that the show in line `first` has this id already. `taken` has the ids of all shows.
fn id_taken(id: &str, first: usize, taken: &HashSet<String>) -> Complaint {
    let free = (2..=taken.len() + 2).map(|number| format!("{id}-{number}")).find(|id| !taken.contains(id));
    Complaint::new(format!("the show in line {first} has the id `{id}` already"))
        .hint(format!("give this show an id of its own: `id: {}`", free.unwrap_or_default()))
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

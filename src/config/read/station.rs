//! The entries of `stations`.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use crate::base::http::Reach;
use crate::base::zone::Zone;

use super::find::{headers, steps};
use super::{artwork, checks, encoding, timezone, titles};
use crate::config::keys::{HTTP, RTMP, STATION, Section};
use crate::config::values::{
    Address, AlwaysTaped, Hls, Hours, Icecast, Rtmp, SourceConfig, Station, always, parse_or_suggest, secret, slug,
    units,
};
use crate::config::yaml::{Content, Entry, Location, Node, Problems};
use crate::model::{EncodingKind, StationId};

/// A station as far as it could be read.
pub struct ParsedStation {
    /// What shows need to know of it.
    pub stub: StationStub,
    /// All of it. `None` if something is wrong with it, which is reported.
    pub station: Option<Station>,
}

/// What shows need to know of a station.
pub struct StationStub {
    /// Its key in the file.
    pub key: String,
    /// The key, or what it has to be instead. `None` if no id can be made of it.
    pub id: Option<String>,
    /// Its name for people.
    pub name: Option<String>,
    /// The zone of its shows.
    pub zone: Zone,
    /// What becomes of the sound of its shows. `None` if the file says it.
    pub encoding: Option<EncodingKind>,
}

/// Reads the station under one key of `stations`. `timezone` is that of the file.
pub fn read(entry: &Entry, timezone: Zone, folder: &Path, problems: &mut Problems) -> ParsedStation {
    let key = entry.key.clone();
    let id = parse_or_suggest(&key, slug::id).map_err(|complaint| problems.add(entry.location, complaint)).ok();
    let instead = || Some(slug::slug(&key)).filter(|slug| !slug.is_empty());
    let mut stub = StationStub { id: id.clone().or_else(instead), key, name: None, zone: timezone, encoding: None };
    let owner = format!("the station `{}`", entry.key);
    let Some(section) = Section::open(&entry.value, &owner, entry.location, &STATION, problems) else {
        return ParsedStation { stub, station: None };
    };
    stub.name = section.name("name", problems);
    stub.zone = timezone::of_section(&section, problems).unwrap_or(timezone);
    stub.encoding = encoding::kind(&section, problems);
    let station = parse(&section, id, &stub, folder, problems);
    ParsedStation { stub, station }
}

/// Reads a station that is not in the file. `None` if something is wrong with it, which is reported.
pub fn ad_hoc(node: &Node, id: &StationId, timezone: Zone, problems: &mut Problems) -> Option<Station> {
    let section = Section::open(node, "`source`", Location::TOP, &STATION, problems)?;
    let zone = timezone::of_section(&section, problems).unwrap_or(timezone);
    let name = section.name("name", problems);
    let encoding = encoding::kind(&section, problems);
    let stub = StationStub { key: id.to_string(), id: Some(id.to_string()), name, zone, encoding };
    let station = parse(&section, stub.id.clone(), &stub, Path::new("/"), problems)?;
    let host = match station.source.address() {
        Address::Url(url) => url.host_str().map(str::to_owned),
        Address::Find(_) => None,
    };
    Some(Station { name: stub.name.or(host).unwrap_or(stub.key), ..station })
}

fn parse(
    section: &Section<'_>,
    id: Option<String>,
    stub: &StationStub,
    folder: &Path,
    problems: &mut Problems,
) -> Option<Station> {
    let delay = section.read("delay", problems, units::duration).unwrap_or(Duration::ZERO);
    let titles = titles::read(section, folder, problems);
    let artwork = artwork::read(section, folder, problems);
    // All three are read, so that the mistakes of each are reported, although only one may stand.
    let sources = [hls(section, folder, problems), rtmp(section, folder, problems), icecast(section, folder, problems)];
    let tape = tape(section, problems);
    let keep = section.section("keep", problems);
    let keep_size = keep.and_then(|keep| keep.read("size", problems, units::size_kept));
    let tls = section.section("tls", problems);
    let accept_invalid = tls.and_then(|tls| tls.flag("accept_invalid", problems)).unwrap_or(false);
    let mut source = sources.into_iter().flatten().next()?;
    match &mut source {
        SourceConfig::Hls(hls) => hls.accept_invalid = accept_invalid,
        SourceConfig::Rtmp(rtmp) => rtmp.accept_invalid = accept_invalid,
        SourceConfig::Icecast(icecast) => icecast.accept_invalid = accept_invalid,
    }
    let name = stub.name.clone().unwrap_or_else(|| stub.key.clone());
    Some(Station {
        id: StationId::new(id?),
        name,
        timezone: stub.zone,
        delay,
        titles,
        encoding: stub.encoding,
        artwork,
        tape,
        keep_size,
        source,
    })
}

fn tape(station: &Section<'_>, problems: &mut Problems) -> Option<AlwaysTaped> {
    if !matches!(station.get("tape")?.value.content, Content::Map(_)) {
        let keep = station.read("tape", problems, always::kept)?;
        return Some(AlwaysTaped { keep, hours: Hours::all() });
    }
    let keys = station.section("tape", problems)?;
    let keep = keys.read("keep", problems, always::kept);
    let hours = keys.read("hours", problems, always::hours).unwrap_or_else(Hours::all);
    Some(AlwaysTaped { keep: keep?, hours })
}

fn hls(station: &Section<'_>, folder: &Path, problems: &mut Problems) -> Option<SourceConfig> {
    let source = Source::open(station, "hls", HTTP, folder, problems)?;
    let max_bitrate = source.keys.as_ref().and_then(|keys| keys.read("max_bitrate", problems, units::rate));
    let language = source.keys.as_ref().and_then(|keys| keys.text("language", problems));
    let (address, headers, accept_invalid) = (source.address?, source.headers, false);
    Some(SourceConfig::Hls(Hls { address, headers, max_bitrate, language, accept_invalid, reach: Reach::Anywhere }))
}

fn icecast(station: &Section<'_>, folder: &Path, problems: &mut Problems) -> Option<SourceConfig> {
    let source = Source::open(station, "icecast", HTTP, folder, problems)?;
    let (address, headers, reach) = (source.address?, source.headers, Reach::Anywhere);
    Some(SourceConfig::Icecast(Icecast { address, headers, accept_invalid: false, reach }))
}

fn rtmp(station: &Section<'_>, folder: &Path, problems: &mut Problems) -> Option<SourceConfig> {
    let Source { address, headers, keys } = Source::open(station, "rtmp", RTMP, folder, problems)?;
    let reveal = |text: &str| secret::reveal(text, folder).map(Cow::into_owned);
    let mut text = |name: &str| keys.as_ref().and_then(|keys| keys.read(name, problems, reveal));
    let (app, playpath, swf, page) = (text("app"), text("playpath"), text("swf"), text("page"));
    let live = keys.as_ref().and_then(|keys| keys.flag("live", problems)).unwrap_or(true);
    let words = keys.as_ref().map(|keys| keys.words("args", problems)).unwrap_or_default();
    let mut args = Vec::new();
    for (word, location) in words {
        match reveal(word) {
            Ok(word) => args.push(word),
            Err(complaint) => problems.add(location, complaint),
        }
    }
    Some(SourceConfig::Rtmp(Rtmp {
        address: address?,
        headers,
        app,
        playpath,
        swf,
        page,
        live,
        args,
        accept_invalid: false,
        reach: Reach::Anywhere,
    }))
}

/// What all kinds of sources share.
struct Source<'a> {
    /// `None` if something is wrong with it, which is reported.
    address: Option<Address>,
    headers: Vec<(String, String)>,
    /// The section. `None` if the source is only a URL.
    keys: Option<Section<'a>>,
}

impl<'a> Source<'a> {
    /// Reads the source under `name`. `None` if the station has no such key.
    fn open(
        station: &Section<'a>,
        name: &str,
        schemes: &[&str],
        folder: &Path,
        problems: &mut Problems,
    ) -> Option<Self> {
        let url = |text: &str| checks::url(text, folder, schemes).map(Address::Url);
        if !matches!(station.get(name)?.value.content, Content::Map(_)) {
            let address = station.read(name, problems, url);
            return Some(Self { address, headers: Vec::new(), keys: None });
        }
        let keys = station.section(name, problems)?;
        let headers = headers(&keys, folder, problems);
        let known = keys.read("url", problems, url);
        let found = keys.list("find", problems).and_then(|nodes| steps(&keys, nodes, folder, problems));
        Some(Self { address: known.or(found.map(Address::Find)), headers, keys: Some(keys) })
    }
}

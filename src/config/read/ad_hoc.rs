//! A station that is not in the file: whoever asks for a recording of it says how to reach it, by the keys that a station
//! of the file has.
//!
//! Who asks over the network gets less than who writes the file: no program is run, and no variable, file or address of
//! this machine is read.

use std::path::Path;

use serde_json::Value;

use super::station;
use crate::base::zone::Zone;
use crate::config::values::{Config, Station};
use crate::config::yaml::{self, ConfigErrors, Problems};
use crate::model::StationId;

/// The keys of a station that may be asked for.
const ALLOWED: [&str; 7] = ["hls", "icecast", "rtmp", "name", "timezone", "delay", "tls"];
/// The keys of a station of the file that mean nothing for one recording, or would read what is on this machine.
const OF_FILE: [&str; 4] = ["titles", "artwork", "tape", "keep"];
/// Keys at any depth that run a program, or tell one what to do.
const PROGRAMS: [&str; 3] = ["run", "args", "swf"];

impl Config {
    /// Makes the station that `source` asks for. What is connected to for it is bounded by the page's reach.
    ///
    /// # Errors
    /// It cannot be asked for like that; the text says what to write.
    pub fn ad_hoc_station(&self, id: &StationId, source: &Value) -> Result<Station, String> {
        let timezone = self.timezone;
        let station = read(id, source, timezone)?;
        Ok(Station { source: station.source.within(self.web.reach()), ..station })
    }

    /// This configuration, with a station that is not in the file.
    #[must_use]
    pub fn with_ad_hoc(&self, station: Station) -> Self {
        let mut with = self.clone();
        with.ad_hoc.insert(station.id.clone(), std::sync::Arc::new(station));
        with
    }

    /// This configuration, without the station `id` that is not in the file.
    #[must_use]
    pub fn without_ad_hoc(&self, id: &StationId) -> Self {
        let mut without = self.clone();
        without.ad_hoc.remove(id);
        without
    }
}

fn read(id: &StationId, source: &Value, timezone: Zone) -> Result<Station, String> {
    let Value::Object(keys) = source else {
        return Err("`source` must be an object, such as {\"hls\": \"https://…/playlist.m3u8\"}".to_owned());
    };
    if let Some(key) = keys.keys().find(|key| OF_FILE.contains(&key.as_str())) {
        return Err(format!("`{key}` is for stations of the file; here can be {}", ALLOWED.join(", ")));
    }
    if let Some(refused) = refused(source) {
        return Err(refused);
    }
    // JSON is YAML; so the same tables check it, and say the same.
    let text = source.to_string();
    let mut problems = Problems::default();
    let station =
        yaml::parse(&text, &mut problems).and_then(|node| station::ad_hoc(&node, id, timezone, &mut problems));
    problems.into_result(Path::new("source"), &text).map_err(ConfigErrors::in_a_line)?;
    station.ok_or_else(|| "`source` names no station".to_owned())
}

/// Says what in `value` reaches for this machine. `None` if nothing does.
fn refused(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let text = text.trim_start();
            let secret = ["env:", "file:"].into_iter().find(|secret| text.starts_with(secret))?;
            Some(format!("`{secret}` is for the file; who asks over the network writes the value itself"))
        }
        Value::Array(values) => values.iter().find_map(refused),
        Value::Object(keys) => keys.iter().find_map(|(key, value)| {
            let program = PROGRAMS.contains(&key.as_str());
            let words = || format!("`{key}` is for the file; who asks over the network can run no program here");
            if program { Some(words()) } else { refused(value) }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{Address, SourceConfig};

    fn asked(source: &Value) -> Result<Station, String> {
        let text =
            "timezone: Asia/Seoul\nweb: { ad_hoc: true, local_sources: [192.168.7.0/24] }\nstations: {}\nshows: []\n";
        let config = Config::parse(text, Path::new("stations.yaml")).unwrap();
        config.ad_hoc_station(&StationId::new("ad-hoc~1"), source)
    }

    #[test]
    fn a_station_is_asked_for_by_the_keys_of_the_file() {
        let station = asked(&json!({ "hls": "https://radio.example/live.m3u8" })).unwrap();
        assert_eq!((station.name.as_str(), station.timezone.name()), ("radio.example", "Asia/Seoul"));
        assert!(station.source.reach().is_guarded());
        let station = asked(&json!({
            "name": "방송 😀", "timezone": "Europe/Berlin", "tls": { "accept_invalid": true },
            "icecast": { "find": [{ "get": "https://radio.example/" }, { "match": "src=\"(.*?)\"" }], "headers": { "Referer": "https://x/" } },
        }));
        let station = station.unwrap();
        let SourceConfig::Icecast(icecast) = &station.source else { panic!("{station:?}") };
        assert!(icecast.accept_invalid && matches!(&icecast.address, Address::Find(steps) if steps.len() == 2));
        assert_eq!((station.name.as_str(), station.timezone.name()), ("방송 😀", "Europe/Berlin"));
        for rtmp in [json!({ "url": "rtmp://r.example/live", "playpath": "x" }), json!("rtmp://r.example/live/x")] {
            let station = asked(&json!({ "rtmp": rtmp })).unwrap();
            assert_eq!((station.source.kind(), station.name.as_str()), ("rtmp", "r.example"));
            assert!(station.source.reach().is_guarded());
        }
    }

    #[test]
    fn what_is_wrong_is_told_as_of_the_file_and_nothing_of_this_machine_is_reached_for() {
        for (source, words) in [
            (json!("https://radio.example/"), "must be an object"),
            (json!({}), "needs `hls`, `rtmp` or `icecast`"),
            (json!({ "hls": "radio.example/x" }), "(write `https://radio.example/x`)"),
            (json!({ "hlss": "https://radio.example/x" }), "write `hls`"),
            (json!({ "hls": "https://a.example/x", "icecast": "https://a.example/y" }), "must have only one"),
            (json!({ "hls": "env:SECRET" }), "`env:` is for the file"),
            (
                json!({ "hls": { "url": "https://a.example/x", "headers": { "X": " file:/etc/passwd" } } }),
                "`file:` is for the file",
            ),
            (json!({ "hls": { "find": [{ "run": ["id"] }] } }), "can run no program here"),
            (
                json!({ "rtmp": { "url": "rtmp://a.example/x", "args": ["--flv", "/tmp/x"] } }),
                "can run no program here",
            ),
            (json!({ "rtmp": { "url": "rtmp://a.example/x", "swf": "http://127.0.0.1/" } }), "can run no program here"),
            (json!({ "hls": "https://a.example/x", "tape": "42d" }), "`tape` is for stations of the file"),
            (json!({ "hls": "https://a.example/x", "titles": { "find": [] } }), "`titles` is for stations of the file"),
        ] {
            let error = asked(&source).unwrap_err();
            assert!(error.contains(words), "{source}: {error}");
        }
    }
}

//! What another configuration changes, in words: for the log, so that whoever edited the file sees what became of it.

use std::fmt::{Debug, Display};
use std::time::Duration;

use crate::config::{Address, Config, Keep, Show, Station, Web, keep_text};
use crate::language::Language;

/// The most changes that are told one by one.
const MOST: usize = 40;

/// Returns what `new` has that `old` had not or had otherwise, a sentence without its full stop each. Nothing secret is in
/// them.
pub(super) fn changes(old: &Config, new: &Config) -> Vec<String> {
    let mut changes = of_file(old, new);
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for station in &new.stations {
        match old.stations.by_id(station.id.as_str()) {
            None => added.push(format!("station {} added", station.id)),
            Some(before) => {
                let different = of_station(before, station);
                if !different.is_empty() {
                    changes.push(format!("station {}: {}", station.id, different.join(", ")));
                }
            }
        }
    }
    let gone = old.stations.iter().filter(|station| new.stations.by_id(station.id.as_str()).is_none());
    removed.extend(gone.map(|station| format!("station {} removed", station.id)));
    for show in &new.shows {
        match old.shows.by_id(show.id.as_str()) {
            None => added.push(format!("show {} added", show.title)),
            Some(before) => {
                let different = of_show(before, show);
                if !different.is_empty() {
                    changes.push(format!("{}: {} from the next airing", show.title, different.join(", ")));
                }
            }
        }
    }
    let gone = old.shows.iter().filter(|show| new.shows.by_id(show.id.as_str()).is_none());
    removed.extend(gone.map(|show| format!("show {} removed", show.title)));
    changes.extend(added);
    changes.extend(removed);
    let more = changes.len().saturating_sub(MOST);
    changes.truncate(MOST);
    if more > 0 {
        changes.push(format!("{more} further changes"));
    }
    changes
}

/// Collects what is different.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    /// Says what a value was and is.
    fn value<T: PartialEq>(&mut self, name: &str, old: &T, new: &T, say: impl Fn(&T) -> String) {
        if old != new {
            self.0.push(format!("{name} {} → {}", say(old), say(new)));
        }
    }

    /// Says only that a value is another one: it is long, or may be secret.
    fn other(&mut self, name: &str, old: &impl Debug, new: &impl Debug) {
        if format!("{old:?}") != format!("{new:?}") {
            self.0.push(format!("{name} changed"));
        }
    }
}

fn said(length: &Duration) -> String {
    if length.is_zero() { "0s".to_owned() } else { keep_text(*length) }
}

fn shown(value: &impl Display) -> String {
    value.to_string()
}

fn of_file(old: &Config, new: &Config) -> Vec<String> {
    let mut different = Differences::default();
    let folder = |folder: &std::path::PathBuf| folder.display().to_string();
    different.value("timezone", &old.timezone, &new.timezone, shown);
    different.value("output", &old.output, &new.output, folder);
    different.value("state", &old.state, &new.state, folder);
    different.value("address of the page", &old.web.listen, &new.web.listen, |listen| {
        listen.map_or_else(|| "off".to_owned(), |listen| listen.to_string())
    });
    let without_address = |web: &Web| Web { listen: None, ..web.clone() };
    if without_address(&old.web) != without_address(&new.web) {
        different.0.push("who may see the page changed".to_owned());
    }
    different.other("object store", &old.store, &new.store);
    different.other("downloads", &old.grab, &new.grab);
    different.other("recordings as HLS", &old.hls, &new.hls);
    different.value("clips are kept", &old.keep_clips, &new.keep_clips, |keep| {
        keep.map_or_else(|| "for good".to_owned(), keep_text)
    });
    different.0
}

fn of_station(old: &Station, new: &Station) -> Vec<String> {
    let mut different = Differences::default();
    different.value("name", &old.name, &new.name, shown);
    different.value("timezone", &old.timezone, &new.timezone, shown);
    different.value("delay", &old.delay, &new.delay, said);
    if old.source != new.source {
        let is_found = |station: &Station| matches!(station.source.address(), Address::Find(_));
        let what = if old.source.kind() != new.source.kind() {
            format!("{} → {}", old.source.kind(), new.source.kind())
        } else if is_found(new) {
            "its address is found by other steps".to_owned()
        } else {
            "another address".to_owned()
        };
        different.0.push(what);
    }
    let tape = |station: &Station| station.tape.as_ref().map(|rule| rule.keep);
    different.value("tape", &tape(old), &tape(new), |keep| keep.map_or_else(|| "for its shows".to_owned(), keep_text));
    different.other("titles", &old.titles, &new.titles);
    different.other("encoding", &old.encoding, &new.encoding);
    different.other("artwork", &old.artwork, &new.artwork);
    different.0
}

fn of_show(old: &Show, new: &Show) -> Vec<String> {
    let mut different = Differences::default();
    different.value("title", &old.title, &new.title, shown);
    different.value("station", &old.station, &new.station, shown);
    if old.cron.text() != new.cron.text() {
        let say = |show: &Show| show.cron.describe(Language::english());
        different.0.push(format!("{} → {}", say(old), say(new)));
    }
    different.value("timezone", &old.timezone, &new.timezone, shown);
    different.value("length", &old.length, &new.length, said);
    different.value("early", &old.early, &new.early, said);
    different.value("late", &old.late, &new.late, said);
    different.value("keep", &old.keep, &new.keep, keep);
    different.other("encoding", &old.encoding, &new.encoding);
    different.other("tags", &(&old.tags, old.id3), &(&new.tags, new.id3));
    different.other("name of the files", &old.file, &new.file);
    different.other("gaps", &old.gaps, &new.gaps);
    different.other("dead_air", &old.dead_air, &new.dead_air);
    different.other("artwork", &old.artwork, &new.artwork);
    different.0
}

fn keep(keep: &Keep) -> String {
    let last = keep.last.map(|last| format!("the newest {last}"));
    let days = keep.days.map(|days| format!("{days} days"));
    let rules: Vec<String> = last.into_iter().chain(days).collect();
    if rules.is_empty() { "everything".to_owned() } else { rules.join(" and ") }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config(text: &str) -> Config {
        Config::parse(&format!("timezone: Asia/Seoul\n{text}"), Path::new("/s.yaml")).unwrap()
    }

    #[test]
    fn every_change_is_told_in_words_without_secrets() {
        let old = config(
            "stations:\n  kbs: { name: KBS, hls: 'https://h.example/x?token=secret1' }\n  gone: { hls: 'https://h.example/y' }\n\
             shows:\n  - { title: 명연주 명음반, station: kbs, cron: \"0 14 * * *\", length: 1h }\n  \
             - { title: Old, station: kbs, cron: \"0 9 * * *\", length: 1h }\n",
        );
        let new = config(
            "web: { listen: off }\nstations:\n  kbs: { name: KBS 1FM, hls: 'https://h.example/x?token=secret2', tape: 42d }\n  \
             kbs-2: { hls: 'https://h.example/z' }\nshows:\n  \
             - { title: 명연주 명음반, station: kbs, cron: \"0 15 * * *\", length: 2h, keep: { last: 30 } }\n",
        );
        let told = changes(&old, &new);
        assert_eq!(
            told,
            [
                "address of the page 127.0.0.1:8080 → off",
                "station kbs: name KBS → KBS 1FM, another address, tape for its shows → 42d",
                "명연주 명음반: every day at 14:00 → every day at 15:00, length 1h → 2h, keep everything → the newest 30 from the next \
                 airing",
                "station kbs-2 added",
                "station gone removed",
                "show Old removed",
            ]
        );
        assert_eq!(changes(&old, &old), [""; 0]);
    }

    #[test]
    fn a_thousand_changes_are_counted() {
        let stations: String = (0..1000).map(|n| format!("  s{n}: {{ hls: 'https://h.example/{n}' }}\n")).collect();
        let told = changes(&config("stations: {}\n"), &config(&format!("stations:\n{stations}")));
        assert_eq!((told.len(), told.last().unwrap().as_str()), (MOST + 1, "960 further changes"));
    }
}

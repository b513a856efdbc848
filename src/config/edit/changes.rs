//! What another configuration changes, in words: for the log and the page, so that whoever edited the file sees what becomes of
//! it.

use std::fmt::{Debug, Display};
use std::path::PathBuf;
use std::time::Duration;

use crate::base::readable;
use crate::config::values::{Address, Config, Keep, Show, Station, Web, keep_text};
use crate::language::{Language, Sentence};

/// The most changes that are told one by one.
const MOST: usize = 40;

/// Returns what `new` has that `old` had not or had otherwise, in `language`, a sentence without its full stop each. Nothing
/// secret is in them.
pub fn changes(old: &Config, new: &Config, language: &'static Language) -> Vec<String> {
    let say = |sentence: Sentence| sentence.say(language);
    let mut changes = of_file(old, new, language);
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for station in &new.stations {
        match old.stations.by_id(station.id.as_str()) {
            None => added.push(say(Sentence::new("change_station_added").with("what", &station.id))),
            Some(before) => {
                let different = of_station(before, station, language);
                if !different.is_empty() {
                    let sentence = Sentence::new("change_of_station").with("what", &station.id);
                    changes.push(say(sentence.with("changes", different.join(", "))));
                }
            }
        }
    }
    let gone = old.stations.iter().filter(|station| new.stations.by_id(station.id.as_str()).is_none());
    removed.extend(gone.map(|station| say(Sentence::new("change_station_removed").with("what", &station.id))));
    for show in &new.shows {
        match old.shows.by_id(show.id.as_str()) {
            None => added.push(say(Sentence::new("change_show_added").with("what", &show.title))),
            Some(before) => {
                let different = of_show(before, show, language);
                if !different.is_empty() {
                    let sentence = Sentence::new("change_from_next").with("what", &show.title);
                    changes.push(say(sentence.with("changes", different.join(", "))));
                }
            }
        }
    }
    let gone = old.shows.iter().filter(|show| new.shows.by_id(show.id.as_str()).is_none());
    removed.extend(gone.map(|show| say(Sentence::new("change_show_removed").with("what", &show.title))));
    changes.extend(added);
    changes.extend(removed);
    let more = changes.len().saturating_sub(MOST);
    changes.truncate(MOST);
    if more > 0 {
        changes.push(say(Sentence::new("change_more").with("n", more)));
    }
    changes
}

/// Collects what is different.
struct Differences {
    language: &'static Language,
    found: Vec<String>,
}

impl Differences {
    fn new(language: &'static Language) -> Self {
        Self { language, found: Vec::new() }
    }

    fn say(&self, sentence: &Sentence) -> String {
        sentence.say(self.language)
    }

    /// Says what a value was and is.
    fn value<T: PartialEq>(&mut self, name: &Sentence, old: &T, new: &T, say: impl Fn(&T) -> String) {
        if old != new {
            let sentence = Sentence::new("change_value").with("name", self.say(name));
            self.found.push(self.say(&sentence.with("old", say(old)).with("new", say(new))));
        }
    }

    /// Says only that a value is another one: it is long, or may be secret.
    fn other(&mut self, name: &Sentence, old: &impl Debug, new: &impl Debug) {
        if format!("{old:?}") != format!("{new:?}") {
            self.is_other(name);
        }
    }

    fn is_other(&mut self, name: &Sentence) {
        self.found.push(self.say(&Sentence::new("change_other").with("name", self.say(name))));
    }
}

fn said(length: &Duration) -> String {
    if length.is_zero() { "0s".to_owned() } else { keep_text(*length) }
}

fn shown(value: &impl Display) -> String {
    value.to_string()
}

fn of_file(old: &Config, new: &Config, language: &'static Language) -> Vec<String> {
    // Every key is named here, so that a new one cannot be forgotten.
    let Config { timezone, output, state, web, store, notify, grab, keep_clips, keep_size, hls, min_free, .. } = new;
    let Config {
        file: _,
        sides: _,
        warnings: _,
        changes: _,
        stations: _,
        shows: _,
        ad_hoc: _,
        // Shows and stations tell what they inherit.
        name: _,
        encodings: _,
        id3: _,
        gaps: _,
        dead_air: _,
        timezone: _,
        output: _,
        state: _,
        web: _,
        store: _,
        notify: _,
        grab: _,
        keep_clips: _,
        keep_size: _,
        hls: _,
        min_free: _,
    } = old;
    let mut different = Differences::new(language);
    let folder = |folder: &PathBuf| folder.display().to_string();
    different.value(&Sentence::new("change_timezone"), &old.timezone, timezone, shown);
    different.value(&Sentence::new("change_output"), &old.output, output, folder);
    different.value(&Sentence::new("change_state"), &old.state, state, folder);
    different.value(&Sentence::new("change_listen"), &old.web.listen, &web.listen, |listen| {
        listen.map_or_else(|| Sentence::new("change_off").say(language), |listen| listen.to_string())
    });
    let without_address = |web: &Web| Web { listen: None, ..web.clone() };
    if without_address(&old.web) != without_address(web) {
        different.is_other(&Sentence::new("change_who"));
    }
    different.other(&Sentence::new("change_store"), &old.store, store);
    different.other(&Sentence::new("change_notify"), &old.notify, notify);
    different.other(&Sentence::new("change_grab"), &old.grab, grab);
    different.other(&Sentence::new("change_hls"), &old.hls, hls);
    different.value(&Sentence::new("change_clips"), &old.keep_clips, keep_clips, |keep| {
        keep.map_or_else(|| Sentence::new("change_for_good").say(language), keep_text)
    });
    different.value(&Sentence::new("change_most"), &old.keep_size, keep_size, |size| most(*size, language));
    different.value(&Sentence::new("change_min_free"), &old.min_free, min_free, |bytes| readable::bytes(*bytes));
    different.found
}

fn of_station(old: &Station, new: &Station, language: &'static Language) -> Vec<String> {
    let mut different = Differences::new(language);
    different.value(&Sentence::new("change_name"), &old.name, &new.name, shown);
    different.value(&Sentence::new("change_timezone"), &old.timezone, &new.timezone, shown);
    different.value(&Sentence::new("change_delay"), &old.delay, &new.delay, said);
    if old.source != new.source {
        let is_found = matches!(new.source.address(), Address::Find(_));
        let what = if old.source.kind() != new.source.kind() {
            format!("{} → {}", old.source.kind(), new.source.kind())
        } else if is_found {
            Sentence::new("change_steps").say(language)
        } else {
            Sentence::new("change_address").say(language)
        };
        different.found.push(what);
    }
    let tape = |station: &Station| station.tape.as_ref().map(|rule| rule.keep);
    different.value(&Sentence::new("change_tape"), &tape(old), &tape(new), |keep| {
        keep.map_or_else(|| Sentence::new("change_for_shows").say(language), keep_text)
    });
    different.value(&Sentence::new("change_most"), &old.keep_size, &new.keep_size, |size| most(*size, language));
    different.other(&Sentence::new("change_titles"), &old.titles, &new.titles);
    different.other(&Sentence::new("change_encoding"), &old.encoding, &new.encoding);
    different.other(&Sentence::new("change_artwork"), &old.artwork, &new.artwork);
    different.found
}

fn of_show(old: &Show, new: &Show, language: &'static Language) -> Vec<String> {
    let mut different = Differences::new(language);
    different.value(&Sentence::new("change_title"), &old.title, &new.title, shown);
    different.value(&Sentence::new("change_station"), &old.station, &new.station, shown);
    if old.cron.text() != new.cron.text() {
        let say = |show: &Show| show.cron.describe(language);
        different.found.push(format!("{} → {}", say(old), say(new)));
    }
    different.value(&Sentence::new("change_timezone"), &old.timezone, &new.timezone, shown);
    different.value(&Sentence::new("change_length"), &old.length, &new.length, said);
    different.value(&Sentence::new("change_early"), &old.early, &new.early, said);
    different.value(&Sentence::new("change_late"), &old.late, &new.late, said);
    different.value(&Sentence::new("change_keep"), &old.keep, &new.keep, |rule| keep(rule, language));
    different.other(&Sentence::new("change_encoding"), &old.encoding, &new.encoding);
    different.other(&Sentence::new("change_tags"), &(&old.tags, old.id3), &(&new.tags, new.id3));
    different.other(&Sentence::new("change_file"), &old.file, &new.file);
    different.other(&Sentence::new("change_gaps"), &old.gaps, &new.gaps);
    different.other(&Sentence::new("change_dead_air"), &old.dead_air, &new.dead_air);
    different.other(&Sentence::new("change_artwork"), &old.artwork, &new.artwork);
    different.found
}

/// Says how much recordings may take.
fn most(size: Option<u64>, language: &Language) -> String {
    size.map_or_else(|| Sentence::new("change_unbounded").say(language), readable::bytes)
}

fn keep(keep: &Keep, language: &Language) -> String {
    let Keep { last, days, until_heard, size } = keep;
    let last = last.map(|last| Sentence::new("change_newest").with("n", last));
    let days = days.map(|days| Sentence::new("change_days").with("n", days));
    let heard = until_heard.then(|| Sentence::new("change_until_heard"));
    let both =
        |one: String, other: String| Sentence::new("change_both").with("one", one).with("other", other).say(language);
    let kept = [last, days, heard].into_iter().flatten().map(|rule| rule.say(language)).reduce(both);
    let kept = kept.unwrap_or_else(|| Sentence::new("change_everything").say(language));
    match size {
        Some(size) => {
            Sentence::new("change_within").with("what", kept).with("size", readable::bytes(*size)).say(language)
        }
        None => kept,
    }
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
        let told = changes(&old, &new, Language::english());
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
        assert_eq!(changes(&old, &old, Language::english()), [""; 0]);

        let stations = "stations:\n  s: { hls: 'https://h.example/x' }\nshows:\n  - { title: T, station: s, cron: \"0 9 * * *\", length: 1h }\n";
        let bounded = "keep: { size: 200 GiB }\nmin_free: 2 GiB\nnotify:\n  - { name: x, run: [x] }\nstations:\n  \
                       s: { hls: 'https://h.example/x', keep: { size: 40 GiB } }\nshows:\n  - { title: T, station: s, \
                       cron: \"0 9 * * *\", length: 1h, keep: { last: 3, until: heard, size: 20 GiB } }\n";
        let told = changes(&config(stations), &config(bounded), Language::english());
        let [notify, most, free, station, show] = &told[..] else { panic!("{told:?}") };
        assert_eq!(
            (notify.as_str(), most.as_str()),
            ("who is told what happens changed", "recordings take at most any size → 200.0 GiB")
        );
        assert!(free.starts_with("min_free ") && free.ends_with(" → 2.0 GiB"), "{free}");
        assert_eq!(station, "station s: recordings take at most any size → 40.0 GiB");
        let expected =
            "T: keep everything → the newest 3 and what nobody has heard, at most 20.0 GiB from the next airing";
        assert_eq!(show, expected);
        let korean = changes(&old, &new, Language::liked("ko"));
        assert_eq!(korean[0], "페이지 주소 127.0.0.1:8080 → 끔");
        assert!(
            korean[2].starts_with("명연주 명음반: 다음 방송부터 ") && korean[2].ends_with("보관 모두 → 최근 30개"),
            "{}",
            korean[2]
        );
    }

    #[test]
    fn a_thousand_changes_are_counted() {
        let stations: String = (0..1000).map(|n| format!("  s{n}: {{ hls: 'https://h.example/{n}' }}\n")).collect();
        let after = config(&format!("stations:\n{stations}"));
        let told = changes(&config("stations: {}\n"), &after, Language::english());
        assert_eq!((told.len(), told.last().unwrap().as_str()), (MOST + 1, "960 further changes"));
    }
}

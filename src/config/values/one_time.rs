//! Shows that are not in the file, and are made from its defaults: those of one-time airings, and that of clips.
//!
//! Their ids have a character that no id of the file can have. So none is ever taken for a show of the file, whatever
//! shows it gets later, and no `keep` of a show deletes their recordings.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Complaint, Config, Crontab, Keep, Purpose, Show, Station, TagTemplates, Template, slug, units};
use crate::model::{ShowId, StationId};

/// How the ids of shows that air once begin.
const ONCE: &str = "once~";
/// How the ids of stations begin that are not in the file.
const AD_HOC: &str = "ad-hoc~";
/// The id of the show that all clips belong to.
const CLIPS: &str = "clips~";
/// The most letters of a title in an id, which becomes part of file names.
const LETTERS: usize = 40;

/// The shortest time for which clips are kept: nobody means less, and a unit is soon mistaken.
const SHORTEST_KEPT: Duration = Duration::from_hours(1);
/// The longest.
const LONGEST_KEPT: Duration = Duration::from_hours(100 * 365 * 24);

/// Reads how long clips are kept.
pub fn clips_kept(text: &str) -> Result<Duration, Complaint> {
    let keep = units::duration_up_to(text, LONGEST_KEPT)?;
    if keep < SHORTEST_KEPT {
        return Err(Complaint::new(format!("`{text}` is too short: clips are kept for an hour at least"))
            .hint("write how long, such as `90d`, or leave it out to keep them for good"));
    }
    Ok(keep)
}

impl Config {
    /// Returns the id of the show that all clips belong to.
    pub fn clips() -> ShowId {
        ShowId::new(CLIPS)
    }

    /// Makes the id of a station that is not in the file, and that was asked for in the second `at`.
    pub fn ad_hoc_id(at: DateTime<Utc>) -> StationId {
        StationId::new(format!("{AD_HOC}{}", at.format("%Y%m%dt%H%M%Sz")))
    }

    /// Makes the id of a show of this title that airs once on `station`.
    pub fn once(title: &str, station: &Station) -> ShowId {
        let of_title: String = slug::slug(title).chars().take(LETTERS).collect();
        if of_title.is_empty() || of_title == slug::slug(&station.name) {
            return ShowId::new(format!("{ONCE}{}", station.id));
        }
        // Two stations may have one programme at one moment.
        ShowId::new(format!("{ONCE}{}~{of_title}", station.id))
    }

    /// Returns the show that all clips belong to.
    pub fn show_of_clips(&self) -> Arc<Show> {
        self.stand_in(&Self::clips(), "Clips", &Station::unreachable(&StationId::new(""), self.timezone))
    }

    /// Whether this is the id of a show that airs once.
    pub fn is_once(id: &ShowId) -> bool {
        id.as_str().starts_with(ONCE)
    }

    /// Returns the show with this id: one of the file or, as its id says, one that airs once or that of clips. `None` if
    /// the file no longer has it.
    pub fn show_or_once(&self, id: &ShowId, title: &str, station: &Station) -> Option<Arc<Show>> {
        if !Self::is_once(id) && id.as_str() != CLIPS {
            return self.show(id).cloned();
        }
        Some(self.stand_in(id, title, station))
    }

    /// Makes a show of the file's defaults, in the place of one that the file does not have, or no longer has.
    pub fn stand_in(&self, id: &ShowId, title: &str, station: &Station) -> Arc<Show> {
        Arc::new(Show {
            id: id.clone(),
            title: title.to_owned(),
            station: station.id.clone(),
            cron: Crontab::never(),
            timezone: station.timezone,
            length: Duration::ZERO,
            early: Duration::ZERO,
            late: Duration::ZERO,
            tags: TagTemplates {
                title: Template::usual(Purpose::Title),
                artist: Template::usual(Purpose::Artist),
                genre: Template::usual(Purpose::Genre),
                album: Template::usual(Purpose::Album),
            },
            file: self.name.clone(),
            encoding: self.encoding_of(station),
            id3: self.id3,
            gaps: self.gaps,
            dead_air: self.dead_air,
            artwork: None,
            keep: Keep::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::language::Language;

    fn config() -> Config {
        let text = "timezone: UTC\nname: \"{{ station }}/{{ show }}\"\nmp3: { bitrate: 64k }\ngaps: silence\nstations:\n  \
                    s: { name: S, hls: https://h.example/x, timezone: Asia/Seoul }\nshows:\n  \
                    - { title: News, station: s, cron: \"0 14 * * *\", length: 1h }\n";
        Config::parse(text, Path::new("stations.yaml")).unwrap()
    }

    #[test]
    fn a_show_that_airs_once_is_made_of_the_defaults_and_is_not_in_the_file() {
        let config = config();
        let station = &config.stations[0];
        let id = Config::once("News", station);
        assert_eq!((id.as_str(), config.show(&id).is_none()), ("once~s~news", true));
        let show = config.show_or_once(&id, "{{ show }} & <b>", station).unwrap();
        assert_eq!((show.title.as_str(), show.timezone), ("{{ show }} & <b>", "Asia/Seoul".parse().unwrap()));
        assert_eq!(
            (show.file.source(), show.encoding, show.id3, show.gaps, show.dead_air),
            ("{{ station }}/{{ show }}", config.encodings.wanted(), config.id3, config.gaps, config.dead_air)
        );
        assert_eq!((show.keep, show.cron.describe(Language::english())), (Keep::default(), "once".to_owned()));
        assert_eq!(show.cron.next_after(chrono::DateTime::UNIX_EPOCH, show.timezone), None);
        assert_eq!(Config::once("명연주 명음반", station).as_str(), "once~s~명연주-명음반");
        assert_eq!(Config::once("?!", station).as_str(), "once~s");
        assert_eq!(Config::once("S", station).as_str(), "once~s");
        assert_eq!(Config::once(&"명".repeat(200), station).as_str().chars().count(), 47);
    }

    #[test]
    fn a_show_of_the_file_is_found_and_one_that_is_gone_is_not() {
        let config = config();
        let station = &config.stations[0];
        let news = config.show_or_once(&ShowId::new("news"), "another title", station).unwrap();
        assert!(Arc::ptr_eq(&news, &config.shows[0]));
        assert!(config.show_or_once(&ShowId::new("gone"), "Gone", station).is_none());
    }

    #[test]
    fn no_id_of_a_file_begins_like_that_of_a_show_that_airs_once() {
        assert!(slug::id(&format!("{ONCE}news")).is_err());
        assert!(slug::id(CLIPS).is_err());
    }
}

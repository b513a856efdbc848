//! Notices: what is told to people and programs that do not look at the page.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What kind of thing is told. The names are in the YAML, in what receivers read and in catalogues, so a released name
/// never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// A recording is there, and complete.
    Recorded,
    /// A recording is there, and something is missing from it.
    Partial,
    /// A recording is there, and for some time nothing can be heard in it, although the station was up.
    Silent,
    /// Nothing of an airing was recorded.
    Failed,
    /// Nothing of an airing was recorded, because aircheck was not running.
    Missed,
    /// A station that is to be on tape sends no sound.
    StationDown,
    /// The disk has less room than `min_free`.
    DiskLow,
    /// What is planned for the next day does not fit on a disk.
    DiskSoon,
    /// The output folder cannot be written to.
    FolderAway,
    /// Recordings cannot be copied to the object store.
    StoreAway,
    /// The clock of the machine is off, by those of stations.
    ClockOff,
    /// The configuration was edited and has mistakes.
    ConfigRejected,
    /// aircheck runs again.
    Restarted,
    /// Somebody tries whether a target can be reached.
    Test,
}

impl NoticeKind {
    /// Those that a target can ask for.
    pub const ALL: [Self; 13] = [
        Self::Recorded,
        Self::Partial,
        Self::Silent,
        Self::Failed,
        Self::Missed,
        Self::StationDown,
        Self::DiskLow,
        Self::DiskSoon,
        Self::FolderAway,
        Self::StoreAway,
        Self::ClockOff,
        Self::ConfigRejected,
        Self::Restarted,
    ];

    /// Returns the name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Partial => "partial",
            Self::Silent => "silent",
            Self::Failed => "failed",
            Self::Missed => "missed",
            Self::StationDown => "station_down",
            Self::DiskLow => "disk_low",
            Self::DiskSoon => "disk_soon",
            Self::FolderAway => "folder_away",
            Self::StoreAway => "store_away",
            Self::ClockOff => "clock_off",
            Self::ConfigRejected => "config_rejected",
            Self::Restarted => "restarted",
            Self::Test => "test",
        }
    }

    /// Returns the kind with this name, if a target can ask for it.
    pub fn by_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// How what a notice is about is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeState {
    /// It is bad, and another notice says when it is well again.
    Bad,
    /// It is well again.
    Well,
    /// It happened, and is over.
    Once,
}

impl NoticeState {
    /// Returns its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Well => "well",
            Self::Once => "once",
        }
    }
}

/// Something that has an id and a name for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
}

/// An airing that a notice is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoticeAiring {
    /// Its id.
    pub id: String,
    /// The title of its show.
    pub title: String,
    /// The id of its show.
    pub show: String,
    /// Its station.
    pub station: Named,
    /// When it is on the air, by the clock of the show (RFC 3339).
    pub start: String,
    /// When it ends.
    pub end: String,
    /// The verdict on it, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
}

/// The recording that a notice is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoticeRecording {
    /// The airing.
    #[serde(flatten)]
    pub airing: NoticeAiring,
    /// How much of it is there, in percent.
    pub percent: f64,
    /// How much sound there is, in seconds.
    pub seconds: f64,
    /// How much is missing, in seconds.
    pub missing: f64,
    /// How long nothing can be heard in it, in seconds.
    pub dead_air: f64,
    /// The file, relative to the output folder. `None` if there is none.
    pub file: Option<String>,
    /// The file as a path on the machine of aircheck.
    pub path: Option<String>,
}

/// What is told: the facts, and the same in words of the language of whom it is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// What kind of thing it is.
    pub kind: NoticeKind,
    /// How what it is about is now.
    pub state: NoticeState,
    /// What it is about. Notices of the same matter belong together: one that is bad, and one that says that it is well
    /// again.
    pub matter: String,
    /// What it is about, each thing by itself: stations that go down together are told together, and may come back apart.
    #[serde(default)]
    pub matters: Vec<String>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened, in one line.
    pub title: String,
    /// What else is to be said, in lines.
    pub text: String,
    /// Since when it was bad.
    #[serde(default)]
    pub since: Option<DateTime<Utc>>,
    /// Why, in words.
    #[serde(default)]
    pub reason: Option<String>,
    /// The station.
    #[serde(default)]
    pub station: Option<Named>,
    /// The recording.
    #[serde(default)]
    pub recording: Option<NoticeRecording>,
    /// The airings that are concerned: those on the air and those that come, or those that were lost.
    #[serde(default)]
    pub airings: Vec<NoticeAiring>,
    /// Where the page shows it, if `base_url` says where the page is.
    #[serde(default)]
    pub link: Option<String>,
}

impl Notice {
    /// Returns a notice that has every fact, for trying templates.
    pub fn example() -> Self {
        let airing = NoticeAiring {
            id: "news@20261120T0300Z".to_owned(),
            title: "News".to_owned(),
            show: "news".to_owned(),
            station: Named { id: "one".to_owned(), name: "Radio One".to_owned() },
            start: "2026-11-20T12:00:00.000+09:00".to_owned(),
            end: "2026-11-20T13:00:00.000+09:00".to_owned(),
            verdict: Some("partial".to_owned()),
        };
        let (file, path) =
            ("Radio One/News.mp3".to_owned(), "/var/lib/aircheck/recordings/Radio One/News.mp3".to_owned());
        Self {
            kind: NoticeKind::Partial,
            state: NoticeState::Once,
            matter: "recording:news@20261120T0300Z".to_owned(),
            matters: vec!["recording:news@20261120T0300Z".to_owned()],
            at: DateTime::UNIX_EPOCH,
            title: "News was recorded in part: 98.7 %".to_owned(),
            text: "Radio One \"1\", 2026-11-20 12:00\n0:47 is missing".to_owned(),
            since: Some(DateTime::UNIX_EPOCH),
            reason: Some("the station refused".to_owned()),
            station: Some(airing.station.clone()),
            airings: vec![airing.clone()],
            recording: Some(NoticeRecording {
                airing,
                percent: 98.7,
                seconds: 3553.2,
                missing: 46.8,
                dead_air: 0.0,
                file: Some(file),
                path: Some(path),
            }),
            link: Some("https://radio.example.org/?recording=news%4020261120T0300Z".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_the_same_name_in_the_file_and_for_receivers() {
        for kind in NoticeKind::ALL {
            assert_eq!(NoticeKind::by_word(kind.word()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
        for state in [NoticeState::Bad, NoticeState::Well, NoticeState::Once] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
        }
        assert_eq!(NoticeKind::by_word("test"), None, "nobody can ask for it");
    }

    #[test]
    fn what_the_catalogue_has_is_read_back() {
        let text = serde_json::to_string(&Notice::example()).unwrap();
        assert_eq!(serde_json::from_str::<Notice>(&text).unwrap(), Notice::example());
    }
}

//! From what a person asks to what is fetched: a playlist, the best of a master, a page that names one, or numbers.

use std::time::Duration;

use regex::Regex;
use reqwest::StatusCode;
use url::Url;

use super::asked::Asked;
use super::error::GrabError;
use super::init::with_init;
use super::plan::{Numbered, Plan, Track};
use super::probing::Prober;
use super::wrong::Wrong;
use crate::base::environment::Environment;
use crate::base::http::{Client, HttpError};
use crate::base::redact;
use crate::capture::source::hls::{
    Asking, LoadError, MAX_SEGMENTS, Master, MediaPlaylist, Playlist, PlaylistError, Variables, Wish, load,
};
use crate::capture::source::policy;
use crate::capture::source::resolve::{self, Entry};
use crate::config::{Address, Find, Step};
use crate::model::AsCause as _;

/// How long a playlist may take to come; those of long films are large.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many masters may name each other.
const MOST_MASTERS: usize = 3;
/// How often a list is asked for that cannot be had.
const TRIES: u32 = 4;
/// What the address of a playlist looks like in a page, perhaps in a script.
const IN_A_PAGE: &str = r#"(https?:(?:\\?/){2}[^\s"'<>]+?\.m3u8[^\s"'<>]*|(?:\\?/)[^\s"'<>(),;]*?\.m3u8[^\s"'<>]*)"#;

/// Finds what is to be fetched for `asked`.
///
/// # Errors
/// It cannot be found, or is live; the error says what to do.
pub async fn find(asked: &Asked, client: &Client, environment: &Environment) -> Result<Plan, GrabError> {
    let whole = async |numbered: Numbered| {
        let numbered = with_init(numbered, asked.init.as_deref(), client).await?;
        Ok(Plan { tracks: vec![Track::Numbered(numbered)] })
    };
    if let Some(numbers) = asked.check()? {
        return whole(Prober::new(client).find(&numbers, asked.segment).await?).await;
    }
    let (entry, is_page) = begin(asked, client, environment).await?;
    let url = entry.url.clone();
    let lists = Lists { asked, client };
    match lists.at(&entry).await {
        // It is a segment.
        Err(GrabError::List(LoadError::Sound { .. })) => whole(Prober::new(client).around(&url).await?).await,
        Err(GrabError::List(LoadError::Playlist(PlaylistError::Normalise(error))))
            if is_page && error.is_no_playlist() =>
        {
            let failed = |source| GrabError::Page { url: redact::url(&url), source };
            let named = resolve::find(&in_page(&url)?, client, environment).await.map_err(failed)?;
            let first = named.into_iter().next().ok_or_else(|| GrabError::Nothing { url: redact::url(&url) })?;
            lists.at(&first).await
        }
        found => found,
    }
}

/// The address to begin with: what the steps find, or the one that was asked for. Says whether it may be a page.
async fn begin(asked: &Asked, client: &Client, environment: &Environment) -> Result<(Entry, bool), GrabError> {
    if asked.steps.is_empty() {
        let address = asked.address.trim();
        let url = Url::parse(address).map_err(|_| Wrong::Address(address.to_owned()))?;
        return Ok((url.into(), true));
    }
    let found = resolve::find(&Address::Find(asked.steps.clone()), client, environment).await;
    let first = found.map_err(|source| GrabError::Steps { source })?.into_iter().next();
    let none = || GrabError::Absent("the steps of `find` lead to no address".to_owned());
    Ok((first.ok_or_else(none)?, false))
}

/// The steps that find a playlist in the page at `url`.
fn in_page(url: &Url) -> Result<Address, GrabError> {
    let pattern = Regex::new(IN_A_PAGE).map_err(|error| GrabError::Absent(error.to_string()))?;
    let steps = [Step::Get { url: Some(url.clone()), headers: Vec::new() }, Step::Match { pattern }];
    Ok(Address::Find((1..).zip(steps).map(|(number, step)| Find { number, step }).collect()))
}

/// Reads playlists.
#[derive(Debug)]
struct Lists<'a> {
    asked: &'a Asked,
    client: &'a Client,
}

impl Lists<'_> {
    /// The plan of the list at `entry`.
    async fn at(&self, entry: &Entry) -> Result<Plan, GrabError> {
        let mut entry = entry.clone();
        let mut variables = None;
        for _ in 0..MOST_MASTERS {
            let master = match self.load(&entry, variables.as_ref()).await? {
                Playlist::Media(list) => return plan(&entry, list),
                Playlist::Master(master) => master.under(&entry.headers),
            };
            let none = || GrabError::from(LoadError::NoVariant);
            variables = Some(master.variables.clone());
            if !self.asked.format.has_picture() {
                entry = self.sound(&master)?;
                continue;
            }
            let (picture, sound) = master.pictured(self.wish()).ok_or_else(none)?;
            let Some(sound) = sound else {
                entry = picture;
                continue;
            };
            let mut tracks = Vec::new();
            for entry in [picture, sound] {
                match self.load(&entry, variables.as_ref()).await? {
                    Playlist::Media(list) => tracks.extend(plan(&entry, list)?.tracks),
                    Playlist::Master(_) => return Err(LoadError::OnlyMasters.into()),
                }
            }
            return Ok(Plan { tracks });
        }
        Err(LoadError::OnlyMasters.into())
    }

    fn wish(&self) -> Wish<'_> {
        Wish { max_bitrate: self.asked.max_bitrate, language: self.asked.language.as_deref() }
    }

    fn sound(&self, master: &Master) -> Result<Entry, GrabError> {
        let best = master.ranked(self.wish()).into_iter().next();
        Ok(best.ok_or(LoadError::NoVariant)?.entry)
    }

    async fn load(&self, entry: &Entry, variables: Option<&Variables>) -> Result<Playlist, GrabError> {
        let client = self.client.with(&entry.headers);
        let asking = Asking { limit: PATIENCE, variables, newest: None, kept: MAX_SEGMENTS };
        let mut tries = 0;
        loop {
            let error = match load(&client, &entry.url, asking).await {
                Ok(list) => return Ok(list),
                Err(error) => error,
            };
            tries += 1;
            let may_pass = match &error {
                LoadError::Http(HttpError::OutOfReach { .. }) => false,
                LoadError::Http(error) => error
                    .status()
                    .is_none_or(|status| status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS),
                _ => false,
            };
            if !may_pass || tries >= TRIES {
                tracing::debug!(cause = %error.as_cause(), "the playlist cannot be had");
                return Err(error.into());
            }
            let asked = match &error {
                LoadError::Http(error) => policy::asked(error),
                _ => Duration::ZERO,
            };
            self.client.clock().sleep(policy::PLAYLIST.wait(tries).max(asked)).await;
        }
    }
}

/// The plan of one list.
fn plan(entry: &Entry, list: MediaPlaylist) -> Result<Plan, GrabError> {
    let url = redact::url(&entry.url);
    if !list.ended {
        return Err(GrabError::Live { url });
    }
    let list = list.under(&entry.headers);
    let track = Track::of_list(list);
    if track.is_empty() { Err(GrabError::Nothing { url }) } else { Ok(Plan { tracks: vec![track] }) }
}

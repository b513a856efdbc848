//! Whether a variant that was left delivers again: its list moves on, and one of its segments comes and is sound.

use std::time::Duration;

use url::Url;

use super::fetch::{EncryptedBytes, Fetcher};
use super::load::{Asking, load};
use super::pace;
use super::playlist::{KEPT, MediaPlaylist, Playlist};
use super::variables::Variables;
use crate::base::clock::SharedClock;
use crate::base::http::Client;

/// How often its list may stand still, one target duration after another.
const LOOKS: u32 = 3;

/// Probes the variant at `url`, whose master has these `variables`.
pub async fn delivers(client: Client, clock: SharedClock, url: Url, variables: Option<Variables>) -> bool {
    let ask = async || -> Option<MediaPlaylist> {
        let limit = pace::playlist_limit(None, 0);
        let asking = Asking { limit, variables: variables.as_ref(), newest: None, kept: KEPT };
        match load(&client, &url, asking).await {
            Ok(Playlist::Media(list)) => Some(list),
            _ => None,
        }
    };
    let newest = |list: &MediaPlaylist| list.segments.last().map(|last| (last.sequence, last.segment_key.clone()));
    let Some(mut list) = ask().await else { return false };
    let before = newest(&list);
    let mut looks = 0;
    while newest(&list) == before {
        if looks == LOOKS {
            return false;
        }
        looks += 1;
        clock.sleep(list.target_duration.max(Duration::from_secs(1))).await;
        let Some(later) = ask().await else { return false };
        list = later;
    }
    // Not the very newest one, which may not have arrived everywhere.
    let segments = &list.segments;
    let segment = segments.iter().nth_back(1).or(segments.last()).filter(|segment| !segment.gap);
    let Some(segment) = segment else { return false };
    let fetcher = Fetcher::new(client, clock);
    fetcher.segment(segment, 0, &mut EncryptedBytes::default()).await.is_ok()
}

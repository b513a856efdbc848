//! Pictures at addresses: fetched in the background into a folder, and once a day again.
//!
//! A fetched picture stays until another can be fetched, so a web site that is down changes nothing.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;
use tokio::sync::watch;
use tracing::{info, warn};
use url::Url;

use super::given;
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::base::environment::Environment;
use crate::base::http::{self, HttpError};
use crate::base::image::ImageKind;
use crate::base::redact;
use crate::config::{Artwork, Config};

/// The age from which a picture is fetched again.
const FRESH: TimeDelta = TimeDelta::hours(24);
/// The pause between two rounds.
const PAUSE: Duration = Duration::from_secs(3_600);
/// The timeout of one request.
const LONGEST: Duration = Duration::from_secs(60);

/// Why a picture cannot be fetched.
#[derive(Debug, Error)]
enum FetchError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("{url} is neither PNG nor JPEG")]
    Kind { url: String },
    #[error("{} cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

/// Fetches the pictures of the configuration into `folder`, and old ones again, until the process stops.
pub(super) async fn refresh_forever(
    folder: PathBuf,
    mut config: watch::Receiver<Arc<Config>>,
    environment: Environment,
) {
    let mut failing = HashSet::new();
    loop {
        let wanted = wanted(&config.borrow_and_update());
        let round = async {
            refresh(&folder, &wanted, &environment.clock, &mut failing).await;
            tokio::select! {
                () = environment.clock.sleep(PAUSE) => true,
                changed = config.changed() => changed.is_ok(),
            }
        };
        if environment.stop.run_until_cancelled(round).await != Some(true) {
            return;
        }
    }
}

/// Returns the addresses in the configuration.
fn wanted(config: &Config) -> HashSet<Url> {
    let stations = config.stations.iter().filter_map(|station| station.artwork.as_ref());
    let all = stations.chain(config.shows.iter().filter_map(|show| show.artwork.as_ref()));
    all.filter_map(|artwork| match artwork {
        Artwork::Url(url) => Some(url.clone()),
        Artwork::File(_) => None,
    })
    .collect()
}

/// Fetches pictures that are missing or old, and removes those that are no longer wanted. Adds addresses that fail to
/// `failing`, and removes those that succeed.
async fn refresh(folder: &Path, wanted: &HashSet<Url>, clock: &SharedClock, failing: &mut HashSet<Url>) {
    let now = clock.now();
    let wanted_paths: HashSet<PathBuf> = wanted.iter().map(|url| given::fetched_path(folder, url)).collect();
    let owned_folder = folder.to_owned();
    blocking(move || remove_unwanted(&owned_folder, &wanted_paths)).await;
    for url in wanted {
        let path = given::fetched_path(folder, url);
        let existing = path.clone();
        if blocking(move || is_fresh(&existing, now)).await {
            continue;
        }
        match fetch(url, &path, clock).await {
            Ok(()) => {
                info!(url = redact::url(url), "artwork fetched");
                failing.remove(url);
            }
            // Only the first failure is logged, not one every hour.
            Err(error) if failing.insert(url.clone()) => {
                warn!(%error, "artwork could not be fetched; trying again every hour");
            }
            Err(_) => {}
        }
    }
}

fn is_fresh(path: &Path, now: DateTime<Utc>) -> bool {
    let fetched = std::fs::metadata(path).and_then(|metadata| metadata.modified()).map(DateTime::<Utc>::from);
    fetched.is_ok_and(|fetched| (now - fetched).abs() < FRESH)
}

fn remove_unwanted(folder: &Path, wanted: &HashSet<PathBuf>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()).filter(|path| !wanted.contains(path)) {
        // If this fails, the next round tries again.
        let _ = std::fs::remove_file(path);
    }
}

async fn fetch(url: &Url, path: &Path, clock: &SharedClock) -> Result<(), FetchError> {
    let cap = usize::try_from(Artwork::LARGEST).unwrap_or(usize::MAX);
    let client = http::client(http::Manner::default(), clock)?;
    let body = http::read_whole(client.get(url.clone()), url, cap, LONGEST).await?;
    if ImageKind::of(&body.bytes).is_none() {
        return Err(FetchError::Kind { url: redact::url(url) });
    }
    let path = path.to_owned();
    blocking(move || {
        let failed = |source| FetchError::Write { path: path.clone(), source };
        // A rename, so that a reader gets either the whole old picture or the whole new one.
        let part = path.with_extension("part");
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).map_err(failed)?;
        std::fs::write(&part, &body.bytes).and_then(|()| std::fs::rename(&part, &path)).map_err(failed)
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use axum::Router;
    use axum::http::StatusCode;
    use axum::routing::get;

    use super::*;
    use crate::base::clock::SystemClock;
    use crate::base::clock::simulated::SimulatedClock;

    #[tokio::test]
    async fn a_fetched_picture_stays_until_another_can_be_fetched() {
        let photo: &[u8] = b"\xff\xd8\xff\xe0 a photo";
        let other: &[u8] = b"\x89PNG\r\n\x1a\n another";
        let large = [photo, &vec![0; 2 << 20]].concat();
        let answer = Arc::new(Mutex::new((StatusCode::OK, photo.to_vec())));
        let served = Arc::clone(&answer);
        let app = Router::new().route("/x.png", get(async move || served.lock().unwrap().clone()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/x.png", listener.local_addr().unwrap())).unwrap();
        let server = tokio::spawn(async move { axum::serve(listener, app).await });

        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("state/artwork");
        let (wanted, mut failing) = (HashSet::from([url.clone()]), HashSet::new());
        let now = SystemClock::shared().now();
        let path = given::fetched_path(&folder, &url);
        let mut after = async |status: StatusCode, bytes: &[u8], hours: i64| {
            *answer.lock().unwrap() = (status, bytes.to_vec());
            let clock: SharedClock = SimulatedClock::at(now + TimeDelta::hours(hours));
            refresh(&folder, &wanted, &clock, &mut failing).await;
            (std::fs::read(&path).unwrap(), failing.len())
        };
        assert_eq!(after(StatusCode::OK, photo, 0).await, (photo.to_vec(), 0));
        assert_eq!(after(StatusCode::OK, other, 23).await, (photo.to_vec(), 0), "it is not fetched every hour");
        assert_eq!(after(StatusCode::NOT_FOUND, other, 25).await, (photo.to_vec(), 1));
        assert_eq!(after(StatusCode::OK, b"<html>", 25).await, (photo.to_vec(), 1));
        assert_eq!(after(StatusCode::OK, &large, 25).await, (photo.to_vec(), 1));
        assert_eq!(after(StatusCode::OK, other, 25).await, (other.to_vec(), 0));
        server.abort();
        refresh(&folder, &HashSet::new(), &SystemClock::shared(), &mut HashSet::new()).await;
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "it is no longer wanted");
    }
}

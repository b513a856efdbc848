//! Notices that the configuration file changed, or one of those beside it.
//!
//! Its size, time and identity are looked at once a second. That is cheaper than it sounds, and it works where
//! notifications do not: on network file systems, with editors that replace the file, with links to it. A thousand files
//! beside it cost a few milliseconds a second, on a thread that may block.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::base::blocking::blocking;
use crate::base::environment::Environment;
use crate::config::side_files;

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Says in `edited` whenever `file` or what is beside it changed from now on, until the process stops. The task is the caller's: a disk that hangs
/// holds up nothing else.
pub(super) async fn watch(
    file: PathBuf,
    environment: Environment,
    edited: mpsc::Sender<()>,
) -> impl Future<Output = ()> {
    let mut watch = Watch::new(file).await;
    let Environment { clock, stop, .. } = environment;
    let looks = async move {
        loop {
            clock.sleep(EVERY).await;
            if watch.changed().await && edited.send(()).await.is_err() {
                return;
            }
        }
    };
    async move { stop.run_until_cancelled_owned(looks).await.unwrap_or_default() }
}

/// Watches the file and those beside it.
#[derive(Debug)]
struct Watch {
    file: PathBuf,
    known: Option<Marks>,
    /// A change that was seen once and may still be going on.
    fresh: Option<Marks>,
}

/// What tells one state of a file from another.
type Mark = (u64, u64, u64, i64, i64);

/// The marks of the file and of those beside it.
type Marks = Vec<(PathBuf, Mark)>;

impl Watch {
    /// Watches `file` from now on.
    async fn new(file: PathBuf) -> Self {
        let known = marks(&file).await;
        Self { file, known, fresh: None }
    }

    /// Whether the file changed and has since stayed the same from one look to the next: an editor may write it in
    /// several goes. A file that is gone has not changed.
    async fn changed(&mut self) -> bool {
        let now = marks(&self.file).await;
        let settled = now.is_some() && now != self.known && now == self.fresh;
        if settled {
            self.known.clone_from(&now);
        }
        self.fresh = now;
        settled
    }
}

/// The marks of `file` and of those beside it. `None` if the file itself is gone.
async fn marks(file: &Path) -> Option<Marks> {
    let file = file.to_owned();
    blocking(move || {
        let first = (file.clone(), mark(&file)?);
        let sides = side_files(&file).unwrap_or_default();
        let sides = sides.into_iter().filter_map(|side| mark(&side).map(|mark| (side, mark)));
        Some(std::iter::once(first).chain(sides).collect())
    })
    .await
}

fn mark(file: &Path) -> Option<Mark> {
    let data = std::fs::metadata(file).ok()?;
    Some((data.dev(), data.ino(), data.size(), data.mtime(), data.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_settled_change_is_noticed_once_also_when_the_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("stations.yaml");
        std::fs::write(&file, "a").unwrap();
        let mut watch = Watch::new(file.clone()).await;
        assert!(!watch.changed().await);
        let other = folder.path().join("new");
        std::fs::write(&other, "bb").unwrap();
        std::fs::rename(&other, &file).unwrap();
        assert!(!watch.changed().await, "it may still be written");
        assert!(watch.changed().await);
        assert!(!watch.changed().await);
        std::fs::remove_file(&file).unwrap();
        assert!(!watch.changed().await && !watch.changed().await);
    }

    #[tokio::test]
    async fn what_is_beside_the_file_is_watched_from_its_coming_to_its_going() {
        let folder = tempfile::tempdir().unwrap();
        let (file, sides) = (folder.path().join("stations.yaml"), folder.path().join("stations.d"));
        std::fs::write(&file, "a").unwrap();
        let mut watch = Watch::new(file).await;
        std::fs::create_dir(&sides).unwrap();
        std::fs::write(sides.join("note.txt"), "").unwrap();
        assert!(!watch.changed().await && !watch.changed().await, "no file of the configuration");
        std::fs::write(sides.join("a.yaml"), "a").unwrap();
        assert!(!watch.changed().await && watch.changed().await && !watch.changed().await, "it came");
        std::fs::write(sides.join("a.yaml"), "more").unwrap();
        assert!(!watch.changed().await && watch.changed().await, "it changed");
        std::fs::remove_file(sides.join("a.yaml")).unwrap();
        assert!(!watch.changed().await && watch.changed().await && !watch.changed().await, "it went");
    }
}

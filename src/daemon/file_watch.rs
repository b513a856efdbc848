//! Notices that the configuration file changed.
//!
//! Its size, time and identity are looked at once a second. That is cheaper than it sounds, and it works where
//! notifications do not: on network file systems, with editors that replace the file, with links to it.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::base::environment::Environment;

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Says in `edited` whenever `file` changed from now on, until the process stops. The task is the caller's: a disk that hangs
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

/// Watches one file.
#[derive(Debug)]
struct Watch {
    file: PathBuf,
    known: Option<Mark>,
    /// A change that was seen once and may still be going on.
    fresh: Option<Mark>,
}

type Mark = (u64, u64, u64, i64, i64);

impl Watch {
    /// Watches `file` from now on.
    async fn new(file: PathBuf) -> Self {
        let known = mark(&file).await;
        Self { file, known, fresh: None }
    }

    /// Whether the file changed and has since stayed the same from one look to the next: an editor may write it in
    /// several goes. A file that is gone has not changed.
    async fn changed(&mut self) -> bool {
        let now = mark(&self.file).await;
        let settled = now.is_some() && now != self.known && now == self.fresh;
        self.fresh = now;
        if settled {
            self.known = now;
        }
        settled
    }
}

async fn mark(file: &PathBuf) -> Option<Mark> {
    let data = tokio::fs::metadata(file).await.ok()?;
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
}

//! Notices that the configuration file changed.
//!
//! Its size, time and identity are looked at once a second. That is cheaper than it sounds, and it works where
//! notifications do not: on network file systems, with editors that replace the file, with links to it.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

/// Watches one file.
#[derive(Debug)]
pub(super) struct Watch {
    file: PathBuf,
    known: Option<Mark>,
    /// A change that was seen once and may still be going on.
    fresh: Option<Mark>,
}

type Mark = (u64, u64, u64, i64, i64);

impl Watch {
    /// Watches `file` from now on.
    pub(super) async fn new(file: PathBuf) -> Self {
        let known = mark(&file).await;
        Self { file, known, fresh: None }
    }

    /// Whether the file changed and has since stayed the same from one look to the next: an editor may write it in
    /// several goes. A file that is gone has not changed.
    pub(super) async fn changed(&mut self) -> bool {
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

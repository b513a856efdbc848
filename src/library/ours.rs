//! Is a file still what aircheck wrote? Who deletes by a rule must be certain of that: a person may have put another file
//! in its place, edited it, or left a link there.
//!
//! A file is ours if it is a plain file of the size that the list says, and its [`imprint`] is that of its recording. If it
//! has no imprint, it must also not have been changed since the recording was finished. A file of another size with the
//! imprint of its recording was retagged: it is the recording, and yet not as we left it.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use super::imprint;
use super::store::{Examined, Store, StoreError, Version};
use crate::model::AiringId;

/// How much later than its recording is finished a file may have been changed last: clocks of file servers differ.
const LATE: TimeDelta = TimeDelta::hours(1);

/// What is at the name of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// The file as aircheck wrote it.
    Ours,
    /// Nothing: it was moved or deleted.
    Gone,
    /// The recording, with other tags: it has so many bytes.
    Retagged(u64),
    /// Something else, or a file that was changed.
    Changed,
}

/// Returns what is at the name `file` of the recording `id`, which has `bytes` bytes by the list and was finished at
/// `finished_at`.
///
/// # Errors
/// The output folder is away, or the file cannot be read.
pub async fn state(
    store: &Store,
    id: &AiringId,
    file: &Path,
    (bytes, finished_at): (Option<u64>, DateTime<Utc>),
) -> Result<FileState, StoreError> {
    let examined = store.examine(file, |file, version| (version, imprint::read(file).map(|found| found.airing.id)));
    Ok(match examined.await? {
        Examined::Gone => FileState::Gone,
        Examined::NoFile => FileState::Changed,
        Examined::File((version, imprinted)) => judge(version, imprinted.as_ref(), id, (bytes, finished_at)),
    })
}

fn judge(
    Version { bytes, modified }: Version,
    imprinted: Option<&AiringId>,
    id: &AiringId,
    (listed, finished_at): (Option<u64>, DateTime<Utc>),
) -> FileState {
    let is_of_size = listed.is_none_or(|listed| listed == bytes);
    match imprinted {
        Some(imprinted) if imprinted != id => FileState::Changed,
        Some(_) if is_of_size => FileState::Ours,
        Some(_) => FileState::Retagged(bytes),
        None if listed == Some(bytes) && DateTime::from_timestamp_nanos(modified) <= finished_at + LATE => {
            FileState::Ours
        }
        None => FileState::Changed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::SystemClock;

    #[test]
    fn a_file_is_ours_only_if_size_and_imprint_say_so() {
        let finished: DateTime<Utc> = "2026-11-20T07:00:00Z".parse().unwrap();
        let (ours, other) = (AiringId::new("news@20261120T0600Z"), AiringId::new("news@20261121T0600Z"));
        let at = |hours: i64| (finished + TimeDelta::hours(hours)).timestamp_nanos_opt().unwrap();
        let judged = |bytes, hours, imprinted: Option<&AiringId>, listed| {
            judge(Version { bytes, modified: at(hours) }, imprinted, &ours, (listed, finished))
        };
        for (bytes, hours, imprinted, listed, expected) in [
            (7, 0, Some(&ours), Some(7), FileState::Ours),
            (7, 90, Some(&ours), Some(7), FileState::Ours),
            (7, 0, Some(&ours), None, FileState::Ours),
            (8, 90, Some(&ours), Some(7), FileState::Retagged(8)),
            (7, 0, Some(&other), Some(7), FileState::Changed),
            (7, 0, None, Some(7), FileState::Ours),
            (7, 2, None, Some(7), FileState::Changed),
            (8, 0, None, Some(7), FileState::Changed),
            (7, 0, None, None, FileState::Changed),
        ] {
            let case = (bytes, hours, imprinted, listed);
            assert_eq!(judged(bytes, hours, imprinted, listed), expected, "{case:?}");
        }
    }

    #[tokio::test]
    async fn a_link_in_the_place_of_a_recording_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        let now = SystemClock::shared().now();
        std::fs::write(folder.path().join("elsewhere"), "sound").unwrap();
        std::os::unix::fs::symlink("elsewhere", folder.path().join("x.mp3")).unwrap();
        let state =
            async |name: &str| state(&store, &AiringId::new("x"), Path::new(name), (Some(5), now)).await.unwrap();
        assert_eq!(state("x.mp3").await, FileState::Changed);
        assert_eq!(state("elsewhere").await, FileState::Ours);
        assert_eq!(state("none.mp3").await, FileState::Gone);
    }
}

//! Compares what the list, the output folder and the object store have, and explains every difference. Changes nothing;
//! [`mend`](crate::library::mend) does, before.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::send::SendError;
use crate::base::readable;
use crate::config::{Config, CopiedKind};
use crate::library::catalogue::{Catalogue, CopyEntry, CopyState, Filter, Recording};
use crate::library::ours::{self, FileState};
use crate::library::remote::Remote;
use crate::library::store::Store;
use crate::library::{moved, strays};
use crate::model::AiringId;

/// A copy that waits for longer than this is told.
const WAITS: TimeDelta = TimeDelta::days(1);
/// How many objects are told that no recording has.
const MOST_UNKNOWN: usize = 1_000;

/// What a difference is. Programs read these names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A recording has neither a file nor a copy.
    Lost,
    /// A file has another size than the list says.
    FileSize,
    /// A file was moved or renamed within the folder.
    Moved,
    /// The tags of a file were changed.
    Retagged,
    /// A recording was put on the list from the tags of its file.
    Adopted,
    /// There is no list.
    NoList,
    /// The tape of an airing holds more than its recording does.
    OnTape,
    /// An airing is not finished, and no service runs.
    Unfinished,
    /// The file of a deleted recording is not in the bin.
    BinLost,
    /// A file is not on the list.
    Stray,
    /// The store does not have a copy that it had.
    CopyLost,
    /// A copy has another size.
    CopySize,
    /// A copy waits for long.
    Waiting,
    /// A recording is not copied, and not queued.
    NotCopied,
    /// An object belongs to no recording.
    UnknownObject,
    /// A copy is in another store than the file names.
    OtherStore,
    /// The store does not have what was copied of a reel.
    ReelLost,
    /// What was copied of a reel has another size.
    ReelSize,
    /// A reel could not be copied, and is tried again.
    ReelLeft,
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// The recording, if it has one.
    pub recording: Option<String>,
    /// The file or the object.
    pub name: String,
    /// What it means, and what to do.
    pub words: String,
    /// Whether it is no difference any more.
    pub fixed: bool,
}

/// An object that the store should have of a tape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Its size, if that is known.
    pub bytes: Option<u64>,
    /// The reel that it is of, after the id of its station.
    pub reel: String,
}

/// What the store should have of tapes.
#[derive(Debug, Clone)]
pub struct TapeObjects {
    /// What must be there, by its name.
    pub must: HashMap<String, Expected>,
    /// Reels that could not be copied, and why.
    pub left: Vec<(String, String)>,
    /// Whether an object is called as what is copied of tapes is: it may be of a reel that is not on tape any more.
    pub is_of_tape: fn(&str) -> bool,
}

impl Default for TapeObjects {
    /// Returns that of a store to which no tape is copied.
    fn default() -> Self {
        Self { must: HashMap::new(), left: Vec::new(), is_of_tape: |_| false }
    }
}

/// What was compared, and the differences.
#[derive(Debug, Default, Serialize)]
pub struct Comparison {
    /// Recordings on the list that should have a file.
    pub recordings: usize,
    /// Recordings in the output folder.
    pub files: usize,
    /// Copies that the store should have, by the list.
    pub copies: usize,
    /// Objects that the store should have of tapes.
    pub of_tapes: usize,
    /// Objects in the store, below the prefix; `None` if there is no store.
    pub objects: Option<usize>,
    /// The differences.
    pub findings: Vec<Finding>,
}

impl Comparison {
    /// Whether everything that was found is fixed.
    pub fn is_clean(&self) -> bool {
        self.findings.iter().all(|finding| finding.fixed)
    }

    /// Adds a difference.
    pub fn find(&mut self, kind: FindingKind, recording: Option<&AiringId>, name: &str, words: impl Into<String>) {
        let (recording, name) = (recording.map(ToString::to_string), name.to_owned());
        self.findings.push(Finding { kind, recording, name, words: words.into(), fixed: false });
    }
}

/// Compares list, folder and store, which should have `tapes` as well.
///
/// # Errors
/// One of them cannot be read.
pub async fn compare(
    config: &Config,
    catalogue: &Catalogue,
    store: &Store,
    (remote, tapes): (Option<&Remote>, TapeObjects),
    now: DateTime<Utc>,
) -> Result<Comparison, SendError> {
    let mut comparison = Comparison::default();
    let listed = catalogue.list(&Filter { playable: true, ..Filter::default() }).await?;
    let copies: HashMap<AiringId, CopyEntry> =
        catalogue.all_copies().await?.into_iter().map(|copy| (copy.airing.clone(), copy)).collect();
    let names: Vec<PathBuf> = listed.iter().filter_map(|recording| recording.file.clone()).collect();
    comparison.recordings = names.len();
    let sizes: HashMap<PathBuf, u64> =
        store.versions(names).await?.into_iter().map(|(file, version)| (file, version.bytes)).collect();
    let moved: HashMap<_, _> =
        moved::find(catalogue, store, None).await?.into_iter().map(|moved| (moved.id, moved.to)).collect();
    for recording in &listed {
        match moved.get(&recording.id) {
            Some(to) => is_moved(&mut comparison, recording, to),
            None => files(&mut comparison, recording, copies.get(&recording.id), (&sizes, store)).await?,
        }
        if let Some(rule) = &config.store {
            let kind = if recording.show == Config::clips() { CopiedKind::Clips } else { CopiedKind::Recordings };
            if rule.what.contains(&kind) {
                waiting(&mut comparison, recording, copies.get(&recording.id), now);
            }
        }
    }
    strays(&mut comparison, (catalogue, store), &moved).await?;
    objects(&mut comparison, &copies, remote, tapes).await?;
    Ok(comparison)
}

/// Tells that the file of a recording has another name.
fn is_moved(comparison: &mut Comparison, recording: &Recording, to: &Path) {
    let from = recording.file.as_deref().unwrap_or(Path::new("")).to_string_lossy();
    let words = format!(
        "its file is {} now: the service follows it within minutes, `aircheck fsck --fix` at once",
        to.display()
    );
    comparison.find(FindingKind::Moved, Some(&recording.id), &from, words);
}

/// Compares a recording with its file.
async fn files(
    comparison: &mut Comparison,
    recording: &Recording,
    copy: Option<&CopyEntry>,
    (sizes, store): (&HashMap<PathBuf, u64>, &Store),
) -> Result<(), SendError> {
    let Some(file) = &recording.file else { return Ok(()) };
    let (id, shown) = (&recording.id, &*file.to_string_lossy());
    let is_copied = copy.is_some_and(|copy| copy.state == CopyState::Done);
    match sizes.get(file) {
        None if is_copied => {}
        None => comparison.find(
            FindingKind::Lost,
            Some(id),
            shown,
            "its file is gone, and the store has no copy: `aircheck recover` tells whether it is still on tape",
        ),
        Some(bytes) if recording.bytes.is_some_and(|listed| listed != *bytes) => {
            let finished_at = recording.finished_at.unwrap_or(recording.cut.end);
            let state = ours::state(store, id, file, (recording.bytes, finished_at)).await?;
            if matches!(state, FileState::Retagged(_)) {
                let words = "its tags were changed by another program: `aircheck fsck --fix` writes its new size down";
                comparison.find(FindingKind::Retagged, Some(id), shown, words);
                return Ok(());
            }
            let (bytes, listed) = (readable::bytes(*bytes), readable::bytes(recording.bytes.unwrap_or_default()));
            let words = format!(
                "its file has {bytes}, and {listed} by the list, and its tags do not say that it is this recording: another \
                 program has changed or replaced it, and no rule deletes it"
            );
            comparison.find(FindingKind::FileSize, Some(id), shown, words);
        }
        Some(_) => {}
    }
    Ok(())
}

/// Tells of a recording that is to be copied and is not.
fn waiting(comparison: &mut Comparison, recording: &Recording, copy: Option<&CopyEntry>, now: DateTime<Utc>) {
    let (id, title) = (&recording.id, &recording.title);
    match copy {
        None => {
            let words = "it is to be copied, and is not queued: the service queues it when it starts";
            comparison.find(FindingKind::NotCopied, Some(id), title, words);
        }
        Some(copy) if copy.state == CopyState::Dropped => {
            let words = format!("it is not copied: {}", copy.trouble.as_deref().unwrap_or("nothing was there"));
            comparison.find(FindingKind::NotCopied, Some(id), title, words);
        }
        Some(copy) if copy.state == CopyState::Queued && copy.queued_at + WAITS < now => {
            let why = copy.trouble.as_deref().unwrap_or("its turn has not come, or the service does not run");
            let words = format!("it waits to be copied since {}: {why}", copy.queued_at.format("%Y-%m-%d"));
            comparison.find(FindingKind::Waiting, Some(id), title, words);
        }
        Some(_) => {}
    }
}

/// Tells of files that are not on the list.
async fn strays(
    comparison: &mut Comparison,
    (catalogue, store): (&Catalogue, &Store),
    moved: &HashMap<AiringId, PathBuf>,
) -> Result<(), SendError> {
    let files = store.list().await?;
    comparison.files = files.len();
    // Where a file was moved to is told with its recording.
    let moved: HashSet<&PathBuf> = moved.values().collect();
    let unknown = strays::unlisted(catalogue, files).await?;
    let unknown = unknown.into_iter().filter(|file| !moved.contains(file)).collect();
    for (file, imprinted) in strays::identify(store, unknown).await? {
        let id = imprinted.as_ref().map(|imprinted| &imprinted.airing.id);
        let row = match id {
            Some(id) => catalogue.get(id).await?,
            None => None,
        };
        comparison.find(
            FindingKind::Stray,
            id,
            &file.to_string_lossy(),
            about_stray(imprinted.is_some(), row.as_ref()),
        );
    }
    Ok(())
}

/// Says what a file is that is not on the list. `row`: that of the recording whose imprint it has.
fn about_stray(is_imprinted: bool, row: Option<&Recording>) -> String {
    match row {
        None if !is_imprinted => {
            "this file is not on the list, and has no tag of aircheck: it is not touched".to_owned()
        }
        None => "this recording is not on the list: `aircheck fsck --fix` puts it there, from its tags".to_owned(),
        Some(row) if row.deleted_at.is_some() => {
            "this recording was deleted from the list: the file is yours, and is not touched".to_owned()
        }
        Some(row) if row.binned.is_some() => "this recording is in the bin: the file is a copy of it".to_owned(),
        Some(row) => match &row.file {
            Some(file) => format!("a copy of a recording whose file is {} by the list", file.display()),
            None if row.finished_at.is_some() => {
                "this recording has no file by the list: `aircheck fsck --fix` gives it this one".to_owned()
            }
            None => "this recording is not finished yet".to_owned(),
        },
    }
}

/// Compares the copies with the objects of the store.
async fn objects(
    comparison: &mut Comparison,
    copies: &HashMap<AiringId, CopyEntry>,
    remote: Option<&Remote>,
    mut tapes: TapeObjects,
) -> Result<(), SendError> {
    let Some(remote) = remote else { return Ok(()) };
    let place = remote.rule().place();
    let done = copies.values().filter(|copy| copy.state == CopyState::Done);
    let (here, elsewhere): (Vec<_>, Vec<_>) = done.partition(|copy| copy.place.as_ref() == Some(&place));
    for copy in elsewhere {
        let (name, other) = (copy.name.as_deref().unwrap_or_default(), copy.place.as_deref().unwrap_or_default());
        let words = if copy.let_go {
            format!("only {other} has it, which `store` no longer names: copy it over, or name that store again")
        } else {
            format!("its copy is in {other}, which `store` no longer names")
        };
        comparison.find(FindingKind::OtherStore, Some(&copy.airing), name, words);
    }
    comparison.copies = here.len();
    comparison.of_tapes = tapes.must.len();
    for (reel, why) in &tapes.left {
        let words = format!("it could not be copied, and is tried again: {why}");
        comparison.find(FindingKind::ReelLeft, None, reel, words);
    }
    let named = here.iter().filter_map(|copy| Some((copy.name.as_deref()?, *copy)));
    let mut expected: HashMap<&str, &CopyEntry> = named.collect();
    // Those that are being sent are no strangers.
    let begun: HashSet<&str> = copies.values().filter_map(|copy| copy.name.as_deref()).collect();
    let (mut after, mut count, mut unknown) = (None, 0, 0);
    loop {
        let (listed, next) = remote.list(&remote.rule().prefix, after.as_deref()).await?;
        count += listed.len();
        for object in listed {
            if let Some(expected) = tapes.must.remove(&object.name) {
                if expected.bytes.is_some_and(|bytes| bytes != object.bytes) {
                    let words = format!("what was copied of {} has another size than it had", expected.reel);
                    comparison.find(FindingKind::ReelSize, None, &object.name, words);
                }
                continue;
            }
            match expected.remove(object.name.as_str()) {
                Some(copy) if copy.bytes != Some(object.bytes) => {
                    let bytes = readable::bytes(object.bytes);
                    let words = format!("its copy has {bytes}, and had another size when it was made");
                    comparison.find(FindingKind::CopySize, Some(&copy.airing), &object.name, words);
                }
                None if !begun.contains(object.name.as_str()) && !(tapes.is_of_tape)(&object.name) => {
                    unknown += 1;
                    if unknown <= MOST_UNKNOWN {
                        let words = "no recording on the list has this object as its copy: it is of a recording that was \
                                     deleted or cut again, or of somebody else";
                        comparison.find(FindingKind::UnknownObject, None, &object.name, words);
                    }
                }
                _ => {}
            }
        }
        let Some(next) = next else { break };
        after = Some(next);
    }
    comparison.objects = Some(count);
    let mut lost: Vec<_> = tapes.must.into_iter().collect();
    lost.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    for (name, Expected { reel, .. }) in lost {
        let words = format!("the store does not have it any more; {reel} is on tape");
        comparison.find(FindingKind::ReelLost, None, &name, words);
    }
    let mut missing: Vec<_> = expected.into_iter().collect();
    missing.sort_unstable_by_key(|(name, _)| *name);
    for (name, copy) in missing {
        let words = if copy.let_go {
            "the store does not have it any more, nor has the folder: it is lost, unless the store keeps versions"
        } else {
            "the store does not have its copy any more; its file is in the folder"
        };
        comparison.find(FindingKind::CopyLost, Some(&copy.airing), name, words);
    }
    Ok(())
}

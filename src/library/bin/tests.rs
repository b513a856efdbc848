use std::fs;

use tempfile::TempDir;

use super::*;
use crate::library::catalogue::Filter;
use crate::model::{Airing, Measured, Outcome, Peaks, ShowId, Span, StationId, Verdict};

const NAME: &str = "KBS/명연주.mp3";

struct Library {
    folder: TempDir,
    catalogue: Catalogue,
    bin: Bin,
    id: AiringId,
}

fn at(hour: i64) -> DateTime<Utc> {
    "2026-11-20T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hour)
}

/// Adds a recording that was on the air `hour` hours after noon, with the file `name` that contains `sound`.
async fn add(catalogue: &Catalogue, output: &Path, hour: i64, name: &str, sound: &str) -> AiringId {
    let show = ShowId::new("명/연주");
    let airing = Airing {
        id: AiringId::derive(&show, at(hour)),
        show,
        station: StationId::new("kbs"),
        on_air: Span::new(at(hour), at(hour + 1)),
        early: TimeDelta::zero(),
        late: TimeDelta::zero(),
        timezone: crate::base::zone::Zone::utc(),
    };
    catalogue.claim(&airing, "명연주", at(hour)).await.unwrap();
    let outcome = Outcome {
        verdict: Verdict::Complete,
        seconds: 3600.0,
        file: Some(name.into()),
        bytes: Some(sound.len() as u64),
        gaps: vec![],
        measured: Measured { peaks: Some(Peaks { per_second: 20.0, levels: vec![1] }), ..Measured::default() },
        notes: vec![],
        tracks: None,
        at: at(hour + 1),
    };
    catalogue.finish(&airing.id, &outcome).await.unwrap();
    fs::create_dir_all(output.join(name).parent().unwrap()).unwrap();
    fs::write(output.join(name), sound).unwrap();
    airing.id
}

impl Library {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let output = folder.path().join("out");
        let id = add(&catalogue, &output, 0, NAME, "sound").await;
        let bin = Bin::new(catalogue.clone(), Store::new(output));
        Self { folder, catalogue, bin, id }
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    fn sound(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.output().join(name)).ok()
    }

    async fn listed(&self) -> usize {
        self.catalogue.list(&Filter::default()).await.unwrap().len()
    }

    fn binned(&self) -> PathBuf {
        self.bin.store.binned_path(&self.id)
    }
}

#[tokio::test]
async fn a_deleted_recording_leaves_list_and_folder_and_comes_back_whole() {
    let library = Library::new().await;
    let before = library.catalogue.get(&library.id).await.unwrap().unwrap();
    library.bin.put(&library.id, at(2)).await.unwrap();
    assert_eq!((library.listed().await, library.sound(NAME)), (0, None));
    assert!(!library.output().join("KBS").exists(), "the empty folder is removed");
    let row = library.catalogue.get(&library.id).await.unwrap().unwrap();
    assert_eq!((row.file, row.bytes), (None, None), "only the bin may use the file");
    let again = library.bin.put(&library.id, at(2)).await.unwrap_err();
    assert!(matches!(again, BinError::Unknown { .. }), "{again}");
    assert_eq!(library.bin.purge(at(3), at(3) - RESTORABLE_FOR).await.unwrap(), 0, "it can still be brought back");
    // A podcast app that has the old feed asks whether it has changed since.
    assert_eq!(library.catalogue.changed(None).await.unwrap(), Some(at(2)));

    assert_eq!(library.bin.restore(&library.id, at(3)).await.unwrap(), before);
    assert_eq!((library.listed().await, library.sound(NAME).as_deref()), (1, Some("sound")));
    assert!(!library.output().join(".aircheck").exists(), "an empty bin is removed");
    assert_eq!(library.catalogue.changed(None).await.unwrap(), Some(at(3)));
    assert_eq!(library.bin.restore(&library.id, at(3)).await.unwrap(), before, "restoring twice is no error");
}

#[tokio::test]
async fn a_recording_that_was_in_the_bin_for_its_time_is_removed_and_stays_claimed() {
    let library = Library::new().await;
    library.bin.put(&library.id, at(2)).await.unwrap();
    assert_eq!(library.bin.purge(at(2) + RESTORABLE_FOR, at(2)).await.unwrap(), 1);
    assert!(!library.binned().exists() && !library.output().join(".aircheck").exists());
    let row = library.catalogue.get(&library.id).await.unwrap().unwrap();
    assert_eq!((row.deleted_at, row.binned), (Some(at(2) + RESTORABLE_FOR), None));
    assert_eq!(library.catalogue.peaks(&library.id).await.unwrap(), None);
    let late = library.bin.restore(&library.id, at(3)).await.unwrap_err();
    assert!(matches!(late, BinError::Unknown { .. }), "{late}");
}

#[tokio::test]
async fn a_purge_completes_what_a_crash_at_any_step_has_interrupted() {
    let library = Library::new().await;
    let purge = async || library.bin.purge(at(3), at(3) - RESTORABLE_FOR).await.unwrap();
    // The process dies after step 1.
    library.catalogue.begin_binning(&library.id, at(2)).await.unwrap();
    purge().await;
    assert_eq!((library.sound(NAME), library.binned().exists()), (None, true));
    // It dies after step 2.
    library.catalogue.set_stage(&library.id, Stage::Going).await.unwrap();
    purge().await;
    let row = library.catalogue.get(&library.id).await.unwrap().unwrap();
    assert_eq!((row.binned.unwrap().stage, library.binned().exists()), (Stage::There, true));
    // It dies while restoring, before the file is moved.
    library.catalogue.set_stage(&library.id, Stage::Coming).await.unwrap();
    purge().await;
    assert_eq!((library.listed().await, library.sound(NAME).as_deref()), (1, Some("sound")));
    // It dies while restoring, after the file is moved.
    library.catalogue.begin_binning(&library.id, at(2)).await.unwrap();
    library.catalogue.set_stage(&library.id, Stage::Coming).await.unwrap();
    purge().await;
    assert_eq!((library.listed().await, library.sound(NAME).as_deref()), (1, Some("sound")));
}

#[tokio::test]
async fn a_recording_whose_name_another_file_has_got_comes_back_under_the_next_name() {
    let library = Library::new().await;
    library.bin.put(&library.id, at(2)).await.unwrap();
    let other = add(&library.catalogue, &library.output(), 3, NAME, "other").await;
    let restored = library.bin.restore(&library.id, at(3)).await.unwrap();
    assert_eq!(restored.file.as_deref(), Some(Path::new("KBS/명연주 (2).mp3")));
    assert_eq!(library.sound("KBS/명연주 (2).mp3").as_deref(), Some("sound"));
    assert_eq!(library.sound(NAME).as_deref(), Some("other"));

    library.bin.put(&other, at(4)).await.unwrap();
    assert_eq!(library.sound("KBS/명연주 (2).mp3").as_deref(), Some("sound"), "the folder is not empty");
}

#[tokio::test]
async fn deleting_a_recording_whose_file_was_moved_away_spares_a_new_file_of_that_name() {
    let library = Library::new().await;
    fs::rename(library.output().join(NAME), library.folder.path().join("kept.mp3")).unwrap();
    let other = add(&library.catalogue, &library.output(), 3, NAME, "other").await;
    library.bin.put(&library.id, at(4)).await.unwrap();
    assert_eq!(library.sound(NAME).as_deref(), Some("other"));
    assert_eq!(library.bin.purge(at(4) + RESTORABLE_FOR, at(4)).await.unwrap(), 1);
    assert_eq!(library.sound(NAME).as_deref(), Some("other"));

    // A recording gets its name back if the file of the row that has the name was moved away.
    library.bin.put(&other, at(5)).await.unwrap();
    let third = add(&library.catalogue, &library.output(), 6, NAME, "third").await;
    fs::remove_file(library.output().join(NAME)).unwrap();
    library.bin.restore(&other, at(7)).await.unwrap();
    assert_eq!(library.sound(NAME).as_deref(), Some("other"));
    library.bin.put(&third, at(8)).await.unwrap();
    assert_eq!(library.sound(NAME).as_deref(), Some("other"));
}

#[tokio::test]
async fn no_other_row_gets_the_name_of_a_file_on_its_way_into_the_bin_or_out_of_it() {
    let library = Library::new().await;
    let next = AiringId::new("next");
    let free = async || library.catalogue.release_name(&next, Path::new(NAME)).await.unwrap();
    // The process dies after the file is moved, before the catalogue has written that.
    library.catalogue.begin_binning(&library.id, at(2)).await.unwrap();
    fs::create_dir_all(library.binned().parent().unwrap()).unwrap();
    fs::rename(library.output().join(NAME), library.binned()).unwrap();
    assert!(!free().await);
    library.bin.purge(at(3), at(3) - RESTORABLE_FOR).await.unwrap();
    assert!(free().await && library.binned().exists());
    library.catalogue.set_stage(&library.id, Stage::Coming).await.unwrap();
    assert!(!free().await);
    library.bin.purge(at(3), at(3) - RESTORABLE_FOR).await.unwrap();
    assert_eq!(library.sound(NAME).as_deref(), Some("sound"));
}

#[tokio::test]
async fn a_file_moved_out_of_the_bin_is_reported_and_one_put_back_by_hand_is_accepted() {
    let library = Library::new().await;
    library.bin.put(&library.id, at(2)).await.unwrap();
    let elsewhere = library.folder.path().join("kept.mp3");
    fs::rename(library.binned(), &elsewhere).unwrap();
    let taken = library.bin.restore(&library.id, at(3)).await.unwrap_err();
    assert!(taken.to_string().contains("somebody has moved or removed it"), "{taken}");
    // Another recording has the same name and, by chance, the same size.
    let other = add(&library.catalogue, &library.output(), 3, NAME, "other").await;
    assert!(matches!(library.bin.restore(&library.id, at(3)).await, Err(BinError::FileGone { .. })));
    library.bin.put(&other, at(4)).await.unwrap();

    fs::create_dir_all(library.output().join("KBS")).unwrap();
    fs::rename(&elsewhere, library.output().join(NAME)).unwrap();
    library.bin.restore(&library.id, at(3)).await.unwrap();
    assert_eq!((library.listed().await, library.sound(NAME).as_deref()), (1, Some("sound")));

    // The file is gone before the recording is deleted.
    fs::remove_file(library.output().join(NAME)).unwrap();
    library.bin.put(&library.id, at(5)).await.unwrap();
    assert!(matches!(library.bin.restore(&library.id, at(3)).await, Err(BinError::FileGone { .. })));
    assert_eq!(library.bin.purge(at(5) + RESTORABLE_FOR, at(5)).await.unwrap(), 2);
}

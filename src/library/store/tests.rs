use std::fs;

use chrono::TimeDelta;

use super::*;
use crate::base::clock::SystemClock;

fn id(text: &str) -> AiringId {
    AiringId::new(text)
}

#[tokio::test]
async fn a_second_recording_with_the_same_name_gets_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().join("recordings"));
    let mut files = Vec::new();
    for sound in ["one", "two", "three"] {
        let temporary = store.temporary(&id("명연주@20261120T0500Z")).await.unwrap();
        fs::write(&temporary, sound).unwrap();
        let file = store.shelve(&temporary, "KBS 1FM/명연주/2026-11-20 1400", Codec::Mp3).await.unwrap();
        assert!(!temporary.exists());
        files.push((file.to_str().unwrap().to_owned(), fs::read_to_string(store.shown(&file)).unwrap()));
    }
    assert_eq!(
        files,
        [
            ("KBS 1FM/명연주/2026-11-20 1400.mp3".into(), "one".into()),
            ("KBS 1FM/명연주/2026-11-20 1400 (2).mp3".into(), "two".into()),
            ("KBS 1FM/명연주/2026-11-20 1400 (3).mp3".into(), "three".to_owned()),
        ]
    );
    assert_eq!(
        store.free_name("KBS 1FM/명연주/2026-11-20 1400", Codec::Mp3, 1).await.unwrap(),
        (PathBuf::from("KBS 1FM/명연주/2026-11-20 1400 (4).mp3"), 4)
    );
}

#[tokio::test]
async fn twenty_recordings_shelved_at_once_under_one_name_all_get_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let shelved = futures::future::join_all((0..20).map(async |number: u32| {
        let temporary = store.temporary(&id(&format!("x@{number}"))).await.unwrap();
        fs::write(&temporary, number.to_string()).unwrap();
        (number, store.shelve(&temporary, "same/name", Codec::Mp3).await.unwrap())
    }))
    .await;
    for (number, file) in shelved {
        assert_eq!(fs::read_to_string(folder.path().join(file)).unwrap(), number.to_string());
    }
}

#[tokio::test]
async fn a_real_file_system_accepts_the_longest_hostile_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let long = "긴 제목".repeat(200);
    for (name, airing) in
        [(format!("{long}/../{long}"), long.as_str()), ("..".to_owned(), "../../x"), (String::new(), "")]
    {
        for _ in 0..2 {
            let temporary = store.temporary(&id(airing)).await.unwrap();
            assert_eq!(temporary.parent().unwrap(), folder.path().join(".aircheck"));
            fs::write(&temporary, "x").unwrap();
            let file = store.shelve(&temporary, &name, Codec::Mp3).await.unwrap();
            assert!(folder.path().join(&file).canonicalize().unwrap().starts_with(folder.path()));
            assert!(file.file_name().unwrap().len() <= 255);
        }
    }
    assert_ne!(
        store.temporary(&id(&format!("{long}@1"))).await.unwrap(),
        store.temporary(&id(&format!("{long}@2"))).await.unwrap(),
        "long ids that differ only at the end have different files"
    );
    let file_name = async |airing: &str| {
        let path = store.temporary(&id(airing)).await.unwrap();
        path.file_name().unwrap().to_str().unwrap().to_owned()
    };
    assert_eq!(file_name("news@20261120T0300Z").await, "news@20261120T0300Z.mp3.part");
    let service = store.clone().of_service(folder.path());
    let longest = service.temporary(&id(&"a".repeat(255))).await.unwrap();
    fs::write(longest, "x").unwrap();
    let (small, capital) = (file_name("news@20261120T0300Z").await, file_name("News@20261120T0300Z").await);
    assert_ne!(small.to_lowercase(), capital.to_lowercase(), "exFAT ignores case");
}

#[tokio::test]
async fn cleaning_removes_files_that_crashes_have_left_and_none_that_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out");
    let service = |state: &str| {
        fs::create_dir_all(folder.path().join(state)).unwrap();
        Store::new(&output).of_service(&folder.path().join(state))
    };
    let (store, other) = (service("state"), service("other"));
    let now: DateTime<Utc> = SystemClock::shared().now();
    assert_eq!(store.clean(now).await.unwrap(), 0);
    let airing = id("a@1");
    let begin = async |store: &Store| {
        let part = store.temporary(&airing).await.unwrap();
        fs::write(&part, "half").unwrap();
        part
    };
    // The service is the same if its state folder is reached by a link.
    std::os::unix::fs::symlink(folder.path().join("state"), folder.path().join("link")).unwrap();
    let (own, foreign, unowned) = (begin(&store).await, begin(&other).await, begin(&Store::new(&output)).await);
    assert_eq!(own, begin(&Store::new(&output).of_service(&folder.path().join("link"))).await);
    let command = begin(&Store::new(&output).of_command(&folder.path().join("state"))).await;
    let name = command.file_name().unwrap().to_str().unwrap();
    // No process has this id.
    let dead = command.with_file_name(name.replace(&format!(".{}-", std::process::id()), ".2000000000-"));
    fs::write(&dead, "half").unwrap();
    fs::write(output.join("kept.mp3"), "whole").unwrap();

    assert_eq!(store.clean(now).await.unwrap(), 2);
    assert!(!own.exists() && !dead.exists(), "its own crash has left them");
    assert!(foreign.exists() && unowned.exists() && command.exists(), "others may be writing them");
    assert_eq!(store.clean(now + TimeDelta::hours(25)).await.unwrap(), 2);
    assert!(command.exists(), "its process still runs");
    fs::remove_file(command).unwrap();
    assert_eq!(store.clean(now).await.unwrap(), 0);
    let left: Vec<_> = fs::read_dir(&output).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["kept.mp3"]);
}

#[tokio::test]
async fn a_file_that_another_service_has_put_into_the_bin_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let airing = id("news@20261120T0300Z");
    for name in ["news.mp3", "news (2).mp3"] {
        fs::write(folder.path().join(name), name).unwrap();
    }
    assert!(store.move_into_bin(&airing, Path::new("news.mp3")).await.unwrap());
    let error = store.move_into_bin(&airing, Path::new("news (2).mp3")).await.unwrap_err();
    assert!(matches!(error, StoreError::Taken { .. }), "{error}");
    assert!(folder.path().join("news (2).mp3").exists());
    store.move_out_of_bin(&airing, Path::new("news.mp3")).await.unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("news.mp3")).unwrap(), "news.mp3");
}

#[tokio::test]
async fn removing_a_recording_removes_its_empty_folders_but_nothing_outside_the_output_folder() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("recordings");
    let store = Store::new(&output);
    fs::create_dir_all(output.join("station/show")).unwrap();
    fs::write(output.join("station/show/a.mp3"), "a").unwrap();
    fs::write(output.join("station/b.mp3"), "b").unwrap();
    fs::write(folder.path().join("outside.mp3"), "o").unwrap();

    store.remove(Path::new("station/show/a.mp3")).await.unwrap();
    assert!(!output.join("station/show").exists() && output.join("station/b.mp3").exists());
    store.remove(Path::new("station/b.mp3")).await.unwrap();
    store.remove(Path::new("station/b.mp3")).await.unwrap();
    store.remove(Path::new("../outside.mp3")).await.unwrap();
    assert!(output.is_dir() && fs::read_dir(&output).unwrap().next().is_none());
    assert!(folder.path().join("outside.mp3").exists());
}

#[tokio::test]
async fn an_exact_name_is_never_replaced_and_must_be_on_the_same_file_system() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("clip.mp3");
    let temporary = temporary_beside(&target);
    fs::write(&temporary, "new").unwrap();
    fs::write(&target, "old").unwrap();
    assert!(matches!(give_name(&temporary, &target).await, Err(StoreError::Taken { .. })));
    assert_eq!(fs::read_to_string(&target).unwrap(), "old");
    fs::remove_file(&target).unwrap();
    give_name(&temporary, &target).await.unwrap();
    assert_eq!(fs::read_to_string(&target).unwrap(), "new");

    let elsewhere = Path::new("/dev/shm");
    if elsewhere.is_dir() {
        let other = elsewhere.join(format!("aircheck-{}.mp3", std::process::id()));
        assert!(matches!(give_name(&target, &other).await, Err(StoreError::Elsewhere { .. })));
        assert!(!other.exists() && target.exists());
    }
    assert!(free_space(&folder.path().join("not/yet/made")).await.unwrap() > 0);
}

#[tokio::test]
async fn a_file_that_an_earlier_release_has_put_into_the_bin_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let airing = id("News@20261120T0300Z");
    let bin = folder.path().join(".aircheck/bin");
    fs::create_dir_all(&bin).unwrap();
    fs::write(bin.join("News@20261120T0300Z.mp3"), "old").unwrap();
    store.move_out_of_bin(&airing, Path::new("news.mp3")).await.unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("news.mp3")).unwrap(), "old");
    store.move_into_bin(&airing, Path::new("news.mp3")).await.unwrap();
    assert!(!bin.join("News@20261120T0300Z.mp3").exists());
    store.move_out_of_bin(&airing, Path::new("news.mp3")).await.unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("news.mp3")).unwrap(), "old");
}

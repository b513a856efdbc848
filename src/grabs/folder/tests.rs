//! What is still there after whatever ended the process.

use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;

use super::*;

fn kept(number: u64, bytes: &'static [u8]) -> Kept {
    Kept {
        id: (0, number),
        name: number,
        hash: hash(bytes),
        bytes: Bytes::from_static(bytes),
        kind: Kind("ts"),
        init: None,
        plays: Some(Duration::from_secs(4)),
        lacks: Duration::ZERO,
        is_timed: true,
    }
}

async fn open(path: &Path) -> Result<Folder, FolderError> {
    Folder::open(path.to_owned(), "https://h/v/(*).ts".to_owned()).await
}

fn numbers(folder: &Folder) -> Vec<u64> {
    folder.entries().into_iter().map(|((_, number), _)| number).collect()
}

#[tokio::test]
async fn what_was_kept_is_there_and_what_was_torn_is_not() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("grab");
    let folder = open(&path).await.unwrap();
    for (number, bytes) in [(7, &b"seven"[..]), (3, b"three"), (5, b"five")] {
        folder.keep(kept(number, bytes)).await.unwrap();
    }
    let before = folder.entries();
    drop(folder);
    // A process was killed after the bytes of a segment, and in the middle of a line.
    append(&path.join("0.ts"), b"torn");
    append(&path.join("index"), b"{\"segment\":{\"track\":0,\"num");
    let folder = open(&path).await.unwrap();
    assert_eq!(folder.entries(), before);
    folder.keep(kept(4, b"four")).await.unwrap();
    drop(folder);
    let folder = open(&path).await.unwrap();
    assert_eq!((numbers(&folder), folder.size()), (vec![3, 4, 5, 7], (4, 18)));
    let whole = std::fs::read(path.join("0.ts")).unwrap();
    assert_eq!(whole, b"seventhreefivefour", "the torn bytes are gone");
    drop(folder);
    remove(path.clone()).await.unwrap();
    remove(path.clone()).await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn bytes_that_the_disk_lost_are_fetched_again() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("grab");
    let folder = open(&path).await.unwrap();
    let with_init = Kept { kind: Kind("mp4"), init: Some(Bytes::from_static(b"init")), ..kept(1, b"one") };
    folder.keep(with_init.clone()).await.unwrap();
    folder.keep(Kept { id: (0, 2), name: 2, ..with_init }).await.unwrap();
    folder.keep(kept(3, b"three")).await.unwrap();
    folder.keep(kept(4, b"four")).await.unwrap();
    assert_eq!(folder.get((0, 2)).unwrap().init, Some(0), "the same is kept once");
    drop(folder);
    std::fs::write(path.join("0.ts"), b"thr\0\0four").unwrap();
    assert_eq!(numbers(&open(&path).await.unwrap()), [1, 2, 4]);
    std::fs::write(path.join("0.mp4"), b"\0\0\0\0oneone").unwrap();
    assert_eq!(numbers(&open(&path).await.unwrap()), [4], "without its head a segment is nothing");
    std::fs::remove_file(path.join("0.ts")).unwrap();
    assert_eq!(numbers(&open(&path).await.unwrap()), [] as [u64; 0]);
}

#[tokio::test]
async fn segments_that_come_while_others_are_written_are_written_together() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("grab");
    let folder = open(&path).await.unwrap();
    let before = lock(&folder.contents).writes;
    // Somebody writes for as long as 200 others come.
    let pen = folder.pen.lock().await;
    let tasks: Vec<_> = (0..200_u64)
        .map(|number| {
            let (folder, one) =
                (folder.clone(), Kept { init: Some(Bytes::from_static(b"init")), ..kept(number, b"some") });
            tokio::spawn(async move { folder.keep(one).await })
        })
        .collect();
    while lock(&folder.waiting).len() < 200 {
        tokio::task::yield_now().await;
    }
    drop(pen);
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(lock(&folder.contents).writes - before, 1, "one write of the index for all of them");
    let entries = folder.entries();
    drop(folder);
    let folder = open(&path).await.unwrap();
    assert_eq!((folder.entries(), folder.size().0), (entries, 200));
    assert_eq!(
        std::fs::metadata(path.join("0.ts")).unwrap().len(),
        4 + 200 * 4,
        "the beginning that all have is kept once"
    );
}

#[tokio::test]
async fn who_stops_waiting_keeps_nobody_from_writing() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = open(&temporary.path().join("grab")).await.unwrap();
    let pen = folder.pen.lock().await;
    let mut given_up = Box::pin(folder.keep(kept(1, b"one")));
    assert!(given_up.as_mut().now_or_never().is_none());
    drop(given_up);
    drop(pen);
    folder.keep(kept(2, b"two")).await.unwrap();
    assert_eq!(numbers(&folder), [1, 2]);
}

#[tokio::test]
async fn a_folder_is_of_one_address_and_of_one_process_at_a_time() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("grab");
    let folder = open(&path).await.unwrap();
    assert!(matches!(open(&path).await, Err(FolderError::InUse(_))));
    drop(folder);
    let other = Folder::open(path.clone(), "https://h/other/(*).ts".to_owned()).await;
    let words = other.unwrap_err().to_string();
    assert!(words.contains("of another download, https://h/v/(*).ts"), "{words}");
    std::fs::write(path.join("index"), "{\"grab\":{\"version\":2,\"of\":\"x\"}}\n").unwrap();
    assert!(matches!(open(&path).await, Err(FolderError::Newer(_))));
}

fn append(file: &Path, bytes: &[u8]) {
    use std::io::Write as _;
    std::fs::OpenOptions::new().append(true).open(file).unwrap().write_all(bytes).unwrap();
}

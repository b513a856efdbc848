//! Copies of recordings, as the catalogue knows them.

use chrono::TimeDelta;

use super::super::Filter;
use super::super::tests::{airing, at, partial};
use super::*;
use crate::model::{Airing, Outcome};

const HERE: &str = "http://here/radio";
const THERE: &str = "http://there/radio";

async fn finished(catalogue: &Catalogue, airing: &Airing, file: &str) {
    catalogue.claim(airing, "뉴스", airing.on_air.start).await.unwrap();
    catalogue.finish(&airing.id, &Outcome { file: Some(file.into()), ..partial() }).await.unwrap();
}

#[tokio::test]
async fn a_copy_is_queued_with_the_outcome_if_such_recordings_are_copied_and_earlier_ones_are_caught_up() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
    let now = at("2026-11-20T12:00:00Z");
    let of = |hour: u32| airing("뉴스", &format!("2026-11-20T{hour:02}:00:00Z"));
    finished(&catalogue, &of(1), "1.mp3").await;
    assert_eq!(catalogue.next_copy(now).await.unwrap(), None, "nothing is copied");
    assert_eq!(catalogue.copy_kinds(vec!["recordings"], None, now).await.unwrap().queued, 1);
    assert_eq!(catalogue.copy_kinds(vec!["recordings"], None, now).await.unwrap().queued, 0, "it is queued once");
    finished(&catalogue, &of(2), "2.mp3").await;
    finished(&catalogue, &airing(Config::clips().as_str(), "2026-11-20T03:00:00Z"), "clip.mp3").await;
    let totals = catalogue.copy_totals(HERE.into()).await.unwrap();
    assert_eq!((totals.queued, totals.done), (2, 0), "clips are not copied");

    let first = catalogue.next_copy(now).await.unwrap().unwrap();
    assert_eq!((first.airing.clone(), first.file.as_path()), (of(1).id, std::path::Path::new("1.mp3")));
    catalogue.postpone_copy(first.number, "because".into(), Some(now + TimeDelta::hours(1))).await.unwrap();
    let second = catalogue.next_copy(now).await.unwrap().unwrap();
    assert_eq!(second.airing, of(2).id, "one that fails holds up no other");
    let named = CopyEntry { name: Some("x/뉴스.mp3".into()), bytes: Some(5), ..second.clone() };
    catalogue.name_copy(&named).await.unwrap();
    assert_eq!(catalogue.copies(vec![of(2).id]).await.unwrap()[&of(2).id], named);
    catalogue.set_upload(second.number, Some(("up".into(), 8))).await.unwrap();
    let part = Part { number: 1, etag: "\"e\"".into(), sha256: "s".into() };
    catalogue.add_part(second.number, &part).await.unwrap();
    assert_eq!(catalogue.parts(second.number).await.unwrap(), [part]);
    catalogue.finish_copy(second.number, now).await.unwrap();
    assert_eq!(catalogue.parts(second.number).await.unwrap(), []);
    assert_eq!(catalogue.next_copy(now).await.unwrap(), None);
    let again = catalogue.next_copy(now + TimeDelta::hours(2)).await.unwrap().unwrap();
    assert_eq!((again.tries, again.trouble.as_deref()), (1, Some("because")));
    catalogue.set_upload(first.number, Some(("left".into(), 8))).await.unwrap();
    assert_eq!(catalogue.left_uploads().await.unwrap(), []);
    catalogue.drop_copy(first.number, "gone".into()).await.unwrap();
    assert_eq!(catalogue.left_uploads().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_name_of_a_file_that_only_the_store_has_is_not_given_to_another() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
    let now = at("2026-11-20T12:00:00Z");
    let [old, new] = ["01", "02"].map(|hour| airing("뉴스", &format!("2026-11-20T{hour}:00:00Z")));
    catalogue.copy_kinds(vec!["recordings"], Some(HERE.into()), now).await.unwrap();
    finished(&catalogue, &old, "x.mp3").await;
    let copy = catalogue.next_copy(now).await.unwrap().unwrap();
    catalogue.name_copy(&CopyEntry { place: Some(HERE.into()), ..copy.clone() }).await.unwrap();
    assert_eq!(catalogue.copies_to_let_go(now, HERE.into(), 9).await.unwrap(), [], "the store does not have it");
    catalogue.finish_copy(copy.number, now).await.unwrap();
    assert_eq!(
        catalogue.copies_to_let_go(now - TimeDelta::hours(1), HERE.into(), 9).await.unwrap(),
        [],
        "not for so long"
    );
    assert_eq!(catalogue.copies_to_let_go(now, HERE.into(), 9).await.unwrap().len(), 1);
    assert!(catalogue.release_name(&new.id, std::path::Path::new("y.mp3")).await.unwrap());
    assert!(catalogue.let_go(copy.number, now).await.unwrap());
    assert!(!catalogue.release_name(&new.id, std::path::Path::new("x.mp3")).await.unwrap());
    assert_eq!(catalogue.list(&Filter::default()).await.unwrap()[0].file, Some("x.mp3".into()));
    assert_eq!(catalogue.copied_files(HERE.into()).await.unwrap().get(std::path::Path::new("x.mp3")), Some(&old.id));
    catalogue.mark_deleted(&old.id, now).await.unwrap();
    assert!(catalogue.release_name(&new.id, std::path::Path::new("x.mp3")).await.unwrap());
}

#[tokio::test]
async fn what_another_store_has_is_no_copy_in_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
    let now = at("2026-11-20T12:00:00Z");
    let [both, only_there] = ["01", "02"].map(|hour| airing("뉴스", &format!("2026-11-20T{hour}:00:00Z")));
    let configured =
        async |place: &str| catalogue.copy_kinds(vec!["recordings"], Some(place.into()), now).await.unwrap();
    let next = async || catalogue.next_copy(now).await.unwrap();
    let copied_to = async |place: &str| {
        let copy = next().await.unwrap();
        catalogue.name_copy(&CopyEntry { place: Some(place.into()), ..copy.clone() }).await.unwrap();
        catalogue.finish_copy(copy.number, now).await.unwrap();
        copy
    };
    let files_to_let_go = async |place: &str| {
        let due = catalogue.copies_to_let_go(now, place.into(), 9).await.unwrap();
        due.into_iter().map(|copy| copy.airing).collect::<Vec<_>>()
    };
    configured(THERE).await;
    finished(&catalogue, &both, "1.mp3").await;
    finished(&catalogue, &only_there, "2.mp3").await;
    copied_to(THERE).await;
    let second = copied_to(THERE).await;
    assert!(catalogue.let_go(second.number, now).await.unwrap());

    // The file names another store: one recording is copied again, and the other is told of.
    assert_eq!(files_to_let_go(HERE).await, []);
    assert_eq!(configured(HERE).await, Planned { queued: 1, elsewhere: 1 });
    assert_eq!(configured(HERE).await, Planned { queued: 0, elsewhere: 1 }, "once");
    assert_eq!(
        (files_to_let_go(HERE).await, files_to_let_go(THERE).await),
        (vec![], vec![]),
        "the newest is in no store"
    );
    let totals = catalogue.copy_totals(HERE.into()).await.unwrap();
    assert_eq!((totals.queued, totals.done), (1, 0));
    let again = copied_to(HERE).await;
    assert_eq!(files_to_let_go(HERE).await, std::slice::from_ref(&both.id));
    assert_eq!(files_to_let_go(THERE).await, [], "its newest copy is not there");
    assert_eq!(catalogue.copied_files(HERE.into()).await.unwrap().len(), 1);
    let before = catalogue.copy_before(&again).await.unwrap().unwrap();
    assert_eq!(before.place.as_deref(), Some(THERE));

    // The first store again, and its file is gone meanwhile: what is to be made is forgotten, and the old copy counts.
    assert_eq!(configured(THERE).await, Planned { queued: 1, elsewhere: 0 });
    let queued = next().await.unwrap();
    catalogue.forget_copy(queued.number).await.unwrap();
    let newest = catalogue.copies(vec![both.id.clone()]).await.unwrap().remove(&both.id).unwrap();
    assert_eq!((newest.number, next().await), (again.number, None));
}

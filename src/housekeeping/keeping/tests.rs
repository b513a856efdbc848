use std::fs;
use std::path::Path;
use std::time::SystemTime;

use chrono::TimeDelta;

use super::*;
use crate::base::clock::SystemClock;
use crate::library::catalogue::{Filter, Mark};
use crate::model::{Airing, Measured, Outcome, ShowId, Span, StationId, Verdict};

/// A library with recordings of the show `show`, each of three bytes.
struct Library {
    folder: tempfile::TempDir,
    keeping: Keeping,
    now: DateTime<Utc>,
}

impl Library {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let store = Store::new(folder.path().join("out"));
        fs::create_dir_all(store.shown_folder().join("beside")).unwrap();
        Self { folder, keeping: Keeping::new(catalogue, store), now: SystemClock::shared().now() }
    }

    fn airing(&self, age: i64) -> Airing {
        let (show, end) = (ShowId::new("show"), self.now - TimeDelta::days(age));
        Airing {
            id: AiringId::new(format!("aged {age}")),
            show,
            station: StationId::new("s"),
            on_air: Span::new(end - TimeDelta::hours(1), end),
            early: TimeDelta::zero(),
            late: TimeDelta::zero(),
            timezone: crate::base::zone::Zone::utc(),
        }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("out").join(file)
    }

    /// Adds a recording that ended `age` days ago, in a folder of its own.
    async fn add(&self, age: i64) {
        self.add_of("show", age, 3).await;
    }

    /// Adds one of another show, which has `bytes` bytes by the list.
    async fn add_of(&self, show: &str, age: i64, bytes: u64) {
        let (airing, file) = (Airing { show: ShowId::new(show), ..self.airing(age) }, format!("{age}/{age}.mp3"));
        self.keeping.catalogue.claim(&airing, "show", self.now).await.unwrap();
        let outcome = Outcome {
            verdict: Verdict::Complete,
            seconds: 3600.0,
            file: Some(file.clone().into()),
            bytes: Some(bytes),
            gaps: vec![],
            measured: Measured::default(),
            notes: vec![],
            tracks: None,
            at: airing.on_air.end,
        };
        self.keeping.catalogue.finish(&airing.id, &outcome).await.unwrap();
        fs::create_dir_all(self.path(&age.to_string())).unwrap();
        fs::write(self.path(&file), "abc").unwrap();
        self.touch(&file, age);
    }

    fn touch(&self, file: &str, age: i64) {
        let at = SystemTime::from(self.now - TimeDelta::days(age));
        fs::File::options().write(true).open(self.path(file)).unwrap().set_modified(at).unwrap();
    }

    /// Plans by `rule` of the show, and carries that out. Returns the ages of what a rule deletes, and what became of each.
    async fn keep(&self, rule: &str, run: Run) -> Vec<(i64, Fate)> {
        self.keep_of_all("{}", rule, run).await
    }

    /// Plans by `rule` of the show and by `of_all`, which is about all shows, and carries that out as [`Self::keep`] does.
    async fn keep_of_all(&self, of_all: &str, rule: &str, run: Run) -> Vec<(i64, Fate)> {
        let text = format!(
            "timezone: UTC\nstations:\n  s: {{ hls: https://h.example/x }}\nshows:\n  - {{ title: show, station: s, \
             cron: \"0 1 * * *\", length: 1h, keep: {{ {rule} }} }}\nkeep: {of_all}\n"
        );
        let config = Config::parse(&text, Path::new("stations.yaml")).unwrap();
        let going = self.keeping.plan(&config, self.now).await.unwrap().expect("the folder is there");
        let done = self.keeping.carry_out(going, run, self.now).await.unwrap();
        let age = |id: &AiringId| id.as_str().trim_start_matches("aged ").parse().unwrap();
        done.into_iter().map(|(going, fate)| (age(&going.recording.id), fate)).collect()
    }

    async fn listed(&self) -> usize {
        self.keeping.catalogue.list(&Filter::default()).await.unwrap().len()
    }
}

#[tokio::test]
async fn a_dry_run_says_what_a_real_one_does_and_changes_nothing() {
    let library = Library::new().await;
    for age in 0..5 {
        library.add(age).await;
    }
    let expected = [(4, Fate::Deleted), (3, Fate::Deleted)];
    assert_eq!(library.keep("last: 3", Run::Dry).await, expected);
    assert_eq!(library.listed().await, 5);
    assert!(library.path("4/4.mp3").exists());
    assert_eq!(library.keep("last: 3", Run::Real).await, expected);
    assert_eq!(library.listed().await, 3);
    assert!(!library.path("4").exists(), "its folder is empty, and goes with it");
    assert!(library.path("2/2.mp3").exists() && library.path("beside").exists());
    assert!(
        !library.keeping.catalogue.claim(&library.airing(4), "show", library.now).await.unwrap(),
        "it stays claimed"
    );
    assert_eq!(library.keep("last: 3", Run::Real).await, []);
}

#[tokio::test]
async fn a_file_that_is_not_as_it_was_written_is_deleted_by_no_rule() {
    let library = Library::new().await;
    for age in 0..7 {
        library.add(age).await;
    }
    // Another size; changed since; a link; a folder.
    fs::write(library.path("1/1.mp3"), "abcd").unwrap();
    library.touch("1/1.mp3", 1);
    library.touch("2/2.mp3", -1);
    fs::rename(library.path("3/3.mp3"), library.path("beside/3.mp3")).unwrap();
    std::os::unix::fs::symlink("../beside/3.mp3", library.path("3/3.mp3")).unwrap();
    fs::remove_file(library.path("4/4.mp3")).unwrap();
    fs::create_dir(library.path("4/4.mp3")).unwrap();
    // Pinned; moved away.
    library.keeping.catalogue.mark(&AiringId::new("aged 5"), Mark::Pinned, Some(library.now)).await.unwrap();
    fs::rename(library.path("6/6.mp3"), library.folder.path().join("6.mp3")).unwrap();
    let done = library.keep("last: 1", Run::Real).await;
    assert_eq!(done[0], (6, Fate::Deleted), "only its row");
    assert_eq!(done[1..], [4, 3, 2, 1].map(|age| (age, Fate::NotOurs)));
    for file in ["0/0.mp3", "1/1.mp3", "2/2.mp3", "3/3.mp3", "beside/3.mp3", "4/4.mp3", "5/5.mp3", "../6.mp3"] {
        assert!(library.path(file).exists(), "{file}");
    }
    assert_eq!(library.listed().await, 6);
}

#[tokio::test]
async fn what_is_pinned_after_the_plan_stays() {
    let library = Library::new().await;
    for age in 0..3 {
        library.add(age).await;
    }
    let text = "timezone: UTC\nstations:\n  s: { hls: https://h.example/x }\nshows: []\nkeep: { size: 1 MB }\n";
    let config = Config::parse(text, Path::new("stations.yaml")).unwrap();
    assert_eq!(library.keeping.plan(&config, library.now).await.unwrap(), Some(vec![]), "all of them fit");
    let recordings = library.keeping.catalogue.kept(|_, _| true).await.unwrap();
    let rule = super::super::rule::Rule::Size { bound: super::super::rule::Bound::All, most: 1 };
    let going: Vec<_> =
        recordings.into_iter().rev().map(|recording| Going { recording, rule: rule.clone() }).take(2).collect();
    library.keeping.catalogue.mark(&AiringId::new("aged 2"), Mark::Pinned, Some(library.now)).await.unwrap();
    let done = library.keeping.carry_out(going, Run::Real, library.now).await.unwrap();
    assert_eq!(done.into_iter().map(|(_, fate)| fate).collect::<Vec<_>>(), [Fate::Changed, Fate::Deleted]);
    assert!(library.path("2/2.mp3").exists() && !library.path("1/1.mp3").exists());
}

#[tokio::test]
async fn a_file_that_was_moved_away_costs_no_recording_that_is_there() {
    let library = Library::new().await;
    for age in [0, 1, 3, 4, 5] {
        library.add(age).await;
    }
    for age in [0, 1] {
        fs::remove_file(library.path(&format!("{age}/{age}.mp3"))).unwrap();
    }
    assert_eq!(library.keep("last: 2", Run::Dry).await, [(5, Fate::Deleted)]);
    // A disk that is not mounted says nothing.
    let away = Keeping::new(library.keeping.catalogue.clone(), Store::new(library.folder.path().join("away")));
    let text = "timezone: UTC\nstations:\n  s: { hls: https://h.example/x }\nshows:\n  - { title: show, station: s, cron: \"0 1 * * *\", \
                length: 1h, keep: { last: 2 } }\n";
    let config = Config::parse(text, Path::new("stations.yaml")).unwrap();
    assert_eq!(away.plan(&config, library.now).await.unwrap(), None);
}

#[tokio::test]
async fn a_rule_that_a_missing_file_brings_into_play_asks_for_its_own_files() {
    let library = Library::new().await;
    for (show, age, bytes) in [("show", 0, 100_000), ("show", 1, 600_000), ("other", 2, 300_000), ("other", 3, 300_000)]
    {
        library.add_of(show, age, bytes).await;
    }
    // Without the newest of the show the one before it stays, and takes what all may have, were it not for the other.
    for age in [0, 2] {
        fs::remove_file(library.path(&format!("{age}/{age}.mp3"))).unwrap();
    }
    assert_eq!(library.keep_of_all("{ size: 1 MB }", "last: 1", Run::Dry).await, []);
}

#[tokio::test]
async fn a_file_that_has_the_name_of_one_that_was_moved_away_is_not_deleted_with_it() {
    let library = Library::new().await;
    library.add(0).await;
    library.add(9).await;
    let (old, new) = (AiringId::new("aged 9"), AiringId::new("aged 0"));
    let going = library.keeping.catalogue.kept(|_, _| true).await.unwrap().into_iter().filter(|it| it.id == old);
    let rule = super::super::rule::Rule::Clips { kept: std::time::Duration::ZERO };
    let going = going.map(|recording| Going { recording, rule: rule.clone() }).collect();
    // Its file is moved away after the plan, and a new recording gets the name.
    fs::rename(library.path("0/0.mp3"), library.path("9/9.mp3")).unwrap();
    assert!(library.keeping.catalogue.release_name(&new, Path::new("9/9.mp3")).await.unwrap());
    assert!(library.keeping.catalogue.follow(&new, Some(Path::new("0/0.mp3")), Path::new("9/9.mp3"), 3).await.unwrap());
    let done = library.keeping.carry_out(going, Run::Real, library.now).await.unwrap();
    assert_eq!(done[0].1, Fate::Deleted);
    assert!(library.path("9/9.mp3").exists(), "it is that of the new recording");
}

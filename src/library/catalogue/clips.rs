//! Clips: what was asked for and is still to be made, and what each clip is made of.
//!
//! A clip gets its row in `airings` when it is made, in one transaction with its outcome. Until then it is only here, so
//! that a restart makes it. The name of its file is written down before the file gets it: a clip that is still to be made
//! and has one was interrupted in between, and the file, if it is there, is to be made again.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension as _, Row, params};

use super::error::{CatalogueError, read_error, write_error};
use super::rows::{self, instant_text, parse_instant};
use super::transitions::{self, job_of};
use super::{CHANGED_BY_OUTCOME, Catalogue, finishing, names};
use crate::events::Topic;
use crate::model::{AiringId, Finished, JobState, Transition};

const COLUMNS: &str = "SELECT id, title, pieces, asked_at, file FROM clips";

/// A clip that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedClip {
    /// Its id.
    pub id: AiringId,
    /// Its title.
    pub title: String,
    /// What it is made of, as JSON.
    pub pieces: String,
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
    /// The name that its file gets or has, relative to the output folder. `None` if it has none yet.
    pub file: Option<PathBuf>,
}

impl Catalogue {
    /// Writes down a clip that is to be made. Returns `false` if its id is taken.
    pub async fn ask_clip(&self, clip: AskedClip) -> Result<bool, CatalogueError> {
        self.change(&[Topic::Airings], move |connection| {
            let transaction = connection.transaction().map_err(write_error)?;
            let inserted = transaction.execute(
                "INSERT INTO clips (id, title, pieces, asked_at) SELECT ?1, ?2, ?3, ?4 \
                 WHERE NOT EXISTS (SELECT 1 FROM airings WHERE id = ?1) ON CONFLICT (id) DO NOTHING",
                params![clip.id.as_str(), clip.title, clip.pieces, instant_text(clip.asked_at)],
            );
            let is_new = inserted.map_err(write_error)? == 1;
            if is_new {
                let queued = Transition::new(job_of(&clip.id), JobState::Queued, clip.asked_at);
                transitions::write(&transaction, &queued).map_err(write_error)?;
            }
            transaction.commit().map_err(write_error)?;
            Ok(is_new)
        })
        .await
    }

    /// Returns the clips that are still to be made, in the order in which they were asked for.
    pub async fn clips_to_make(&self) -> Result<Vec<AskedClip>, CatalogueError> {
        self.run(|connection| {
            let open = format!("{COLUMNS} WHERE id NOT IN (SELECT id FROM airings) ORDER BY asked_at, id");
            let mut statement = connection.prepare_cached(&open).map_err(read_error)?;
            let mut rows = statement.query([]).map_err(read_error)?;
            let mut clips = Vec::new();
            while let Some(row) = rows.next().map_err(read_error)? {
                clips.push(asked(row)?);
            }
            Ok(clips)
        })
        .await
    }

    /// Returns a clip, made or not. `None` if there is none with this id.
    pub async fn clip(&self, id: &AiringId) -> Result<Option<AskedClip>, CatalogueError> {
        let id = id.clone();
        self.run(move |connection| {
            let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE id = ?1")).map_err(read_error)?;
            let found = statement.query_row([id.as_str()], |row| Ok(asked(row))).optional();
            found.map_err(read_error)?.transpose()
        })
        .await
    }

    /// Writes down that the file of a clip is about to get a name, and clears the name from rows whose file was moved
    /// away. Returns `false` if another row needs the name.
    pub async fn name_clip(&self, id: &AiringId, file: &Path) -> Result<bool, CatalogueError> {
        let (id, file) = (id.clone(), file.to_string_lossy().into_owned());
        self.change(&[Topic::Recordings], move |connection| {
            let transaction = names::begin(connection).map_err(write_error)?;
            if !names::release(&transaction, &id, &file).map_err(write_error)? {
                return Ok(false);
            }
            let name = "UPDATE clips SET file = ?2 WHERE id = ?1";
            transaction.execute(name, params![id.as_str(), file]).map_err(write_error)?;
            transaction.commit().map_err(write_error)?;
            Ok(true)
        })
        .await
    }

    /// Puts a clip that is made, or that cannot be made, on the list. `pieces` says what it is made of; it may be written
    /// down already. Returns `false` if its id is taken.
    pub async fn finish_clip(&self, made: Finished, pieces: String) -> Result<bool, CatalogueError> {
        self.change(CHANGED_BY_OUTCOME, move |connection| {
            let Finished { airing, title, outcome } = made;
            let transaction = names::begin(connection).map_err(write_error)?;
            let is_new = rows::insert(&transaction, &airing, &title, None, outcome.at).map_err(write_error)?
                && rows::write_outcome(&transaction, &airing.id, &outcome, true).map_err(write_error)?;
            if !is_new {
                return Ok(false);
            }
            let file = outcome.file.as_deref().map(Path::to_string_lossy);
            let keep = "INSERT INTO clips (id, title, pieces, asked_at, file) VALUES (?1, ?2, ?3, ?4, ?5) \
                        ON CONFLICT (id) DO UPDATE SET file = ?5";
            let values = params![airing.id.as_str(), title, pieces, instant_text(outcome.at), file];
            transaction.execute(keep, values).map_err(write_error)?;
            finishing::write_finished_event(&transaction, &airing.id, &outcome).map_err(write_error)?;
            transitions::write_end(&transaction, &airing.id, &outcome).map_err(write_error)?;
            transaction.commit().map_err(write_error)?;
            Ok(true)
        })
        .await
    }

    /// Forgets at `at` a clip that is still to be made. Returns whether there was one.
    pub async fn withdraw_clip(&self, id: &AiringId, at: DateTime<Utc>) -> Result<bool, CatalogueError> {
        let id = id.clone();
        self.change(&[Topic::Airings], move |connection| {
            let withdraw = "DELETE FROM clips WHERE id = ?1 AND id NOT IN (SELECT id FROM airings)";
            let transaction = connection.transaction().map_err(write_error)?;
            let was_there = transaction.execute(withdraw, [id.as_str()]).map_err(write_error)? == 1;
            if was_there {
                let cancelled = Transition::new(job_of(&id), JobState::Cancelled, at);
                transitions::write(&transaction, &cancelled).map_err(write_error)?;
            }
            transaction.commit().map_err(write_error)?;
            Ok(was_there)
        })
        .await
    }
}

fn asked(row: &Row<'_>) -> Result<AskedClip, CatalogueError> {
    let text = |column: usize| row.get::<_, String>(column).map_err(read_error);
    let id = AiringId::new(text(0)?);
    let asked_at = parse_instant(&text(3)?).map_err(|reason| CatalogueError::Row { id: id.to_string(), reason })?;
    let file = row.get::<_, Option<String>>(4).map_err(read_error)?.map(PathBuf::from);
    Ok(AskedClip { id, title: text(1)?, pieces: text(2)?, asked_at, file })
}

#[cfg(test)]
mod tests {
    use super::super::Filter;
    use super::super::tests::{airing, partial};
    use super::*;

    fn clip(id: &AiringId) -> AskedClip {
        let (_, asked_at) = id.parts().unwrap();
        AskedClip { id: id.clone(), title: "뉴스".to_owned(), pieces: "[]".to_owned(), asked_at, file: None }
    }

    #[tokio::test]
    async fn a_clip_is_to_be_made_until_it_is_on_the_list_or_is_withdrawn() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let [first, second] = ["2026-11-20T05:00:00Z", "2026-11-20T05:00:01Z"].map(|start| airing("clips~", start));
        for one in [&first, &second] {
            assert!(catalogue.ask_clip(clip(&one.id)).await.unwrap());
        }
        assert!(!catalogue.ask_clip(clip(&first.id)).await.unwrap(), "the id is taken");
        let to_make = async || {
            let clips = catalogue.clips_to_make().await.unwrap();
            clips.into_iter().map(|clip| (clip.id, clip.file)).collect::<Vec<_>>()
        };
        assert_eq!(to_make().await, [(first.id.clone(), None), (second.id.clone(), None)]);

        let file = PathBuf::from("Clips/뉴스.mp3");
        assert!(catalogue.name_clip(&first.id, &file).await.unwrap());
        assert_eq!(to_make().await[0].1.as_ref(), Some(&file), "a crash from here on leaves a file");
        let outcome = crate::model::Outcome { file: Some(file.clone()), ..partial() };
        let made = Finished { airing: first.clone(), title: "뉴스".to_owned(), outcome };
        assert!(catalogue.finish_clip(made.clone(), "[]".to_owned()).await.unwrap());
        assert!(!catalogue.finish_clip(made, "[]".to_owned()).await.unwrap(), "once");
        assert_eq!(to_make().await, [(second.id.clone(), None)]);
        assert_eq!(catalogue.list(&Filter::default()).await.unwrap()[0].file.as_ref(), Some(&file));
        assert_eq!(catalogue.clip(&first.id).await.unwrap().unwrap().title, "뉴스");

        assert!(catalogue.withdraw_clip(&second.id, second.on_air.end).await.unwrap());
        assert!(!catalogue.withdraw_clip(&first.id, first.on_air.end).await.unwrap(), "it is made");
        assert_eq!(to_make().await, []);
    }
}

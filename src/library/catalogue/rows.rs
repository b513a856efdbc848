//! Converts rows of the tables to types and back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::text::composed;
use crate::base::zone::Zone;
use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::types::{Null, ToSqlOutput, Value};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params, params};

use super::entry::{Binned, ClaimedAiring, Recording, Stage};
use super::error::{CatalogueError, read_error};
use super::names;
use crate::model::{
    Airing, AiringId, Cause, CauseKind, DeadAir, Gap, Lease, Loudness, Measured, Note, Outcome, Peaks, ShowId, Span,
    StationId, Track, Verdict,
};

/// The condition of [`select`] for the row of one airing. The parameter is its id.
pub(super) const BY_ID: &str = "id = ?1";
/// The condition of [`select`] for unfinished airings, oldest first. It has no parameters.
pub(super) const UNFINISHED: &str = "finished_at IS NULL ORDER BY on_air_start, id";

/// The values of `gaps.kind`.
const MISSING: &str = "missing";
const DEAD_AIR: &str = "dead air";

/// Returns an instant as the tables store it.
pub(super) fn instant_text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A row of `airings` with its gaps, to be converted into one of the public types.
pub(super) struct Entry {
    recording: Recording,
    state: String,
    attempts: u32,
}

impl Entry {
    pub(super) fn into_recording(self) -> Recording {
        self.recording
    }

    pub(super) fn into_claimed(self) -> ClaimedAiring {
        let Self { recording, state, attempts } = self;
        let airing = recording.airing();
        let prepared = match recording.verdict {
            Some(verdict) if state == "shelving" => Some(Outcome {
                verdict,
                seconds: recording.seconds,
                file: recording.file,
                bytes: recording.bytes,
                gaps: recording.gaps,
                measured: Measured {
                    length: recording.length,
                    loudness: recording.loudness,
                    dead_air: recording.dead_air,
                    peaks: None,
                },
                notes: recording.notes,
                tracks: None,
                at: recording.claimed_at,
            }),
            _ => None,
        };
        ClaimedAiring { airing, title: recording.title, claimed_at: recording.claimed_at, attempts, prepared }
    }
}

/// Deletes the row that says that an airing was missed because aircheck was not running, if the airing is not over at
/// `now`. Otherwise a clock that was ahead for a while would keep the airing from being recorded.
pub(super) fn delete_premature_miss(
    transaction: &Transaction<'_>,
    id: &AiringId,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    transaction
        .execute(
            "DELETE FROM airings WHERE id = ?1 AND state = 'failed' AND cut_end > ?2 AND EXISTS \
             (SELECT 1 FROM gaps WHERE airing = id AND cause_kind = ?3)",
            params![id.as_str(), instant_text(now), CauseKind::NotRunning.name()],
        )
        .map(|_| ())
}

/// Inserts a claim on the airing. Returns `false` if the airing has a row already.
pub(super) fn insert(
    connection: &Connection,
    airing: &Airing,
    title: &str,
    lease: Option<&Lease>,
    at: DateTime<Utc>,
) -> rusqlite::Result<bool> {
    let cut = airing.cut();
    let inserted = connection.execute(
        "INSERT INTO airings (id, show, station, title, timezone, on_air_start, on_air_end, cut_start, cut_end, state, \
         claimed_at, owner, leased_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'claimed', ?10, ?11, ?12) \
         ON CONFLICT (id) DO NOTHING",
        params![
            airing.id.as_str(),
            airing.show.as_str(),
            airing.station.as_str(),
            title,
            airing.timezone.name(),
            instant_text(airing.on_air.start),
            instant_text(airing.on_air.end),
            instant_text(cut.start),
            instant_text(cut.end),
            instant_text(at),
            lease.map(|lease| &lease.owner),
            lease.map(|lease| instant_text(lease.until)),
        ],
    )?;
    Ok(inserted == 1)
}

/// Writes the outcome of an unfinished airing with its gaps. The airing is finished then, or prepared if not
/// `finished`, and no other row has its file. Returns `false` if there is no such airing; the caller must roll back
/// then.
pub(super) fn write_outcome(
    transaction: &Transaction<'_>,
    id: &AiringId,
    outcome: &Outcome,
    finished: bool,
) -> rusqlite::Result<bool> {
    let state = match (finished, outcome.verdict) {
        (false, _) => "shelving",
        (true, Verdict::Failed) => "failed",
        (true, _) => "shelved",
    };
    let percent = match outcome.verdict {
        Verdict::Partial(percent) => Some(percent),
        _ => None,
    };
    if let Some(file) = &outcome.file {
        names::clear_from_others(transaction, id, &file.to_string_lossy())?;
    }
    let updated = transaction.execute(
        "UPDATE airings SET state = :state, verdict = :verdict, percent = :percent, seconds = :seconds, file = :file, \
         bytes = :bytes, length = :length, loudness = :loudness, loudness_range = :range, peak = :peak, notes = :notes, \
         finished_at = :at \
         WHERE id = :id AND finished_at IS NULL",
        named_params! {
            ":id": id.as_str(),
            ":state": state,
            ":verdict": outcome.verdict.word(),
            ":percent": percent,
            ":seconds": if outcome.seconds.is_finite() { outcome.seconds } else { 0.0 },
            ":file": outcome.file.as_deref().map(Path::to_string_lossy),
            ":bytes": outcome.bytes.map_or(ToSqlOutput::from(Null), |bytes| {
                ToSqlOutput::from(i64::try_from(bytes).unwrap_or(i64::MAX))
            }),
            ":length": outcome.measured.length.map(|length| length.as_secs_f64()),
            ":loudness": outcome.measured.loudness.map(|loudness| loudness.integrated),
            ":range": outcome.measured.loudness.map(|loudness| loudness.range),
            ":peak": outcome.measured.loudness.map(|loudness| loudness.peak),
            ":notes": notes_json(&outcome.notes),
            ":at": finished.then(|| instant_text(outcome.at)),
        },
    )?;
    if updated == 0 {
        return Ok(false);
    }
    transaction.execute("DELETE FROM gaps WHERE airing = ?1", [id.as_str()])?;
    let no_cause = Cause::default();
    let missing = outcome.gaps.iter().map(|gap| (MISSING, gap.start, gap.length, &gap.cause));
    let dead_air = outcome.measured.dead_air.iter().map(|dead| (DEAD_AIR, dead.start, dead.length, &no_cause));
    let mut insert = transaction.prepare_cached(
        "INSERT INTO gaps (airing, position, kind, start, seconds, cause, cause_kind) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (position, (kind, start, length, cause)) in (0_i64..).zip(missing.chain(dead_air)) {
        let (seconds, Cause { kind: cause_kind, words }) = (length.as_secs_f64(), cause);
        insert.execute(params![id.as_str(), position, kind, instant_text(start), seconds, words, cause_kind.name()])?;
    }
    if let Some(peaks) = &outcome.measured.peaks {
        transaction.execute(
            "INSERT OR REPLACE INTO peaks (airing, per_second, levels) VALUES (?1, ?2, ?3)",
            params![id.as_str(), peaks.per_second, peaks.levels],
        )?;
    }
    if let Some(tracks) = &outcome.tracks {
        write_tracks(transaction, id, tracks)?;
    }
    Ok(true)
}

/// Writes the tracks of an airing in the place of those that it has.
fn write_tracks(transaction: &Transaction<'_>, id: &AiringId, tracks: &[Track]) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM tracks WHERE airing = ?1", [id.as_str()])?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO tracks (airing, position, on_air_start, on_air_end, begins, seconds, text, small) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (position, Track { on_air, at, length, text }) in (0_i64..).zip(tracks) {
        let [start, end] = [on_air.start, on_air.end].map(instant_text);
        let [begins, seconds] = [at, length].map(Duration::as_secs_f64);
        insert.execute(params![id.as_str(), position, start, end, begins, seconds, text, small(text)])?;
    }
    Ok(())
}

/// Returns `text` as tracks are searched: the case of letters and the form of accents do not count.
pub(super) fn small(text: &str) -> String {
    composed(text).to_lowercase()
}

/// Returns notes as the table stores them. `None` if there are none.
fn notes_json(notes: &[Note]) -> Option<String> {
    if notes.is_empty() { None } else { serde_json::to_string(notes).ok() }
}

/// Returns when a row, of `show` if one is given, was last finished, deleted, put into the bin, or brought back.
pub(super) fn changed(connection: &Connection, show: Option<&ShowId>) -> Result<Option<DateTime<Utc>>, CatalogueError> {
    let newest: Option<String> = connection
        .query_row(
            "SELECT max(max(coalesce(binned_at, ''), coalesce(deleted_at, ''), coalesce(finished_at, ''))) FROM airings \
             WHERE ?1 IS NULL OR show = ?1",
            [show.map(ShowId::as_str)],
            |row| row.get(0),
        )
        .map_err(read_error)?;
    // A time that cannot be read only makes an answer look a little older.
    Ok(newest.and_then(|at| parse_instant(&at).ok()))
}

/// Returns the levels of a recording.
pub(super) fn peaks(connection: &Connection, id: &AiringId) -> Result<Option<Peaks>, CatalogueError> {
    connection
        .query_row("SELECT per_second, levels FROM peaks WHERE airing = ?1", [id.as_str()], |row| {
            Ok(Peaks { per_second: row.get(0)?, levels: row.get(1)? })
        })
        .optional()
        .map_err(read_error)
}

/// Marks a finished recording as deleted, and clears its file, levels, tracks, links, marks and history.
pub(super) fn mark_deleted(transaction: &Transaction<'_>, id: &AiringId, at: DateTime<Utc>) -> rusqlite::Result<()> {
    let marked = transaction.execute(
        "UPDATE airings SET file = NULL, bytes = NULL, deleted_at = ?2 \
         WHERE id = ?1 AND finished_at IS NOT NULL AND deleted_at IS NULL AND binned IS NULL",
        [id.as_str(), &instant_text(at)],
    )?;
    if marked > 0 {
        for table in ["peaks", "tracks", "links", "marks"] {
            transaction.execute(&format!("DELETE FROM {table} WHERE airing = ?1"), [id.as_str()])?;
        }
        transaction
            .execute("DELETE FROM jobs WHERE id = ?1 AND kind IN ('recording', 'clip', 'copy')", [id.as_str()])?;
    }
    Ok(())
}

/// Makes an airing unfinished. Returns `false` if its row no longer has the file and the time of `old`, or is deleted.
pub(super) fn reopen(transaction: &Transaction<'_>, old: &Recording) -> rusqlite::Result<bool> {
    let updated = transaction.execute(
        "UPDATE airings SET finished_at = NULL WHERE id = ?1 AND finished_at = ?2 AND file IS ?3 \
         AND deleted_at IS NULL AND binned IS NULL",
        params![old.id.as_str(), old.finished_at.map(instant_text), old.file.as_deref().map(Path::to_string_lossy)],
    )?;
    Ok(updated == 1)
}

/// Returns the rows for which `condition` holds with `parameters`. Leaves out rows that cannot be read.
pub(super) fn select(
    connection: &Connection,
    condition: &str,
    parameters: &[Value],
) -> Result<Vec<Entry>, CatalogueError> {
    let mut statement = connection
        .prepare_cached(&format!(
            "SELECT id, show, station, title, timezone, on_air_start, on_air_end, cut_start, cut_end, state, attempts, \
             claimed_at, finished_at, verdict, percent, seconds, length, file, bytes, loudness, \
             loudness_range, peak, notes, deleted_at, binned_at, binned FROM airings WHERE {condition}"
        ))
        .map_err(read_error)?;
    let mut rows = statement.query(rusqlite::params_from_iter(parameters)).map_err(read_error)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(read_error)? {
        match entry_with_gaps(connection, row) {
            Ok(entry) => entries.push(entry),
            // Such a row must not hide the others; it was reported when the catalogue was opened.
            Err(CatalogueError::Row { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(entries)
}

/// Returns the error of each row that cannot be read.
pub(super) fn unreadable(connection: &Connection) -> Result<Vec<CatalogueError>, CatalogueError> {
    let mut statement = connection.prepare("SELECT * FROM airings").map_err(read_error)?;
    let mut rows = statement.query([]).map_err(read_error)?;
    let mut errors = Vec::new();
    while let Some(row) = rows.next().map_err(read_error)? {
        match entry_with_gaps(connection, row) {
            Ok(_) => {}
            Err(error @ CatalogueError::Row { .. }) => errors.push(error),
            Err(error) => return Err(error),
        }
    }
    Ok(errors)
}

fn entry_with_gaps(connection: &Connection, row: &Row<'_>) -> Result<Entry, CatalogueError> {
    let mut entry = entry(row)?;
    (entry.recording.gaps, entry.recording.dead_air) = gaps_of(connection, &entry.recording.id)?;
    Ok(entry)
}

/// Counts one more attempt at an unfinished airing and drops a prepared outcome. Returns the number of attempts; `None`
/// if the airing is not unfinished.
pub(super) fn count_attempt(connection: &Connection, id: &AiringId) -> rusqlite::Result<Option<u32>> {
    connection
        .query_row(
            "UPDATE airings SET attempts = attempts + 1, state = 'claimed' WHERE id = ?1 AND finished_at IS NULL \
             RETURNING attempts",
            [id.as_str()],
            |row| row.get(0),
        )
        .optional()
}

fn entry(row: &Row<'_>) -> Result<Entry, CatalogueError> {
    let id: String = row.get("id").map_err(read_error)?;
    let entry = || -> Result<Entry, String> {
        let text = |column: &str| row.get::<_, String>(column).map_err(|error| error.to_string());
        let maybe = |column: &str| row.get::<_, Option<String>>(column).map_err(|error| error.to_string());
        let span = |start, end| Ok::<_, String>(Span::new(parse_instant(&text(start)?)?, parse_instant(&text(end)?)?));
        let number = |column: &str| row.get::<_, Option<f64>>(column).map_err(|error| error.to_string());
        let verdict = match (maybe("verdict")?.as_deref(), number("percent")?) {
            (None, _) => None,
            (Some("complete"), _) => Some(Verdict::Complete),
            (Some("partial"), Some(percent)) => Some(Verdict::Partial(percent)),
            (Some("silent"), _) => Some(Verdict::Silent),
            (Some("failed"), _) => Some(Verdict::Failed),
            (Some(other), _) => return Err(format!("{other:?} is not a verdict, or its percent is missing")),
        };
        let loudness = number("loudness")?.zip(number("loudness_range")?).zip(number("peak")?);
        let timezone = text("timezone")?;
        let recording = Recording {
            id: AiringId::new(id.clone()),
            show: ShowId::new(text("show")?),
            station: StationId::new(text("station")?),
            title: text("title")?,
            timezone: timezone.parse::<Zone>().map_err(|_| format!("{timezone:?} is not a time zone"))?,
            on_air: span("on_air_start", "on_air_end")?,
            cut: span("cut_start", "cut_end")?,
            verdict,
            seconds: number("seconds")?.unwrap_or_default(),
            length: number("length")?.and_then(|length| Duration::try_from_secs_f64(length).ok()),
            gaps: Vec::new(),
            dead_air: Vec::new(),
            // A note that cannot be read must not hide the recording.
            notes: maybe("notes")?.and_then(|notes| serde_json::from_str(&notes).ok()).unwrap_or_default(),
            loudness: loudness.map(|((integrated, range), peak)| Loudness { integrated, range, peak }),
            file: maybe("file")?.map(PathBuf::from),
            bytes: row
                .get::<_, Option<i64>>("bytes")
                .map_err(|error| error.to_string())?
                .and_then(|bytes| u64::try_from(bytes).ok()),
            claimed_at: parse_instant(&text("claimed_at")?)?,
            finished_at: maybe("finished_at")?.map(|at| parse_instant(&at)).transpose()?,
            deleted_at: maybe("deleted_at")?.map(|at| parse_instant(&at)).transpose()?,
            binned: None,
        };
        let binned_at = maybe("binned_at")?.map(|at| parse_instant(&at)).transpose()?;
        let stage = maybe("binned")?.and_then(|word| Stage::ALL.into_iter().find(|stage| stage.word() == word));
        // Only the bin may use the file of a recording in the bin.
        let recording = match binned_at.zip(stage) {
            Some((at, stage)) => {
                let Recording { file, bytes, .. } = recording;
                let binned = Some(Binned { at, stage, file, bytes });
                Recording { binned, file: None, bytes: None, ..recording }
            }
            None => recording,
        };
        let attempts = row.get("attempts").map_err(|error| error.to_string())?;
        Ok(Entry { recording, state: text("state")?, attempts })
    };
    entry().map_err(|reason| CatalogueError::Row { id: id.clone(), reason })
}

/// Returns the gaps and the dead air of an airing.
fn gaps_of(connection: &Connection, id: &AiringId) -> Result<(Vec<Gap>, Vec<DeadAir>), CatalogueError> {
    let mut statement = connection
        .prepare_cached("SELECT kind, start, seconds, cause, cause_kind FROM gaps WHERE airing = ?1 ORDER BY position")
        .map_err(read_error)?;
    let mut rows = statement.query([id.as_str()]).map_err(read_error)?;
    let (mut gaps, mut dead_air) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next().map_err(read_error)? {
        let kind: String = row.get(0).map_err(read_error)?;
        let start: String = row.get(1).map_err(read_error)?;
        let start = parse_instant(&start).map_err(|reason| CatalogueError::Row { id: id.to_string(), reason })?;
        let length = Duration::try_from_secs_f64(row.get(2).map_err(read_error)?).unwrap_or_default();
        if kind == DEAD_AIR {
            dead_air.push(DeadAir { start, length });
        } else {
            let (words, kind): (String, String) = (row.get(3).map_err(read_error)?, row.get(4).map_err(read_error)?);
            let cause = Cause::new(CauseKind::by_name(&kind).unwrap_or_default(), words);
            gaps.push(Gap { start, length, cause });
        }
    }
    Ok((gaps, dead_air))
}

/// Parses an instant that [`instant_text`] has written. The error is a message.
pub(super) fn parse_instant(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|at| at.with_timezone(&Utc))
        .map_err(|_| format!("{text:?} is not a time in RFC 3339"))
}

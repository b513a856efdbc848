//! The finished recordings as far as the rules of `keep` ask: one look at the table, without what is missing from each.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::Catalogue;
use super::error::{CatalogueError, read_error};
use super::marks::instant;
use super::rows::parse_instant;
use crate::model::{AiringId, ShowId, Span, StationId};

/// A finished airing that is neither deleted nor in the bin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The airing.
    pub id: AiringId,
    /// The show.
    pub show: ShowId,
    /// The station.
    pub station: StationId,
    /// The title.
    pub title: String,
    /// When the show was on the air by its schedule.
    pub on_air: Span,
    /// When the airing was finished.
    pub finished_at: DateTime<Utc>,
    /// The file, relative to the output folder. `None` if there is none by the list.
    pub file: Option<PathBuf>,
    /// What the file takes in the output folder; 0 if only the object store has it.
    pub bytes: u64,
    /// Whether no rule deletes it.
    pub is_pinned: bool,
    /// When it was heard. `None` if nobody has said so.
    pub heard_at: Option<DateTime<Utc>>,
}

impl Catalogue {
    /// Returns the finished airings whose show and station `concerns` picks by their ids, the newest first. Leaves out rows
    /// that cannot be read.
    pub async fn kept(
        &self,
        concerns: impl Fn(&str, &str) -> bool + Send + 'static,
    ) -> Result<Vec<Kept>, CatalogueError> {
        self.run(move |connection| {
            let mut select = connection
                .prepare_cached(
                    "SELECT id, show, station, title, on_air_start, on_air_end, finished_at, file, bytes, pinned_at, \
                     heard_at, EXISTS (SELECT 1 FROM copies WHERE copies.airing = id AND copies.file = airings.file \
                     AND let_go_at IS NOT NULL) FROM airings LEFT JOIN marks ON marks.airing = id \
                     WHERE finished_at IS NOT NULL AND deleted_at IS NULL AND binned IS NULL \
                     ORDER BY on_air_start DESC, id",
                )
                .map_err(read_error)?;
            let mut rows = select.query([]).map_err(read_error)?;
            let mut kept = Vec::new();
            while let Some(row) = rows.next().map_err(read_error)? {
                let text = |column: usize| row.get::<_, String>(column).map_err(read_error);
                let maybe = |column: usize| row.get::<_, Option<String>>(column).map_err(read_error);
                let (show, station) = (text(1)?, text(2)?);
                if !concerns(&show, &station) {
                    continue;
                }
                let [Ok(start), Ok(end), Ok(finished_at)] = [text(4)?, text(5)?, text(6)?].map(|at| parse_instant(&at))
                else {
                    continue;
                };
                let (bytes, is_let_go): (Option<i64>, bool) =
                    (row.get(8).map_err(read_error)?, row.get(11).map_err(read_error)?);
                let pinned_at = maybe(9)?;
                kept.push(Kept {
                    id: AiringId::new(text(0)?),
                    show: ShowId::new(show),
                    station: StationId::new(station),
                    title: text(3)?,
                    on_air: Span::new(start, end),
                    finished_at,
                    file: maybe(7)?.map(PathBuf::from),
                    bytes: if is_let_go { 0 } else { bytes.unwrap_or_default().cast_unsigned() },
                    is_pinned: pinned_at.is_some(),
                    heard_at: instant(maybe(10)?),
                });
            }
            Ok(kept)
        })
        .await
    }
}

//! Names of files: each belongs to one row.
//!
//! - A row *has* a file if it is not in the bin. An index makes sure that no two rows have the same file. A row in the
//!   bin only remembers the name.
//! - A row *needs* a name if it is about to give the name to a file: its airing is unfinished, or its recording is on
//!   its way into the bin or out of it. No other row gets the name then. Nor does one get it whose file was deleted
//!   because the object store has it: the recording is there, and goes by that name.
//! - Any other row loses a name that no file has to the next row that gets it, in the same transaction.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::model::AiringId;

/// Begins a transaction that reads before it writes: nobody else writes in between.
pub(super) fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

/// Returns whether a row other than `id` needs the name.
fn is_needed(connection: &Connection, id: &AiringId, file: &str) -> rusqlite::Result<bool> {
    let needed = "SELECT EXISTS (SELECT 1 FROM airings WHERE file = ?2 AND id <> ?1 AND \
                  (finished_at IS NULL OR binned IN ('going', 'coming') OR EXISTS (SELECT 1 FROM copies \
                  WHERE airing = airings.id AND copies.file = ?2 AND let_go_at IS NOT NULL)))";
    connection.query_row(needed, [id.as_str(), file], |row| row.get(0))
}

/// Returns whether a row other than `id` has the file or needs its name.
pub(super) fn belongs_to_another(connection: &Connection, id: &AiringId, file: &str) -> rusqlite::Result<bool> {
    let others = "SELECT EXISTS (SELECT 1 FROM airings WHERE file = ?2 AND id <> ?1 AND binned IS NOT 'there')";
    connection.query_row(others, [id.as_str(), file], |row| row.get(0))
}

/// Clears the file from rows other than `id`. Returns `false` and changes nothing if another row needs the name.
pub(super) fn release(transaction: &Transaction<'_>, id: &AiringId, file: &str) -> rusqlite::Result<bool> {
    let free = !is_needed(transaction, id, file)?;
    if free {
        clear_from_others(transaction, id, file)?;
    }
    Ok(free)
}

/// Clears the file, with its size, levels and tracks, from rows other than `id`.
pub(super) fn clear_from_others(transaction: &Transaction<'_>, id: &AiringId, file: &str) -> rusqlite::Result<()> {
    let others = "file = ?2 AND id <> ?1 AND binned IS NULL";
    for table in ["peaks", "tracks"] {
        let of_file = format!("DELETE FROM {table} WHERE airing IN (SELECT id FROM airings WHERE {others})");
        transaction.execute(&of_file, [id.as_str(), file])?;
    }
    transaction
        .execute(&format!("UPDATE airings SET file = NULL, bytes = NULL WHERE {others}"), [id.as_str(), file])?;
    Ok(())
}

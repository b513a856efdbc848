//! Which row a file belongs to: one, and no other.
//!
//! A row *has* a file while it is on the list, or not finished. Of those, no two have the same (an index sees to it). One
//! in the bin only remembers the name. Who is about to give a name to a file (an airing that is being finished, a
//! recording on its way into the bin or out of it) *needs* it, and nobody gets it meanwhile. Whoever else has a name that
//! no file has any more loses it to the next who takes it, in the same transaction.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::model::AiringId;

/// For what reads before it writes: nobody else writes in between, and it waits for its turn like any other.
pub(super) fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

/// Whether a row other than `id` needs the name.
fn is_needed(connection: &Connection, id: &AiringId, file: &str) -> rusqlite::Result<bool> {
    let needed = "SELECT EXISTS (SELECT 1 FROM airings WHERE file = ?2 AND id <> ?1 AND \
                  (finished_at IS NULL OR binned IN ('going', 'coming')))";
    connection.query_row(needed, [id.as_str(), file], |row| row.get(0))
}

/// Whether a row other than `id` has the file, or needs its name.
pub(super) fn is_anothers(connection: &Connection, id: &AiringId, file: &str) -> rusqlite::Result<bool> {
    let theirs = "SELECT EXISTS (SELECT 1 FROM airings WHERE file = ?2 AND id <> ?1 AND binned IS NOT 'there')";
    connection.query_row(theirs, [id.as_str(), file], |row| row.get(0))
}

/// Takes the file off whoever has it but `id`, unless somebody needs its name: then it is left alone, and not free.
pub(super) fn vacate(transaction: &Transaction<'_>, id: &AiringId, file: &str) -> rusqlite::Result<bool> {
    let free = !is_needed(transaction, id, file)?;
    if free {
        take(transaction, id, file)?;
    }
    Ok(free)
}

/// Takes the file off the rows that have it, but for `id`.
pub(super) fn take(transaction: &Transaction<'_>, id: &AiringId, file: &str) -> rusqlite::Result<()> {
    let theirs = "file = ?2 AND id <> ?1 AND binned IS NULL";
    let pictures = format!("DELETE FROM peaks WHERE airing IN (SELECT id FROM airings WHERE {theirs})");
    transaction.execute(&pictures, [id.as_str(), file])?;
    transaction
        .execute(&format!("UPDATE airings SET file = NULL, bytes = NULL WHERE {theirs}"), [id.as_str(), file])?;
    Ok(())
}

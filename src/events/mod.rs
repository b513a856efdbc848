//! Events: what happens, for every part that has to know.
//!
//! - [`Event`] has the content. The catalogue writes it to its outbox in the transaction that makes it true, so it
//!   outlives the process: for receivers that must miss nothing.
//! - [`Changes`] wakes receivers that only show the current state, and says which lists have changed.

mod changes;
mod event;

pub use changes::{Changes, Counts, Listener, Topic};
pub use event::{Event, NumberedEvent};

//! What happens, for whoever wants to know.
//!
//! - [`Event`] has the content. It is written to the outbox of the catalogue in the transaction that made it true, and
//!   outlives the process: for those who have to hear of everything.
//! - [`Changes`] wakes those who only show how things are now, and tells them which list is another.

mod changes;
mod event;

pub use changes::{Changes, Counts, Listener, Topic};
pub use event::{Event, Noted};

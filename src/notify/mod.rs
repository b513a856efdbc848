//! Notify: tells people and their programs what happens, so that nobody has to look at the page.
//!
//! One mechanism: something happens (an event in the outbox of the catalogue), or something is bad for a while and then
//! well again (`matter`). Both become news (`news`, `finished`), and news becomes a message for each target that wants it:
//! a row of the catalogue, written in the transaction that remembers that it was told (`teller`). A sender for each target
//! sends one message after another (`sender`), by one of the `ways`, again and again until it is taken or given up
//! (`retry`).
//!
//! Invariants:
//! - a message has an id that stays the same, and is sent at least once;
//! - messages of a target keep their order, and a target that is away holds up nobody else;
//! - what concerns one matter is one message, and another when it is well again;
//! - a recording is told when its file has its name, because the event is written then.
//!
//! Whoever finds another thing that can be bad gives it a key, and adds it to what `look` returns.

mod answer;
mod finished;
mod look;
mod matter;
mod news;
mod retry;
mod sender;
mod service;
mod teller;
mod test_message;
#[cfg(test)]
mod tests;
mod ways;

pub use answer::Answer;
pub use look::Parts;
pub use sender::Trouble;
pub use service::Notify;
pub use test_message::{Tried, try_all};

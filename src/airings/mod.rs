//! When to record: the plan says what airs in any stretch of time, the programme what of that is recorded once a person
//! has changed it by hand, the agenda what of that begins next, the ticker that it is time to look.
//!
//! Only the agenda keeps state: which airings it has handed out. A daemon asks it at every tick, and begins what it hands
//! out; that an airing is begun once its derived id sees to. An airing that the daemon slept through (stopped, suspended,
//! clock stepped) is found by asking [`programme::Programme::airings`] for the stretch from when it last looked until now:
//! what is in that answer and not in the catalogue was missed.

pub mod agenda;
pub mod plan;
pub mod programme;
pub mod report;
pub mod ticker;

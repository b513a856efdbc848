//! When to record: the plan says what airs in any stretch of time, the programme what of that is recorded once a person
//! has changed it by hand, the ticker asks once a second.
//!
//! Nothing here keeps state. A daemon asks [`programme::Programme::due`] at every tick; what it has begun already it knows by
//! the derived id of the airing. An airing that it slept through (stopped, suspended, clock stepped) is found by asking
//! [`programme::Programme::airings`] for the stretch from when it last looked until now: what is in that answer and not in the catalogue
//! was missed.

pub mod plan;
pub mod programme;
pub mod report;
pub mod ticker;

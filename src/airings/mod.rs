//! What is to be recorded, and by whom; the only writer of that.
//!
//! - [`plan`] says what airs in any stretch of time, [`programme`] what of that is recorded once a person has changed it by
//!   hand, [`agenda`] what of that begins next. All three are pure but for what the agenda has handed out.
//! - [`Airings`] claims what is due. The row of an airing in the catalogue is the claim; whoever inserts it records. A
//!   claim has an owner, who renews it ([`claims`]), and goes to the recorder by one channel. The [`claimer`] does it in
//!   time, in a task of its own.
//! - A person skips, adds, stops and extends ([`by_hand`]). Every change is in the catalogue before it is answered; then
//!   the task of the airing gets it.
//!
//! Claims, changes and the end of changes take turns, so that no change is answered and then forgotten. An airing that the
//! daemon slept through (stopped, suspended, clock stepped) is what [`programme::Programme::airings`] finds between the
//! last look and now and the catalogue does not have (`missed`).

pub mod agenda;
mod beginning;
pub mod by_hand;
pub mod claimer;
pub mod claims;
mod missed;
pub mod order;
pub mod plan;
pub mod programme;
mod register;
mod renewal;
mod running;

pub use register::Airings;
pub use running::{AiringHandle, Running};

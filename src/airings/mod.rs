//! Airings: what is to be recorded, and by whom. No other module writes that.
//!
//! - [`plan`] computes what airs in any stretch of time, [`programme`] applies what a person changed by hand,
//!   [`agenda`] finds what begins next. All three are pure, except that the agenda remembers what it has handed out.
//! - [`Airings`] claims what is due. The row of an airing in the catalogue is the claim: the process that inserts it
//!   records the airing. A claim has an owner, who renews it ([`claims`]), and reaches the recorder through one
//!   channel. The [`claimer`] claims in a task of its own.
//! - A person skips, adds, stops and extends airings ([`by_hand`]). Every change is in the catalogue before it is
//!   answered; then the task of the airing gets it.
//!
//! Claims, changes and the end of changes take turns, so that no change is answered and then forgotten. If the daemon
//! was stopped or suspended, or its clock was stepped, `missed` writes off what [`programme::Programme::airings`] finds
//! between the last look and now and the catalogue does not have.

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

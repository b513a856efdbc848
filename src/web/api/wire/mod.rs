//! What the types below the web are to programs: their JSON with its description.
//!
//! Each is made from the type that it stands for, by `From`. Those below know nothing of the interface, and what is written
//! here is released: a field or a name is added and never changed.

mod airing;
mod cause;
mod recording;

pub(super) use airing::Airing;
pub(super) use cause::CauseKind;
pub(super) use recording::Report;

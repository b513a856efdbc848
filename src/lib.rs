//! aircheck records radio on a schedule: no second lost, a truthful verdict on every recording, cuts by programme time.
//!
//! The way of the sound, and so the way to read the crate:
//!
//! - [`config`] reads the station YAML; [`airings`] derives from it what is to be recorded, and claims what is due.
//! - [`recorder`] leases the station of a claimed airing from the decks of [`capture`].
//! - A deck runs one source for as long as somebody needs the station, and puts what it says on [`tape`]: untouched
//!   bytes, and an index that says which of them were on the air when.
//! - The recorder has the stretch of tape between the airing's start and end made a file by [`production`]: cut, decoded,
//!   counted in samples and [`encode`]d, judged, tagged. It gets its name in the store of the [`library`], and [`copies`]
//!   sends it to an object store.
//! - [`grabs`] downloads what is not live and makes files of it; [`renditions`] makes HLS of recordings, for whoever asks for
//!   it.
//! - [`account`] says of what is on tape how loud it was; [`tape_copies`] sends both to an object store.
//! - [`checkups`] tries stations ahead of their shows; [`notify`] tells people and programs what happens.
//! - [`housekeeping`] deletes what is not kept; [`events`] says what happens.
//!
//! [`daemon`] builds these parts, starts them in order and stops them in reverse; [`cli`] is what people type; [`model`]
//! holds the words of all this as types, [`language`] what people are told and in which language, and [`base`] the clock,
//! child processes and HTTP.
//!
//! [`web`] shows it all on a page and in podcast feeds.
//!
//! `docs/architecture.md` has a picture, three walks, and what always holds; `docs/glossary.md` has the words.
//!
//! Modules stand on each other: cli, daemon, web, clips, grabs, notify, recorder, housekeeping, checkups, production,
//! renditions, tape_copies, airings, account, capture, encode, copies, library, events, tape, config, model, language, base,
//! and below all of them, for tests
//! and fuzzers, `testing`. Each uses only what comes after it, and a test keeps that true.

pub mod account;
pub mod airings;
pub mod base;
pub mod capture;
pub mod checkups;
pub mod cli;
pub mod clips;
pub mod config;
pub mod copies;
pub mod daemon;
pub mod encode;
pub mod events;
pub mod grabs;
pub mod housekeeping;
pub mod language;
pub mod library;
pub mod model;
pub mod notify;
pub mod production;
pub mod recorder;
pub mod renditions;
pub mod tape;
pub mod tape_copies;
#[cfg(any(test, feature = "fuzzing"))]
pub mod testing;
pub mod web;

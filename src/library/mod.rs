//! The library: which airings were recorded, and the files that people listen to.
//!
//! [`catalogue`] has the list, the claims and the outbox; [`store`] has the files. [`archive`] puts a recording into
//! both, and [`bin`] has the recordings that a person has deleted until they can no longer be brought back. [`imprint`]
//! is the row of a recording inside its file, and [`strays`] are recordings that the list has lost. [`moved`] follows files
//! that a person has moved, [`mend`] mends the list by what is in the folder, and [`ours`] says whether a file still is what
//! aircheck wrote. [`artwork`] has the pictures of shows and stations. [`remote`] is the object store to which recordings are
//! copied. [`transcript`] describes the texts that others put beside a recording.

pub mod archive;
pub mod artwork;
pub mod bin;
pub mod catalogue;
pub mod imprint;
pub mod mend;
pub mod moved;
pub mod ours;
#[cfg(any(test, feature = "fuzzing"))]
pub mod properties;
pub mod remote;
pub mod store;
pub mod strays;
pub mod transcript;

//! The library: which airings were recorded, and the files that people listen to.
//!
//! [`catalogue`] is the list, the claims and the outbox, [`store`] where the files are, [`archive`] keeps list and files in
//! step, [`bin`] holds what a person deleted until that can no longer be taken back. [`imprint`] is what a file says of
//! itself, and [`strays`] are files that the list has lost. [`artwork`] has the pictures of shows and stations,
//! [`transcript`] is what others put beside a recording.

pub mod archive;
pub mod artwork;
pub mod bin;
pub mod catalogue;
pub mod imprint;
pub mod store;
pub mod strays;
pub mod transcript;

//! The library: which airings were recorded, and the files that people listen to.
//!
//! [`catalogue`] is the list and the claim, [`shelf`] the folder of files, [`tags`] what is written into them,
//! [`artwork`] the pictures of shows and stations, [`archive`] keeps list and files in step, [`imprint`] is what a file says of
//! itself and [`strays`] are files that the list has lost, [`retention`] decides what
//! goes again, [`bin`] holds what a person deleted until that can no longer be taken back, [`transcript`] finds what others put
//! beside a recording.

pub mod archive;
pub mod artwork;
pub mod bin;
pub mod catalogue;
pub mod imprint;
pub mod retention;
pub mod shelf;
pub mod strays;
pub mod tags;
pub mod transcript;

//! The library: which airings were recorded, and the files that people listen to.
//!
//! [`catalogue`] is the list and the claim, [`shelf`] the folder of files, [`tags`] what is written into them,
//! [`retention`] what goes again.

pub mod catalogue;
pub mod shelf;

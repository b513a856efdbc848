//! What was on the air, by what is on tape: how loud it was, and where nothing could be heard.
//!
//! The levels of a reel are computed once, after it has ended, and kept in a file beside it (`levels`). So a timeline of
//! weeks costs no decoding. The `surveyor` computes those of the stations that are always on tape.

pub mod levels;
pub mod surveyor;

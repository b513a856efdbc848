//! What happens, told to whoever wants to know.

mod changes;

pub use changes::{Changes, Counts, Listener, Topic};

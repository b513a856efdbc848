//! The values for the templates: texts in the language of the reader, not yet escaped.

pub mod causes;
pub mod dates;
pub mod grabs;
pub mod holds;
mod marks;
pub mod rows;
pub mod share;
pub mod slots;
pub mod subscribe;
pub mod timeline;
pub mod tracks;

//! What the templates are given: texts in the language of whoever reads, ready to be escaped.

pub mod causes;
pub mod dates;
mod marks;
pub mod rows;
pub mod slots;
pub mod subscribe;

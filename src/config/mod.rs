//! The station YAML: from text to checked values.
//!
//! Five rooms, each of which uses only those below it (`tests/house.rs` keeps that true):
//!
//! - `edit` adds an entry to the file and leaves the rest of it as it is.
//! - `read` has a reader for each section of the file, and the way from a path or a text to [`Config`].
//! - `keys` is the table of keys. It drives the check for unknown keys, the hints and the JSON Schema.
//! - `yaml` knows text, lines and columns. It repairs broken lines, and shows what is wrong where it is wrong.
//! - `values` has what the rest of the program uses, and how each value is written. It knows nothing of a file.
//!
//! What stands in the file, with line and column of every word, stays private. What is handed out ([`Config`],
//! [`Station`], [`Show`]) is complete and right, so that nothing above needs to check it again.

pub mod edit;
mod keys;
#[cfg(any(test, feature = "fuzzing"))]
pub mod properties;
mod read;
mod values;
mod yaml;

pub use read::{SIDE_FOLDER, parse_steps, side_files};
pub use values::{
    Address, AlwaysTaped, Artwork, Auth, BodyTemplate, ById, Config, CopiedKind, Crontab, CrontabError, DeadAirRule,
    Email, Encoding, Encodings, Find, GapPolicy, Grabs, Hls, HlsRule, Icecast, Id3, Keep, Keys, LONGEST, MailSecurity,
    MailServer, MomentError, Ntfy, ObjectStore, Origins, PositionError, Purpose, Rtmp, Secret, Show, SigningKey,
    SourceConfig, Station, Step, TagTemplates, Target, Template, TemplateError, TitleAddress, TitleRule, Unwritable,
    Values, Way, Web, Webhook, day, keep_text, parse_duration, parse_duration_up_to, parse_moment, parse_position,
    parse_rate, parse_size, slug,
};
pub use yaml::{ConfigErrors, Problem};

#[cfg(test)]
mod tests;

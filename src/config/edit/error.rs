//! Why a file was not edited.

use std::path::PathBuf;

use thiserror::Error;

/// Why a file was not edited.
#[derive(Debug, Error)]
pub enum EditError {
    /// The file cannot be read.
    #[error("{} cannot be read: {source}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not text.
    #[error("{} is not UTF-8 text; save it as UTF-8 in your editor", .file.display())]
    NotText {
        /// The file.
        file: PathBuf,
    },
    /// It has a mistake of YAML, so nobody can tell where an entry belongs.
    #[error("it is not valid YAML, so nothing can be added; mend that first, or add these lines in your editor")]
    NotYaml,
    /// The layout is one to which nothing can be added without changing more.
    #[error(
        "`{section}` is written in a way to which nothing can be added without changing more of it; add these lines to it in your editor"
    )]
    Layout {
        /// The section.
        section: &'static str,
    },
    /// Somebody else changed the file.
    #[error("{} was changed by somebody else meanwhile, and nothing was written; run the same command again", .file.display())]
    Changed {
        /// The file.
        file: PathBuf,
    },
    /// The file cannot be written.
    #[error("{} cannot be written: {source}; nothing was changed. {advice}", .file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        source: std::io::Error,
        /// What to do.
        advice: String,
    },
}

//! Where the sound of a recording is: in the output folder, or only in the object store.

use std::path::PathBuf;

use url::Url;

use crate::copies::link_input;

/// What ffmpeg and ffprobe read.
#[derive(Debug, Clone)]
pub(super) enum Input {
    /// A file.
    File(PathBuf),
    /// An object of the store, by a link that holds for some hours. Only what is needed of it is fetched.
    Link {
        /// The link, which opens it to whoever has it.
        link: Url,
        /// Its name, for people.
        name: String,
    },
}

impl Input {
    /// Returns the arguments by which it is read.
    pub fn arguments(&self) -> Vec<String> {
        match self {
            // A path that begins with `-` or looks like a protocol stays a path.
            Self::File(file) => {
                let path = format!("file:{}", file.display());
                vec!["-protocol_whitelist".to_owned(), "file,pipe".to_owned(), "-i".to_owned(), path]
            }
            Self::Link { link, .. } => link_input::arguments(link),
        }
    }

    /// Returns its name, for messages.
    pub fn shown(&self) -> PathBuf {
        match self {
            Self::File(file) => file.clone(),
            Self::Link { name, .. } => name.into(),
        }
    }

    /// Returns what a program says of it, without what opens the link.
    pub fn words(&self, words: &str) -> String {
        match self {
            Self::File(_) => words.to_owned(),
            Self::Link { link, name } => crate::base::redact::text(&words.replace(link.as_str(), name)),
        }
    }
}

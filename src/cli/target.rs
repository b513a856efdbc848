//! The file that a command is to write: a new MP3 in a folder that exists. It appears under its name when it is whole.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::library::store;
use crate::model::Codec;

/// Says why nothing can be written to `file`. `None` if it can.
pub(super) fn unfit(file: &Path) -> Option<String> {
    let shown = file.display();
    if file == Path::new("-") {
        return Some(
            "a recording is a file and cannot be written to standard output: name one, such as x.mp3".to_owned(),
        );
    }
    if Codec::of_file(file).is_none() {
        return Some(format!("only MP3 is written: name it {}", file.with_extension("mp3").display()));
    }
    if file.symlink_metadata().is_ok() {
        return Some(format!("{shown} exists and is not replaced: choose another name or move it away"));
    }
    let folder = folder_of(file);
    (!folder.is_dir()).then(|| format!("there is no folder {}: make it, or choose another", folder.display()))
}

/// Returns the folder of `file`.
pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The hidden file that becomes the one a person named. It is removed if it does not.
#[derive(Debug)]
pub(super) struct Target {
    hidden: PathBuf,
}

impl Target {
    /// Returns the hidden file beside `file`.
    pub(super) fn beside(file: &Path) -> anyhow::Result<Self> {
        let hidden = folder_of(file).join(format!(".aircheck-clip-{}.part", std::process::id()));
        let hidden = std::path::absolute(hidden)?;
        std::fs::File::create(&hidden)
            .with_context(|| format!("{} cannot be written to", folder_of(file).display()))?;
        Ok(Self { hidden })
    }

    /// Returns the hidden file.
    pub(super) fn path(&self) -> &Path {
        &self.hidden
    }

    /// Gives it the name `file`, and returns the whole path of that.
    pub(super) async fn publish(&self, file: &Path) -> anyhow::Result<PathBuf> {
        store::give_name(&self.hidden, file).await?;
        Ok(std::path::absolute(file)?)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // Gone if it has its name. One that cannot be removed is hidden, and its name says whose it is.
        let _ = std::fs::remove_file(&self.hidden);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_written_only_to_a_new_mp3_in_a_folder_that_exists() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("there.mp3"), "").unwrap();
        for (name, why) in [
            ("x.wav", "only MP3 is written: name it"),
            ("show", "only MP3"),
            ("there.mp3", "exists and is not replaced"),
            ("none/x.mp3", "there is no folder"),
        ] {
            let said = unfit(&path(name)).unwrap_or_default();
            assert!(said.contains(why), "{name}: {said}");
        }
        assert!(unfit(Path::new("-")).unwrap().contains("standard output"));
        for name in ["x.mp3", "뉴스.MP3"] {
            assert_eq!(unfit(&path(name)), None, "{name}");
            assert_eq!(unfit(Path::new(name)), None, "{name}");
        }
        assert!(!path("none").exists());
    }
}

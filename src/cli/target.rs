//! The file that a command is to write: a new one in a folder that exists. It appears under its name when it is whole.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::library::store;
use crate::model::{Codec, EncodingKind};

/// Returns how the file `output` is encoded: as it was `asked` for, else as its extension says, else as is `usual`.
///
/// # Errors
/// Why nothing can be written to `output`.
pub(super) fn encoding_of(
    output: Option<&Path>,
    asked: Option<EncodingKind>,
    usual: EncodingKind,
) -> Result<EncodingKind, String> {
    let Some(file) = output else { return Ok(asked.unwrap_or(usual)) };
    if let Some(reason) = unfit(file) {
        return Err(reason);
    }
    let by_name = match Codec::of_file(file) {
        _ if usual == EncodingKind::Original => usual,
        Some(Codec::Aac) => EncodingKind::Aac,
        Some(Codec::Opus) => EncodingKind::Opus,
        Some(Codec::Vorbis) => EncodingKind::Original,
        _ => EncodingKind::Mp3,
    };
    let kind = asked.unwrap_or(by_name);
    let codec = match kind {
        EncodingKind::Mp3 => Codec::Mp3,
        EncodingKind::Aac => Codec::Aac,
        EncodingKind::Opus => Codec::Opus,
        // What the station sends decides that.
        EncodingKind::Original => return Ok(kind),
    };
    if Codec::of_file(file) == Some(codec) {
        return Ok(kind);
    }
    let (extension, name) = (codec.extension(), file.with_extension(codec.extension()));
    Err(format!("{} is written into a file that ends in .{extension}: name it {}", kind.word(), name.display()))
}

/// Returns the name of a file of `codec` that was to be called `file`: the original is what the station sends.
pub(super) fn fitting(file: &Path, codec: Codec) -> PathBuf {
    if Codec::of_file(file) == Some(codec) { file.to_owned() } else { file.with_extension(codec.extension()) }
}

/// Says why nothing can be written to `file`. `None` if it can.
fn unfit(file: &Path) -> Option<String> {
    let shown = file.display();
    if file == Path::new("-") {
        return Some(
            "a recording is a file and cannot be written to standard output: name one, such as x.mp3".to_owned(),
        );
    }
    if Codec::of_file(file).is_none() {
        let name = file.with_extension("mp3");
        return Some(format!("a recording ends in .mp3, .m4a, .opus or .ogg: name it {}", name.display()));
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
    fn a_recording_is_written_only_to_a_new_file_in_a_folder_that_exists() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("there.mp3"), "").unwrap();
        for (name, why) in [
            ("x.wav", "ends in .mp3, .m4a, .opus or .ogg: name it"),
            ("show", "name it"),
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

    #[test]
    fn the_name_of_a_file_says_how_it_is_encoded_unless_that_is_said() {
        use EncodingKind::{Aac, Mp3, Opus, Original};
        let of = |name: &str, asked, usual| encoding_of(Some(Path::new(name)), asked, usual);
        assert_eq!(of("x.mp3", None, Mp3), Ok(Mp3));
        assert_eq!(of("x.m4a", None, Mp3), Ok(Aac));
        assert_eq!(of("x.opus", None, Aac), Ok(Opus));
        assert_eq!(of("x.ogg", None, Mp3), Ok(Original));
        assert_eq!(of("x.mp3", None, Original), Ok(Original));
        assert_eq!(of("x.mp3", Some(Original), Mp3), Ok(Original));
        assert!(of("x.mp3", Some(Opus), Mp3).unwrap_err().ends_with("name it x.opus"));
        assert_eq!(encoding_of(None, None, Opus), Ok(Opus));
        assert_eq!(fitting(Path::new("x.mp3"), Codec::Aac), Path::new("x.m4a"));
    }
}

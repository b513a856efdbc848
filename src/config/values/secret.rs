//! Values that are kept outside the file: `env:NAME` is a variable of the environment, `file:PATH` the content of a file.
//!
//! They are read when the configuration is loaded, so that a missing one is found by `check` and not at night.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::Complaint;

/// The largest secret, in bytes: a larger file is another one.
const LARGEST: u64 = 64 * 1024;

/// Returns `text`, or what it points to. Paths are relative to `folder`. Blocks on the disk.
pub fn reveal<'a>(text: &'a str, folder: &Path) -> Result<Cow<'a, str>, Complaint> {
    if let Some(name) = text.strip_prefix("env:") {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty());
        return value.map(Cow::Owned).ok_or_else(|| {
            Complaint::new(format!("the environment has no variable `{name}`")).hint(format!(
                "set it before aircheck starts; under systemd: `Environment={name}=…` or `EnvironmentFile=`"
            ))
        });
    }
    match text.strip_prefix("file:") {
        Some(path) if !path.starts_with("//") => read(&folder.join(path)).map(Cow::Owned),
        _ => Ok(Cow::Borrowed(text)),
    }
}

fn read(path: &Path) -> Result<String, Complaint> {
    let shown = path.display();
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST).read_to_string(&mut text))
        .map_err(|error| Complaint::new(format!("the file {shown} cannot be read: {error}")))?;
    let text = text.trim();
    if text.is_empty() {
        return Err(Complaint::new(format!("the file {shown} is empty")));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_comes_from_a_file_or_the_environment_and_a_missing_one_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "s3cret\n").unwrap();
        assert_eq!(reveal("file:token", folder.path()).unwrap(), "s3cret");
        assert!(reveal("file:none", folder.path()).unwrap_err().message.contains("cannot be read"));
        assert_eq!(reveal("file://host/x", folder.path()).unwrap(), "file://host/x");
        assert!(!reveal("env:PATH", folder.path()).unwrap().is_empty());
        assert!(reveal("env:AIRCHECK_NO_SUCH", folder.path()).unwrap_err().message.contains("AIRCHECK_NO_SUCH"));
    }
}

//! Where the station YAML is.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why there is no configuration.
#[derive(Debug, Error)]
pub(super) enum LocateError {
    /// The file that was named does not exist.
    #[error("there is no file {}; `--config` and $AIRCHECK_CONFIG name the station YAML", .0.display())]
    Missing(PathBuf),
    /// The file that was named is a folder.
    #[error("{} is a folder; name the station YAML itself, such as {}", .0.display(), .0.join("stations.yaml").display())]
    Folder(PathBuf),
    /// None of the usual files exists.
    #[error(
        "no station YAML was found. Looked for {}.\n`aircheck init` writes a first one; or name yours with `--config FILE`. \
         `aircheck demo` needs none.", list(.0)
    )]
    Nowhere(Vec<PathBuf>),
}

/// Returns the file that was named, else the first of the usual files that exists.
pub(super) fn find(named: Option<PathBuf>) -> Result<PathBuf, LocateError> {
    if let Some(file) = named {
        return match file.metadata() {
            Ok(found) if found.is_file() => Ok(file),
            Ok(found) if found.is_dir() => Err(LocateError::Folder(file)),
            _ => Err(LocateError::Missing(file)),
        };
    }
    let usual: Vec<PathBuf> =
        [Some("config/stations.yaml".into()), personal(), Some("/etc/aircheck/stations.yaml".into())]
            .into_iter()
            .flatten()
            .collect();
    usual.iter().find(|file| file.is_file()).cloned().ok_or(LocateError::Nowhere(usual))
}

/// Returns how a command about `file` begins: it names the file only if aircheck would not find it by itself.
pub(super) fn command(file: &Path) -> String {
    let absolute = |file: &Path| std::path::absolute(file).ok();
    let usual = find(std::env::var_os("AIRCHECK_CONFIG").map(PathBuf::from)).ok();
    if usual.is_some_and(|usual| absolute(&usual) == absolute(file)) {
        return "aircheck".to_owned();
    }
    let file = file.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    let quoted = if file.chars().all(is_plain) { file } else { format!("'{}'", file.replace('\'', r"'\''")) };
    format!("aircheck --config {quoted}")
}

/// Returns the file in the configuration folder of this user.
pub(super) fn personal() -> Option<PathBuf> {
    std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".config")))
        .map(|folder| folder.join("aircheck/stations.yaml"))
}

fn list(files: &[PathBuf]) -> String {
    files.iter().map(|file: &PathBuf| Path::display(file).to_string()).collect::<Vec<_>>().join(", ")
}

//! Temporary folders, and programs in them, that another user or program can reach.
//!
//! A clone, its `target` folder and `TMPDIR` may all lie below folders that only their owner can enter, such as root's
//! home, and a umask of 077 makes files for their owner alone.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The permissions that others need to enter and read a folder, or to run a program.
const ENTER: u32 = 0o005;

/// Returns a new folder that every user may enter and read: in `TMPDIR`, or in the system's folder if others do not
/// reach `TMPDIR`.
pub fn for_everybody() -> TempDir {
    let usual = std::env::temp_dir();
    let places = [usual.as_path(), Path::new("/tmp"), Path::new("/var/tmp")];
    let place = places.into_iter().find(|place| is_reached(place)).unwrap_or(&usual);
    let folder = tempfile::tempdir_in(place).expect("a temporary folder");
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("it is ours");
    folder
}

/// Returns a path in `folder` at which every user may run `program`: a hard link, or a copy.
pub fn for_everybody_to_run(program: &Path, folder: &Path) -> PathBuf {
    let name = program.file_name().expect("a program has a name");
    let reached = folder.join(name);
    let is_for_all = program.metadata().expect("it is there").mode() & ENTER == ENTER;
    let has_second_name = reached.exists() || (is_for_all && std::fs::hard_link(program, &reached).is_ok());
    if !has_second_name {
        // `cp` makes the copy: a child of another test could inherit a file that this process writes, and the system
        // refuses to run a file that is open for writing.
        #[expect(clippy::disallowed_methods, reason = "a test may start a program by itself")]
        let mut install = std::process::Command::new("install");
        let copied =
            install.args(["-m", "755"]).args([program, &reached]).status().expect("install is part of coreutils");
        assert!(copied.success(), "{} is not copied to {}", program.display(), reached.display());
    }
    reached
}

/// Returns a temporary folder whose path has neither blanks nor colons, for programs that split paths there.
pub fn plain() -> TempDir {
    let parts = |folder: &PathBuf| folder.to_string_lossy().contains([' ', ':']);
    let folders = [std::env::temp_dir(), PathBuf::from("/tmp")];
    let place = folders.into_iter().find(|folder| !parts(folder)).expect("/tmp has none");
    tempfile::tempdir_in(place).expect("a temporary folder")
}

fn is_reached(folder: &Path) -> bool {
    std::path::absolute(folder)
        .is_ok_and(|folder| folder.ancestors().all(|folder| folder.metadata().is_ok_and(|it| it.mode() & 0o001 != 0)))
}

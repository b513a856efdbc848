//! Paths as text, without a look at the disk.

use std::path::{Component, Path, PathBuf};

/// An absolute path without `.` and `..`.
pub fn without_dots(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
        plain
    })
}

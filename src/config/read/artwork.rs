//! The key `artwork`.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::checks;
use crate::base::image::ImageKind;
use crate::config::keys::{HTTP, Section};
use crate::config::values::{Artwork, Complaint};
use crate::config::yaml::Problems;

/// Reads `artwork` of a station or a show.
pub fn read(section: &Section<'_>, folder: &Path, problems: &mut Problems) -> Option<Artwork> {
    section.read("artwork", problems, |text| parse(text.trim(), folder))
}

fn parse(text: &str, folder: &Path) -> Result<Artwork, Complaint> {
    if text.is_empty() {
        return Err(Complaint::new("`artwork` is empty").hint("write for example `artwork: logo.png`, or leave it out"));
    }
    if text.contains("://") || text.starts_with("env:") || text.starts_with("file:") {
        return checks::url(text, folder, HTTP).map(Artwork::Url);
    }
    let path = folder.join(text);
    check(&path)?;
    Ok(Artwork::File(path))
}

/// Checks that the file can be read and is a picture. Blocks on the disk.
fn check(path: &Path) -> Result<(), Complaint> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        let complaint = Complaint::new(format!("the picture {shown} cannot be read: {error}"));
        match error.kind() {
            ErrorKind::NotFound => complaint.hint("a path begins at the folder of this file, or with `/`"),
            ErrorKind::PermissionDenied => complaint.hint("let the user that aircheck runs as read it"),
            _ => complaint,
        }
    };
    // Opening a pipe would block.
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Complaint::new(format!("the picture {shown} is no file")));
    }
    if metadata.len() > Artwork::LARGEST {
        let mib = Artwork::LARGEST >> 20;
        return Err(Complaint::new(format!("the picture {shown} is larger than {mib} MiB"))
            .hint("1400 × 1400 pixels, as JPEG, are enough for every podcast app"));
    }
    let mut begin = Vec::new();
    File::open(path)
        .and_then(|file| file.take(ImageKind::TELLING as u64).read_to_end(&mut begin))
        .map_err(unreadable)?;
    match ImageKind::of(&begin) {
        Some(_) => Ok(()),
        None => Err(Complaint::new(format!("the picture {shown} is neither PNG nor JPEG"))
            .hint("podcast apps show no other kinds; `ffmpeg -i PICTURE logo.png` makes one")),
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn a_picture_is_a_file_beside_the_yaml_or_a_url_and_a_wrong_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
        write("good.png", b"\x89PNG\r\n\x1a\n and so on");
        write("photo", b"\xff\xd8\xff\xe0 and so on");
        write("page.png", b"<html>");
        write("empty.jpg", b"");
        write("large.png", &[&b"\x89PNG\r\n\x1a\n"[..], &vec![0; (2 << 20) - 7]].concat());
        std::fs::create_dir(folder.path().join("folder.png")).unwrap();
        let parsed = |text: &str| parse(text, folder.path());
        for good in ["good.png", "photo", folder.path().join("good.png").to_str().unwrap()] {
            assert_eq!(parsed(good).unwrap(), Artwork::File(folder.path().join(good)));
        }
        let url = "https://example.org/logo.png";
        assert_eq!(parsed(url).unwrap(), Artwork::Url(Url::parse(url).unwrap()));
        for (bad, why) in [
            ("", "is empty"),
            ("none.png", "cannot be read"),
            ("page.png", "neither PNG nor JPEG"),
            ("empty.jpg", "neither PNG nor JPEG"),
            ("large.png", "larger than 2 MiB"),
            ("folder.png", "is no file"),
            ("rtmp://example.org/x", "`rtmp://`"),
        ] {
            let complaint = parsed(bad).unwrap_err();
            assert!(complaint.message.contains(why), "{bad}: {}", complaint.message);
        }
    }
}

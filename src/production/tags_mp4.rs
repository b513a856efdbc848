//! The tags of MP4: the atoms of iTunes, the cover, and chapters in both ways that players know, which are a list (`chpl`, of
//! Nero) and a track of text (of QuickTime, which is what Apple reads).
//!
//! A file begins with its description (`moov`) and room behind it. Both are written anew up to where the sound begins.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::tags::{Chapter, LONGEST, MOST_CHAPTERS, TagError, Tags, cut};
use crate::base::boxes::{PlacedBox, boxes};
use crate::base::fields::be32;
use crate::base::image::ImageKind;
use crate::base::mp4::{Atom, ValueKind, atoms, boxed, full, named_tag, tag, words};
use crate::config::Id3;

/// The longest title of a chapter in bytes: its length is one byte.
const LONGEST_TITLE: usize = 240;
/// The longest description of a file that was made here.
const LONGEST_DESCRIPTION: u64 = 256 << 20;
/// Says that a text is in UTF-8.
const UTF_8: &[u8] = b"\0\0\0\x0cencd\0\0\x01\0";

/// Writes `tags` into the room of the MP4 at `path`. Blocks.
pub(super) fn write(path: &Path, tags: &Tags) -> Result<(), TagError> {
    let failed = |source| TagError::File { path: path.to_owned(), source };
    let no_space = || TagError::NoSpace { path: path.to_owned(), reason: "it is no MP4 with room for tags" };
    let file = File::options().read(true).write(true).open(path).map_err(failed)?;
    let (moov, to) = places(&file).map_err(failed)?.ok_or_else(no_space)?;
    let body = moov.read(&file, LONGEST_DESCRIPTION).map_err(failed)?.ok_or_else(no_space)?;
    let from = moov.at;
    let chapters = tags.chapters.get(..MOST_CHAPTERS).unwrap_or(&tags.chapters);
    let texts = texts(chapters);
    let room = usize::try_from(to - from).unwrap_or_default();
    let texts_at = to - texts.iter().map(|text| text.len() as u64).sum::<u64>();
    let described = described(&body, tags, chapters, &texts, texts_at).ok_or_else(no_space)?;
    let texts = if texts.is_empty() { Vec::new() } else { boxed(b"mdat", &[&texts.concat()]) };
    // A box of free space has a header.
    let needed = described.len() + texts.len() + 8;
    let Some(free) = room.checked_sub(needed) else {
        return Err(TagError::TooLarge { path: path.to_owned(), needed, reserved: room });
    };
    let bytes = [described, boxed(b"free", &[&vec![0; free]]), texts].concat();
    file.write_all_at(&bytes, from).map_err(failed)
}

/// Where the description is, and where the sound behind it begins.
fn places(file: &File) -> std::io::Result<Option<(PlacedBox, u64)>> {
    let mut moov = None;
    for found in boxes(file)? {
        let found = found?;
        match &found.kind {
            b"moov" => moov = Some(found),
            b"mdat" => return Ok(moov.map(|moov| (moov, found.at))),
            _ => {}
        }
    }
    Ok(None)
}

/// The description with tags and chapters. They stand behind the tracks: ffmpeg leaves out named tags before them.
fn described(moov: &[u8], tags: &Tags, chapters: &[Chapter], texts: &[Vec<u8>], texts_at: u64) -> Option<Vec<u8>> {
    let header = atoms(moov).find(|atom| atom.kind == *b"mvhd")?;
    let rate = be32(header.body, 20)?;
    let sound = atoms(moov).find(|atom| atom.kind == *b"trak")?;
    if chapters.is_empty() {
        return Some(boxed(b"moov", &[header.bytes, sound.bytes, &user_data(tags, chapters)]));
    }
    let mut next = header.bytes.to_vec();
    next.truncate(next.len().checked_sub(4)?);
    next.extend(words(&[3]));
    let track = with_chapters(&sound);
    let text = text_track(rate, chapters, texts, texts_at);
    Some(boxed(b"moov", &[&next, &track, &text, &user_data(tags, chapters)]))
}

/// The track of sound, which says where its chapters are.
fn with_chapters(track: &Atom<'_>) -> Vec<u8> {
    let reference = boxed(b"tref", &[&boxed(b"chap", &[&words(&[2])])]);
    let parts = atoms(track.body).flat_map(|part| {
        let behind: &[u8] = if part.kind == *b"tkhd" { &reference } else { &[] };
        [part.bytes, behind].concat()
    });
    boxed(b"trak", &[&parts.collect::<Vec<u8>>()])
}

fn user_data(tags: &Tags, chapters: &[Chapter]) -> Vec<u8> {
    let handler = full(b"hdlr", 0, 0, &[&[0; 4], b"mdirappl", &[0; 9]]);
    let meta = full(b"meta", 0, 0, &[&handler, &boxed(b"ilst", &[&list(tags)])]);
    if chapters.is_empty() {
        return boxed(b"udta", &[&meta]);
    }
    let mut marks = vec![0; 4];
    marks.push(u8::try_from(chapters.len()).unwrap_or(u8::MAX));
    for chapter in chapters {
        let title = title(chapter);
        // In units of 100 ns.
        marks.extend(u64::try_from(chapter.start.as_nanos() / 100).unwrap_or(u64::MAX).to_be_bytes());
        marks.push(u8::try_from(title.len()).unwrap_or(u8::MAX));
        marks.extend(title.as_bytes());
    }
    boxed(b"udta", &[&meta, &full(b"chpl", 1, 0, &[&marks])])
}

/// The tags. The imprint is the first of them.
fn list(tags: &Tags) -> Vec<u8> {
    let clean = |text: &str| cut(text, LONGEST, Id3::V24);
    let mut bytes = Vec::new();
    for (name, value) in &tags.extra {
        // Readers of ReplayGain look for small letters.
        let name = if name.starts_with("REPLAYGAIN") { name.to_lowercase() } else { name.clone() };
        bytes.extend(named_tag(&name, &clean(value)));
    }
    let recorded = tags.recorded.map(|at| at.format("%Y-%m-%dT%H:%M:%S").to_string()).unwrap_or_default();
    let texts: [(&[u8; 4], &str); 8] = [
        (b"\xa9nam", &tags.title),
        (b"\xa9ART", &tags.artist),
        (b"\xa9alb", &tags.album),
        (b"\xa9gen", &tags.genre),
        (b"\xa9day", &recorded),
        (b"\xa9cmt", &tags.comment),
        (b"\xa9too", &tags.encoded_by),
        (b"\xa9pub", &tags.station),
    ];
    for (kind, text) in texts {
        let text = clean(text);
        if !text.is_empty() {
            bytes.extend(tag(kind, ValueKind::Text, text.as_bytes()));
        }
    }
    if !tags.station.is_empty() {
        bytes.extend(named_tag("STATION", &clean(&tags.station)));
    }
    if let Some(cover) = &tags.cover {
        let kind = if cover.kind == ImageKind::Png { ValueKind::Png } else { ValueKind::Jpeg };
        bytes.extend(tag(b"covr", kind, &cover.bytes));
    }
    bytes
}

fn title(chapter: &Chapter) -> String {
    cut(&chapter.title, LONGEST_TITLE, Id3::V24)
}

/// The texts of the track of chapters.
fn texts(chapters: &[Chapter]) -> Vec<Vec<u8>> {
    let text = |chapter: &Chapter| {
        let title = title(chapter);
        [&u16::try_from(title.len()).unwrap_or_default().to_be_bytes(), title.as_bytes(), UTF_8].concat()
    };
    chapters.iter().map(text).collect()
}

/// The track of chapters (QuickTime File Format, chapter lists). A chapter goes on until the next begins.
fn text_track(rate: u32, chapters: &[Chapter], texts: &[Vec<u8>], at: u64) -> Vec<u8> {
    const MILLISECONDS: u32 = 1_000;
    let starts = chapters.iter().skip(1).map(|chapter| chapter.start);
    let ends = starts.chain(chapters.last().map(|chapter| chapter.end));
    let mut begin = std::time::Duration::ZERO;
    let lengths = ends.map(|end| {
        let length = end.saturating_sub(std::mem::replace(&mut begin, end));
        u32::try_from(length.as_millis()).unwrap_or(u32::MAX)
    });
    let lengths: Vec<u32> = lengths.collect();
    let whole: u64 = lengths.iter().map(|length| u64::from(*length)).sum();
    let count = u32::try_from(texts.len()).unwrap_or(u32::MAX);
    let times: Vec<[u32; 2]> = lengths.iter().map(|length| [1, *length]).collect();
    let sizes: Vec<u32> = texts.iter().map(|text| u32::try_from(text.len()).unwrap_or(u32::MAX)).collect();
    // Style, colour, box and font of the text are not said.
    let entry = boxed(b"text", &[&[0; 6], &1u16.to_be_bytes(), &words(&[1]), &[0; 40]]);
    let table = boxed(
        b"stbl",
        &[
            &full(b"stsd", 0, 0, &[&words(&[1]), &entry]),
            &full(b"stts", 0, 0, &[&words(&[count]), &words(times.as_flattened())]),
            &full(b"stsc", 0, 0, &[&words(&[1, 1, count, 1])]),
            &full(b"stsz", 0, 0, &[&words(&[0, count]), &words(&sizes)]),
            &full(b"stco", 0, 0, &[&words(&[1, u32::try_from(at).unwrap_or(u32::MAX)])]),
        ],
    );
    let matrix = words(&[0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000]);
    let text = boxed(b"text", &[&matrix]);
    let generic = boxed(b"gmhd", &[&full(b"gmin", 0, 0, &[&[0, 0x40], &[0x80, 0].repeat(3), &[0; 4]]), &text]);
    let here = full(b"dref", 0, 0, &[&words(&[1]), &full(b"url ", 0, 1, &[])]);
    let media = boxed(
        b"mdia",
        &[
            &full(b"mdhd", 1, 0, &[&[0; 16], &words(&[MILLISECONDS]), &whole.to_be_bytes(), &words(&[0x55c4_0000])]),
            &full(b"hdlr", 0, 0, &[&[0; 4], b"text", &[0; 12], b"\0"]),
            &boxed(b"minf", &[&generic, &boxed(b"dinf", &[&here]), &table]),
        ],
    );
    // Not enabled: nobody sees it but who looks for chapters.
    let in_movie = whole * u64::from(rate) / u64::from(MILLISECONDS);
    let head = full(b"tkhd", 1, 0, &[&[0; 16], &words(&[2, 0]), &in_movie.to_be_bytes(), &[0; 16], &matrix, &[0; 8]]);
    boxed(b"trak", &[&head, &media])
}

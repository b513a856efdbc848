//! What unsupported bytes are, in words for a person.
//!
//! They are recognised by the marks that formats begin with. Only text is ever quoted: sixty bytes of anything else are
//! of no use to anybody.

use crate::base::fields::{array, byte};

/// The supported formats, for people.
const TAKEN: &str = "AAC, MP3, AC-3, FLAC, Ogg, WAV, MPEG-TS and fragmented MP4";
/// How much of a text is quoted.
const QUOTED: usize = 60;

/// Describes `bytes` in which no sound was found: `text that begins "<html>"`, or `a picture (PNG)`. The words may
/// quote secrets.
pub fn describe(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        "nothing".to_owned()
    } else if let Some(sound) = sound(bytes) {
        format!("{sound}, which is not taken; taken are {TAKEN}")
    } else if let Some(other) = other(bytes) {
        other.to_owned()
    } else if let Some(text) = text(bytes) {
        format!("text that begins {text:?}")
    } else {
        format!("bytes of no format that is known; taken are {TAKEN}")
    }
}

/// Whether `bytes` are sound of an unsupported kind, by its own marks.
pub fn is_unsupported(bytes: &[u8]) -> bool {
    sound(bytes).is_some()
}

/// The name of sound of an unsupported kind.
fn sound(bytes: &[u8]) -> Option<&'static str> {
    const WMA: &[u8] = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11";
    let marks: [(&[u8], &str); 13] = [
        (b"\x1a\x45\xdf\xa3", "WebM (Matroska)"),
        (b"FLV\x01", "Flash video (FLV)"),
        (WMA, "Windows Media"),
        (b"FORM", "AIFF"),
        (b".RMF", "RealMedia"),
        (b".ra\xfd", "RealAudio"),
        (b"caff", "Core Audio"),
        (b"#!AMR", "AMR"),
        (b"MThd", "MIDI"),
        (b"wvpk", "WavPack"),
        (b"MAC ", "Monkey's Audio"),
        (b"\x7f\xfe\x80\x01", "DTS"),
        (b"fLaC", "FLAC in a file of its own for each part"),
    ];
    if let Some((_, name)) = marks.iter().find(|(mark, _)| bytes.starts_with(mark)) {
        return Some(name);
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WAVE") {
        return Some("WAV in parts, or with a codec in it");
    }
    if is_latm(bytes) {
        return Some("AAC in LATM");
    }
    matches!(array::<2>(bytes, 0)?, [0xac, 0x40 | 0x41]).then_some("AC-4")
}

/// Whether frames of AAC in LATM (ISO/IEC 14496-3, 1.7.2) follow each other: eleven bits of sync, thirteen of length.
fn is_latm(bytes: &[u8]) -> bool {
    let frame = |at: usize| {
        let [a, b, c] = array::<3>(bytes, at)?;
        let length = usize::from(b & 0x1f) << 8 | usize::from(c);
        (a == 0x56 && b & 0xe0 == 0xe0 && length > 0).then_some(at + 3 + length)
    };
    let chain = |at: usize| (0..3).try_fold(at, |at, _| frame(at)).is_some();
    (0..bytes.len().min(8_192)).any(|at| byte(bytes, at) == Some(0x56) && chain(at))
}

/// The name of something that is no sound at all.
fn other(bytes: &[u8]) -> Option<&'static str> {
    let marks: [(&[u8], &str); 10] = [
        (b"OggS", "Ogg joined without its header pages, which nobody can decode"),
        (b"\x89PNG", "a picture (PNG)"),
        (b"\xff\xd8\xff", "a picture (JPEG)"),
        (b"GIF8", "a picture (GIF)"),
        (b"BM", "a picture (BMP)"),
        (b"\x1f\x8b", "something compressed (gzip)"),
        (b"\x28\xb5\x2f\xfd", "something compressed (Zstandard)"),
        (b"PK\x03\x04", "an archive (ZIP)"),
        (b"%PDF", "a document (PDF)"),
        (b"WEBVTT", "subtitles"),
    ];
    let webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    let known = marks.iter().find(|(mark, _)| bytes.starts_with(mark)).map(|(_, name)| *name);
    // A text may begin with these two letters, too.
    known.filter(|name| !name.contains("BMP") || text(bytes).is_none()).or(webp.then_some("a picture (WebP)"))
}

/// The beginning of a text.
fn text(bytes: &[u8]) -> Option<String> {
    let begin = bytes.get(..4 * QUOTED).unwrap_or(bytes);
    let text = match std::str::from_utf8(begin) {
        Ok(text) => text,
        // It may end within a character.
        Err(error) if error.valid_up_to() + 4 > begin.len() => {
            std::str::from_utf8(begin.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    let strange = |c: char| c.is_control() && !c.is_whitespace();
    (!text.is_empty() && !text.contains(strange)).then(|| text.trim().chars().take(QUOTED).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsupported_bytes_are_named_and_only_text_is_quoted() {
        assert_eq!(describe(b"<html>\xc3\xa9</html>"), "text that begins \"<html>é</html>\"");
        assert_eq!(describe(&[b"x".repeat(239), "é".into()].concat()).len(), "text that begins \"\"".len() + QUOTED);
        assert!(
            describe(b"\x1a\x45\xdf\xa3\x01").starts_with("WebM (Matroska), which is not taken; taken are AAC, MP3")
        );
        assert_eq!(describe(b"\x89PNG\r\n\x1a\n\0\0\0"), "a picture (PNG)");
        assert_eq!(describe(b"BM\x36\x10\0\0"), "a picture (BMP)");
        assert_eq!(describe(b"BMW radio"), "text that begins \"BMW radio\"");
        assert_eq!(describe(b""), "nothing");
        let latm = [&[0x00, 0x56, 0xe0, 0x01, 0xaa][..], &[0x56, 0xe0, 0x01, 0xaa].repeat(3)].concat();
        assert!(describe(&latm).starts_with("AAC in LATM") && is_unsupported(&latm), "{}", describe(&latm));
        for rubbish in [&b"\x00\x01\x02"[..], b"\x93\x7f abc", &[0xfe; 500]] {
            assert!(describe(rubbish).starts_with("bytes of no format that is known"), "{}", describe(rubbish));
        }
    }
}

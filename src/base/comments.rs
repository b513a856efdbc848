//! Vorbis comments as bytes (<https://xiph.org/vorbis/doc/v-comment.html>): names and texts, as Opus and Vorbis have them in
//! their second header.

/// How the second header of Opus begins.
pub const OPUS: &[u8] = b"OpusTags";
/// How the second header of Vorbis begins.
pub const VORBIS: &[u8] = b"\x03vorbis";

/// Returns comments without what stands before and behind them: the program, and each name with its text.
pub fn write(vendor: &str, comments: &[(String, String)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let text = |bytes: &mut Vec<u8>, text: &[&str]| {
        let length = text.iter().map(|part| part.len()).sum::<usize>();
        bytes.extend(u32::try_from(length).unwrap_or_default().to_le_bytes());
        for part in text {
            bytes.extend(part.as_bytes());
        }
    };
    text(&mut bytes, &[vendor]);
    bytes.extend(u32::try_from(comments.len()).unwrap_or_default().to_le_bytes());
    for (name, value) in comments {
        text(&mut bytes, &[name, "=", value]);
    }
    bytes
}

/// Returns the text of `name`, in whatever case, in a second header. `None` if it has none, or is none.
pub fn find<'a>(header: &'a [u8], name: &str) -> Option<&'a str> {
    let rest = header.strip_prefix(OPUS).or_else(|| header.strip_prefix(VORBIS))?;
    let (_, rest) = part(rest)?;
    let count = u32::from_le_bytes(*rest.first_chunk()?);
    let mut rest = rest.get(4..)?;
    for _ in 0..count {
        let (text, behind) = part(rest)?;
        rest = behind;
        let Some((said, value)) = std::str::from_utf8(text).ok().and_then(|text| text.split_once('=')) else {
            continue;
        };
        if said.eq_ignore_ascii_case(name) {
            return Some(value);
        }
    }
    None
}

/// The text at the beginning of `bytes`, and what is behind it.
fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::try_from(u32::from_le_bytes(*bytes.first_chunk()?)).ok()?;
    bytes.get(4..)?.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_found_by_its_name() {
        let comments = [("TITLE", "뉴스"), ("AIRCHECK", "{\"a\":\"b=c\"}")];
        let bytes = write("x", &comments.map(|(name, text)| (name.to_owned(), text.to_owned())));
        let header = [OPUS, &bytes, &[0; 100]].concat();
        assert_eq!(find(&header, "aircheck"), Some("{\"a\":\"b=c\"}"));
        assert_eq!(find(&header, "OTHER"), None);
        for torn in 0..header.len() - 100 {
            let _ = find(&header[..torn], "OTHER");
        }
    }
}

//! Addresses that hold what they name: `data:` URLs (RFC 2397), as some lists write keys and initialisation sections.
//!
//! They are the secret itself, so they are never shown; [`redact`](crate::base::redact) knows them.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use url::Url;

/// Whether `url` is a `data:` URL.
pub fn is(url: &Url) -> bool {
    url.scheme() == "data"
}

/// The bytes in `url`; `None` if it is malformed.
pub fn read(url: &Url) -> Option<Bytes> {
    let text = url.as_str().strip_prefix("data:")?;
    let text = text.split('#').next().unwrap_or(text);
    let (kind, data) = text.split_once(',')?;
    let bytes: Vec<u8> = percent_decode_str(data).collect();
    let coded = kind.rsplit(';').next().is_some_and(|last| last.trim().eq_ignore_ascii_case("base64"));
    if !coded {
        return Some(bytes.into());
    }
    // Both alphabets are read, with or without padding.
    let plain = bytes.into_iter().filter(|byte| !byte.is_ascii_whitespace()).map(|byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => byte,
    });
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&base64::alphabet::STANDARD, lenient);
    engine.decode(plain.collect::<Vec<u8>>()).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_writing_are_read() {
        let read = |text: &str| read(&Url::parse(text).unwrap());
        let key = Some(Bytes::from("0123456789abcdef"));
        assert_eq!(read("data:;base64,MDEyMzQ1Njc4OWFiY2RlZg=="), key);
        assert_eq!(read("data:text/plain;charset=utf-8;base64,MDEyMzQ1Njc4OWFiY2RlZg"), key);
        assert_eq!(read("data:,0123456789%61bcdef"), key);
        assert_eq!(read("data:;base64,_-8%3D"), Some(Bytes::from(vec![0xff, 0xef])));
        assert_eq!(read("data:;base64"), None);
        assert_eq!(read("data:;base64,%%%"), None);
    }
}

//! Decompression of bodies (RFC 9110, section 8.4), whether or not the head says truly how they are compressed.
//!
//! Some servers announce gzip and send plain text; others send gzip and announce nothing. So the bytes decide, and the
//! head only if they leave it open.

use std::io::Read;

use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// How a gzip member (RFC 1952) and a Zstandard frame (RFC 8878) begin.
const GZIP: &[u8] = &[0x1f, 0x8b, 8];
const ZSTANDARD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Why a body stays compressed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Coded {
    /// It would be larger than the cap.
    TooLarge,
    /// The compression is unknown, or the data break off.
    Unreadable(String),
}

/// Decompresses `bytes` if they are compressed; `said` is the `Content-Encoding`. At most `cap` bytes.
pub(super) fn plain(bytes: Bytes, said: &str, cap: usize) -> Result<Bytes, Coded> {
    let said = said.trim().to_ascii_lowercase();
    if bytes.starts_with(GZIP) {
        return inflated(MultiGzDecoder::new(&bytes[..]), cap)
            .and_then(|inflated| inflated.ok_or_else(|| Coded::Unreadable("with gzip, and cut short".to_owned())));
    }
    // A text may begin as zlib (RFC 1950) does, but not go on so.
    let zlib = bytes.first() == Some(&0x78)
        && bytes.get(..2).is_some_and(|two| u16::from_be_bytes([two[0], two[1]]) % 31 == 0);
    if (zlib || said.contains("deflate"))
        && let Some(inflated) = inflated(ZlibDecoder::new(&bytes[..]), cap)?
    {
        return Ok(inflated);
    }
    // Some servers send what RFC 9110 calls deflate without the zlib frame that belongs to it.
    if said.contains("deflate") && !is_text(&bytes) {
        let inflated = inflated(DeflateDecoder::new(&bytes[..]), cap)?;
        return Ok(inflated.unwrap_or(bytes));
    }
    let other =
        ["br", "zstd", "compress"].into_iter().find(|coding| said.split(',').any(|word| word.trim() == *coding));
    match other {
        Some(coding) if !is_text(&bytes) => {
            Err(Coded::Unreadable(format!("with {coding}, which is not understood here")))
        }
        None if bytes.starts_with(ZSTANDARD) => {
            Err(Coded::Unreadable("with zstd, which is not understood here".to_owned()))
        }
        _ => Ok(bytes),
    }
}

/// Returns all that comes out of `decoder`; `None` if the data are not compressed in this way.
fn inflated(decoder: impl Read, cap: usize) -> Result<Option<Bytes>, Coded> {
    let mut all = Vec::new();
    match decoder.take(cap as u64 + 1).read_to_end(&mut all) {
        Ok(_) if all.len() > cap => Err(Coded::TooLarge),
        Ok(_) => Ok(Some(all.into())),
        Err(_) => Ok(None),
    }
}

fn is_text(bytes: &[u8]) -> bool {
    !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    const LIST: &[u8] = b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n#EXTINF:2,\nb.ts\n";

    fn read(bytes: &[u8], said: &str) -> Result<Bytes, Coded> {
        plain(Bytes::copy_from_slice(bytes), said, 1 << 10)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_bytes_say_how_they_are_compressed() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(LIST).unwrap();
        let zlib = zlib.finish().unwrap();
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
        bare.write_all(LIST).unwrap();
        let bare = bare.finish().unwrap();
        let cases = [
            (gzip(LIST), ["gzip", "", "br"].as_slice()),
            (zlib, ["deflate", ""].as_slice()),
            (bare, ["deflate"].as_slice()),
            (LIST.to_vec(), ["gzip", "deflate", "br", "identity", ""].as_slice()),
        ];
        for (bytes, codings) in cases {
            for said in codings {
                assert_eq!(read(&bytes, said).unwrap(), LIST, "{said}: {bytes:?}");
            }
        }
        assert_eq!(read(b"x\x9cis a text", "").unwrap(), b"x\x9cis a text"[..]);
    }

    #[test]
    fn unreadable_coding_is_an_error_and_output_is_bounded() {
        let brotli = [0x0b, 0x02, 0x80, 0x23, 0x45, 0xff, 0x03];
        assert_eq!(read(&brotli, "br"), Err(Coded::Unreadable("with br, which is not understood here".to_owned())));
        let cut = gzip(LIST);
        assert!(matches!(read(&cut[..cut.len() / 2], "gzip"), Err(Coded::Unreadable(_))));
        assert_eq!(read(&gzip(&vec![0; 1 << 20]), "gzip"), Err(Coded::TooLarge));
    }
}

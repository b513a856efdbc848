//! How recordings are handed out as HLS.

use std::time::Duration;

use super::{Complaint, units};

/// The lowest and the highest bit rate of a rendition, in bits per second. AAC has no use for more.
const LOWEST: u64 = 16_000;
const HIGHEST: u64 = 320_000;
/// The shortest and the longest segment.
const SHORTEST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(60);
/// The smallest cache. What is being encoded at a time, and who listens, must fit.
const SMALLEST: u64 = 128 << 20;

/// In which renditions recordings are handed out, and what is kept of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HlsRule {
    /// The bit rates of the renditions in bits per second, each a whole number of thousands. Players begin with the first.
    pub rates: Vec<u32>,
    /// How long a segment is, as far as whole frames of sound allow.
    pub segment: Duration,
    /// Whether they are made as soon as a recording is finished, before anybody asks.
    pub ahead: bool,
    /// The most bytes that are kept of them.
    pub cache: u64,
}

impl Default for HlsRule {
    fn default() -> Self {
        Self { rates: vec![320_000, 128_000, 64_000], segment: Duration::from_secs(10), ahead: false, cache: 5 << 30 }
    }
}

/// Parses the bit rate of a rendition: `128k`.
pub fn rate(text: &str) -> Result<u32, Complaint> {
    let bits = units::rate(text)?;
    let near = (bits.clamp(LOWEST, HIGHEST) + 500) / 1_000;
    let wrong = |why: &str| Complaint::new(format!("`{}` {why}", text.trim())).suggest([format!("{near}k")]);
    match u32::try_from(bits) {
        Ok(rate) if (LOWEST..=HIGHEST).contains(&bits) && rate.is_multiple_of(1_000) => Ok(rate),
        Ok(_) if (LOWEST..=HIGHEST).contains(&bits) => Err(wrong("is no whole number of kilobits")),
        _ => Err(wrong("is not from 16k to 320k")),
    }
}

/// Parses the length of a segment: `10s`.
pub fn segment(text: &str) -> Result<Duration, Complaint> {
    match units::duration(text)? {
        length if (SHORTEST..=LONGEST).contains(&length) => Ok(length),
        _ => {
            Err(Complaint::new(format!("`{}` is not from 2s to 60s", text.trim()))
                .hint("write for example `segment: 10s`"))
        }
    }
}

/// Parses the size of the cache: `5 GiB`.
pub fn cache(text: &str) -> Result<u64, Complaint> {
    match units::size(text)? {
        size if size >= SMALLEST => Ok(size),
        _ => {
            let complaint =
                Complaint::new(format!("`{}` is too small: what is being listened to must fit", text.trim()));
            Err(complaint.suggest(["128 MiB".to_owned()]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse_or_suggest;
    use super::*;

    #[test]
    fn a_rendition_has_a_rate_that_aac_can_use() {
        assert_eq!(
            (rate("64k").ok(), rate("320 kbit/s").ok(), rate("16000").ok()),
            (Some(64_000), Some(320_000), Some(16_000))
        );
        let hint = |text: &str| parse_or_suggest(text, rate).unwrap_err().hint.unwrap();
        for (text, right) in [("8k", "16k"), ("1M", "320k"), ("64.4k", "64k"), ("64", "64k"), ("5000k", "320k")] {
            assert_eq!(hint(text), format!("write `{right}`"), "{text}");
        }
    }

    #[test]
    fn segments_and_cache_have_bounds() {
        assert_eq!((segment("10s").ok(), segment("1m").ok()), (Some(Duration::from_secs(10)), Some(LONGEST)));
        assert!(segment("1s").is_err() && segment("61s").is_err() && segment("10").is_err());
        assert_eq!(
            (cache("5 GiB").ok(), cache("128 MiB").ok(), cache("127 MiB").ok()),
            (Some(5 << 30), Some(SMALLEST), None)
        );
    }
}

//! Ranges: the part of a file that a request asks for (RFC 9110 section 14).

use std::ops::RangeInclusive;

use axum::http::header::RANGE;
use axum::http::{HeaderMap, Method};

/// The part of a file that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requested {
    /// The whole file. Also if the range is invalid or has an unknown unit, and so must be ignored (section 14.2), or
    /// if it has several parts with gaps in between, and so may be ignored.
    Whole,
    /// One part, which exists.
    Part(RangeInclusive<u64>),
    /// Only parts beyond the end of the file.
    Beyond,
}

/// Returns the part of a file of `bytes` bytes that a request asks for.
pub fn requested(method: &Method, headers: &HeaderMap, bytes: u64) -> Requested {
    let mut values = headers.get_all(RANGE).iter();
    // Only GET has ranges, and an empty file has no parts.
    let (Some(range), None, &Method::GET, 1..) = (values.next(), values.next(), method, bytes) else {
        return Requested::Whole;
    };
    let Some(mut parts) = range.to_str().ok().and_then(|range| parts(range, bytes)) else { return Requested::Whole };
    parts.sort_unstable_by_key(|part| *part.start());
    let joined = parts.into_iter().try_fold(None, |sum: Option<RangeInclusive<u64>>, part| match sum {
        None => Some(Some(part)),
        Some(sum) if *part.start() <= sum.end().saturating_add(1) => {
            Some(Some(*sum.start()..=*sum.end().max(part.end())))
        }
        Some(_) => None,
    });
    match joined {
        Some(Some(part)) => Requested::Part(part),
        Some(None) => Requested::Beyond,
        None => Requested::Whole,
    }
}

/// Returns the parts of `bytes` bytes that `range` asks for, without those beyond the end. `None` if it is not a range
/// of bytes (sections 14.1.1 and 14.1.2).
fn parts(range: &str, bytes: u64) -> Option<Vec<RangeInclusive<u64>>> {
    let (unit, set) = range.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    // A list may have empty elements (section 5.6.1.2).
    let set = set.split(',').map(|part| part.trim_matches([' ', '\t'])).filter(|part| !part.is_empty());
    let parts: Vec<_> = set.map(|spec| part(spec, bytes)).collect::<Option<_>>()?;
    let end = bytes.checked_sub(1).filter(|_| !parts.is_empty())?;
    Some(
        parts
            .into_iter()
            .filter(|part| *part.start() <= end)
            .map(|part| *part.start()..=end.min(*part.end()))
            .collect(),
    )
}

/// Parses one part, which may reach beyond the end of the file. `None` if it is invalid.
fn part(spec: &str, bytes: u64) -> Option<RangeInclusive<u64>> {
    let (first, last) = spec.split_once('-')?;
    if first.is_empty() {
        return Some(bytes.saturating_sub(number(last)?)..=u64::MAX);
    }
    let first = number(first)?;
    let last = if last.is_empty() { u64::MAX } else { number(last)? };
    (first <= last).then_some(first..=last)
}

/// Parses any number of digits; a number that is too large becomes `u64::MAX`.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requested_by(range: &str, bytes: u64) -> Requested {
        requested(&Method::GET, &HeaderMap::from_iter([(RANGE, range.parse().unwrap())]), bytes)
    }

    #[test]
    fn a_range_that_makes_one_part_is_recognised_in_every_form() {
        for (range, part) in [
            ("bytes=0-0", 0..=0),
            ("Bytes=0-10", 0..=10),
            ("BYTES=5-", 5..=99),
            ("bytes=98-200", 98..=99),
            ("bytes=-1", 99..=99),
            ("bytes=-100", 0..=99),
            ("bytes=-999999999", 0..=99),
            ("bytes=-99999999999999999999999999", 0..=99),
            ("bytes=0-99999999999999999999999999", 0..=99),
            ("bytes= 1-2 ", 1..=2),
            ("bytes=,1-2,,", 1..=2),
            ("bytes=200-,1-2", 1..=2),
            ("bytes=5-9,0-4", 0..=9),
            ("bytes=0-50,10-20,-60", 0..=99),
        ] {
            assert_eq!(requested_by(range, 100), Requested::Part(part), "{range}");
        }
    }

    #[test]
    fn an_invalid_range_is_ignored() {
        for range in [
            "items=0-1",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=1",
            "bytes=1-2-3",
            "bytes=+1-2",
            "bytes=0x1-2",
            "bytes=0-1,5-2",
            "0-1",
            "",
            "bytes=0-1,5-6",
        ] {
            assert_eq!(requested_by(range, 100), Requested::Whole, "{range}");
        }
        assert_eq!(requested_by("bytes=-5", 0), Requested::Whole);
        let headers = HeaderMap::from_iter([(RANGE, "bytes=0-1".parse().unwrap())]);
        assert_eq!(requested(&Method::HEAD, &headers, 100), Requested::Whole);
    }

    #[test]
    fn a_range_beyond_the_end_is_recognised() {
        for range in ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=200-300,400-", "bytes=99999999999999999999999-"]
        {
            assert_eq!(requested_by(range, 100), Requested::Beyond, "{range}");
        }
    }
}

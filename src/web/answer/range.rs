//! Which part of a file is asked for (RFC 9110 section 14).

use std::ops::RangeInclusive;

use axum::http::header::{HeaderValue, RANGE};
use axum::http::{HeaderMap, Method};

/// What a request asks for of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// All of it. Also where it asks for what is no range, or has no meaning for us, which is to be ignored (section 14.2);
    /// and where it asks for several parts that are not one, which may be.
    Whole,
    /// One part, which is there.
    Part(RangeInclusive<u64>),
    /// Nothing that is there.
    Beyond,
}

/// Makes a request for a file of so many bytes ask in a way that tower-http answers rightly: for one part that is there, for
/// something beyond the file, or for all of it.
pub fn settle(method: &Method, headers: &mut HeaderMap, bytes: u64) {
    let range = match asked(method, headers, bytes) {
        Asked::Whole => None,
        Asked::Part(part) => Some(format!("bytes={}-{}", part.start(), part.end())),
        Asked::Beyond => Some(format!("bytes={bytes}-")),
    };
    headers.remove(RANGE);
    if let Some(range) = range.and_then(|range| HeaderValue::try_from(range).ok()) {
        headers.insert(RANGE, range);
    }
}

/// What is asked for of a file of so many bytes.
pub fn asked(method: &Method, headers: &HeaderMap, bytes: u64) -> Asked {
    let mut told = headers.get_all(RANGE).iter();
    // Ranges have a meaning for GET alone, and of an empty file there is no part.
    let (Some(range), None, &Method::GET, 1..) = (told.next(), told.next(), method, bytes) else {
        return Asked::Whole;
    };
    let Some(mut there) = range.to_str().ok().and_then(|range| parts(range, bytes)) else { return Asked::Whole };
    there.sort_unstable_by_key(|part| *part.start());
    let joined = there.into_iter().try_fold(None, |sum: Option<RangeInclusive<u64>>, part| match sum {
        None => Some(Some(part)),
        Some(sum) if *part.start() <= sum.end().saturating_add(1) => {
            Some(Some(*sum.start()..=*sum.end().max(part.end())))
        }
        Some(_) => None,
    });
    match joined {
        Some(Some(part)) => Asked::Part(part),
        Some(None) => Asked::Beyond,
        None => Asked::Whole,
    }
}

/// The parts that `range` asks for of so many bytes, without those that lie beyond them; `None` if it is no range of bytes
/// (sections 14.1.1 and 14.1.2).
fn parts(range: &str, bytes: u64) -> Option<Vec<RangeInclusive<u64>>> {
    let (unit, set) = range.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    // A list may have elements that are empty (section 5.6.1.2).
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

/// One of them, which may reach beyond the file; `None` if it is no part.
fn part(spec: &str, bytes: u64) -> Option<RangeInclusive<u64>> {
    let (first, last) = spec.split_once('-')?;
    if first.is_empty() {
        return Some(bytes.saturating_sub(number(last)?)..=u64::MAX);
    }
    let first = number(first)?;
    let last = if last.is_empty() { u64::MAX } else { number(last)? };
    (first <= last).then_some(first..=last)
}

/// Digits, as many as somebody likes.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: &str, bytes: u64) -> Asked {
        asked(&Method::GET, &HeaderMap::from_iter([(RANGE, range.parse().unwrap())]), bytes)
    }

    #[test]
    fn one_part_is_a_part_however_it_is_written() {
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
            assert_eq!(of(range, 100), Asked::Part(part), "{range}");
        }
    }

    #[test]
    fn what_is_no_range_is_ignored() {
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
            assert_eq!(of(range, 100), Asked::Whole, "{range}");
        }
        assert_eq!(of("bytes=-5", 0), Asked::Whole);
        let headers = HeaderMap::from_iter([(RANGE, "bytes=0-1".parse().unwrap())]);
        assert_eq!(asked(&Method::HEAD, &headers, 100), Asked::Whole);
    }

    #[test]
    fn what_is_not_there_is_told_so() {
        for range in ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=200-300,400-", "bytes=99999999999999999999999-"]
        {
            assert_eq!(of(range, 100), Asked::Beyond, "{range}");
        }
    }
}

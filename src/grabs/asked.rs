//! What a person asks to be grabbed.

use std::time::Duration;

use url::Url;

use super::format::Format;
use super::pattern::Pattern;
use super::wrong::{MOST_DIGITS, MOST_PARALLEL, MOST_SEGMENTS, Wrong};
use crate::config::Find;

/// What is to be grabbed, as a person says it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The address of a playlist, of a page that names one, of a segment, or of segments with `(*)` for their number.
    pub address: String,
    /// The steps by which the address is found of what is to be grabbed; none if that is `address` itself.
    pub steps: Vec<Find>,
    /// Sent with every request.
    pub headers: Vec<(String, String)>,
    /// Whether a server with an invalid certificate is accepted.
    pub accept_invalid: bool,
    /// How many digits the number has at least.
    pub pad: Option<usize>,
    /// The first number.
    pub from: Option<u64>,
    /// How many segments.
    pub count: Option<u64>,
    /// How long all of them play.
    pub length: Option<Duration>,
    /// How long one of them plays.
    pub segment: Option<Duration>,
    /// The address of the initialisation section of numbered segments. `None` if it is looked for.
    pub init: Option<String>,
    /// The highest bandwidth, in bits per second.
    pub max_bitrate: Option<u64>,
    /// The language of the sound.
    pub language: Option<String>,
    /// What it becomes.
    pub format: Format,
    /// How many requests at a time.
    pub parallel: usize,
    /// The most bytes; `None` if only the disk bounds it.
    pub largest: Option<u64>,
    /// Whether no file is made if a segment is missing.
    pub strict: bool,
}

/// Numbered segments, as far as they are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    /// Their addresses.
    pub pattern: Pattern,
    /// Whether the padding was asked for.
    pub pad_is_known: bool,
    /// The first.
    pub first: Option<u64>,
    /// How many.
    pub count: Option<u64>,
    /// Whether the last of them may be absent: a length does not say whether it ends with a whole segment.
    pub last_may_lack: bool,
}

impl Asked {
    /// Checks it as far as that is possible without asking anybody. Returns the numbered segments if it asks for those.
    ///
    /// # Errors
    /// A sentence that says what to write instead.
    pub fn check(&self) -> Result<Option<Numbers>, Wrong> {
        let address = self.address.trim();
        let pad = self.pad.unwrap_or(0);
        let pattern = Pattern::read(address, pad);
        let is_address = match &pattern {
            Some(_) if !self.steps.is_empty() => return Err(Wrong::MarkAndSteps),
            Some(pattern) => pattern.address(self.from.unwrap_or(0)).is_some(),
            // Steps may begin with a program.
            None => !self.steps.is_empty() || is_http(address),
        };
        if !is_address {
            return Err(Wrong::Address(address.to_owned()));
        }
        if let Some(init) = self.init.as_deref().map(str::trim).filter(|init| !is_http(init)) {
            return Err(Wrong::Init(init.to_owned()));
        }
        if self.parallel == 0 || self.parallel > MOST_PARALLEL {
            return Err(Wrong::Parallel(self.parallel));
        }
        if pad > MOST_DIGITS {
            return Err(Wrong::Digits(pad));
        }
        let Some(pattern) = pattern else {
            let numbering = [
                ("--pad", self.pad.is_some()),
                ("--from", self.from.is_some()),
                ("--count", self.count.is_some()),
                ("--length", self.length.is_some()),
                ("--segment", self.segment.is_some()),
            ];
            return match numbering.iter().find(|(_, is_there)| *is_there) {
                Some((option, _)) => Err(Wrong::NoMark(option)),
                None => Ok(None),
            };
        };
        let (count, last_may_lack) = self.counted()?;
        let (pad_is_known, first) = (self.pad.is_some(), self.from);
        let highest = first.unwrap_or(0).checked_add(count.unwrap_or(1)).is_some_and(|last| last < 10_u64.pow(18));
        if !highest {
            return Err(Wrong::High(first.unwrap_or_default()));
        }
        Ok(Some(Numbers { pattern, pad_is_known, first, count, last_may_lack }))
    }

    /// How many segments are asked for, and whether the last of them may be absent.
    fn counted(&self) -> Result<(Option<u64>, bool), Wrong> {
        let counted = match (self.count, self.length, self.segment) {
            (Some(_), Some(_), _) => return Err(Wrong::CountedTwice),
            (Some(count), None, _) => (count, false),
            (None, Some(length), Some(segment)) if !segment.is_zero() => {
                // The length divided by that of a segment, and one more: segments are numbered from 0 or from 1.
                let whole = length.as_millis() / segment.as_millis().max(1);
                (u64::try_from(whole).unwrap_or(u64::MAX).saturating_add(1), true)
            }
            (None, Some(_), _) => return Err(Wrong::NoSegmentLength),
            (None, None, _) => return Ok((None, false)),
        };
        if counted.0 == 0 {
            return Err(Wrong::NoSegments);
        }
        if counted.0 > MOST_SEGMENTS {
            return Err(Wrong::TooMany(counted.0));
        }
        Ok((Some(counted.0), counted.1))
    }

    /// What distinguishes it from other grabs: its address without tokens, which may be new when it goes on.
    pub fn identity(&self) -> String {
        let address = without_user(self.address.trim());
        let address = address.as_str();
        let has_mark = |query: &str| Pattern::read(query, 0).is_some();
        match address.split_once('?') {
            Some((path, query)) if !has_mark(query) => path.to_owned(),
            Some((path, query)) => {
                let named: Vec<&str> = query.split('&').filter(|part| has_mark(part)).collect();
                format!("{path}?{}", named.join("&"))
            }
            None => address.to_owned(),
        }
    }
}

/// Whether `address` is one that can be asked.
fn is_http(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// `address` without the user and the password in it.
fn without_user(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let host = rest.find(['/', '?']).unwrap_or(rest.len());
    match rest.get(..host).and_then(|host| host.rfind('@')).and_then(|at| rest.get(at + 1..)) {
        Some(rest) => format!("{scheme}://{rest}"),
        None => address.to_owned(),
    }
}

#[cfg(test)]
pub(super) fn asked(address: &str) -> Asked {
    Asked {
        address: address.to_owned(),
        steps: Vec::new(),
        headers: Vec::new(),
        accept_invalid: false,
        pad: None,
        from: None,
        count: None,
        length: None,
        segment: None,
        init: None,
        max_bitrate: None,
        language: None,
        format: Format::Mp4,
        parallel: 20,
        largest: None,
        strict: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERED: &str = "https://cdn.example/v/(*).ts";

    #[test]
    fn a_length_counts_as_the_document_does() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let thirty = Asked { length: seconds(1_800), segment: seconds(4), from: Some(0), ..asked(NUMBERED) };
        let numbers = thirty.check().unwrap().unwrap();
        assert_eq!((numbers.first, numbers.count, numbers.last_may_lack), (Some(0), Some(451), true));
        let counted = Asked { count: Some(451), ..asked(NUMBERED) }.check().unwrap().unwrap();
        assert_eq!((counted.first, counted.count, counted.last_may_lack), (None, Some(451), false));
        assert_eq!(asked("https://h/a.m3u8").check().unwrap(), None);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_to_write() {
        let numbered = || asked(NUMBERED);
        let hour = Some(Duration::from_hours(1));
        for (asked, words) in [
            (asked("film"), "is no http address"),
            (asked("ftp://h/(*).ts"), "is no http address"),
            (asked("file:///etc/passwd"), "is no http address"),
            (Asked { count: Some(3), ..asked("https://h/a.m3u8") }, "write (*) in the address"),
            (Asked { count: Some(0), ..numbered() }, "the last segment is found"),
            (Asked { count: Some(3), length: hour, ..numbered() }, "either `--count` or `--length`"),
            (Asked { length: hour, ..numbered() }, "`--segment 4s`"),
            (Asked { length: hour, segment: Some(Duration::ZERO), ..numbered() }, "`--segment 4s`"),
            (Asked { count: Some(50_001), ..numbered() }, "are too many"),
            (Asked { from: Some(u64::MAX), ..numbered() }, "too high a number"),
            (Asked { pad: Some(19), ..numbered() }, "the most are 18"),
            (Asked { parallel: 0, ..numbered() }, "write 1 to 100"),
            (Asked { init: Some("init.mp4".to_owned()), ..numbered() }, "such as https://h/v/init.mp4"),
        ] {
            let error = asked.check().unwrap_err().to_string();
            assert!(error.contains(words), "{error} does not say {words}");
        }
    }

    #[test]
    fn a_new_token_makes_no_other_grab() {
        assert_eq!(asked("https://h/a.m3u8?token=1").identity(), asked("https://h/a.m3u8?token=2").identity());
        assert_eq!(asked("https://h/s.php?t=1&n=(*)").identity(), asked("https://h/s.php?t=2&n=(*)").identity());
        assert_eq!(asked("https://me:secret@h/a@b.m3u8").identity(), "https://h/a@b.m3u8");
        assert_ne!(asked("https://h/a/1.m3u8").identity(), asked("https://h/b/1.m3u8").identity());
    }
}

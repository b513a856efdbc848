//! Faults: what goes wrong, with which requests, for how long.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// The part of a station that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The page to scrape.
    Page,
    /// A master playlist.
    Master,
    /// A media playlist.
    Playlist,
    /// A segment, or a range of the file with all of them.
    Segment,
    /// The initialisation section.
    Map,
    /// A key.
    Key,
    /// An endless body.
    Live,
    /// What plays.
    Now,
}

/// What goes wrong.
#[derive(Clone)]
pub enum Kind {
    /// Another status, with a short HTML body.
    Status(u16),
    /// Another status, and `Retry-After` with these words.
    Busy(u16, String),
    /// The connection is reset before an answer.
    Reset,
    /// The connection is reset after half of the body.
    ResetMidway,
    /// Content-Length is right, half of the body comes, the connection is closed. Ends a live body cleanly.
    Truncated,
    /// Content-Length is too large: the whole body comes, then the connection is closed.
    Unended,
    /// Half of the body, then nothing, with the connection left open. A live body stops.
    Stall,
    /// A live body that has begun stops, and goes on where it stopped; later ones are not affected.
    Hang,
    /// No answer at all, with the connection left open.
    Silence,
    /// Bytes per second.
    Drip(usize),
    /// Status 200 and a page in HTML.
    Html,
    /// Status 200 and no bytes.
    Empty,
    /// Status 200 and bytes that mean nothing.
    Garbage,
    /// Status 200 and this many bytes.
    Huge(usize),
    /// Status 200 and bytes without end.
    Endless,
    /// Another range than was asked for, with a true Content-Range.
    OtherRange,
    /// Status 302 to another address, which answers the same: an endless redirect.
    Maze,
    /// A body that gzip inflates to this many times 8 MiB.
    Bomb(usize),
    /// The playlist as it was this long ago.
    Stale(Duration),
    /// The playlist as it was when the fault was switched on.
    Frozen,
    /// The true body, changed.
    Edit(Arc<dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync>),
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Status(status) => return write!(f, "Status({status})"),
            Self::Busy(status, said) => return write!(f, "Busy({status}, {said})"),
            Self::Drip(rate) => return write!(f, "Drip({rate})"),
            Self::Huge(size) => return write!(f, "Huge({size})"),
            Self::Bomb(members) => return write!(f, "Bomb({members})"),
            Self::Stale(back) => return write!(f, "Stale({back:?})"),
            Self::Reset => "Reset",
            Self::ResetMidway => "ResetMidway",
            Self::Truncated => "Truncated",
            Self::Unended => "Unended",
            Self::Stall => "Stall",
            Self::Hang => "Hang",
            Self::Silence => "Silence",
            Self::Html => "Html",
            Self::Empty => "Empty",
            Self::Garbage => "Garbage",
            Self::Endless => "Endless",
            Self::Maze => "Maze",
            Self::OtherRange => "OtherRange",
            Self::Frozen => "Frozen",
            Self::Edit(_) => "Edit",
        };
        f.write_str(name)
    }
}

/// A fault and the requests that it strikes: by default every request for its part, from when it is switched on until
/// it is healed.
#[derive(Debug, Clone)]
pub struct Fault {
    part: Part,
    kind: Kind,
    delay: Duration,
    lasting: Option<Duration>,
    times: Option<u32>,
    times_per_url: Option<u32>,
    every: u32,
    sequence: Option<u64>,
    path: Option<String>,
}

impl Fault {
    /// Returns a fault of `kind` at every request for `part`.
    pub fn new(part: Part, kind: Kind) -> Self {
        Self {
            part,
            kind,
            delay: Duration::ZERO,
            lasting: None,
            times: None,
            times_per_url: None,
            every: 1,
            sequence: None,
            path: None,
        }
    }

    /// Returns a fault that changes the body of `part` by `edit`.
    pub fn edit(part: Part, edit: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::new(part, Kind::Edit(Arc::new(edit)))
    }

    /// Returns a fault that changes the text of the playlist by `edit`.
    pub fn edit_playlist(edit: impl Fn(String) -> String + Send + Sync + 'static) -> Self {
        Self::edit(Part::Playlist, move |body| edit(String::from_utf8_lossy(&body).into_owned()).into_bytes())
    }

    /// Returns a fault that changes every `EXT-X-PROGRAM-DATE-TIME`, by the number of its segment.
    pub fn redate(change: impl Fn(u64, DateTime<Utc>) -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        const DATE: &str = "#EXT-X-PROGRAM-DATE-TIME:";
        Self::edit_playlist(move |text| {
            let mut number = 0;
            let mut changed = String::new();
            for line in text.lines() {
                if let Some(first) = line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:") {
                    number = first.parse().expect("a number");
                }
                if let Some(date) = line.strip_prefix(DATE) {
                    let date = change(number, date.parse().expect("a date"));
                    let _ = write!(changed, "{DATE}{}", date.to_rfc3339_opts(SecondsFormat::Millis, true));
                } else {
                    changed += line;
                }
                changed.push('\n');
                number += u64::from(!line.starts_with('#'));
            }
            changed
        })
    }

    /// Delays the fault after it is switched on.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Limits how long the fault lasts.
    #[must_use]
    pub fn lasting(mut self, lasting: Duration) -> Self {
        self.lasting = Some(lasting);
        self
    }

    /// Limits how often the fault strikes in all.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Limits how often the fault strikes each URL.
    #[must_use]
    pub fn times_per_url(mut self, times: u32) -> Self {
        self.times_per_url = Some(times);
        self
    }

    /// Strikes only every nth request: 2 is every second one.
    #[must_use]
    pub fn every(mut self, every: u32) -> Self {
        self.every = every.max(1);
        self
    }

    /// Strikes only the segment with this media sequence number.
    #[must_use]
    pub fn sequence(mut self, sequence: u64) -> Self {
        self.sequence = Some(sequence);
        self
    }

    /// Strikes only paths or queries that contain this: `v128000` is one variant, `moved-` what was redirected.
    #[must_use]
    pub fn path(mut self, part: &str) -> Self {
        self.path = Some(part.to_owned());
        self
    }
}

/// A fault that is switched on.
#[derive(Debug)]
struct Active {
    fault: Fault,
    since: DateTime<Utc>,
    asked: u32,
    struck: u32,
    struck_by_url: HashMap<String, u32>,
}

/// The faults of a station.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Active>);

impl Faults {
    pub(super) fn add(&mut self, fault: Fault, now: DateTime<Utc>) {
        let (asked, struck, struck_by_url) = (0, 0, HashMap::new());
        self.0.push(Active { fault, since: now, asked, struck, struck_by_url });
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns the first fault that strikes this request, and since when.
    pub(super) fn strike(
        &mut self,
        part: Part,
        (path, query): (&str, &str),
        sequence: Option<u64>,
        now: DateTime<Utc>,
    ) -> Option<(Kind, DateTime<Utc>)> {
        self.0.iter_mut().find_map(|active| {
            let fault = &active.fault;
            let begin = active.since + TimeDelta::from_std(fault.delay).expect("short");
            let over = fault.lasting.is_some_and(|lasting| now - begin > TimeDelta::from_std(lasting).expect("short"));
            let other = fault.sequence.is_some() && fault.sequence != sequence
                || fault.path.as_ref().is_some_and(|part| !path.contains(part) && !query.contains(part));
            if fault.part != part || now < begin || over || other {
                return None;
            }
            active.asked += 1;
            let by_url = active.struck_by_url.entry(path.to_owned()).or_default();
            let spent = fault.times.is_some_and(|times| active.struck >= times)
                || fault.times_per_url.is_some_and(|times| *by_url >= times);
            if spent || active.asked % fault.every != 0 {
                return None;
            }
            active.struck += 1;
            *by_url += 1;
            Some((fault.kind.clone(), begin))
        })
    }
}

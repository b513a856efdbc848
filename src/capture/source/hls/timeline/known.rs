//! What is remembered of a listed segment, and when another one is the same.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::super::address::{ByteRange, file_name};
use super::super::playlist::Segment;
use crate::base::duration::delta;

/// A segment that was listed.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Its position among the segments that were handed out, if it was handed out.
    pub(super) order: Option<u64>,
    pub(super) sequence: u64,
    pub(super) segment_key: String,
    pub(super) byte_range: Option<ByteRange>,
    pub(super) start: Option<DateTime<Utc>>,
    pub(super) duration: Duration,
    pub(super) discontinuity: bool,
}

impl Known {
    pub(super) fn new(order: Option<u64>, segment: &Segment) -> Self {
        Self {
            order,
            sequence: segment.sequence,
            segment_key: segment.segment_key.clone(),
            byte_range: segment.byte_range,
            start: segment.programme_time,
            duration: segment.duration,
            discontinuity: segment.discontinuity,
        }
    }

    /// Whether no date distinguishes them.
    pub(super) fn same_time(&self, segment: &Segment) -> bool {
        match (self.start, segment.programme_time) {
            (Some(mine), Some(its)) => (mine - its).abs() <= delta(self.duration).max(TimeDelta::seconds(2)),
            _ => true,
        }
    }

    /// Whether `segment` is this one, listed again.
    pub(super) fn is(&self, segment: &Segment) -> bool {
        let (mine, its) = (self.segment_key.as_str(), segment.segment_key.as_str());
        let same_address = mine == its || self.sequence == segment.sequence && file_name(mine) == file_name(its);
        // A mark belongs to its segment; it does not appear on one that was listed without it.
        let same_mark = self.discontinuity || !segment.discontinuity;
        same_address && self.same_time(segment) && same_mark && self.byte_range == segment.byte_range
    }
}

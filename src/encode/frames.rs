//! Lengths of time as numbers of sample frames.

use std::time::Duration;

/// How many sample frames `duration` has, rounded to the nearest.
pub(super) fn frames(duration: Duration, sample_rate: u32) -> u64 {
    let exact = duration.as_nanos() * u128::from(sample_rate);
    u64::try_from((exact + 500_000_000) / 1_000_000_000).unwrap_or(u64::MAX)
}

/// How long `frames` play.
pub(super) fn frames_to_duration(frames: u64, sample_rate: u32) -> Duration {
    let nanoseconds = u128::from(frames) * 1_000_000_000 / u128::from(sample_rate.max(1));
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

/// Missing or surplus sound shorter than this is the priming and rounding of codecs, two frames of AAC at 32 kHz.
pub(super) const CODEC_SLACK: Duration = Duration::from_millis(60);

/// [`CODEC_SLACK`] in sample frames.
pub(super) fn slack(sample_rate: u32) -> u64 {
    frames(CODEC_SLACK, sample_rate)
}

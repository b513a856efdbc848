//! What somebody asks for that cannot be meant: with the options of the command line for who writes those, as a sentence for
//! who asks over the page or the interface.

use super::format::Format;
use super::pattern::MARK;
use crate::language::Sentence;

/// The most segments of one grab; 55 hours of 4 s segments.
pub const MOST_SEGMENTS: u64 = 50_000;
/// The most requests at a time.
pub const MOST_PARALLEL: usize = 100;
/// The most digits of a number.
pub const MOST_DIGITS: usize = 18;

/// What cannot be meant, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// No address.
    #[error("`{0}` is no http address: write the whole address of a playlist (.m3u8), of a page, or of a segment")]
    Address(String),
    /// No address of an initialisation section.
    #[error(
        "`{0}` is no http address: `--init` is the address of the beginning of an MP4, such as https://h/v/init.mp4"
    )]
    Init(String),
    /// Too many requests at a time, or none.
    #[error("{0} requests at a time: write 1 to {MOST_PARALLEL}")]
    Parallel(usize),
    /// Longer numbers than there are.
    #[error("a number of {0} digits: the most are {MOST_DIGITS}")]
    Digits(usize),
    /// Segments are counted that have no number.
    #[error(
        "`{0}` counts segments: write {MARK} in the address where their number stands, such as \
         'https://cdn.example/v/{MARK}.ts'"
    )]
    NoMark(&'static str),
    /// The address has a number, and steps find another.
    #[error("`--find` finds an address: write either that, or {MARK} in the address")]
    MarkAndSteps,
    /// A number that is too high.
    #[error("{0} is too high a number")]
    High(u64),
    /// Their count is said twice.
    #[error("write either `--count` or `--length`: each says how many there are")]
    CountedTwice,
    /// A length without that of one segment.
    #[error("`--length` needs the length of one segment as well, such as `--segment 4s`")]
    NoSegmentLength,
    /// No segments.
    #[error("`--count 0` asks for nothing: leave it out, and the last segment is found")]
    NoSegments,
    /// Too many segments.
    #[error("{0} segments are too many: the most are {MOST_SEGMENTS}")]
    TooMany(u64),
    /// No kind of file.
    #[error("`{0}` is no kind of file that is made: write one of {all}", all = Format::names())]
    Format(String),
    /// No length.
    #[error("`{0}` is no length")]
    Length(&'static str),
}

impl Wrong {
    /// The sentence for who asks over the page or the interface.
    pub fn sentence(&self) -> Sentence {
        match self {
            Self::Address(address) => Sentence::new("problem_grab_address").with("address", address),
            Self::Init(address) => Sentence::new("problem_grab_init").with("address", address),
            // The file says how many; nobody else can.
            Self::Parallel(_) => Sentence::new("problem_grab_parallel").with("most", MOST_PARALLEL),
            Self::Digits(digits) => {
                Sentence::new("problem_grab_digits").with("digits", digits).with("most", MOST_DIGITS)
            }
            Self::NoMark(_) | Self::MarkAndSteps => Sentence::new("problem_grab_mark"),
            Self::High(number) => Sentence::new("problem_grab_high").with("number", number),
            Self::CountedTwice => Sentence::new("problem_grab_counted_twice"),
            Self::NoSegmentLength => Sentence::new("problem_grab_segment_length"),
            Self::NoSegments => Sentence::new("problem_grab_no_segments"),
            Self::TooMany(count) => Sentence::new("problem_grab_many").with("count", count).with("most", MOST_SEGMENTS),
            Self::Format(format) => {
                Sentence::new("problem_grab_format").with("format", format).with("all", Format::names())
            }
            Self::Length(field) => Sentence::new("problem_grab_length").with("field", field),
        }
    }
}

//! The events of a source: the only words between a source and the deck that tapes it.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};

use super::Cause;

/// How encoded sound is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Container {
    /// Raw AAC frames with ADTS headers (ISO/IEC 14496-3).
    Adts,
    /// Raw MPEG audio frames, layer II or III (ISO/IEC 11172-3).
    Mp3,
    /// MPEG transport stream (ISO/IEC 13818-1).
    MpegTs,
    /// Fragmented MP4 with an initialisation section (ISO/IEC 14496-12).
    Fmp4,
    /// Ogg pages (RFC 3533).
    Ogg,
    /// Raw AC-3 frames (ETSI TS 102 366).
    Ac3,
    /// Raw Enhanced AC-3 frames (ETSI TS 102 366, annex E).
    Eac3,
    /// FLAC frames, with their head as the initialisation section (RFC 9639).
    Flac,
    /// Uncompressed samples, with the head of a WAV file as the initialisation section.
    Wav,
}

impl Container {
    /// All of them.
    pub const ALL: [Self; 9] =
        [Self::Adts, Self::Mp3, Self::MpegTs, Self::Fmp4, Self::Ogg, Self::Ac3, Self::Eac3, Self::Flac, Self::Wav];

    /// The file extension of a reel, what ffmpeg calls its demuxer, and the extension and media type of its segments when
    /// they are played live.
    const fn facts(self) -> [&'static str; 4] {
        match self {
            Self::Adts => ["aac", "aac", "aac", "audio/aac"],
            Self::Mp3 => ["mp3", "mp3", "mp3", "audio/mpeg"],
            Self::MpegTs => ["ts", "mpegts", "ts", "video/mp2t"],
            Self::Fmp4 => ["m4s", "mov", "mp4", "audio/mp4"],
            Self::Ogg => ["ogg", "ogg", "ogg", "audio/ogg"],
            Self::Ac3 => ["ac3", "ac3", "ac3", "audio/ac3"],
            Self::Eac3 => ["ec3", "eac3", "ec3", "audio/eac3"],
            Self::Flac => ["flac", "flac", "flac", "audio/flac"],
            Self::Wav => ["wav", "wav", "wav", "audio/wav"],
        }
    }

    /// The file extension of a reel.
    pub fn extension(self) -> &'static str {
        self.facts()[0]
    }

    /// What ffmpeg calls its demuxer.
    pub fn demuxer(self) -> &'static str {
        self.facts()[1]
    }

    /// The extension of its segments when they are played live.
    pub fn live_extension(self) -> &'static str {
        self.facts()[2]
    }

    /// The media type of its segments when they are played live.
    pub fn media_type(self) -> &'static str {
        self.facts()[3]
    }

    /// Whether it is nothing but frames, which HLS calls packed audio (RFC 8216 section 3.4): segments begin with an
    /// ID3 tag that holds their timestamp.
    pub fn is_packed(self) -> bool {
        matches!(self, Self::Adts | Self::Mp3 | Self::Ac3 | Self::Eac3)
    }

    /// The container of a reel with this extension.
    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.extension() == extension)
    }
}

/// The format of the chunks that follow. A new reel begins when it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// How the sound is packed.
    pub container: Container,
    /// What else distinguishes formats, for people and for comparing: `aac 48000 Hz 2 ch`. May be empty.
    pub detail: String,
    /// The initialisation section (`EXT-X-MAP`), decrypted: what a reel of fragmented MP4, Ogg, FLAC or WAV begins
    /// with.
    pub init: Option<Bytes>,
}

/// A stretch of sound, untouched but for decryption.
#[derive(Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The bytes, whole frames or whole segments.
    pub bytes: Bytes,
    /// How long it plays: counted in its frames if they can be read, else as the playlist claims.
    pub duration: Duration,
    /// When the station could first be seen to offer it: an upper bound on when it ended.
    pub arrived: DateTime<Utc>,
    /// When its first sample was on the air, if the station says so and its clock agrees with ours.
    pub programme_time: Option<DateTime<Utc>>,
    /// Whether its media time does not continue that of the chunk before: a new connection, an encoder restart,
    /// an unknown number of segments lost.
    pub discontinuity: bool,
    /// Whether the station puts it right behind the chunk before, by its numbers, in spite of a `discontinuity`. Such a
    /// mark (RFC 8216 section 4.3.2.3) stands at an advertisement, for example, and neither leaves sound out nor
    /// repeats any.
    pub follows: bool,
    /// The number that the station gives it (RFC 8216 section 4.3.3.2), if it numbers its segments.
    pub sequence: Option<u64>,
}

impl Chunk {
    /// Sound that follows what came before, without a date or a number of the station.
    pub fn new(bytes: impl Into<Bytes>, duration: Duration, arrived: DateTime<Utc>) -> Self {
        let (programme_time, discontinuity, follows, sequence) = (None, false, true, None);
        Self { bytes: bytes.into(), duration, arrived, programme_time, discontinuity, follows, sequence }
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk")
            .field("bytes", &self.bytes.len())
            .field("duration", &self.duration)
            .field("arrived", &self.arrived)
            .field("programme_time", &self.programme_time)
            .field("discontinuity", &self.discontinuity)
            .field("follows", &self.follows)
            .field("sequence", &self.sequence)
            .finish()
    }
}

/// What the dates of a station (`EXT-X-PROGRAM-DATE-TIME`) turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatesNews {
    /// They do not advance with the sound: none of this capture so far says when it was on the air.
    Withdrawn,
    /// They do not advance with the sound any more; the earlier ones count.
    Ignored,
    /// The station set its clock by this much while its sound went on.
    Stepped(TimeDelta),
}

impl fmt::Display for DatesNews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Withdrawn | Self::Ignored => f.write_str(
                "the station's dates do not go on as its sound does: its sound is placed by when it arrives",
            ),
            Self::Stepped(by) => {
                let seconds = by.as_seconds_f64();
                let way = if seconds < 0.0 { "back" } else { "forward" };
                write!(f, "the station set its clock {way} by {:.1} s; its sound goes on", seconds.abs())
            }
        }
    }
}

/// One thing that happened at a source, in programme order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaEvent {
    /// The format of what follows; always sent before the first chunk.
    Format(Format),
    /// Sound.
    Chunk(Chunk),
    /// Sound that was offered and could not be fetched, or that the station marked as a gap.
    Gap {
        /// How long it would have played; media time goes on by this much. Zero if nobody knows: between two
        /// connections to an endless stream.
        duration: Duration,
        /// When it was given up or first seen, as in [`Chunk::arrived`].
        arrived: DateTime<Utc>,
        /// When its first sample was on the air, if the station says so.
        programme_time: Option<DateTime<Utc>>,
        /// Whether media time does not continue, as in [`Chunk::discontinuity`].
        discontinuity: bool,
        /// Whether it stands right behind the chunk before, as in [`Chunk::follows`].
        follows: bool,
        /// Why.
        cause: Cause,
    },
    /// Sound that the source took and left out because it is proven to repeat what was handed on before. The tally of
    /// all sound needs this event.
    Repeat {
        /// How long it plays.
        duration: Duration,
    },
    /// The next sound is new, although media time breaks there, and whatever its dates and bytes are: the source has
    /// made sure of that. Without this event it may be sound that is on tape.
    NewSound,
    /// What the station's dates turned out to be worth.
    Dates {
        /// When that became known.
        at: DateTime<Utc>,
        /// What they are.
        news: DatesNews,
    },
    /// The source cannot get sound at the moment and goes on trying. The tape remembers it as the cause of a hole
    /// that may follow.
    Trouble {
        /// Since when.
        at: DateTime<Utc>,
        /// Why.
        cause: Cause,
    },
    /// What the station says is playing. Stands before the sound with which it came.
    Title {
        /// Since when: since it was on the air if that is known, else since it came.
        at: DateTime<Utc>,
        /// The station's words: hostile text.
        text: String,
    },
}

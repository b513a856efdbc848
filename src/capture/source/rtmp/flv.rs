//! What is in the FLV that rtmpdump writes: sound with its codec and time, pictures, or nothing (Adobe Flash Video File
//! Format Specification 10.1, annex E).

use std::time::Duration;

use super::super::reconnect::DEAD_AFTER;

/// The header of the file and the size of a tag before the first one.
const HEADER: usize = 9 + 4;
const SIGNATURE: &[u8] = b"FLV";
/// Type, size, time and stream of a tag.
const TAG: usize = 11;
/// How many bytes of the contents of a tag are looked at: the codec, and what AAC says of it.
const CONTENTS: usize = 2;
/// No tag of sound is longer: a second of PCM has at most 176 KB.
pub(super) const LONGEST_SOUND: usize = 256 << 10;
/// No frame plays for longer, in milliseconds.
const LONGEST_FRAME: u32 = 200;
/// Arrivals are exact enough for what is missing for longer than this.
const LONGEST_TOLD: Duration = Duration::from_mins(10);
const AAC: Codec = Codec(10);
/// The size of each tag is repeated after it. rtmpdump ensures that, whatever the server sends.
const TRAILER: usize = 4;

/// What has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flow {
    /// How the sound is encoded, once there was any.
    pub sound: Option<Codec>,
    /// Whether there were pictures.
    pub pictures: bool,
}

/// How sound is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Codec(u8);

impl Codec {
    /// Whether it can be copied into a transport stream.
    pub(super) fn can_be_kept(self) -> bool {
        matches!(self.0, 2 | 10 | 14)
    }

    /// Whether ffmpeg decodes it.
    pub(super) fn can_be_decoded(self) -> bool {
        self.can_be_kept() || matches!(self.0, 0 | 1 | 3..=8 | 11)
    }

    /// Its name, for people.
    pub(super) fn name(self) -> &'static str {
        match self.0 {
            0 | 3 => "PCM",
            1 => "ADPCM",
            2 | 14 => "MP3",
            4..=6 => "Nellymoser",
            7 => "A-law",
            8 => "µ-law",
            9 => "a codec of Enhanced RTMP",
            10 => "AAC",
            11 => "Speex",
            _ => "a codec that is not known",
        }
    }
}

/// When a frame of sound was to be played by the sender's clock, in milliseconds, and when it arrived here, in monotonic
/// time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    time: u32,
    at: Duration,
}

/// The stamps of the sound of one connection.
///
/// Some servers hand on the sender's stamps to every listener (nginx-rtmp, Wowza). So the stamps of two connections
/// show what was on the air between them, even if the first was late and the second is not. Others (Adobe's, SRS) count
/// from zero for each connection, as a sender does that was restarted: their stamps show nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamps {
    first: Stamp,
    last: Stamp,
    /// How long a frame plays, in milliseconds.
    frame: u32,
}

impl Stamps {
    /// How much was on the air between the sound of `earlier` and this; `None` if the stamps do not show it, or if it
    /// does not fit the time that passed, to within what a connection may be late.
    pub(super) fn missing_since(&self, earlier: &Self) -> Option<Duration> {
        let due = earlier.last.time.wrapping_add(earlier.frame);
        let missing = self.first.time.wrapping_sub(due).cast_signed();
        if missing < -earlier.frame.cast_signed() {
            return None;
        }
        let missing = Duration::from_millis(missing.max(0).unsigned_abs().into());
        let passed = self.first.at.saturating_sub(earlier.last.at);
        (missing.abs_diff(passed) <= DEAD_AFTER && missing <= LONGEST_TOLD).then_some(missing)
    }
}

/// The bytes are no FLV, or no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not FLV from byte {good} on")]
pub(super) struct Broken {
    /// How many of the given bytes are before the fault.
    pub good: usize,
}

/// Watches an FLV go by.
///
/// ffmpeg makes sound even of noise. So a tag counts only once its end has come and repeats its size.
#[derive(Debug)]
pub(super) struct Watch {
    flow: Flow,
    stamps: Option<Stamps>,
    /// The part that is read next.
    part: Part,
    /// The first bytes of that part.
    held: Vec<u8>,
    /// How many bytes come before that part.
    skip: usize,
}

/// A part of the file that is looked at.
#[derive(Debug, Clone, Copy)]
enum Part {
    Header,
    Tag,
    /// The first bytes of what is in a tag.
    Contents(Tag),
    /// The end of a tag, with the tag and its contents.
    Trailer(Tag, Contents),
}

#[derive(Debug, Clone, Copy)]
struct Tag {
    kind: u8,
    size: usize,
    stamp: Stamp,
}

#[derive(Debug, Clone, Copy)]
enum Contents {
    /// Whether it is a frame; the head of AAC is none.
    Sound {
        codec: Codec,
        is_frame: bool,
    },
    Pictures,
    Other,
}

impl Part {
    fn size(self) -> usize {
        match self {
            Self::Header => HEADER,
            Self::Tag => TAG,
            Self::Contents(tag) => CONTENTS.min(tag.size),
            Self::Trailer(..) => TRAILER,
        }
    }
}

impl Tag {
    const SOUND: u8 = 8;
    const PICTURE: u8 = 9;
    const DATA: [u8; 2] = [15, 18];

    /// The tag that begins with these bytes, which came at `at`.
    fn read(bytes: &[u8], at: Duration) -> Option<Self> {
        // The highest byte of the time comes after the others.
        let [kind, s2, s1, s0, t2, t1, t0, t3, ..] = *bytes else { return None };
        let size = usize::from(s2) << 16 | usize::from(s1) << 8 | usize::from(s0);
        let stamp = Stamp { time: u32::from_be_bytes([t3, t2, t1, t0]), at };
        // Bit 5 says that it is encrypted, which a decoder may judge.
        let tag = Self { kind: kind & !0x20, size, stamp };
        let known = tag.kind == Self::PICTURE || Self::DATA.contains(&tag.kind);
        (known || tag.kind == Self::SOUND && size <= LONGEST_SOUND).then_some(tag)
    }

    fn contents(self, first: &[u8]) -> Contents {
        match (self.kind, first) {
            (Self::SOUND, [first, rest @ ..]) => {
                let codec = Codec(first >> 4);
                Contents::Sound { codec, is_frame: codec != AAC || rest.first().is_some_and(|kind| *kind != 0) }
            }
            (Self::PICTURE, _) => Contents::Pictures,
            _ => Contents::Other,
        }
    }

    fn ends_with(self, trailer: &[u8]) -> bool {
        u32::try_from(TAG + self.size).is_ok_and(|size| trailer == size.to_be_bytes())
    }
}

impl Watch {
    /// A watch for a file that begins.
    pub(super) fn new() -> Self {
        Self { flow: Flow::default(), stamps: None, part: Part::Header, held: Vec::new(), skip: 0 }
    }

    /// What has come so far.
    pub(super) fn flow(&self) -> Flow {
        self.flow
    }

    /// The stamps of the frames that are whole.
    pub(super) fn stamps(&self) -> Option<Stamps> {
        self.stamps
    }

    /// Takes the next bytes, which came at `now`. Returns what has arrived so far.
    ///
    /// # Errors
    ///
    /// [`Broken`] if they are no FLV. Nothing after the fault is looked at, now or later.
    pub(super) fn push(&mut self, bytes: &[u8], now: Duration) -> Result<Flow, Broken> {
        let mut rest = bytes;
        loop {
            let skipped = self.skip.min(rest.len());
            self.skip -= skipped;
            rest = rest.get(skipped..).unwrap_or_default();
            let good = bytes.len() - rest.len();
            let taken = (self.part.size() - self.held.len()).min(rest.len());
            self.held.extend_from_slice(rest.get(..taken).unwrap_or_default());
            rest = rest.get(taken..).unwrap_or_default();
            if self.held.len() < self.part.size() {
                return Ok(self.flow);
            }
            self.part = self.read_part(now).ok_or(Broken { good })?;
            self.held.clear();
        }
    }

    /// Reads the part that is held whole. Returns which comes next, or `None` if this is no FLV.
    fn read_part(&mut self, now: Duration) -> Option<Part> {
        match self.part {
            Part::Header => self.held.starts_with(SIGNATURE).then_some(Part::Tag),
            Part::Tag => Tag::read(&self.held, now).map(Part::Contents),
            Part::Contents(tag) => {
                self.skip = tag.size - self.held.len();
                Some(Part::Trailer(tag, tag.contents(&self.held)))
            }
            Part::Trailer(tag, contents) => {
                if !tag.ends_with(&self.held) {
                    return None;
                }
                match contents {
                    Contents::Sound { codec, is_frame } => {
                        self.flow.sound.get_or_insert(codec);
                        if is_frame {
                            self.stamp(tag.stamp);
                        }
                    }
                    Contents::Pictures => self.flow.pictures = true,
                    Contents::Other => {}
                }
                Some(Part::Tag)
            }
        }
    }

    fn stamp(&mut self, stamp: Stamp) {
        let Some(stamps) = &mut self.stamps else {
            self.stamps = Some(Stamps { first: stamp, last: stamp, frame: 0 });
            return;
        };
        let step = stamp.time.wrapping_sub(stamps.last.time);
        if step <= LONGEST_FRAME {
            stamps.frame = step;
        }
        stamps.last = stamp;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGINNING: &[u8; HEADER] = b"FLV\x01\x05\0\0\0\x09\0\0\0\0";

    fn tag(kind: u8, body: &[u8]) -> Vec<u8> {
        let size = u8::try_from(body.len()).unwrap();
        [&[kind, 0, 0, size, 0, 0, 0, 0, 0, 0, 0][..], body, &[0, 0, 0, size + 11]].concat()
    }

    #[test]
    fn the_codec_is_in_the_first_tag_of_sound_however_the_bytes_come() {
        let parts = [BEGINNING.to_vec(), tag(18, b"meta"), tag(9, &[0x17; 30]), tag(9, b"")];
        let pictures = parts.concat();
        let all = [pictures.clone(), tag(8, &[0xb2, 0, 0])].concat();
        assert_eq!(Watch::new().push(&pictures, Duration::ZERO), Ok(Flow { sound: None, pictures: true }));
        for step in [1, 2, 7, 1000] {
            let mut watch = Watch::new();
            let flow = all.chunks(step).map(|part| watch.push(part, Duration::ZERO)).last().unwrap().unwrap();
            assert_eq!(flow.sound.map(Codec::name), Some("Speex"), "{step} at a time");
        }
        assert!(Codec(10).can_be_kept() && !Codec(11).can_be_kept() && Codec(11).can_be_decoded());
        assert!(!Codec(9).can_be_decoded() && !Codec(15).can_be_decoded());
    }

    #[test]
    fn a_broken_flv_is_an_error_with_the_position_of_the_fault() {
        let fine = [&BEGINNING[..], &tag(8, &[0xaf, 1, 2])].concat();
        let cut = |with: &[u8]| [&fine[..], with].concat();
        let [mut wrong_end, other, fat] =
            [tag(8, &[0xaf, 1, 2]), cut(&[3; TAG]), cut(&[8, 4, 0, 1, 0, 0, 0, 0, 0, 0, 0])];
        *wrong_end.last_mut().unwrap() += 1;
        let end = fine.len() + wrong_end.len() - TRAILER;
        for (bytes, good, heard) in [
            (b"<html>403 Forbidden</html>".to_vec(), 0, false),
            ([BEGINNING.map(|_| 0).to_vec(), fine.clone()].concat(), 0, false),
            (other, fine.len(), true),
            (fat, fine.len(), true),
            (cut(&wrong_end), end, true),
            ([BEGINNING.to_vec(), wrong_end.clone()].concat(), HEADER + wrong_end.len() - TRAILER, false),
        ] {
            for step in [1, 5, 1000] {
                let mut watch = Watch::new();
                let mut before = 0;
                let broken = bytes.chunks(step).find_map(|part| {
                    let broken = watch.push(part, Duration::ZERO).err();
                    before += part.len();
                    broken.map(|Broken { good }| before - part.len() + good)
                });
                let heard = heard.then_some(AAC);
                // The first pieces of a part were handed on when nothing was wrong with them.
                assert!(
                    broken.is_some_and(|at| at >= good && at < good + HEADER),
                    "{broken:?} of {good}, {step} at a time"
                );
                assert_eq!(watch.flow().sound, heard, "{step} at a time of {bytes:?}");
            }
            let whole = Watch::new().push(&bytes, Duration::ZERO);
            assert_eq!(whole, Err(Broken { good }), "{bytes:?}");
        }
    }

    /// The stamps of a connection whose frames of 23 ms have these times, the first and last of which came at these seconds.
    fn stamps(times: [u32; 2], at: [u64; 2]) -> Stamps {
        let (begun, mut watch) = (Duration::ZERO, Watch::new());
        watch.push(BEGINNING, begun).unwrap();
        let mut frame = |time: u32, at: u64, kind: u8| {
            let [t3, t2, t1, t0] = time.to_be_bytes();
            let tag = [8, 0, 0, 3, t2, t1, t0, t3, 0, 0, 0, 0xaf, kind, 0, 0, 0, 0, 14];
            watch.push(&tag, begun + Duration::from_secs(at)).unwrap();
        };
        frame(0, at[0], 0);
        for (time, at) in [(times[0], at[0]), (times[1].wrapping_sub(23), at[1]), (times[1], at[1])] {
            frame(time, at, 1);
        }
        watch.stamps().unwrap()
    }

    #[test]
    fn stamps_of_one_sender_tell_what_is_missing_and_others_do_not() {
        let missing = |first: Stamps, second: Stamps| second.missing_since(&first).map(|missing| missing.as_millis());
        let early = || stamps([1_000, 60_000], [0, 59]);
        assert_eq!(missing(early(), stamps([63_000, 70_000], [62, 69])), Some(2_977));
        // The first connection was late, the second is on time: what was on the way is lost as well.
        assert_eq!(missing(early(), stamps([67_000, 70_000], [60, 63])), Some(6_977));
        assert_eq!(missing(early(), stamps([60_023, 70_000], [60, 70])), Some(0));
        // A sender or a server that counts from zero, or sends known sound again.
        assert_eq!(missing(early(), stamps([0, 9_000], [60, 69])), None);
        assert_eq!(missing(early(), stamps([58_000, 70_000], [60, 69])), None);
        // Impossible lengths: longer or shorter than the time that passed.
        assert_eq!(missing(early(), stamps([80_000, 90_000], [62, 72])), None);
        assert_eq!(missing(early(), stamps([61_000, 90_000], [80, 99])), None);
        // The stamps have 32 bits.
        let last = u32::MAX - 499;
        assert_eq!(missing(stamps([last - 900, last], [0, 1]), stamps([523, 9_000], [2, 9])), Some(1_000));
    }
}

//! What comes in the FLV that rtmpdump writes: sound of which codec, pictures, or nothing (Adobe Flash Video File Format
//! Specification 10.1, annex E).

/// The header of the file and the size of a tag before the first one.
const HEADER: usize = 9 + 4;
/// Type, size, time and stream of a tag.
const TAG: usize = 11;
/// The size of each tag is repeated behind it.
const TRAILER: usize = 4;

/// What has come.
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
    /// Whether it can be packed into a transport stream as it is.
    pub(super) fn can_be_kept(self) -> bool {
        matches!(self.0, 2 | 10 | 14)
    }

    /// Whether ffmpeg decodes it.
    pub(super) fn can_be_decoded(self) -> bool {
        self.can_be_kept() || matches!(self.0, 0 | 1 | 3..=8 | 11)
    }

    /// For people.
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

/// Watches an FLV go by.
#[derive(Debug)]
pub(super) struct Watch {
    flow: Flow,
    /// Bytes until the next tag.
    skip: usize,
    /// The beginning of a tag, with the first byte of what is in it.
    tag: Vec<u8>,
}

impl Watch {
    /// Of a file that begins.
    pub(super) fn new() -> Self {
        Self { flow: Flow::default(), skip: HEADER, tag: Vec::new() }
    }

    /// Takes the next bytes; says what has come so far.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> Flow {
        const SOUND: u8 = 8;
        const PICTURE: u8 = 9;
        while self.flow.sound.is_none() && !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            let rest = bytes.get(skipped..).unwrap_or_default();
            let taken = (TAG + 1 - self.tag.len()).min(rest.len());
            self.tag.extend_from_slice(rest.get(..taken).unwrap_or_default());
            bytes = rest.get(taken..).unwrap_or_default();
            let [kind, a, b, c, _, _, _, _, _, _, _, first] = self.tag[..] else { continue };
            let size = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
            self.tag.clear();
            // Without contents, the byte that was looked at belongs to what is behind it.
            self.skip = (size + TRAILER).saturating_sub(1);
            match kind & 0x1f {
                SOUND if size > 0 => self.flow.sound = Some(Codec(first >> 4)),
                PICTURE => self.flow.pictures = true,
                _ => {}
            }
        }
        self.flow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codec_is_in_the_first_tag_of_sound_however_the_bytes_come() {
        let tag = |kind: u8, body: &[u8]| {
            let size = u8::try_from(body.len()).unwrap();
            [&[kind, 0, 0, size, 0, 0, 0, 0, 0, 0, 0][..], body, &[0, 0, 0, size + 11]].concat()
        };
        let parts = [b"FLV\x01\x05\0\0\0\x09\0\0\0\0".to_vec(), tag(18, b"meta"), tag(9, &[0x17; 30]), tag(9, b"")];
        let pictures = parts.concat();
        let all = [pictures.clone(), tag(8, &[0xb2, 0, 0])].concat();
        assert_eq!(Watch::new().take(&pictures), Flow { sound: None, pictures: true });
        for step in [1, 2, 7, 1000] {
            let mut watch = Watch::new();
            let flow = all.chunks(step).map(|part| watch.take(part)).last().unwrap();
            assert_eq!(flow.sound.map(Codec::name), Some("Speex"), "{step} at a time");
        }
        assert!(Codec(10).can_be_kept() && !Codec(11).can_be_kept() && Codec(11).can_be_decoded());
        assert!(!Codec(9).can_be_decoded() && !Codec(15).can_be_decoded());
    }
}

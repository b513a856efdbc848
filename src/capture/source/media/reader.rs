//! Splits a stream of any container into its units.

use bytes::Bytes;

use super::flac::FlacReader;
use super::fmp4::Fmp4Reader;
use super::frames::{FrameFormat, FrameReader};
use super::mpegts::TsReader;
use super::ogg::OggReader;
use super::unit::Unit;
use super::wav::WavReader;
use super::{ac3, adts, mpeg_audio};
use crate::model::{Container, Format};

/// Splits a stream, whatever its container.
#[derive(Debug)]
pub(super) enum Reader {
    Frames { reader: FrameReader, container: Container, format: Option<(FrameFormat, Format)> },
    Ts(Box<TsReader>),
    Fmp4(Fmp4Reader),
    Ogg(OggReader),
    Flac(FlacReader),
    Wav(WavReader),
}

impl Reader {
    /// A reader for a stream of `container`.
    pub(super) fn new(container: Container) -> Self {
        let frames = |coding| Self::Frames { reader: FrameReader::new(coding), container, format: None };
        match container {
            Container::Adts => frames(adts::CODING),
            Container::Mp3 => frames(mpeg_audio::CODING),
            Container::MpegTs => Self::Ts(Box::default()),
            Container::Fmp4 => Self::Fmp4(Fmp4Reader::default()),
            Container::Ogg => Self::Ogg(OggReader::default()),
            Container::Ac3 => frames(ac3::CODING),
            Container::Eac3 => frames(ac3::ENHANCED),
            Container::Flac => Self::Flac(FlacReader::default()),
            Container::Wav => Self::Wav(WavReader::default()),
        }
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        match self {
            Self::Frames { reader, .. } => reader.push(bytes),
            Self::Ts(reader) => reader.push(bytes),
            Self::Fmp4(reader) => reader.push(bytes),
            Self::Ogg(reader) => reader.push(bytes),
            Self::Flac(reader) => reader.push(bytes),
            Self::Wav(reader) => reader.push(bytes),
        }
    }

    /// The next unit that is whole. `ended`: nothing follows what was pushed.
    pub(super) fn next(&mut self, ended: bool) -> Option<Unit> {
        match self {
            Self::Frames { reader, container, format } => {
                let (header, bytes) = reader.next(ended)?;
                if format.as_ref().is_none_or(|(known, _)| *known != header.format) {
                    let new = Format { container: *container, detail: header.format.detail(), init: None };
                    *format = Some((header.format, new));
                }
                let (_, format) = format.as_ref()?;
                Some(Unit {
                    bytes,
                    samples: u64::from(header.samples),
                    rate: header.format.rate,
                    ends: true,
                    preamble: Bytes::new(),
                    format: format.clone(),
                })
            }
            Self::Ts(reader) => reader.next(ended),
            Self::Fmp4(reader) => reader.next(),
            Self::Ogg(reader) => reader.next(),
            Self::Flac(reader) => reader.next(ended),
            Self::Wav(reader) => reader.next(ended),
        }
    }
}

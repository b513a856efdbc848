//! Fragmented MP4 (ISO/IEC 14496-12): the track of the initialisation section, the durations in the fragments.

use bytes::{Buf, Bytes, BytesMut};

use super::frames::detail;
use super::unit::Unit;
use crate::base::fields::{be16, be32, be64, byte};
use crate::base::mp4::{self, Atom, atoms, find};
use crate::model::{Container, Format};

/// A longer box does not belong to a live stream.
const LONGEST_BOX: usize = 16 << 20;
/// Boxes that a segment, an initialisation section or a stream begins with.
const FIRST_BOXES: [&[u8; 4]; 7] = [b"ftyp", b"styp", b"moof", b"sidx", b"moov", b"emsg", b"prft"];

/// Whether `bytes` begin with a box of fragmented MP4.
pub(super) fn begins(bytes: &[u8]) -> bool {
    mp4::header(bytes).is_some_and(|(kind, ..)| FIRST_BOXES.contains(&&kind))
}

/// Whether `bytes` end in the middle of a box: then the decoding of what follows fails, too.
pub(super) fn is_torn(bytes: &[u8]) -> bool {
    atoms(bytes).map(|atom| atom.bytes.len()).sum::<usize>() < bytes.len()
}

/// Whether `segment` is known to hold no sound: `init` announces tracks and none is sound, or all its fragments are of
/// other tracks.
pub(super) fn lacks_sound(segment: &[u8], init: &[u8]) -> bool {
    let Some(moov) = find(init, &[b"moov"]) else { return false };
    match Track::read(init) {
        Some(track) => atoms(segment).any(|atom| atom.kind == *b"moof") && track.ticks(segment).is_none(),
        None => atoms(moov).any(|atom| atom.kind == *b"trak"),
    }
}

/// The scheme by which the sound in `segment` is encrypted (ISO/IEC 23001-7); `None` if it is not. Fragments choose
/// among the sample entries of `init`: a programme may begin unencrypted.
pub(super) fn scheme(segment: &[u8], init: &[u8]) -> Option<String> {
    let moov = find(init, &[b"moov"])?;
    let trak = atoms(moov).filter(|atom| atom.kind == *b"trak").find(|trak| is_sound(trak.body))?;
    let id = track_id(trak.body)?;
    let stsd = find(trak.body, &[b"mdia", b"minf", b"stbl", b"stsd"])?;
    let default = default_of(moov, id, 8).unwrap_or(1);
    let moofs = atoms(segment).filter(|atom| atom.kind == *b"moof");
    let trafs = moofs.flat_map(|moof| atoms(moof.body)).filter(|atom| atom.kind == *b"traf");
    let mut sealed = trafs.filter_map(|traf| {
        let tfhd = find(traf.body, &[b"tfhd"]).filter(|tfhd| be32(tfhd, 4) == Some(id))?;
        let flags = be32(tfhd, 0)?;
        let place = 8 + if flags & 0x1 == 0 { 0 } else { 8 };
        let description = if flags & 0x2 == 0 { default } else { be32(tfhd, place)? };
        let entry = atoms(stsd.get(8..)?).nth(usize::try_from(description).ok()?.checked_sub(1)?)?;
        scheme_of(&entry)
    });
    sealed.next()
}

/// The scheme of a sample entry of encrypted sound.
fn scheme_of(entry: &Atom<'_>) -> Option<String> {
    if entry.kind != *b"enca" {
        return None;
    }
    // An entry of QuickTime has more fields: then the scheme is not found, but known to exist.
    let sinf = entry.body.get(28..).and_then(|boxes| find(boxes, &[b"sinf"])).unwrap_or_default();
    let tenc = find(sinf, &[b"schi", b"tenc"]);
    if tenc.and_then(|tenc| byte(tenc, 6)) == Some(0) {
        // It is called protected, and is not encrypted.
        return None;
    }
    let name = find(sinf, &[b"schm"]).and_then(|schm| crate::base::fields::array::<4>(schm, 4));
    Some(name.map_or_else(|| "enca".to_owned(), |name| name.escape_ascii().to_string()))
}

/// Whether a `trak` is one of sound.
fn is_sound(trak: &[u8]) -> bool {
    find(trak, &[b"mdia", b"hdlr"]).is_some_and(|hdlr| hdlr.get(8..12) == Some(b"soun"))
}

fn track_id(trak: &[u8]) -> Option<u32> {
    versioned(find(trak, &[b"tkhd"])?, 12, 20)
}

/// A default of the fragments of track `id`, at offset `at` of the `trex`.
fn default_of(moov: &[u8], id: u32, at: usize) -> Option<u32> {
    let mvex = find(moov, &[b"mvex"])?;
    let mut trexs = atoms(mvex).filter(|atom| atom.kind == *b"trex" && be32(atom.body, 4) == Some(id));
    trexs.find_map(|trex| be32(trex.body, at))
}

/// The sound track that an initialisation section announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Track {
    id: u32,
    /// Ticks per second of its durations.
    pub timescale: u32,
    default_duration: u32,
    /// Codec, rate and channels.
    pub detail: String,
}

impl Track {
    /// The first sound track of the `moov` in `bytes`.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let moov = find(bytes, &[b"moov"])?;
        atoms(moov).filter(|atom| atom.kind == *b"trak").find_map(|trak| {
            let media = find(trak.body, &[b"mdia"]).filter(|_| is_sound(trak.body))?;
            let id = track_id(trak.body)?;
            let timescale = versioned(find(media, &[b"mdhd"])?, 12, 20)?;
            let default_duration = default_of(moov, id, 12).unwrap_or(0);
            let detail = find(media, &[b"minf", b"stbl", b"stsd"]).and_then(sample_entry).unwrap_or_default();
            Some(Self { id, timescale, default_duration, detail })
        })
    }

    /// The ticks that the fragments in `bytes` play; `None` if none of them is of the track.
    pub(super) fn ticks(&self, bytes: &[u8]) -> Option<u64> {
        let runs = atoms(bytes).filter(|atom| atom.kind == *b"moof").flat_map(|moof| atoms(moof.body));
        runs.filter(|atom| atom.kind == *b"traf")
            .filter_map(|traf| self.fragment(traf.body))
            .fold(None, |sum: Option<u64>, ticks| Some(sum.unwrap_or(0).saturating_add(ticks)))
    }

    /// When its first fragment in `bytes` begins, in ticks; `None` if none is of the track or says it.
    pub(super) fn begins(&self, bytes: &[u8]) -> Option<u64> {
        let runs = atoms(bytes).filter(|atom| atom.kind == *b"moof").flat_map(|moof| atoms(moof.body));
        let mut trafs = runs.filter(|atom| atom.kind == *b"traf");
        let traf = trafs.find(|traf| find(traf.body, &[b"tfhd"]).and_then(|tfhd| be32(tfhd, 4)) == Some(self.id))?;
        let tfdt = find(traf.body, &[b"tfdt"])?;
        if byte(tfdt, 0)? == 0 { be32(tfdt, 4).map(u64::from) } else { be64(tfdt, 4) }
    }

    /// The ticks of one `traf`; `None` if it belongs to another track.
    fn fragment(&self, traf: &[u8]) -> Option<u64> {
        let tfhd = find(traf, &[b"tfhd"])?;
        let flags = be32(tfhd, 0)?;
        if be32(tfhd, 4)? != self.id {
            return None;
        }
        let default = if flags & 0x8 == 0 {
            self.default_duration
        } else {
            be32(tfhd, 8 + if flags & 0x1 == 0 { 0 } else { 8 } + if flags & 0x2 == 0 { 0 } else { 4 })?
        };
        let runs = atoms(traf).filter(|atom| atom.kind == *b"trun").filter_map(|trun| run(trun.body, default));
        Some(runs.fold(0, u64::saturating_add))
    }
}

/// A 32-bit number of a full box whose offset depends on whether its times have 32 or 64 bits.
fn versioned(body: &[u8], at: usize, at_64: usize) -> Option<u32> {
    be32(body, if byte(body, 0)? == 0 { at } else { at_64 })
}

/// Ticks of one `trun`.
fn run(trun: &[u8], default: u32) -> Option<u64> {
    let flags = be32(trun, 0)?;
    let count = be32(trun, 4)?;
    if flags & 0x100 == 0 {
        return Some(u64::from(count).saturating_mul(u64::from(default)));
    }
    let present = |flag: u32| if flags & flag == 0 { 0 } else { 4 };
    let first = 8 + present(0x1) + present(0x4);
    let step = 4 + present(0x200) + present(0x400) + present(0x800);
    let durations = trun.get(first..)?.chunks(step).map_while(|sample| be32(sample, 0));
    Some(durations.take(usize::try_from(count).ok()?).fold(0, |sum, ticks| sum.saturating_add(u64::from(ticks))))
}

/// The detail of the first sample entry (ISO/IEC 14496-12, 12.2.3).
fn sample_entry(stsd: &[u8]) -> Option<String> {
    let entry = atoms(stsd.get(8..)?).next()?;
    let channels = be16(entry.body, 16)?;
    let rate = be16(entry.body, 24)?;
    let codec = match &entry.kind {
        b"mp4a" => mp4a_codec(entry.body).unwrap_or("aac").to_owned(),
        b"Opus" => "opus".to_owned(),
        b"fLaC" => "flac".to_owned(),
        b"ac-3" => "ac3".to_owned(),
        b"ec-3" => "eac3".to_owned(),
        other => other.escape_ascii().to_string(),
    };
    Some(detail(&codec, u32::from(rate), u32::from(channels)))
}

/// Which codec an `mp4a` entry means, by the object type in its `esds` (ISO/IEC 14496-1, 7.2.6).
fn mp4a_codec(entry: &[u8]) -> Option<&'static str> {
    let esds = find(entry.get(28..)?, &[b"esds"])?;
    let descriptor = skip_descriptor_header(esds.get(4..)?, 3)?;
    let flags = byte(descriptor, 2)?;
    let stream_dependence = if flags & 0x80 == 0 { 0 } else { 2 };
    let url = if flags & 0x40 == 0 { 0 } else { 1 + usize::from(byte(descriptor, 3 + stream_dependence)?) };
    let clock = if flags & 0x20 == 0 { 0 } else { 2 };
    let config = skip_descriptor_header(descriptor.get(3 + stream_dependence + url + clock..)?, 4)?;
    match byte(config, 0)? {
        0x69 | 0x6b => Some("mp3"),
        _ => Some("aac"),
    }
}

/// What follows the tag and length (seven bits per byte, at most four) of the descriptor `tag`.
fn skip_descriptor_header(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(&[tag])?;
    let last = rest.iter().take(4).position(|byte| byte & 0x80 == 0)?;
    rest.get(last + 1..)
}

/// Takes an endless fragmented MP4 apart into fragments.
#[derive(Debug, Default)]
pub(super) struct Fmp4Reader {
    buffer: BytesMut,
    /// Whether the buffer may begin with something that is no box.
    lost: bool,
    /// Boxes since the last whole fragment.
    gathered: BytesMut,
    file_type: Bytes,
    init: Bytes,
    track: Option<Track>,
}

impl Fmp4Reader {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next fragment: everything up to the end of its `mdat`.
    pub(super) fn next(&mut self) -> Option<Unit> {
        loop {
            if self.buffer.len() < mp4::HEADER {
                return None;
            }
            let length = mp4::header(&self.buffer).and_then(|(_, length, _)| usize::try_from(length).ok());
            let kind = crate::base::fields::array::<4>(&self.buffer, 4)?;
            let known = kind.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
            // Any box may follow another; out of sync, only one that a stream can begin with is believed.
            let believed = known && (!self.lost || begins(&self.buffer));
            let Some(length) = length.filter(|length| believed && *length <= LONGEST_BOX) else {
                self.resync();
                continue;
            };
            self.lost = false;
            if self.buffer.len() < length {
                return None;
            }
            let atom = self.buffer.split_to(length).freeze();
            match &kind {
                b"ftyp" => self.file_type = atom,
                b"moov" => {
                    self.init = [&self.file_type[..], &atom].concat().into();
                    self.track = Track::read(&self.init);
                    self.gathered.clear();
                }
                _ if self.gathered.len() + atom.len() > LONGEST_BOX => self.gathered.clear(),
                _ => self.gathered.extend_from_slice(&atom),
            }
            if &kind == b"mdat"
                && let Some(unit) = self.fragment()
            {
                return Some(unit);
            }
        }
    }

    fn fragment(&mut self) -> Option<Unit> {
        let bytes = self.gathered.split().freeze();
        let track = self.track.as_ref()?;
        let samples = track.ticks(&bytes)?;
        let format = Format { container: Container::Fmp4, detail: track.detail.clone(), init: Some(self.init.clone()) };
        Some(Unit { bytes, samples, rate: track.timescale, ends: true, preamble: Bytes::new(), format })
    }

    /// Drops bytes up to where a box may begin. Bytes too near the end to say stay.
    fn resync(&mut self) {
        let unknown = self.buffer.len().saturating_sub(mp4::HEADER - 1).max(1);
        let skip = (1..unknown).find(|at| self.buffer.get(*at..).is_some_and(begins)).unwrap_or(unknown);
        self.buffer.advance(skip);
        self.gathered.clear();
        self.lost = true;
    }
}

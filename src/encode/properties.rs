//! What holds for every stream and every file, as checks that panic if it does not.
#![expect(clippy::missing_panics_doc, reason = "to panic is all they do")]

use std::time::Duration;

use arbitrary::Unstructured;

use super::file::FileSound;
use super::packets::{Framing, OtherCoding, Splitter};
use super::written::Packet;
use crate::base::adts::AacConfig;
use crate::base::layer3::{main_data, muted, reaches_back};
use crate::tape::Step;
use crate::testing::{in_memory, parts};

/// A stretch of any file is found within it, or there is none. The first four bytes say which stretch, in milliseconds.
pub fn file(bytes: &[u8]) {
    let mut choices = Unstructured::new(bytes);
    let Ok([one, other]) = choices.arbitrary::<[u16; 2]>() else { return };
    let [from, to] = [one.min(other), one.max(other)].map(|at| Duration::from_millis(at.into()));
    let body = choices.take_rest();
    let Ok((_file, path)) = in_memory(body) else { return };
    let Ok(found) = FileSound::open(&path, from, to) else { return };
    assert!(found.there() <= found.length(), "{found:?}");
    assert!(found.missing().is_none_or(|(stretch, _)| stretch.at + stretch.length == found.length()), "{found:?}");
    let mut sounds = 0;
    for step in found.steps() {
        match step {
            Step::Run(run) => assert!(run.reel.read_init().is_ok()),
            Step::Feed { sound, .. } => {
                sounds += 1;
                let end = sound.offset.checked_add(sound.length);
                assert!(end.is_some_and(|end| end <= body.len() as u64), "{sound:?} of {} bytes", body.len());
                assert!(sound.read().is_ok());
            }
            step => panic!("{step:?}"),
        }
    }
    assert!(sounds <= body.len(), "{sounds} parts of {} bytes", body.len());
}

/// The packets of any stream are in it, and those of Ogg do not depend on how it arrives. The first byte says how packets
/// stand in it, the second how it is cut.
pub fn packets(bytes: &[u8]) {
    let [kind, seed, body @ ..] = bytes else { return };
    let framing = [Framing::Adts, Framing::Mp3, Framing::Ogg][usize::from(*kind) % 3];
    let whole = split(framing, std::iter::once(body));
    let cut = split(framing, parts(body, u64::from(*seed)));
    for (packets, _) in [&whole, &cut] {
        let length: usize = packets.iter().map(|packet| packet.bytes.len()).sum();
        assert!(length <= body.len(), "{length} bytes out of {}", body.len());
    }
    // Whether what looks like a frame is one is told by what has come behind it.
    assert!(framing != Framing::Ogg || whole == cut, "{whole:?} is not {cut:?}");
    if framing == Framing::Mp3 {
        for Packet { bytes, .. } in whole.0 {
            let silent = muted(bytes.clone());
            assert_eq!((reaches_back(&silent), silent.len(), main_data(&silent)), (0, bytes.len(), main_data(&bytes)));
        }
    }
    if let Some(config) = AacConfig::of_specific(body) {
        assert_eq!(AacConfig::of_specific(&config.specific()), Some(config));
    }
}

fn split<'a>(framing: Framing, parts: impl Iterator<Item = &'a [u8]>) -> (Vec<Packet>, Option<OtherCoding>) {
    let mut splitter = Splitter::new(framing);
    let mut packets = Vec::new();
    for part in parts {
        splitter.push(part);
        loop {
            match splitter.next() {
                Ok(Some(packet)) => packets.push(packet),
                Ok(None) => break,
                Err(other) => return (packets, Some(other)),
            }
        }
    }
    (packets, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::corpus;

    #[test]
    fn a_stretch_of_any_file_is_within_it() {
        corpus::check("file", 1000, file);
    }

    #[test]
    fn the_packets_of_any_stream_are_in_it() {
        corpus::check("packets", 1000, packets);
    }
}

//! Bytes after tampering.

use super::*;

#[test]
fn hostile_bytes_never_panic_and_never_play_for_years() {
    let mut random = Random::new(20_261_120);
    for (case, bytes) in files() {
        let bytes = &bytes[..bytes.len().min(40_000)];
        for round in 0..60 {
            let mut bad = bytes.to_vec();
            for _ in 0..=round {
                let at = random.below(bad.len());
                match random.below(5) {
                    0 => bad[at] = random.byte(),
                    1 => bad[at] = 0xff,
                    2 => bad.truncate(at.max(100)),
                    3 => drop(bad.splice(at..at, [0x7f, 0xff, 0xff, 0xff])),
                    _ => drop(bad.drain(at..(at + 1 + random.below(50)).min(bad.len()))),
                }
                if bad.len() < 100 {
                    bad.resize(100, 0);
                }
            }
            let _ = sniff(&bad);
            for container in Container::ALL {
                let duration = probe(container, &bad, Some(&bytes[..bytes.len().min(2000)])).duration;
                assert!(duration.is_none_or(|duration| duration <= LONGEST_SEGMENT), "{}", case.name);
            }
            framed(case.container, bad.chunks(1 + random.below(5000)));
        }
    }
}

#[test]
fn a_stream_that_never_becomes_sound_is_not_hoarded() {
    let tables = &file("ts-aac")[..3 * 188];
    let audio = [&[0x47, 0x01, 0x00, 0x10][..], &[b'x'; 184]].concat();
    let moov = {
        let bytes = file("fmp4-aac");
        let at = bytes.windows(4).position(|four| four == b"moov").unwrap() - 4;
        let length = usize::try_from(u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())).unwrap();
        bytes[at..at + length].to_vec()
    };
    for (container, begin, again) in [
        (Container::MpegTs, tables, &audio),
        (Container::Fmp4, &[][..], &moov),
        (Container::Ogg, &[][..], &b"OggS\0\0".to_vec()),
        (Container::Adts, &[][..], &b"ID3\x04\0\0\0\0\x7f\x7f".to_vec()),
        (Container::Mp3, &[][..], &vec![0xff; 100]),
        (Container::Flac, &file("flac-bare")[..20_000], &b"\xff\xf8fL".to_vec()),
        (Container::Flac, &[][..], &b"fLaC\x04\x10\0\0".to_vec()),
        (Container::Wav, &[][..], &b"RIFF\xff\xff\xff\xffWAVEJUNK\x10\0\0\0".to_vec()),
    ] {
        let mut framer = Framer::new(container);
        framer.push(begin, DateTime::UNIX_EPOCH);
        let part = again.repeat(64_000 / again.len());
        for _ in 0..(6 << 20) / part.len() {
            framer.push(&part, DateTime::UNIX_EPOCH);
            while framer.next_chunk().is_some() {}
        }
        // Its buffers are in what it shows for debugging.
        let held = format!("{framer:?}").len();
        assert!(held < 3 << 20, "{container:?} holds {held} bytes");
    }
}

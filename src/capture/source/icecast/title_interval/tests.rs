use super::super::icy::Titles;
use super::*;

/// Frames of MPEG audio (128 kbit/s, 44.1 kHz). `byte` gives their contents by the position in the whole.
fn frames(count: usize, byte: impl Fn(usize) -> u8) -> Vec<u8> {
    let mut sound = Vec::new();
    for number in 0..count {
        // Every second frame has a byte more.
        let padding = number % 2;
        sound.extend_from_slice(&[0xff, 0xfb, 0x90 | u8::try_from(padding << 1).unwrap(), 0x44]);
        let end = sound.len() + 417 - 4 + padding;
        while sound.len() < end {
            sound.push(byte(sound.len()));
        }
    }
    sound
}

fn noise(at: usize) -> u8 {
    // This contains no frame head by chance, and some zeros.
    u8::try_from(at * 7919 / 13 % 251).unwrap()
}

/// `sound` with a block after every `every` bytes: text if `text` gives some, else zero.
fn with_blocks(sound: &[u8], every: usize, text: impl Fn(usize) -> Option<&'static str>) -> Vec<u8> {
    let mut body = Vec::new();
    for (number, part) in sound.chunks(every).enumerate() {
        body.extend_from_slice(part);
        if part.len() < every {
            break;
        }
        let text = text(number).unwrap_or_default();
        let units = text.len().div_ceil(16);
        body.push(u8::try_from(units).unwrap());
        body.extend_from_slice(text.as_bytes());
        body.resize(body.len() + units * 16 - text.len(), 0);
    }
    body
}

/// The sound of a body for which no titles were announced, cut in parts of this size.
fn heard(body: &[u8], size: usize) -> Vec<u8> {
    let mut titles = Titles::new(None);
    let mut sound = BytesMut::new();
    for part in body.chunks(size) {
        titles.push(part, &mut sound);
    }
    sound.extend_from_slice(&titles.rest());
    sound.to_vec()
}

#[test]
fn unannounced_zeros_leave_no_byte_in_the_sound() {
    for (name, sound) in [("noise", frames(600, noise)), ("digital silence", frames(600, |_| 0))] {
        for every in [8_192, 16_000, 7_001] {
            // In digital silence, an unusual interval looks like others.
            if name == "digital silence" && every == 7_001 {
                continue;
            }
            for (titles, told) in [("none", None), ("the first", Some(0)), ("the third", Some(2))] {
                let body = with_blocks(&sound, every, |number| (Some(number) == told).then_some("StreamTitle='One';"));
                for size in [1, 1_000, 100_000] {
                    let heard = heard(&body, size);
                    let first = heard.iter().zip(&sound).position(|(one, other)| one != other);
                    assert!(
                        heard == sound,
                        "{name}, {titles}, every {every}, in parts of {size}: {} bytes of {}, apart from {first:?} on",
                        heard.len(),
                        sound.len()
                    );
                }
            }
        }
    }
}

#[test]
fn sound_without_titles_is_left_as_it_is() {
    let plain = frames(1_000, noise);
    let foreign: Vec<u8> = (0..300_000_usize).map(|at| noise(at) / 3).collect();
    for sound in [plain.clone(), frames(1_000, |_| 0), plain[100..].to_vec(), foreign, plain[..3_000].to_vec()] {
        assert!(heard(&sound, 1_000) == sound);
    }
    // A byte that is missing, or one too many, is no title.
    let mut torn = plain.clone();
    torn.insert(50_000, 0);
    torn.remove(90_000);
    assert!(heard(&torn, 1_000) == torn);
}

#[test]
fn another_distance_is_learned_anew() {
    let sound = frames(900, noise);
    let (one, two) = sound.split_at(417 * 400 + 200);
    let body = [with_blocks(one, 8_192, |_| None), with_blocks(two, 5_000, |_| None)].concat();
    let heard = heard(&body, 1_000);
    // These bytes are torn until the new interval is known.
    assert!(heard.len() - sound.len() < 4, "{} bytes too many", heard.len() - sound.len());
    assert!(heard.ends_with(&sound[sound.len() - 100_000..]));
}

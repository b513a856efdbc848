//! Tests of titles in segments, which are built byte by byte.

use id3::Version;

use super::*;
use crate::base::id3v2::timestamp_tag;
use crate::testing::tags::titled;

const SECOND: u64 = 90_000;

fn tag(artist: &str, title: &str) -> Vec<u8> {
    titled(artist, title, Version::Id3v24)
}

/// Reads the titles of a segment, each with the milliseconds after the first sample.
fn read(container: Container, bytes: &[u8], init: Option<&[u8]>) -> Vec<(Option<i64>, String)> {
    let titles = titles(container, bytes, init).into_iter();
    titles.map(|title| (title.after.map(|after| after.num_milliseconds()), title.text)).collect()
}

fn expected(after: impl Into<Option<i64>>, text: &str) -> (Option<i64>, String) {
    (after.into(), text.to_owned())
}

mod transport {
    use super::*;

    const MAP: u16 = 0x100;
    const SOUND: u16 = 0x101;
    const TAGS: u16 = 0x102;
    /// Half a second before the time stamps wrap around.
    const BEGINS: u64 = (1 << 33) - SECOND / 2;

    /// Returns the packets of `pid` that carry `payload`, which begins in the first.
    fn packets(pid: u16, payload: &[u8]) -> Vec<u8> {
        let packet = |(number, part): (usize, &[u8])| {
            let start = if number == 0 { 0x40 } else { 0 };
            let [high, low] = pid.to_be_bytes();
            let stuffing = match 184 - part.len() {
                0 => vec![],
                1 => vec![0],
                many => [&[u8::try_from(many - 1).unwrap(), 0][..], &vec![0xff; many - 2]].concat(),
            };
            let control = if stuffing.is_empty() { 0x10 } else { 0x30 };
            [&[0x47, start | high, low, control][..], &stuffing, part].concat()
        };
        payload.chunks(184).enumerate().flat_map(packet).collect()
    }

    fn section(pid: u16, table: u8, header: &[u8], entries: &[u8]) -> Vec<u8> {
        let length = u8::try_from(header.len() + entries.len() + 4).unwrap();
        packets(pid, &[&[0, table, 0xb0, length][..], header, entries, &[0; 4]].concat())
    }

    /// Returns the tables of a stream with sound, and with tags if `with_tags`.
    fn tables(with_tags: bool) -> Vec<u8> {
        let other = [0x15, 0xe1, 0x03, 0xf0, 0x06, 0x26, 4, b'K', b'L', b'V', b'A'];
        let tags = [0x15, 0xe1, 0x02, 0xf0, 0x06, 0x26, 4, b'I', b'D', b'3', b' '];
        let sound = [0x0f, 0xe1, 0x01, 0xf0, 0];
        let entries = if with_tags { [&sound[..], &other, &tags].concat() } else { sound.to_vec() };
        let map = section(MAP, 2, &[0, 1, 0xc1, 0, 0, 0xe1, 0x01, 0xf0, 0], &entries);
        [section(0, 0, &[0, 1, 0xc1, 0, 0], &[0, 1, 0xe1, 0x00]), map].concat()
    }

    fn pes(id: u8, stamp: u64, payload: &[u8]) -> Vec<u8> {
        let byte = |bits: u64| u8::try_from(bits & 0xff).unwrap();
        let stamp = [
            byte(0x21 | stamp >> 29 & 0xe),
            byte(stamp >> 22),
            byte(stamp >> 14 | 1),
            byte(stamp >> 7),
            byte(stamp << 1 | 1),
        ];
        let length = u16::try_from(8 + payload.len()).unwrap().to_be_bytes();
        [&[0, 0, 1, id][..], &length, &[0x84, 0x80, 5], &stamp, payload].concat()
    }

    fn sound(stamp: u64) -> Vec<u8> {
        packets(SOUND, &pes(0xc0, stamp, &[0xff; 300]))
    }

    fn tagged(stamp: u64, payload: &[u8]) -> Vec<u8> {
        packets(TAGS, &pes(0xbd, stamp, payload))
    }

    #[test]
    fn a_title_counts_from_its_time_stamp_on() {
        let long = "밤편지 ".repeat(40);
        let segment = [
            tables(true),
            // This title comes before the sound to which it belongs.
            tagged(BEGINS + SECOND / 4, &tag("아이유", "좋은 날")),
            sound(BEGINS),
            sound(BEGINS + SECOND / 5),
            tagged(SECOND / 2, &tag("아이유", &long)),
            tagged(BEGINS - SECOND / 2, &tag("Before", "it")),
        ];
        let all = [
            expected(250, "아이유 - 좋은 날"),
            expected(1000, &format!("아이유 - {}", long.trim())),
            expected(-500, "Before - it"),
        ];
        assert_eq!(read(Container::MpegTs, &segment.concat(), None), all);
    }

    #[test]
    fn a_tag_may_come_in_several_packets_and_a_packet_twice() {
        let tag = tag("A", &"long ".repeat(100));
        let (first, second) = tag.split_at(200);
        let twice = tagged(BEGINS, first);
        let twice = [&twice[..188], &twice[..188], &twice[188..]].concat();
        let segment = [tables(true), sound(BEGINS), twice, sound(BEGINS), tagged(BEGINS + SECOND, second)].concat();
        assert_eq!(
            read(Container::MpegTs, &segment, None),
            [expected(0, &format!("A - {}", "long ".repeat(100).trim()))]
        );
        let torn =
            [tables(true), sound(BEGINS), tagged(BEGINS, first), tagged(BEGINS, &super::tag("B", "new"))].concat();
        assert_eq!(read(Container::MpegTs, &torn, None), [expected(0, "B - new")]);
    }

    #[test]
    fn a_stream_that_no_table_declares_as_tags_has_no_titles() {
        let segment = [tables(false), sound(BEGINS), tagged(BEGINS, &tag("A", "B"))].concat();
        assert_eq!(read(Container::MpegTs, &segment, None), []);
        let no_sound = [tables(true), tagged(BEGINS, &tag("A", "B"))].concat();
        assert_eq!(read(Container::MpegTs, &no_sound, None), [expected(None, "A - B")]);
    }
}

mod emsg {
    use super::*;

    const SCHEME: &[u8] = b"https://aomedia.org/emsg/ID3\0\0";

    fn atom(kind: &str, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(8 + body.len()).unwrap().to_be_bytes();
        [&length, kind.as_bytes(), body].concat()
    }

    /// Returns an initialisation section with a track of sound that has 48 000 ticks per second.
    fn init() -> Vec<u8> {
        let header = atom("tkhd", &[[0; 4], [0; 4], [0; 4], [0, 0, 0, 1]].concat());
        let media_header = atom("mdhd", &[[0; 4], [0; 4], [0; 4], 48_000_u32.to_be_bytes()].concat());
        let handler = atom("hdlr", b"\0\0\0\0\0\0\0\0soun");
        let media = atom("mdia", &[media_header, handler].concat());
        atom("moov", &atom("trak", &[header, media].concat()))
    }

    /// Returns a fragment that begins a hundred seconds after the start of the movie.
    fn fragment() -> Vec<u8> {
        let header = atom("tfhd", &[0, 0, 0, 0, 0, 0, 0, 1]);
        let time = atom("tfdt", &[&[1, 0, 0, 0][..], &4_800_000_u64.to_be_bytes()].concat());
        atom("moof", &atom("traf", &[header, time].concat()))
    }

    fn since_segment(milliseconds: u32, tag: &[u8]) -> Vec<u8> {
        let numbers = [1000, milliseconds, 0, 7].map(u32::to_be_bytes).concat();
        atom("emsg", &[&[0; 4][..], SCHEME, &numbers, tag].concat())
    }

    fn at(milliseconds: u64, scheme: &[u8], tag: &[u8]) -> Vec<u8> {
        let (rate, length, number) = (1000_u32.to_be_bytes(), [0; 4], [0; 4]);
        atom("emsg", &[&[1, 0, 0, 0], &rate[..], &milliseconds.to_be_bytes(), &length, &number, scheme, tag].concat())
    }

    #[test]
    fn a_title_counts_from_the_time_of_its_message_on() {
        let segment = [
            since_segment(1500, &tag("A", "one")),
            at(102_250, SCHEME, &tag("B", "two")),
            at(99_000, b"https://developer.apple.com/streaming/emsg-id3\0\0", &tag("C", "three")),
            at(100_000, b"urn:scte:scte35:2013:bin\0\0", &tag("No", "title")),
            fragment(),
        ];
        let segment = segment.concat();
        let all = [expected(1500, "A - one"), expected(2250, "B - two"), expected(-1000, "C - three")];
        assert_eq!(read(Container::Fmp4, &segment, Some(&init())), all);
        let without_clock = [expected(1500, "A - one"), expected(None, "B - two"), expected(None, "C - three")];
        assert_eq!(read(Container::Fmp4, &segment, None), without_clock);
        assert_eq!(read(Container::Fmp4, &[init(), segment].concat(), None), all, "with its own initialisation");
    }

    #[test]
    fn a_message_whose_clock_stands_still_or_overflows_has_no_time() {
        let mut still = since_segment(1500, &tag("A", "one"));
        let rate = 8 + 4 + SCHEME.len();
        still[rate..rate + 4].fill(0);
        assert_eq!(read(Container::Fmp4, &still, None), [expected(None, "A - one")]);
        let far = [at(u64::MAX, SCHEME, &tag("A", "one")), fragment()].concat();
        assert_eq!(read(Container::Fmp4, &far, Some(&init())), [expected(None, "A - one")]);
    }
}

/// Returns `count` ADTS frames of 1024 samples at 48 kHz.
fn frames(count: usize) -> Vec<u8> {
    [0xff, 0xf1, 0x4c, 0x80, 0x01, 0x5f, 0xfc, 0, 0, 0].repeat(count)
}

#[test]
fn between_the_frames_of_packed_audio_a_title_counts_from_the_next_frame_on() {
    let head = [timestamp_tag(7 * SECOND), tag("A", "one")].concat();
    let segment = [head, frames(375), tag("B", "two"), b"rubbish I".to_vec(), frames(10), tag("C", "three")];
    let all = [expected(0, "A - one"), expected(8000, "B - two"), expected(8213, "C - three")];
    assert_eq!(read(Container::Adts, &segment.concat()[..], None), all);
    assert_eq!(read(Container::Adts, &[timestamp_tag(0), frames(3)].concat(), None), []);
}

#[test]
fn a_bounded_number_of_titles_is_read() {
    let flood = tag("A", "title").repeat(1000);
    let read = titles(Container::Adts, &[&frames(2), &flood[..], &frames(2)].concat(), None);
    assert_eq!(read.len(), MOST_TITLES);
}

//! Files that a real ffmpeg made, and the same files after tampering.

mod around_the_sound;
mod hostile;

use std::path::Path;
use std::process::Stdio;
use std::sync::OnceLock;

use chrono::DateTime;

use super::*;
use crate::testing::Random;

/// A sine of `SECONDS` in one container, the options that make it, and what it must be recognised as.
struct Case {
    name: &'static str,
    options: &'static str,
    container: Container,
    detail: &'static str,
}

const SECONDS: f64 = 7.3;

const CASES: &[Case] = &[
    case("aac", "-ar 48000 -ac 2 -c:a aac -f adts", Container::Adts, "aac 48000 Hz 2 ch"),
    case("aac-mono", "-ar 22050 -ac 1 -c:a aac -f adts", Container::Adts, "aac 22050 Hz 1 ch"),
    case(
        "aac-id3",
        "-ar 44100 -ac 2 -c:a aac -write_id3v2 1 -metadata title=x -f adts",
        Container::Adts,
        "aac 44100 Hz 2 ch",
    ),
    case("mp3", "-ar 44100 -ac 2 -c:a libmp3lame -f mp3", Container::Mp3, "mp3 44100 Hz 2 ch"),
    case(
        "mp3-bare",
        "-ar 44100 -ac 1 -c:a libmp3lame -id3v2_version 0 -write_xing 0 -f mp3",
        Container::Mp3,
        "mp3 44100 Hz 1 ch",
    ),
    case("mp3-low", "-ar 16000 -ac 1 -b:a 24k -c:a libmp3lame -f mp3", Container::Mp3, "mp3 16000 Hz 1 ch"),
    case("mp3-lowest", "-ar 8000 -ac 1 -b:a 8k -c:a libmp3lame -f mp3", Container::Mp3, "mp3 8000 Hz 1 ch"),
    case("mp2", "-ar 48000 -ac 2 -c:a mp2 -f mp2", Container::Mp3, "mp2 48000 Hz 2 ch"),
    case("ts-aac", "-ar 48000 -ac 2 -c:a aac -f mpegts", Container::MpegTs, "aac 48000 Hz 2 ch"),
    case("ts-mp3", "-ar 44100 -ac 2 -c:a libmp3lame -f mpegts", Container::MpegTs, "mp3 44100 Hz 2 ch"),
    case("ts-ac3", "-ar 48000 -ac 2 -c:a ac3 -f mpegts", Container::MpegTs, "ac3"),
    case("ts-latm", "-ar 48000 -ac 2 -c:a aac -mpegts_flags latm -f mpegts", Container::MpegTs, "aac-latm"),
    case(
        "fmp4-aac",
        "-ar 44100 -ac 2 -c:a aac -movflags frag_keyframe+empty_moov+default_base_moof -frag_duration 1000000 -f mp4",
        Container::Fmp4,
        "aac 44100 Hz 2 ch",
    ),
    case(
        "fmp4-opus",
        "-ar 48000 -ac 2 -c:a libopus -movflags frag_keyframe+empty_moov+default_base_moof -frag_duration 1000000 -f mp4",
        Container::Fmp4,
        "opus 48000 Hz 2 ch",
    ),
    case(
        "fmp4-mp3",
        "-ar 44100 -ac 2 -c:a libmp3lame -movflags frag_keyframe+empty_moov+default_base_moof -frag_duration 1000000 -f mp4",
        Container::Fmp4,
        "mp3 44100 Hz 2 ch",
    ),
    case("opus", "-ar 48000 -ac 2 -c:a libopus -f ogg", Container::Ogg, "opus 48000 Hz 2 ch"),
    case("vorbis", "-ar 44100 -ac 2 -c:a libvorbis -f ogg", Container::Ogg, "vorbis 44100 Hz 2 ch"),
    case("flac", "-ar 44100 -ac 2 -c:a flac -f ogg", Container::Ogg, "flac 44100 Hz 2 ch"),
    case("ac3", "-ar 48000 -ac 2 -c:a ac3 -f ac3", Container::Ac3, "ac3 48000 Hz 2 ch"),
    case("ac3-odd", "-ar 44100 -ac 6 -b:a 320k -c:a ac3 -f ac3", Container::Ac3, "ac3 44100 Hz 6 ch"),
    case("eac3", "-ar 48000 -ac 2 -c:a eac3 -f eac3", Container::Eac3, "eac3 48000 Hz"),
    case("flac-bare", "-ar 44100 -ac 2 -c:a flac -f flac", Container::Flac, "flac 44100 Hz 2 ch"),
    case("flac-24", "-ar 96000 -ac 1 -sample_fmt s32 -c:a flac -f flac", Container::Flac, "flac 96000 Hz 1 ch"),
    case("wav", "-ar 44100 -ac 2 -c:a pcm_s16le -f wav", Container::Wav, "wav 16 bit 44100 Hz 2 ch"),
    case("wav-24", "-ar 48000 -ac 1 -c:a pcm_s24le -f wav", Container::Wav, "wav 24 bit 48000 Hz 1 ch"),
    case("ts-discs", "-ar 48000 -ac 2 -c:a ac3 -mpegts_m2ts_mode 1 -f mpegts", Container::MpegTs, "ac3"),
];

const fn case(name: &'static str, options: &'static str, container: Container, detail: &'static str) -> Case {
    Case { name, options, container, detail }
}

/// Runs a program that stands beside these tests and gives its stdout.
#[expect(clippy::disallowed_methods, reason = "a test's own tool, waited for on the spot")]
fn output(program: &str, args: &[&str]) -> Vec<u8> {
    let out = std::process::Command::new(program).args(args).stdin(Stdio::null()).output().expect(program);
    assert!(out.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

impl Case {
    fn make(&self, folder: &Path) -> Vec<u8> {
        let file = folder.join(self.name);
        let source = format!("sine=frequency=440:duration={SECONDS}");
        let mut args = vec!["-nostdin", "-v", "error", "-f", "lavfi", "-i", &source];
        args.extend(self.options.split(' '));
        args.push(file.to_str().unwrap());
        output("ffmpeg", &args);
        std::fs::read(file).unwrap()
    }

    /// Packets in `bytes` times samples per packet, as ffprobe sees them.
    fn ffprobe(&self, bytes: &[u8], folder: &Path) -> f64 {
        let file = folder.join(format!("{}-probed", self.name));
        std::fs::write(&file, bytes).unwrap();
        let fields = "stream=nb_read_packets,sample_rate";
        let args =
            ["-v", "error", "-count_packets", "-select_streams", "a:0", "-show_entries", fields, "-of", "csv=p=0"];
        let line = String::from_utf8(output("ffprobe", &[&args[..], &[file.to_str().unwrap()]].concat())).unwrap();
        let first = line.lines().next().unwrap();
        let numbers: Vec<f64> = first.split(',').filter_map(|field| field.trim().parse().ok()).collect();
        let samples = match self.detail.split(' ').next().unwrap() {
            "mp3" if numbers[0] < 32_000.0 => 576.0,
            "mp3" | "mp2" => 1152.0,
            "ac3" | "eac3" => 1536.0,
            "opus" => 960.0,
            _ => 1024.0,
        };
        numbers[1] * samples / numbers[0]
    }
}

/// All cases, encoded once for all tests.
fn files() -> &'static [(&'static Case, Vec<u8>)] {
    static FILES: OnceLock<Vec<(&'static Case, Vec<u8>)>> = OnceLock::new();
    FILES.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        CASES.iter().map(|case| (case, case.make(folder.path()))).collect()
    })
}

fn file(name: &str) -> &'static [u8] {
    &files().iter().find(|(case, _)| case.name == name).unwrap().1
}

fn framed(container: Container, parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<Piece> {
    let mut framer = Framer::new(container);
    let mut pieces = Vec::new();
    for part in parts {
        framer.push(part.as_ref(), DateTime::UNIX_EPOCH);
        pieces.extend(std::iter::from_fn(|| framer.next_chunk()));
    }
    pieces.extend(std::iter::from_fn(|| framer.flush()));
    pieces
}

fn total(pieces: &[Piece]) -> Duration {
    pieces.iter().map(|piece| piece.duration).sum()
}

#[test]
fn every_container_is_recognised_and_read() {
    for (case, bytes) in files() {
        assert_eq!(sniff(bytes), Some(case.container), "{}", case.name);
        assert_eq!(probe(case.container, bytes, None).detail, case.detail, "{}", case.name);
    }
}

/// A body that breaks off after `end` bytes, and another connection that begins with byte `begin` of the same stream;
/// Ogg servers send the headers of a stream first.
fn broken_and_resumed(case: &Case, bytes: &[u8], end: usize, begin: usize) -> (Vec<Piece>, Vec<Piece>) {
    let drained = |framer: &mut Framer| {
        let mut pieces: Vec<_> = std::iter::from_fn(|| framer.next_chunk()).collect();
        pieces.extend(std::iter::from_fn(|| framer.flush()));
        pieces
    };
    let mut first = Framer::new(case.container);
    first.push(&bytes[..end], DateTime::UNIX_EPOCH);
    let before = drained(&mut first);
    let mut second = Framer::after(first.into_tail(), case.container);
    let headers = before.first().and_then(|piece| piece.format.init.clone()).unwrap_or_default();
    for part in [&headers[..], &bytes[begin..]] {
        second.push(part, DateTime::UNIX_EPOCH);
    }
    (before, drained(&mut second))
}

#[test]
fn a_burst_that_reaches_back_is_joined_without_a_seam() {
    // Fragmented MP4 is not streamed in this way. The last packet of a transport stream that breaks off is kept as far
    // as it came, so no later one equals it: such a stream is timed by the clock.
    let streamed =
        |case: &Case| case.container.is_packed() || matches!(case.container, Container::Ogg | Container::Flac);
    for (case, bytes) in files().iter().filter(|(case, _)| streamed(case)) {
        let whole = framed(case.container, [bytes]);
        // Pages are long and a burst must hold a whole one; frames are short.
        let begin = if case.container == Container::Ogg { 1 } else { 38 };
        for (end, begin) in
            [(60, begin), (61, begin / 2), (90, begin)].map(|(a, b)| (bytes.len() * a / 100, bytes.len() * b / 100))
        {
            let (before, after) = broken_and_resumed(case, bytes, end, begin);
            let name = format!("{} broken at {end}, resumed at {begin}", case.name);
            assert!(!before[0].continues && after[0].continues, "{name}");
            let both = total(&before) + total(&after);
            assert!(both.abs_diff(total(&whole)) < Duration::from_micros(1), "{name}: {both:?}");
            let all: Vec<_> = before.iter().chain(&after).flat_map(|piece| piece.bytes.to_vec()).collect();
            let expected: Vec<_> = whole.iter().flat_map(|piece| piece.bytes.to_vec()).collect();
            assert!(all == expected, "{name}");
        }
        let (before, after) = broken_and_resumed(case, bytes, bytes.len() * 40 / 100, bytes.len() * 60 / 100);
        assert!(!after[0].continues && total(&before) + total(&after) < total(&whole), "{} with a hole", case.name);
    }
}

#[test]
fn other_bytes_are_not_called_sound() {
    let html = "<!DOCTYPE html><html><head><title>403 Forbidden</title></head><body>Go away</body></html>".repeat(50);
    let utf16: Vec<u8> = format!("\u{feff}{html}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let g = "G".repeat(187) + "oG";
    let mut random = Random::new(7);
    let noise: Vec<u8> = (0..100_000).map(|_| random.byte()).collect();
    for bytes in [
        html.as_bytes(),
        b"#EXTM3U\n#EXTINF:10,\na.ts\n",
        b"{\"error\": \"expired\"}",
        b"",
        &[0; 4096],
        &[0xff; 4096],
        b"ID3\x04\0\0\0\0\x7f\x7f",
        b"ID3 is no tag here",
        &utf16,
        g.as_bytes(),
        &noise,
        b"\xff\xfb\x90\x44",
        b"\x0b\x77\0\0\x14\x40\x40",
        b"fLaC is a nice format",
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x11\0",
    ] {
        assert_eq!(sniff(bytes), None, "{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(20)]));
    }
}

#[test]
fn a_segment_plays_as_long_as_ffprobe_counts_frames() {
    let folder = tempfile::tempdir().unwrap();
    for (case, bytes) in files() {
        let counted = probe(case.container, bytes, None).duration.expect(case.name).as_secs_f64();
        let expected = match case.name {
            // Sample-exact by design: the granule position of the last page ends at the last sample.
            "opus" | "vorbis" | "flac" | "flac-bare" | "flac-24" | "wav" | "wav-24" => SECONDS,
            // MP4 trims the last sample; what the encoder put in front stays.
            "fmp4-aac" => SECONDS + 1024.0 / 44_100.0,
            "fmp4-opus" => SECONDS + 312.0 / 48_000.0,
            "fmp4-mp3" => SECONDS + 1105.0 / 44_100.0,
            _ => case.ffprobe(bytes, folder.path()),
        };
        // LATM has only time stamps, so that its last packet is an estimate.
        let tolerance = if case.name == "ts-latm" { 0.03 } else { 0.000_1 };
        assert!((counted - expected).abs() < tolerance, "{}: {counted} instead of {expected}", case.name);
        assert!((counted - SECONDS).abs() < 0.2, "{}: {counted}", case.name);
    }
}

#[test]
fn a_body_in_dribs_and_drabs_becomes_chunks_of_a_second_that_add_up() {
    for (case, bytes) in files() {
        let pieces = framed(case.container, bytes.chunks(997));
        let whole = probe(case.container, bytes, None).duration.unwrap();
        assert!(total(&pieces).abs_diff(whole) < Duration::from_micros(1), "{}: {:?}", case.name, total(&pieces));
        assert!(pieces.len() >= 5, "{}: {} chunks", case.name, pieces.len());
        assert!(pieces.iter().all(|piece| piece.format.detail == case.detail), "{}", case.name);
        assert!(pieces.iter().all(|piece| piece.duration < Duration::from_millis(2100)), "{}", case.name);
    }
}

#[test]
fn a_reel_that_begins_with_any_chunk_decodes_to_what_the_chunks_play() {
    let folder = tempfile::tempdir().unwrap();
    for (case, bytes) in files() {
        let pieces = framed(case.container, bytes.chunks(4096));
        let rest = &pieces[2..];
        let reel = folder.path().join("reel");
        let init = rest[0].format.init.clone().unwrap_or_default();
        let sound: Vec<u8> = rest.iter().flat_map(|piece| piece.bytes.to_vec()).collect();
        std::fs::write(&reel, [&init[..], &sound].concat()).unwrap();
        let args =
            ["-nostdin", "-v", "error", "-i", reel.to_str().unwrap(), "-ac", "1", "-ar", "48000", "-f", "s16le", "-"];
        let samples = output("ffmpeg", &args).len() / 2;
        #[expect(clippy::cast_precision_loss, reason = "a few seconds of samples")]
        let decoded = samples as f64 / 48_000.0;
        let expected = total(rest).as_secs_f64();
        // A decoder that begins in the middle may swallow the frames it needs to settle.
        assert!((decoded - expected).abs() < 0.08, "{}: {decoded} instead of {expected}", case.name);
    }
}

#[test]
fn a_fragment_without_its_end_is_torn() {
    let whole = file("fmp4-aac");
    assert!(!is_torn(Container::Fmp4, whole));
    assert!((1..whole.len()).step_by(97).filter(|length| is_torn(Container::Fmp4, &whole[..*length])).count() > 100);
    assert!(is_torn(Container::Fmp4, &whole[..whole.len() - 1]) && is_torn(Container::Fmp4, &whole[..whole.len() / 2]));
    assert!(!is_torn(Container::Adts, &file("aac")[..100]));
}

#[test]
fn sound_is_found_again_after_garbage() {
    // With something that looks like a header of the same format, and of a transport packet, and of a tag.
    let html = b"<html>\xff\xf1\x50\x80\x2e\x7f\xfc \xff\xfb\x90\x44 Bad Gateway</html> ID3 \x47\x47".repeat(20);
    for name in ["aac", "mp3", "ts-aac", "opus", "ac3", "eac3", "flac-bare"] {
        let (case, bytes) = files().iter().find(|(case, _)| case.name == name).unwrap();
        let clean_pieces = framed(case.container, [bytes]);
        let clean = total(&clean_pieces);
        let middle = bytes.len() / 2;
        let dirty = framed(case.container, [&html[..], &bytes[..middle], &html, &bytes[middle..]]);
        assert_eq!(dirty[0].bytes[..200], clean_pieces[0].bytes[..200], "{name}: garbage is no sound");
        // Only the unit with the garbage is lost: a frame, a PES packet, a page.
        let lost = clean.saturating_sub(total(&dirty));
        assert!(lost <= Duration::from_millis(400), "{name}: lost {lost:?}");
    }
}

#[test]
fn a_stream_joined_in_the_middle_of_a_frame_is_recognised() {
    for name in ["aac", "mp3"] {
        let (case, bytes) = files().iter().find(|(case, _)| case.name == name).unwrap();
        let middle = bytes.len() / 2 + 101;
        assert_eq!(sniff(&bytes[middle..middle + 8192]), Some(case.container), "{name}");
    }
}

#[test]
fn each_frame_is_counted_in_exactly_one_segment() {
    // Cut without regard to frames: a frame belongs to the segment in which it begins.
    let bytes = file("ts-aac");
    let whole = probe(Container::MpegTs, bytes, None).duration.unwrap();
    let tables = &bytes[..3 * 188];
    let cut = bytes.len() / 188 / 2 * 188;
    let first = probe(Container::MpegTs, &bytes[..cut], None).duration.unwrap();
    let second = probe(Container::MpegTs, &bytes[cut..], Some(tables)).duration.unwrap();
    assert!((first + second).abs_diff(whole) < Duration::from_millis(1), "{first:?} + {second:?} is not {whole:?}");
}

#[test]
fn every_chunk_of_a_transport_stream_begins_with_its_tables() {
    // Tables in the first second only.
    let bytes = file("ts-aac");
    let is_table = |packet: &[u8]| matches!(u16::from_be_bytes([packet[1] & 0x1f, packet[2]]), 0 | 0x1000);
    let (packets, _) = bytes.as_chunks::<188>();
    let sparse: Vec<u8> = packets
        .iter()
        .enumerate()
        .filter(|(at, packet)| *at < 20 || !is_table(*packet))
        .flat_map(|(_, packet)| *packet)
        .collect();
    assert!(sparse.len() < bytes.len());
    let pieces = framed(Container::MpegTs, [&sparse]);
    assert_eq!(total(&pieces), total(&framed(Container::MpegTs, [bytes])));
    for piece in pieces {
        let kinds: Vec<_> = piece
            .bytes
            .as_chunks::<188>()
            .0
            .iter()
            .take(3)
            .map(|packet| u16::from_be_bytes([packet[1] & 0x1f, packet[2]]))
            .filter(|pid| *pid != 17)
            .collect();
        assert_eq!(kinds[..2], [0, 0x1000]);
    }
}

#[test]
fn a_change_of_format_begins_a_new_chunk() {
    let pieces = framed(Container::Adts, [file("aac"), file("aac-mono")]);
    let mut details: Vec<_> = pieces.iter().map(|piece| piece.format.detail.as_str()).collect();
    details.dedup();
    assert_eq!(details, ["aac 48000 Hz 2 ch", "aac 22050 Hz 1 ch"]);
    let heads = framed(Container::Flac, [file("flac-bare"), file("flac-24")]);
    let both =
        total(&framed(Container::Flac, [file("flac-bare")])) + total(&framed(Container::Flac, [file("flac-24")]));
    assert!(total(&heads).abs_diff(both) < Duration::from_micros(1), "a new head with every song");
    let heads = framed(Container::Wav, [file("wav"), file("wav-24")]);
    let mut details: Vec<_> = heads.iter().map(|piece| piece.format.detail.as_str()).collect();
    details.dedup();
    assert_eq!(details, ["wav 16 bit 44100 Hz 2 ch", "wav 24 bit 48000 Hz 1 ch"]);
    let chained = framed(Container::Ogg, [file("opus"), file("vorbis")]);
    let both = total(&framed(Container::Ogg, [file("opus")])) + total(&framed(Container::Ogg, [file("vorbis")]));
    assert!(total(&chained).abs_diff(both) < Duration::from_micros(1));
}

#[test]
fn fragments_without_their_initialisation_section_have_no_length() {
    let bytes = file("fmp4-aac");
    let at = bytes.windows(4).position(|four| four == b"moof").unwrap() - 4;
    assert_eq!(probe(Container::Fmp4, &bytes[at..], None), Probe::default());
    let whole = probe(Container::Fmp4, bytes, None);
    assert_eq!(probe(Container::Fmp4, &bytes[at..], Some(&bytes[..at])), whole);
}

#[test]
fn encrypted_samples_are_known_by_their_scheme_and_clear_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let key = "000102030405060708090a0b0c0d0e0f";
    let options = format!(
        "-c:a aac -encryption_scheme cenc-aes-ctr -encryption_key {key} -encryption_kid {key} \
         -movflags frag_keyframe+empty_moov+default_base_moof -frag_duration 1000000 -f mp4"
    );
    let options: &'static str = options.leak();
    let whole = case("sealed", options, Container::Fmp4, "").make(folder.path());
    let place = |bytes: &[u8], name: &[u8]| bytes.windows(4).position(|four| four == name).unwrap();
    let at = place(&whole, b"moof") - 4;
    let (init, fragments) = whole.split_at(at);
    assert_eq!(scheme(&whole, None).as_deref(), Some("cenc"));
    assert_eq!(scheme(fragments, Some(init)).as_deref(), Some("cenc"));
    assert_eq!(scheme(init, None), None, "no sound at all");
    let with = |at: usize, bytes: &[u8]| {
        let mut init = init.to_vec();
        init[at..at + bytes.len()].copy_from_slice(bytes);
        scheme(fragments, Some(&init))
    };
    assert_eq!(with(place(init, b"schm") + 8, b"cbcs").as_deref(), Some("cbcs"));
    assert_eq!(with(place(init, b"tenc") + 10, &[0]), None, "a beginning in clear");
    assert_eq!(scheme(file("fmp4-aac"), None), None);
}

//! All claims about completeness rest on the timecode reader, so these tests prove it: it must find what is wrong, and
//! nothing else.

use crate::support::ffmpeg;
use crate::support::timecode::{RATE, Report, seconds};

/// Returns timecode audio that went through the codecs of a station and of a recorder.
fn broadcast(sound: &[i16]) -> Report {
    let station = ffmpeg::encode(sound, &["-c:a", "aac", "-b:a", "96k", "-f", "adts"]);
    let folder = tempfile::tempdir().expect("a folder");
    let mp3 = folder.path().join("recording.mp3");
    // Into a file, because only there ffmpeg can write the header that declares the encoder's delay.
    let args = ["-f", "aac", "-i", "-", "-c:a", "libmp3lame", "-b:a", "128k", "-ar", "44100", "-ac", "2"];
    ffmpeg::run(&[&args[..], &[mp3.to_str().expect("UTF-8")]].concat(), &station);
    Report::of_file(&mp3)
}

fn at(seconds: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
    let sample = (seconds * f64::from(RATE)).round() as usize;
    sample
}

fn close(measured: f64, expected: f64) -> bool {
    (measured - expected).abs() < 0.003
}

#[test]
fn forty_seconds_come_back_exactly_and_across_the_wrap_of_the_counter() {
    let report = broadcast(&seconds(65_520, 40));
    let expected: Vec<u16> = (65_520..=65_535).chain(0..24).collect();
    assert_eq!(report.numbers(), expected, "{report}");
    assert!(report.is_whole(), "{report}");
    // AAC adds 1,024 samples in front that an ADTS stream cannot declare.
    let lead = 1_024.0 / f64::from(RATE);
    for (index, heard) in (0_u32..).zip(&report.heard) {
        assert!(close(heard.at, lead + f64::from(index)), "{heard:?} in {report}");
    }
}

#[test]
fn a_second_mp3_generation_and_a_bad_one_are_still_read() {
    let sound = seconds(7, 12);
    let first = ffmpeg::encode(&sound, &["-c:a", "libmp3lame", "-b:a", "128k", "-f", "mp3"]);
    let args = ["-f", "mp3", "-i", "-", "-c:a", "libmp3lame", "-b:a", "48k", "-ar", "22050", "-f", "mp3", "-"];
    let report = Report::of_bytes("mp3", &ffmpeg::run(&args, &first));
    assert_eq!(report.numbers(), (7..19).collect::<Vec<_>>(), "{report}");
    assert!(report.is_whole(), "{report}");
}

#[test]
fn a_cut_of_0_4_seconds_is_seen_and_measured() {
    for place in [4.02, 4.3, 4.5, 4.9] {
        let mut sound = seconds(1_000, 10);
        sound.drain(at(place)..at(place + 0.4));
        let report = broadcast(&sound);
        assert!(close(report.missing, 0.4) && report.doubled == 0.0, "cut at {place}: {report}");
        assert!(!report.is_whole());
    }
}

#[test]
fn a_missing_second_is_seen() {
    let mut sound = seconds(1_000, 10);
    sound.drain(at(4.5)..at(5.5));
    let report = broadcast(&sound);
    assert!(close(report.missing, 1.0) && report.doubled == 0.0, "{report}");
    let mut sound = seconds(1_000, 10);
    sound.drain(at(4.0)..at(5.0));
    let report = broadcast(&sound);
    assert!(!report.numbers().contains(&1_004));
    assert!(close(report.missing, 1.0) && report.unreadable.is_empty(), "{report}");
}

#[test]
fn a_doubled_second_is_seen() {
    for (from, to) in [(4.0, 5.0), (4.5, 5.5), (3.2, 3.6)] {
        let mut sound = seconds(1_000, 10);
        let again = sound[at(from)..at(to)].to_vec();
        sound.splice(at(to)..at(to), again);
        let report = broadcast(&sound);
        assert!(close(report.doubled, to - from) && report.missing == 0.0, "{from} to {to}: {report}");
    }
}

#[test]
fn a_second_replaced_by_silence_is_unreadable_and_not_missing_time() {
    let mut sound = seconds(1_000, 10);
    sound[at(4.0)..at(5.0)].fill(0);
    let report = broadcast(&sound);
    assert_eq!(report.unreadable, [1_004], "{report}");
    assert!(report.missing == 0.0 && report.doubled == 0.0 && !report.is_whole(), "{report}");
}

#[test]
fn dropouts_of_40_milliseconds_are_noticed() {
    let mut sound = seconds(1_000, 10);
    for dropout in [2.2, 4.5, 5.8, 7.03] {
        sound[at(dropout)..at(dropout + 0.04)].fill(0);
    }
    let report = broadcast(&sound);
    assert_eq!(report.unreadable, [1_002, 1_004, 1_005, 1_007], "{report}");
}

#[test]
fn silence_noise_and_music_say_nothing() {
    for source in [
        "anullsrc=r=16000:cl=mono",
        "anoisesrc=r=16000:a=0.5:c=white",
        "anoisesrc=r=16000:a=0.5:c=pink",
        "sine=r=16000:f=2400:b=4",
    ] {
        let sound = ffmpeg::run(&["-f", "lavfi", "-i", source, "-t", "30", "-f", "wav", "-"], &[]);
        let report = Report::of_bytes("wav", &sound);
        assert!(report.heard.is_empty() && !report.is_whole(), "{source}: {report}");
    }
}

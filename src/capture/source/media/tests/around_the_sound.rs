//! Foreign bytes around sound, and segments without sound.

use super::*;

#[test]
fn packets_after_a_picture_or_between_stamps_become_plain_packets() {
    let clean = file("ts-aac");
    let whole = probe(Container::MpegTs, clean, None);
    let wrap = |before: &[u8], behind: &[u8]| -> Vec<u8> {
        clean.as_chunks::<188>().0.iter().flat_map(|packet| [before, packet, behind].concat()).collect()
    };
    // Frames of a quiet passage are so short that several lie within a packet; the head has some of them, too.
    let quiet = b"\xff\xf1\x4c\x80\x01\x1f\xfc\xff".repeat(4);
    for (name, bytes) in [
        ("clean", clean.to_vec()),
        ("picture", [b"\x89PNG\r\n\x1a\n", clean].concat()),
        ("picture with frames", [b"\x89PNG\r\n\x1a\n\0", &quiet[..], clean].concat()),
        ("bitmap", [b"BM\x36\0\0\0", &vec![0x47; 3000][..], clean].concat()),
        ("discs", wrap(b"\0\x47\0\x01", b"")),
        ("error correction", wrap(b"", &[0xff; 16])),
    ] {
        assert_eq!(sniff(&bytes), Some(Container::MpegTs), "{name}");
        let plain = plain(Container::MpegTs, bytes.clone().into());
        assert!(plain == clean, "{name}: {} bytes of {}", plain.len(), clean.len());
        assert_eq!(probe(Container::MpegTs, &bytes, None), whole, "{name}");
        let sound = framed(Container::MpegTs, bytes.chunks(997));
        assert!(sound == framed(Container::MpegTs, [clean]), "{name} as an endless stream");
    }
}

#[test]
fn a_segment_without_sound_is_known_and_an_unknown_codec_is_not_judged() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str, options: &str| {
        let file = folder.path().join(name);
        let line = format!("-nostdin -v error -f lavfi -i testsrc=s=64x64:r=10 -f lavfi -i sine -t 1 {options}");
        let mut args: Vec<_> = line.split(' ').collect();
        args.push(file.to_str().unwrap());
        output("ffmpeg", &args);
        std::fs::read(file).unwrap()
    };
    let ts = |bytes: &[u8]| lacks_sound(Container::MpegTs, bytes, None);
    assert!(ts(&make("picture.ts", "-map 0:v -c:v mpeg2video -f mpegts")));
    let both = make("both.ts", "-c:v mpeg2video -c:a aac -f mpegts");
    assert!(!ts(&both) && !ts(file("ts-latm")) && !ts(&make("opus.ts", "-map 1:a -c:a libopus -f mpegts")));
    let sound = |packet: &&[u8; 188]| u16::from_be_bytes([packet[1] & 0x1f, packet[2]]) == 0x101;
    let announced = both.as_chunks::<188>().0.iter().filter(|packet| !sound(packet)).flatten().copied();
    assert!(ts(&announced.collect::<Vec<_>>()), "sound that is announced and does not come");
    assert!(!ts(b"") && !ts(&both[..188]), "nothing is known of it");
    let fragmented = "-c:v mpeg4 -movflags frag_keyframe+empty_moov+default_base_moof -f mp4";
    assert!(lacks_sound(Container::Fmp4, &make("picture.mp4", &format!("-map 0:v {fragmented}")), None));
    assert!(!lacks_sound(Container::Fmp4, &make("both.mp4", fragmented), None));
}

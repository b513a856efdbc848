//! Files of packets that ffmpeg made, with silence among them, decoded.

use super::*;
use crate::encode::packets::{Framing, Splitter};
use crate::encode::testing::ffmpeg;

/// Three seconds of noise in packets, with their coding.
async fn packets(encoding: &str, framing: Framing) -> (Coding, Vec<Packet>) {
    let words = format!("-f lavfi -i anoisesrc=d=3:r=48000:seed=7:a=0.5 -ac 2 {encoding} pipe:1");
    let bytes = ffmpeg(&words, &[]).await;
    let mut splitter = Splitter::new(framing);
    splitter.push(&bytes);
    let mut packets = Vec::new();
    while let Some(packet) = splitter.next().unwrap() {
        packets.push(packet);
    }
    (splitter.coding().unwrap().clone(), packets)
}

#[tokio::test]
async fn silence_of_every_codec_is_silent_and_a_file_plays_as_long_as_it_says() {
    let kinds = [
        ("-c:a aac -b:a 96k -f adts", Framing::Adts, 1_024),
        ("-c:a libmp3lame -b:a 96k -write_xing 0 -id3v2_version 0 -f mp3", Framing::Mp3, 1_152),
        ("-c:a libopus -b:a 96k -f ogg", Framing::Ogg, 312),
        ("-c:a libvorbis -b:a 96k -f ogg", Framing::Ogg, 0),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (encoding, framing, before) in kinds {
        let (coding, packets) = packets(encoding, framing).await;
        let path = folder.path().join("sound");
        let mut file = PacketFile::create(&path, &coding, (before, 10 * 48_000), 5_000).await.unwrap();
        let (first, rest) = packets.split_at(packets.len() / 2);
        for packet in first {
            file.push(packet).await.unwrap();
        }
        let from = usize::try_from(file.played()).unwrap();
        let silence = coding.silence(first.last());
        while usize::try_from(file.played()).unwrap() < from + 48_000 {
            assert!(file.push(&silence).await.unwrap() > 0, "{encoding}");
        }
        let to = usize::try_from(file.played()).unwrap();
        for packet in rest {
            file.push(packet).await.unwrap();
        }
        let played = usize::try_from(file.played()).unwrap();
        file.finish(played as u64).await.unwrap();
        let bytes = ffmpeg("-i", &[path.to_str().unwrap(), "-f", "f32le", "-ac", "1", "pipe:1"]).await;
        let samples: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
        assert_eq!(samples.len(), played, "{encoding}");
        let loudest = |from: usize, to: usize| samples[from..to].iter().map(|it| it.abs()).fold(0.0, f32::max);
        // Blocks overlap at both ends.
        assert!(loudest(from + 4_096, to - 4_096) < 1e-3, "{encoding}: {}", loudest(from + 4_096, to - 4_096));
        assert!(loudest(0, from) > 0.1 && loudest(to, played) > 0.1, "{encoding}");
    }
}

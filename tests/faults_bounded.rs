//! Whatever a station sends, memory stays bounded (every case of `support::cases` checks its peak), and the recording
//! has what the station offered at some moment. The tests of playlists and segments send endless bodies and 64 MiB;
//! these attacks look small from outside.

use std::fmt::Write as _;
use std::time::Duration;

use crate::support::cases::{Case, stamped, turn};
use crate::support::origin::{Container, Fault, Kind, Origin, Part, Setup};

/// Returns a fault: the playlist is `text` for 10 s.
fn instead(text: String) -> Fault {
    for_10_s(Fault::edit(Part::Playlist, move |_| text.clone().into_bytes()))
}

fn for_10_s(fault: Fault) -> Fault {
    fault.after(Duration::from_secs(6)).lasting(Duration::from_secs(10))
}

/// Returns a playlist of `count` segments after `head`; `line` gives the address of each.
fn segments(count: usize, head: &str, line: impl Fn(usize) -> String) -> String {
    let mut text = format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n{head}");
    for number in 0..count {
        let _ = writeln!(text, "#EXTINF:2,\n{}", line(number));
    }
    text
}

#[tokio::test]
async fn no_answer_of_a_station_takes_much_memory() {
    let turn = turn(12).await;
    let origin = Origin::start();
    let on_air = |name: &str| origin.station(name, Setup { window: 30, ..stamped(Container::Ts) });
    let s = [
        "million",
        "lines",
        "attributes",
        "keys",
        "key",
        "gaps",
        "bomb",
        "maze",
        "day",
        "segment-bomb",
        "segment-maze",
    ]
    .map(on_air);
    let variants = origin.station("variants", Setup { variants: vec![64_000], window: 30, ..stamped(Container::Adts) });
    let attributes: String = (0..600_000).map(|n| format!("A{n}={n},")).collect();
    let many_keys: String = (0..300_000).map(|n| format!("#EXT-X-KEY:METHOD=NONE,IV={n}\n")).collect();
    let long_key = format!("#EXT-X-KEY:METHOD=AES-128,URI=\"{}\"\n", "k".repeat(1 << 20));
    let streams: String = (0..200_000).map(|n| format!("#EXT-X-STREAM-INF:BANDWIDTH=1{n}\nv{n}\n")).collect();
    // The true playlist at the end of half a day of segments that nobody needs.
    let day = Fault::edit_playlist(|text| {
        let (head, rest) = text.split_at(text.find("#EXT-X-PROGRAM").unwrap_or(text.len()));
        let sequence = head.lines().find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:")?.parse::<usize>().ok());
        let first = sequence.unwrap_or_default();
        let head = head.replace(&format!("SEQUENCE:{first}"), &format!("SEQUENCE:{}", first + 80_000));
        let mut all = head;
        for number in first + 80_000..first + 100_000 {
            let _ = writeln!(all, "#EXTINF:2,\n0-{number}.ts");
        }
        all + rest
    });
    let cases = [
        Case::hls("600,000 segments", &s[0])
            .fault(instead(segments(600_000, "", |_| "a".to_owned())))
            .says("more than 50000"),
        Case::hls("2,000,000 lines", &s[1]).fault(instead("#EXTM3U\n#\n".to_owned() + &"#x\n".repeat(2_000_000))),
        Case::hls("600,000 attributes", &s[2]).fault(instead(format!("#EXTM3U\n#EXT-X-KEY:{attributes}\n"))),
        Case::hls("300,000 keys", &s[3]).fault(instead(segments(0, &many_keys, |_| String::new()))),
        Case::hls("a key of 1 MiB for 40,000 segments", &s[4])
            .fault(instead(segments(40_000, &long_key, |n| format!("x{n}.ts"))))
            .says("fill more than"),
        Case::hls("800,000 gaps", &s[5])
            .fault(instead(segments(0, &"#EXT-X-GAP\n".repeat(700_000), |_| String::new()))),
        Case::hls("gzip of 1 GiB", &s[6]).fault(for_10_s(Fault::new(Part::Playlist, Kind::Bomb(128)))),
        Case::hls("redirects without end", &s[7]).fault(for_10_s(Fault::new(Part::Playlist, Kind::Maze))),
        Case::hls("a window of half a day", &s[8]).fault(day),
        Case::hls("segments of 1 GiB in gzip", &s[9])
            .fault(for_10_s(Fault::new(Part::Segment, Kind::Bomb(128)).times_per_url(1))),
        Case::hls("segments behind redirects without end", &s[10])
            .fault(for_10_s(Fault::new(Part::Segment, Kind::Maze).times_per_url(1))),
        Case::hls("200,000 variants", &variants).fault(instead(format!("#EXTM3U\n{streams}"))),
    ];
    turn.record(cases, 24).await;
}

//! The text of playlists (RFC 8216 section 4).

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};

use super::programme::Container;
use super::setup::{ByQuery, ProgrammeTime, Redundant};
use super::station::{Station, View, target_duration};

/// The target duration if the playlist has no lengths.
const UNSAID_TARGET: u64 = 10;
/// A host that is down.
const DOWN: &str = "http://127.0.0.1:1";

/// Returns a master playlist. All variants sound the same; the request log tells which was chosen.
pub(super) fn master(station: &Station, now: DateTime<Utc>) -> String {
    let setup = &station.setup;
    let mut text = "#EXTM3U\n".to_owned();
    let mut says = setup.variant_says.to_owned();
    for (number, attributes) in setup.renditions.iter().enumerate() {
        let uri = format!("r{number}/playlist.m3u8{}", station.signature(now));
        let _ = writeln!(text, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"{number}\",{attributes},URI=\"{uri}\"");
        if number == 0 {
            says += ",AUDIO=\"a\"";
        }
    }
    for bandwidth in &setup.variants {
        let mut line = |address: &str| {
            let _ = writeln!(text, "#EXT-X-STREAM-INF:BANDWIDTH={bandwidth}{says}\n{address}");
        };
        let list = format!("v{bandwidth}/playlist.m3u8{}", station.signature(now));
        match setup.redundant {
            Redundant::HostDown => {
                line(&format!("{DOWN}/{}/{list}", station.name));
                line(&list);
            }
            Redundant::ByQuery => line(&format!("v/playlist.m3u8?bandwidth={bandwidth}")),
            Redundant::No if setup.defines => {
                let _ = writeln!(text, "#EXT-X-DEFINE:NAME=\"folder\",VALUE=\"v{bandwidth}\"");
                let _ = writeln!(
                    text,
                    "#EXT-X-STREAM-INF:BANDWIDTH={bandwidth}{says}\n{{$folder}}/playlist.m3u8?session=0"
                );
            }
            Redundant::No => line(&list),
        }
    }
    text
}

/// Returns a media playlist.
pub(super) fn media(station: &Station, view: &View, now: DateTime<Utc>) -> String {
    let (setup, list) = (&station.setup, &station.sound.list[view.window.clone()]);
    let longest = list.iter().map(|segment| segment.duration).max().unwrap_or_default();
    let act = |index: usize| station.sound.list.get(index).map_or(0, |segment| segment.act);
    let packed = |index: usize| station.sound.acts[act(index)].0;
    let target = if setup.says_lengths { target_duration(longest).max(setup.segment.as_secs()) } else { UNSAID_TARGET };
    let version = if station.sound.acts.iter().any(|act| act.0 == Container::Fmp4) { 7 } else { 4 };
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:{}\n",
        target,
        view.session.base + (view.window.start - view.session.first) as u64,
    );
    if setup.defines {
        text += "#EXT-X-DEFINE:IMPORT=\"folder\"\n#EXT-X-DEFINE:QUERYPARAM=\"session\"\n\
                 #EXT-X-DEFINE:NAME=\"key\",VALUE=\"key-\"\n";
    }
    let mut map = None;
    let mut key = None;
    let (gaps, twice, spots) = {
        let state = station.state();
        (state.gaps.clone(), state.twice.clone(), state.spots.clone())
    };
    for (index, segment) in view.window.clone().zip(list) {
        let sequence = view.sequence(index);
        let mut line = String::new();
        if index == view.session.first && view.session.discontinuity {
            text += "#EXT-X-DISCONTINUITY\n";
        }
        let changes = index > 0 && act(index) != act(index - 1);
        if spots.contains_key(&sequence) != spots.contains_key(&sequence.wrapping_sub(1)) {
            text += "#EXT-X-DISCONTINUITY\n";
        }
        if changes && setup.mix.as_ref().is_some_and(|mix| mix.announced) {
            text += "#EXT-X-DISCONTINUITY\n";
        }
        // Before any key, so that the initialisation section itself is not encrypted.
        if packed(index) == Container::Fmp4 && map != Some(act(index)) {
            map = Some(act(index));
            let _ = writeln!(text, "#EXT-X-MAP:URI=\"init-{}.mp4\"", act(index));
        }
        if let Some(encryption) = setup.encryption {
            let number = sequence / encryption.rotate_every;
            if encryption.explicit_iv || key != Some(number) {
                key = Some(number);
                let tag = encryption.tag(sequence);
                text += &if setup.defines { tag.replace("key-", "{$key}") } else { tag };
            }
        }
        let every = setup.programme_time == ProgrammeTime::Every;
        if every || setup.programme_time == ProgrammeTime::First && index == view.window.start {
            let time = (segment.begins + setup.clock_error).to_rfc3339_opts(SecondsFormat::Millis, true);
            let _ = writeln!(text, "#EXT-X-PROGRAM-DATE-TIME:{time}");
        }
        if gaps.contains(&sequence) {
            text += "#EXT-X-GAP\n";
        }
        let length = if setup.says_lengths { segment.duration.as_seconds_f64() } else { -1.0 };
        let _ = writeln!(line, "#EXTINF:{length:.3},");
        let extension = packed(index).extension();
        if setup.byte_ranges {
            let place = station.place(index);
            let _ = writeln!(line, "#EXT-X-BYTERANGE:{}@{}\nall.{extension}", place.len(), place.start);
        } else {
            let session = if setup.same_names { String::new() } else { format!("{}-", view.number) };
            let name = format!("{session}{sequence}.{extension}");
            let token = now.timestamp_micros();
            let _ = match setup.by_query {
                None if setup.defines => writeln!(line, "../{{$folder}}/{{$session}}-{sequence}.{extension}"),
                None => writeln!(line, "{name}"),
                Some(ByQuery::Plain) => writeln!(line, "segment?name={name}"),
                Some(ByQuery::Token) => writeln!(line, "segment?token={token}&name={name}"),
                Some(ByQuery::TokenEach) => writeln!(line, "segment?token={token}-{sequence}&name={name}"),
            };
        }
        text += &line;
        if twice.contains(&sequence) {
            text += &line;
        }
    }
    if view.ended {
        text += "#EXT-X-ENDLIST\n";
    }
    text
}

//! The text of playlists (RFC 8216 section 4).

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};

use super::programme::Container;
use super::setup::{ByQuery, ProgrammeTime};
use super::station::{Station, View, iv, target_duration};

/// A master playlist. All variants sound the same; the request log tells which was chosen.
pub(super) fn master(station: &Station, now: DateTime<Utc>) -> String {
    let mut text = "#EXTM3U\n".to_owned();
    for bandwidth in &station.setup.variants {
        let signature = station.signature(now);
        let _ = writeln!(
            text,
            "#EXT-X-STREAM-INF:BANDWIDTH={bandwidth},CODECS=\"mp4a.40.2\"\nv{bandwidth}/playlist.m3u8{signature}"
        );
    }
    text
}

/// A media playlist.
pub(super) fn media(station: &Station, view: &View, now: DateTime<Utc>) -> String {
    let (setup, list) = (&station.setup, &station.sound.list[view.window.clone()]);
    let longest = list.iter().map(|segment| segment.duration).max().unwrap_or_default();
    let act = |index: usize| station.sound.list.get(index).map_or(0, |segment| segment.act);
    let packed = |index: usize| station.sound.acts[act(index)].0;
    let version = if station.sound.acts.iter().any(|act| act.0 == Container::Fmp4) { 7 } else { 4 };
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:{}\n",
        target_duration(longest).max(setup.segment.as_secs()),
        view.session.base + (view.window.start - view.session.first) as u64,
    );
    let mut map = None;
    let mut key = None;
    let (gaps, twice) = {
        let state = station.state();
        (state.gaps.clone(), state.twice.clone())
    };
    for (index, segment) in view.window.clone().zip(list) {
        let sequence = view.sequence(index);
        let mut line = String::new();
        if index == view.session.first && view.session.discontinuity {
            text += "#EXT-X-DISCONTINUITY\n";
        }
        let changes = index > 0 && act(index) != act(index - 1);
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
                let _ = write!(text, "#EXT-X-KEY:METHOD=AES-128,URI=\"key-{number}.bin\"");
                if encryption.explicit_iv {
                    let _ = write!(text, ",IV=0x{:032X}", u128::from_be_bytes(iv(sequence, true)));
                }
                text.push('\n');
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
        let _ = writeln!(line, "#EXTINF:{:.3},", segment.duration.as_seconds_f64());
        let extension = packed(index).extension();
        if setup.byte_ranges {
            let place = station.place(index);
            let _ = writeln!(line, "#EXT-X-BYTERANGE:{}@{}\nall.{extension}", place.len(), place.start);
        } else {
            let session = if setup.same_names { String::new() } else { format!("{}-", view.number) };
            let name = format!("{session}{sequence}.{extension}");
            let token = now.timestamp_micros();
            let _ = match setup.by_query {
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

use std::fmt::Write as _;

use super::super::playlist::Playlist;
use super::*;

/// A station whose lists are written as `5: a b !c d@30 END`: the first number, then names of 2 s segments, `!` for a
/// discontinuity before it, `@` for its date in seconds after the start; `D1` for a discontinuity sequence.
struct Station {
    timeline: Timeline,
    url: Url,
    seconds: i64,
    /// The address of a segment by its name and the moment of the reload.
    address: fn(&str, i64) -> String,
}

/// Addresses that differ only in their query: alone, with a token that changes with every reload, and with one that
/// also differs for each segment.
const BY_QUERY: [fn(&str, i64) -> String; 5] = [
    |name, _| format!("seg.php?n={name}"),
    |name, reload| format!("seg.php?t={reload}&n={name}&v=1"),
    |name, reload| format!("seg.php?t={reload}-{name}&n={name}"),
    |name, reload| format!("/proxy?u=http%3A%2F%2Fh%2F{name}.aac%3Ft%3D{reload}"),
    |name, reload| format!("seg.php?{name}&{reload}"),
];

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

impl Station {
    fn since(seconds: i64) -> Self {
        Self {
            timeline: Timeline::new(at(seconds)),
            url: Url::parse("http://h/live/list.m3u8").unwrap(),
            seconds: 100,
            address: |name, _| format!("{name}.aac"),
        }
    }

    fn by_query(address: fn(&str, i64) -> String) -> Self {
        Self { address, ..Self::new() }
    }

    fn new() -> Self {
        Self::since(0)
    }

    /// One reload, 2 s after the one before.
    fn observe(&mut self, list: &str) -> Observed {
        self.seconds += 2;
        let (first, rest) = list.split_once(':').unwrap();
        let mut text = format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:{first}\n");
        for word in rest.split_whitespace() {
            if word == "END" {
                text.push_str("#EXT-X-ENDLIST\n");
                continue;
            }
            if let Some(number) = word.strip_prefix('D') {
                writeln!(text, "#EXT-X-DISCONTINUITY-SEQUENCE:{number}").unwrap();
                continue;
            }
            let (word, mark) = word.strip_prefix('!').map_or((word, ""), |word| (word, "#EXT-X-DISCONTINUITY\n"));
            let (name, date) = word.split_once('@').map_or((word, None), |(name, date)| (name, Some(date)));
            text.push_str(mark);
            if let Some(date) = date {
                writeln!(text, "#EXT-X-PROGRAM-DATE-TIME:{}", at(date.parse().unwrap()).to_rfc3339()).unwrap();
            }
            writeln!(text, "#EXTINF:2,\n{}", (self.address)(name, self.seconds)).unwrap();
        }
        let Playlist::Media(list) = Playlist::read(text.as_bytes(), &self.url).unwrap() else { panic!("a master") };
        let monotonic = Duration::from_secs(self.seconds.unsigned_abs());
        self.timeline.observe(&list, &self.url, at(self.seconds), monotonic)
    }

    /// What a reload brings: names in order, `!` for a discontinuity, `?` for doubt.
    fn new_in(&mut self, list: &str) -> String {
        let observed = self.observe(list);
        let names = list.split_whitespace().filter_map(|word| word.trim_start_matches('!').split('@').next());
        let by_address: HashMap<_, _> =
            names.map(|name| (self.url.join(&(self.address)(name, self.seconds)).unwrap(), name)).collect();
        let words = observed.new.into_iter().map(|new| {
            let name = by_address[&new.segment.url];
            format!("{}{name}{}", if new.discontinuity { "!" } else { "" }, if new.doubtful { "?" } else { "" })
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn a_window_slides() {
    let mut station = Station::new();
    assert_eq!(station.new_in("5: a b c"), "!a b c");
    assert_eq!(station.new_in("5: a b c"), "");
    assert_eq!(station.new_in("6: b c d"), "d");
    assert_eq!(station.new_in("9: e f g"), "e f g");
    assert_eq!(station.new_in("9: e f g !h"), "!h");
}

#[test]
fn a_window_slides_where_only_queries_tell_its_segments_apart() {
    for address in BY_QUERY {
        let mut station = Station::by_query(address);
        assert_eq!(station.new_in("5: a b c"), "!a b c");
        assert_eq!(station.new_in("5: a b c"), "");
        assert_eq!(station.new_in("6: b c d"), "d");
        assert_eq!(station.observe("5: a b c").reading, Reading::Behind);
        assert_eq!(station.new_in("9: e f g"), "e f g");
        assert_eq!(station.new_in("9: e f g !h"), "!h");
        assert_eq!(station.new_in("11: g !h i j k l"), "i j k l");
        // A list with one segment does not show what its queries mean.
        let mut station = Station::by_query(address);
        assert_eq!(station.new_in("0: a"), "!a");
        assert_eq!(station.new_in("0: a b"), "b");
        assert_eq!(station.new_in("0: a b c"), "c");
    }
}

#[test]
fn queries_that_stay_the_same_recognise_a_segment_under_another_number() {
    for address in [BY_QUERY[0], BY_QUERY[1]] {
        let mut station = Station::by_query(address);
        assert_eq!(station.new_in("100: a b c d e f"), "!a b c d e f");
        // Back by three: each number but one is that of another segment before.
        assert_eq!(station.new_in("98: b c d e f g"), "g");
        assert_eq!(station.new_in("0: d e f g h i"), "h i");
        // Listed twice, which shifts the numbers.
        assert_eq!(station.new_in("1: e f g g h i j"), "j");
    }
}

#[test]
fn older_copies_are_ignored() {
    let mut station = Station::new();
    assert_eq!(station.new_in("5: a b c"), "!a b c");
    assert_eq!(station.new_in("6: b c d"), "d");
    assert_eq!(station.observe("5: a b c").reading, Reading::Behind);
    assert_eq!(station.new_in("7: c d e"), "e");
    assert_eq!(station.observe("4: z a b").reading, Reading::Behind);
    assert_eq!(station.new_in("8: d e f"), "f");
    // An old copy that does not move is no new beginning, however long it lasts.
    for _ in 0..20 {
        assert_eq!(station.observe("6: b c d").reading, Reading::Behind);
    }
    assert_eq!(station.new_in("9: e f g"), "g");
}

#[test]
fn a_sequence_that_starts_anew_is_followed() {
    let mut station = Station::new();
    assert_eq!(station.new_in("105: a b c"), "!a b c");
    // New names, with and without the mark, are believed at once.
    assert_eq!(station.new_in("0: p q"), "!p? q?");
    assert_eq!(station.new_in("0: p q r"), "r");
    assert_eq!(station.new_in("0: !x y"), "!x? y?");
    // With old names under new numbers the window goes on.
    assert_eq!(station.new_in("500: y z"), "!y? z?");
    assert_eq!(station.new_in("0: y z w"), "w");
    assert_eq!(station.new_in("1: z w !v"), "!v");
}

#[test]
fn reused_names_and_numbers_are_recognised_by_dates() {
    let mut station = Station::new();
    assert_eq!(station.new_in("0: a@90 b@92 c@94"), "!a b c");
    assert_eq!(station.new_in("0: a@100 b@102"), "!a? b?");
    assert_eq!(station.new_in("0: a@100 b@102 c@104"), "c");
}

#[test]
fn dates_that_go_back_tell_nothing_apart_before_they_have_proved_to_be_good() {
    // They stand still, the window moves on by four, and a spot is every other segment.
    let mut station = Station::new();
    assert_eq!(station.new_in("3: s@72 b@74 s@76 d@78 s@80 f@82"), "!s b s d s f");
    assert_eq!(station.new_in("7: s@72 f@74 g@76 h@78"), "f? g h");
}

#[test]
fn reused_names_and_numbers_are_believed_if_the_window_is_that_of_a_start() {
    let mut station = Station::new();
    assert_eq!(station.new_in("0: a b c d e f"), "!a b c d e f");
    // Segments that may have come before are handed out in doubt: five of the six lay ahead of `a`.
    assert_eq!(station.new_in("0: a"), "!a?");
    assert_eq!(station.new_in("0: a b"), "b?");
    assert_eq!(station.new_in("0: a b c d e f"), "c? d? e? f?");
    assert_eq!(station.new_in("1: b c d e f g"), "g");
}

#[test]
fn a_list_torn_in_its_middle_costs_no_sound_if_taken_for_a_restart() {
    let mut station = Station::new();
    assert_eq!(station.new_in("0: a b c d e f"), "!a b c d e f");
    assert_eq!(station.new_in("0: a b c"), "!a? b? c?");
    assert_eq!(station.new_in("1: b c d e f g"), "d? e? f? g");
    // Dates distinguish a torn list from a restart.
    let mut station = Station::new();
    assert_eq!(station.new_in("0: a@90 b@92 c@94 d@96 e@98 f@100"), "!a b c d e f");
    assert_eq!(station.observe("0: a@90 b@92 c@94").reading, Reading::Behind);
    assert_eq!(station.new_in("1: b@92 c@94 d@96 e@98 f@100 g@102"), "g");
}

#[test]
fn an_older_copy_never_hands_out_sound_from_before_the_capture() {
    let mut station = Station::since(99);
    assert_eq!(station.new_in("10: a b c d e f"), "!d e f");
    assert_eq!(station.observe("8: y z a b c d").new.len(), 0);
    // It moves on, and is believed; but of what it names only `d` and `e` were ever asked for.
    assert_eq!(station.new_in("9: z a b c d e"), "!d? e?");
}

#[test]
fn reused_names_and_numbers_are_believed_once_they_move_on() {
    let mut station = Station::new();
    assert_eq!(station.new_in("10: a b c d"), "!a b c d");
    assert_eq!(station.new_in("10: a b c"), "");
    assert_eq!(station.new_in("9: z a b"), "!a? b?");
    assert_eq!(station.new_in("9: z a b c"), "c?");
}

#[test]
fn marks_tell_a_new_beginning_at_once() {
    let mut station = Station::new();
    assert_eq!(station.new_in("0: a b c d"), "!a b c d");
    assert_eq!(station.new_in("0: D1 a b"), "!a? b?");
    let mut station = Station::new();
    assert_eq!(station.new_in("0: a b c d"), "!a b c d");
    assert_eq!(station.new_in("0: !a"), "!a?");
    assert_eq!(station.new_in("0: !a b"), "b");
    let mut station = Station::new();
    assert_eq!(station.new_in("0: a b c END"), "!a b c");
    assert_eq!(station.new_in("0: a b c END"), "");
    assert_eq!(station.new_in("0: a"), "!a?");
    assert_eq!(station.new_in("0: a b"), "b");
}

#[test]
fn an_end_is_not_the_end() {
    let mut station = Station::new();
    assert_eq!(station.new_in("5: a b END"), "!a b");
    assert_eq!(station.new_in("0: p q"), "!p? q?");
}

#[test]
fn a_name_listed_twice_is_had_once_even_when_it_shifts_the_numbers() {
    let mut station = Station::new();
    assert_eq!(station.new_in("5: a b b c"), "!a b c");
    assert_eq!(station.new_in("6: b b c d"), "d");
    assert_eq!(station.new_in("7: c d e"), "e");
    assert_eq!(station.new_in("8: d e f"), "f");
}

#[test]
fn names_that_go_round_are_new() {
    let mut station = Station::new();
    assert_eq!(station.new_in("0: a b c"), "!a b c");
    assert_eq!(station.new_in("1: b c d"), "d");
    assert_eq!(station.new_in("2: c d a"), "a");
    assert_eq!(station.new_in("3: d a b"), "b");
    assert_eq!(station.new_in("6: c d a"), "c d a");
    assert_eq!(station.new_in("12: b c d"), "!b c d");
    assert_eq!(station.new_in("99: b c d"), "!b? c? d?");
}

#[test]
fn a_spot_that_soon_comes_again_says_nothing_against_the_numbers() {
    let mut station = Station::new();
    assert_eq!(station.new_in("0: a s t u"), "!a s t u");
    assert_eq!(station.new_in("3: u b s t"), "b s t");
}

#[test]
fn a_clock_that_is_set_back_hides_nothing_of_a_station_that_renames() {
    let mut station = Station::new();
    assert_eq!(station.new_in("0: a@90 b@92 c@94 d@96"), "!a b c d");
    assert_eq!(station.new_in("2: c2@94 d2@96 !e2@95 f2@97 g2@99"), "!e2 f2 g2");
    assert_eq!(station.new_in("7: h3@71 i3@73"), "h3 i3");
}

#[test]
fn a_jump_past_the_window_breaks_media_time() {
    let mut station = Station::new();
    assert_eq!(station.new_in("5: a b c"), "!a b c");
    let jump = station.observe("20: p q");
    assert_eq!(jump.reading, Reading::Jumped(Some(12)));
    assert!(jump.new[0].discontinuity && !jump.new[1].discontinuity);
}

#[test]
fn another_address_continues_by_names_dates_or_numbers() {
    let mut station = Station::new();
    assert_eq!(station.new_in("5: a b c"), "!a b c");
    station.url = Url::parse("http://other/live/list.m3u8?token=2").unwrap();
    assert_eq!(station.new_in("6: b c d"), "d");
    station.url = Url::parse("http://other/session2/list.m3u8").unwrap();
    assert_eq!(station.new_in("7: c d e"), "e");
    station.url = Url::parse("http://other/session3/list.m3u8").unwrap();
    assert_eq!(station.new_in("8: w3_d w3_e w3_f"), "w3_f");
    let mut station = Station::new();
    assert_eq!(station.new_in("5: a@90 b@92 c@94"), "!a b c");
    station.url = Url::parse("http://other/session2/list.m3u8").unwrap();
    assert_eq!(station.new_in("77: q@92 r@94 s@96"), "!s?");
}

#[test]
fn the_start_lies_as_far_back_as_it_should() {
    // The reload is at 102; dates say that the newest ended at 100.
    let dated = "0: a@90 b@92 c@94 d@96 e@98";
    assert_eq!(Station::since(0).new_in(dated), "!a b c d e");
    assert_eq!(Station::since(95).new_in(dated), "!b c d e");
    assert_eq!(Station::since(96).new_in(dated), "!c d e");
    assert_eq!(Station::since(500).new_in(dated), "!d e");
    // Without dates the newest ends now at the latest.
    let bare = "0: a b c d e";
    assert_eq!(Station::since(95).new_in(bare), "!a b c d e");
    assert_eq!(Station::since(97).new_in(bare), "!b c d e");
    assert_eq!(Station::since(500).new_in(bare), "!d e");
    assert_eq!(Station::since(500).new_in("7: a"), "!a");
}

#[test]
fn dates_are_believed_near_our_clock_only() {
    let mut station = Station::new();
    assert!(station.observe("0: a@98").new[0].segment.programme_time.is_some());
    let mut station = Station::new();
    assert!(station.observe("0: a@-30").new[0].segment.programme_time.is_none());
    assert!(station.observe("0: a@-30 b@102").new[0].segment.programme_time.is_some());
}

#[test]
fn offered_segments_have_their_newest_address() {
    let mut station = Station::new();
    let first = station.observe("5: a b c");
    station.url = Url::parse("http://other/live/list.m3u8").unwrap();
    let offered = station.observe("6: b c d").offered.unwrap();
    assert!(!offered.contains_key(&first.new[0].order));
    assert_eq!(offered[&first.new[1].order].url.as_str(), "http://other/live/b.aac");
    assert!(station.observe("5: a b c").offered.is_none());
}

#[test]
fn an_empty_list_is_nothing_new() {
    let mut station = Station::new();
    assert_eq!(station.new_in("0:"), "");
    assert_eq!(station.new_in("5: a"), "!a");
    assert_eq!(station.new_in("0:"), "");
    assert_eq!(station.new_in("6: b"), "b");
}

#[test]
fn a_segment_that_is_listed_again_with_a_mark_is_doubtful() {
    let mut station = Station::new();
    assert_eq!(station.new_in("5: a b c"), "!a b c");
    assert_eq!(station.new_in("5: a b !c d"), "!c? d");
}

#[test]
fn an_address_under_a_new_number_is_on_the_air_again() {
    let mut station = Station::new();
    assert_eq!(station.new_in("10: !x y !a b c d e f"), "!x y !a b c d e f");
    // Both airings are in one window, and later the first one is remembered.
    assert_eq!(station.new_in("11: y !a b c d e f !x"), "!x");
    assert_eq!(station.new_in("12: !a b c d e f !x y"), "y");
    assert_eq!(station.new_in("13: b c d e f !x y !g"), "!g");
    assert_eq!(station.new_in("14: c d e f !x y !g x"), "x");
}

#[test]
fn a_slate_that_is_listed_again_and_again_plays_as_often() {
    let mut station = Station::new();
    assert_eq!(station.new_in("10: a b c"), "!a b c");
    assert_eq!(station.new_in("11: b c !s"), "!s");
    assert_eq!(station.new_in("12: c !s s"), "s");
    assert_eq!(station.new_in("13: !s s s"), "s");
    assert_eq!(station.new_in("14: s s s"), "s");
    assert_eq!(station.new_in("15: s s !d"), "!d");
}

#[test]
fn names_that_are_new_with_every_answer_cost_doubt_once() {
    let mut station = Station::new();
    assert_eq!(station.new_in("5: a1 b1 c1 d1"), "!a1 b1 c1 d1");
    assert_eq!(station.new_in("6: b2 c2 d2 e2"), "!b2? c2? d2? e2?");
    assert_eq!(station.new_in("6: b3 c3 d3 e3"), "");
    assert_eq!(station.new_in("8: d4 e4 f4 g4"), "f4 g4");
    // A station that starts again goes on with the names that it has.
    assert_eq!(station.new_in("0: p q"), "!p? q?");
    assert_eq!(station.new_in("0: p q r"), "r");
}

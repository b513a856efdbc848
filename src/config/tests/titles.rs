//! What is written of the titles of a station.

use super::*;

#[test]
fn the_titles_of_a_station_have_a_delay_and_patterns_of_what_is_no_track() {
    let station = |titles: &str| format!("stations:\n  s: {{ hls: https://h.example/x.m3u8, titles: {titles} }}\n");
    let rule = |titles: &str| parse(&station(titles)).stations.iter().next().unwrap().titles.clone();
    let several = rule("{ delay: -5s, leave_out: ['^Werbung', 'KBS$'] }");
    assert_eq!(several.delay.num_seconds(), -5);
    assert!(several.leaves_out("Werbung!") && several.leaves_out("KBS") && !several.leaves_out("A - KBS B"));
    assert!(rule("{ leave_out: '^(Werbung|KBS)' }").leaves_out("KBS 1FM"));
    assert!(!rule("{ delay: 5s }").leaves_out("KBS"));

    let (line, column, message, hint) = only(&station("{ leave_out: ['^KBS', 'KBS ('] }"));
    assert_eq!((line, column), (2, 69), "where the wrong pattern stands");
    assert!(message.contains("unclosed group") && hint.contains('\\'), "{message}: {hint}");
    assert!(only(&station("{ delay: -5 }")).3.contains("-5s"));
    assert!(only(&station("{ every: 10s }")).3.contains("it can have `delay` or `leave_out`"));
}

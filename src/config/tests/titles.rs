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
    assert!(only(&station("{ often: 10s }")).3.contains("it can have `delay`, `leave_out`, `find` or `every`"));
}

#[test]
fn titles_are_asked_for_by_the_steps_that_streams_are_found_by() {
    let station = |titles: &str| format!("stations:\n  s: {{ hls: https://h.example/x.m3u8, titles: {titles} }}\n");
    let rule = |titles: &str| parse(&station(titles)).stations.iter().next().unwrap().titles.clone();
    let steps = "[{ get: https://h.example/now }, { json: $.now }]";
    let asked = rule(&format!("{{ find: {steps}, every: 1m }}")).asked.unwrap();
    assert_eq!((asked.steps.len(), asked.every.as_secs()), (2, 60));
    assert_eq!(rule(&format!("{{ find: {steps} }}")).asked.unwrap().every.as_secs(), 20);
    assert!(rule("{ delay: 5s }").asked.is_none());

    let hint = |titles: &str| only(&station(titles)).3;
    assert!(hint("{ every: 10s }").contains("add `find:`"));
    assert_eq!(hint(&format!("{{ find: {steps}, every: 2s }}")), "write `5s`");
    assert_eq!(hint(&format!("{{ find: {steps}, every: 1h }}")), "write `10m`");
    assert!(hint("{ find: [{ json: $.now }] }").contains("begin with `- get: https://…`"));
    assert!(hint("{ find: [{ get: https://h.example/now }, { json: now.text }] }").contains("$.now.text"));
    assert!(hint("{ find: [] }").contains("begin with `- get: https://…`"));
    assert!(hint("{ find: https://h.example/now }").contains("- get: https://…"));
}

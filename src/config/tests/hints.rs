//! Mistakes of which a naive parser says something that leads astray.

use super::*;

#[test]
fn what_an_editor_does_not_show_is_told_where_it_stands() {
    let show = |indent: &str, title: &str| {
        with_station(&format!(
            "shows:\n  - title: {title}\n{indent}station: s\n    cron: \"0 9 * * *\"\n    length: 1h\n"
        ))
    };
    for (indent, column) in [("\u{a0}   ", 1), ("    \u{a0}", 5), ("\u{3000}\u{3000}", 1), ("  \u{3000}", 3)] {
        let errors = wrong(&show(indent, "News"));
        let first = &errors.problems[0];
        assert_eq!((first.line, first.column), (5, column), "{indent:?}: {errors}");
        assert!(first.message.contains("not take for a space"), "{indent:?}: {errors}");
    }
    assert_eq!(wrong(&show("\u{a0}   ", "News")).problems.len(), 1);
    let (line, column, message, hint) = only(&show("    ", "Ne\u{1b}ws"));
    assert_eq!((line, column), (4, 14), "{message}");
    assert!(message.contains("U+001B") && hint.contains("out"), "{message} / {hint}");
    // Inside a text it is a letter like others.
    assert_eq!(parse(&show("    ", "아침\u{3000}뉴스")).shows[0].title, "아침\u{3000}뉴스");
}

#[test]
fn who_switches_the_page_off_is_told_how() {
    for text in ["web: off\n", "web: false\n", "web: { listen: false }\n", "web: no\n"] {
        assert_eq!(only(&with_station(text)).3, "to switch it off, write `web: { listen: off }`", "{text}");
    }
    assert_eq!(only(&with_station("dead_air: off\n")).3, "to switch it off, write `dead_air: false`");
    assert_eq!(only(&with_station("web: { listen: true }\n")).3, "write for example `listen: 127.0.0.1:8080`");
}

#[test]
fn an_id_that_cannot_be_is_answered_in_the_same_way_at_the_station_and_at_its_shows() {
    let text = |station: &str| {
        format!(
            "stations:\n  k bs: {{ name: KBS 1FM, hls: https://h/x }}\nshows:\n  \
             - {{ title: News, station: {station}, cron: \"0 9 * * *\", length: 1h }}\n"
        )
    };
    for station in ["k bs", "kbs", "KBS 1FM"] {
        let errors = wrong(&text(station));
        let hints: Vec<_> = errors.problems.iter().map(|it| it.hint.clone().unwrap_or_default()).collect();
        assert!(hints.len() == 2 && hints.iter().all(|hint| hint.starts_with("write `k-bs`")), "{station}: {errors}");
    }
    assert_eq!(only(&text("k-bs")).0, 2);
}

#[test]
fn typographic_quotes_are_told_where_they_cannot_be_meant() {
    let show = |title: &str, cron: &str, length: &str| {
        let keys = format!("title: {title}\n    station: s\n    cron: {cron}\n    length: {length}");
        with_station(&format!("shows:\n  - {keys}\n"))
    };
    let (line, column, message, hint) = only(&show("News", "“0 18 * * 1-5”", "1h"));
    assert_eq!((line, column), (6, 11), "{message}");
    assert!(message.contains("typographic"), "{message}");
    assert_eq!(hint, "write plain `\"`: `cron: \"0 18 * * 1-5\"`");
    assert_eq!(only(&show("News", "\"0 9 * * *\"", "‘1h’")).3, "write plain `\"`: `length: \"1h\"`");
    assert_eq!(parse(&show("“Heroes”", "\"0 9 * * *\"", "1h")).shows[0].title, "“Heroes”");
}

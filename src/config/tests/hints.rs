//! Mistakes for which a plain parser gives a misleading message.

use std::fmt::Write as _;

use super::*;

#[test]
fn characters_that_an_editor_does_not_show_are_reported_where_they_are() {
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
    // In a text it is a letter like any other.
    assert_eq!(parse(&show("    ", "아침\u{3000}뉴스")).shows[0].title, "아침\u{3000}뉴스");
}

#[test]
fn a_wrong_way_to_switch_the_page_off_is_answered_with_the_right_one() {
    for text in ["web: off\n", "web: false\n", "web: { listen: false }\n", "web: no\n"] {
        assert_eq!(only(&with_station(text)).3, "to switch it off, write `web: { listen: off }`", "{text}");
    }
    assert_eq!(only(&with_station("dead_air: off\n")).3, "to switch it off, write `dead_air: false`");
    assert_eq!(only(&with_station("web: { listen: true }\n")).3, "write for example `listen: 127.0.0.1:8080`");
}

#[test]
fn a_wrong_id_has_one_suggestion_at_the_station_and_at_its_shows() {
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
fn one_suggestion_is_proposed_once() {
    let show = |length: &str| {
        with_station(&format!("shows:\n  - {{ title: News, station: s, cron: \"0 9 * * *\", length: \"{length}\" }}\n"))
    };
    for length in ["１h", "１ｈ"] {
        let hint = only(&show(length)).3;
        assert_eq!(hint, "write `1h`", "{length}");
    }
}

#[test]
fn typographic_quotes_are_reported_if_they_cannot_be_meant() {
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

/// A station and a show with these keys, each in a line.
fn show_of(keys: &str) -> String {
    with_station(&format!("shows:\n  - title: News\n{keys}    station: s\n    length: 1h\n"))
}

#[test]
fn a_tab_after_a_colon_is_reported() {
    let (line, column, message, hint) = only(&show_of("    cron:\t0 9 * * *\n"));
    assert_eq!((line, column, hint.as_str()), (5, 10, "write `cron: 0 9 * * *`"), "{message}");
    assert!(message.starts_with("a tab stands after this colon"), "{message}");
}

#[test]
fn a_full_width_colon_is_the_only_problem_wherever_it_stands() {
    for (text, line, hint) in [
        (show_of("    cron： \"0 9 * * *\"\n"), 5, "write `cron: \"0 9 * * *\"`"),
        (
            with_station("shows:\n  - title：News\n    station: s\n    cron: \"0 9 * * *\"\n    length: 1h\n"),
            4,
            "write `title: News`",
        ),
        (with_station("timezone：Asia/Seoul\n"), 3, "write `timezone: Asia/Seoul`"),
    ] {
        let (at, _, message, told) = only(&text);
        assert_eq!((at, told.as_str()), (line, hint), "{message}");
        assert!(message.contains("full-width"), "{message}");
    }
    let errors = wrong(&with_station("shows: [{ title：News, station: s, cron: \"0 9 * * *\", length: 1h }]\n"));
    assert_eq!(errors.problems[0].hint.as_deref(), Some("write `title: News`"), "{errors}");
    // In a title it is a letter.
    let text = show_of("    cron: \"0 9 * * *\"\n").replace("News", "오늘：아침");
    assert_eq!(parse(&text).shows[0].title, "오늘：아침");
}

#[test]
fn keys_that_shows_have_in_common_can_be_written_once() {
    let config = parse(
        "x-usual: &usual { station: s, length: 1h, tags: { genre: News } }\nx-late: &late { late: 5m, length: 2h }\n\
         stations:\n  s: &station { hls: https://h.example/x, timezone: Asia/Seoul }\n  t: { <<: *station, timezone: Europe/Paris }\n\
         shows:\n  - { <<: *usual, title: One, cron: \"0 9 * * *\" }\n  - { title: Two, cron: \"0 9 * * *\", length: 30m, <<: *usual }\n  \
         - { <<: [*late, *usual], title: Three, cron: \"0 9 * * *\", station: t }\n",
    );
    let lengths: Vec<u64> = config.shows.iter().map(|show| show.length.as_secs() / 60).collect();
    assert_eq!(lengths, [60, 30, 120]);
    let three = &config.shows[2];
    assert_eq!((three.late.as_secs(), three.station.as_str(), three.timezone.name()), (300, "t", "Europe/Paris"));
    assert_eq!(three.tags.genre.source(), "News");
    // Merged keys are checked, and reported where they are written.
    let errors = wrong(
        "x-usual: &usual { station: s, lenght: 1h }\nstations:\n  s: { hls: https://h.example/x }\nshows:\n  \
         - { <<: *usual, title: One, cron: \"0 9 * * *\" }\n",
    );
    assert_eq!((errors.problems[0].line, errors.problems[0].hint.as_deref()), (1, Some("write `length`")), "{errors}");
    let (line, _, message, _) = only(&with_station("shows:\n  - { <<: usual, title: One }\n"));
    assert_eq!((line, message.starts_with("`<<` takes over the keys of an anchor")), (4, true), "{message}");
    let (line, _, message, hint) = only(&with_station("shows:\n  - <<: *usual\n    title: One\n"));
    assert_eq!((line, message.as_str()), (4, "there is no anchor `&usual` above this alias"), "{hint}");
    // Keys of the user's own stand only at the top of the file, where they hide no misspelt key.
    assert!(only(&show_of("    cron: \"0 9 * * *\"\n    x-note: a\n")).2.contains("is not a key"));
}

#[test]
fn endless_and_excessive_aliases_are_refused_without_cost() {
    let (line, _, message, hint) = only("stations: &a { s: *a }\n");
    assert_eq!((line, message.contains("has no end")), (1, true), "{message} / {hint}");
    let mut bomb = "x-0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let alias = format!("*a{}", level - 1);
        let aliases = [alias.as_str(); 10].join(", ");
        writeln!(bomb, "x-{level}: &a{level} [{aliases}]").unwrap();
    }
    let (line, _, message, _) = only(&with_station(&bomb));
    assert!((4..10).contains(&line) && message.contains("repeat more than"), "{line}: {message}");
}

#[test]
fn the_address_of_the_page_has_neither_a_password_nor_a_query() {
    let hint = |url: &str| only(&with_station(&format!("web: {{ base_url: \"{url}\" }}\n"))).3;
    assert_eq!(hint("http://me:secret@localhost/radio/"), "write `http://localhost/radio/`");
    assert_eq!(hint("http://localhost/radio/?x=1#y"), "write `http://localhost/radio/`");
    assert_eq!(hint("http://localhost/api/"), "write `http://localhost/radio/`");
}

#[test]
fn text_is_equal_in_every_unicode_normal_form() {
    // A Mac saves é and 명 in parts.
    let (composed, parts) = ("Caf\u{e9} 명", "Cafe\u{301} \u{1106}\u{1167}\u{11bc}");
    let show = |title: &str| format!("  - {{ title: {title}, station: s, cron: \"0 9 * * *\", length: 1h }}\n");
    let config = parse(&with_station(&format!("shows:\n{}", show(parts))));
    assert_eq!((config.shows[0].title.as_str(), config.shows[0].id.as_str()), (composed, "caf\u{e9}-명"));
    let (line, _, message, _) = only(&with_station(&format!("shows:\n{}{}", show(composed), show(parts))));
    assert_eq!((line, message.contains("has the id")), (5, true), "{message}");
    let (_, _, message, _) =
        only("stations:\n  caf\u{e9}: { hls: https://h/x }\n  cafe\u{301}: { hls: https://h/y }\n");
    assert!(message.contains("stands twice"), "{message}");
    // A show may write its station in another form.
    let text = "stations:\n  cafe\u{301}: { hls: https://h/x }\nshows:\n  - { title: T, station: caf\u{e9}, cron: \"0 9 * * *\", length: 1h }\n";
    assert_eq!(parse(text).shows[0].station, parse(text).stations[0].id);
}

#[test]
fn names_titles_and_ids_have_one_limit() {
    let long = "가".repeat(201);
    let most = "가".repeat(200);
    let text = |name: &str, id: &str, title: &str| {
        format!(
            "stations:\n  {id}: {{ name: {name}, hls: https://h/x }}\nshows:\n  - {{ title: {title}, station: {id}, cron: \"0 9 * * *\", length: 1h }}\n"
        )
    };
    parse(&text(&most, &most, &most));
    assert!(only(&text(&long, "s", "t")).2.contains("`name` has 201 characters, and the most is 200"));
    assert!(only(&text("n", "s", &long)).2.contains("`title` has 201 characters"));
    assert!(wrong(&text("n", &long, "t")).problems[0].message.contains("this id has 201 characters"));
}

#[test]
fn a_template_is_tried_with_the_shows_that_use_it() {
    let show = |title: &str, id: &str| {
        format!("  - {{ title: {title}, id: {id}, station: s, cron: \"0 9 * * *\", length: 1h }}\n")
    };
    let file = |name: &str, shows: &str| with_station(&format!("name: \"{name}\"\nshows:\n{shows}"));
    // A branch that only one show takes.
    let branch = "{% if show_id == 'show' %}{{ show }}{% else %}{{ start | format('%Y') }}{% endif %}";
    let (line, _, message, _) = only(&file(branch, &(show("Show", "show") + &show("Evening News", "news"))));
    assert_eq!((line, message.contains("for the show `Evening News`")), (3, true), "{message}");
    parse(&file(branch, &show("Show", "show")));
    // The second word of a title that has only one.
    let second = "{{ (show | split(' '))[1] }}";
    parse(&file(second, &show("Evening News", "news")));
    assert!(
        only(&file(second, &(show("Evening News", "news") + &show("News", "two")))).2.contains("for the show `News`")
    );
    parse(&file(second, ""));
    assert!(only(&file("{{ start | dat('%Y') }}", "  []\n")).2.contains("cannot be rendered"));
    // A template of a show's own fails at its location, and may use names that only this show has.
    let own = |name: &str| show("News", "news").replace(" }", &format!(", name: \"{name}\" }}"));
    parse(&with_station(&format!("shows:\n{}", own("{{ {'news': 'N'}[show_id] }}"))));
    let (line, _, message, _) =
        only(&with_station(&format!("shows:\n{}", own("{{ {'olds': 'N'}[show_id] | upper }}"))));
    assert_eq!((line, message.contains("for the show `News`")), (4, true), "{message}");
}

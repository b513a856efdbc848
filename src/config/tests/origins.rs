//! The key `origins` of `web`.

use super::*;

fn origins(web: &str) -> Origins {
    parse(&with_station(&format!("web: {{ {web} }}\n"))).web.origins
}

#[test]
fn pages_elsewhere_play_nothing_unless_they_are_named() {
    assert!(parse(&with_station("")).web.origins.is_empty() && origins("listen: off").is_empty());
    let named = origins("origins: [\"https://player.example/\", \"http://192.168.1.5:3000\"]");
    assert!(named.allow("https://player.example") && named.allow("http://192.168.1.5:3000"));
    assert!(!named.allow("https://player.example:444") && !named.allow("http://player.example"));
    assert!(origins("auth: none, origins: [\"*\"]").allow("https://anything.example"));
}

#[test]
fn an_origin_that_browsers_would_never_send_is_refused_with_what_to_write() {
    for (origins, message, hint) in [
        ("https://player.example/app", "more than scheme, host and port", "write `https://player.example`"),
        ("player.example", "is not the beginning of an address", "https://player.example.org"),
        ("null", "is not the beginning of an address", "https://player.example.org"),
        ("*", "without a password", "name the pages"),
    ] {
        let problem = only(&with_station(&format!("web: {{ origins: [\"{origins}\"] }}\n")));
        assert!(problem.2.contains(message) && problem.3.contains(hint), "{origins}: {problem:?}");
    }
}

//! Text for feeds, playlists and calendars, most of it other people's.

use chrono::{DateTime, TimeZone, Timelike as _};

/// Text that XML 1.0 can hold at all (section 2.2): without control characters and the two that are no characters.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')).collect()
}

/// Such text on one line: in a playlist a newline would begin an entry of its own, and some players count the line and
/// paragraph separators of Unicode among them.
pub(super) fn line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain(&spaced).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// When something began, for a title: with seconds where it did not begin with a minute. What is recorded by hand twice within
/// one is told apart so; podcast apps drop all but one of those with the same title.
pub(super) fn moment<Z: TimeZone<Offset: std::fmt::Display>>(start: &DateTime<Z>) -> String {
    start.format(if start.second() == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" }).to_string()
}

/// Text for an attribute of XML, and for elements that apps read as HTML.
pub(super) fn escaped(text: &str) -> String {
    let plain = plain(text);
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text as HTML: what `description` is to apps.
pub(super) fn html(text: &str) -> String {
    escaped(text).replace('\n', "<br>")
}

/// The language of texts, by their script (BCP 47); English where that says nothing.
pub(super) fn language<'a>(texts: impl IntoIterator<Item = &'a str>) -> &'static str {
    let by_script = |c: char| match c {
        '\u{ac00}'..='\u{d7a3}' | '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' => Some("ko"),
        '\u{3040}'..='\u{30ff}' => Some("ja"),
        '\u{0400}'..='\u{04ff}' => Some("ru"),
        '\u{0370}'..='\u{03ff}' => Some("el"),
        '\u{0590}'..='\u{05ff}' => Some("he"),
        '\u{0600}'..='\u{06ff}' => Some("ar"),
        '\u{0e00}'..='\u{0e7f}' => Some("th"),
        _ => None,
    };
    let found = texts.into_iter().flat_map(str::chars).find_map(by_script);
    found.unwrap_or("en")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_begins_a_line_or_a_tag() {
        let hostile = "a\r\n#EXTINF:0,\u{2028}http://evil.example/\u{85}\0 명연주 \u{ffff}";
        assert_eq!(line(hostile), "a #EXTINF:0, http://evil.example/ 명연주");
        assert_eq!(html("<b>\n\"&\u{1}\u{fffe}"), "&lt;b&gt;<br>&quot;&amp;");
    }

    #[test]
    fn the_script_of_a_title_tells_its_language_and_english_is_for_the_rest() {
        assert_eq!([language(["EBS 모닝 스페셜"]), language(["Evening News", "CBS 음악FM"])], ["ko"; 2]);
        assert_eq!([language(["ニュース"]), language(["Evening News"]), language([])], ["ja", "en", "en"]);
    }
}

//! Text for feeds, playlists and calendars, most of it untrusted.

use chrono::{DateTime, TimeZone, Timelike as _};

/// Returns the text that XML 1.0 can hold (section 2.2): without control characters and the two noncharacters.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')).collect()
}

/// Returns [`plain`] text on one line: in a playlist a newline would begin another entry, and some players treat the
/// line and paragraph separators of Unicode as newlines.
pub(super) fn line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain(&spaced).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Formats a start for a title, with seconds if it is not a whole minute. So two recordings by hand within one minute
/// have different titles; podcast apps drop all but one of those with the same title.
pub(super) fn moment<Z: TimeZone<Offset: std::fmt::Display>>(start: &DateTime<Z>) -> String {
    start.format(if start.second() == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" }).to_string()
}

/// Escapes text for an attribute of XML, and for elements that apps read as HTML.
pub(super) fn escaped(text: &str) -> String {
    let plain = plain(text);
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Returns text as HTML, which apps expect in `description`.
pub(super) fn html(text: &str) -> String {
    escaped(text).replace('\n', "<br>")
}

/// Returns the language of texts by their script (BCP 47); English if the script does not tell.
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
    fn the_script_of_a_title_tells_its_language_and_english_is_the_default() {
        assert_eq!([language(["EBS 모닝 스페셜"]), language(["Evening News", "CBS 음악FM"])], ["ko"; 2]);
        assert_eq!([language(["ニュース"]), language(["Evening News"]), language([])], ["ja", "en", "en"]);
    }
}

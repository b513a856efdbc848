//! Ids: made from titles, and checked if they are written by hand.

use std::sync::LazyLock;

use regex::Regex;

use super::Complaint;
use crate::base::text::LONGEST_NAME;

/// Makes an id of `title`: in lower case, with `-` for everything but letters (of every script, with their marks) and
/// digits. Empty if nothing is left.
pub fn slug(title: &str) -> String {
    #[expect(clippy::expect_used, reason = "a constant pattern, used by the tests below")]
    static OTHER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[^\p{L}\p{M}\p{N}]+").expect("a valid constant pattern"));
    let lower = title.to_lowercase();
    OTHER.replace_all(&lower, "-").trim_matches('-').to_owned()
}

/// Checks an id that is written by hand. It becomes part of file names and of airing ids (`show@20261120T0300Z`).
pub fn id(text: &str) -> Result<String, Complaint> {
    let allowed =
        |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.') || (!c.is_ascii() && !c.is_whitespace());
    let length = text.chars().count();
    if length > LONGEST_NAME {
        let message = format!("this id has {length} characters, and the most is {LONGEST_NAME}");
        return Err(Complaint::new(message).hint("shorten it"));
    }
    if text.is_empty() || text.starts_with('.') || !text.chars().all(allowed) || text.chars().any(char::is_control) {
        let complaint = Complaint::new(format!(
            "`{text}` cannot be an id: only letters, digits, `-`, `_` and `.` can stand in one"
        ));
        return Err(complaint.suggest([slug(text)]));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::parse_or_suggest;
    use super::*;

    #[test]
    fn a_slug_keeps_the_letters_of_every_script() {
        assert_eq!(slug("명연주 명음반"), "명연주-명음반");
        assert_eq!(slug("  The News -- at 9! "), "the-news-at-9");
        assert_eq!(slug("Ça ira / Été"), "ça-ira-été");
        assert_eq!(slug("हिन्दी समाचार"), "हिन्दी-समाचार");
        assert_eq!(slug("?!"), "");
    }

    #[test]
    fn an_id_that_would_break_a_file_name_is_refused_with_a_better_one() {
        assert_eq!(id("kbs-1fm").unwrap(), "kbs-1fm");
        assert_eq!(id("라디오").unwrap(), "라디오");
        assert_eq!(parse_or_suggest("a/b c", id).unwrap_err().hint.unwrap(), "write `a-b-c`");
        assert!(id("..").is_err());
        assert!(id("x@y").is_err());
    }
}

//! Text as people give it.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The most characters of a title, a name or an id that a person gives.
pub const LONGEST_NAME: usize = 200;

/// `text` in normal form C (UAX 15): files from a Mac write `é` and `가` in parts, which look the same and are different
/// names.
pub fn composed(text: &str) -> Cow<'_, str> {
    const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfc();
    NFC.normalize(text)
}

/// `text` in at most `columns` columns of a terminal; a longer one ends with `…`.
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let mut width = 1;
    let whole = |c: &char| {
        width += c.width().unwrap_or_default();
        width <= columns
    };
    let short: String = text.chars().take_while(whole).collect();
    Cow::Owned(short + "…")
}

/// Whether no other text is the same name on a file system that does not distinguish small letters and capitals: it has
/// only small Latin letters and characters of scripts without capitals.
pub fn has_one_case(text: &str) -> bool {
    text.chars().all(|c| if c.is_ascii() { !c.is_ascii_uppercase() } else { !c.is_lowercase() && !c.is_uppercase() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_look_the_same_are_the_same() {
        assert_eq!(composed("\u{1106}\u{1167}\u{11bc}연주 caf\u{65}\u{301}"), "명연주 café");
        assert!(matches!(composed("명연주"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_long_text_is_cut_by_columns_and_not_by_letters() {
        assert_eq!(cut("명연주", 6), "명연주");
        assert_eq!(cut("명연주 명음반", 6), "명연…");
        assert_eq!(cut("abcdefgh", 6), "abcde…");
    }

    #[test]
    fn letters_that_have_capitals_may_be_others_elsewhere() {
        for one in ["kbs-1fm", "명연주", "ラジオ_1.2", "إذاعة"] {
            assert!(has_one_case(one), "{one}");
        }
        for several in ["KBS", "ö1", "Ω", "σ", "ς", "ſ", "\u{212A}"] {
            assert!(!has_one_case(several), "{several}");
        }
    }
}

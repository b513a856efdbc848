//! Characters that look like ASCII and are not: input methods, word processors and web pages put them in the place of
//! digits, dashes, colons and commas.

/// Replaces every character of `text` that looks like one of ASCII by that one.
pub fn to_ascii(text: &str) -> String {
    text.chars().map(ascii_of).collect()
}

/// Returns the character of ASCII that `c` looks like, else `c`.
fn ascii_of(c: char) -> char {
    match c {
        // The full-width forms stand in the order of ASCII.
        '\u{ff01}'..='\u{ff5e}' if c != '\u{ff5e}' => {
            char::from_u32(u32::from(c) - 0xff01 + u32::from('!')).unwrap_or(c)
        }
        // Hyphens, dashes, minus and the waves by which Korean and Japanese write ranges.
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{301c}' | '\u{ff5e}' => '-',
        '\u{3001}' | '\u{ff64}' => ',',
        '\u{2217}' | '\u{204e}' | '\u{d7}' => '*',
        '\u{2044}' | '\u{2215}' => '/',
        '\u{2236}' | '\u{fe55}' => ':',
        '“' | '”' | '„' | '‟' | '«' | '»' => '"',
        '‘' | '’' | '‚' | '‛' => '\'',
        c if c.is_whitespace() && !c.is_ascii() => ' ',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_look_like_ascii_are_replaced_and_letters_stay() {
        assert_eq!(to_ascii("１–５，７　＊／１０"), "1-5,7 */10");
        assert_eq!(to_ascii("月〜金、９：３０"), "月-金,9:30");
        assert_eq!(to_ascii("명연주 1-5"), "명연주 1-5");
        assert_eq!(to_ascii("−60 dB"), "-60 dB");
    }
}

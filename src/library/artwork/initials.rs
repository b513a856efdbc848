//! The initials of a title.

/// The greatest number of letters.
const MOST: usize = 3;

/// Returns the initials of `title`: the first two syllables of a Korean, Chinese or Japanese word; a short word in
/// capitals; otherwise the first letters of the first two words. `None` if the title has no letters.
pub(super) fn initials(title: &str) -> Option<String> {
    let mut words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let first = words.next()?;
    if first.chars().next().is_some_and(is_syllable) {
        return Some(first.chars().take_while(|c| is_syllable(*c)).take(2).collect());
    }
    if first.chars().count() <= MOST && first.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()) {
        return Some(first.to_owned());
    }
    let second = words.next().filter(|word| !word.chars().next().is_some_and(is_syllable));
    let letter = |word: &str| word.chars().next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let letters = letter(first) + &second.map(letter).unwrap_or_default();
    Some(letters.chars().take(MOST).collect())
}

/// Returns whether a character is a syllable or a word: Hangul, kana, Han.
fn is_syllable(c: char) -> bool {
    matches!(c, '\u{ac00}'..='\u{d7a3}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_the_first_letters_or_syllables_of_a_title() {
        for (title, letters) in [
            ("명연주 명음반", "명연"),
            ("저녁의 클래식", "저녁"),
            ("뉴스", "뉴스"),
            ("Evening News", "EN"),
            ("the early show", "TE"),
            ("News", "N"),
            ("EBS 모닝 스페셜", "EBS"),
            ("BBC World Service", "BBC"),
            ("Radio 4", "R4"),
            ("FM영화음악", "F"),
            ("(재) 클래식", "재"),
            ("ニュース7", "ニュ"),
            ("straße ß", "SSS"),
            ("\"<script>\"", "S"),
        ] {
            assert_eq!(initials(title).as_deref(), Some(letters), "{title}");
        }
        for none in ["", "…!", "🎻 🎺", "\u{0}\n"] {
            assert_eq!(initials(none), None, "{none:?}");
        }
    }
}

//! Segments that a list names twice by mistake.

use m3u8_rs::MediaSegment;

use super::address::Address;

/// Which segments are listed by mistake, because the one before them is listed twice.
///
/// Another number is other sound: a jingle or a slate that is listed again is on the air again. So only a pair is taken
/// for a mistake: side by side, within the programme, without a mark or a date that distinguishes them.
pub(super) fn duplicates(raw: &[MediaSegment], keys: &[String], addresses: &[Address]) -> Vec<bool> {
    let same = |one: usize, other: usize| {
        let range = |at: usize| addresses.get(at).map(|address| address.byte_range);
        keys.get(one).is_some() && keys.get(one) == keys.get(other) && range(one) == range(other)
    };
    let marked = |at: usize| raw.get(at).is_some_and(|segment| segment.discontinuity);
    let date = |at: usize| raw.get(at).and_then(|segment| segment.program_date_time);
    let later = |at: usize| date(at - 1).zip(date(at)).is_some_and(|(one, other)| one != other);
    let is_repeat = |at: usize| {
        let pair = at > 0 && same(at - 1, at) && !same(at, at + 1) && !(at > 1 && same(at - 2, at));
        pair && !marked(at - 1) && !marked(at) && !later(at)
    };
    (0..raw.len()).map(is_repeat).collect()
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    /// Which segments of a list are duplicates: `!` for a mark before one.
    fn told(list: &str) -> String {
        let words: Vec<&str> = list.split_whitespace().collect();
        let segment = |word: &&str| MediaSegment { discontinuity: word.starts_with('!'), ..MediaSegment::empty() };
        let raw: Vec<_> = words.iter().map(segment).collect();
        let keys: Vec<_> = words.iter().map(|word| word.trim_start_matches('!').to_owned()).collect();
        let address = |key: &String| Address {
            url: Url::parse("http://h/").and_then(|base| base.join(key)).unwrap(),
            byte_range: None,
        };
        let addresses: Vec<_> = keys.iter().map(address).collect();
        let duplicates = duplicates(&raw, &keys, &addresses);
        words.iter().zip(duplicates).map(|(word, repeat)| if repeat { "-" } else { word }).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_pair_within_the_programme_is_a_mistake_and_nothing_else_is() {
        assert_eq!(told("a b b c c d"), "a b - c - d");
        assert_eq!(told("a b a c"), "a b a c", "a jingle");
        assert_eq!(told("a b b b"), "a b b b", "a slate");
        assert_eq!(told("a !s s !b"), "a !s s !b", "a slate of two");
        assert_eq!(told("a b !b c"), "a b !b c");
    }
}

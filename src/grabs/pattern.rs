//! Addresses with a number in them: `https://cdn.example/v/(*).ts`.

use std::ops::Range;

use url::Url;

/// What stands for the number.
pub const MARK: &str = "(*)";

/// An address with a number in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// What stands between the numbers; one more than there are numbers.
    parts: Vec<String>,
    /// How many digits the number has at least; zeros are put before it.
    pub pad: usize,
}

impl Pattern {
    /// Reads `address`, in which [`MARK`] stands for the number, once or several times. `None` if it stands nowhere.
    pub fn read(address: &str, pad: usize) -> Option<Self> {
        // An address that was copied from a browser has it in another writing.
        let address = address.replace("(%2A)", MARK).replace("%28*%29", MARK).replace("%28%2A%29", MARK);
        let parts: Vec<String> = address.split(MARK).map(str::to_owned).collect();
        (parts.len() > 1).then_some(Self { parts, pad })
    }

    /// Returns the pattern whose number has at least `pad` digits.
    #[must_use]
    pub fn padded(&self, pad: usize) -> Self {
        Self { pad, ..self.clone() }
    }

    /// The number as it stands in the address.
    pub fn name(&self, number: u64) -> String {
        format!("{number:0pad$}", pad = self.pad)
    }

    /// The address of `number`. `None` if it is no http address.
    pub fn address(&self, number: u64) -> Option<Url> {
        let url = Url::parse(self.parts.join(&self.name(number)).trim()).ok()?;
        matches!(url.scheme(), "http" | "https").then_some(url)
    }

    /// The address with [`MARK`] in place of the number.
    pub fn text(&self) -> String {
        self.parts.join(MARK)
    }

    /// The patterns that `url` may be one address of, with its number in each: the likeliest first. The number that
    /// counts up stands near the end of the name of the file, or in the query; the extension has none (`.mp4`, `.m4s`).
    pub fn candidates(url: &Url) -> Vec<(Self, u64)> {
        let text = url.as_str();
        let start = text.find("://").map_or(0, |at| at + 3);
        let start = text.get(start..).and_then(|rest| rest.find('/')).map_or(text.len(), |at| start + at);
        let query = text.find('?').unwrap_or(text.len());
        let name = text.get(..query).and_then(|path| path.rfind('/')).unwrap_or(start);
        let extension = text.get(name..query).and_then(|name| name.rfind('.')).map_or(query, |at| name + at);
        let place = |run: &Range<usize>| {
            // Within each place the last number counts first.
            match run.start {
                at if (name..extension).contains(&at) => 0,
                at if at >= query => 1,
                at if (extension..query).contains(&at) => 3,
                _ => 2,
            }
        };
        let mut runs: Vec<_> = digits(text).into_iter().filter(|run| run.start >= start && place(run) < 3).collect();
        runs.sort_by_key(|run| (place(run), std::cmp::Reverse(run.start)));
        let candidate = |run: Range<usize>| {
            let (before, digits, after) = (text.get(..run.start)?, text.get(run.clone())?, text.get(run.end..)?);
            let pad = if digits.starts_with('0') { digits.len() } else { 0 };
            let parts = vec![before.to_owned(), after.to_owned()];
            Some((Self { parts, pad }, digits.parse().ok()?))
        };
        runs.into_iter().filter_map(candidate).collect()
    }
}

/// The runs of digits in `text` that are no part of an escape (`%20`).
fn digits(text: &str) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte == b'%' {
            at += 3;
            continue;
        }
        if byte.is_ascii_digit() {
            match runs.last_mut().filter(|last| last.end == at) {
                Some(last) => last.end = at + 1,
                None => runs.push(at..at + 1),
            }
        }
        at += 1;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(address: &str, pad: usize, number: u64) -> String {
        Pattern::read(address, pad).unwrap().address(number).unwrap().to_string()
    }

    #[test]
    fn the_mark_stands_for_the_number_wherever_it_is_and_as_often_as_it_is() {
        assert_eq!(filled("https://h/v/(*).ts", 6, 17), "https://h/v/000017.ts");
        assert_eq!(filled("https://h/(*)/s-(*).ts?n=(*)", 0, 17), "https://h/17/s-17.ts?n=17");
        assert_eq!(filled("https://h/v/%28*%29.ts", 2, 345), "https://h/v/345.ts");
        assert_eq!(Pattern::read("https://h/v/1.ts", 0), None);
        assert_eq!(Pattern::read("ftp://h/(*).ts", 0).unwrap().address(1), None);
    }

    #[test]
    fn of_the_numbers_in_an_address_the_likeliest_comes_first() {
        let candidates = |url: &str| -> Vec<(String, usize, u64)> {
            let found = Pattern::candidates(&Url::parse(url).unwrap());
            found.into_iter().map(|(pattern, number)| (pattern.text(), pattern.pad, number)).collect()
        };
        assert_eq!(candidates("https://h1/v/000017.ts"), [("https://h1/v/(*).ts".to_owned(), 6, 17)]);
        let all = candidates("https://h:8080/720/seg-3-v1.m4s?n=5&t=1%20");
        let text: Vec<&str> = all.iter().map(|(text, ..)| text.as_str()).collect();
        assert_eq!(
            text,
            [
                "https://h:8080/720/seg-3-v(*).m4s?n=5&t=1%20",
                "https://h:8080/720/seg-(*)-v1.m4s?n=5&t=1%20",
                "https://h:8080/720/seg-3-v1.m4s?n=5&t=(*)%20",
                "https://h:8080/720/seg-3-v1.m4s?n=(*)&t=1%20",
                "https://h:8080/(*)/seg-3-v1.m4s?n=5&t=1%20",
            ]
        );
        assert_eq!(candidates("https://h/v/99999999999999999999.ts"), []);
        assert_eq!(candidates("https://127.0.0.1/v/a.mp4"), []);
    }
}

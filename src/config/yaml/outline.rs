//! How the file is laid out: where the entries of a section stand, and in which style. For edits that leave the rest of the
//! file as it is.

use std::rc::Rc;

use super::location::{Children, LocationTree};
use super::node::Node;

/// How one section of the file is laid out.
#[derive(Debug, PartialEq, Eq)]
pub struct Outline {
    /// Whether the file as a whole is written in `{ … }`.
    pub in_braces: bool,
    /// The column of the keys of the file, from 0.
    pub column: usize,
    /// The section. `None` if the file does not have it.
    pub section: Option<SectionOutline>,
}

/// A section as it stands in the file.
#[derive(Debug, PartialEq, Eq)]
pub struct SectionOutline {
    /// The line of its key, from 1.
    pub line: usize,
    /// The column of its key, from 0.
    pub column: usize,
    /// The line of the next key of the file, from 1. `None` if it is the last one.
    pub next: Option<usize>,
    /// What stands there.
    pub laid: Laid,
}

/// How the entries of a section are laid out.
#[derive(Debug, PartialEq, Eq)]
pub enum Laid {
    /// There are none, and nothing is written.
    Nothing,
    /// There are none, and this is written: `{}`, `[]`, `~`. In bytes of the text.
    Empty { from: usize, to: usize },
    /// Each begins in a line of its own.
    Lines {
        /// The column of their keys or dashes, from 0.
        column: usize,
        /// The column of the keys within the first of them, from 0. `None` if those do not have lines of their own.
        inner: Option<usize>,
        /// The first line of each, from 1.
        first_lines: Vec<usize>,
    },
    /// They stand in `{ … }` or `[ … ]`.
    Brackets {
        /// The column in which the last of them begins, from 0.
        column: usize,
        /// Where the last of them ends, in bytes of the text.
        last_ends: usize,
        /// Where the closing bracket stands, in bytes of the text.
        close: usize,
    },
    /// An alias, or something else to which nothing can be added.
    Other,
}

impl Outline {
    /// Reads how the section `key` of `text` is laid out. `None` if `text` is no YAML, or has no keys.
    pub fn of(text: &str, key: &str) -> Option<Self> {
        let lines = Lines::of(text);
        let Some(root) = LocationTree::parse(text).ok()? else {
            return Some(Self { in_braces: false, column: 0, section: None });
        };
        let entries = match &root.children {
            Children::Map(entries) => entries,
            // Only comments, or a `---`.
            Children::None if root.text.is_empty() => {
                return Some(Self { in_braces: false, column: 0, section: None });
            }
            _ => return None,
        };
        let in_braces = lines.character(root.location.line, root.location.column) == Some('{');
        let column = root.location.column.saturating_sub(1);
        let found = entries.iter().position(|(name, _)| name.text == key);
        let section = found.and_then(|index| {
            let (name, value) = entries.get(index)?;
            let next = entries.get(index + 1).map(|(name, _)| name.location.line);
            let (line, column) = (name.location.line, name.location.column.saturating_sub(1));
            Some(SectionOutline { line, column, next, laid: laid(name, value, &lines) })
        });
        Some(Self { in_braces, column, section })
    }
}

fn laid(name: &LocationTree, value: &LocationTree, lines: &Lines<'_>) -> Laid {
    let place = |tree: &LocationTree| (tree.location.line, tree.location.column);
    // What an alias repeats stands above it.
    if place(value) < place(name) {
        return Laid::Other;
    }
    let entries: Vec<(&LocationTree, &LocationTree)> = match &value.children {
        Children::None if value.text.is_empty() => return Laid::Nothing,
        Children::None if !matches!(value.text.as_str(), "~" | "null") => return Laid::Other,
        Children::None => Vec::new(),
        Children::List(items) => items.iter().map(|item| (Rc::as_ref(item), Rc::as_ref(item))).collect(),
        Children::Map(entries) => entries.iter().map(|(key, value)| (Rc::as_ref(key), Rc::as_ref(value))).collect(),
    };
    let Some((last, last_value)) = entries.last() else {
        let (line, column) = place(value);
        let begins = lines.offset(line, column);
        return match begins.zip(lines.offset(value.end.0, value.end.1)) {
            Some((from, to)) if from < to => Laid::Empty { from, to },
            _ => Laid::Other,
        };
    };
    if lines.is_bracket(value) {
        let end = lines.end(last_value);
        let close = end.and_then(|end| lines.closing(end));
        let column = last.location.column.saturating_sub(1);
        return match end.zip(close) {
            Some((last_ends, close)) => Laid::Brackets { column, last_ends, close },
            None => Laid::Other,
        };
    }
    let first_lines = entries.iter().map(|(entry, _)| entry.location.line).collect();
    let first = entries.first().map(|(entry, _)| entry.location);
    let column = match (&value.children, first) {
        (Children::Map(_), Some(first)) => Some(first.column.saturating_sub(1)),
        (_, Some(first)) => lines.dash(first.line).or_else(|| lines.dash(value.location.line)),
        _ => None,
    };
    let Some(column) = column else { return Laid::Other };
    let inner = entries.first().and_then(|(entry, value)| match &value.children {
        Children::Map(parts) => {
            let (key, _) = parts.first()?;
            let own_line = key.location.line > entry.location.line || std::ptr::eq(*entry, *value);
            (own_line && !lines.is_bracket(value)).then(|| key.location.column.saturating_sub(1))
        }
        _ => None,
    });
    Laid::Lines { column, inner: inner.filter(|inner| *inner > column), first_lines }
}

/// The lines of a text, for the places of a parser.
struct Lines<'a>(Vec<(usize, &'a str)>);

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let mut offset = 0;
        let place = |line: &'a str| {
            offset += line.len();
            (offset - line.len(), line)
        };
        Self(text.split_inclusive('\n').map(place).collect())
    }

    /// Where `column` of `line` is, in bytes; both count from 1.
    fn offset(&self, line: usize, column: usize) -> Option<usize> {
        let Some((begin, text)) = self.0.get(line.checked_sub(1)?) else {
            // Behind the last line end.
            return self.0.last().map(|(begin, text)| begin + text.len());
        };
        let within = text.char_indices().nth(column.checked_sub(1)?).map_or(text.len(), |(at, _)| at);
        Some(begin + within)
    }

    /// Where a value ends, in bytes: behind its last character. To the parser, brackets with a comma before the closing one
    /// end at the comma.
    fn end(&self, value: &LocationTree) -> Option<usize> {
        let last = match &value.children {
            Children::None => None,
            Children::List(items) => items.last(),
            Children::Map(entries) => entries.last().map(|(_, value)| value),
        };
        match last.filter(|_| self.is_bracket(value)) {
            Some(last) => Some(self.closing(self.end(last)?)? + 1),
            None => self.offset(value.end.0, value.end.1),
        }
    }

    /// Where the bracket stands behind the last entry that ends at `from`, in bytes. Only spaces, comments and a comma are
    /// between them.
    fn closing(&self, from: usize) -> Option<usize> {
        for (begin, line) in self.0.iter().filter(|(begin, line)| begin + line.len() > from) {
            for (at, letter) in
                line.char_indices().map(|(at, letter)| (begin + at, letter)).filter(|(at, _)| *at >= from)
            {
                match letter {
                    '}' | ']' => return Some(at),
                    '#' => break,
                    ',' => {}
                    letter if letter.is_whitespace() => {}
                    _ => return None,
                }
            }
        }
        None
    }

    /// Whether the value is written in brackets, perhaps behind an anchor or a tag.
    fn is_bracket(&self, value: &LocationTree) -> bool {
        let Some((_, line)) = value.location.line.checked_sub(1).and_then(|index| self.0.get(index)) else {
            return false;
        };
        let rest: String = line.chars().skip(value.location.column.saturating_sub(1)).collect();
        let mut words = rest.split_whitespace().skip_while(|word| word.starts_with(['&', '!']));
        words.next().is_some_and(|word| word.starts_with(['{', '[']))
    }

    /// The column of the dash with which a line begins, from 0.
    fn dash(&self, line: usize) -> Option<usize> {
        let (_, text) = self.0.get(line.checked_sub(1)?)?;
        let indent = text.chars().take_while(|c| *c == ' ').count();
        (text.chars().nth(indent) == Some('-')).then_some(indent)
    }

    fn character(&self, line: usize, column: usize) -> Option<char> {
        self.0.get(line.checked_sub(1)?)?.1.chars().nth(column.checked_sub(1)?)
    }
}

/// A text is no YAML as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotYaml;

impl Node {
    /// Parses `text` without a repair. `None` if it is empty.
    ///
    /// # Errors
    /// It is no YAML.
    pub fn strictly(text: &str) -> Result<Option<Self>, NotYaml> {
        Self::parse(text).map_err(|_| NotYaml)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(text: &str) -> Laid {
        Outline::of(text, "stations").unwrap().section.unwrap().laid
    }

    #[test]
    fn every_style_is_recognised() {
        let lines = |column, inner, first_lines| Laid::Lines { column, inner, first_lines };
        assert_eq!(laid_out("stations:\n  a:\n    hls: x\n  b: { hls: x }\nshows:\n"), lines(2, Some(4), vec![2, 4]));
        assert_eq!(laid_out("stations:\n  a: { hls: x }\n"), lines(2, None, vec![2]));
        assert_eq!(laid_out("stations:\n- title: x\n  a: b\n-   title: y\n"), lines(0, Some(2), vec![2, 4]));
        assert_eq!(laid_out("stations: &all\n  a: &a { hls: x }\n"), lines(2, None, vec![2]));
        assert_eq!(laid_out("stations: &all\n  - &a\n    title: x\n"), lines(2, Some(4), vec![2]));
        assert_eq!(laid_out("stations:\n  # none yet\nshows: []\n"), Laid::Nothing);
        assert_eq!(laid_out("stations: {} # none\n"), Laid::Empty { from: 10, to: 12 });
        assert_eq!(laid_out("stations: ~\n"), Laid::Empty { from: 10, to: 11 });
        assert_eq!(laid_out("x-a: &a { b: {} }\nstations: *a\n"), Laid::Other);
        let braces = Laid::Brackets { column: 2, last_ends: 27, close: 29 };
        assert_eq!(laid_out("stations: {\n  가: { h: x },\n}\n"), braces);
        let braces = Laid::Brackets { column: 12, last_ends: 27, close: 33 };
        assert_eq!(laid_out("stations: { a: { h: [x,], }, # }\n}\n"), braces);
    }

    #[test]
    fn a_file_without_the_section_says_where_its_keys_stand() {
        let none = |text| Outline::of(text, "stations").map(|outline| (outline.in_braces, outline.column));
        assert_eq!(none("# only a note\n"), Some((false, 0)));
        assert_eq!(none("  shows: []\n"), Some((false, 2)));
        assert_eq!(none("{shows: []}"), Some((true, 0)));
        assert_eq!(none("[1]"), None);
        assert_eq!(none("a: [\n"), None);
    }
}

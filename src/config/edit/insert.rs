//! Where the lines of an entry go, and how they look there.

use super::entry::{Written, in_braces, in_lines};
use crate::config::yaml::{Laid, Outline};

/// How far each level is indented if the file does not say.
const STEP: usize = 2;

/// A section, the name of an entry in it (`None` in a list), and its keys.
type New<'a> = (&'a str, Option<&'a str>, &'a [(String, Written)]);

/// Returns `text` with a new entry. `None` if the layout does not allow it.
pub(super) fn inserted(text: &str, outline: &Outline, (section, name, keys): New<'_>) -> Option<String> {
    let file = File::of(text);
    let Some(found) = &outline.section else {
        if outline.in_braces {
            return None;
        }
        let entry = in_lines(name, keys, outline.column + STEP, STEP, STEP);
        let head = format!("{}{section}:", " ".repeat(outline.column));
        return Some(file.at_end(&std::iter::once(head).chain(entry).collect::<Vec<_>>()));
    };
    match &found.laid {
        Laid::Other => None,
        Laid::Nothing if outline.in_braces => None,
        Laid::Nothing => {
            let entry = in_lines(name, keys, found.column + STEP, STEP, STEP);
            Some(file.below_key(found.line, found.next, found.column, &entry))
        }
        // A comment in between would be lost.
        Laid::Empty { from, to } if !is_empty(text.get(*from..*to)?) => None,
        Laid::Empty { from, to } if outline.in_braces => {
            let bracket = if name.is_some() { ['{', '}'] } else { ['[', ']'] };
            let entry = in_braces(name, keys);
            Some(format!("{}{} {entry} {}{}", text.get(..*from)?, bracket[0], bracket[1], text.get(*to..)?))
        }
        Laid::Empty { from, to } => {
            let entry = in_lines(name, keys, found.column + STEP, STEP, STEP);
            let emptied = format!("{}{}", text.get(..*from)?.trim_end_matches(' '), text.get(*to..)?);
            Some(File::of(&emptied).below_key(found.line, found.next, found.column, &entry))
        }
        Laid::Brackets { column, last_ends, close } => {
            in_brackets(text, &file, (*column, *last_ends, *close), &in_braces(name, keys))
        }
        Laid::Lines { column, inner, first_lines } => {
            let step = inner.map_or(STEP, |inner| inner - column);
            // The keys of a station say how far this file indents; those behind a dash say only how wide the dash is.
            let deeper = if name.is_some() { step } else { STEP };
            let mut entry = in_lines(name, keys, *column, step, deeper);
            let last = file.end_of_entry(*first_lines.last()?, found.next, *column);
            if file.are_apart(first_lines) {
                entry.insert(0, String::new());
            }
            Some(file.after(last, &entry))
        }
    }
}

/// Whether this says that there is nothing, and nothing else.
fn is_empty(written: &str) -> bool {
    let words: String = written.split_whitespace().collect();
    matches!(words.as_str(), "{}" | "[]" | "~" | "null")
}

fn in_brackets(
    text: &str,
    file: &File<'_>,
    (column, last_ends, close): (usize, usize, usize),
    entry: &str,
) -> Option<String> {
    let between = text.get(last_ends..close)?;
    if !text.get(close..)?.starts_with(['}', ']']) {
        return None;
    }
    let comma = between.find(['#', ',']).filter(|at| between[*at..].starts_with(','));
    let begins = comma.map_or(last_ends, |comma| last_ends + comma + 1);
    let (before, after) = (text.get(..last_ends)?, text.get(begins..)?);
    let trailing = if comma.is_some() { "," } else { "" };
    Some(if between.contains('\n') {
        // A comment behind the last entry stays in its line.
        let rest = after.find('\n').map_or(after.len(), |at| at + 1);
        let (line, after) = after.split_at(rest);
        format!("{before},{line}{}{entry}{trailing}{}{after}", " ".repeat(column), file.line_end)
    } else {
        format!("{before}, {entry}{trailing}{after}")
    })
}

/// The lines of a text.
struct File<'a> {
    text: &'a str,
    /// With their ends.
    lines: Vec<&'a str>,
    /// How its lines end.
    line_end: &'static str,
}

impl<'a> File<'a> {
    fn of(text: &'a str) -> Self {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let line_end = if lines.first().is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" };
        Self { text, lines, line_end }
    }

    /// The line `number`, from 1, without its end.
    fn line(&self, number: usize) -> &'a str {
        number
            .checked_sub(1)
            .and_then(|index| self.lines.get(index))
            .map_or("", |line| line.trim_end_matches(['\r', '\n']))
    }

    /// The number of the last line of a section: before that of the next key, or the last of the file.
    fn last_of_section(&self, next: Option<usize>) -> usize {
        next.map_or(self.lines.len(), |next| next.saturating_sub(1))
    }

    fn is_blank(&self, number: usize) -> bool {
        self.line(number).trim().is_empty()
    }

    fn is_comment(&self, number: usize) -> bool {
        self.line(number).trim_start().starts_with('#')
    }

    fn indent(&self, number: usize) -> usize {
        let line = self.line(number);
        line.chars().count() - line.trim_start().chars().count()
    }

    /// The last line of the entry that begins in line `first`: with the comments that follow it and are indented like
    /// its keys.
    fn end_of_entry(&self, first: usize, next: Option<usize>, column: usize) -> usize {
        let until = self.last_of_section(next);
        let is_content = |number: &usize| !self.is_blank(*number) && !self.is_comment(*number);
        let mut last = (first..=until).rfind(is_content).unwrap_or(first);
        while last < until && self.is_comment(last + 1) && self.indent(last + 1) > column {
            last += 1;
        }
        last
    }

    /// Whether entries are separated by blank lines, as far as can be told.
    fn are_apart(&self, first_lines: &[usize]) -> bool {
        match first_lines {
            [.., before, last] => (before + 1..*last).any(|number| self.is_blank(number)),
            _ => false,
        }
    }

    /// Adds `lines` below the key in line `key`, which has no entries yet: behind comments that belong to it.
    fn below_key(&self, key: usize, next: Option<usize>, column: usize, lines: &[String]) -> String {
        let until = self.last_of_section(next);
        let belongs = |number: &usize| self.is_comment(*number) && self.indent(*number) > column;
        match (key + 1..=until).rfind(belongs) {
            Some(last) => {
                let apart = std::iter::once(String::new()).chain(lines.iter().cloned()).collect::<Vec<_>>();
                self.after(last, &apart)
            }
            None => self.after(key, lines),
        }
    }

    /// Adds `lines` after the line `number`. A file whose last line has no end still has none.
    fn after(&self, number: usize, lines: &[String]) -> String {
        let offset: usize = self.lines.iter().take(number).map(|line| line.len()).sum();
        let end = number.checked_sub(1).and_then(|index| self.lines.get(index));
        let own_end = end.map_or(0, |line| line.len() - line.trim_end_matches(['\r', '\n']).len());
        let (before, after) = self.text.split_at(offset - own_end);
        let lines: String = lines.iter().map(|line| format!("{}{line}", self.line_end)).collect();
        format!("{before}{lines}{after}")
    }

    /// Adds `lines` at the end, behind a blank line.
    fn at_end(&self, lines: &[String]) -> String {
        let end = self.line_end;
        let lines = lines.join(end);
        match (self.text.is_empty(), self.text.ends_with('\n')) {
            (true, _) => format!("{lines}{end}"),
            (_, true) => format!("{}{end}{lines}{end}", self.text),
            (_, false) => format!("{}{end}{end}{lines}{end}", self.text),
        }
    }
}

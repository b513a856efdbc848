//! Characters that nobody sees and that YAML does not allow, or does not take for what they look like.
//!
//! The parsers stumble over them later in the file, or not at all: a no-break space from a web page in the indentation, an
//! escape sequence in a title. So they are looked for before anything is parsed, reported, and replaced.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;

use super::location::Location;
use super::problem::Problems;
use crate::config::values::Complaint;

/// The most lines of which they are reported in one run.
const MAX_REPORTS: usize = 50;

/// Returns `text` without them. Reports the first of every line.
pub fn clean<'a>(text: &'a str, problems: &mut Problems) -> Cow<'a, str> {
    if !text.chars().any(|c| is_forbidden(c) || is_strange_space(c)) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len());
    let mut reported = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let found = clean_line(line, &mut cleaned);
        if let Some((column, complaint)) = found.first
            && reported < MAX_REPORTS
        {
            reported += 1;
            problems.add(Location { line: index + 1, column, width: 1 }, complaint);
        }
        for (column, by) in found.shifts {
            problems.shift(Location { line: index + 1, column, width: 1 }, by);
        }
    }
    Cow::Owned(cleaned)
}

/// What was found in a line.
#[derive(Default)]
struct Found {
    /// The column of the first of them, and what is wrong with it.
    first: Option<(usize, Complaint)>,
    /// After which columns of the cleaned line the rest is shifted, and by how much.
    shifts: Vec<(usize, isize)>,
}

fn clean_line(line: &str, cleaned: &mut String) -> Found {
    let structure = structure(line);
    let mut found = Found::default();
    let mut column = 0;
    for (number, (at, c)) in line.char_indices().enumerate() {
        column += 1;
        let complaint = if is_forbidden(c) {
            found.shifts.push((column - 1, -1));
            column -= 1;
            Complaint::new(format!("{} stands here, which YAML does not allow", named(c)))
                .hint("take the character out")
        } else if at < structure && is_strange_space(c) {
            cleaned.push(' ');
            // It is as wide as two letters, and people indent by eye.
            if c == '\u{3000}' {
                cleaned.push(' ');
                found.shifts.push((column, 1));
                column += 1;
            }
            Complaint::new(format!("{} stands here, which YAML does not take for a space", named(c)))
                .hint("write spaces instead")
        } else {
            cleaned.push(c);
            continue;
        };
        found.first.get_or_insert((number + 1, complaint));
    }
    found
}

/// Returns up to which byte of a line a space is a separator: in the indentation, around dashes and after a key.
fn structure(line: &str) -> usize {
    #[expect(clippy::expect_used, reason = "a constant pattern, used by the tests below")]
    static STRUCTURE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\s*(?:-\s+)*(?:[\w-]+:\s+)?").expect("a valid constant pattern"));
    STRUCTURE.find(line).map_or(0, |found| found.end())
}

/// Whether YAML allows the character nowhere.
fn is_forbidden(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}') || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// Whether the character looks like a space and is no separator to YAML.
fn is_strange_space(c: char) -> bool {
    c.is_whitespace() && !c.is_ascii()
}

fn named(c: char) -> String {
    let mut name = match c {
        '\u{a0}' => "a no-break space",
        '\u{3000}' => "an ideographic space",
        '\u{1b}' => "an escape character",
        c if c.is_whitespace() => "another kind of space",
        _ => "a control character",
    }
    .to_owned();
    let _ = write!(name, " (U+{:04X})", u32::from(c));
    name
}

/// Says what is wrong with a colon that is a letter to YAML.
pub fn wide_colon(key: &str, value: &str) -> Complaint {
    let complaint = Complaint::new(format!("the colon after `{key}` is a full-width one (U+FF1A), a letter to YAML"));
    complaint.hint(format!("write `{}`", format!("{key}: {}", value.trim()).trim_end()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The text as it is parsed, and what is reported with its line and column.
    fn cleaned(text: &str) -> (String, Vec<(usize, usize, String)>) {
        let mut problems = Problems::default();
        let cleaned = clean(text, &mut problems).into_owned();
        let reported =
            problems.into_result(Path::new("s.yaml"), text).err().map_or_else(Vec::new, |errors| errors.problems);
        (cleaned, reported.into_iter().map(|problem| (problem.line, problem.column, problem.message)).collect())
    }

    #[test]
    fn a_strange_space_is_reported_where_it_separates_and_left_alone_in_a_text() {
        let text = "a:\n  \u{a0} b: 1\n\u{3000}- c:\u{a0}x\u{a0}y\n  title: x\u{3000}y\n# z:\u{a0}\n";
        let (cleaned, reported) = cleaned(text);
        assert_eq!(cleaned, "a:\n    b: 1\n  - c: x\u{a0}y\n  title: x\u{3000}y\n# z:\u{a0}\n");
        let places: Vec<_> = reported.iter().map(|(line, column, _)| (*line, *column)).collect();
        assert_eq!(places, [(2, 3), (3, 1)], "{reported:?}");
        assert!(reported[0].2.contains("no-break space (U+00A0)") && reported[1].2.contains("U+3000"), "{reported:?}");
    }

    #[test]
    fn a_problem_after_a_replaced_character_has_its_location_in_the_file() {
        let text = "\u{1b}ab\u{0}c\n\u{3000}x: y\n";
        let mut problems = Problems::default();
        assert_eq!(clean(text, &mut problems), "abc\n  x: y\n");
        for (line, column) in [(1, 1), (1, 3), (2, 3), (2, 6)] {
            problems.add(Location { line, column, width: 1 }, Complaint::new("found"));
        }
        let found = problems.into_result(Path::new("s.yaml"), text).unwrap_err().problems;
        let found: Vec<_> = found.iter().filter(|it| it.message == "found").map(|it| (it.line, it.column)).collect();
        assert_eq!(found, [(1, 2), (1, 5), (2, 2), (2, 5)]);
    }

    #[test]
    fn a_file_of_nothing_else_has_a_bounded_number_of_problems() {
        let (cleaned, reported) = cleaned(&"\u{1b}\n".repeat(1_000));
        assert_eq!((cleaned.len(), reported.len()), (1_000, MAX_REPORTS));
    }
}

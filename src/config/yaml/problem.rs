//! A mistake in the file, and how it is shown: the location, the line with a caret under the word, what was expected and
//! what to write instead.
//!
//! Most people edit their file twice a year, so all problems are shown at once, in the order of the file.

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

use unicode_width::UnicodeWidthStr;

use super::location::Location;
use crate::base::redact;
use crate::config::values::Complaint;

/// How many mistakes are told where there is little room.
const SHORTENED: usize = 10;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; 0 if the problem has no line, as of a file that cannot be read.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// How many characters are meant, from there on.
    pub width: usize,
    /// What is wrong, and what was expected.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
    /// The line of the file as shown, without secrets.
    excerpt: String,
    /// The display columns before the carets, and the number of carets.
    caret: (usize, usize),
}

/// All mistakes of a file and of those beside it, in the order of each; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The file; those beside it are part of it.
    pub file: PathBuf,
    /// The mistakes, sorted by file and location.
    pub problems: Vec<Problem>,
}

impl ConfigErrors {
    /// The file could not be read at all.
    pub fn unreadable(file: &Path, message: String, hint: Option<String>) -> Self {
        let (named, excerpt) = (file.to_owned(), String::new());
        let problem = Problem { file: named, line: 0, column: 0, width: 0, message, hint, excerpt, caret: (0, 0) };
        Self { file: file.to_owned(), problems: vec![problem] }
    }

    /// Where and what the first mistakes are, for people elsewhere: no line of the file, which may hold a secret that
    /// aircheck could not know as one, and no hint, which may repeat it.
    pub fn in_short(&self) -> String {
        let said = self.problems.iter().take(SHORTENED).map(Problem::in_a_line);
        let more = self.problems.len().saturating_sub(SHORTENED);
        said.chain((more > 0).then(|| format!("and {more} more"))).collect::<Vec<_>>().join("\n")
    }

    /// All of them in one line, for who has written no file.
    pub fn in_a_line(self) -> String {
        let said = self.problems.into_iter().map(|problem| match problem.hint {
            Some(hint) => format!("{} ({hint})", problem.message),
            None => problem.message,
        });
        said.collect::<Vec<_>>().join("; ")
    }
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            problem.write(f)?;
            writeln!(f)?;
        }
        let files: HashSet<&Path> = self.problems.iter().map(|problem| problem.file.as_path()).collect();
        let plural = if self.problems.len() == 1 { "" } else { "s" };
        write!(f, "{} problem{plural} in ", self.problems.len())?;
        match files.iter().next().filter(|_| files.len() == 1) {
            Some(file) => write!(f, "{}", file.display()),
            None => write!(f, "{} files", files.len()),
        }
    }
}

impl Problem {
    /// Says where it is and what is wrong.
    fn in_a_line(&self) -> String {
        let Self { file, line, column, message, .. } = self;
        let name = file.display();
        if *line == 0 { format!("{name}: {message}") } else { format!("{name}:{line}:{column}: {message}") }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.in_a_line())?;
        if self.line > 0 {
            let number = self.line.to_string();
            let margin = " ".repeat(number.len());
            let (before, width) = self.caret;
            writeln!(f, " {margin} |")?;
            writeln!(f, " {number} | {}", self.excerpt)?;
            writeln!(f, " {margin} | {}{}", " ".repeat(before), "^".repeat(width.max(1)))?;
        }
        match &self.hint {
            Some(hint) => writeln!(f, "   hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// Collects the problems of one file while it is read.
#[derive(Debug, Default)]
pub struct Problems {
    found: Vec<(Location, Complaint)>,
    /// Where a repair has shifted the rest of a line: line, column, by how many characters.
    shifts: Vec<(usize, usize, isize)>,
    /// The locations of values that are never shown.
    hidden: Vec<Location>,
    /// What is right and perhaps not meant.
    warnings: Vec<(Option<Location>, String)>,
}

impl Problems {
    /// Notes that a repair shifted what follows `location` in its line by `by` characters. Problems that are added from now
    /// on are put back to where they are in the file.
    pub fn shift(&mut self, location: Location, by: isize) {
        self.shifts.push((location.line, location.column, by));
    }

    /// Hides the value at `location`, which is secret: its line is shown only up to there.
    pub fn hide(&mut self, location: Location) {
        self.hidden.push(location);
    }

    /// Warns of what is right and perhaps not meant. `text` is a sentence without its full stop.
    pub fn warn(&mut self, location: Option<Location>, text: String) {
        if !self.warnings.contains(&(location, text.clone())) {
            self.warnings.push((location, text));
        }
    }

    /// Takes the warnings out, in the order of the file, each with its line if it has one.
    pub fn take_warnings(&mut self) -> Vec<String> {
        let mut warnings = std::mem::take(&mut self.warnings);
        warnings.sort_by_key(|(location, _)| location.map(|location| (location.line, location.column)));
        let with_line = |(location, text): (Option<Location>, String)| match location {
            Some(location) => format!("line {}: {text}", location.line),
            None => text,
        };
        warnings.into_iter().map(with_line).collect()
    }

    /// Adds a problem.
    pub fn add(&mut self, mut location: Location, complaint: Complaint) {
        let before: isize = self
            .shifts
            .iter()
            .filter(|(line, column, _)| location.line == *line && location.column > *column)
            .map(|m| m.2)
            .sum();
        location.column = location.column.saturating_add_signed(-before).max(1);
        // An alias repeats the block of its anchor, and each mistake in it is reported once.
        if !self.found.iter().any(|(known, said)| *known == location && *said == complaint) {
            self.found.push((location, complaint));
        }
    }

    /// Returns `Err` with all problems of `text`, if there are any.
    pub fn into_result(mut self, file: &Path, text: &str) -> Result<(), ConfigErrors> {
        if self.found.is_empty() {
            return Ok(());
        }
        let lines: Vec<&str> = text.lines().collect();
        for (location, _) in &mut self.found {
            // The parser counts a line at the end of the file, and sometimes other line ends, that editors do not.
            if location.line > lines.len().max(1) {
                let last = lines.last().copied().unwrap_or_default();
                *location = Location { line: lines.len().max(1), column: last.chars().count() + 1, width: 1 };
            }
        }
        self.found.sort_by_key(|(location, _)| (location.line, location.column));
        let problems = self
            .found
            .into_iter()
            .map(|(location, Complaint { message, hint, .. })| {
                let line = lines.get(location.line.saturating_sub(1)).copied().unwrap_or_default();
                let hidden = self.hidden.iter().filter(|hidden| hidden.line == location.line);
                let (excerpt, caret) = excerpt(&shown(line, hidden.map(|hidden| hidden.column).min()), location);
                // The daemon logs the problems of an edit, and the words may quote a URL.
                let (message, hint) = (redact::text(&message), hint.as_deref().map(redact::text));
                let file = file.to_owned();
                Problem {
                    file,
                    line: location.line,
                    column: location.column,
                    width: location.width,
                    message,
                    hint,
                    excerpt,
                    caret,
                }
            })
            .collect();
        Err(ConfigErrors { file: file.to_owned(), problems })
    }
}

/// Returns the line as far as it may be shown: up to the column of a secret value.
fn shown(line: &str, until: Option<usize>) -> String {
    match until {
        Some(column) => line.chars().take(column.saturating_sub(1)).chain(['…']).collect(),
        None => line.to_owned(),
    }
}

/// Returns the line without tabs and secrets, and the columns of the carets by display width: a Korean letter takes two
/// columns.
fn excerpt(line: &str, location: Location) -> (String, (usize, usize)) {
    let before: String = line.chars().take(location.column.saturating_sub(1)).collect();
    let word: String = line.chars().skip(location.column.saturating_sub(1)).take(location.width).collect();
    // A tab is shown as one space, so that its width does not depend on the terminal.
    let visible = |text: &str| text.replace('\t', " ").replace(char::is_control, "");
    let shown = redact::text(&visible(line));
    let start = visible(&before).width();
    let room = shown.width().saturating_sub(start).max(1);
    // To the parser a quoted text reaches to the beginning of the next word.
    (shown, (start, word.trim_end().width().clamp(1, room)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_word_even_after_wide_letters() {
        let mut problems = Problems::default();
        let location = Location { line: 1, column: 10, width: 3 };
        problems.add(location, Complaint::new("what is this").hint("write that"));
        let text = problems.into_result(Path::new("s.yaml"), "명연주: 명음반 abc\n").unwrap_err().to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "s.yaml:1:10: what is this");
        assert_eq!(lines[2], " 1 | 명연주: 명음반 abc");
        // Six Korean letters are twelve columns wide, the colon and two spaces three.
        assert_eq!(lines[3], format!("   | {}^^^", " ".repeat(15)));
        assert_eq!(lines[4], "   hint: write that");
        assert_eq!(lines[6], "1 problem in s.yaml");
    }

    #[test]
    fn a_token_in_the_line_is_not_shown() {
        let line = "  hls: h/x.m3u8?token=abcdefghijkl";
        let (shown, caret) = excerpt(line, Location { line: 1, column: 8, width: 27 });
        assert_eq!(shown, "  hls: h/x.m3u8?token=…");
        assert_eq!(caret, (7, 16));
    }
}

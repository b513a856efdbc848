//! Words on the terminal: tables that stay aligned with Korean titles, and output that may be cut off by `head`.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::base::text::cut;

/// So wide is the name of anything at the most.
const MOST_COLUMNS: usize = 40;

/// Writes `text` to stdout. A reader that went away (`| head`) is no error.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes `value` to stdout as JSON, indented.
pub fn print_json<T: serde::Serialize>(value: &T) -> anyhow::Result<()> {
    print(&(serde_json::to_string_pretty(value)? + "\n"))?;
    Ok(())
}

/// `rows` in columns by display width, each line after `indent` and without trailing spaces.
pub fn table<const N: usize>(indent: &str, rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(clean(cell).width());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = indent.to_owned();
        for (width, cell) in widths.iter().zip(row) {
            let cell = clean(cell);
            line.push_str(&cell);
            line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A title, a name or an id for a table, which one that is long does not make wide.
pub fn short(name: &str) -> String {
    cut(name, MOST_COLUMNS).into_owned()
}

/// Titles must not move the cursor of the terminal.
fn clean(cell: &str) -> String {
    cell.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stay_aligned_with_wide_letters_and_control_characters_do_nothing() {
        let row = |one: &str, two: &str| [one.to_owned(), two.to_owned()];
        let text = table("  ", &[row("명연주", "x"), row("News", "y"), row("\u{1b}[2J", "")]);
        assert_eq!(text, "  명연주  x\n  News    y\n   [2J\n");
    }
}

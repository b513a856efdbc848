//! Output on the terminal: tables that stay aligned with Korean titles, and text that `head` may cut off.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::base::text::cut;

/// The most columns that a name takes in a table.
const MAX_COLUMNS: usize = 40;

/// Writes `text` to stdout. It is no error if the reader has gone (`| head`).
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

/// Lays `rows` out in columns by display width. Each line begins with `indent` and has no trailing spaces.
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

/// Cuts a title, a name or an id, so that a long one does not make a table wide.
pub fn short(name: &str) -> String {
    cut(name, MAX_COLUMNS).into_owned()
}

/// Replaces control characters: titles must not move the cursor of the terminal.
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

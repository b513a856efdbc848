//! `aircheck passwd`: makes the hash of a password for the page.
//!
//! Only the hash goes to standard output, so that it can be put into a file. What to do with it goes to standard error.

use std::io::{self, IsTerminal as _, Read as _};

use anyhow::{Context as _, bail};

use super::exit::DONE;
use super::print::print;
use crate::base::password::{LONGEST, PasswordHash};

/// The length in characters below which a password is weak.
const SHORT: usize = 12;

/// Asks for a password, twice at a terminal, and prints its hash.
pub(super) fn run() -> anyhow::Result<u8> {
    let password = if io::stdin().is_terminal() { asked()? } else { piped()? };
    if password.is_empty() {
        bail!("the password is empty; an empty one would keep nobody out");
    }
    if password.len() > LONGEST {
        bail!("the password is longer than {LONGEST} bytes");
    }
    if let Some(weakness) = weakness(&password) {
        eprintln!(
            "aircheck: this password is weak: {weakness}. Four or five words that do not belong together are better."
        );
    }
    let hash = PasswordHash::of(&password)?;
    eprintln!("Write this into the YAML:\n\nweb:\n  password: \"{}\"\n\nOr keep the hash in a file:", hash.as_str());
    eprintln!("`aircheck passwd > page.password`, and `password: file:page.password`.\n");
    print(&format!("{}\n", hash.as_str()))?;
    Ok(DONE)
}

/// Asks at the terminal, without showing what is typed.
fn asked() -> anyhow::Result<String> {
    let ask = |prompt: &str| rpassword::prompt_password(prompt).context("the terminal cannot be read");
    let password = ask("Password for the page: ")?;
    if !password.is_empty() && ask("The same again: ")? != password {
        bail!("the two are not the same; nothing was made");
    }
    Ok(password)
}

/// Reads the first line of standard input.
fn piped() -> anyhow::Result<String> {
    let mut text = String::new();
    // One byte more than is allowed, and a line end.
    io::stdin().take(LONGEST as u64 + 3).read_to_string(&mut text).context("standard input cannot be read")?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Says why a password is soon guessed.
fn weakness(password: &str) -> Option<&'static str> {
    let mut letters: Vec<char> = password.to_lowercase().chars().collect();
    let count = letters.len();
    letters.sort_unstable();
    letters.dedup();
    if letters.iter().all(char::is_ascii_digit) {
        Some("it is a number")
    } else if letters.len() < 5 {
        Some("it repeats a few letters")
    } else if count < SHORT {
        Some("it is short")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_reported_and_phrases_are_not() {
        for weak in ["123456789012", "aaaaaaaaaaaaab", "hunter2", "비밀번호"] {
            assert!(weakness(weak).is_some(), "{weak}");
        }
        for strong in ["correct horse battery staple", "파란 고양이 열두 자전거", "x7#kQ-pl2.Vw9"] {
            assert_eq!(weakness(strong), None, "{strong}");
        }
    }
}

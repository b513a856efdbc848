//! What was probably meant by a text that is no time.

use super::super::confusables::to_ascii;

/// Returns the texts that may have been meant; not each of them is a time.
pub(super) fn of(text: &str) -> Vec<String> {
    let text = to_ascii(text.trim()).to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut found = vec![text.clone()];
    found.extend(afternoon(&text));
    found.extend(numbers(&text));
    if let [first @ .., last] = &words[..] {
        // `22:15 yesterday`, `yesterday at 22:15`, `yesterday, 22:15`.
        found.push(format!("{last} {}", first.join(" ")));
        let first: Vec<&str> = first.iter().map(|word| word.trim_matches(',')).filter(|word| *word != "at").collect();
        found.push(format!("{} {last}", first.join(" ")));
        let clock = numbers(last).unwrap_or_default();
        found.push(format!("{} {clock}", first.join(" ")));
    }
    // `30m`, `30 minutes ago`.
    found.push(format!("-{}", text.trim_end_matches("ago").trim_end()));
    found
}

/// Reads `10:15 pm` and `yesterday 10pm`.
fn afternoon(text: &str) -> Option<String> {
    let text = text.replace("a.m.", "am").replace("p.m.", "pm");
    let (clock, later) =
        text.strip_suffix("pm").map(|clock| (clock, 12)).or_else(|| text.strip_suffix("am").map(|clock| (clock, 0)))?;
    let clock = clock.trim_end();
    let (day, clock) = clock.rsplit_once(char::is_whitespace).unwrap_or(("", clock));
    let (hour, minute) = clock.split_once([':', '.']).unwrap_or((clock, "00"));
    let hour: u32 = hour.parse().ok().filter(|hour| (1..=12).contains(hour))?;
    Some(format!("{day} {:02}:{minute}", hour % 12 + later).trim().to_owned())
}

/// Reads numbers with other signs between them, or none: `2026/11/20 22.15`, `2026. 11. 20. 22:15`, `20261120T221500Z`,
/// `22h15`, `22시 15분`, `2215`.
fn numbers(text: &str) -> Option<String> {
    let known = |c: char| c.is_ascii_digit() || c.is_whitespace() || "./-:,thz시분초년월일".contains(c);
    if !text.chars().all(known) {
        return None;
    }
    let mut groups = Vec::new();
    for group in text.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()) {
        match group.len() {
            8 => groups.extend([group.get(..4)?, group.get(4..6)?, group.get(6..)?]),
            4 if groups.len() == 3 || text.len() == 4 => groups.extend([group.get(..2)?, group.get(2..)?]),
            6 => groups.extend([group.get(..2)?, group.get(2..4)?, group.get(4..)?]),
            _ => groups.push(group),
        }
    }
    let clock = |groups: &[&str]| groups.iter().map(|group| format!("{group:0>2}")).collect::<Vec<_>>().join(":");
    if groups.first()?.len() < 4 {
        return Some(clock(&groups));
    }
    let [year, month, day, rest @ ..] = &groups[..] else { return None };
    let (date, clock) = (format!("{year}-{month}-{day}"), clock(rest));
    Some(match (clock.is_empty(), text.ends_with('z')) {
        (true, _) => date,
        (false, false) => format!("{date} {clock}"),
        (false, true) => format!("{date}T{clock}Z"),
    })
}

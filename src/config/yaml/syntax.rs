//! From text to a tree of values, past mistakes of YAML itself.
//!
//! One unquoted `*/10 * * * *` must not hide the other mistakes of the file. So a line that is no YAML is told, put in
//! quotes (which is what was meant, nearly always) and the file is read again.

use std::sync::LazyLock;

use regex::Regex;

use super::characters::{self, wide_colon};
use super::location::{self, Broken, Place, TOO_MUCH};
use super::node::{self, Node};
use super::problem::Problems;
use crate::config::values::Complaint;

/// So many broken lines are told in one run.
const MOST_REPAIRS: usize = 50;

/// Characters that two quotes take.
const QUOTES: isize = 2;

/// The values of `text`. `None` when it is empty or broken beyond repair, which has been told.
pub fn read(text: &str, problems: &mut Problems) -> Option<Node> {
    let mut text = characters::clean(text, problems).into_owned();
    for _ in 0..MOST_REPAIRS {
        let broken = match attempt(&text) {
            Ok(Some(node)) => return Some(node),
            Ok(None) => {
                let complaint = Complaint::new("the file is empty").hint("begin with `stations:` and `shows:`");
                problems.add(Place::TOP, complaint);
                return None;
            }
            Err(broken) => broken,
        };
        let number = broken.place.line;
        let line = text.lines().nth(number.saturating_sub(1)).unwrap_or_default();
        if let Some((place, complaint, repaired)) = unquoted_cron(&text, number) {
            problems.add(place, complaint);
            problems.moved(place, QUOTES);
            text = repaired;
            continue;
        }
        if let Some([message, hint]) = broken.known {
            let hint = format!("{hint}; what follows could not be checked yet");
            problems.add(broken.place, Complaint::new(message).hint(hint));
            return None;
        }
        let slip = || tab_after_colon(&text, number).or_else(|| full_width_colon(&text, number));
        let slip = slip();
        let is_slip = slip.is_some();
        let (place, complaint, repaired) = slip.or_else(|| without_colon(&text, number)).unwrap_or_else(|| {
            if let Some((place, complaint)) = unknown_anchor(line, &broken) {
                return (place, complaint, None);
            }
            let (place, complaint) = explain(line, &broken);
            (place, complaint, value_of(line).and_then(|value| repair(&text, number, &value)))
        });
        match repaired {
            // The repair helped if the parser gets further than before, or one mistake less is in its way.
            Some(repaired) if is_slip || attempt(&repaired).err().is_none_or(|next| next.place.line > number) => {
                problems.add(place, complaint);
                text = repaired;
            }
            _ => {
                let hint = complaint.hint.clone().map_or_else(String::new, |hint| format!("{hint}; "));
                let hint = format!("{hint}what follows could not be checked yet");
                problems.add(place, complaint.hint(hint));
                return None;
            }
        }
    }
    None
}

fn attempt(text: &str) -> Result<Option<Node>, Broken> {
    let Some(spots) = location::spots(text)? else { return Ok(None) };
    node::read(text, &spots).map(Some).map_err(|error| {
        let place = error.location().map_or(Place::TOP, |at| Place { line: at.line(), column: at.column(), width: 1 });
        let reason = error.to_string();
        let known = (reason.contains("repetition limit") || reason.contains("recursion limit")).then_some(TOO_MUCH);
        Broken { place, reason, known }
    })
}

/// The value that a line writes after its key or dash.
struct Value {
    /// Characters before it.
    before: usize,
    text: String,
    /// The key, with its colon.
    key: String,
}

fn value_of(line: &str) -> Option<Value> {
    #[expect(clippy::expect_used, reason = "a constant pattern, used by the tests below")]
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"^(?P<before>\s*(?:-\s+)*(?P<key>[^\s#:'"\[{-][^:]*:\s+)?)(?P<text>\S.*?)(?:\s+#.*)?\s*$"#)
            .expect("a valid constant pattern")
    });
    let found = LINE.captures(line)?;
    let (before, key) = (found.name("before")?.as_str(), found.name("key").map_or("", |key| key.as_str()));
    if before.trim().is_empty() {
        return None;
    }
    Some(Value { before: before.chars().count(), text: found["text"].to_owned(), key: key.trim().to_owned() })
}

/// `text` with the value of line `number` in single quotes.
fn repair(text: &str, number: usize, value: &Value) -> Option<String> {
    let inner = match value.text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None if value.text.starts_with('\'') => return None,
        None => &value.text,
    };
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let line = lines.get_mut(number.checked_sub(1)?)?;
    let before: String = line.chars().take(value.before).collect();
    *line = format!("{before}'{}'", inner.replace('\'', "''"));
    Some(lines.join("\n") + "\n")
}

/// A cron without quotes among other keys in `{ … }`, where quoting the whole value of the line would hide it.
fn unquoted_cron(text: &str, number: usize) -> Option<(Place, Complaint, String)> {
    #[expect(clippy::expect_used, reason = "a constant pattern, used by the tests of this module")]
    static CRON: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\{.*\bcron:\s+(?P<cron>[*\d][\d*/,-]*(?:\s+[\w*/,-]+){3}\s+[\w*/-]+(?:,\w+)*)")
            .expect("a valid constant pattern")
    });
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let line = lines.get_mut(number.checked_sub(1)?)?;
    let found = CRON.captures(line)?.name("cron")?;
    let (column, cron) = (line.get(..found.start())?.chars().count() + 1, found.as_str().to_owned());
    let place = Place { line: number, column, width: cron.chars().count() };
    let complaint = Complaint::new("a value that begins with `*` means something else in YAML")
        .hint(format!("put it in quotes: `cron: \"{cron}\"`"));
    line.replace_range(found.range(), &format!("'{cron}'"));
    let repaired = lines.join("\n") + "\n";
    let helped = attempt(&repaired).err().is_none_or(|next| next.place.line > number);
    helped.then_some((place, complaint, repaired))
}

/// A line such as `length 2h`, at line `number` or just above it: the parser stumbles over it only later. Returns its
/// place, what to say and the text with the colon in it, where that helps the parser.
fn without_colon(text: &str, number: usize) -> Option<(Place, Complaint, Option<String>)> {
    #[expect(clippy::expect_used, reason = "a constant pattern, used by the tests of this module")]
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?P<before>\s*(?:-\s+)?)(?P<key>[a-z][a-z0-9_]*)(?:\s+(?P<value>[^:\s#].*))?$")
            .expect("a valid constant pattern")
    });
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let (index, line) = lines.iter().enumerate().take(number).rfind(|(_, line)| !line.trim().is_empty())?;
    let found = LINE.captures(line).filter(|_| !line.contains(": ") && !line.ends_with(':'))?;
    let (before, key) = (found["before"].to_owned(), found["key"].to_owned());
    let value = found.name("value").map_or("", |value| value.as_str());
    let instead = format!("{key}: {value}").trim_end().to_owned();
    let place = Place { line: index + 1, column: before.chars().count() + 1, width: key.chars().count() };
    let complaint = Complaint::new(format!("there is no colon after `{key}`")).hint(format!("write `{instead}`"));
    *lines.get_mut(index)? = format!("{before}{instead}");
    let repaired = lines.join("\n") + "\n";
    let helped = attempt(&repaired).err().is_none_or(|next| next.place.line > number);
    helped.then_some((place, complaint, Some(repaired)))
}

/// A tab after the colon of line `number`, which parsers take for no space.
fn tab_after_colon(text: &str, number: usize) -> Option<(Place, Complaint, Option<String>)> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let line = lines.get_mut(number.checked_sub(1)?)?;
    let (before, after) = line.split_once(":\t")?;
    let column = before.chars().count() + 2;
    let rest = after.trim_start_matches('\t');
    let width = 1 + after.chars().count() - rest.chars().count();
    let key = before.trim_start_matches([' ', '-']);
    let complaint = Complaint::new("a tab stands after this colon, where YAML wants a space")
        .hint(format!("write `{}`", format!("{key}: {rest}").trim_end()));
    *line = format!("{before}:{}{rest}", " ".repeat(width));
    Some((Place { line: number, column, width }, complaint, Some(lines.join("\n") + "\n")))
}

/// `title：News`, in line `number` or one of those above that the parser has taken for one text with it.
fn full_width_colon(text: &str, number: usize) -> Option<(Place, Complaint, Option<String>)> {
    #[expect(clippy::expect_used, reason = "a constant pattern, used by the tests of this module")]
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?P<before>\s*(?:-\s+)*)(?P<key>[\w-]+)\s*：\s*(?P<value>.*)$").expect("a valid constant pattern")
    });
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let candidates = lines.iter().enumerate().take(number + 1).skip(number.saturating_sub(3));
    candidates.into_iter().find_map(|(index, line)| {
        let found = LINE.captures(line)?;
        let (before, key, value) = (&found["before"], &found["key"], &found["value"]);
        let mut repaired = lines.clone();
        *repaired.get_mut(index)? = format!("{before}{key}: {value}");
        let column = before.chars().count() + key.chars().count() + 1;
        // Several such lines are mended one after another, so that none gets far by itself.
        Some((Place { line: index + 1, column, width: 1 }, wide_colon(key, value), Some(repaired.join("\n") + "\n")))
    })
}

/// `*name` where nothing above is called `&name`; what begins with `*` otherwise is no alias, but lacks quotes.
fn unknown_anchor(line: &str, broken: &Broken) -> Option<(Place, Complaint)> {
    let value = value_of(line)?;
    let name = value.text.strip_prefix('*').filter(|_| broken.reason.contains("anchor"))?;
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || "-_".contains(c)) {
        return None;
    }
    let place = Place { line: broken.place.line, column: value.before + 1, width: value.text.chars().count() };
    let complaint = Complaint::new(format!("there is no anchor `&{name}` above this alias"));
    Some((place, complaint.hint(format!("write `&{name}` before the value, further up, that is to be repeated here"))))
}

/// Says in words what is wrong with the line, and points to it.
fn explain(line: &str, broken: &Broken) -> (Place, Complaint) {
    let indent = line.len() - line.trim_start().len();
    if line.chars().take(indent).any(|c| c == '\t') {
        let column = line.chars().take_while(|c| *c != '\t').count() + 1;
        let complaint = Complaint::new("this line is indented by a tab, which YAML does not allow")
            .hint("indent by spaces, two for each level");
        return (Place { line: broken.place.line, column, width: 1 }, complaint);
    }
    if let Some(value) = value_of(line) {
        let width = value.text.chars().count();
        let place = Place { line: broken.place.line, column: value.before + 1, width };
        let prefix = if value.key.is_empty() { String::new() } else { format!("{} ", value.key) };
        let quoted = if value.text.contains(['"', '\\']) {
            format!("write `{prefix}'{}'`", value.text.replace('\'', "''"))
        } else {
            format!("put it in quotes: `{prefix}\"{}\"`", value.text)
        };
        let first = value.text.chars().next().unwrap_or_default();
        match first {
            '*' | '&' | '!' | '@' | '`' | '%' | '|' | '>' | '[' | '{' => {
                let complaint =
                    Complaint::new(format!("a value that begins with `{first}` means something else in YAML"));
                return (place, complaint.hint(quoted));
            }
            '"' if value.text.contains('\\') && value.text.len() > 1 && value.text.ends_with('"') => {
                let complaint = Complaint::new("a backslash in double quotes means something else in YAML");
                let inner = value.text.trim_matches('"').replace('\'', "''");
                return (place, complaint.hint(format!("use single quotes: `{prefix}'{inner}'`")));
            }
            '"' | '\'' => {
                let complaint = Complaint::new("the quotes of this value do not match");
                let hint = match first {
                    '"' => "end it with `\"`; a quote inside is written `\\\"`",
                    _ => "end it with `'`; a quote inside is written twice, `''`",
                };
                return (place, complaint.hint(hint));
            }
            _ if value.text.contains(": ") || value.text.ends_with(':') => {
                let complaint = Complaint::new("a value with a colon in it means something else in YAML");
                return (place, complaint.hint(quoted));
            }
            _ => {}
        }
    }
    let (message, hint) = match broken.reason.as_str() {
        reason if reason.contains("flow ") => {
            ("a `{` or `[` is not closed above this place".to_owned(), "close it with `}` or `]`")
        }
        reason if reason.contains("block ") => (
            "this line is indented like no line above it".to_owned(),
            "indent the keys of one block by the same number of spaces",
        ),
        reason => (
            format!("this cannot be read as YAML: {reason}"),
            "see whether the lines above are indented alike, and whether every quote and bracket is closed",
        ),
    };
    (broken.place, Complaint::new(message).hint(hint))
}

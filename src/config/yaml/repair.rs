//! Mistakes of YAML itself: what each is called, and the text without it.

use std::sync::LazyLock;

use regex::Regex;

use super::characters::wide_colon;
use super::location::{Location, SyntaxError};
use super::node::Node;
use crate::config::values::Complaint;

/// A mistake that keeps the text from being YAML.
pub(super) struct Mistake {
    /// Where it is.
    pub location: Location,
    /// What is said of it.
    pub complaint: Complaint,
    /// The text without it. `None` if no repair is known that helps.
    pub repaired: Option<String>,
}

/// The mistake that stopped the parser with `error`.
pub(super) fn mistake(text: &str, error: &SyntaxError) -> Mistake {
    let number = error.location.line;
    let line = text.lines().nth(number.saturating_sub(1)).unwrap_or_default();
    tab_after_colon(text, number)
        .or_else(|| full_width_colon(text, number))
        .or_else(|| missing_colon(text, number))
        .or_else(|| unknown_anchor(line, error))
        .unwrap_or_else(|| {
            let (location, complaint) = explain(line, error);
            let repaired = value_of(line).and_then(|value| quoted(text, number, &value));
            Mistake { location, complaint, repaired: repaired.filter(|text| gets_further(text, number)) }
        })
}

/// Whether the parser gets past line `number` of `text`, or one mistake less is in its way.
fn gets_further(text: &str, number: usize) -> bool {
    Node::parse(text).err().is_none_or(|next| next.location.line > number)
}

/// The value that a line has after its key or dash.
struct Value {
    /// How many characters stand before it.
    before: usize,
    text: String,
    /// The key, with its colon.
    key: String,
}

fn value_of(line: &str) -> Option<Value> {
    #[expect(clippy::expect_used, reason = "a constant pattern, used by the tests of this module")]
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

fn lines_of(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn joined(lines: &[String]) -> String {
    lines.join("\n") + "\n"
}

/// `text` with the value of line `number` in single quotes.
fn quoted(text: &str, number: usize, value: &Value) -> Option<String> {
    let inner = match value.text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None if value.text.starts_with('\'') => return None,
        None => &value.text,
    };
    let mut lines = lines_of(text);
    let line = lines.get_mut(number.checked_sub(1)?)?;
    let before: String = line.chars().take(value.before).collect();
    *line = format!("{before}'{}'", inner.replace('\'', "''"));
    Some(joined(&lines))
}

/// A cron without quotes among other keys in `{ … }`, where quoting the whole value of the line would hide it.
pub(super) fn unquoted_cron(text: &str, number: usize) -> Option<Mistake> {
    #[expect(clippy::expect_used, reason = "a constant pattern, used by the tests of this module")]
    static CRON: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\{.*\bcron:\s+(?P<cron>[*\d][\d*/,-]*(?:\s+[\w*/,-]+){3}\s+[\w*/-]+(?:,\w+)*)")
            .expect("a valid constant pattern")
    });
    let mut lines = lines_of(text);
    let line = lines.get_mut(number.checked_sub(1)?)?;
    let found = CRON.captures(line)?.name("cron")?;
    let (column, cron) = (line.get(..found.start())?.chars().count() + 1, found.as_str().to_owned());
    let location = Location { line: number, column, width: cron.chars().count() };
    let complaint = Complaint::new("a value that begins with `*` means something else in YAML")
        .hint(format!("put it in quotes: `cron: \"{cron}\"`"));
    line.replace_range(found.range(), &format!("'{cron}'"));
    let repaired = joined(&lines);
    gets_further(&repaired, number).then_some(Mistake { location, complaint, repaired: Some(repaired) })
}

/// A line such as `length 2h`, at line `number` or just above it: the parser stumbles over it only later.
fn missing_colon(text: &str, number: usize) -> Option<Mistake> {
    #[expect(clippy::expect_used, reason = "a constant pattern, used by the tests of this module")]
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?P<before>\s*(?:-\s+)?)(?P<key>[a-z][a-z0-9_]*)(?:\s+(?P<value>[^:\s#].*))?$")
            .expect("a valid constant pattern")
    });
    let mut lines = lines_of(text);
    let (index, line) = lines.iter().enumerate().take(number).rfind(|(_, line)| !line.trim().is_empty())?;
    let found = LINE.captures(line).filter(|_| !line.contains(": ") && !line.ends_with(':'))?;
    let (before, key) = (found["before"].to_owned(), found["key"].to_owned());
    let value = found.name("value").map_or("", |value| value.as_str());
    let instead = format!("{key}: {value}").trim_end().to_owned();
    let location = Location { line: index + 1, column: before.chars().count() + 1, width: key.chars().count() };
    let complaint = Complaint::new(format!("there is no colon after `{key}`")).hint(format!("write `{instead}`"));
    *lines.get_mut(index)? = format!("{before}{instead}");
    let repaired = joined(&lines);
    gets_further(&repaired, number).then_some(Mistake { location, complaint, repaired: Some(repaired) })
}

/// A tab after the colon of line `number`, which parsers do not take for a space.
fn tab_after_colon(text: &str, number: usize) -> Option<Mistake> {
    let mut lines = lines_of(text);
    let line = lines.get_mut(number.checked_sub(1)?)?;
    let (before, after) = line.split_once(":\t")?;
    let column = before.chars().count() + 2;
    let rest = after.trim_start_matches('\t');
    let width = 1 + after.chars().count() - rest.chars().count();
    let key = before.trim_start_matches([' ', '-']);
    let complaint = Complaint::new("a tab stands after this colon, where YAML wants a space")
        .hint(format!("write `{}`", format!("{key}: {rest}").trim_end()));
    *line = format!("{before}:{}{rest}", " ".repeat(width));
    Some(Mistake { location: Location { line: number, column, width }, complaint, repaired: Some(joined(&lines)) })
}

/// `title：News`, in line `number` or in one of those above that the parser has taken for one text with it.
fn full_width_colon(text: &str, number: usize) -> Option<Mistake> {
    #[expect(clippy::expect_used, reason = "a constant pattern, used by the tests of this module")]
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?P<before>\s*(?:-\s+)*)(?P<key>[\w-]+)\s*：\s*(?P<value>.*)$").expect("a valid constant pattern")
    });
    let lines = lines_of(text);
    let candidates = lines.iter().enumerate().take(number + 1).skip(number.saturating_sub(3));
    candidates.into_iter().find_map(|(index, line)| {
        let found = LINE.captures(line)?;
        let (before, key, value) = (&found["before"], &found["key"], &found["value"]);
        let mut repaired = lines.clone();
        *repaired.get_mut(index)? = format!("{before}{key}: {value}");
        let column = before.chars().count() + key.chars().count() + 1;
        // Whether the parser gets further is not asked: several such lines are repaired one after another, and none of
        // them gets far by itself.
        Some(Mistake {
            location: Location { line: index + 1, column, width: 1 },
            complaint: wide_colon(key, value),
            repaired: Some(joined(&repaired)),
        })
    })
}

/// `*name` if nothing above is called `&name`. Other values that begin with `*` are no aliases, but lack quotes.
fn unknown_anchor(line: &str, error: &SyntaxError) -> Option<Mistake> {
    let value = value_of(line)?;
    let name = value.text.strip_prefix('*').filter(|_| error.reason.contains("anchor"))?;
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || "-_".contains(c)) {
        return None;
    }
    let location = Location { line: error.location.line, column: value.before + 1, width: value.text.chars().count() };
    let complaint = Complaint::new(format!("there is no anchor `&{name}` above this alias"))
        .hint(format!("write `&{name}` before the value, further up, that is to be repeated here"));
    Some(Mistake { location, complaint, repaired: None })
}

/// Says in words what is wrong with the line, and points to it.
fn explain(line: &str, error: &SyntaxError) -> (Location, Complaint) {
    let indent = line.len() - line.trim_start().len();
    if line.chars().take(indent).any(|c| c == '\t') {
        let column = line.chars().take_while(|c| *c != '\t').count() + 1;
        let complaint = Complaint::new("this line is indented by a tab, which YAML does not allow")
            .hint("indent by spaces, two for each level");
        return (Location { line: error.location.line, column, width: 1 }, complaint);
    }
    if let Some(value) = value_of(line)
        && let Some(complaint) = explain_value(&value)
    {
        let width = value.text.chars().count();
        return (Location { line: error.location.line, column: value.before + 1, width }, complaint);
    }
    let (message, hint) = match error.reason.as_str() {
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
    (error.location, Complaint::new(message).hint(hint))
}

/// Says what is wrong with a value. `None` if nothing is seen in it that YAML takes for something else.
fn explain_value(value: &Value) -> Option<Complaint> {
    let prefix = if value.key.is_empty() { String::new() } else { format!("{} ", value.key) };
    let in_quotes = if value.text.contains(['"', '\\']) {
        format!("write `{prefix}'{}'`", value.text.replace('\'', "''"))
    } else {
        format!("put it in quotes: `{prefix}\"{}\"`", value.text)
    };
    let first = value.text.chars().next().unwrap_or_default();
    Some(match first {
        '*' | '&' | '!' | '@' | '`' | '%' | '|' | '>' | '[' | '{' => {
            Complaint::new(format!("a value that begins with `{first}` means something else in YAML")).hint(in_quotes)
        }
        '"' if value.text.contains('\\') && value.text.len() > 1 && value.text.ends_with('"') => {
            let inner = value.text.trim_matches('"').replace('\'', "''");
            Complaint::new("a backslash in double quotes means something else in YAML")
                .hint(format!("use single quotes: `{prefix}'{inner}'`"))
        }
        '"' | '\'' => {
            let hint = match first {
                '"' => "end it with `\"`; a quote inside is written `\\\"`",
                _ => "end it with `'`; a quote inside is written twice, `''`",
            };
            Complaint::new("the quotes of this value do not match").hint(hint)
        }
        _ if value.text.contains(": ") || value.text.ends_with(':') => {
            Complaint::new("a value with a colon in it means something else in YAML").hint(in_quotes)
        }
        _ => return None,
    })
}

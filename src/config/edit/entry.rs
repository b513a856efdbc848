//! An entry as it is written: in lines of its own, or in braces.

use crate::config::yaml::{Content, Node};

/// A value that is to be written.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// Nothing, as after `get:`.
    Nothing,
    /// A text, or anything that is written as one.
    Text(String, Quotes),
    /// Keys and values.
    Map(Vec<(String, Written)>),
    /// A list of keys and values.
    List(Vec<Vec<(String, Written)>>),
}

/// The quotes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quotes {
    /// Only where YAML needs them.
    IfNeeded,
    /// `'…'`, as of patterns: a backslash is one.
    Single,
    /// `"…"`, as of crons.
    Double,
}

impl Written {
    /// A text, in quotes where YAML needs them.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into(), Quotes::IfNeeded)
    }
}

/// Returns the lines of an entry whose name or dash stands at `column`. Its keys stand `inner` columns further right, and
/// each level below by `step`.
pub(super) fn in_lines(
    name: Option<&str>,
    keys: &[(String, Written)],
    column: usize,
    inner: usize,
    step: usize,
) -> Vec<String> {
    let lines = keys_in_lines(keys, column + inner, step);
    let margin = " ".repeat(column);
    match name {
        Some(name) => std::iter::once(format!("{margin}{}:", scalar(name, Quotes::IfNeeded))).chain(lines).collect(),
        None => with_dash(lines, column, inner),
    }
}

fn keys_in_lines(keys: &[(String, Written)], column: usize, step: usize) -> Vec<String> {
    let margin = " ".repeat(column);
    let mut lines = Vec::new();
    for (key, value) in keys {
        let key = scalar(key, Quotes::IfNeeded);
        match value {
            Written::Nothing => lines.push(format!("{margin}{key}:")),
            Written::Text(text, quotes) => lines.push(format!("{margin}{key}: {}", scalar(text, *quotes))),
            Written::Map(keys) => {
                lines.push(format!("{margin}{key}:"));
                lines.extend(keys_in_lines(keys, column + step, step));
            }
            Written::List(items) => {
                lines.push(format!("{margin}{key}:"));
                for item in items {
                    lines.extend(with_dash(keys_in_lines(item, column + step + 2, step), column + step, 2));
                }
            }
        }
    }
    lines
}

/// Puts a dash at `column` in front of the first of `lines`, whose keys stand `inner` columns further right.
fn with_dash(mut lines: Vec<String>, column: usize, inner: usize) -> Vec<String> {
    if let Some(first) = lines.first_mut() {
        let dash = format!("{}-{}", " ".repeat(column), " ".repeat(inner.saturating_sub(1)));
        *first = format!("{dash}{}", first.trim_start());
    }
    lines
}

/// Returns an entry as it stands within braces: `name: { key: value }`, or `{ key: value }`.
pub(super) fn in_braces(name: Option<&str>, keys: &[(String, Written)]) -> String {
    let keys = map_in_braces(keys);
    name.map_or(keys.clone(), |name| format!("{}: {keys}", scalar(name, Quotes::IfNeeded)))
}

fn map_in_braces(keys: &[(String, Written)]) -> String {
    let key = |(key, value): &(String, Written)| {
        let key = scalar(key, Quotes::IfNeeded);
        match value {
            Written::Nothing => format!("{key}: ~"),
            Written::Text(text, quotes) => format!("{key}: {}", scalar(text, *quotes)),
            Written::Map(keys) => format!("{key}: {}", map_in_braces(keys)),
            Written::List(items) => {
                let items: Vec<_> = items.iter().map(|item| map_in_braces(item)).collect();
                format!("{key}: [{}]", items.join(", "))
            }
        }
    };
    format!("{{ {} }}", keys.iter().map(key).collect::<Vec<_>>().join(", "))
}

/// Writes a text on one line.
fn scalar(text: &str, quotes: Quotes) -> String {
    let has_controls = text.contains(char::is_control);
    match quotes {
        Quotes::IfNeeded if is_plain(text) => text.to_owned(),
        Quotes::Double if !text.contains(['"', '\\']) && !has_controls => format!("\"{text}\""),
        _ if !has_controls => format!("'{}'", text.replace('\'', "''")),
        // JSON is YAML.
        _ => serde_json::Value::from(text).to_string(),
    }
}

/// Whether YAML takes `text` without quotes for itself, in a line and in braces.
fn is_plain(text: &str) -> bool {
    let is_itself = |node: &Node| matches!(&node.content, Content::Text(read) if read == text);
    let reads_as_itself = |document: String| match Node::strictly(&document) {
        Ok(Some(Node { content: Content::Map(entries), .. })) => {
            matches!(&entries[..], [only] if only.key == "k" && is_itself(&only.value))
        }
        _ => false,
    };
    // Words that older readers of YAML take for yes and no.
    let is_word = matches!(text.to_lowercase().as_str(), "yes" | "no" | "on" | "off" | "y" | "n" | "null");
    let fits = !is_word && !text.contains(char::is_control);
    fits && reads_as_itself(format!("k: {text}\n")) && reads_as_itself(format!("{{ k: {text} }}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_quotes_only_where_yaml_needs_them() {
        for plain in ["KBS 1FM", "명연주 명음반", "https://h.example/a?b=c&d=e", "1h30m", "script", "1FM (Seoul)"]
        {
            assert_eq!(scalar(plain, Quotes::IfNeeded), plain);
        }
        for (text, written) in [
            ("1.10", "'1.10'"),
            ("true", "'true'"),
            ("yes", "'yes'"),
            ("a: b", "'a: b'"),
            ("a #1", "'a #1'"),
            ("a, b", "'a, b'"),
            ("It's: on", "'It''s: on'"),
            ("*x", "'*x'"),
            ("", "''"),
            ("a\nb", "\"a\\nb\""),
            ("http://h/;", "http://h/;"),
        ] {
            assert_eq!(scalar(text, Quotes::IfNeeded), written);
        }
        assert_eq!(scalar("0 14 * * *", Quotes::Double), "\"0 14 * * *\"");
        assert_eq!(scalar(r"url\((.*?)\)", Quotes::Single), r"'url\((.*?)\)'");
    }
}

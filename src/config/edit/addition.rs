//! An entry that is added to a section of the file.

use super::entry::{self, Written};
use super::error::EditError;
use super::insert;
use crate::config::yaml::{Content, Entry, Node, Outline};

/// An entry that is to be added to a section of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Addition {
    section: &'static str,
    /// The name of the entry. `None` in a list.
    name: Option<String>,
    keys: Vec<(String, Written)>,
}

impl Addition {
    /// A station with this id and these keys.
    pub fn station(id: &str, keys: Vec<(String, Written)>) -> Self {
        Self { section: "stations", name: Some(id.to_owned()), keys }
    }

    /// A show with these keys.
    pub fn show(keys: Vec<(String, Written)>) -> Self {
        Self { section: "shows", name: None, keys }
    }

    /// Returns the section with this entry alone, as it could be copied into a file.
    pub fn lines(&self) -> String {
        let lines = entry::in_lines(self.name.as_deref(), &self.keys, 2, 2, 2);
        format!("{}:\n{}\n", self.section, lines.join("\n"))
    }

    /// Returns `text` with this entry added.
    ///
    /// # Errors
    /// Its layout does not allow that, or it is no YAML.
    pub fn added_to(&self, text: &str) -> Result<String, EditError> {
        let layout = || EditError::Layout { section: self.section };
        // Windows editors begin a file with a byte order mark, which stays.
        let (mark, body) = match text.strip_prefix('\u{feff}') {
            Some(body) => ("\u{feff}", body),
            None => ("", text),
        };
        let before = Node::strictly(body).map_err(|_| EditError::NotYaml)?;
        let outline = Outline::of(body, self.section).ok_or_else(layout)?;
        let after =
            insert::inserted(body, &outline, (self.section, self.name.as_deref(), &self.keys)).ok_or_else(layout)?;
        let read = Node::strictly(&after).ok().flatten().ok_or_else(layout)?;
        if self.is_all_that_is_new(before.as_ref(), &read) { Ok(format!("{mark}{after}")) } else { Err(layout()) }
    }

    /// Whether `after` is `before` with this entry, and nothing else.
    fn is_all_that_is_new(&self, before: Option<&Node>, after: &Node) -> bool {
        let Content::Map(after) = &after.content else { return false };
        let before = match before.map(|node| &node.content) {
            None | Some(Content::Nothing) => &[][..],
            Some(Content::Map(entries)) => entries,
            Some(_) => return false,
        };
        let others = |entries: &'_ [Entry]| {
            entries.iter().filter(|entry| entry.key != self.section).cloned().collect::<Vec<_>>()
        };
        let section = |entries: &[Entry]| entries.iter().find(|entry| entry.key == self.section).cloned();
        if !same_entries(&others(before), &others(after)) {
            return false;
        }
        let (Some(now), then) = (section(after), section(before)) else { return false };
        match (then.map_or(Content::Nothing, |then| then.value.content), now.value.content) {
            (Content::Map(then), Content::Map(now)) => self.is_one_more(&then, &now),
            (Content::List(then), Content::Map(now)) if then.is_empty() => self.is_one_more(&[], &now),
            (Content::List(then), Content::List(now)) => is_one_longer(&then, &now),
            (Content::Map(then), Content::List(now)) if then.is_empty() => is_one_longer(&[], &now),
            (Content::Nothing, Content::Map(now)) => self.is_one_more(&[], &now),
            (Content::Nothing, Content::List(now)) => is_one_longer(&[], &now),
            _ => false,
        }
    }

    fn is_one_more(&self, then: &[Entry], now: &[Entry]) -> bool {
        let name = self.name.as_deref().unwrap_or_default();
        let others: Vec<Entry> = now.iter().filter(|entry| entry.key != name).cloned().collect();
        others.len() + 1 == now.len() && same_entries(then, &others)
    }
}

fn is_one_longer(then: &[Node], now: &[Node]) -> bool {
    now.len() == then.len() + 1 && then.iter().zip(now).all(|(one, other)| same(one, other))
}

fn same_entries(one: &[Entry], other: &[Entry]) -> bool {
    let equal = |(one, other): (&Entry, &Entry)| one.key == other.key && same(&one.value, &other.value);
    one.len() == other.len() && one.iter().zip(other).all(equal)
}

/// Whether two values are the same, wherever they stand.
fn same(one: &Node, other: &Node) -> bool {
    match (&one.content, &other.content) {
        (Content::Nothing, Content::Nothing) => true,
        (Content::Bool(one), Content::Bool(other)) => one == other,
        (Content::Number(one), Content::Number(other)) | (Content::Text(one), Content::Text(other)) => one == other,
        (Content::List(one), Content::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Content::Map(one), Content::Map(other)) => same_entries(one, other),
        _ => false,
    }
}

//! The file as a tree of values, each with its location. Both of two equal keys are kept, so that they can be reported.

use std::fmt;
use std::rc::Rc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::location::{Children, Location, LocationTree, SyntaxError, TOO_MUCH};
use crate::base::text::composed;

/// The key that merges the keys of an anchor.
pub const MERGE: &str = "<<";

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where it begins.
    pub location: Location,
    /// What it is.
    pub content: Content,
}

/// What a value is.
#[derive(Debug, Clone)]
pub enum Content {
    /// Nothing was written.
    Nothing,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Keys and values.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key as written, in normal form C.
    pub key: String,
    /// Where the key stands.
    pub location: Location,
    /// Its value.
    pub value: Node,
}

impl Content {
    /// Says what was found, for messages.
    pub fn found(&self) -> String {
        match self {
            Self::Nothing => "nothing is written".to_owned(),
            Self::Bool(value) => format!("`{value}` is a yes or no"),
            Self::Number(text) => format!("`{text}` is a number"),
            Self::Text(text) if text.chars().count() > 40 => "this is a text".to_owned(),
            Self::Text(text) => format!("`{text}` is a text"),
            Self::List(_) => "this is a list".to_owned(),
            Self::Map(_) => "these are keys and values".to_owned(),
        }
    }
}

impl Node {
    /// Parses the document in `text`. `None` if it is empty.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, SyntaxError> {
        let Some(tree) = LocationTree::parse(text)? else { return Ok(None) };
        match serde_yaml::from_str::<RawValue>(text) {
            Ok(value) => Ok(Some(join(value, Some(&tree), tree.location))),
            Err(error) => Err(syntax_error(&error)),
        }
    }
}

fn syntax_error(error: &serde_yaml::Error) -> SyntaxError {
    let at = error.location();
    let location = at.map_or(Location::TOP, |at| Location { line: at.line(), column: at.column(), width: 1 });
    let reason = error.to_string();
    let is_endless = reason.contains("repetition limit") || reason.contains("recursion limit");
    SyntaxError { location, reason, advice: is_endless.then_some(TOO_MUCH) }
}

/// A value as `serde_yaml` reads it. Its own `Value` keeps only one of two equal keys.
enum RawValue {
    Nothing,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<RawValue>),
    Map(Vec<(RawValue, RawValue)>),
}

/// Joins a value with its locations. A value without a location gets that of its `parent`.
fn join(value: RawValue, tree: Option<&Rc<LocationTree>>, parent: Location) -> Node {
    let location = tree.map_or(parent, |tree| tree.location);
    let children = tree.map(|tree| &tree.children);
    let content = match value {
        RawValue::Nothing => Content::Nothing,
        RawValue::Bool(value) => Content::Bool(value),
        RawValue::Number(text) => Content::Number(tree.map_or(text, |tree| tree.text.clone())),
        RawValue::Text(text) => Content::Text(text),
        RawValue::List(items) => {
            let trees: &[Rc<LocationTree>] = match children {
                Some(Children::List(trees)) => trees.as_slice(),
                _ => &[],
            };
            let item = |(number, item): (usize, RawValue)| join(item, trees.get(number), location);
            Content::List(items.into_iter().enumerate().map(item).collect())
        }
        RawValue::Map(entries) => {
            let trees: &[(Rc<LocationTree>, Rc<LocationTree>)] = match children {
                Some(Children::Map(trees)) => trees.as_slice(),
                _ => &[],
            };
            let entry = |(number, (key, value)): (usize, (RawValue, RawValue))| {
                let both = trees.get(number);
                let (key_tree, value_tree) = (both.map(|(key, _)| key), both.map(|(_, value)| value));
                let key_location = key_tree.map_or(location, |tree| tree.location);
                let key = match key {
                    RawValue::Text(text) => text,
                    _ => key_tree.map_or_else(String::new, |tree| tree.text.clone()),
                };
                let key = composed(&key).into_owned();
                Entry { key, location: key_location, value: join(value, value_tree, key_location) }
            };
            Content::Map(merged(entries.into_iter().enumerate().map(entry).collect()))
        }
    };
    Node { location, content }
}

/// Merges what `<<` names into `entries` (<https://yaml.org/type/merge.html>): the keys of a map, or of several. An earlier
/// map goes before a later one, and what is written here before both. A `<<` that names no map stays.
fn merged(entries: Vec<Entry>) -> Vec<Entry> {
    if !entries.iter().any(|entry| entry.key == MERGE) {
        return entries;
    }
    let (merges, mut merged): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.key == MERGE);
    for merge in merges {
        let maps = match &merge.value.content {
            Content::Map(entries) => vec![entries.clone()],
            Content::List(items) => {
                let map =
                    |item: &Node| if let Content::Map(entries) = &item.content { Some(entries.clone()) } else { None };
                items.iter().map(map).collect::<Option<_>>().unwrap_or_default()
            }
            _ => Vec::new(),
        };
        if maps.is_empty() {
            merged.push(merge);
            continue;
        }
        for entry in maps.into_iter().flatten() {
            if !merged.iter().any(|known: &Entry| known.key == entry.key) {
                merged.push(entry);
            }
        }
    }
    merged
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawValueVisitor)
    }
}

struct RawValueVisitor;

impl<'de> Visitor<'de> for RawValueVisitor {
    type Value = RawValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without a tag")
    }

    fn visit_unit<E>(self) -> Result<RawValue, E> {
        Ok(RawValue::Nothing)
    }

    fn visit_bool<E>(self, value: bool) -> Result<RawValue, E> {
        Ok(RawValue::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<RawValue, E> {
        Ok(RawValue::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<RawValue, E> {
        Ok(RawValue::Number(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<RawValue, E> {
        Ok(RawValue::Number(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<RawValue, E> {
        Ok(RawValue::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<RawValue, E> {
        Ok(RawValue::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<RawValue, E> {
        Ok(RawValue::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawValue, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(RawValue::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<RawValue, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(RawValue::Map(map))
    }
}

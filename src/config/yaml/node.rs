//! The file as a tree of values, each with its place. Keys that stand twice are both kept, so that they can be told.

use std::fmt;
use std::rc::Rc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::location::{Children, Place, Spot};
use crate::base::text::composed;

/// The key that takes over the keys of an anchor.
pub const MERGE: &str = "<<";

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
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
    pub place: Place,
    /// Its value.
    pub value: Node,
}

impl Content {
    /// What was found, for messages.
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

/// Reads the values of `text` and puts each at its place.
pub fn read(text: &str, spots: &Rc<Spot>) -> Result<Node, serde_yaml::Error> {
    Ok(join(serde_yaml::from_str::<Raw>(text)?, Some(spots), spots.place))
}

/// What `serde_yaml` reads: its own `Value` keeps only one of two equal keys.
enum Raw {
    Nothing,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Raw>),
    Map(Vec<(Raw, Raw)>),
}

fn join(raw: Raw, spot: Option<&Rc<Spot>>, parent: Place) -> Node {
    let place = spot.map_or(parent, |spot| spot.place);
    let children = spot.map(|spot| &spot.children);
    let content = match raw {
        Raw::Nothing => Content::Nothing,
        Raw::Bool(value) => Content::Bool(value),
        Raw::Number(text) => Content::Number(spot.map_or(text, |spot| spot.text.clone())),
        Raw::Text(text) => Content::Text(text),
        Raw::List(items) => {
            let spots: &[Rc<Spot>] = match children {
                Some(Children::List(spots)) => spots.as_slice(),
                _ => &[],
            };
            let item = |(number, item): (usize, Raw)| join(item, spots.get(number), place);
            Content::List(items.into_iter().enumerate().map(item).collect())
        }
        Raw::Map(entries) => {
            let spots: &[(Rc<Spot>, Rc<Spot>)] = match children {
                Some(Children::Map(spots)) => spots.as_slice(),
                _ => &[],
            };
            let entry = |(number, (key, value)): (usize, (Raw, Raw))| {
                let both = spots.get(number);
                let (key_spot, value_spot) = (both.map(|(key, _)| key), both.map(|(_, value)| value));
                let key_place = key_spot.map_or(place, |spot| spot.place);
                let key = match key {
                    Raw::Text(text) => text,
                    _ => key_spot.map_or_else(String::new, |spot| spot.text.clone()),
                };
                let key = composed(&key).into_owned();
                Entry { key, place: key_place, value: join(value, value_spot, key_place) }
            };
            Content::Map(merged(entries.into_iter().enumerate().map(entry).collect()))
        }
    };
    Node { place, content }
}

/// `entries` with what `<<` takes over (<https://yaml.org/type/merge.html>): the keys of a map, or of several, of which the
/// earlier goes before the later and what is written here before both. A `<<` that can take nothing over stays.
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

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without a tag")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

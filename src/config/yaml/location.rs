//! Where in the file every key and every value stands.
//!
//! `serde_yaml` reads the values but forgets their places; the events of a second parser bring them back, as a tree of
//! the same shape.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, Span};

/// Deeper than any key of ours; the tree is walked and dropped by recursion.
const DEEPEST: usize = 64;

/// So many values are repeated by aliases (`*name`) at the most: a few lines could stand for more than fits any memory.
const MOST_REPEATED: usize = 100_000;

const ENDLESS: [&str; 2] =
    ["this alias stands within what it repeats, which has no end", "write what is meant instead of the alias"];
pub const TOO_MUCH: [&str; 2] = [
    "the aliases of this file repeat more than anybody could have meant",
    "let no anchor hold many aliases of others that do so, too",
];

/// A word in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// In characters; what goes beyond the line is cut off when it is shown.
    pub width: usize,
}

impl Place {
    /// The first character of the file.
    pub const TOP: Self = Self { line: 1, column: 1, width: 1 };

    fn of(span: &Span) -> Self {
        Self { line: span.start.line(), column: span.start.col() + 1, width: span.len().max(1) }
    }

    fn at(marker: &Marker) -> Self {
        Self { line: marker.line().max(1), column: marker.col() + 1, width: 1 }
    }
}

/// A value's place, with those of everything in it.
#[derive(Debug)]
pub struct Spot {
    /// Where it begins.
    pub place: Place,
    /// A scalar as written, without quotes: `serde_yaml` turns `1.10` into a number.
    pub text: String,
    /// What is in it.
    pub children: Children,
    /// Itself and all values in it, those of aliases included.
    size: usize,
}

/// The parts of a value.
#[derive(Debug)]
pub enum Children {
    /// A scalar has none.
    None,
    /// The items of a list.
    List(Vec<Rc<Spot>>),
    /// Keys and values.
    Map(Vec<(Rc<Spot>, Rc<Spot>)>),
}

/// A place at which the file is no YAML.
#[derive(Debug)]
pub struct Broken {
    /// The place.
    pub place: Place,
    /// The parser's words.
    pub reason: String,
    /// Whether what is wrong is known better than by these words: a sentence, and what to do.
    pub known: Option<[&'static str; 2]>,
}

impl Broken {
    pub fn new(place: Place, reason: impl Into<String>) -> Self {
        Self { place, reason: reason.into(), known: None }
    }

    fn known(place: Place, known: [&'static str; 2]) -> Self {
        Self { place, reason: String::new(), known: Some(known) }
    }
}

/// The places of the document in `text`; nothing for an empty file.
pub fn spots(text: &str) -> Result<Option<Rc<Spot>>, Broken> {
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        match event {
            Ok((Event::DocumentStart(_), span)) if tree.root.is_some() => {
                return Err(Broken::new(Place::of(&span), "a second document begins here"));
            }
            Ok((event, span)) => {
                tree.take(event, &span)?;
                if tree.open.len() > DEEPEST {
                    return Err(Broken::new(Place::of(&span), "it is nested too deeply"));
                }
            }
            Err(error) => return Err(Broken::new(Place::at(error.marker()), error.info())),
        }
    }
    Ok(tree.root)
}

/// Lists and maps that have begun and not ended.
#[derive(Default)]
struct Tree {
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Spot>>,
    root: Option<Rc<Spot>>,
    /// Values that stand there by aliases.
    repeated: usize,
}

struct Open {
    place: Place,
    anchor: usize,
    parts: Parts,
}

enum Parts {
    List(Vec<Rc<Spot>>),
    Map { entries: Vec<(Rc<Spot>, Rc<Spot>)>, key: Option<Rc<Spot>> },
}

impl Tree {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Broken> {
        let place = Place::of(span);
        match event {
            Event::Scalar(text, _, anchor, _) => {
                self.close(Spot { place, text: text.into_owned(), children: Children::None, size: 1 }, anchor);
            }
            Event::Alias(anchor) => {
                if self.open.iter().any(|open| open.anchor == anchor) {
                    return Err(Broken::known(place, ENDLESS));
                }
                let none = || Rc::new(Spot { place, text: String::new(), children: Children::None, size: 1 });
                let known = self.anchors.get(&anchor).cloned().unwrap_or_else(none);
                self.repeated = self.repeated.saturating_add(known.size);
                if self.repeated > MOST_REPEATED {
                    return Err(Broken::known(place, TOO_MUCH));
                }
                self.add(known);
            }
            Event::SequenceStart(anchor, _) => self.open.push(Open { place, anchor, parts: Parts::List(Vec::new()) }),
            Event::MappingStart(anchor, _) => {
                self.open.push(Open { place, anchor, parts: Parts::Map { entries: Vec::new(), key: None } });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { place, anchor, parts }) = self.open.pop() {
                    let add = |size: usize, spot: &Rc<Spot>| size.saturating_add(spot.size);
                    let (children, size) = match parts {
                        Parts::List(items) => {
                            let size = items.iter().fold(1, add);
                            (Children::List(items), size)
                        }
                        Parts::Map { entries, .. } => {
                            let size = entries.iter().fold(1, |size, (key, value)| add(add(size, key), value));
                            (Children::Map(entries), size)
                        }
                    };
                    self.close(Spot { place, text: String::new(), children, size }, anchor);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, spot: Spot, anchor: usize) {
        let spot = Rc::new(spot);
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&spot));
        }
        self.add(spot);
    }

    fn add(&mut self, spot: Rc<Spot>) {
        match self.open.last_mut().map(|open| &mut open.parts) {
            None => self.root = Some(spot),
            Some(Parts::List(items)) => items.push(spot),
            Some(Parts::Map { entries, key }) => match key.take() {
                None => *key = Some(spot),
                Some(key) => entries.push((key, spot)),
            },
        }
    }
}

//! Where in the file every key and every value stands.
//!
//! `serde_yaml` reads the values but forgets their places; the events of a second parser bring them back, as a tree of
//! the same shape.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, Span};

/// Deeper than any key of ours; the tree is walked and dropped by recursion.
const DEEPEST: usize = 64;

/// A word in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// In characters; what goes beyond the line is cut off when it is shown.
    pub width: usize,
}

impl Place {
    /// The first character of the file.
    pub(super) const TOP: Self = Self { line: 1, column: 1, width: 1 };

    fn of(span: &Span) -> Self {
        Self { line: span.start.line(), column: span.start.col() + 1, width: span.len().max(1) }
    }

    fn at(marker: &Marker) -> Self {
        Self { line: marker.line().max(1), column: marker.col() + 1, width: 1 }
    }
}

/// A value's place, with those of everything in it.
#[derive(Debug)]
pub(super) struct Spot {
    /// Where it begins.
    pub place: Place,
    /// A scalar as written, without quotes: `serde_yaml` turns `1.10` into a number.
    pub text: String,
    /// What is in it.
    pub children: Children,
}

/// The parts of a value.
#[derive(Debug)]
pub(super) enum Children {
    /// A scalar has none.
    None,
    /// The items of a list.
    List(Vec<Rc<Spot>>),
    /// Keys and values.
    Map(Vec<(Rc<Spot>, Rc<Spot>)>),
}

/// A place at which the file is no YAML.
#[derive(Debug)]
pub(super) struct Broken {
    /// The place.
    pub place: Place,
    /// The parser's words.
    pub reason: String,
}

/// The places of the document in `text`; nothing for an empty file.
pub(super) fn spots(text: &str) -> Result<Option<Rc<Spot>>, Broken> {
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        match event {
            Ok((Event::DocumentStart(_), span)) if tree.root.is_some() => {
                return Err(Broken { place: Place::of(&span), reason: "a second document begins here".to_owned() });
            }
            Ok((event, span)) => {
                tree.take(event, &span);
                if tree.open.len() > DEEPEST {
                    return Err(Broken { place: Place::of(&span), reason: "it is nested too deeply".to_owned() });
                }
            }
            Err(error) => return Err(Broken { place: Place::at(error.marker()), reason: error.info().to_owned() }),
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
    fn take(&mut self, event: Event<'_>, span: &Span) {
        let place = Place::of(span);
        match event {
            Event::Scalar(text, _, anchor, _) => {
                self.close(Spot { place, text: text.into_owned(), children: Children::None }, anchor);
            }
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                self.add(
                    known.unwrap_or_else(|| Rc::new(Spot { place, text: String::new(), children: Children::None })),
                );
            }
            Event::SequenceStart(anchor, _) => self.open.push(Open { place, anchor, parts: Parts::List(Vec::new()) }),
            Event::MappingStart(anchor, _) => {
                self.open.push(Open { place, anchor, parts: Parts::Map { entries: Vec::new(), key: None } });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { place, anchor, parts }) = self.open.pop() {
                    let children = match parts {
                        Parts::List(items) => Children::List(items),
                        Parts::Map { entries, .. } => Children::Map(entries),
                    };
                    self.close(Spot { place, text: String::new(), children }, anchor);
                }
            }
            _ => {}
        }
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

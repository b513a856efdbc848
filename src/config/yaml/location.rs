//! Where in the file every key and every value stands.
//!
//! `serde_yaml` reads the values but forgets where they stand. The events of a second parser bring that back, as a tree
//! of the same shape.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, Span};

/// The deepest nesting that is read, deeper than any key of ours: the tree is walked and dropped by recursion.
const MAX_DEPTH: usize = 64;

/// The most values that aliases (`*name`) may repeat: a few lines could stand for more than fits any memory.
const MAX_REPEATED: usize = 100_000;

const ENDLESS: Advice =
    ["this alias stands within what it repeats, which has no end", "write what is meant instead of the alias"];
pub(super) const TOO_MUCH: Advice = [
    "the aliases of this file repeat more than anybody could have meant",
    "let no anchor hold many aliases of others that do so, too",
];

/// What is wrong, and what to do about it.
type Advice = [&'static str; 2];

/// The line and column of a word in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// In characters. What goes beyond the line is cut off when the line is shown.
    pub width: usize,
}

impl Location {
    /// The first character of the file.
    pub const TOP: Self = Self { line: 1, column: 1, width: 1 };

    fn of(span: &Span) -> Self {
        Self { line: span.start.line(), column: span.start.col() + 1, width: span.len().max(1) }
    }

    fn end_of(span: &Span) -> (usize, usize) {
        (span.end.line(), span.end.col() + 1)
    }

    fn at(marker: &Marker) -> Self {
        Self { line: marker.line().max(1), column: marker.col() + 1, width: 1 }
    }
}

/// The location of a value and of everything in it.
#[derive(Debug)]
pub(super) struct LocationTree {
    /// Where the value begins.
    pub location: Location,
    /// Where it ends, as line and column of the first character after it. What is written in lines ends where the parser
    /// notices it, which may be much later.
    pub end: (usize, usize),
    /// A scalar as written, without quotes: `serde_yaml` turns `1.10` into a number.
    pub text: String,
    /// The locations of its parts.
    pub children: Children,
    /// The number of values in it, itself and those of aliases included.
    size: usize,
}

/// The locations of the parts of a value.
#[derive(Debug)]
pub(super) enum Children {
    /// A scalar has no parts.
    None,
    /// The items of a list.
    List(Vec<Rc<LocationTree>>),
    /// Keys and values.
    Map(Vec<(Rc<LocationTree>, Rc<LocationTree>)>),
}

/// Why and where the text is not YAML.
#[derive(Debug)]
pub(super) struct SyntaxError {
    /// Where the parser gave up.
    pub location: Location,
    /// The parser's words.
    pub reason: String,
    /// Better words than the parser's, if there are any.
    pub advice: Option<Advice>,
}

impl SyntaxError {
    fn new(location: Location, reason: impl Into<String>) -> Self {
        Self { location, reason: reason.into(), advice: None }
    }

    fn with_advice(location: Location, advice: Advice) -> Self {
        Self { location, reason: String::new(), advice: Some(advice) }
    }
}

impl LocationTree {
    /// Locates every value of the document in `text`. `None` if the file is empty.
    pub(super) fn parse(text: &str) -> Result<Option<Rc<Self>>, SyntaxError> {
        let mut builder = Builder::default();
        for event in Parser::new_from_str(text) {
            match event {
                Ok((Event::DocumentStart(_), span)) if builder.root.is_some() => {
                    return Err(SyntaxError::new(Location::of(&span), "a second document begins here"));
                }
                Ok((event, span)) => {
                    builder.push(event, &span)?;
                    if builder.open.len() > MAX_DEPTH {
                        return Err(SyntaxError::new(Location::of(&span), "it is nested too deeply"));
                    }
                }
                Err(error) => return Err(SyntaxError::new(Location::at(error.marker()), error.info())),
            }
        }
        Ok(builder.root)
    }

    fn scalar(location: Location, end: (usize, usize), text: String) -> Self {
        Self { location, end, text, children: Children::None, size: 1 }
    }
}

/// Builds the tree from the events of the parser.
#[derive(Default)]
struct Builder {
    /// Lists and maps that have begun and not ended.
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<LocationTree>>,
    root: Option<Rc<LocationTree>>,
    /// How many values aliases have repeated so far.
    repeated: usize,
}

struct Open {
    location: Location,
    anchor: usize,
    parts: Parts,
}

enum Parts {
    List(Vec<Rc<LocationTree>>),
    Map { entries: Vec<(Rc<LocationTree>, Rc<LocationTree>)>, key: Option<Rc<LocationTree>> },
}

impl Builder {
    fn push(&mut self, event: Event<'_>, span: &Span) -> Result<(), SyntaxError> {
        let (location, end) = (Location::of(span), Location::end_of(span));
        match event {
            Event::Scalar(text, _, anchor, _) => {
                self.close(LocationTree::scalar(location, end, text.into_owned()), anchor);
            }
            Event::Alias(anchor) => {
                if self.open.iter().any(|open| open.anchor == anchor) {
                    return Err(SyntaxError::with_advice(location, ENDLESS));
                }
                let unknown = || Rc::new(LocationTree::scalar(location, end, String::new()));
                let known = self.anchors.get(&anchor).cloned().unwrap_or_else(unknown);
                self.repeated = self.repeated.saturating_add(known.size);
                if self.repeated > MAX_REPEATED {
                    return Err(SyntaxError::with_advice(location, TOO_MUCH));
                }
                self.add(known);
            }
            Event::SequenceStart(anchor, _) => {
                self.open.push(Open { location, anchor, parts: Parts::List(Vec::new()) });
            }
            Event::MappingStart(anchor, _) => {
                self.open.push(Open { location, anchor, parts: Parts::Map { entries: Vec::new(), key: None } });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { location, anchor, parts }) = self.open.pop() {
                    let add = |size: usize, tree: &Rc<LocationTree>| size.saturating_add(tree.size);
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
                    // Behind the bracket. The span of the event goes on over spaces and comments.
                    let end = (span.start.line(), span.start.col() + 2);
                    self.close(LocationTree { location, end, text: String::new(), children, size }, anchor);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds a value that is complete, and remembers it under its anchor.
    fn close(&mut self, tree: LocationTree, anchor: usize) {
        let tree = Rc::new(tree);
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&tree));
        }
        self.add(tree);
    }

    fn add(&mut self, tree: Rc<LocationTree>) {
        match self.open.last_mut().map(|open| &mut open.parts) {
            None => self.root = Some(tree),
            Some(Parts::List(items)) => items.push(tree),
            Some(Parts::Map { entries, key }) => match key.take() {
                None => *key = Some(tree),
                Some(key) => entries.push((key, tree)),
            },
        }
    }
}

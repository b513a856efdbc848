//! One section of the file, read by its table of keys. Unknown, doubled and missing keys are reported here, and every
//! value is checked to be of its key's kind.

use std::collections::HashMap;

use super::kind::{Key, Kind, Table};
use crate::base::text::{LONGEST_NAME, composed};
use crate::config::values::{Complaint, any_of, confusables, nearest, parse_or_suggest};
use crate::config::yaml::{Content, Entry, Location, MERGE, Node, Problems, wide_colon};

/// A section and its table of keys.
pub struct Section<'a> {
    table: &'static Table,
    entries: &'a [Entry],
    /// Where its first key stands, or the key that holds it.
    pub location: Location,
}

impl<'a> Section<'a> {
    /// Opens `node`, which is the value of `owner`, and reports what is wrong with its keys. `None` if it has no keys.
    pub fn open(
        node: &'a Node,
        owner: &str,
        location: Location,
        table: &'static Table,
        problems: &mut Problems,
    ) -> Option<Self> {
        let Content::Map(entries) = &node.content else {
            let found = node.content.found();
            let complaint = Complaint::new(format!("{owner} must be keys and values, but {found}"));
            problems.add(node.location, complaint.hint(first_key(&node.content, table)));
            return None;
        };
        let section = Self { table, entries, location };
        section.check_keys(problems);
        Some(section)
    }

    fn check_keys(&self, problems: &mut Problems) {
        for (number, entry) in self.entries.iter().enumerate() {
            let before = self.entries.iter().take(number).find(|earlier| earlier.key == entry.key);
            if let Some(before) = before {
                let message =
                    format!("`{}` stands twice here; the first is in line {}", entry.key, before.location.line);
                problems.add(entry.location, Complaint::new(message).hint("take one of them out"));
            } else if self.table.key(&entry.key).is_none() && !self.table.is_own(&entry.key) {
                problems.add(entry.location, self.unknown(&entry.key));
            }
        }
        for key in self.table.keys.iter().filter(|key| key.required) {
            self.require(key.name, problems);
        }
        self.check_one_of(problems);
    }

    /// Reports that the key `name` is missing, if it is.
    pub fn require(&self, name: &str, problems: &mut Problems) {
        let Some(key) = self.key(name).filter(|_| self.get(name).is_none()) else { return };
        // A misspelt key is reported already, with the right word; and a `<<` may have been meant to bring the key.
        if !self.is_misspelt(name) && self.get(MERGE).is_none() {
            let message = format!("this {} has no `{name}`", self.table.noun());
            problems.add(self.location, Complaint::new(message).hint(format!("add `{}`", key.example)));
        }
    }

    fn check_one_of(&self, problems: &mut Problems) {
        let choices = self.table.one_of;
        let mut present = self.entries.iter().filter(|entry| choices.contains(&entry.key.as_str()));
        let first = present.next();
        let second = present.find(|entry| first.is_none_or(|first| first.key != entry.key));
        match (first, second) {
            (None, _) if !choices.is_empty() && !choices.iter().any(|choice| self.is_misspelt(choice)) => {
                let message = format!("this {} needs {}", self.table.noun(), any_of(choices.iter().copied()));
                let example = choices.first().and_then(|choice| self.table.key(choice)).map_or("", |key| key.example);
                problems.add(self.location, Complaint::new(message).hint(format!("add for example `{example}`")));
            }
            (Some(first), Some(second)) => {
                let name = self.table.noun();
                let message = format!("this {name} has `{}` and `{}`, and must have only one", first.key, second.key);
                problems.add(
                    second.location,
                    Complaint::new(message).hint(match self.table.name {
                        "step" => "begin a new step with `- `",
                        _ => "take one of them out",
                    }),
                );
            }
            _ => {}
        }
    }

    fn unknown(&self, word: &str) -> Complaint {
        if word == MERGE {
            let complaint =
                Complaint::new(format!("`{MERGE}` takes over the keys of an anchor, and this is none with keys"));
            return complaint
                .hint(format!("write for example `{MERGE}: *usual`, and above it `x-usual: &usual {{ … }}`"));
        }
        let names = self.table.keys.iter().map(|key| key.name);
        // In `{ … }` a full-width colon makes one word of key and value.
        let wide = word.split_once('：').filter(|(word, _)| self.table.key(word).is_some());
        if let Some((key, value)) = wide {
            return wide_colon(key, value);
        }
        let complaint = Complaint::new(format!("`{word}` is not a key of this {}", self.table.noun()));
        let plain = confusables::to_ascii(word);
        match nearest(&plain, names.clone()).filter(|near| self.get(near).is_none()) {
            Some(near) => complaint.hint(format!("write `{near}`")),
            None => complaint.hint(format!("it can have {}", any_of(names))),
        }
    }

    fn is_misspelt(&self, name: &str) -> bool {
        let names = || self.table.keys.iter().map(|key| key.name);
        let unknown = self.entries.iter().filter(|entry| self.table.key(&entry.key).is_none());
        let word = |entry: &Entry| confusables::to_ascii(entry.key.split('：').next().unwrap_or_default());
        unknown.filter_map(|entry| nearest(&word(entry), names())).any(|near| near == name)
    }

    fn key(&self, name: &str) -> Option<&'static Key> {
        let key = self.table.key(name);
        debug_assert!(key.is_some(), "`{name}` is read but not in the table of a {}", self.table.name);
        key
    }

    /// Returns the entry of a key.
    pub fn get(&self, name: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.key == name)
    }

    /// Reads the value of a key that is written as one text or number, by `parse`.
    pub fn read<T>(
        &self,
        name: &str,
        problems: &mut Problems,
        parse: impl Fn(&str) -> Result<T, Complaint>,
    ) -> Option<T> {
        let key = self.key(name)?;
        let node = &self.get(name)?.value;
        let text = scalar(key, node, problems)?;
        if let Some(complaint) = typographic_quotes(key, text) {
            problems.add(node.location, complaint);
            return None;
        }
        let text = if key.kind.is_words() { &*composed(text) } else { text };
        let plain = confusables::to_ascii(text);
        let parse = |text: &str| {
            let complain = |complaint: Complaint| {
                let has_confusables = key.kind.is_code() && plain != text;
                if has_confusables { complaint.suggest([plain.clone()]) } else { complaint }
            };
            parse(text).map_err(complain)
        };
        parse_or_suggest(text, parse).map_err(|complaint| problems.add(node.location, complaint)).ok()
    }

    /// Reads the value of a key that takes any text.
    pub fn text(&self, name: &str, problems: &mut Problems) -> Option<String> {
        self.read(name, problems, |text| match text.trim() {
            "" => Err(Complaint::new(format!("`{name}` is empty"))),
            trimmed => Ok(trimmed.to_owned()),
        })
    }

    /// Reads the value of a key that takes a name for people.
    pub fn name(&self, name: &str, problems: &mut Problems) -> Option<String> {
        self.read(name, problems, |text| match (text.trim(), text.trim().chars().count()) {
            ("", _) => Err(Complaint::new(format!("`{name}` is empty"))),
            (trimmed, ..=LONGEST_NAME) => Ok(trimmed.to_owned()),
            (_, length) => Err(too_long(&format!("this `{name}`"), length)),
        })
    }

    /// Reads the value of a key that takes a whole number.
    pub fn integer(&self, name: &str, problems: &mut Problems) -> Option<u32> {
        let kind = self.key(name)?.kind;
        self.read(name, problems, |text| {
            let wrong = || Complaint::new(format!("`{name}` must be {}, not `{text}`", kind.expected()));
            let number = text.parse::<u32>().map_err(|_| wrong())?;
            if kind.allows(number) { Ok(number) } else { Err(wrong()) }
        })
    }

    /// Reads the value of a key that takes `true` or `false`.
    pub fn flag(&self, name: &str, problems: &mut Problems) -> Option<bool> {
        let key = self.key(name)?;
        let node = &self.get(name)?.value;
        let Content::Bool(value) = node.content else {
            problems.add(node.location, wrong_kind(key, node));
            return None;
        };
        Some(value)
    }

    /// Opens the section below a key.
    pub fn section(&self, name: &str, problems: &mut Problems) -> Option<Section<'a>> {
        let key = self.key(name)?;
        let (Kind::Section(table)
        | Kind::SectionOrNo(table)
        | Kind::UrlOr(_, table)
        | Kind::WordOr(_, table)
        | Kind::DurationOr(table)
        | Kind::RatesOr(table)) = key.kind
        else {
            return None;
        };
        let entry = self.get(name)?;
        if is_no(&entry.value.content) && key.off.is_some() {
            problems.add(entry.value.location, wrong_kind(key, &entry.value));
            return None;
        }
        Section::open(&entry.value, &format!("`{name}`"), entry.location, table, problems)
    }

    /// Returns the items of a key that takes a list.
    pub fn list(&self, name: &str, problems: &mut Problems) -> Option<&'a [Node]> {
        let key = self.key(name)?;
        let node = &self.get(name)?.value;
        let Content::List(items) = &node.content else {
            problems.add(node.location, wrong_kind(key, node));
            return None;
        };
        Some(items)
    }

    /// Returns the entries of a key that takes names of the user's choice, each name once.
    pub fn named(&self, name: &str, problems: &mut Problems) -> Option<Vec<&'a Entry>> {
        let key = self.key(name)?;
        let node = &self.get(name)?.value;
        let Content::Map(entries) = &node.content else {
            problems.add(node.location, wrong_kind(key, node));
            return None;
        };
        let mut first: HashMap<&str, Location> = HashMap::new();
        let mut once = Vec::new();
        for entry in entries {
            if let Some(before) = first.get(entry.key.as_str()) {
                let message = format!("`{}` stands twice here; the first is in line {}", entry.key, before.line);
                problems.add(entry.location, Complaint::new(message).hint("give one of them another name"));
            } else {
                first.insert(&entry.key, entry.location);
                once.push(entry);
            }
        }
        Some(once)
    }

    /// Returns the texts of a key that takes a list of texts, each with its location.
    pub fn words(&self, name: &str, problems: &mut Problems) -> Vec<(&'a str, Location)> {
        let Some(key) = self.key(name) else { return Vec::new() };
        let items = self.list(name, problems).unwrap_or_default();
        items.iter().filter_map(|item| Some((scalar(key, item, problems)?, item.location))).collect()
    }

    /// Reads each value of a key that takes one text or a list of them, by `parse`.
    pub fn one_or_more<T>(
        &self,
        name: &str,
        problems: &mut Problems,
        parse: impl Fn(&str) -> Result<T, Complaint>,
    ) -> Vec<T> {
        match self.get(name).map(|entry| &entry.value.content) {
            None => Vec::new(),
            Some(Content::List(_)) => {
                let words = self.words(name, problems);
                let mut read = |(text, location): (&str, Location)| {
                    parse(text).map_err(|complaint| problems.add(location, complaint)).ok()
                };
                words.into_iter().filter_map(&mut read).collect()
            }
            Some(_) => self.read(name, problems, parse).into_iter().collect(),
        }
    }

    /// Returns the entries of a key that takes headers, each with its text.
    pub fn pairs(&self, name: &str, problems: &mut Problems) -> Vec<(&'a Entry, &'a str)> {
        let Some(key) = self.key(name) else { return Vec::new() };
        let entries = self.named(name, problems).unwrap_or_default();
        entries.into_iter().filter_map(|entry| Some((entry, scalar(key, &entry.value, problems)?))).collect()
    }
}

/// Says that a name of `length` characters is too long.
fn too_long(what: &str, length: usize) -> Complaint {
    let complaint = Complaint::new(format!("{what} has {length} characters, and the most is {LONGEST_NAME}"));
    complaint.hint("shorten it")
}

/// Returns an example of the key with which a section may begin.
fn first_example(table: &Table) -> &'static str {
    table.keys.iter().find(|key| key.required).or(table.keys.first()).map_or("", |key| key.example)
}

/// Says what to write in the place of `found`, which is not a section.
fn first_key(found: &Content, table: &Table) -> String {
    if let Content::Text(text) = found
        && let Some((word, value)) = text.split_once([':', '：'])
        && let Some(key) = table.key(word)
    {
        return format!("put a space after the colon: `{}: {value}`", key.name);
    }
    let choice = table.one_of.first().and_then(|name| table.key(name));
    format!("write for example `{}`", choice.map_or_else(|| first_example(table), |key| key.example))
}

/// Returns the text of a value that is one text or number. Reports any other.
fn scalar<'a>(key: &Key, node: &'a Node, problems: &mut Problems) -> Option<&'a str> {
    let number_wanted = matches!(key.kind, Kind::Integer(..) | Kind::Choice(_));
    match &node.content {
        Content::Text(text) if !number_wanted => Some(text),
        // `title: 1984` is a title, and of a number without a unit the parser of the unit says most.
        Content::Number(text) => Some(text),
        _ => {
            problems.add(node.location, wrong_kind(key, node));
            None
        }
    }
}

/// Says what is wrong with a value in typographic quotes, which are letters to YAML. `None` if it has none, or if values
/// of this kind may begin with them.
fn typographic_quotes(key: &Key, text: &str) -> Option<Complaint> {
    const QUOTES: [char; 10] = ['“', '”', '„', '‟', '‘', '’', '‚', '‛', '«', '»'];
    if !key.kind.is_code() || !text.trim().starts_with(QUOTES) {
        return None;
    }
    let inner = text.trim().trim_matches(QUOTES).trim();
    let complaint = Complaint::new("these quotes are typographic, and YAML takes them for letters of the value");
    Some(complaint.hint(format!("write plain `\"`: `{}: \"{inner}\"`", key.name)))
}

/// Returns the number that `text` looks like.
fn as_number(text: &str) -> Option<u32> {
    confusables::to_ascii(text).trim().parse().ok()
}

/// Writes `text` as an item of a list in brackets.
fn item(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '=' | '+');
    let is_word = text.chars().all(plain) && text.contains(char::is_alphabetic);
    if is_word { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

/// Whether the value says that something is not wanted.
fn is_no(content: &Content) -> bool {
    match content {
        Content::Bool(value) => !value,
        Content::Text(text) => matches!(text.trim().to_lowercase().as_str(), "no" | "off" | "none" | "n" | "false"),
        _ => false,
    }
}

/// Says that the value of `key` is of another kind, and what to write.
fn wrong_kind(key: &Key, node: &Node) -> Complaint {
    let complaint =
        Complaint::new(format!("`{}` must be {}, but {}", key.name, key.kind.expected(), node.content.found()));
    if let Some(off) = key.off.filter(|_| is_no(&node.content)) {
        return complaint.hint(format!("to switch it off, write `{off}`"));
    }
    match &node.content {
        Content::Bool(value) if key.kind.is_words() && key.off.is_none() => {
            complaint.hint(format!("put it in quotes: `\"{value}\"`"))
        }
        Content::Text(text) if as_number(text).is_some_and(|number| key.kind.allows(number)) => {
            let number = as_number(text).unwrap_or_default().to_string();
            let advice = if number == *text { "leave the quotes out:" } else { "write" };
            complaint.hint(format!("{advice} `{number}`"))
        }
        Content::Text(text) if matches!(key.kind, Kind::Bool) => match text.to_lowercase().as_str() {
            "yes" | "on" | "y" | "true" => complaint.hint("write `true`"),
            "no" | "off" | "n" | "false" => complaint.hint("write `false`"),
            _ => complaint,
        },
        Content::Map(_) if matches!(key.kind, Kind::Template) => {
            complaint.hint(format!("put it in quotes: `{}`", key.example))
        }
        Content::Text(text) if matches!(key.kind, Kind::Words) => {
            complaint.hint(format!("write `[{}]`", text.split_whitespace().map(item).collect::<Vec<_>>().join(", ")))
        }
        Content::Text(text) | Content::Number(text)
            if matches!(key.kind, Kind::Rates | Kind::RatesOr(_)) && text.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            let rates: Vec<_> =
                text.split([',', ' ']).map(str::trim).filter(|rate| !rate.is_empty()).map(item).collect();
            complaint.hint(format!("write `[{}]`", rates.join(", ")))
        }
        _ => complaint.hint(match key.kind {
            Kind::Each(table) => format!("begin each {} with a dash: `- {}`", table.noun(), first_example(table)),
            Kind::Named(table) => {
                format!("write a name such as `my-{}:`, without a dash, and its keys indented below", table.name)
            }
            _ => format!("write for example `{}`", key.example),
        }),
    }
}

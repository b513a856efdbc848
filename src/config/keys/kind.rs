//! What a key of the file takes, and what that is called: the types of the tables.

use crate::config::values::{always, any_of, units};

/// What a key takes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Any text on one line.
    Text,
    /// A duration: `1h30m`.
    Duration,
    /// A duration, or a section of keys.
    DurationOr(&'static Table),
    /// A duration, forwards or back: `5s`, `-5s`.
    Offset,
    /// Hours of the day: `6-23`.
    Hours,
    /// A size: `1 GiB`.
    Size,
    /// A bit rate: `128k`.
    Rate,
    /// A list of bit rates: `[320k, 128k]`.
    Rates,
    /// A list of bit rates, or a section of keys.
    RatesOr(&'static Table),
    /// A time zone: `Asia/Seoul`.
    Zone,
    /// A level: `-60 dB`.
    Level,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these words, or a section of keys.
    WordOr(&'static [&'static str], &'static Table),
    /// Five fields of crontab.
    Cron,
    /// A text with `{{ show }}` in it.
    Template,
    /// The name of a picture, or its URL.
    Picture,
    /// The name of a folder.
    Folder,
    /// A URL of one of these schemes, or a secret.
    Url(&'static [&'static str]),
    /// A regular expression.
    Pattern,
    /// A regular expression, or a list of them.
    Patterns,
    /// An address of mail, or a list of them.
    Addresses,
    /// A CSS selector.
    Selector,
    /// A JSONPath.
    JsonPath,
    /// The id of a station of this file.
    StationId,
    /// An id.
    Id,
    /// `true` or `false`.
    Bool,
    /// A whole number in this range.
    Integer(u32, u32),
    /// One of these numbers.
    Choice(&'static [u32]),
    /// A list of texts.
    Words,
    /// Names and texts.
    Headers,
    /// A section of keys.
    Section(&'static Table),
    /// A section of keys, or `false`.
    SectionOrNo(&'static Table),
    /// A URL, or a section of keys.
    UrlOr(&'static [&'static str], &'static Table),
    /// Sections, each under a name of the user's choice.
    Named(&'static Table),
    /// A list of sections.
    Each(&'static Table),
}

/// A key.
#[derive(Debug)]
pub struct Key {
    pub name: &'static str,
    /// One sentence for the user.
    pub doc: &'static str,
    pub kind: Kind,
    pub required: bool,
    /// The value that holds if the key is not written, as it would be written.
    pub default: Option<&'static str>,
    /// The key with a value, as it could be written.
    pub example: &'static str,
    /// What to write to switch it off, if it can be switched off.
    pub off: Option<&'static str>,
}

/// How the keys of the file begin that are the user's own.
pub const OWN: &str = "x-";

/// The keys of one kind of section.
#[derive(Debug)]
pub struct Table {
    /// Its name in messages ("this station has no `hls`") and in the schema.
    pub name: &'static str,
    /// One sentence for the user.
    pub doc: &'static str,
    pub keys: &'static [Key],
    /// Exactly one of these keys must stand in the section. Empty if there is no such rule.
    pub one_of: &'static [&'static str],
}

impl Table {
    /// Returns what the section is called, as in "this show has no `title`".
    pub fn noun(&self) -> String {
        match self.name {
            "file" | "station" | "show" | "step" | "target" => self.name.to_owned(),
            key => format!("`{key}`"),
        }
    }

    /// Whether this key is the user's own, to hold anchors.
    pub fn is_own(&self, name: &str) -> bool {
        self.name == "file" && name.starts_with(OWN)
    }

    /// Returns the key of this name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

impl Kind {
    /// Whether it is a single value that is written as text.
    pub fn is_text(self) -> bool {
        !matches!(
            self,
            Self::Bool
                | Self::Integer(..)
                | Self::Choice(_)
                | Self::Words
                | Self::Rates
                | Self::RatesOr(_)
                | Self::Patterns
                | Self::Addresses
                | Self::Headers
                | Self::Section(_)
                | Self::SectionOrNo(_)
                | Self::Named(_)
                | Self::Each(_)
        )
    }

    /// Whether it takes this number.
    pub fn allows(self, number: u32) -> bool {
        match self {
            Self::Integer(first, last) => (first..=last).contains(&number),
            Self::Choice(values) => values.contains(&number),
            _ => false,
        }
    }

    /// Whether it is text in words of the user's choice.
    pub fn is_words(self) -> bool {
        matches!(self, Self::Text | Self::Template | Self::Id | Self::StationId)
    }

    /// Whether it is text in a language of its own, in which no value begins with a typographic quote.
    pub fn is_code(self) -> bool {
        matches!(
            self,
            Self::Duration
                | Self::DurationOr(_)
                | Self::Offset
                | Self::Hours
                | Self::Size
                | Self::Rate
                | Self::Zone
                | Self::Level
                | Self::Word(_)
                | Self::WordOr(..)
                | Self::Cron
                | Self::Url(_)
                | Self::UrlOr(..)
                | Self::Selector
                | Self::JsonPath
        )
    }

    /// Says what belongs there, as in "`length` must be a duration".
    pub fn expected(self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Duration => "a duration such as `1h30m`".to_owned(),
            Self::DurationOr(table) => format!(
                "a duration such as `42d`, or keys such as `{{ {} }}`",
                table.keys.first().map_or("", |key| key.example)
            ),
            Self::Offset => "a duration such as `5s` or `-5s`".to_owned(),
            Self::Hours => "hours of the day such as `6-23`".to_owned(),
            Self::Size => "a size such as `1 GiB`".to_owned(),
            Self::Rate => "a bit rate such as `128k`".to_owned(),
            Self::Rates => "a list of bit rates such as `[320k, 128k, 64k]`".to_owned(),
            Self::RatesOr(table) => format!(
                "a list of bit rates such as `[320k, 128k, 64k]`, or keys such as `{{ {} }}`",
                table.keys.first().map_or("", |key| key.example)
            ),
            Self::Level => "a level such as `-60 dB`".to_owned(),
            Self::Word(words) => any_of(words.iter().copied()),
            Self::WordOr(words, table) => format!(
                "{}, or keys such as `{{ {} }}`",
                any_of(words.iter().copied()),
                table.keys.first().map_or("", |key| key.example)
            ),
            Self::Zone => "a time zone such as `Asia/Seoul`".to_owned(),
            Self::Cron => "a cron expression in quotes such as `\"0 14 * * *\"`".to_owned(),
            Self::Template => "a text such as `\"{{ show }} {{ start | date('%Y-%m-%d') }}\"`".to_owned(),
            Self::Picture => "a picture such as `logo.png`, or its URL".to_owned(),
            Self::Folder => "a folder such as `recordings`".to_owned(),
            Self::Url(schemes) => format!("a URL such as `{}://…`", schemes.first().unwrap_or(&"http")),
            Self::Pattern => "a regular expression in single quotes".to_owned(),
            Self::Patterns => "a regular expression in single quotes, or a list of them".to_owned(),
            Self::Addresses => "an address of mail such as `anna@example.org`, or a list of them".to_owned(),
            Self::Selector => "a CSS selector such as `script`".to_owned(),
            Self::JsonPath => "a JSONPath such as `$.stream.url`".to_owned(),
            Self::StationId => "the id of a station".to_owned(),
            Self::Id => "an id such as `evening-news`".to_owned(),
            Self::Bool => "`true` or `false`".to_owned(),
            Self::Integer(first, last) => format!("a whole number from {first} to {last}"),
            Self::Choice(values) => {
                let values: Vec<String> = values.iter().map(u32::to_string).collect();
                any_of(values.iter().map(String::as_str))
            }
            Self::Words => "a list of texts such as `[one, two]`".to_owned(),
            Self::Headers => "names and texts such as `{ Referer: \"https://…\" }`".to_owned(),
            Self::Section(table) => {
                format!("keys such as `{{ {} }}`", table.keys.first().map_or("", |key| key.example))
            }
            Self::SectionOrNo(table) => {
                format!("keys such as `{{ {} }}`, or `false`", table.keys.first().map_or("", |key| key.example))
            }
            Self::UrlOr(schemes, _) => {
                format!("a URL such as `{}://…`, or keys", schemes.first().unwrap_or(&"http"))
            }
            Self::Named(table) => format!("a name for each {0}, with the keys of that {0} below", table.name),
            Self::Each(table) => format!("a list of {}s, each beginning with `- `", table.name),
        }
    }

    /// Returns the pattern of its texts, for the JSON Schema. `None` if there is none.
    pub fn pattern(self) -> Option<String> {
        let url = |schemes: &[&str]| format!("^(({})://|env:|file:)", schemes.join("|"));
        match self {
            Self::Duration | Self::DurationOr(_) => Some(units::DURATION_PATTERN.to_owned()),
            Self::Offset => Some(units::OFFSET_PATTERN.to_owned()),
            Self::Hours => Some(always::HOURS_PATTERN.to_owned()),
            Self::Size => Some(units::SIZE_PATTERN.to_owned()),
            Self::Rate => Some(units::RATE_PATTERN.to_owned()),
            Self::Level => Some(units::LEVEL_PATTERN.to_owned()),
            Self::Cron => {
                Some("^\\s*(@(hourly|daily|midnight|weekly|monthly|yearly|annually)|\\S+(\\s+\\S+){4})\\s*$".to_owned())
            }
            Self::Zone => Some("^[A-Za-z][A-Za-z0-9_+/-]*$".to_owned()),
            Self::JsonPath => Some("^\\$".to_owned()),
            Self::Id => Some("^[^./\\\\@\\s][^/\\\\@\\s]*$".to_owned()),
            Self::Url(schemes) | Self::UrlOr(schemes, _) => Some(url(schemes)),
            _ => None,
        }
    }
}

/// A key that is optional and has no default.
pub const fn key(name: &'static str, kind: Kind, example: &'static str, doc: &'static str) -> Key {
    Key { name, doc, kind, required: false, default: None, example, off: None }
}

impl Key {
    /// The key must be written.
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The key has this default.
    pub const fn default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    /// This switches it off.
    pub const fn off(self, off: &'static str) -> Self {
        Self { off: Some(off), ..self }
    }
}

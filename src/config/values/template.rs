//! Templates of tags and file names, such as `{{ show }} {{ start | date('%Y-%m-%d') }}`.
//!
//! A template of the file is rendered with the values of every show that uses it when the file is read, so that a failure
//! is found then and not after the show: an unknown name, filter or format code, a branch that only one show takes, a
//! filter for values of another kind. A template that fails later all the same costs no recording:
//! [`Template::render_or_usual`].

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use crate::base::zone::Zone;
use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, TimeDelta, Utc};
use minijinja::value::{Object, Value};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, context};
use thiserror::Error;

use super::{any_of, nearest, slug, units};

/// The default of the title.
pub const TITLE: &str = "{{ show }} {{ start | date('%Y-%m-%d') }}";
/// The default of the artist.
pub const ARTIST: &str = "{{ station }}";
/// The default of the genre.
pub const GENRE: &str = "Radio";
/// The default of the album.
pub const ALBUM: &str = "{{ show }}";
/// The default of the name of the file.
pub const NAME: &str = "{{ station }}/{{ show }}/{{ start | date('%Y-%m-%d %H%M') }} {{ show }}";

/// What a template can name, in the order in which messages list it.
const NAMES: [&str; 7] = ["show", "show_id", "station", "station_id", "start", "end", "length"];

/// A template, known to compile and to use only known names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    source: Cow<'static, str>,
}

/// The values that a template can name.
#[derive(Debug, Clone)]
pub struct Values {
    /// `show`: the show's title.
    pub show: String,
    /// `show_id`.
    pub show_id: String,
    /// `station`: the station's name.
    pub station: String,
    /// `station_id`.
    pub station_id: String,
    /// `start`: when it begins on the air, shown in `timezone`.
    pub start: DateTime<Utc>,
    /// `end`: when it ends on the air, shown in `timezone`.
    pub end: DateTime<Utc>,
    /// `length`: how long it is on the air, written as in the file (`1h30m`).
    pub length: TimeDelta,
    /// The zone in which `start` and `end` are shown.
    pub timezone: Zone,
}

/// A template that cannot be rendered.
#[derive(Debug, Error)]
#[error("the template `{template}` cannot be rendered: {reason}")]
pub struct TemplateError {
    /// Its source.
    pub template: String,
    /// Why.
    pub reason: String,
    /// What to do about it, if that is known.
    pub hint: Option<String>,
    /// The template that may have been meant.
    pub suggestion: Option<String>,
}

/// What a template is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The title of the recording, in its tags.
    Title,
    /// Its artist.
    Artist,
    /// Its genre.
    Genre,
    /// Its album.
    Album,
    /// The name of its file.
    Name,
}

impl Purpose {
    fn default_source(self) -> &'static str {
        match self {
            Self::Title => TITLE,
            Self::Artist => ARTIST,
            Self::Genre => GENRE,
            Self::Album => ALBUM,
            Self::Name => NAME,
        }
    }
}

impl Template {
    /// Returns the default of this purpose.
    pub(crate) fn usual(purpose: Purpose) -> Self {
        Self { source: Cow::Borrowed(purpose.default_source()) }
    }

    /// Compiles a template and tries it with made-up values, of which it must suit some.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        let template = Self::compile(source)?;
        let mut last = Ok(template.clone());
        for values in Values::examples() {
            match template.render(&values) {
                Ok(_) => return Ok(template),
                Err(error) => last = Err(error),
            }
        }
        last
    }

    /// Compiles a template that names nothing unknown, without trying it.
    pub fn compile(source: &str) -> Result<Self, TemplateError> {
        let template = Self { source: Cow::Owned(source.to_owned()) };
        let fail = |reason: String, hint| TemplateError { template: source.to_owned(), reason, hint, suggestion: None };
        let compiled = ENGINE.template_from_str(source).map_err(|error| fail(reason(&error), None))?;
        let mut unknown: Vec<String> = compiled.undeclared_variables(false).into_iter().collect();
        unknown.retain(|name| !NAMES.contains(&name.as_str()) && ENGINE.globals().all(|(global, _)| global != name));
        unknown.sort();
        if let Some(name) = unknown.first() {
            let near = nearest(name, NAMES);
            let hint = near.map_or_else(|| format!("it can be {}", any_of(NAMES)), |near| format!("write `{near}`"));
            let error = fail(format!("it names `{name}`, which does not exist"), Some(hint));
            return Err(TemplateError { suggestion: near.map(|near| renamed(source, name, near)), ..error });
        }
        Ok(template)
    }

    /// Renders it. If that fails, renders the default of this purpose, and says why.
    pub fn render_or_usual(&self, purpose: Purpose, values: &Values) -> (String, Option<TemplateError>) {
        match self.render(values) {
            Ok(text) => (text, None),
            Err(error) => (Self::usual(purpose).render(values).unwrap_or_else(|_| values.show.clone()), Some(error)),
        }
    }

    /// Returns it as written in the file.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Renders it.
    pub fn render(&self, values: &Values) -> Result<String, TemplateError> {
        let moment = |instant: DateTime<Utc>| Value::from_object(Moment(instant.with_timezone(&values.timezone)));
        let context = context! {
            show => &values.show,
            show_id => &values.show_id,
            station => &values.station,
            station_id => &values.station_id,
            start => moment(values.start),
            end => moment(values.end),
            length => units::words(values.length.to_std().unwrap_or(Duration::ZERO)),
        };
        ENGINE.render_str(&self.source, context).map_err(|error| TemplateError {
            template: self.source().to_owned(),
            reason: reason(&error),
            hint: (error.kind() == ErrorKind::UnknownFilter)
                .then(|| "dates are written `{{ start | date('%Y-%m-%d') }}`".to_owned()),
            suggestion: None,
        })
    }
}

/// Replaces every word `name` of `source` by `near`.
fn renamed(source: &str, name: &str, near: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut text = String::new();
    let mut rest = source;
    while let Some(at) = rest.find(name) {
        let (before, after) = rest.split_at(at);
        let after = after.strip_prefix(name).unwrap_or_default();
        text.push_str(before);
        let whole = !text.ends_with(is_word) && !after.starts_with(is_word);
        text.push_str(if whole { near } else { name });
        rest = after;
    }
    text + rest
}

impl Values {
    /// Makes up values for a template that no show uses.
    fn examples() -> [Self; 2] {
        let length = TimeDelta::hours(2);
        [("Show", "Station"), ("1984: The Evening News of the Day, Part 2", "Radio 1 of the City of Rome")].map(
            |(show, station)| {
                let start = DateTime::UNIX_EPOCH;
                let (show_id, station_id) = (slug::slug(show), slug::slug(station));
                let (show, station) = (show.to_owned(), station.to_owned());
                Self { show, show_id, station, station_id, start, end: start + length, length, timezone: Zone::utc() }
            },
        )
    }
}

static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.add_filter("date", date);
    engine
});

/// The filter `value | date('%Y-%m-%d')`, with the codes of strftime.
fn date(value: &Value, format: &str) -> Result<String, Error> {
    let wrong = |message: String| Error::new(ErrorKind::InvalidOperation, message);
    let moment = value
        .downcast_object_ref::<Moment>()
        .ok_or_else(|| wrong("`date` works on `start` and `end` only".to_owned()))?;
    let items: Vec<Item<'_>> = StrftimeItems::new(format).collect();
    let mut text = String::new();
    // `to_string` panics on an item that chrono does not know; writing returns the error.
    if items.contains(&Item::Error) || write!(text, "{}", moment.0.format_with_items(items.iter())).is_err() {
        return Err(wrong(format!("`{format}` has a code that does not exist; `%Y-%m-%d %H%M` is `2026-11-20 1400`")));
    }
    Ok(text)
}

/// An instant by the clocks of the show's zone.
#[derive(Debug)]
struct Moment(DateTime<Zone>);

impl Object for Moment {
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d %H:%M"))
    }
}

fn reason(error: &Error) -> String {
    match error.detail() {
        Some(detail) => detail.to_owned(),
        None => error.kind().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        Values {
            show: "명연주 명음반 & <more>".to_owned(),
            show_id: "명연주".to_owned(),
            station: "KBS".to_owned(),
            station_id: "kbs".to_owned(),
            start: "2026-11-20T05:00:00Z".parse().unwrap(),
            end: "2026-11-20T06:30:00Z".parse().unwrap(),
            length: TimeDelta::minutes(90),
            timezone: "Asia/Seoul".parse().unwrap(),
        }
    }

    #[test]
    fn times_are_filled_in_by_the_clocks_of_the_show() {
        let text = |source: &str| Template::parse(source).unwrap().render(&values()).unwrap();
        assert_eq!(text("{{ show }} {{ start | date('%Y-%m-%d %H%M') }}"), "명연주 명음반 & <more> 2026-11-20 1400");
        assert_eq!(text("{{ station | upper }}/{{ end | date('%H:%M %Z') }} {{ length }}"), "KBS/15:30 KST 1h30m");
        assert_eq!(text("{{ start }}"), "2026-11-20 14:00");
        assert_eq!(text("{% if length == '1h30m' %}long{% endif %}"), "long");
    }

    #[test]
    fn a_template_that_fails_after_all_is_replaced_by_the_default() {
        let template = Template::compile("{{ start | upper }}{{ show_id.x }}").unwrap();
        let (name, error) = template.render_or_usual(Purpose::Name, &values());
        assert_eq!(name, "KBS/명연주 명음반 & <more>/2026-11-20 1400 명연주 명음반 & <more>");
        assert!(error.unwrap().to_string().contains("cannot be rendered"));
        let (name, error) = Template::compile("{{ show }}").unwrap().render_or_usual(Purpose::Name, &values());
        assert_eq!((name.as_str(), error.is_none()), ("명연주 명음반 & <more>", true));
    }

    #[test]
    fn every_default_is_a_template() {
        for purpose in [Purpose::Title, Purpose::Artist, Purpose::Genre, Purpose::Album, Purpose::Name] {
            assert_eq!(Template::parse(purpose.default_source()).unwrap(), Template::usual(purpose));
        }
    }

    #[test]
    fn a_template_that_cannot_work_is_refused_at_once() {
        let wrong = |source: &str| Template::parse(source).unwrap_err();
        assert_eq!(wrong("{{ shwo }}").hint.unwrap(), "write `show`");
        assert!(wrong("{{ show").reason.contains("end of"), "{}", wrong("{{ show").reason);
        assert!(wrong("{{ start | date('%Q') }}").reason.contains("`%Q` has a code that does not exist"));
        assert!(wrong("{{ start | date('%') }}").reason.contains("does not exist"));
        assert!(wrong("{{ show | date('%Y') }}").reason.contains("`start` and `end` only"));
        assert!(wrong("{{ show | dat }}").hint.unwrap().contains("date("));
        assert!(wrong("{{ show.name }}").reason.contains("undefined"), "{}", wrong("{{ show.name }}").reason);
        assert!(wrong("{% if length == 'x' %}{{ nobody }}{% endif %}").reason.contains("nobody"));
    }
}

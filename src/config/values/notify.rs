//! To whom something is told, and how.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde_json::{Map, Value as Json};
use url::Url;

use super::mail::Email;
use super::object_store::Secret;
use crate::model::{Notice, NoticeKind};

/// Somebody or something that is told what happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// What it is told.
    pub on: BTreeSet<NoticeKind>,
    /// The tag of the language in which it is told.
    pub language: &'static str,
    /// How it is told.
    pub way: Way,
}

/// How a target is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// By a request to an address.
    Webhook(Webhook),
    /// By a program that is run.
    Run(Vec<String>),
    /// By a topic of ntfy.
    Ntfy(Ntfy),
    /// By mail.
    Email(Email),
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The address.
    pub url: Url,
    /// The key of the signatures. `None` if requests are not signed.
    pub secret: Option<SigningKey>,
    /// What is sent with each request.
    pub headers: Vec<(String, Secret)>,
    /// The body, if the receiver wants another.
    pub template: Option<BodyTemplate>,
}

/// The key with which requests are signed, as Standard Webhooks writes it: `whsec_` and the key in base64.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey(Vec<u8>);

impl SigningKey {
    /// What every key begins with.
    const BEGINS: &'static str = "whsec_";
    /// The lengths of keys in bytes ("Symmetric signatures", Standard Webhooks).
    const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

    /// Reads a key. `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let key = BASE64_STANDARD.decode(text.trim().strip_prefix(Self::BEGINS)?).ok()?;
        Self::LENGTHS.contains(&key.len()).then_some(Self(key))
    }

    /// Returns its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A topic of ntfy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ntfy {
    /// The address of the server, without the topic.
    pub server: Url,
    /// The topic.
    pub topic: Secret,
    /// The token with which messages are sent.
    pub token: Option<Secret>,
}

impl Target {
    /// Returns what it is told if the file does not say: all that is not as it should be.
    pub fn usual() -> BTreeSet<NoticeKind> {
        NoticeKind::ALL.into_iter().filter(|kind| *kind != NoticeKind::Recorded).collect()
    }

    /// Returns where it is told, as far as everybody may read that.
    pub fn place(&self) -> String {
        let host = |url: &Url| url.host_str().unwrap_or_default().to_owned();
        match &self.way {
            Way::Webhook(webhook) => format!("webhook at {}", host(&webhook.url)),
            Way::Run(command) => format!("runs {}", command.first().map_or("", String::as_str)),
            Way::Ntfy(ntfy) => format!("ntfy at {}", host(&ntfy.server)),
            Way::Email(email) => format!("mail by {}", email.server.host),
        }
    }
}

/// A template of a body: `title`, `text` and every fact of a notice can be named in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyTemplate {
    source: String,
}

impl BodyTemplate {
    /// Returns the template, tried with a notice that has every fact.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(source: &str) -> Result<Self, String> {
        let (template, engine, facts) =
            (Self { source: source.to_owned() }, engine(), facts("msg_0", &Notice::example()));
        let named = engine.template_from_str(source).map(|compiled| compiled.undeclared_variables(false));
        let is_known = |name: &str| facts.contains_key(name) || engine.globals().any(|(global, _)| global == name);
        let unknown = named.map_err(|error| error.to_string())?.into_iter().find(|name| !is_known(name));
        if let Some(name) = unknown {
            return Err(format!("it names `{name}`, which does not exist"));
        }
        template.render("msg_0", &Notice::example()).map(|_| template)
    }

    /// Fills it in.
    ///
    /// # Errors
    /// Why that cannot be done.
    pub fn render(&self, id: &str, notice: &Notice) -> Result<String, String> {
        let facts = Value::from(Serde(facts(id, notice)));
        engine().render_str(&self.source, facts).map_err(|error| error.to_string())
    }

    /// Returns whether what comes of it is JSON.
    pub fn is_json(&self) -> bool {
        let rendered = self.render("msg_0", &Notice::example()).unwrap_or_default();
        serde_json::from_str::<serde_json::Value>(&rendered).is_ok()
    }
}

/// Returns the engine of templates. What a notice does not have is left out.
fn engine() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Chainable);
    engine
}

/// Returns what a template can name: the facts that there are.
fn facts(id: &str, notice: &Notice) -> Map<String, Json> {
    let Json::Object(mut facts) = serde_json::to_value(notice).unwrap_or_default() else { return Map::new() };
    facts.retain(|_, fact| !fact.is_null());
    facts.insert("id".to_owned(), id.into());
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_in_and_one_that_names_what_does_not_exist_is_refused() {
        let slack = BodyTemplate::parse("{\"text\": {{ (title ~ \"\\n\" ~ text) | tojson }}}").unwrap();
        assert!(slack.is_json());
        let body: serde_json::Value =
            serde_json::from_str(&slack.render("msg_1", &Notice::example()).unwrap()).unwrap();
        assert!(body["text"].as_str().unwrap().contains("Radio One \"1\""), "{body}");
        let plain = BodyTemplate::parse("{{ id }}: {{ recording.percent }} {{ station.name }}").unwrap();
        assert_eq!(plain.render("msg_1", &Notice::example()).unwrap(), "msg_1: 98.7 Radio One");
        assert!(!plain.is_json());
        assert!(BodyTemplate::parse("{{ titel }}").unwrap_err().contains("it names `titel`"));
        assert!(BodyTemplate::parse("{{ title").is_err());
        // What a notice does not have is left out, not an error in the night.
        let without = Notice { recording: None, ..Notice::example() };
        assert_eq!(plain.render("msg_1", &without).unwrap(), "msg_1:  Radio One");
    }
}

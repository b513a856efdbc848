//! What was told to the targets of `notify`, and what is on its way, for the page of recordings.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::config::Config;
use crate::language::Language;
use crate::library::catalogue::{CatalogueError, Message, MessageFilter};
use crate::model::Notice;
use crate::web::Site;

/// How many messages are shown.
const MOST: u32 = 20;

/// What is shown of messages.
#[derive(Debug, Serialize)]
pub(super) struct Messages {
    summary: String,
    newest: Vec<Line>,
}

/// A message.
#[derive(Debug, Serialize)]
struct Line {
    /// RFC 3339, and for people.
    at: String,
    said: String,
    title: String,
    target: String,
    /// How far it is: a word for styles, and one for people.
    state: &'static str,
    said_state: String,
    /// Why it was not taken, and when it is tried again.
    why: Option<String>,
    next: Option<String>,
}

/// Returns what is shown. `None` if nobody is told anything.
pub(super) async fn messages(site: &Site, language: &Language) -> Result<Option<Messages>, CatalogueError> {
    let config = site.config();
    if config.notify.is_empty() {
        return Ok(None);
    }
    let totals = site.catalogue.message_totals().await?;
    let newest = site.catalogue.messages(MessageFilter { limit: MOST, ..MessageFilter::default() }).await?;
    let [waiting, sent, dropped] = [totals.waiting, totals.sent, totals.dropped].map(|count| count.to_string());
    let counts = [("waiting", waiting.as_str()), ("sent", &sent), ("dropped", &dropped)];
    Ok(Some(Messages {
        summary: language.say("messages_summary", &counts),
        newest: newest.into_iter().map(|message| line(message, &config, language)).collect(),
    }))
}

fn line(message: Message, config: &Config, language: &Language) -> Line {
    let said = |at: DateTime<Utc>| at.with_timezone(&config.timezone).format("%Y-%m-%d %H:%M").to_string();
    let state = message.state.word();
    Line {
        at: message.created.to_rfc3339(),
        said: said(message.created),
        title: serde_json::from_str::<Notice>(&message.body).map_or(message.kind, |notice| notice.title),
        target: message.target,
        state,
        said_state: language.say(&format!("message_{state}"), &[]),
        why: message.last_error,
        next: message.next_try.map(|next| language.say("message_next", &[("time", &said(next))])),
    }
}

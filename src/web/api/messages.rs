//! Messages to the targets of `notify`: what is on its way, what was sent, what was given up.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::base::redact;
use crate::library::catalogue::{self, MessageFilter};
use crate::model::Notice;
use crate::web::Site;
use crate::web::answer::Problem;
use crate::web::extract::{Count, Query};
use crate::web::wire::instant;

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum MessageState {
    /// It is still to be sent.
    Waiting,
    /// The target has taken it.
    Sent,
    /// It is not sent any more; the error says why.
    Dropped,
}

/// Which messages are listed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// Only those to this target.
    target: Option<String>,
    /// Only those that are so far.
    state: Option<MessageState>,
    /// Only those written before this one: use the last `number` of one answer to ask for the next.
    before: Option<i64>,
    /// The most that are listed; 100 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Count>,
}

/// A message to a target.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Message {
    /// Its number, which is greater than that of every earlier message.
    #[schema(example = 17)]
    number: i64,
    /// The id that the receiver gets, at every try the same.
    #[schema(example = "msg_0a1b2c3d4e5f60718293a4b5c6d7e8f9")]
    id: String,
    /// To whom.
    target: String,
    /// What kind of thing it tells.
    #[schema(example = "station_down")]
    kind: String,
    /// What it is about: messages of the same matter belong together.
    #[schema(example = "station:kbs-1fm")]
    matter: String,
    /// What it says, in one line.
    title: String,
    /// What else it says.
    text: String,
    /// When it was written.
    #[schema(format = DateTime)]
    created: String,
    /// How far it is.
    state: MessageState,
    /// How often it was tried in vain.
    tries: u32,
    /// When it is tried again; null if it was not tried yet, or does not wait any more.
    #[schema(format = DateTime)]
    next_try: Option<String>,
    /// Why it was not taken, or whom it does not reach; null if it was taken for all.
    error: Option<String>,
    /// When it was sent or given up.
    #[schema(format = DateTime)]
    done: Option<String>,
}

/// Lists what is told to the targets of `notify`, the newest first. What was sent or given up is known for 30 days.
#[utoipa::path(
    get, path = "/messages", operation_id = "messages", tag = "messages", params(Params),
    responses((status = 200, body = Vec<Message>), Problem)
)]
pub(super) async fn list(State(site): State<Site>, Query(asked): Query<Params>) -> Result<Json<Vec<Message>>, Problem> {
    let filter = MessageFilter {
        target: asked.target,
        state: asked.state.map(MessageState::into),
        before: asked.before,
        limit: asked.limit.unwrap_or(Count::usual(100)).get(),
    };
    Ok(Json(site.catalogue.messages(filter).await?.into_iter().map(Message::of).collect()))
}

impl Message {
    fn of(message: catalogue::Message) -> Self {
        let notice = serde_json::from_str::<Notice>(&message.body).ok();
        let (title, text) = notice.map(|notice| (notice.title, notice.text)).unwrap_or_default();
        Self {
            number: message.number,
            id: message.id,
            target: message.target,
            kind: message.kind,
            matter: message.matter,
            title,
            text,
            created: instant(message.created),
            state: message.state.into(),
            tries: message.tries,
            next_try: message.next_try.map(instant),
            error: message.last_error.map(|error| redact::text(&error)),
            done: message.done.map(instant),
        }
    }
}

impl From<MessageState> for catalogue::MessageState {
    fn from(state: MessageState) -> Self {
        match state {
            MessageState::Waiting => Self::Waiting,
            MessageState::Sent => Self::Sent,
            MessageState::Dropped => Self::Dropped,
        }
    }
}

impl From<catalogue::MessageState> for MessageState {
    fn from(state: catalogue::MessageState) -> Self {
        match state {
            catalogue::MessageState::Waiting => Self::Waiting,
            catalogue::MessageState::Sent => Self::Sent,
            catalogue::MessageState::Dropped => Self::Dropped,
        }
    }
}

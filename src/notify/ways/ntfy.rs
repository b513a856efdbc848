//! ntfy (<https://docs.ntfy.sh/publish/>): a message as JSON to the root of the server.

use reqwest::Client;
use serde_json::{Value, json};

use super::http::ask;
use super::letter::Letter;
use crate::base::clock::SharedClock;
use crate::config::Ntfy;
use crate::model::{Notice, NoticeKind, NoticeState};
use crate::notify::answer::Answer;

/// The longest message in bytes: of what is longer than 4,096 bytes as a whole, ntfy makes a file.
const LONGEST: usize = 3_000;

/// Tells a topic something.
pub(super) async fn tell(ntfy: &Ntfy, letter: &Letter, client: &Client, clock: &SharedClock) -> Answer {
    let mut request = client.post(ntfy.server.clone()).json(&body(&ntfy.topic.0, &letter.notice));
    if let Some(token) = &ntfy.token {
        request = request.bearer_auth(&token.0);
    }
    ask(request, clock).await
}

fn body(topic: &str, notice: &Notice) -> Value {
    let text = if notice.text.is_empty() { &notice.title } else { &notice.text };
    let mut body = json!({
        "topic": topic,
        "title": notice.title,
        "message": shortened(text),
        "priority": priority(notice),
        "tags": [tag(notice)],
    });
    if let (Some(link), Some(body)) = (&notice.link, body.as_object_mut()) {
        body.insert("click".to_owned(), link.as_str().into());
    }
    body
}

/// Returns how urgent it is, from 1 to 5; 3 is usual.
fn priority(notice: &Notice) -> u8 {
    use NoticeKind::{DiskLow, Failed, FolderAway, Missed, Recorded, StationDown};
    match (notice.state, notice.kind) {
        (NoticeState::Well, _) => 3,
        (_, Failed | Missed | StationDown | DiskLow | FolderAway) => 4,
        (_, Recorded) => 2,
        _ => 3,
    }
}

/// Returns the tag that ntfy shows as a picture.
fn tag(notice: &Notice) -> &'static str {
    match (notice.state, notice.kind) {
        (NoticeState::Well, _) | (_, NoticeKind::Recorded) => "white_check_mark",
        (_, NoticeKind::Restarted) => "arrows_counterclockwise",
        (_, NoticeKind::Test) => "loudspeaker",
        _ => "warning",
    }
}

/// Returns as much of `text` as a message may have.
fn shortened(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    format!("{}…", text.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_what_a_phone_shows_and_is_never_too_long() {
        let example = Notice::example();
        let said = body("radio", &example);
        assert_eq!(
            (&said["topic"], &said["priority"], &said["tags"][0]),
            (&"radio".into(), &3.into(), &"warning".into())
        );
        assert_eq!((said["title"].as_str(), said["click"].as_str()), (Some(&*example.title), example.link.as_deref()));
        let down = Notice { kind: NoticeKind::StationDown, state: NoticeState::Bad, link: None, ..Notice::example() };
        assert_eq!((body("t", &down)["priority"].as_u64(), body("t", &down).get("click")), (Some(4), None));
        let well = Notice { state: NoticeState::Well, ..down };
        assert_eq!(body("t", &well)["tags"][0], "white_check_mark");
        let long = Notice { text: "명".repeat(2_000), title: "제".repeat(100), ..Notice::example() };
        assert!(body(&"t".repeat(64), &long).to_string().len() < 4_096);
        let short = Notice { text: String::new(), ..Notice::example() };
        assert_eq!(body("t", &short)["message"], short.title);
    }
}

//! One request, and what was answered.

use std::time::Duration;

use reqwest::RequestBuilder;
use reqwest::header::RETRY_AFTER;

use crate::base::clock::SharedClock;
use crate::base::redact;
use crate::base::text::cut;
use crate::notify::answer::Answer;
use crate::notify::retry;

/// How long a receiver may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much of an answer is read, in bytes, and how much of it is shown, in letters.
const READ: usize = 4096;
const SHOWN: usize = 200;

/// Sends a request once, and returns what follows from the answer.
pub(super) async fn ask(request: RequestBuilder, clock: &SharedClock) -> Answer {
    let asking = async {
        let mut response = request.send().await.map_err(|error| Answer::later(said(error)))?;
        let status = response.status();
        let after = response.headers().get(RETRY_AFTER).and_then(|after| after.to_str().ok());
        let after = after.and_then(|after| retry::asked(after, clock.now()));
        let mut body = Vec::new();
        // What the receiver says after its status changes nothing any more.
        while let Ok(Some(part)) = response.chunk().await {
            body.extend_from_slice(&part);
            if body.len() >= READ {
                break;
            }
        }
        Ok::<_, Answer>(Answer::of(status, &words(&body), after))
    };
    match clock.timeout(PATIENCE, asking).await {
        Ok(Ok(answer) | Err(answer)) => answer,
        Err(_) => Answer::later(format!("it did not answer within {} s", PATIENCE.as_secs())),
    }
}

/// Returns the words of an answer on one line, without secrets.
fn words(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..READ.min(body.len())).unwrap_or_default()).into_owned();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&redact::text(&line), SHOWN).into_owned()
}

/// Says what went wrong, down to its innermost reason.
fn said(error: reqwest::Error) -> String {
    // The address may be secret.
    let error = error.without_url();
    let mut reasons = vec![error.to_string()];
    let mut source = std::error::Error::source(&error);
    while let Some(reason) = source {
        reasons.push(reason.to_string());
        source = reason.source();
    }
    let what = if error.is_connect() { "it cannot be reached" } else { "the connection broke" };
    format!("{what}: {}", redact::text(reasons.last().map_or("", String::as_str)))
}

//! Webhooks: a request with JSON, signed as Standard Webhooks says (<https://www.standardwebhooks.com/>, version 1.0.0).
//!
//! The id is that of the message, so that a receiver knows what it has had already; the timestamp is that of the try.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use super::http::ask;
use super::letter::Letter;
use crate::base::clock::SharedClock;
use crate::config::{BodyTemplate, SigningKey, Webhook};
use crate::notify::answer::Answer;

/// Tells a receiver something.
pub(super) async fn tell(webhook: &Webhook, letter: &Letter, client: &Client, clock: &SharedClock) -> Answer {
    let Webhook { url, secret, headers, template } = webhook;
    let body = match body(letter, template.as_ref()) {
        Ok(body) => body,
        Err(reason) => return Answer::Refused(format!("the template cannot be filled in: {reason}")),
    };
    let is_json = template.as_ref().is_none_or(BodyTemplate::is_json);
    let kind = if is_json { "application/json" } else { "text/plain; charset=utf-8" };
    let now = clock.now();
    let mut request = client
        .post(url.clone())
        .header("webhook-id", &letter.id)
        .header("webhook-timestamp", now.timestamp().to_string());
    if let Some(key) = secret {
        request = request.header("webhook-signature", signature(key, &letter.id, now, &body));
    }
    // Only one of each name: a receiver that wants another content type says so.
    if headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case(CONTENT_TYPE.as_str())) {
        request = request.header(CONTENT_TYPE, kind);
    }
    for (name, value) in headers {
        request = request.header(name, &value.0);
    }
    ask(request.body(body), clock).await
}

/// Returns the body: that of the template, or the payload that Standard Webhooks proposes.
fn body(letter: &Letter, template: Option<&BodyTemplate>) -> Result<String, String> {
    let Letter { id, notice } = letter;
    match template {
        Some(template) => template.render(id, notice),
        None => Ok(json!({ "type": notice.kind, "timestamp": notice.at, "id": id, "data": notice }).to_string()),
    }
}

/// Returns the signature of a body, for its header.
fn signature(key: &SigningKey, id: &str, at: DateTime<Utc>, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.bytes());
    let signed = format!("{id}.{}.{body}", at.timestamp());
    format!("v1,{}", BASE64_STANDARD.encode(hmac::sign(&key, signed.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_has_its_signature() {
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let at = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, "{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_key_is_as_the_standard_says() {
        assert!(SigningKey::parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_none(), "it begins with nothing");
        assert!(SigningKey::parse("whsec_c2hvcnQ=").is_none(), "it is too short");
        assert!(SigningKey::parse("whsec_!!!").is_none());
    }
}

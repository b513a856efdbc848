//! The station's web site: the page of its player, a signed playlist and the segments.

use std::collections::hash_map::RandomState;
use std::fmt::Write;
use std::hash::BuildHasher;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::broadcast::{SEGMENT, Window};
use crate::base::clock::SharedClock;
use crate::base::environment::Environment;

/// How long the address of the stream is good: short, so that people can watch how it is renewed.
const LIFETIME: TimeDelta = TimeDelta::seconds(60);

/// What the handlers share.
#[derive(Debug)]
struct Site {
    window: Window,
    clock: SharedClock,
    signer: Signer,
}

/// Serves until `stop`.
pub fn start(
    listener: TcpListener,
    window: Window,
    environment: &Environment,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let site = Arc::new(Site { window, clock: environment.clock.clone(), signer: Signer::default() });
    let routes = Router::new()
        .route("/onair.html", get(page))
        .route("/live.m3u8", get(playlist))
        .route("/segments/{name}", get(segment))
        .with_state(site);
    let server = axum::serve(listener, routes).with_graceful_shutdown(stop.clone().cancelled_owned());
    environment.spawn(async move {
        if let Err(error) = server.await {
            tracing::error!("the demo station's site has ended: {error}");
        }
    })
}

/// Shows the page. The address of the stream is in a script, as JSON in a JavaScript string, as in many real players.
async fn page(State(site): State<Arc<Site>>, headers: HeaderMap) -> Html<String> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    let query = site.signer.sign(site.clock.now() + LIFETIME);
    let address = format!("http://{host}/live.m3u8?{query}").replace('/', r"\/");
    Html(format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Demo FM</title></head>
<body>
<h1>Demo FM</h1>
<p>Music for trying aircheck.</p>
<script>
var channel = JSON.parse('{{\"channel_item\":[{{\"media_type\":\"radio\",\"bitrate\":\"160Kbps\",\"service_url\":\"{address}\"}}]}}');
</script>
</body>
</html>
"#
    ))
}

/// Serves the live playlist (RFC 8216 section 4) to requests with a good signature.
async fn playlist(State(site): State<Arc<Site>>, Query(signature): Query<Signature>) -> impl IntoResponse {
    if !site.signer.accepts(&signature, site.clock.now()) {
        return Err(StatusCode::FORBIDDEN);
    }
    let segments = site.window.listed();
    let first = segments.first().map_or(0, |segment| segment.sequence);
    let mut text = format!("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:{first}\n");
    for segment in segments {
        let time = segment.begins.to_rfc3339_opts(SecondsFormat::Millis, true);
        let (seconds, sequence) = (SEGMENT.as_seconds_f64(), segment.sequence);
        // Writing to a string cannot fail.
        let _ = write!(text, "#EXT-X-PROGRAM-DATE-TIME:{time}\n#EXTINF:{seconds:.5},\nsegments/{sequence}.aac\n");
    }
    Ok(([(header::CONTENT_TYPE, "application/vnd.apple.mpegurl")], text))
}

async fn segment(State(site): State<Arc<Site>>, Path(name): Path<String>) -> impl IntoResponse {
    let sequence = name.strip_suffix(".aac").and_then(|number| number.parse::<u64>().ok());
    let found = sequence.and_then(|sequence| site.window.find(sequence));
    found.map(|segment| ([(header::CONTENT_TYPE, "audio/aac")], segment.bytes)).ok_or(StatusCode::NOT_FOUND)
}

/// The query of a signed address, named as that of `CloudFront`.
#[derive(Debug, Deserialize)]
struct Signature {
    #[serde(rename = "Expires")]
    expires: i64,
    #[serde(rename = "Signature")]
    signature: String,
}

/// Signs with a key that is made at the start and never leaves the process.
#[derive(Debug, Default)]
struct Signer(RandomState);

impl Signer {
    /// Makes the query of an address that is good until `expires`.
    fn sign(&self, expires: DateTime<Utc>) -> String {
        let expires = expires.timestamp();
        format!("Expires={expires}&Signature={}&Key-Pair-Id=DEMO", self.signature(expires))
    }

    fn accepts(&self, given: &Signature, now: DateTime<Utc>) -> bool {
        given.signature == self.signature(given.expires) && now.timestamp() < given.expires
    }

    fn signature(&self, expires: i64) -> String {
        format!("{:016x}", self.0.hash_one(expires))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_until_it_expires_and_for_nothing_else() {
        let (signer, now) = (Signer::default(), DateTime::UNIX_EPOCH);
        let query = signer.sign(now + LIFETIME);
        let signature = query.split('&').find_map(|pair| pair.strip_prefix("Signature=")).unwrap().to_owned();
        let given = |expires| Signature { expires, signature: signature.clone() };
        assert!(signer.accepts(&given(60), now));
        assert!(signer.accepts(&given(60), now + TimeDelta::seconds(59)));
        assert!(!signer.accepts(&given(60), now + TimeDelta::seconds(60)));
        assert!(!signer.accepts(&given(61), now));
        assert!(!Signer::default().accepts(&given(60), now));
    }
}

//! Answers with a file: conditions, ranges and HEAD (RFC 9110).
//!
//! The `ServeFile` of tower-http is not used: it panics if a file is dated before 1970 (a machine without a clock may
//! have copied it), has no entity tags, and opens files by itself.

use std::io;

use axum::body::Body;
use axum::http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, ETAG, LAST_MODIFIED, RANGE};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::stream;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::conditional::{dated, if_range_holds, instead};
use super::range::{self, Requested};
use crate::library::store::Reading;

/// How many bytes are read at once.
const AT_ONCE: usize = 64 * 1024;

/// Answers a request with the part of an open file that it asks for, and the entity tag of the file. Answers only with
/// a status if a condition of the request says so.
pub async fn answer(request: &Parts, reading: Reading) -> io::Result<Response> {
    let etag = HeaderValue::try_from(reading.etag());
    let mut response = match instead(&request.headers, reading.etag(), reading.modified()) {
        Some(status) => status.into_response(),
        None => content(request, reading).await?,
    };
    if let Ok(etag) = etag {
        response.headers_mut().insert(ETAG, etag);
    }
    Ok(response)
}

async fn content(request: &Parts, reading: Reading) -> io::Result<Response> {
    let (bytes, modified) = (reading.bytes(), reading.modified());
    let mut headers = request.headers.clone();
    if !if_range_holds(&headers, reading.etag(), modified) {
        headers.remove(RANGE);
    }
    let (status, first, length, range) = match range::requested(&request.method, &headers, bytes) {
        Requested::Whole => (StatusCode::OK, 0, bytes, None),
        Requested::Part(part) => {
            let (first, last) = part.into_inner();
            (StatusCode::PARTIAL_CONTENT, first, last - first + 1, Some(format!("bytes {first}-{last}/{bytes}")))
        }
        Requested::Beyond => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0, Some(format!("bytes */{bytes}"))),
    };
    let body = if request.method == Method::HEAD || length == 0 {
        Body::empty()
    } else {
        Body::from_stream(stream::try_unfold(reading.part(first, length).await?, read_next))
    };
    let mut response = (status, body).into_response();
    let headers: [(HeaderName, Option<HeaderValue>); 4] = [
        (ACCEPT_RANGES, Some(HeaderValue::from_static("bytes"))),
        (CONTENT_LENGTH, Some(HeaderValue::from(length))),
        (CONTENT_RANGE, range.and_then(|range| HeaderValue::try_from(range).ok())),
        (LAST_MODIFIED, modified.and_then(dated)),
    ];
    for (name, value) in headers {
        if let Some(value) = value {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// Reads the next bytes, and returns them with the reader. `None` at the end.
async fn read_next<R: AsyncRead + Unpin>(mut reader: R) -> io::Result<Option<(Vec<u8>, R)>> {
    let mut bytes = Vec::with_capacity(AT_ONCE);
    let read = reader.read_buf(&mut bytes).await?;
    Ok((read > 0).then_some((bytes, reader)))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use axum::extract::Request;
    use axum::http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE};

    use super::*;
    use crate::library::store::Store;

    /// Creates a store with one file of ten bytes, whose last change was `before` 1970.
    fn stored(before: Duration) -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x.mp3"), "0123456789").unwrap();
        let file = File::options().write(true).open(folder.path().join("x.mp3")).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH - before).unwrap();
        let store = Store::new(folder.path());
        (folder, store)
    }

    /// Sends a request for the file. Returns status, headers and body of the answer.
    async fn send(
        store: &Store,
        method: Method,
        headers: &[(HeaderName, &str)],
    ) -> (StatusCode, axum::http::HeaderMap, String) {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = method;
        parts.headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        let reading = store.open(Path::new("x.mp3")).await.unwrap().unwrap();
        let (head, body) = answer(&parts, reading).await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, 1_000).await.unwrap();
        (head.status, head.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_file_from_before_1970_is_sent_like_any_other() {
        // Half a second before 20:17:41 in the night of the first landing on the moon.
        let (_folder, store) = stored(Duration::from_millis(14_182_939_500));
        let (status, headers, body) = send(&store, Method::GET, &[]).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "0123456789"));
        assert_eq!(headers[LAST_MODIFIED], "Sun, 20 Jul 1969 20:17:40 GMT");
        let etag = headers[ETAG].to_str().unwrap().to_owned();
        let since = "Fri, 20 Nov 2026 05:00:00 GMT";
        for (condition, value, status) in [
            (IF_NONE_MATCH, etag.as_str(), StatusCode::NOT_MODIFIED),
            (IF_MODIFIED_SINCE, since, StatusCode::NOT_MODIFIED),
            (IF_UNMODIFIED_SINCE, since, StatusCode::OK),
            (IF_MATCH, "\"other\"", StatusCode::PRECONDITION_FAILED),
        ] {
            assert_eq!(send(&store, Method::GET, &[(condition.clone(), value)]).await.0, status, "{condition}");
        }
        let (status, headers, body) = send(&store, Method::GET, &[(RANGE, "bytes=2-4"), (IF_RANGE, &etag)]).await;
        assert_eq!((status, body.as_str()), (StatusCode::PARTIAL_CONTENT, "234"));
        assert_eq!((&headers[CONTENT_RANGE], &headers[CONTENT_LENGTH]), (&"bytes 2-4/10".parse().unwrap(), &3.into()));
    }

    #[tokio::test]
    async fn a_range_is_answered_with_that_part_and_with_headers_that_describe_it() {
        let (_folder, store) = stored(Duration::ZERO);
        let part = send(&store, Method::GET, &[(RANGE, "bytes=-3")]).await;
        assert_eq!((part.0, part.2.as_str()), (StatusCode::PARTIAL_CONTENT, "789"));
        let beyond = send(&store, Method::GET, &[(RANGE, "bytes=10-")]).await;
        assert_eq!((beyond.0, beyond.2.as_str()), (StatusCode::RANGE_NOT_SATISFIABLE, ""));
        assert_eq!(beyond.1[CONTENT_RANGE], "bytes */10");
        let head = send(&store, Method::HEAD, &[(RANGE, "bytes=0-1")]).await;
        assert_eq!((head.0, head.2.as_str(), &head.1[CONTENT_LENGTH]), (StatusCode::OK, "", &10.into()));
        let other = send(&store, Method::GET, &[(RANGE, "bytes=0-1"), (IF_RANGE, "\"other\"")]).await;
        assert_eq!((other.0, other.2.as_str()), (StatusCode::OK, "0123456789"), "a range of another file is ignored");
        // A condition counts before a range (section 13.2.2).
        let known = send(&store, Method::GET, &[(RANGE, "bytes=99-"), (IF_NONE_MATCH, "*")]).await;
        assert_eq!(known.0, StatusCode::NOT_MODIFIED);
    }
}

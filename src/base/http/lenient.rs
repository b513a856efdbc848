//! Answers that hyper refuses, read as players read them.
//!
//! hyper refuses the whole answer for one bad line of its head. Such an answer is requested once more on a connection
//! of our own, and its head is read by [`head`]: whatever can be understood counts. The result is a response like any
//! other. Answers without a status line of HTTP (`ICY 200 OK`, or sound without any head) arrive here as HTTP/0.9,
//! without a second connection.
//!
//! A second connection goes straight to the server: the proxies of the environment are used for the first one only.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures::stream::{self, BoxStream, StreamExt};
use reqwest::header::{AUTHORIZATION, CONNECTION, COOKIE, HOST, HeaderMap, HeaderValue};
use reqwest::{Body, Response, ResponseBuilderExt, StatusCode, Version};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Position, Url};

use super::chunked::Chunks;
use super::dns;
use super::error::HttpError;
use super::guard::{Guard, out_of_reach};
use super::head::{self, Beginning, Framing, Head};
use super::limits::{CONNECT_TIMEOUT, READ_TIMEOUT};
use super::reasons::innermost;
use super::tls;
use crate::base::clock::SharedClock;
use crate::base::redact;

/// How many bytes are read at once.
const PIECE: usize = 16 << 10;

/// A connection, with or without TLS.
trait Connection: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Connection for T {}

/// The bytes of a connection.
type Incoming = BoxStream<'static, io::Result<Bytes>>;

/// Requests `url` on a connection of its own, to an address that `guard` lets through. Redirects are not followed. A read
/// takes at most `patience` by `clock`.
pub(super) async fn ask(
    url: &Url,
    mut headers: HeaderMap,
    (tls, guard): (ClientConfig, Option<Guard>),
    patience: Duration,
    clock: SharedClock,
) -> Result<Response, HttpError> {
    let failed = |error: &io::Error| {
        let (reason, trouble, refused) = (innermost(error), tls::trouble(error), out_of_reach(error));
        let url = redact::url(url);
        if let Some(reason) = refused {
            return HttpError::OutOfReach { url, reason };
        }
        match trouble {
            Some(reason) => HttpError::Tls { url, reason },
            None => HttpError::Unreachable { url, reason },
        }
    };
    let connecting = clock.timeout(CONNECT_TIMEOUT, connect(url, tls, guard));
    let mut connection = connecting
        .await
        .map_err(|_| HttpError::Unreachable { url: redact::url(url), reason: "no connection in time".to_owned() })?
        .map_err(|error| failed(&error))?;
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    connection.write_all(&request(url, &headers)).await.map_err(|error| failed(&error))?;
    let incoming = stream::try_unfold((connection, clock), move |(mut connection, clock)| async move {
        let mut bytes = BytesMut::with_capacity(PIECE);
        let read = clock.timeout(patience, connection.read_buf(&mut bytes)).await;
        // Many servers close the connection without ending TLS.
        let read = match read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))? {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            read => read?,
        };
        Ok((read > 0).then(|| (bytes.freeze(), (connection, clock))))
    });
    answer(incoming.boxed(), url).await
}

async fn connect(url: &Url, mut tls: ClientConfig, guard: Option<Guard>) -> io::Result<Pin<Box<dyn Connection>>> {
    let none = || io::Error::new(io::ErrorKind::InvalidInput, "the address has no host");
    let port = url.port_or_known_default().ok_or_else(none)?;
    if let Some(guard) = &guard {
        guard.check_url(url).map_err(io::Error::other)?;
    }
    let connection = match url.host().ok_or_else(none)? {
        Host::Domain(name) => TcpStream::connect(&*dns::addresses(name.to_owned(), port, guard).await?).await?,
        Host::Ipv4(address) => TcpStream::connect((address, port)).await?,
        Host::Ipv6(address) => TcpStream::connect((address, port)).await?,
    };
    if url.scheme() != "https" {
        return Ok(Box::pin(connection));
    }
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = url.host_str().ok_or_else(none)?.trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(name).map_err(|_| none())?;
    Ok(Box::pin(TlsConnector::from(Arc::new(tls)).connect(name, connection).await?))
}

fn request(url: &Url, headers: &HeaderMap) -> Vec<u8> {
    let host = url[Position::BeforeHost..Position::AfterPort].as_bytes();
    let mut all = format!("GET {} HTTP/1.1\r\n", &url[Position::BeforePath..Position::AfterQuery]).into_bytes();
    let given = headers.iter().filter(|(name, _)| *name != HOST).map(|(name, value)| (name.as_str(), value.as_bytes()));
    let host = headers.get(HOST).map_or(host, HeaderValue::as_bytes);
    for (name, value) in [("host", host), ("accept", b"*/*")].into_iter().chain(given) {
        all.extend_from_slice(name.as_bytes());
        all.extend_from_slice(b": ");
        all.extend_from_slice(value);
        all.extend_from_slice(b"\r\n");
    }
    all.extend_from_slice(b"\r\n");
    all
}

/// Reads the head that hyper took for the beginning of the body, if there is one.
pub(super) async fn understood(response: Response) -> Result<Response, HttpError> {
    let url = response.url().clone();
    let incoming = response.bytes_stream().map(|read| read.map_err(as_io)).boxed();
    answer(incoming, &url).await
}

/// The error of a reqwest connection as an [`io::Error`] that keeps its cause.
fn as_io(error: reqwest::Error) -> io::Error {
    let kind = if error.is_timeout() { io::ErrorKind::TimedOut } else { io::ErrorKind::Other };
    io::Error::new(kind, error)
}

async fn answer(mut incoming: Incoming, url: &Url) -> Result<Response, HttpError> {
    let mut bytes = BytesMut::new();
    let head = loop {
        match head::read(&bytes) {
            // Another one follows (RFC 9110, section 15.2).
            Beginning::Head(head, length) if head.status.is_informational() => bytes.advance(length),
            Beginning::Head(head, length) => {
                bytes.advance(length);
                break Some(head);
            }
            Beginning::None => break None,
            Beginning::More => match incoming.next().await {
                Some(Ok(more)) => bytes.extend_from_slice(&more),
                Some(Err(error)) => return Err(broke(&error, url)),
                None => {
                    let reason = if bytes.is_empty() { "it closed the connection" } else { "its head breaks off" };
                    return Err(HttpError::Malformed { url: redact::url(url), reason: reason.to_owned() });
                }
            },
        }
    };
    let (framing, version) = match &head {
        Some(head) => (head.framing(), Version::HTTP_10),
        None => (Framing::UntilEnd, Version::HTTP_09),
    };
    let all = stream::iter((!bytes.is_empty()).then(|| Ok(bytes.freeze()))).chain(incoming).boxed();
    let body = match framing {
        Framing::UntilEnd => Body::wrap_stream(all),
        Framing::Length(length) => Body::wrap_stream(just(all, length)),
        Framing::Chunked => Body::wrap_stream(dechunked(all)),
    };
    let Head { status, headers } = head.unwrap_or(Head { status: StatusCode::OK, headers: HeaderMap::new() });
    let mut response = http::Response::builder().status(status).version(version).url(url.clone()).body(body);
    if let Ok(response) = &mut response {
        *response.headers_mut() = headers;
    }
    response
        .map(Response::from)
        .map_err(|error| HttpError::Malformed { url: redact::url(url), reason: error.to_string() })
}

fn broke(error: &io::Error, url: &Url) -> HttpError {
    let (reason, url) = (innermost(error), redact::url(url));
    if error.kind() == io::ErrorKind::TimedOut {
        HttpError::silent(url, READ_TIMEOUT)
    } else {
        HttpError::Broken { url, reason }
    }
}

fn too_early() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "end of file before message length reached")
}

/// The first `length` bytes, and an error if there are fewer.
fn just(incoming: Incoming, length: u64) -> Incoming {
    stream::try_unfold((incoming, length), |(mut incoming, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let mut bytes = incoming.next().await.ok_or_else(too_early)??;
        bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        let left = left.saturating_sub(bytes.len() as u64);
        Ok(Some((bytes, (incoming, left))))
    })
    .boxed()
}

/// What is in the chunks, and an error if the last of them is missing.
fn dechunked(incoming: Incoming) -> Incoming {
    stream::try_unfold((incoming, Chunks::default()), |(mut incoming, mut chunks)| async move {
        loop {
            if chunks.ended() {
                return Ok(None);
            }
            let bytes = incoming.next().await.ok_or_else(too_early)??;
            let inside = chunks.push(&bytes).map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))?;
            if !inside.is_empty() {
                return Ok(Some((inside, (incoming, chunks))));
            }
        }
    })
    .boxed()
}

/// Where an answer redirects to, if nobody has followed it yet. An address is bytes: one in Latin-1 is requested as it
/// is written.
pub(super) fn moved(response: &Response) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(reqwest::header::LOCATION)?.as_bytes();
    let spelt: String = location
        .iter()
        .map(|byte| if byte.is_ascii() { char::from(*byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    let url = response.url().join(spelt.trim()).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// The `headers` to send to `to` after a redirect by `from`: credentials are for one host only.
pub(super) fn carried(mut headers: HeaderMap, from: &Url, to: &Url) -> HeaderMap {
    if (from.host(), from.port_or_known_default()) != (to.host(), to.port_or_known_default()) {
        headers.remove(AUTHORIZATION);
        headers.remove(COOKIE);
    }
    headers
}

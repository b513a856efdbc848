//! The body of a request: it comes from the disk bit by bit, and it is seen whether the store takes any of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Body, RequestBuilder};
use tokio::io::AsyncReadExt as _;

use super::error::RemoteError;
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::base::hash;
use crate::library::store::Reading;

/// How much is handed on at once.
const AT_ONCE: usize = 64 * 1024;

/// What is sent.
#[derive(Debug, Clone)]
pub enum Payload {
    /// Nothing.
    Nothing,
    /// Bytes.
    Bytes(Bytes),
    /// A file with its size and its SHA-256, in hexadecimal digits.
    File {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// Its SHA-256.
        sha256: String,
    },
}

/// How much of a body the store has taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Moved(Arc<AtomicU64>);

impl Moved {
    /// Ends once nothing has moved for as long as `patience`.
    pub async fn stalls(&self, clock: &SharedClock, patience: Duration) {
        loop {
            let before = self.0.load(Ordering::Relaxed);
            clock.sleep(patience).await;
            if self.0.load(Ordering::Relaxed) == before {
                return;
            }
        }
    }

    fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Payload {
    /// Returns the SHA-256, in hexadecimal digits.
    pub fn sha256(&self) -> String {
        match self {
            Self::Nothing => hash::sha256(&[]),
            Self::Bytes(bytes) => hash::sha256(&[bytes]),
            Self::File { sha256, .. } => sha256.clone(),
        }
    }

    /// Makes this the body of `request`.
    pub(super) async fn onto(self, request: RequestBuilder, moved: &Moved) -> Result<RequestBuilder, RemoteError> {
        let moved = moved.clone();
        match self {
            Self::Nothing => Ok(request.header(CONTENT_LENGTH, 0)),
            Self::Bytes(bytes) => {
                let length = bytes.len();
                let pieces = stream::unfold(bytes, move |mut left| {
                    let piece = left.split_to(left.len().min(AT_ONCE));
                    moved.add(piece.len());
                    let next = (!piece.is_empty()).then_some((Ok::<_, std::io::Error>(piece), left));
                    std::future::ready(next)
                });
                Ok(request.header(CONTENT_LENGTH, length).body(Body::wrap_stream(pieces)))
            }
            Self::File { path, bytes, .. } => {
                let failed = |source| RemoteError::File { doing: "read", path: path.clone(), source };
                let file = path.clone();
                let reading = blocking(move || Reading::open(&file)).await.map_err(failed)?;
                let gone = || failed(std::io::Error::from(std::io::ErrorKind::NotFound));
                let reader = reading.ok_or_else(gone)?.part(0, bytes).await.map_err(failed)?;
                let pieces = stream::try_unfold(reader, move |mut reader| {
                    let moved = moved.clone();
                    async move {
                        let mut piece = Vec::with_capacity(AT_ONCE);
                        let read = reader.read_buf(&mut piece).await?;
                        moved.add(read);
                        Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(piece), reader)))
                    }
                });
                Ok(request.header(CONTENT_LENGTH, bytes).body(Body::wrap_stream(pieces)))
            }
        }
    }
}

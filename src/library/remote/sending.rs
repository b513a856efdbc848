//! Writing to an object store: whole, or in parts, each with its checksum; and what the store says that it has.
//!
//! Parts are an upload of their own ("Uploading and copying objects using multipart upload", Amazon S3), which stays open,
//! and may cost money, until it is completed or aborted.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use quick_xml::escape::escape;
use reqwest::header::HeaderMap;
use reqwest::{Method, Response};

use super::error::RemoteError;
use super::{Ask, JOINING, PATIENCE, Payload, Remote};
use crate::base::hash::{hex, sha256};
use crate::library::catalogue::Part;

/// The checksum in the headers of the store, in base64.
const CHECKSUM: &str = "x-amz-checksum-sha256";
/// What we write beside the object, for people.
const NOTED: &str = "x-amz-meta-sha256";

/// What a store has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The size.
    pub bytes: u64,
    /// The entity tag; `None` if the store says none.
    pub etag: Option<String>,
    /// The checksum that the store has computed, as it says it; `None` if it says none.
    checksum: Option<String>,
    /// The SHA-256 that was written beside it by whoever wrote it, in hexadecimal digits.
    noted: Option<String>,
}

impl Stored {
    /// Returns the SHA-256 of all of it, in hexadecimal digits. `None` if nobody says one.
    pub fn sha256(&self) -> Option<String> {
        let of_all = self.checksum.as_deref().filter(|checksum| !checksum.contains('-'));
        let computed = of_all.and_then(|checksum| BASE64_STANDARD.decode(checksum).ok()).map(|sum| hex(&sum));
        let is_sum = |text: &String| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        computed.or_else(|| self.noted.as_ref().map(|noted| noted.to_ascii_lowercase())).filter(is_sum)
    }
}

/// The checksums that a copy has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    /// The size.
    pub bytes: u64,
    /// The SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// The SHA-256 of the SHA-256s of its parts, as stores say it of what came in parts.
    pub of_parts: Option<String>,
}

impl Sums {
    /// Returns the checksums of what came in `parts`.
    #[must_use]
    pub fn in_parts(self, parts: &[Part]) -> Self {
        let all: Vec<u8> = parts.iter().flat_map(|part| unhex(&part.sha256)).collect();
        let of_parts = format!("{}-{}", BASE64_STANDARD.encode(unhex(&sha256(&[&all]))), parts.len());
        Self { of_parts: Some(of_parts), ..self }
    }
}

impl Remote {
    /// Writes an object whose name must be free, and compares what the store says that it got. Returns whether it said
    /// that.
    ///
    /// # Errors
    /// The name is [taken](RemoteError::is_taken); the store refuses, does not answer, or got other bytes.
    pub async fn put(&self, name: &str, kind: &str, payload: Payload) -> Result<bool, RemoteError> {
        self.put_if(name, kind, payload, true).await
    }

    /// Writes an object, with the condition that its name is free or without.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub async fn put_if(&self, name: &str, kind: &str, payload: Payload, is_free: bool) -> Result<bool, RemoteError> {
        let ours = payload.sha256();
        let mut headers = vec![
            ("content-type", kind.to_owned()),
            (CHECKSUM, BASE64_STANDARD.encode(unhex(&ours))),
            (NOTED, ours.clone()),
        ];
        headers.extend(is_free.then(|| ("if-none-match", "*".to_owned())));
        let response = self.send(Ask { headers, payload, ..Ask::new("write", Method::PUT, name) }).await?;
        compare(name, &ours, response.headers())
    }

    /// Returns what the store has of this name. `None` if nothing.
    ///
    /// # Errors
    /// The store refuses, or does not answer.
    pub async fn head(&self, name: &str) -> Result<Option<Stored>, RemoteError> {
        let headers = vec![("x-amz-checksum-mode", "ENABLED".to_owned())];
        let response = match self.send(Ask { headers, ..Ask::new("read", Method::HEAD, name) }).await {
            Err(error) if error.is_missing() => return Ok(None),
            Err(error) => {
                // The answer to HEAD has no words; that to GET has.
                self.get(name, Some((0, 0))).await?;
                return Err(error);
            }
            Ok(answer) => answer,
        };
        let text = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let bytes = text("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
        Ok(Some(Stored { bytes, etag: text("etag"), checksum: text(CHECKSUM), noted: text(NOTED) }))
    }

    /// Returns whether `stored`, which has this name, has the same bytes as ours. If the store says no checksum that can be
    /// compared, all of it is read.
    ///
    /// # Errors
    /// The store refuses, or does not answer.
    pub async fn has_same(&self, name: &str, stored: &Stored, ours: &Sums) -> Result<bool, RemoteError> {
        if stored.bytes != ours.bytes {
            return Ok(false);
        }
        match &stored.checksum {
            Some(theirs) if Some(theirs) == ours.of_parts.as_ref() => return Ok(true),
            // A checksum of parts says nothing if the parts were others.
            Some(theirs) if !theirs.contains('-') => return Ok(*theirs == BASE64_STANDARD.encode(unhex(&ours.sha256))),
            _ => {}
        }
        let mut response = self.get(name, None).await?;
        Ok(self.sum(&mut response).await? == ours.sha256)
    }

    /// Reads what is left of an answer, and returns its SHA-256 in hexadecimal digits.
    async fn sum(&self, response: &mut Response) -> Result<String, RemoteError> {
        let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        while let Some(part) = self.next(response, PATIENCE).await? {
            context.update(&part);
        }
        Ok(hex(context.finish().as_ref()))
    }

    /// Opens an upload in parts. Returns its id.
    ///
    /// # Errors
    /// The store refuses, or does not answer.
    pub async fn open_upload(&self, name: &str, kind: &str, sha256: &str) -> Result<String, RemoteError> {
        let headers = vec![
            ("content-type", kind.to_owned()),
            ("x-amz-checksum-algorithm", "SHA256".to_owned()),
            (NOTED, sha256.to_owned()),
        ];
        let ask = Ask { headers, query: &[("uploads", "")], ..Ask::new("write", Method::POST, name) };
        let answer = self.answer(ask).await?;
        Ok(answer.text("UploadId").unwrap_or_default().to_owned())
    }

    /// Sends a part of an upload.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub async fn send_part(&self, name: &str, upload: &str, number: u32, bytes: Bytes) -> Result<Part, RemoteError> {
        let payload = Payload::Bytes(bytes);
        let ours = payload.sha256();
        let (part, headers) = (number.to_string(), vec![(CHECKSUM, BASE64_STANDARD.encode(unhex(&ours)))]);
        let query = [("partNumber", part.as_str()), ("uploadId", upload)];
        let response =
            self.send(Ask { headers, payload, query: &query, ..Ask::new("write", Method::PUT, name) }).await?;
        compare(name, &ours, response.headers())?;
        let etag = response.headers().get("etag").and_then(|etag| etag.to_str().ok()).unwrap_or_default();
        Ok(Part { number, etag: etag.to_owned(), sha256: ours })
    }

    /// Joins the parts of an upload to an object whose name must be free.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub async fn join_parts(&self, name: &str, upload: &str, parts: &[Part]) -> Result<(), RemoteError> {
        let joined = self.join(name, upload, body_of(parts, self.takes_checksums())).await;
        match joined {
            // It does not know the sums of parts.
            Err(error) if error.code() == "MalformedXML" => self.join(name, upload, body_of(parts, false)).await,
            joined => joined,
        }
    }

    async fn join(&self, name: &str, upload: &str, body: String) -> Result<(), RemoteError> {
        let ask = Ask {
            headers: vec![("content-type", "application/xml".to_owned()), ("if-none-match", "*".to_owned())],
            payload: Payload::Bytes(body.into()),
            query: &[("uploadId", upload)],
            patience: JOINING,
            ..Ask::new("write", Method::POST, name)
        };
        self.answer(ask).await.map(drop)
    }

    /// Aborts an upload; one that is not open is no error.
    ///
    /// # Errors
    /// The store refuses, or does not answer.
    pub async fn abort_upload(&self, name: &str, upload: &str) -> Result<(), RemoteError> {
        let ask = Ask { query: &[("uploadId", upload)], ..Ask::new("abort uploads", Method::DELETE, name) };
        match self.send(ask).await {
            Err(error) if error.code() == "NoSuchUpload" || error.is_missing() => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Returns the uploads in parts that are open for exactly this name.
    ///
    /// # Errors
    /// The store refuses, or does not answer.
    pub async fn open_uploads(&self, name: &str) -> Result<Vec<String>, RemoteError> {
        let query = [("uploads", ""), ("prefix", name)];
        let answer = self.answer(Ask { query: &query, ..Ask::new("list uploads", Method::GET, "") }).await?;
        let of_name = |upload: &super::Answer| {
            let id = upload.text("UploadId")?.to_owned();
            (upload.text("Key") == Some(name)).then_some(id)
        };
        Ok(answer.each("Upload").iter().filter_map(of_name).collect())
    }
}

/// Returns what joins `parts`, with their checksums or without.
fn body_of(parts: &[Part], with_sums: bool) -> String {
    let mut body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">".to_owned();
    for Part { number, etag, sha256 } in parts {
        let (etag, sum) = (escape(etag.as_str()), BASE64_STANDARD.encode(unhex(sha256)));
        let sum = if with_sums { format!("<ChecksumSHA256>{sum}</ChecksumSHA256>") } else { String::new() };
        let _ = write!(body, "<Part>{sum}<ETag>{etag}</ETag><PartNumber>{number}</PartNumber></Part>");
    }
    body.push_str("</CompleteMultipartUpload>");
    body
}

/// Compares the checksum that the store says. Returns whether it says one.
fn compare(name: &str, ours: &str, headers: &HeaderMap) -> Result<bool, RemoteError> {
    let theirs = headers.get(CHECKSUM).and_then(|theirs| theirs.to_str().ok());
    match theirs.and_then(|theirs| BASE64_STANDARD.decode(theirs).ok()) {
        Some(theirs) if hex(&theirs) != ours => {
            Err(RemoteError::Differs { name: name.to_owned(), ours: ours.to_owned(), theirs: hex(&theirs) })
        }
        theirs => Ok(theirs.is_some()),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = (0..text.len() / 2).filter_map(|at| text.get(at * 2..at * 2 + 2));
    pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

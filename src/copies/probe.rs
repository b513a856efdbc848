//! A trial of an object store: can it be written, read and emptied, and does it keep the condition that nothing is
//! overwritten?

use bytes::Bytes;
use serde::Serialize;

use crate::base::hash::sha256;
use crate::library::remote::{PATIENCE, Payload, Remote, RemoteError};

/// The media type of what is written.
const KIND: &str = "text/plain";

/// What became of the trial.
#[derive(Debug, Clone, Serialize)]
pub struct Probed {
    /// The address of the store with the bucket.
    pub place: String,
    /// Whether copies can be made.
    pub ok: bool,
    /// Whether the store refuses to overwrite; `None` if it was not found out.
    pub keeps_conditions: Option<bool>,
    /// What went wrong, and what is to be known.
    pub words: Vec<String>,
}

/// Writes, reads, tries to overwrite, and deletes a small object.
pub async fn probe(remote: &Remote) -> Probed {
    let mut probed = Probed { place: remote.rule().place(), ok: false, keeps_conditions: None, words: Vec::new() };
    let now = remote.clock().now();
    let (process, prefix) = (std::process::id(), &remote.rule().prefix);
    let unique = sha256(&[format!("{now:?} {process}").as_bytes()]);
    let name = format!("{prefix}.aircheck-check-{}", unique.get(..16).unwrap_or_default());
    if let Err(error) = remote.put(&name, KIND, content("first")).await {
        probed.words.push(error.to_string());
        return probed;
    }
    let tried = tried(remote, &name, &mut probed).await;
    if !remote.takes_checksums() {
        probed.words.push(
            "the store takes no SHA-256 beside what is written: aircheck reads each copy back and compares it, which costs \
             its size once more"
                .to_owned(),
        );
    }
    probed.ok = tried.is_ok();
    probed.words.extend(tried.err());
    if let Err(error) = remote.delete(&name).await {
        // Nothing that is copied is ever deleted.
        probed.words.push(format!("{name} stays in the store, which does not matter otherwise: {error}"));
    }
    probed
}

/// Reads what was written, and tries to overwrite it.
async fn tried(remote: &Remote, name: &str, probed: &mut Probed) -> Result<(), String> {
    let words = |error: RemoteError| error.to_string();
    let mut response = remote.get(name, None).await.map_err(words)?;
    let mut read = Vec::new();
    while let Some(part) = remote.next(&mut response, PATIENCE).await.map_err(words)? {
        read.extend_from_slice(&part);
    }
    if read != b"first" {
        return Err("the store gives back other bytes than were written".to_owned());
    }
    match remote.put(name, KIND, content("second")).await {
        Err(error) if error.is_taken() => probed.keeps_conditions = Some(true),
        Ok(_) => {
            probed.keeps_conditions = Some(false);
            probed.words.push(
                "the store ignores `If-None-Match` and overwrites what is there: aircheck looks before it writes, so let \
                 nobody else write below the same `prefix`"
                    .to_owned(),
            );
        }
        Err(error) => return Err(format!("it cannot be said that nothing is to be overwritten: {error}")),
    }
    Ok(())
}

fn content(text: &'static str) -> Payload {
    Payload::Bytes(Bytes::from_static(text.as_bytes()))
}

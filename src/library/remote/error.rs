//! What went wrong with an object store, in words that say what to do.

use std::path::PathBuf;

use thiserror::Error;

use crate::base::http::HttpError;

/// Why something could not be done with an object store.
#[derive(Debug, Error)]
pub enum RemoteError {
    /// It cannot be reached, or breaks off.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// It takes nothing and says nothing.
    #[error("the store {place} took nothing and said nothing for {seconds} s")]
    Silent {
        /// The address of the store with the bucket.
        place: String,
        /// For how long.
        seconds: u64,
    },
    /// It refuses.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// It has other bytes than were sent.
    #[error("the store has other bytes of {name} than were sent (SHA-256 {theirs}, sent {ours}); it is sent again")]
    Differs {
        /// The name in the store.
        name: String,
        /// Of what was sent.
        ours: String,
        /// Of what it has.
        theirs: String,
    },
    /// What came has other bytes than the store says.
    #[error(
        "what came of {name} has the SHA-256 {came}, and the store says {said}: it was damaged there or on the way; try again"
    )]
    Torn {
        /// The name in the store.
        name: String,
        /// What the store says.
        said: String,
        /// Of what came.
        came: String,
    },
    /// Another object has the name by now.
    #[error("{name} was changed in the store while it was fetched; try again")]
    Changed {
        /// The name in the store.
        name: String,
    },
    /// The store ends an object before its end.
    #[error("the store sends less of {name} than it says that it has; try again")]
    Short {
        /// The name in the store.
        name: String,
    },
    /// There are no keys.
    #[error("this machine has no keys for the store: {reason}; write `access_key` and `secret_key` under `store`")]
    Keys {
        /// What was tried.
        reason: String,
    },
    /// The file that is sent or fetched cannot be read or written.
    #[error("{} cannot be {doing}: {source}", path.display())]
    File {
        /// `read` or `written`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The answer of a store that refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What was asked for, as in "the store refuses to …".
    pub doing: &'static str,
    /// The address of the store with the bucket.
    pub place: String,
    /// The bucket.
    pub bucket: String,
    /// The status of HTTP.
    pub status: u16,
    /// The word of the store for it; empty if it said none.
    pub code: String,
    /// What it said.
    pub message: String,
    /// In which region the bucket is, if it said that.
    pub region: Option<String>,
}

impl RemoteError {
    /// Returns the word of the store, if it refused.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.code,
            _ => "",
        }
    }

    /// Whether the store keeps the condition that nothing is overwritten, and the name is taken.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == 412)
    }

    /// Whether the store does not have it.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == 404 && refusal.code != "NoSuchBucket")
    }

    /// Whether it is about one file, and not about the store as a whole.
    pub fn is_of_one_file(&self) -> bool {
        match self {
            Self::Differs { .. } | Self::File { .. } => true,
            Self::Refused(refusal) => {
                let of_object = ["BadDigest", "XAmzContentSHA256Mismatch", "EntityTooLarge", "EntityTooSmall"];
                let of_name = ["KeyTooLongError", "InvalidPart", "InvalidPartOrder", "NoSuchUpload", "InvalidURI"];
                of_object.contains(&refusal.code.as_str()) || of_name.contains(&refusal.code.as_str())
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { doing, place, bucket, status, code, message, region } = self;
        match (code.as_str(), status) {
            ("InvalidAccessKeyId", _) => write!(f, "{place} does not know the access key: check `access_key`"),
            ("SignatureDoesNotMatch", _) => write!(
                f,
                "{place} says that the signature is wrong: the secret key is not that of the access key; check `secret_key`"
            ),
            ("ExpiredToken" | "InvalidToken" | "TokenRefreshRequired", _) => {
                write!(f, "the keys of this machine do not hold any more at {place}: {message}")
            }
            ("RequestTimeTooSkewed", _) => write!(
                f,
                "the clock of this machine is more than 15 minutes off, by that of {place}: set it, `timedatectl` shows it"
            ),
            ("NoSuchBucket", _) => {
                write!(f, "there is no bucket `{bucket}` at {place}: create it, or check `bucket` and `endpoint`")
            }
            ("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException", _)
            | (_, 301 | 307) => match region {
                Some(region) => write!(f, "the bucket `{bucket}` is in another region: write `region: {region}`"),
                None => write!(
                    f,
                    "the bucket `{bucket}` is in another region, or has another address: check `region` and `endpoint` ({message})"
                ),
            },
            ("BadDigest" | "XAmzContentSHA256Mismatch", _) => {
                write!(f, "{place} got other bytes than were sent; they are sent again")
            }
            ("PreconditionFailed", _) | (_, 412) => write!(f, "{place} has something of that name already"),
            ("QuotaExceeded" | "InsufficientStorage" | "StorageFull" | "XMinioStorageFull", _) | (_, 507) => {
                write!(f, "{place} is full: {message}")
            }
            (_, 403) => write!(
                f,
                "{place} does not let these keys {doing} there ({}): give them the right to it",
                said(code, message, *status)
            ),
            (_, 500..) => write!(f, "{place} has trouble of its own ({})", said(code, message, *status)),
            _ => write!(f, "{place} refuses to {doing}: {}", said(code, message, *status)),
        }
    }
}

fn said(code: &str, message: &str, status: u16) -> String {
    match (code, message) {
        ("", "") => format!("status {status}"),
        ("", message) => format!("{status}, {message}"),
        (code, "") => code.to_owned(),
        (code, message) => format!("{code}: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_check() {
        let said = |code: &str, status: u16, region: Option<&str>| {
            let refusal = Refusal {
                doing: "write",
                place: "http://h/radio".into(),
                bucket: "radio".into(),
                status,
                code: code.into(),
                message: "words".into(),
                region: region.map(str::to_owned),
            };
            RemoteError::Refused(Box::new(refusal)).to_string()
        };
        assert!(said("SignatureDoesNotMatch", 403, None).contains("check `secret_key`"));
        assert!(said("InvalidAccessKeyId", 403, None).contains("check `access_key`"));
        assert!(said("NoSuchBucket", 404, None).contains("no bucket `radio`"));
        assert!(said("RequestTimeTooSkewed", 403, None).contains("clock of this machine"));
        assert!(said("PermanentRedirect", 301, Some("eu-west-1")).contains("write `region: eu-west-1`"));
        assert!(said("AccessDenied", 403, None).contains("does not let these keys write there (AccessDenied: words)"));
        assert!(said("SlowDown", 503, None).contains("trouble of its own (SlowDown: words)"));
        assert!(said("Odd", 400, None).contains("refuses to write: Odd: words"));
    }
}

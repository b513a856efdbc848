//! Signed playlist URLs, which expire.

use std::hash::{DefaultHasher, Hash, Hasher};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD as STANDARD, BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};

use super::http::Request;
use super::setup::{Token, Written};

/// The key that makes opaque tokens unreadable.
const MASK: u64 = 0x5A17_C0DE_0DD5_EED5;

/// Returns the query that makes a playlist URL valid, with its question mark.
pub(super) fn signature(token: Token, name: &str, now: DateTime<Utc>) -> String {
    let expires = (now + TimeDelta::from_std(token.lifetime).expect("short")).timestamp().cast_unsigned();
    let signature = sign(name, expires);
    match token.written {
        Written::Opaque => format!("?token={:016x}{signature:016x}", expires ^ MASK),
        Written::Expires => {
            format!("?Expires={expires}&Policy=e30_&Signature={signature:016x}&Key-Pair-Id=APKATEST")
        }
        Written::Policy => {
            let condition = format!(r#"{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}"#);
            let policy = STANDARD.encode(format!(r#"{{"Statement":[{{"Condition":{condition}}}]}}"#));
            let policy = policy.replace('+', "-").replace('=', "_").replace('/', "~");
            format!("?Policy={policy}&Signature={signature:016x}&Key-Pair-Id=APKATEST")
        }
        Written::Jwt => {
            let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
            let (head, claims) = (part(r#"{"alg":"HS256"}"#), part(&format!(r#"{{"exp":{expires}}}"#)));
            format!("?jwt={head}.{claims}.{signature:016x}")
        }
    }
}

fn sign(name: &str, expires: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, expires).hash(&mut hasher);
    hasher.finish()
}

/// Checks the signature of a request; returns the status of the refusal if it is invalid.
pub(super) fn check(token: Token, name: &str, request: &Request, now: DateTime<Utc>) -> Result<(), u16> {
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    let digits = |bytes: Vec<u8>| -> Option<u64> {
        let text = String::from_utf8(bytes).ok()?;
        text.matches(char::is_numeric).collect::<String>().parse().ok()
    };
    let signed = |expires: Option<u64>| expires.zip(request.query("Signature").and_then(hex));
    let given = match token.written {
        Written::Opaque => {
            let halves = request.query("token").and_then(|token| token.split_at_checked(16));
            halves.and_then(|(expires, signature)| Some((hex(expires)? ^ MASK, hex(signature)?)))
        }
        Written::Expires => signed(request.query("Expires").and_then(|text| text.parse().ok())),
        Written::Policy => {
            let policy = request.query("Policy").unwrap_or_default();
            let policy = policy.replace('-', "+").replace('_', "=").replace('~', "/");
            signed(STANDARD.decode(policy).ok().and_then(digits))
        }
        Written::Jwt => request.query("jwt").and_then(|jwt| {
            let (rest, signature) = jwt.rsplit_once('.')?;
            Some((digits(URL_SAFE_NO_PAD.decode(rest.split_once('.')?.1).ok()?)?, hex(signature)?))
        }),
    };
    match given {
        Some((expires, signature)) if signature == sign(name, expires) && now.timestamp().cast_unsigned() < expires => {
            Ok(())
        }
        _ => Err(token.status),
    }
}

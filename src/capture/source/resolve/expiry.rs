//! When a stream URL stops being valid, read from the URL itself.
//!
//! Four spellings are known: an epoch second in the query (CloudFront canned policies, nginx's secure links, many
//! others), a CloudFront custom policy (base64 JSON in `Policy`), a JSON Web Token as a value (RFC 7519), and Akamai's
//! edge token (`hdnts=st=…~exp=…~acl=…`). If there are several, the earliest counts. An expiry in the past is believed
//! as well: a caller that renews must back off, or it would renew without end.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use url::Url;

/// Query keys that other stations use for the epoch second of expiry.
const EPOCH_KEYS: [&str; 5] = ["expires", "expire", "expiry", "exp", "e"];
/// How far from now a bare number may be and still be taken for an instant.
const PLAUSIBLE: TimeDelta = TimeDelta::days(3653);
/// Tokens leave out padding, standard encoders write it.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// The earliest expiry that can be read from `url`, if any. `now` judges which bare numbers can be instants.
pub(super) fn read(url: &Url, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    url.query_pairs()
        .filter_map(|(key, value)| {
            [epoch(&key, &value, now), cloudfront_policy(&key, &value), jwt(&value), akamai(&value, now)]
                .into_iter()
                .flatten()
                .min()
        })
        .min()
}

fn epoch(key: &str, value: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    EPOCH_KEYS.iter().any(|known| known.eq_ignore_ascii_case(key)).then(|| plausible(value, now)).flatten()
}

fn plausible(digits: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let is_epoch = digits.len() == 10 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let instant = is_epoch.then(|| digits.parse().ok()).flatten().and_then(|at| DateTime::from_timestamp(at, 0))?;
    ((instant - now).abs() <= PLAUSIBLE).then_some(instant)
}

/// A CloudFront custom policy: base64 with `-_~` in place of `+=/`, JSON inside.
fn cloudfront_policy(key: &str, value: &str) -> Option<DateTime<Utc>> {
    if key != "Policy" {
        return None;
    }
    let standard: String = value
        .chars()
        .map(|c| match c {
            '-' => '+',
            '_' => '=',
            '~' => '/',
            other => other,
        })
        .collect();
    let policy: Value = serde_json::from_slice(&STANDARD.decode(standard).ok()?).ok()?;
    instant(policy.pointer("/Statement/0/Condition/DateLessThan/AWS:EpochTime")?)
}

/// The `exp` claim of a JSON Web Token. Its signature is the station's business.
fn jwt(value: &str) -> Option<DateTime<Utc>> {
    let mut parts = value.split('.');
    let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    // `{"` in base64: spares every other value the decoding.
    if !header.starts_with("eyJ") || parts.next().is_some() {
        return None;
    }
    let claims: Value = serde_json::from_slice(&URL_SAFE.decode(claims).ok()?).ok()?;
    instant(claims.get("exp")?)
}

fn akamai(value: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    value
        .contains('~')
        .then(|| value.split('~').find_map(|field| plausible(field.strip_prefix("exp=")?, now)))
        .flatten()
}

/// A JSON number of epoch seconds; some issuers write fractions.
fn instant(number: &Value) -> Option<DateTime<Utc>> {
    let seconds = number.as_i64().or_else(|| {
        let seconds = number.as_f64().filter(|seconds| seconds.abs() < 1e12)?;
        #[expect(clippy::cast_possible_truncation, reason = "bounded above, and the fraction may go")]
        Some(seconds as i64)
    })?;
    DateTime::from_timestamp(seconds, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-20T00:00:00Z".parse().unwrap()
    }

    fn of(query: &str) -> Option<i64> {
        let url = Url::parse(&format!("https://radio.example/live/playlist.m3u8?{query}")).unwrap();
        read(&url, now()).map(|at| at.timestamp())
    }

    fn policy(epoch: i64) -> String {
        let json = format!(
            r#"{{"Statement":[{{"Resource":"http://1fm.example/???>>>*","Condition":{{"DateLessThan":{{"AWS:EpochTime":{epoch}}}}}}}]}}"#
        );
        let policy = STANDARD.encode(json).replace('+', "-").replace('=', "_").replace('/', "~");
        assert!(policy.contains('~') && policy.contains('-'), "it must hold what has to be translated: {policy}");
        policy
    }

    fn token(claims: &str) -> String {
        let part = |json: &str| URL_SAFE.encode(json).trim_end_matches('=').to_owned();
        format!("{}.{}.c2lnbmF0dXJl", part(r#"{"alg":"HS256"}"#), part(claims))
    }

    #[test]
    fn cloudfront_expires_and_policy_are_read() {
        assert_eq!(of("Expires=1577734872&Signature=a~b-c_&Key-Pair-Id=APKA"), Some(1_577_734_872));
        for epoch in [1_795_132_800, 1_795_132_801, 17_951_328] {
            // Three lengths of JSON: with two, one and no padding characters.
            assert_eq!(of(&format!("Policy={}&Signature=x", policy(epoch))), Some(epoch));
        }
    }

    #[test]
    fn a_web_token_is_read_wherever_it_stands() {
        let token = token(r#"{"iat":1795100000,"exp":1795143200,"sub":"파워FM"}"#);
        assert_eq!(of(&format!("token={token}")), Some(1_795_143_200));
        assert_eq!(of(&format!("a=1&whatever={token}&b=2")), Some(1_795_143_200));
    }

    #[test]
    fn the_earliest_of_several_counts() {
        let both =
            format!("Expires=1795200000&Policy={}&t={}", policy(1_795_150_000), token(r#"{"exp":1795160000.5}"#));
        assert_eq!(of(&both), Some(1_795_150_000));
    }

    #[test]
    fn bare_numbers_count_only_where_they_can_be_an_instant() {
        assert_eq!(of("e=1795132800"), Some(1_795_132_800));
        assert_eq!(of("EXPIRES=1795132800"), Some(1_795_132_800));
        assert_eq!(of("hdnts=st=1795000000~exp=1795132800~acl=/*~hmac=0a"), Some(1_795_132_800));
        for other in
            ["e=12", "exp=0000000001", "expires=9999999999", "e=-795132800", "id=1795132800", "expires=3600", ""]
        {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn hostile_tokens_are_nothing() {
        for bad in ["Policy=%%%", "Policy=eyJ9", "t=eyJ.eyJ.", "t=eyJ.%F0%9F%98%80.x", "t=eyJhIjoxfQ.e30.x", "t=...."] {
            assert_eq!(of(bad), None, "{bad}");
        }
        assert_eq!(of(&format!("t={}", token(r#"{"exp":1e300}"#))), None);
        assert_eq!(of(&format!("t={}", token(r#"{"exp":9223372036854775807}"#))), None);
    }
}

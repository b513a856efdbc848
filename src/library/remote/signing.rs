//! Signatures of requests to an object store: AWS Signature Version 4, in the headers or in the address.
//!
//! Source: "Signature Calculations for the Authorization Header" and "Authenticating Requests: Using Query Parameters" in
//! the API reference of Amazon S3. Pure; the tests have its examples.

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use chrono::{DateTime, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::base::hash;

/// What a signature encodes: everything but the unreserved characters of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// As [`ENCODED`], for names, whose `/` stay.
const ENCODED_NAME: &AsciiSet = &ENCODED.remove(b'/');
/// The payload of a request whose body is not signed.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// The keys of somebody who asks.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// The name of the key.
    pub access: String,
    /// The key.
    pub secret: String,
    /// What goes with keys that hold for a while.
    pub token: Option<String>,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair").field("access", &self.access).finish_non_exhaustive()
    }
}

/// With what requests are signed, and when.
#[derive(Debug)]
pub struct Signer<'a> {
    /// The keys.
    pub keys: &'a KeyPair,
    /// The region of the bucket.
    pub region: &'a str,
    /// The time.
    pub now: DateTime<Utc>,
}

/// Returns `text` as signatures and addresses have it.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// Returns the name of an object as addresses have it.
pub fn encoded_name(name: &str) -> String {
    utf8_percent_encode(name, ENCODED_NAME).to_string()
}

/// Returns the query of `pairs` in the order in which it is signed.
pub fn query(pairs: &[(&str, &str)]) -> String {
    let mut pairs: Vec<_> = pairs.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

impl Signer<'_> {
    /// Returns the headers that sign a request for `url`, whose query was made by [`query`]. `headers` have their names in
    /// small letters; `payload` is the SHA-256 of the body in hexadecimal digits.
    pub fn headers(
        &self,
        method: &str,
        url: &Url,
        headers: &[(&'static str, String)],
        payload: &str,
    ) -> Vec<(&'static str, String)> {
        let mut signed = headers.to_vec();
        signed.push(("x-amz-date", self.stamp()));
        signed.push(("x-amz-content-sha256", payload.to_owned()));
        signed.extend(self.keys.token.clone().map(|token| ("x-amz-security-token", token)));
        let mut all = signed.clone();
        all.push(("host", host(url)));
        all.sort();
        let names = all.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let lines: String = all.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let path = url.path();
        let asked = url.query().unwrap_or_default();
        let canonical = format!("{method}\n{path}\n{asked}\n{lines}\n{names}\n{payload}");
        let (access, scope, signature) = (&self.keys.access, self.scope(), self.signature(&canonical));
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, Signature={signature}");
        signed.push(("authorization", authorization));
        signed
    }

    /// Returns `url` with `pairs` in its query and a signature, so that whoever has it may do `method` for `seconds`.
    pub fn link(&self, method: &str, mut url: Url, pairs: &[(&str, &str)], seconds: u64) -> Url {
        let (credential, stamp) = (format!("{}/{}", self.keys.access, self.scope()), self.stamp());
        let seconds = seconds.to_string();
        let mut all = pairs.to_vec();
        all.extend([
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", &stamp),
            ("X-Amz-Expires", &seconds),
            ("X-Amz-SignedHeaders", "host"),
        ]);
        all.extend(self.keys.token.as_deref().map(|token| ("X-Amz-Security-Token", token)));
        let asked = query(&all);
        let canonical = format!("{method}\n{}\n{asked}\nhost:{}\n\nhost\n{UNSIGNED}", url.path(), host(&url));
        let signature = self.signature(&canonical);
        url.set_query(Some(&format!("{asked}&X-Amz-Signature={signature}")));
        url
    }

    fn stamp(&self) -> String {
        self.now.format("%Y%m%dT%H%M%SZ").to_string()
    }

    fn scope(&self) -> String {
        format!("{}/{}/s3/aws4_request", self.now.format("%Y%m%d"), self.region)
    }

    fn signature(&self, canonical: &str) -> String {
        let hashed = hash::sha256(&[canonical.as_bytes()]);
        let text = format!("AWS4-HMAC-SHA256\n{}\n{}\n{hashed}", self.stamp(), self.scope());
        let day = self.now.format("%Y%m%d").to_string();
        let parts = [day.as_str(), self.region, "s3", "aws4_request", &text];
        let first = format!("AWS4{}", self.keys.secret).into_bytes();
        hash::hex(
            &parts.into_iter().fold(first, |key, part| {
                hmac::sign(&hmac::Key::new(HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec()
            }),
        )
    }
}

/// Returns the host of `url` as its header has it.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> KeyPair {
        KeyPair {
            access: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            token: None,
        }
    }

    fn signer(keys: &KeyPair) -> Signer<'_> {
        Signer { keys, region: "us-east-1", now: "2013-05-24T00:00:00Z".parse().unwrap() }
    }

    #[test]
    fn requests_are_signed_as_in_the_examples_of_amazon() {
        let keys = keys();
        let empty = hash::sha256(&[]);
        let signature = |method: &str, url: &str, headers: &[(&'static str, String)], payload: &str| {
            let signed = signer(&keys).headers(method, &Url::parse(url).unwrap(), headers, payload);
            let authorization = &signed.iter().find(|(name, _)| *name == "authorization").unwrap().1;
            authorization.rsplit('=').next().unwrap().to_owned()
        };
        let bucket = "https://examplebucket.s3.amazonaws.com";
        assert_eq!(
            signature("GET", &format!("{bucket}/test.txt"), &[("range", "bytes=0-9".to_owned())], &empty),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
        let headers = [
            ("date", "Fri, 24 May 2013 00:00:00 GMT".to_owned()),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY".to_owned()),
        ];
        let url = format!("{bucket}/{}", encoded_name("test$file.text"));
        assert_eq!(
            signature("PUT", &url, &headers, &hash::sha256(&[b"Welcome to Amazon S3."])),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        );
        let list = format!("{bucket}/?{}", query(&[("prefix", "J"), ("max-keys", "2")]));
        assert_eq!(
            signature("GET", &list, &[], &empty),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        );
    }

    #[test]
    fn a_link_is_signed_as_in_the_example_of_amazon() {
        let url = Url::parse("https://examplebucket.s3.amazonaws.com/test.txt").unwrap();
        let link = signer(&keys()).link("GET", url, &[], 86_400);
        assert!(
            link.as_str()
                .ends_with("&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"),
            "{link}"
        );
    }

    #[test]
    fn names_in_every_script_are_encoded_once() {
        assert_eq!(encoded_name("a b/명.mp3"), "a%20b/%EB%AA%85.mp3");
        let url = Url::parse(&format!("http://h/b/{}", encoded_name("#?'%.mp3"))).unwrap();
        assert_eq!(url.path(), "/b/%23%3F%27%25.mp3");
        assert!(!format!("{:?}", keys()).contains("wJal"));
    }
}

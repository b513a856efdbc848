//! The name of an object in an object store, as people write it.

use std::fmt;

/// The longest name of an object, in bytes ("Object keys", Amazon S3).
const LONGEST: usize = 1_024;

/// An object: the bucket that it is in, and its name there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectName {
    /// The bucket.
    pub bucket: String,
    /// The name, with all of its folders; never with one that an address would drop (`.`, `..`).
    pub name: String,
}

impl ObjectName {
    /// How people mark the name of an object.
    pub const SCHEME: &str = "s3://";

    /// Reads `bucket/name`, also with `s3://` before it. `None` if it is no such name.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (bucket, name) = text.strip_prefix(Self::SCHEME).unwrap_or(text).split_once('/')?;
        let fits = !bucket.is_empty() && name.len() <= LONGEST && !name.chars().any(char::is_control);
        let is_plain = |part: &str| !matches!(part, "" | "." | "..");
        (fits && name.split('/').all(is_plain)).then(|| Self { bucket: bucket.to_owned(), name: name.to_owned() })
    }

    /// Returns the last part of the name.
    pub fn file_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// Returns the last part of the name without its extension.
    pub fn stem(&self) -> &str {
        let name = self.file_name();
        name.rsplit_once('.').map_or(name, |(stem, _)| if stem.is_empty() { name } else { stem })
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_with_and_without_its_scheme() {
        for text in ["radio/뉴스/a b.mp3", "s3://radio/뉴스/a b.mp3", " s3://radio/뉴스/a b.mp3 "] {
            let object = ObjectName::parse(text).unwrap();
            assert_eq!((object.bucket.as_str(), object.name.as_str()), ("radio", "뉴스/a b.mp3"), "{text}");
            assert_eq!(
                (object.file_name(), object.stem(), object.to_string().as_str()),
                ("a b.mp3", "a b", "radio/뉴스/a b.mp3")
            );
        }
        assert_eq!(ObjectName::parse("b/.hidden").unwrap().stem(), ".hidden");
    }

    #[test]
    fn a_name_that_an_address_would_change_is_none() {
        for text in [
            "",
            "radio",
            "radio/",
            "/x",
            "s3://",
            "s3://radio",
            "radio/a/",
            "radio//a",
            "radio/../other/a",
            "radio/a/./b",
            "radio/a\nb",
        ] {
            assert_eq!(ObjectName::parse(text), None, "{text:?}");
        }
        assert_eq!(ObjectName::parse(&format!("b/{}", "x".repeat(1_025))), None);
    }
}

//! Variables of playlists: `EXT-X-DEFINE`, and `{$name}` in addresses and attributes (draft-pantos-hls-rfc8216bis,
//! sections 4.3 and 4.4.2.3).
//!
//! The text that is filled in is bounded, because variables may be made of variables. It holds no quote, no line end
//! and nothing that looks like a variable. So the result is a text without variables, with the lines and quotes of the
//! original.

use std::borrow::Cow;
use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use thiserror::Error;
use url::Url;

use super::attributes::Attributes;

/// More variables than any list has; further ones are not defined.
const MOST: usize = 100;
/// The longest text that filling in may give.
const LONGEST: usize = 64 << 10;
/// How many bytes all filled texts of one list may have.
const ALL: usize = 16 << 20;

/// Why a variable cannot be filled in.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum VariableError {
    /// Nothing defines it.
    #[error("the playlist uses the variable {{${0}}} and does not define it (EXT-X-DEFINE)")]
    Unknown(String),
    /// The master playlist does not define it, or there is none.
    #[error("the playlist imports the variable {0:?}, which no master playlist before it defines (EXT-X-DEFINE)")]
    NotImported(String),
    /// The playlist's own address has no such parameter.
    #[error("the playlist takes the variable {0:?} from its own address, which has no such parameter (EXT-X-DEFINE)")]
    NoParameter(String),
    /// The text is too long.
    #[error("the variables of the playlist (EXT-X-DEFINE) fill more than {} MiB", ALL >> 20)]
    TooLong,
}

/// Where the variables come from that a list does not define itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given<'a> {
    /// The address of the list, after redirects.
    pub address: Option<&'a Url>,
    /// The variables of its master playlist.
    pub master: Option<&'a Variables>,
}

/// The variables of a list, so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Variables {
    values: HashMap<String, String>,
    filled: usize,
}

impl Variables {
    /// Reads one `EXT-X-DEFINE`. Of a name that is defined twice the first counts; a tag that defines nothing is
    /// ignored.
    pub fn define(&mut self, tag: &Attributes, given: Given<'_>) -> Result<(), VariableError> {
        let (name, value) = if let Some(name) = tag.get("NAME") {
            (name, tag.get("VALUE").unwrap_or_default().to_owned())
        } else if let Some(name) = tag.get("IMPORT") {
            let value = given.master.and_then(|master| master.values.get(name));
            (name, value.cloned().ok_or_else(|| VariableError::NotImported(shown(name)))?)
        } else if let Some(name) = tag.get("QUERYPARAM") {
            let value = given.address.and_then(|address| parameter(address, name));
            (name, value.ok_or_else(|| VariableError::NoParameter(shown(name)))?)
        } else {
            return Ok(());
        };
        if is_name(name) && self.values.len() < MOST {
            self.values.entry(name.to_owned()).or_insert(value);
        }
        Ok(())
    }

    /// `text` with all its variables filled in.
    pub fn fill<'t>(&mut self, text: &'t str) -> Result<Cow<'t, str>, VariableError> {
        let (mut full, mut rest) = (String::new(), text);
        while let Some(Reference { before, name, after }) = reference(rest) {
            full += before;
            full += self.values.get(name).ok_or_else(|| VariableError::Unknown(shown(name)))?;
            rest = after;
            if full.len() > LONGEST {
                return Err(VariableError::TooLong);
            }
        }
        if rest.len() == text.len() {
            return Ok(Cow::Borrowed(text));
        }
        full += rest;
        // A value may look like a variable, or make one together with the text around it.
        while let Some(at) = reference(&full).map(|found| found.before.len()) {
            full.replace_range(at..=at, "%7B");
        }
        self.filled = self.filled.saturating_add(full.len());
        if self.filled > ALL { Err(VariableError::TooLong) } else { Ok(Cow::Owned(full)) }
    }
}

/// The first variable in a text, and what stands around it.
struct Reference<'t> {
    before: &'t str,
    name: &'t str,
    after: &'t str,
}

fn reference(text: &str) -> Option<Reference<'_>> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find("{$").map(|at| from + at) {
        let rest = text.get(at + 2..)?;
        let length = rest.find(|c: char| !is_name_character(c)).unwrap_or(rest.len());
        if let (name, Some(after)) = (rest.get(..length)?, rest.get(length..)?.strip_prefix('}'))
            && !name.is_empty()
        {
            return Some(Reference { before: text.get(..at)?, name, after });
        }
        from = at + 2;
    }
    None
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_name_character)
}

/// A name for a message: a station may write anything there.
fn shown(name: &str) -> String {
    name.chars().take(60).collect()
}

/// The value of a parameter in the query of `address`, decoded if that leaves it a text on one line without quotes.
fn parameter(address: &Url, name: &str) -> Option<String> {
    let mut pairs = address.query()?.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (_, raw) = pairs.find(|(key, _)| decoded(key) == name)?;
    let value = decoded(raw);
    let plain = !value.contains(|c: char| c.is_control() || c == '"' || c == '\u{fffd}');
    Some(if plain { value } else { raw.to_owned() }).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables<const N: usize>(tags: [&str; N]) -> Variables {
        let mut variables = Variables::default();
        for tag in tags {
            variables.define(&Attributes::read(tag), Given::default()).unwrap();
        }
        variables
    }

    #[test]
    fn defined_variables_are_filled_in_everywhere() {
        let mut variables = variables(["NAME=\"host\",VALUE=\"h.example\"", "NAME=\"none\",VALUE=\"\"", "X=\"1\""]);
        let mut fill = |text: &str| variables.fill(text).unwrap().into_owned();
        assert_eq!(fill("http://{$host}/{$none}x?h={$host}"), "http://h.example/x?h=h.example");
        assert_eq!(fill("{$host"), "{$host");
        assert_eq!(fill("{$ho st}{$}{host}{"), "{$ho st}{$}{host}{");
        assert_eq!(variables.fill("{$Host}"), Err(VariableError::Unknown("Host".to_owned())));
    }

    #[test]
    fn imports_and_parameters_come_from_outside() {
        let master = variables(["NAME=\"dir\",VALUE=\"low\""]);
        let address = Url::parse("http://h/l.m3u8?token=s%2F3&empty=&evil=%22%0A").unwrap();
        let given = Given { address: Some(&address), master: Some(&master) };
        let mut variables = Variables::default();
        let mut define = |tag: &str| variables.define(&Attributes::read(tag), given);
        assert_eq!((define("IMPORT=\"dir\""), define("QUERYPARAM=\"token\"")), (Ok(()), Ok(())));
        assert_eq!(define("QUERYPARAM=\"evil\""), Ok(()));
        assert_eq!(define("IMPORT=\"no\""), Err(VariableError::NotImported("no".to_owned())));
        for none in ["empty", "no"] {
            let tag = format!("QUERYPARAM=\"{none}\"");
            assert_eq!(define(&tag), Err(VariableError::NoParameter(none.to_owned())));
        }
        assert_eq!(variables.fill("{$dir}/{$token}/{$evil}").unwrap(), "low/s/3/%22%0A");
    }

    #[test]
    fn nothing_that_is_filled_in_is_filled_in_again() {
        let mut variables = variables(["NAME=\"a\",VALUE=\"{$b}\"", "NAME=\"dollar\",VALUE=\"$\""]);
        assert_eq!(variables.fill("{$a}").unwrap(), "%7B$b}");
        assert_eq!(variables.fill("{{$dollar}a}").unwrap(), "%7B$a}");
    }

    #[test]
    fn text_without_measure_is_refused() {
        let long = "x".repeat(LONGEST / 2);
        let mut variables = variables([&*format!("NAME=\"a\",VALUE=\"{long}\"")]);
        assert_eq!(variables.fill("{$a}{$a}{$a}"), Err(VariableError::TooLong));
        let fills = (0..=2 * ALL / LONGEST).map(|_| variables.fill("{$a}").map(drop));
        assert_eq!(fills.last(), Some(Err(VariableError::TooLong)));
    }
}

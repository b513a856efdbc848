//! Attribute lists (RFC 8216 section 4.2): `NAME=value,NAME="quoted, value"`, read leniently and written strictly.

use std::fmt;

/// More attributes than any tag has; what follows is left out.
const MOST: usize = 64;

/// The attributes of one tag, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes(Vec<Attribute>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Attribute {
    name: String,
    value: String,
    quoted: bool,
}

impl Attributes {
    /// Reads a list. An attribute without a name or a value is left out; of a name that is given twice the first
    /// counts.
    pub fn read(text: &str) -> Self {
        let mut list = Self::default();
        let mut rest = text;
        while let Some((name, after)) = rest.split_once('=').filter(|_| list.0.len() < MOST) {
            // A stray word before the name (`A,B=1`) belongs to nothing.
            let name = name.rsplit(',').next().unwrap_or(name).trim();
            let (value, quoted, left) = if let Some(inside) = after.trim_start().strip_prefix('"') {
                let (value, left) = inside.split_once('"').unwrap_or((inside, ""));
                (value, true, left.split_once(',').map_or("", |(_, left)| left))
            } else {
                let (value, left) = after.split_once(',').unwrap_or((after, ""));
                // A quote that was never opened ends it.
                (value.split('"').next().unwrap_or_default().trim(), false, left)
            };
            if !name.is_empty() && !value.is_empty() && list.get(name).is_none() {
                list.0.push(Attribute { name: name.to_owned(), value: value.to_owned(), quoted });
            }
            rest = left;
        }
        list
    }

    /// The value of `name`, without quotes.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.value.as_str())
    }

    /// Changes every value by `change`; one that becomes empty is left out.
    pub fn map<E>(mut self, mut change: impl FnMut(&str) -> Result<Option<String>, E>) -> Result<Self, E> {
        for attribute in &mut self.0 {
            if let Some(changed) = change(&attribute.value)? {
                attribute.value = changed;
            }
        }
        self.0.retain(|attribute| !attribute.value.is_empty());
        Ok(self)
    }

    /// Keeps only the named attributes, quoted or not as the standard has it, however they were written.
    pub fn only(self, bare: &[&str], quoted: &[&str]) -> Self {
        let keep = |attribute: Attribute| {
            let name = attribute.name.as_str();
            let quoted = quoted.contains(&name);
            let fits = quoted || bare.contains(&name) && !attribute.value.contains([',', ' ', '"']);
            fits.then_some(Attribute { quoted, ..attribute })
        };
        Self(self.0.into_iter().filter_map(keep).collect())
    }

    /// Drops `name` if its value does not suit.
    pub fn keep_if(&mut self, name: &str, suits: impl Fn(&str) -> bool) {
        self.0.retain(|attribute| attribute.name != name || suits(&attribute.value));
    }

    /// Adds `name` if it is missing.
    pub fn or_insert(&mut self, name: &str, value: &str) {
        self.insert(name, value, false);
    }

    /// Adds `name` with a quoted value if it is missing.
    pub fn or_insert_quoted(&mut self, name: &str, value: &str) {
        self.insert(name, value, true);
    }

    fn insert(&mut self, name: &str, value: &str, quoted: bool) {
        if self.get(name).is_none() {
            self.0.push(Attribute { name: name.to_owned(), value: value.to_owned(), quoted });
        }
    }
}

impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, attribute) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let quote = if attribute.quoted { "\"" } else { "" };
            write!(f, "{comma}{}={quote}{}{quote}", attribute.name, attribute.value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_there_and_survives_what_is_not() {
        let read = |text: &str| Attributes::read(text).to_string();
        assert_eq!(read(r#"METHOD=AES-128, URI="k,1?a=b" ,IV=0x0F"#), r#"METHOD=AES-128,URI="k,1?a=b",IV=0x0F"#);
        assert_eq!(read(r#"URI="never closed"#), r#"URI="never closed""#);
        assert_eq!(read(r#"A=,URI="",=x,B=1,stray,C=2,B=3"#), "B=1,C=2");
        assert_eq!(read(""), "");
    }

    #[test]
    fn a_line_of_a_million_attributes_is_cut_short() {
        let line = (0..1_000_000).fold(String::new(), |line, n| line + &format!("A{n}={n},"));
        let read = Attributes::read(&line);
        assert_eq!((read.get("A63"), read.get("A64")), (Some("63"), None));
    }

    #[test]
    fn quotes_follow_the_standard_not_the_station() {
        let found = Attributes::read(r#"METHOD="AES-128",URI=key.bin,X=1"#);
        assert_eq!(found.only(&["METHOD"], &["URI"]).to_string(), r#"METHOD=AES-128,URI="key.bin""#);
    }
}

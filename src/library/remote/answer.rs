//! What an object store answers, read from its XML.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event;

/// An element of an answer: how it is called, how deep it lies, and its text.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub path: Vec<String>,
    pub text: String,
}

/// An answer, as a list of its elements in the order in which they end.
#[derive(Debug, Default)]
pub(super) struct Answer(Vec<Element>);

impl Answer {
    /// Reads an answer; what cannot be read is left out.
    pub fn read(text: &str) -> Self {
        let mut reader = Reader::from_str(text);
        let (mut found, mut open) = (Vec::new(), Vec::<Element>::new());
        loop {
            match reader.read_event() {
                Ok(Event::Start(start)) => {
                    let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
                    let above = open.last().map(|element| element.path.clone()).unwrap_or_default();
                    open.push(Element { path: [above, vec![name]].concat(), text: String::new() });
                }
                Ok(Event::Text(text)) => {
                    if let (Some(element), Ok(text)) = (open.last_mut(), text.decode()) {
                        element.text.push_str(&text);
                    }
                }
                Ok(Event::GeneralRef(reference)) => {
                    let Some(element) = open.last_mut() else { continue };
                    if let Ok(Some(character)) = reference.resolve_char_ref() {
                        element.text.push(character);
                    } else if let Ok(name) = reference.decode() {
                        element.text.push_str(resolve_xml_entity(&name).unwrap_or_default());
                    }
                }
                Ok(Event::End(_)) => found.extend(open.pop()),
                Ok(Event::Eof) | Err(_) => return Self(found),
                Ok(_) => {}
            }
        }
    }

    /// Returns the text of the first element of this name.
    pub fn text(&self, name: &str) -> Option<&str> {
        let element = self.0.iter().find(|element| element.path.last().is_some_and(|last| last == name))?;
        Some(element.text.trim())
    }

    /// Returns whether the answer as a whole is called so.
    pub fn is(&self, name: &str) -> bool {
        self.0.last().is_some_and(|element| element.path == [name])
    }

    /// Returns the elements below each element of this name, which is right below the answer.
    pub fn each(&self, name: &str) -> Vec<Self> {
        let (mut all, mut current) = (Vec::new(), Vec::new());
        for element in &self.0 {
            match element.path.as_slice() {
                [_, own] if own == name => all.push(Self(std::mem::take(&mut current))),
                [_, own, ..] if own == name => current.push(element.clone()),
                _ => {}
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_and_lists_are_read_and_broken_ones_give_what_they_have() {
        let error = Answer::read(
            "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchBucket</Code><Message>a &amp; b &#x41;</Message></Error>",
        );
        assert!(error.is("Error"));
        assert_eq!((error.text("Code"), error.text("Message")), (Some("NoSuchBucket"), Some("a & b A")));
        let list = Answer::read(
            "<ListBucketResult xmlns=\"x\"><Name>b</Name><Contents><Key>1</Key><Size>5</Size></Contents>\
             <Contents><Key>2</Key></Contents><IsTruncated>false</IsTruncated></ListBucketResult>",
        );
        let contents = list.each("Contents");
        assert_eq!(contents.len(), 2);
        assert_eq!((contents[0].text("Key"), contents[0].text("Size")), (Some("1"), Some("5")));
        assert_eq!((contents[1].text("Key"), contents[1].text("Size")), (Some("2"), None));
        assert_eq!(Answer::read("<html><p>no").text("Code"), None);
        assert_eq!(Answer::read("\0\u{fffd}<a><Code>x</Code>").text("Code"), Some("x"));
    }
}

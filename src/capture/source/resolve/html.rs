//! HTML and XML by CSS selector: text in, texts out. `scraper::Html` is not `Send`, so nothing of it leaves here; the
//! caller runs this on a thread for blocking work.
//!
//! XML goes through the parser for HTML. That parser closes some elements at once because HTML knows them without
//! contents: the `<link>` of a feed would lose its text. So in XML such elements have other names while they are
//! parsed.
//!
//! Parsing is bounded in time: by the rules of HTML, nested `<div>`s cost the square of their depth (64 KiB of them
//! took 7 s in a debug build), and a thread cannot be cancelled. The rest of a page is not seen when the time is up. It
//! is time of the processor, so that a busy machine sees as much of a page as an idle one.

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::Duration;

use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::{LocalName, ParseOpts, parse_document};
use regex::{Captures, Regex};
use rustix::time::{ClockId, clock_gettime};
use scraper::{ElementRef, Html, HtmlTreeSink, Node, Selector};

use super::text::constant;

/// How long one page may be parsed, and how long its elements may be read, in time of the processor.
const TIME: Duration = Duration::from_secs(2);
/// How much of a page is parsed between two looks at the watch, in characters.
const PIECE: usize = 4096;
/// The prefix for the name of an element of XML that has no contents in HTML.
const FULL: &str = "full-";

/// The text of every element of `document` that `css` selects, or its `attribute`; elements without it are left out.
/// `None` if `css` is no selector. Stops at `most` bytes.
pub(super) fn select(document: &str, css: &str, attribute: Option<&str>, most: usize) -> Option<Vec<String>> {
    let selector = Selector::parse(css).ok()?;
    // The parser writes all names in lower case, those of XML too.
    let name = attribute.unwrap_or_default().to_ascii_lowercase();
    let html = match as_html(document) {
        Cow::Borrowed(html) => parse(html),
        Cow::Owned(xml) => with_its_names(parse(&xml)),
    };
    let started = computed();
    let mut left = most;
    let mut found = Vec::new();
    for element in html.select(&selector).take_while(|_| computed() < started + TIME) {
        let text = match attribute {
            Some(_) => element.attr(&name).unwrap_or_default().to_owned(),
            None => text_of(element, left),
        };
        let Some(rest) = left.checked_sub(text.len()) else { break };
        left = rest;
        let text = text.trim();
        if !text.is_empty() {
            found.push(text.to_owned());
        }
    }
    Some(found)
}

fn parse(document: &str) -> Html {
    let started = computed();
    let mut parser = parse_document(HtmlTreeSink::new(Html::new_document()), ParseOpts::default());
    let mut rest = document;
    while !rest.is_empty() && computed() < started + TIME {
        let (piece, after) = rest.split_at(rest.char_indices().nth(PIECE).map_or(rest.len(), |(end, _)| end));
        parser.process(StrTendril::from(piece));
        rest = after;
    }
    parser.finish()
}

/// The processor time of this thread.
fn computed() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// All text below `element`, up to the first part with which it exceeds `most` bytes.
fn text_of(element: ElementRef<'_>, most: usize) -> String {
    let mut text = String::new();
    for part in element.text() {
        text.push_str(part);
        if text.len() > most {
            break;
        }
    }
    text
}

/// XML as an HTML parser understands it: `<title/>` is closed, `<![CDATA[…]]>` is text, and elements without contents
/// in HTML are renamed. HTML stays as it is.
fn as_html(document: &str) -> Cow<'_, str> {
    static SPELLINGS: LazyLock<Regex> =
        LazyLock::new(|| constant(r"(?s)<!\[CDATA\[(.*?)\]\]>|<(/?)([A-Za-z_][\w.:-]*)((?:\s[^<>]*?)?)(/?)>"));
    let start = document.trim_start_matches('\u{feff}').trim_start();
    let marks = ["<?xml", "<playlist", "<asx", "<rss", "<feed", "<opml"];
    let is_xml = marks.iter().any(|mark| start.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark)));
    // XHTML is served and read as HTML everywhere.
    if !is_xml || start.contains("<html") {
        return Cow::Borrowed(document);
    }
    let written = SPELLINGS.replace_all(document, |found: &Captures<'_>| {
        if let Some(text) = found.get(1) {
            return text.as_str().replace('&', "&amp;").replace('<', "&lt;");
        }
        let full = if is_void(&found[3]) { FULL } else { "" };
        let (slash, name, attributes) = (&found[2], &found[3], &found[4]);
        let end = if found[5].is_empty() { String::new() } else { format!("</{full}{name}>") };
        format!("<{slash}{full}{name}{attributes}>{end}")
    });
    Cow::Owned(written.into_owned())
}

/// Whether elements of this name have no contents in HTML.
fn is_void(name: &str) -> bool {
    const VOID: [&str; 14] =
        ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];
    VOID.iter().any(|void| void.eq_ignore_ascii_case(name))
}

/// Restores the names of XML elements.
fn with_its_names(mut html: Html) -> Html {
    for node in html.tree.values_mut() {
        if let Node::Element(element) = node
            && let Some(name) = element.name.local.strip_prefix(FULL).map(LocalName::from)
        {
            element.name.local = name;
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 1 << 20;

    fn texts(document: &str, css: &str) -> Vec<String> {
        select(document, css, None, MOST).unwrap()
    }

    #[test]
    fn all_that_match_are_handed_on_in_the_order_of_the_page() {
        let page = "<p>one<script>var a = '1 &amp; 2';</script><p><script src=x></script><script>b<c</script>";
        assert_eq!(texts(page, "script"), ["var a = '1 &amp; 2';", "b<c"]);
        assert_eq!(select(page, "script", Some("src"), MOST).unwrap(), ["x"]);
        assert_eq!(select("<a href='/l?a=1&amp;b=2'>x</a>", "a", Some("href"), MOST).unwrap(), ["/l?a=1&b=2"]);
        assert!(texts(page, "video").is_empty());
        assert_eq!(select(page, "p[", None, MOST), None);
    }

    #[test]
    fn xml_is_read_with_its_own_spellings() {
        let xml = "<?xml version='1.0'?><radiru><title/><data dataKind='a/b'><area>tokyo</area>\
                   <r1hls><![CDATA[https://h/r1.m3u8?a=1&b=2]]></r1hls></data></radiru>";
        assert_eq!(texts(xml, "data > r1hls"), ["https://h/r1.m3u8?a=1&b=2"]);
        assert_eq!(select(xml, "data", Some("dataKind"), MOST).unwrap(), ["a/b"]);
        let feed = "<rss><channel><link>http://h/</link><item><link>\nhttp://h/a.mp3?x=1&amp;y=2</link><source url='u'/>\
                    </item></channel><link rel='self' href='http://h/feed'/></rss>";
        assert_eq!(texts(feed, "item > link"), ["http://h/a.mp3?x=1&y=2"]);
        assert_eq!(texts(feed, "link")[0], "http://h/");
        assert_eq!(select(feed, "link[rel=self]", Some("href"), MOST).unwrap(), ["http://h/feed"]);
        assert_eq!(select(feed, "item > source", Some("url"), MOST).unwrap(), ["u"]);
    }

    #[test]
    fn a_page_that_nests_without_end_takes_bounded_time() {
        let started = computed();
        let page = format!("<p>first</p>{}", "<div>".repeat(800_000));
        assert_eq!(texts(&page, "p"), ["first"]);
        // It does not matter how much was read in the time.
        let _ = select(&page, "div", None, MOST).unwrap();
        let taken = computed().saturating_sub(started);
        assert!(taken < TIME * 5, "{taken:?}");
    }

    #[test]
    fn a_page_is_the_same_however_it_is_fed() {
        let word = "명연주 <b>명음반</b> ";
        let page = format!("<p>{}</p>", word.repeat(5000));
        assert_eq!(texts(&page, "b").len(), 5000);
        assert_eq!(texts(&page, "p").first().unwrap().len(), "명연주 명음반 ".len() * 5000 - 1);
    }

    #[test]
    fn nested_elements_cannot_multiply_a_page_beyond_the_cap() {
        let page = format!("{}{}", "<i>".repeat(400), "x".repeat(10_000));
        let taken: usize = select(&page, "i", None, 100_000).unwrap().iter().map(String::len).sum();
        assert!((10_000..=100_000).contains(&taken), "{taken}");
    }
}

//! Files that only name streams: PLS, M3U, XSPF, ASX, or a line with a URL.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use url::form_urlencoded;

use super::html;
use super::text::constant;

/// More entries than any station lists.
const MOST_ENTRIES: usize = 1000;
/// More lines than so many entries need.
const MOST_LINES: usize = 20 * MOST_ENTRIES;
/// More bytes of entries than any station writes.
const MOST_BYTES: usize = 1 << 20;

/// The kinds of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// An HLS playlist (RFC 8216): the thing itself, not a pointer to it.
    Hls,
    /// Names of streams in the order of preference, as written: absolute or relative, perhaps not even addresses.
    Entries(Vec<String>),
    /// Anything else.
    Other,
}

/// Splits an entry into its address and what Kodi appends to it, `|User-Agent=…&Referer=…`, as headers.
pub(super) fn parts(entry: &str) -> (&str, Vec<(String, String)>) {
    let Some((address, appended)) = entry.split_once('|').filter(|(_, appended)| appended.contains('=')) else {
        return (entry, Vec::new());
    };
    let headers = form_urlencoded::parse(appended.as_bytes());
    (address, headers.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
}

/// Recognises `body` by its first words.
pub(super) fn read(body: &str) -> Content {
    // Old Macs ended lines like this, and some scripts still do.
    let unix = if body.contains('\n') { Cow::Borrowed(body) } else { Cow::Owned(body.replace('\r', "\n")) };
    let body = unix.trim_start_matches('\u{feff}').trim_start();
    let starts_with = |mark: &str| body.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark));
    let entries = if starts_with("#EXTM3U") {
        if body.lines().any(|line| line.starts_with("#EXT-X-")) {
            return Content::Hls;
        }
        lines(body)
    } else if starts_with("[playlist]") || starts_with("[reference]") {
        numbered(body)
    } else if starts_with("<asx") {
        html::select(body, "ref, entryref", Some("href"), MOST_BYTES).unwrap_or_default()
    } else if starts_with("<playlist") || starts_with("<?xml") && body.contains("<playlist") {
        html::select(body, "trackList location", None, MOST_BYTES).unwrap_or_default()
    } else if is_list_of_urls(body) {
        lines(body)
    } else {
        Vec::new()
    };
    if entries.is_empty() { Content::Other } else { Content::Entries(entries) }
}

/// The lines that name something. Headers for VLC (`#EXTVLCOPT:http-user-agent=…`) are appended to the next line in
/// Kodi's form.
fn lines(body: &str) -> Vec<String> {
    let mut headers = form_urlencoded::Serializer::new(String::new());
    let mut entries = Vec::new();
    for line in body.lines().map(str::trim).filter(|line| !line.is_empty()).take(MOST_LINES) {
        if let Some((option, value)) = line.strip_prefix("#EXTVLCOPT:").and_then(|option| option.split_once('=')) {
            match option {
                "http-user-agent" => drop(headers.append_pair("User-Agent", value)),
                "http-referrer" => drop(headers.append_pair("Referer", value)),
                _ => {}
            }
        } else if !line.starts_with('#') && entries.len() < MOST_ENTRIES {
            let sent = std::mem::replace(&mut headers, form_urlencoded::Serializer::new(String::new())).finish();
            let own = parts(line).1.is_empty() && !sent.is_empty();
            entries.push(if own { format!("{line}|{sent}") } else { line.to_owned() });
        }
    }
    entries
}

/// An M3U may have no header: then its first line that is not a comment must be a URL.
fn is_list_of_urls(body: &str) -> bool {
    let first = body.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    let scheme = first.split_once("://").map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    matches!(scheme.as_str(), "http" | "https") || scheme.starts_with("rtmp")
}

/// `File1=…` of PLS and `Ref1=…` of the older ASX, by number: files are not always written in order.
fn numbered(body: &str) -> Vec<String> {
    static ENTRY: LazyLock<Regex> =
        LazyLock::new(|| constant(r"(?im)^[ \t]*(?:File|Ref)(\d{1,4})[ \t]*=[ \t]*(\S.*?)\s*$"));
    let mut entries: Vec<(u16, String)> = ENTRY
        .captures_iter(body)
        .filter_map(|found| Some((found[1].parse().ok()?, found[2].to_owned())))
        .take(MOST_ENTRIES)
        .collect();
    entries.sort_by_key(|(number, _)| *number);
    entries.into_iter().map(|(_, entry)| entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries<const N: usize>(urls: [&str; N]) -> Content {
        Content::Entries(urls.map(str::to_owned).into())
    }

    #[test]
    fn pls_is_read_by_number_whatever_its_order_case_and_line_ends() {
        let pls = "[Playlist]\r\nNumberOfEntries=2\r\nFile2=http://b/\r\nTitle1=A=B\r\nfile1 = http://a:8000/;\r\nLength1=-1\r\n";
        assert_eq!(read(pls), entries(["http://a:8000/;", "http://b/"]));
        assert_eq!(read("[Reference]\nRef1=http://a/x?MSWMExt=.asf\n"), entries(["http://a/x?MSWMExt=.asf"]));
    }

    #[test]
    fn m3u_is_told_apart_from_hls() {
        assert_eq!(
            read("\u{feff}#EXTM3U\n#EXTINF:-1,A\nhttp://a/live\n\nb.mp3\n"),
            entries(["http://a/live", "b.mp3"])
        );
        assert_eq!(read("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\na.ts\n"), Content::Hls);
        assert_eq!(read("#EXTM3U\r\n#EXT-X-STREAM-INF:BANDWIDTH=1\r\na.m3u8"), Content::Hls);
        assert_eq!(
            read("# made by hand\nhttps://a/live\nhttps://b/live"),
            entries(["https://a/live", "https://b/live"])
        );
        assert_eq!(read("  rtmp://a/b/c \n"), entries(["rtmp://a/b/c"]));
    }

    #[test]
    fn xspf_and_asx_name_their_streams() {
        let xspf = "<?xml version=\"1.0\"?><playlist xmlns=\"http://xspf.org/ns/0/\"><title/><location>http://no</location>\
                    <trackList><track><location>http://a/?x=1&amp;y=2</location></track></trackList></playlist>";
        assert_eq!(read(xspf), entries(["http://a/?x=1&y=2"]));
        let asx = "<ASX version=\"3.0\"><TITLE/><Entry><Ref HREF=\"http://a/live\" /></Entry><Entry><ref href='http://b'/></Entry></ASX>";
        assert_eq!(read(asx), entries(["http://a/live", "http://b"]));
    }

    #[test]
    fn lists_of_old_macs_and_of_kodi_and_lists_that_name_lists() {
        assert_eq!(read("#EXTM3U\r#EXTINF:-1,A\rhttp://a/live\rhttp://b/"), entries(["http://a/live", "http://b/"]));
        let asx = "<asx version='3.0'><entryref href='http://a/other.asx'/></asx>";
        assert_eq!(read(asx), entries(["http://a/other.asx"]));
        let (address, headers) = parts("http://a/live|User-Agent=Kodi%2F19&Referer=http%3A%2F%2Fa");
        assert_eq!(address, "http://a/live");
        let sent = [("User-Agent", "Kodi/19"), ("Referer", "http://a")];
        assert_eq!(headers, sent.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(parts("http://a/b|c").0, "http://a/b|c");
        let vlc = "#EXTM3U\n#EXTINF:-1,A\n#EXTVLCOPT:http-user-agent=VLC/3 x\n#EXTVLCOPT:network-caching=9\nhttp://a/1\nhttp://a/2\n";
        assert_eq!(read(vlc), entries(["http://a/1|User-Agent=VLC%2F3+x", "http://a/2"]));
    }

    #[test]
    fn pages_and_empty_lists_are_something_else() {
        for other in
            ["", "#EXTM3U\n", "[playlist]\nNumberOfEntries=0", "<html><a href='http://a'>", "see http://a", "{\"u\":1}"]
        {
            assert_eq!(read(other), Content::Other, "{other}");
        }
    }
}

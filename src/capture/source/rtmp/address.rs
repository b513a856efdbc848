//! RTMP addresses, split into what a server is asked for: an application, and a stream in it.
//!
//! No address says where the application ends and the stream begins. So all meanings are tried in turn, the likeliest
//! first, until sound comes. What follows a `?` belongs to the stream, slashes or not: tokens are full of them. A name
//! is asked for first as it is written; `x.mp3` is a file called `mp3:x` only on servers by Adobe.
//!
//! Addresses in the words of librtmp are understood (`rtmp://host/app playpath=x live=1`, see its manual page).

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use percent_encoding::percent_decode_str;
use url::{Position, Url};

use crate::config::Rtmp;

/// How many meanings are tried at most.
const MOST_MEANINGS: usize = 6;

/// The parts of an address.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// `rtmp://host:1935`.
    pub server: String,
    /// What it may mean; never empty.
    pub meanings: Vec<Meaning>,
    /// Its other words, as arguments of rtmpdump.
    pub arguments: Vec<OsString>,
    /// Whether it says that it is live, if it says so at all.
    pub live: Option<bool>,
    /// The server by its name, for the server to know by which it is asked, if `server` is another.
    pub named: Option<String>,
}

/// What to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meaning {
    /// The application, perhaps with its instance.
    pub app: OsString,
    /// The stream, with its token.
    pub playpath: OsString,
}

impl Meaning {
    /// Whether it asks for the stream that `other` asks for, with any token.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let name = |text: &OsString| text.as_bytes().split(|byte| *byte == b'?').next().map(<[u8]>::to_vec);
        name(&self.app) == name(&other.app) && name(&self.playpath) == name(&other.playpath)
    }
}

impl Address {
    /// The parts of `url`. What the YAML says in `source` counts before what the address says.
    pub(super) fn of(source: &Rtmp, url: &Url) -> Self {
        let (address, words) = words(url);
        let word = |name: &str| words.iter().rev().find(|(word, _)| *word == name).map(|(_, value)| value.clone());
        let app = source.app.as_ref().map(OsString::from).or_else(|| word("app"));
        let playpath = source.playpath.as_ref().map(OsString::from).or_else(|| word("playpath"));
        let mut arguments = Vec::new();
        // rtmpdump would fetch the file from wherever it is.
        let verified = word("swfVfy").is_some_and(|value| value == "1") && !source.reach.is_guarded();
        for (name, flag, said) in [
            ("tcUrl", "--tcUrl", false),
            ("pageUrl", "--pageUrl", source.page.is_some()),
            ("swfUrl", if verified { "--swfVfy" } else { "--swfUrl" }, source.swf.is_some()),
            ("flashVer", "--flashVer", false),
            ("token", "--token", false),
            ("auth", "--auth", false),
            ("subscribe", "--subscribe", false),
            ("jtv", "--jtv", false),
        ] {
            if let Some(value) = word(name).filter(|_| !said) {
                arguments.extend([OsString::from(flag), value]);
            }
        }
        for (_, value) in words.iter().filter(|(word, _)| *word == "conn") {
            arguments.extend([OsString::from("--conn"), value.clone()]);
        }
        Self {
            server: server(url),
            meanings: meanings(&address, app, playpath),
            arguments,
            live: word("live").map(|value| value != "0"),
            named: None,
        }
    }

    /// This address, which is connected to at the host of `pinned`.
    pub(super) fn at(self, pinned: &Url) -> Self {
        let server = server(pinned);
        let is_said = self.arguments.iter().any(|argument| argument == "--tcUrl");
        let named = (server != self.server && !is_said).then(|| self.server.clone());
        Self { server, named, ..self }
    }
}

/// `rtmp://host:1935` of `url`.
fn server(url: &Url) -> String {
    url[..Position::BeforeUsername].to_owned() + &url[Position::BeforeHost..Position::AfterPort]
}

/// The path and query of `url` without the words of librtmp that follow, and these words.
fn words(url: &Url) -> (String, Vec<(&'static str, OsString)>) {
    const WORDS: [&str; 16] = [
        "app",
        "playpath",
        "tcUrl",
        "pageUrl",
        "swfUrl",
        "swfVfy",
        "flashVer",
        "token",
        "auth",
        "subscribe",
        "jtv",
        "conn",
        "live",
        "buffer",
        "timeout",
        "swfAge",
    ];
    let mut parts = url[Position::BeforePath..].split("%20");
    let mut address = parts.next().unwrap_or_default().to_owned();
    let mut words: Vec<(&'static str, OsString)> = Vec::new();
    for part in parts {
        let known = part
            .split_once('=')
            .and_then(|(name, value)| Some((*WORDS.iter().find(|word| word.eq_ignore_ascii_case(name))?, value)));
        match known {
            Some((name, value)) => words.push((name, decoded(&unescaped(value)))),
            // This is a blank in the name of a stream.
            None if words.is_empty() => address = format!("{address}%20{part}"),
            None => {}
        }
    }
    (address, words)
}

/// `\20` is how librtmp writes a blank in a value.
fn unescaped(value: &str) -> String {
    let mut parts = value.split(['\\']);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let hex = part.get(..2).filter(|hex| hex.chars().all(|c| c.is_ascii_hexdigit()));
        text.push(if hex.is_some() { '%' } else { '\\' });
        text.push_str(part);
    }
    text
}

/// The bytes of percent-encoded `text`, which need not be UTF-8.
fn decoded(text: &str) -> OsString {
    OsString::from_vec(percent_decode_str(text).collect())
}

/// What `address` (a path, perhaps with a query) may mean. `app` and `playpath` are given if they are known.
fn meanings(address: &str, app: Option<OsString>, playpath: Option<OsString>) -> Vec<Meaning> {
    let (path, query) = address.split_once('?').map_or((address, None), |(path, query)| (path, Some(query)));
    let path = path.trim_matches('/');
    let mut meanings: Vec<Meaning> = Vec::new();
    let mut add = |app: OsString, playpath: OsString| {
        let meaning = Meaning { app, playpath };
        if !meanings.contains(&meaning) && meanings.len() < MOST_MEANINGS {
            meanings.push(meaning);
        }
    };
    match (app, playpath) {
        (Some(app), Some(playpath)) => add(app, playpath),
        (None, Some(playpath)) => {
            // As in rtmpdump, a stream that the address names as well is left out.
            for parts in [path.split('/').count().saturating_sub(1).clamp(1, 3), 2, 1] {
                add(decoded(split(path, parts).0), playpath.clone());
            }
        }
        (Some(app), None) => {
            let given = app.to_string_lossy();
            let known = path.strip_prefix(&*given).filter(|rest| rest.is_empty() || rest.starts_with('/'));
            let rest = known.map_or_else(|| split(path, 1).1, |rest| rest.trim_start_matches('/'));
            for name in names(rest, query) {
                add(app.clone(), name);
            }
        }
        (None, None) => match query.and_then(|query| query.rsplit_once('/')) {
            // `rtmp://host/app?token/stream`: with one part before it, the query is the application's.
            Some((token, stream)) if !path.contains('/') => add(decoded_with(path, Some(token)), decoded(stream)),
            _ => {
                for parts in applications(path) {
                    let (app, stream) = split(path, parts);
                    for name in names(stream, query) {
                        add(decoded(app), name);
                    }
                }
            }
        },
    }
    meanings
}

/// How many parts of `path` may be the application, the likeliest first: one; two if the second is an instance by its
/// name; all those before one that begins with a type (`mp4:`). Other programs try two and three.
fn applications(path: &str) -> Vec<usize> {
    let parts: Vec<&str> = path.split('/').collect();
    let typed = parts.iter().skip(1).position(|part| part.contains(':')).map(|at| at + 1);
    let instance = parts.get(1).is_some_and(|part| part.eq_ignore_ascii_case("_definst_"));
    let first = typed.unwrap_or(if instance { 2 } else { 1 });
    let others = [1, 2, 3].into_iter().filter(|count| typed.is_none() && *count < parts.len());
    std::iter::once(first).chain(others).collect()
}

/// The first `parts` of `path`, and the rest.
fn split(path: &str, parts: usize) -> (&str, &str) {
    let slash = path.match_indices('/').nth(parts.saturating_sub(1));
    slash.map_or((path, ""), |(at, _)| (&path[..at], &path[at + 1..]))
}

/// The possible names of a stream: as it is written, and as servers by Adobe call files.
fn names(stream: &str, query: Option<&str>) -> Vec<OsString> {
    let mut names = vec![decoded_with(stream, query)];
    let adobe = match stream.rsplit_once('.') {
        _ if stream.contains(':') => None,
        Some((name, "flv")) => Some(name.to_owned()),
        Some((name, "mp3")) => Some(format!("mp3:{name}")),
        Some((_, "mp4" | "f4v" | "mov" | "m4a")) => Some(format!("mp4:{stream}")),
        _ => None,
    };
    names.extend(adobe.map(|name| decoded_with(&name, query)));
    names
}

/// `path` decoded, and `query` as it is: a server passes it on to whatever checks the token.
fn decoded_with(path: &str, query: Option<&str>) -> OsString {
    let mut text = decoded(path);
    if let Some(query) = query {
        text.push("?");
        text.push(query);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::source;
    use super::*;

    fn read(url: &str) -> Address {
        Address::of(&source(1935), &Url::parse(url).unwrap())
    }

    fn shown(address: &Address) -> Vec<String> {
        let text = |text: &OsString| text.to_string_lossy().into_owned();
        address.meanings.iter().map(|meaning| format!("{} {}", text(&meaning.app), text(&meaning.playpath))).collect()
    }

    fn meant(url: &str) -> Vec<String> {
        shown(&read(url))
    }

    #[test]
    fn the_first_part_is_the_application_and_the_rest_with_its_token_the_stream() {
        assert_eq!(meant("rtmp://h/live/radio"), ["live radio"]);
        assert_eq!(meant("rtmp://h/live/radio?token=a/b%2Bc=&e=1"), ["live radio?token=a/b%2Bc=&e=1"]);
        assert_eq!(meant("rtmp://h/live/%EB%B0%A9 송"), ["live 방 송"]);
        assert_eq!(meant("rtmp://h/live/a/b"), ["live a/b", "live/a b"]);
        assert_eq!(meant("rtmp://h/live/a/b/c?t=/"), ["live a/b/c?t=/", "live/a b/c?t=/", "live/a/b c?t=/"]);
        assert_eq!(meant("rtmp://h/live?token=a/b/radio"), ["live?token=a/b radio"]);
        assert_eq!(meant("rtmp://h/vod/_definst_/x")[0], "vod/_definst_ x");
        assert_eq!(meant("rtmp://h/vod/a/mp4:b/c.mp4"), ["vod/a mp4:b/c.mp4"]);
        assert_eq!(meant("rtmp://h/live/x.mp3?t=1"), ["live x.mp3?t=1", "live mp3:x?t=1"]);
        assert_eq!(meant("rtmp://h/live/x.flv"), ["live x.flv", "live x"]);
        assert_eq!(read("rtmps://h:443/live/x").server, "rtmps://h:443");
        assert_eq!(read("rtmp://u:p@[::1]/live/x").server, "rtmp://[::1]");
    }

    #[test]
    fn the_words_of_librtmp_are_understood() {
        let address = read(
            "rtmp://h:1936/tradio playpath=a/b?t=x swfUrl=http://h/p.swf swfVfy=1 live=1 conn=S:a\\20b conn=B:0 \
             token=se=cret pageUrl=http://h/",
        );
        assert_eq!(shown(&address), ["tradio a/b?t=x"]);
        assert_eq!((address.server.as_str(), address.live), ("rtmp://h:1936", Some(true)));
        let arguments = "--pageUrl http://h/ --swfVfy http://h/p.swf --token se=cret --conn S:a_b --conn B:0";
        let expected: Vec<OsString> =
            arguments.split(' ').map(|argument| OsString::from(argument.replace('_', " "))).collect();
        assert_eq!(address.arguments, expected);
        assert_eq!(shown(&read("rtmp://h/x app=live/a playpath=b")), ["live/a b"]);
    }

    #[test]
    fn what_the_yaml_says_counts_first() {
        let with = |app: Option<&str>, playpath: Option<&str>, url: &str| {
            let source = Rtmp { app: app.map(str::to_owned), playpath: playpath.map(str::to_owned), ..source(1935) };
            shown(&Address::of(&source, &Url::parse(url).unwrap()))
        };
        assert_eq!(with(Some("a/b"), None, "rtmp://h/a/b/c?x=/"), ["a/b c?x=/"]);
        assert_eq!(with(Some("other"), None, "rtmp://h/a/b"), ["other b"]);
        assert_eq!(with(Some("x"), Some("y"), "rtmp://h/a/b playpath=z"), ["x y"]);
        assert_eq!(with(None, Some("y"), "rtmp://h/a/b?t=1"), ["a y", "a/b y"]);
        assert_eq!(with(None, Some("y"), "rtmp://h/a"), ["a y"]);
    }
}

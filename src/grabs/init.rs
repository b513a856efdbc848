//! Where the initialisation section of numbered segments is: no number leads to it, and without it fragments of an MP4 are
//! nothing.
//!
//! A playlist says it (`EXT-X-MAP`). Whoever has only numbers finds it under the names that are usual: ffmpeg, Shaka Packager
//! and Bento4 write `init.mp4` beside the segments, MP4Box and others the name of a segment with `init` for the number, and
//! ffmpeg for DASH `init-stream0.m4s` beside `chunk-stream0-00001.m4s`.

use url::Url;

use super::error::GrabError;
use super::pattern::{MARK, Pattern};
use super::plan::Numbered;
use super::probing::Prober;
use super::wrong::Wrong;
use crate::base::http::Client;
use crate::base::mp4;
use crate::base::redact;

/// The extensions of what may be a fragment of an MP4.
const FRAGMENTS: [&str; 7] = ["m4s", "m4f", "m4v", "m4a", "cmfv", "cmfa", "mp4"];
/// The most bytes of an initialisation section.
const LARGEST: u64 = 1 << 20;

/// Returns the segments with their initialisation section: at the address that was `said`, or where one is usual.
///
/// # Errors
/// They need one, and there is none.
pub async fn with_init(numbered: Numbered, said: Option<&str>, client: &Client) -> Result<Numbered, GrabError> {
    if let Some(said) = said {
        let url = Url::parse(said.trim()).map_err(|_| Wrong::Init(said.to_owned()))?;
        return Ok(Numbered { init: Some(url), ..numbered });
    }
    let first = numbered.pattern.address(numbered.first).filter(|url| FRAGMENTS.contains(&extension(url.path())));
    let Some(first) = first else { return Ok(numbered) };
    let prober = Prober::new(client);
    let is_fragment = prober.beginning_of(&first, LARGEST).await?.map(|bytes| is_fragment(&bytes));
    if is_fragment == Some(false) {
        // Each is a file by itself.
        return Ok(numbered);
    }
    let usual = usual(&numbered.pattern);
    for url in &usual {
        if prober.beginning_of(url, LARGEST).await?.is_some_and(|bytes| is_init(&bytes)) {
            tracing::debug!(url = %redact::url(url), "the initialisation section");
            return Ok(Numbered { init: Some(url.clone()), ..numbered });
        }
    }
    if is_fragment.is_none() {
        // They begin with a hole: nobody can tell what they are.
        return Ok(numbered);
    }
    let names: Vec<&str> = usual.iter().map(|url| name(url.path())).collect();
    Err(GrabError::Absent(format!(
        "{} are fragments of an MP4, and its beginning is not under a usual name ({}): say where it is with `--init`, or take \
         the address of the playlist (.m3u8)",
        redact::text(&numbered.pattern.text()),
        names.join(", ")
    )))
}

fn is_init(bytes: &[u8]) -> bool {
    mp4::find(bytes, &[b"moov"]).is_some()
}

/// Whether a segment is a fragment without its beginning, by its first boxes.
fn is_fragment(bytes: &[u8]) -> bool {
    !is_init(bytes) && mp4::atoms(bytes).any(|atom| atom.kind == *b"moof")
}

fn extension(path: &str) -> &str {
    name(path).rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The addresses at which the initialisation section of such segments usually is, the likeliest first.
fn usual(pattern: &Pattern) -> Vec<Url> {
    let text = pattern.text();
    let (path, query) = text.split_once('?').map_or((text.as_str(), None), |(path, query)| (path, Some(query)));
    let Some((folder, name)) = path.rsplit_once('/') else { return Vec::new() };
    let kind = name.rsplit_once('.').map_or("mp4", |(_, kind)| kind);
    // A folder with a number in it has one segment.
    let (folder, name) = match folder.find(MARK) {
        Some(mark) => {
            (folder.get(..mark).and_then(|folder| folder.rsplit_once('/')).map_or(folder, |(folder, _)| folder), "")
        }
        None => (folder, name),
    };
    let mut names = Vec::new();
    if let Some((before, after)) = name.split_once(MARK) {
        if let Some(stream) = before.strip_prefix("chunk") {
            names.push(format!("init{}.{kind}", stream.trim_end_matches('-')));
        }
        names.push(format!("{before}init{after}"));
        names.push(format!("{before}init.mp4"));
    }
    names.extend(["init.mp4", "init.m4s"].map(str::to_owned));
    names.push(format!("init.{kind}"));
    let above = folder.rsplit_once('/').map(|(above, _)| above).filter(|above| !above.ends_with('/'));
    let places =
        names.iter().map(|name| format!("{folder}/{name}")).chain(above.map(|above| format!("{above}/init.mp4")));
    let mut found: Vec<Url> = Vec::new();
    for place in places.filter(|place| !place.contains(MARK)) {
        let place =
            query.filter(|query| !query.contains(MARK)).map_or(place.clone(), |query| format!("{place}?{query}"));
        found.extend(Url::parse(&place).ok().filter(|url| !found.contains(url)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_is_looked_for_under_the_names_that_packagers_give_it() {
        let usual = |address: &str| -> Vec<String> {
            let usual = usual(&Pattern::read(address, 0).unwrap());
            usual.iter().map(|url| url.as_str().trim_start_matches("https://h/").to_owned()).collect()
        };
        let all =
            ["a/v/seg-init.m4s?t=1", "a/v/seg-init.mp4?t=1", "a/v/init.mp4?t=1", "a/v/init.m4s?t=1", "a/init.mp4?t=1"];
        assert_eq!(usual("https://h/a/v/seg-(*).m4s?t=1"), all);
        assert_eq!(usual("https://h/v/chunk-stream0-(*).m4s")[0], "v/init-stream0.m4s");
        assert_eq!(usual("https://h/v/(*)/part.m4s"), ["v/init.mp4", "v/init.m4s", "init.mp4"]);
        assert_eq!(usual("https://h/(*).m4s"), ["init.m4s", "init.mp4"], "there is nothing above");
        assert_eq!((extension("/v.1/x"), extension("/v/x.m4s")), ("", "m4s"));
    }
}

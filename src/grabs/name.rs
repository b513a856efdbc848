//! The name of the file of a grab.

use url::Url;

use crate::base::text::cut;

/// Names of playlists and files that say nothing of what is in them.
const SAYS_NOTHING: [&str; 8] = ["playlist", "index", "master", "chunklist", "manifest", "video", "hls", "main"];
/// The longest name, in columns.
const LONGEST: usize = 80;
/// The name of what has none.
const NAMELESS: &str = "grab";

/// Returns a name after an address, by the last part of its path that says something; without an extension.
pub fn named_after(address: &str) -> String {
    let url = Url::parse(address.trim()).ok();
    let says_something = |name: &&str| {
        let name = name.to_lowercase();
        let is_number = !name.chars().any(char::is_alphabetic) || name.contains("(*)");
        !is_number && !SAYS_NOTHING.contains(&name.as_str())
    };
    let path = url.as_ref().map_or("", Url::path);
    let parts = path.rsplit('/').map(|part| part.rsplit_once('.').map_or(part, |(name, _)| name));
    let host = url.as_ref().and_then(Url::host_str).unwrap_or(NAMELESS);
    let name = parts.filter(|part| !part.is_empty()).find(says_something).unwrap_or(host);
    safe(&percent_encoding::percent_decode_str(name).decode_utf8_lossy())
}

/// Returns `name` as the name of a file in one folder, whatever is in it.
pub fn safe(name: &str) -> String {
    let name = sanitize_filename::sanitize(name.trim()).trim_start_matches('.').to_owned();
    if name.is_empty() { NAMELESS.to_owned() } else { cut(&name, LONGEST).into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_what_says_something_in_the_address() {
        for (address, name) in [
            ("https://cdn.example/vod/abc/playlist.m3u8?token=1", "abc"),
            ("https://cdn.example/v/(*).ts", "v"),
            ("https://cdn.example/000017.ts", "cdn.example"),
            ("https://cdn.example/%EB%89%B4%EC%8A%A4.m3u8", "뉴스"),
            ("https://cdn.example/a%2F..%2Fb/index.m3u8", "a."),
            ("nonsense", "grab"),
        ] {
            assert_eq!(named_after(address), name, "{address}");
        }
        assert_eq!(
            (safe("../../etc/passwd"), safe(" ..."), safe("a/b")),
            ("etcpasswd".into(), "grab".into(), "ab".into())
        );
    }
}

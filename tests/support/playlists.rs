//! Reads the playlists of HLS that the service hands out, and checks what RFC 8216 says of them.

/// A rendition in a master playlist.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    pub peak: f64,
    pub average: f64,
    pub codecs: String,
    pub name: String,
    pub uri: String,
}

/// Reads a master playlist, and checks what RFC 8216 says of it.
pub fn master(text: &str) -> Vec<Listed> {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("#EXTM3U"), "{text}");
    assert_eq!(text.matches("#EXT-X-VERSION:").count(), 1, "{text}");
    let mut listed = Vec::new();
    while let Some(line) = lines.next() {
        let Some(attributes) = line.strip_prefix("#EXT-X-STREAM-INF:") else { continue };
        let of = |name: &str| {
            let rest = attributes.split(&format!("{name}=")).nth(1).unwrap_or_else(|| panic!("no {name} in {line}"));
            let quoted = rest.strip_prefix('"').and_then(|rest| rest.split('"').next());
            quoted.or_else(|| rest.split(',').next()).expect("a value").to_owned()
        };
        let number = |name: &str| of(name).parse::<f64>().expect("a number");
        let uri = lines.next().expect("an address").to_owned();
        let peak = attributes.strip_prefix("BANDWIDTH=").and_then(|rest| rest.split(',').next()?.parse().ok());
        let (peak, average) = (peak.expect("a number"), number("AVERAGE-BANDWIDTH"));
        listed.push(Listed { peak, average, codecs: of("CODECS"), name: of("NAME"), uri });
    }
    listed
}

/// Reads the playlist of a rendition, and checks what RFC 8216 says of it. Returns the initialisation section, and each
/// segment with its length in seconds.
pub fn media(text: &str) -> (String, Vec<(f64, String)>) {
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines[lines.len() - 1]), ("#EXTM3U", "#EXT-X-ENDLIST"), "{text}");
    let tag = |name: &str| {
        let values: Vec<_> = lines.iter().filter_map(|line| line.strip_prefix(name)).collect();
        assert_eq!(values.len(), 1, "{name} in {text}");
        values[0].to_owned()
    };
    assert_eq!((tag("#EXT-X-VERSION:"), tag("#EXT-X-PLAYLIST-TYPE:")), ("7".to_owned(), "VOD".to_owned()));
    assert_eq!(tag("#EXT-X-MEDIA-SEQUENCE:"), "0");
    let target: f64 = tag("#EXT-X-TARGETDURATION:").parse().expect("a number");
    let init = tag("#EXT-X-MAP:URI=").trim_matches('"').to_owned();
    let pairs = lines.iter().zip(&lines[1..]);
    let segments: Vec<(f64, String)> = pairs
        .filter_map(|(line, next)| {
            let seconds: f64 = line.strip_prefix("#EXTINF:")?.trim_end_matches(',').parse().expect("a length");
            assert!(seconds > 0.0 && seconds.round() <= target, "{line} with a target of {target}");
            Some((seconds, (*next).to_owned()))
        })
        .collect();
    (init, segments)
}

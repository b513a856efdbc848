//! How to subscribe to a feed: its address, links that open podcast apps with it, and a QR code for phones.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};
use serde::Serialize;
use url::Url;

use crate::web::address;
use crate::web::address::base::is_local;

/// The empty margin that readers of codes need, in modules (ISO/IEC 18004, section 5.3.8).
const MARGIN: usize = 4;

/// The values for the template.
#[derive(Debug, Serialize)]
pub struct Subscribe {
    /// The address of the feed.
    feed: String,
    apps: Vec<App>,
    /// `None` if no other device can reach the address, or if it is too long.
    code: Option<Code>,
    /// Whether the address works on this machine only.
    here_only: bool,
}

/// A link that opens an app.
#[derive(Debug, PartialEq, Serialize)]
struct App {
    name: &'static str,
    link: String,
}

/// A QR code as a drawing.
#[derive(Debug, Serialize)]
struct Code {
    /// Width and height in modules, with the margin.
    side: usize,
    /// The dark modules, as a path of SVG.
    path: String,
}

/// Returns the values for subscribing to `feed`.
pub fn subscribe(feed: &Url) -> Subscribe {
    let here_only = is_local(feed);
    let code = if here_only { None } else { code(feed.as_str()) };
    Subscribe { feed: feed.to_string(), apps: apps(feed), code, here_only }
}

/// Returns links that open apps, as the apps document them. No link leads over a third party's web site, and none makes
/// an app use plain HTTP for an HTTPS address: the address of a feed may hold a secret.
///
/// Overcast gets the whole address. The other links have no scheme, so the app decides. AntennaPod adds `http://` (its
/// `UrlChecker`), and a browser would rewrite `https://` behind another scheme; so for an HTTPS feed it gets no link,
/// and its user needs the address or the code. Pocket Casts adds `http://` too for `subscribe`, and has
/// `subscribehttps` for HTTPS (its `DeepLinkFactory`). Apple and Castro document only the link that is used here, and
/// hosts of private HTTPS feeds use it.
fn apps(feed: &Url) -> Vec<App> {
    let bare = address::bare(feed);
    let encoded: String = url::form_urlencoded::byte_serialize(feed.as_str().as_bytes()).collect();
    let is_secure = feed.scheme() == "https";
    let pocket_casts = if is_secure { "subscribehttps" } else { "subscribe" };
    let mut apps = vec![
        App { name: "Apple Podcasts", link: format!("podcast://{bare}") },
        App { name: "Overcast", link: format!("overcast://x-callback-url/add?url={encoded}") },
        App { name: "Pocket Casts", link: format!("pktc://{pocket_casts}/{bare}") },
        App { name: "Castro", link: format!("castros://subscribe/{bare}") },
    ];
    if !is_secure {
        apps.push(App { name: "AntennaPod", link: format!("antennapod-subscribe://{bare}") });
    }
    apps
}

fn code(text: &str) -> Option<Code> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|one, next| one == next) {
            if run[0] == Color::Dark {
                let length = run.len();
                let _ = write!(path, "M{} {}h{length}v1h-{length}z", x + MARGIN, y + MARGIN);
            }
            x += run.len();
        }
    }
    Some(Code { side: width + 2 * MARGIN, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(feed: &str) -> Vec<String> {
        apps(&Url::parse(feed).unwrap()).into_iter().map(|app| app.link).collect()
    }

    #[test]
    fn apps_are_opened_with_the_address_as_each_of_them_reads_it() {
        let links = links("https://radio.example.org:8443/shows/%EB%AA%85/feed.xml?token=a&b=c");
        let bare = "radio.example.org:8443/shows/%EB%AA%85/feed.xml?token=a&b=c";
        let encoded = "https%3A%2F%2Fradio.example.org%3A8443%2Fshows%2F%25EB%25AA%2585%2Ffeed.xml%3Ftoken%3Da%26b%3Dc";
        assert_eq!(links[0], format!("podcast://{bare}"));
        assert_eq!(links[1], format!("overcast://x-callback-url/add?url={encoded}"));
        assert_eq!(links[2], format!("pktc://subscribehttps/{bare}"));
    }

    #[test]
    fn no_link_makes_an_app_ask_over_plain_http_for_what_is_at_an_https_address() {
        let (secure, plain) = ("https://radio.example.org/feed.xml?token=a", "http://192.0.2.7:8080/feed.xml");
        for link in links(secure) {
            assert!(!link.starts_with("antennapod-subscribe:") && !link.starts_with("pktc://subscribe/"), "{link}");
        }
        assert!(links(plain).contains(&"antennapod-subscribe://192.0.2.7:8080/feed.xml".to_owned()));
        assert!(links(plain).contains(&"pktc://subscribe/192.0.2.7:8080/feed.xml".to_owned()));
    }

    #[test]
    fn a_code_is_only_made_of_addresses_that_other_devices_can_reach() {
        let subscribe_to = |feed: &str| subscribe(&Url::parse(feed).unwrap());
        let home = subscribe_to("http://127.0.0.1:8080/feed.xml");
        assert!(home.here_only && home.code.is_none());
        let known = subscribe_to("http://192.0.2.7:8080/feed.xml");
        let code = known.code.unwrap();
        assert!(!known.here_only);
        // Version 3 (29 modules) holds 42 bytes at level M; the finder of the first corner begins with a line of 7.
        assert_eq!(code.side, 29 + 8);
        assert!(code.path.starts_with("M4 4h7v1h-7z"), "{}", code.path);
        let long = format!("http://192.0.2.7/{}", "x".repeat(3_000));
        assert!(subscribe_to(&long).code.is_none());
    }
}

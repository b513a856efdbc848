//! The key `origins` of `web`: pages elsewhere whose scripts may play what is here.

use url::Url;

use crate::config::keys::Section;
use crate::config::values::{Auth, Complaint, Origins};
use crate::config::yaml::Problems;

/// All of them.
const EVERYBODY: &str = "*";

/// Reads the origins. `auth`: who may see the page, if that is right.
pub fn read(section: &Section<'_>, auth: Option<&Auth>, problems: &mut Problems) -> Origins {
    let mut origins = Origins::default();
    for (text, location) in section.words("origins", problems) {
        let text = text.trim();
        if text == EVERYBODY {
            if auth == Some(&Auth::Machine) {
                let complaint =
                    Complaint::new("`*` is every page, and without a password each could read what is recorded here");
                problems.add(location, complaint.hint("name the pages, such as `https://player.example.org`"));
            } else {
                origins.everybody = true;
            }
            continue;
        }
        match origin(text) {
            Ok(origin) => origins.named.push(origin),
            Err(complaint) => problems.add(location, complaint),
        }
    }
    origins
}

/// Parses an origin, as browsers write it (RFC 6454, section 6.2).
fn origin(text: &str) -> Result<String, Complaint> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(url) = url else {
        return Err(Complaint::new(format!("`{text}` is not the beginning of an address"))
            .hint("write for example `https://player.example.org`, or `*` for every page"));
    };
    let origin = url.origin().ascii_serialization();
    if text.trim_end_matches('/').eq_ignore_ascii_case(&origin) {
        return Ok(origin);
    }
    Err(Complaint::new(format!("`{text}` has more than scheme, host and port")).hint(format!("write `{origin}`")))
}

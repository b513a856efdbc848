//! The feeds of all shows, for apps that take [OPML 2.0](https://opml.org/spec2.opml).

use url::Url;

use super::super::address;
use super::super::text::escaped;
use crate::config::Config;

/// The list.
pub(super) fn list(config: &Config, base: &Url) -> String {
    let outlines: String = config
        .shows
        .iter()
        .map(|show| {
            let title = escaped(&show.title);
            let feed = escaped(address::feed(base, Some(&show.id)).as_str());
            let page = escaped(address::page(base, &show.id).as_str());
            format!(
                "    <outline type=\"rss\" text=\"{title}\" title=\"{title}\" xmlUrl=\"{feed}\" htmlUrl=\"{page}\"/>\n"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n  <head><title>aircheck</title></head>\n  \
         <body>\n{outlines}  </body>\n</opml>\n"
    )
}

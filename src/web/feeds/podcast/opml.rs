//! The list of the feeds of all shows, for apps that import [OPML 2.0](https://opml.org/spec2.opml).

use url::Url;

use crate::web::auth::Feed;
use crate::web::feeds::text::escaped;
use crate::web::{Site, address};

/// Returns the list.
pub(super) fn list(site: &Site, base: &Url) -> String {
    let config = site.config();
    let outlines: String = config
        .shows
        .iter()
        .map(|show| {
            let title = escaped(&show.title);
            let feed = site.signed(base.clone(), Feed::Of(&show.id));
            let feed = escaped(address::feed(&feed, Some(&show.id)).as_str());
            let page = escaped(address::page(base, Some(&show.id)).as_str());
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

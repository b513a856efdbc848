//! The description of the interface (OpenAPI), made from the handlers themselves.

use utoipa::OpenApi;
use utoipa::openapi::{OpenApi as Document, ServerBuilder};

use super::super::Site;
use super::problem::Written;

/// What is said of the interface as a whole.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "aircheck",
        description = "Recordings of radio shows, what is on the air and what comes next. Errors are problem details \
                       (RFC 9457), in words of the language that `Accept-Language` asks for, where we speak it; \
                       instants are RFC 3339.",
    ),
    components(schemas(Written)),
    tags(
        (name = "recordings", description = "What has been recorded"),
        (name = "airings", description = "What comes"),
        (name = "stations", description = "Where the sound comes from"),
        (name = "feeds", description = "Podcasts of the recordings, and the calendar"),
        (name = "events", description = "What happens, as it happens"),
    )
)]
pub(super) struct Head;

/// `document`, with the path under which a web server in front hands the interface on.
pub(super) fn placed(mut document: Document, site: &Site) -> Document {
    let root = site.root();
    let url = if root.is_empty() { "/".to_owned() } else { root };
    document.servers = Some(vec![ServerBuilder::new().url(url).build()]);
    document
}

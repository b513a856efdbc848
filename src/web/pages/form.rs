//! Reads what a form without scripts sends.

use url::form_urlencoded;

/// Returns a field of a form. `None` if it was not sent.
pub(super) fn field(body: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

//! The reasons of an error.

use std::error::Error;
use std::io;

use crate::base::redact;

/// The innermost reason, without secrets.
pub fn innermost(error: &(dyn Error + 'static)) -> String {
    let reason = chain(error).last().map(ToString::to_string).unwrap_or_default();
    redact::text(&reason)
}

/// An error and all its reasons, including what an [`io::Error`] wraps.
pub(super) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let this = next?;
        next = match this.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inside) => Some(inside),
            None => this.source(),
        };
        Some(this)
    })
}

/// Whether there was an answer, and hyper refused it because of something in its head.
pub(super) fn is_malformed(error: &(dyn Error + 'static)) -> bool {
    chain(error).filter_map(|reason| reason.downcast_ref::<hyper::Error>()).any(hyper::Error::is_parse)
}

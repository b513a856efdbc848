//! Errors and what they are made of.

use std::error::Error;
use std::io;

use crate::base::redact;

/// The reason below all others.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let reason = chain(error).last().map(ToString::to_string).unwrap_or_default();
    redact::text(&reason)
}

/// An error and all its reasons, what an [`io::Error`] is made of among them.
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

/// Whether there was an answer in which a strict reader found something that must not be there.
pub(super) fn is_odd(error: &(dyn Error + 'static)) -> bool {
    chain(error).filter_map(|reason| reason.downcast_ref::<hyper::Error>()).any(hyper::Error::is_parse)
}

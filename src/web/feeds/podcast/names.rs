//! Elements of other namespaces in a feed.

use std::collections::BTreeMap;

use rss::extension::{Extension, ExtensionMap};

/// Atom (RFC 4287).
pub(super) const ATOM: (&str, &str) = ("atom", "http://www.w3.org/2005/Atom");
/// The podcast namespace, by the address that its documents give.
pub(super) const PODCAST: (&str, &str) = ("podcast", "https://podcastindex.org/namespace/1.0");

/// Returns the declarations of both namespaces.
pub(super) fn declared() -> BTreeMap<String, String> {
    [ATOM, PODCAST].map(|(prefix, address)| (prefix.to_owned(), address.to_owned())).into()
}

/// Adds `<prefix:name attributes>value</prefix:name>`.
pub(super) fn add(
    extensions: &mut ExtensionMap,
    (prefix, _): (&str, &str),
    name: &str,
    attributes: &[(&str, &str)],
    value: Option<&str>,
) {
    let element = Extension {
        name: format!("{prefix}:{name}"),
        value: value.map(str::to_owned),
        attrs: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        children: BTreeMap::new(),
    };
    extensions.entry(prefix.to_owned()).or_default().entry(name.to_owned()).or_default().push(element);
}

//! The names of copies in the store.

use std::path::Path;

use tracing::warn;

use crate::config::{Config, ObjectStore, Values};
use crate::library::catalogue::Recording;

/// Returns the name of the copy of a recording that has `file`, with the prefix; numbers above 1 are for names that are
/// taken. By default it is the name of the file.
pub(super) fn name(rule: &ObjectStore, config: &Config, recording: &Recording, file: &Path, number: u32) -> String {
    let template = rule.name.as_ref().and_then(|template| {
        let values = Values {
            show: recording.title.clone(),
            show_id: recording.show.to_string(),
            station: config.station_name(&recording.station).to_owned(),
            station_id: recording.station.to_string(),
            start: recording.on_air.start,
            end: recording.on_air.end,
            length: recording.on_air.length(),
            timezone: recording.timezone,
        };
        let rendered = template.render(&values).map(|name| cleaned(&name));
        rendered.inspect_err(|error| warn!(%error, "a copy gets the name of its file")).ok()
    });
    let stem = template
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| file.with_extension("").to_string_lossy().into_owned());
    let counted = if number > 1 { format!(" ({number})") } else { String::new() };
    format!("{}{stem}{counted}.{}", rule.prefix, recording.codec().extension())
}

/// Returns a name without empty folders, and without those that an address cannot have.
pub fn cleaned(name: &str) -> String {
    let plain = |part: &str| part.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned();
    let parts = name.split('/').map(plain).filter(|part| !matches!(part.as_str(), "" | "." | ".."));
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_folder_that_an_address_cannot_have() {
        assert_eq!(cleaned("/뉴스//../ a b /./c\n"), "뉴스/a b/c");
        assert_eq!(cleaned("../.."), "");
    }
}

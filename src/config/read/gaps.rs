//! The keys `gaps` and `dead_air`, at the top of the file or in a show.

use crate::config::keys::Section;
use crate::config::values::{Complaint, DeadAirRule, GapPolicy, units};
use crate::config::yaml::{Content, Problems};

/// Reads `gaps`; `default` holds if the key is not written.
pub fn gaps(section: &Section<'_>, default: GapPolicy, problems: &mut Problems) -> GapPolicy {
    let gaps = section.read("gaps", problems, |text| match text.trim() {
        "skip" => Ok(GapPolicy::Skip),
        "silence" => Ok(GapPolicy::Silence),
        other => Err(Complaint::new(format!("`gaps` cannot be `{other}`")).hint("write `skip` or `silence`")),
    });
    gaps.unwrap_or(default)
}

/// Reads `dead_air`, key by key over `default`. `None` if no silence counts as dead air.
pub fn dead_air(section: &Section<'_>, default: Option<DeadAirRule>, problems: &mut Problems) -> Option<DeadAirRule> {
    match section.get("dead_air").map(|entry| &entry.value.content) {
        None => return default,
        Some(Content::Bool(false)) => return None,
        Some(Content::Bool(true)) => return Some(default.unwrap_or_default()),
        Some(_) => {}
    }
    let default = default.unwrap_or_default();
    let Some(keys) = section.section("dead_air", problems) else { return Some(default) };
    let below = keys.read("below", problems, units::level);
    let longer_than = keys.read("longer_than", problems, |text| match units::duration(text)? {
        length if length.is_zero() => {
            Err(Complaint::new("everything is longer than 0 s").hint("write for example `longer_than: 30s`"))
        }
        length => Ok(length),
    });
    Some(DeadAirRule { below: below.unwrap_or(default.below), longer_than: longer_than.unwrap_or(default.longer_than) })
}

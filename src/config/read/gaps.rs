//! What becomes of what is missing or silent, and how it is told: `gaps`, `dead_air` and `id3`, at the top of the file or
//! in a show.

use crate::config::keys::Section;
use crate::config::values::{Complaint, DeadAirRule, Gaps, Id3, Treatment, units};
use crate::config::yaml::{Content, Problems};

/// Reads the keys of `section`, key by key over `default`.
pub fn treatment(section: &Section<'_>, default: Treatment, problems: &mut Problems) -> Treatment {
    let gaps = section.read("gaps", problems, |text| match text.trim() {
        "skip" => Ok(Gaps::Skip),
        "silence" => Ok(Gaps::Silence),
        other => Err(Complaint::new(format!("`gaps` cannot be `{other}`")).hint("write `skip` or `silence`")),
    });
    let id3 = section.read("id3", problems, |text| match text.trim() {
        "2.4" => Ok(Id3::V24),
        "2.3" => Ok(Id3::V23),
        other => Err(Complaint::new(format!("`id3` cannot be `{other}`")).hint("write `2.4` or `2.3`")),
    });
    Treatment {
        gaps: gaps.unwrap_or(default.gaps),
        dead_air: dead_air(section, default.dead_air, problems),
        id3: id3.unwrap_or(default.id3),
    }
}

fn dead_air(section: &Section<'_>, default: Option<DeadAirRule>, problems: &mut Problems) -> Option<DeadAirRule> {
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

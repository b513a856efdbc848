//! The key `hls` at the top of the file: recordings as HLS.

use crate::config::keys::Section;
use crate::config::values::{Complaint, HlsRule, hls, parse_or_suggest};
use crate::config::yaml::{Content, Problems};

/// Reads `hls`, key by key over its defaults. `None` if it is not written.
pub fn read(section: &Section<'_>, problems: &mut Problems) -> Option<HlsRule> {
    let default = HlsRule::default();
    if !matches!(section.get("hls")?.value.content, Content::Map(_)) {
        return rates(section, "hls", problems).map(|rates| HlsRule { rates, ..default });
    }
    let keys = section.section("hls", problems)?;
    let rates = keys.get("renditions").and_then(|_| rates(&keys, "renditions", problems));
    Some(HlsRule {
        rates: rates.unwrap_or(default.rates),
        segment: keys.read("segment", problems, hls::segment).unwrap_or(default.segment),
        ahead: keys.flag("ahead", problems).unwrap_or(default.ahead),
        cache: keys.read("cache", problems, hls::cache).unwrap_or(default.cache),
    })
}

/// Reads a list of bit rates. `None` if something is wrong with it, which is reported.
fn rates(section: &Section<'_>, name: &str, problems: &mut Problems) -> Option<Vec<u32>> {
    let mut rates = Vec::new();
    for (text, location) in section.words(name, problems) {
        match parse_or_suggest(text, hls::rate) {
            Ok(rate) if rates.contains(&rate) => {
                let complaint = Complaint::new(format!("`{}` stands twice here", text.trim()));
                problems.add(location, complaint.hint("take one of them out"));
            }
            Ok(rate) => rates.push(rate),
            Err(complaint) => problems.add(location, complaint),
        }
    }
    let entry = section.get(name)?;
    if matches!(&entry.value.content, Content::List(items) if items.is_empty()) {
        let complaint = Complaint::new(format!("`{name}` names no bit rate"));
        problems.add(entry.value.location, complaint.hint(format!("write for example `{name}: [320k, 128k, 64k]`")));
    }
    (!rates.is_empty()).then_some(rates)
}

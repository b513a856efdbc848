//! What is written of the titles of a station.

use std::path::Path;

use super::{checks, find};
use crate::config::keys::Section;
use crate::config::values::{Complaint, TitleAddress, TitleRule, titles, units};
use crate::config::yaml::Problems;

/// Reads the `titles` of a station.
pub fn read(station: &Section<'_>, folder: &Path, problems: &mut Problems) -> TitleRule {
    let Some(keys) = station.section("titles", problems) else { return TitleRule::default() };
    let delay = keys.read("delay", problems, units::offset).unwrap_or_default();
    // An empty pattern would leave out every title.
    let pattern = |text: &str| match text.trim() {
        "" => Err(Complaint::new("`leave_out` is empty").hint("write for example `leave_out: '^KBS'`, or take it out")),
        _ => checks::pattern(text),
    };
    let leave_out = keys.one_or_more("leave_out", problems, pattern);
    let steps = keys.list("find", problems).and_then(|nodes| find::steps(&keys, nodes, folder, problems));
    let every = keys.read("every", problems, titles::every).unwrap_or(titles::USUAL);
    if let (Some(entry), None) = (keys.get("every"), keys.get("find")) {
        let complaint = Complaint::new("`every` belongs to a `find`, and these `titles` have none");
        problems
            .add(entry.location, complaint.hint("add `find:`, the steps that find what plays, or take `every` out"));
    }
    TitleRule { delay, leave_out, asked: steps.map(|steps| TitleAddress { steps, every }) }
}

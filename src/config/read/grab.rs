//! The key `grab`.

use crate::config::keys::Section;
use crate::config::values::{Complaint, Grabs, units};
use crate::config::yaml::Problems;

/// Reads `grab` of the file.
pub fn read(file: &Section<'_>, problems: &mut Problems) -> Grabs {
    let default = Grabs::default();
    let Some(section) = file.section("grab", problems) else { return default };
    let parallel = section.integer("parallel", problems).and_then(|number| usize::try_from(number).ok());
    let largest = section.read("largest", problems, |text| match units::size(text)? {
        0 => Err(Complaint::new("nothing has 0 bytes").hint("write for example `largest: 20 GiB`")),
        size => Ok(size),
    });
    Grabs { parallel: parallel.unwrap_or(default.parallel), largest: largest.unwrap_or(default.largest) }
}

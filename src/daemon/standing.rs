//! How things stand, in one line for `systemctl status`.

use chrono::{DateTime, Utc};

use crate::recorder::Current;
use crate::schedule::programme::Programme;

/// So many skipped airings in a row are looked past.
const LOOK_AHEAD: usize = 100;

/// For example `recording KBS 1FM until 16:00; next EBS FM 20:00`. Times are by the clocks of the shows.
pub(super) fn describe(recording: &[Current], programme: &Programme, now: DateTime<Utc>) -> String {
    let mut parts: Vec<String> = recording
        .iter()
        .map(|current| {
            let until = current.airing.cut().end.with_timezone(&current.airing.timezone);
            let verb = if current.airing.cut().end <= now { "finishing" } else { "recording" };
            format!("{verb} {} until {}", current.station, until.format("%H:%M"))
        })
        .collect();
    let taken = |id| recording.iter().any(|current| current.airing.id == id);
    let coming = programme.coming(now, LOOK_AHEAD + recording.len());
    match coming.into_iter().find(|next| !next.skipped && !taken(next.airing.id.clone())) {
        Some(next) => {
            let (airing, config) = (next.airing, programme.config());
            let station = config.station(&airing.station).map_or(airing.station.as_str(), |s| s.name.as_str());
            let start = airing.on_air.start.with_timezone(&airing.timezone);
            let today = start.date_naive() == now.with_timezone(&airing.timezone).date_naive();
            let format = if today { "%H:%M" } else { "%a %d %b %H:%M" };
            parts.push(format!("next {station} {}", start.format(format)));
        }
        None => parts.push("nothing is planned".to_owned()),
    }
    parts.join("; ")
}

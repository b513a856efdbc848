//! What was added, in words.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::airings::plan;
use crate::base::clock::SystemClock;
use crate::cli::locate;
use crate::config::{Config, Show, Station, keep_text};
use crate::daemon::Lock;
use crate::language::Language;

/// What was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Added {
    /// A show.
    Show,
    /// A station, and what was heard of it.
    Station(String),
}

/// Says what `after` has that `before` had not, and what happens next.
pub(super) fn words(added: &Added, before: Option<&Config>, after: &Config, target: &Path) -> String {
    let now = SystemClock::shared().now();
    let mut text = String::new();
    let (file, aircheck) = (target.display(), locate::command(&after.file));
    match added {
        Added::Station(heard) => {
            let is_new = |station: &&Arc<Station>| before.is_none_or(|before| before.station(&station.id).is_none());
            let Some(station) = after.stations.iter().rfind(is_new) else { return text };
            let (id, zone) = (&station.id, station.timezone);
            let _ = writeln!(text, "{file} has the station {id} now ({}): {heard}.", station.name);
            let _ = writeln!(text, "To record an hour of it every day at 14:00 ({zone}):");
            let _ = writeln!(text, "  {aircheck} add --station {id} --cron \"0 14 * * *\" --length 1h");
        }
        Added::Show => {
            let is_new = |show: &&Arc<Show>| before.is_none_or(|before| before.show(&show.id).is_none());
            let Some(show) = after.shows.iter().rfind(is_new) else { return text };
            let _ = writeln!(text, "{file} has the show {} now ({}).", show.id, show.title);
            let _ = writeln!(text, "{}", when(show, now));
        }
    }
    if Lock::output_in_use(&after.state).is_some() {
        text.push_str("The service that runs takes it up by itself, within a few seconds.\n");
    } else {
        let _ = writeln!(text, "`{aircheck} run` records; a service that runs takes it up by itself.");
    }
    text
}

/// Says when a show is on the air, and when next.
fn when(show: &Arc<Show>, now: DateTime<Utc>) -> String {
    let schedule = show.cron.describe(Language::english());
    let length = keep_text(show.length);
    let next = plan::coming(std::slice::from_ref(show), now, 1);
    match next.first() {
        Some(airing) => {
            let start = airing.on_air.start.with_timezone(&airing.timezone);
            format!("It is on the air {schedule} for {length}, next {}.", start.format("on %A, %Y-%m-%d at %H:%M %Z"))
        }
        None => format!("It is on the air {schedule} for {length}, which never comes."),
    }
}

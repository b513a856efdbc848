//! Shows whose ids changed with their titles. To a schedule they are others; to whoever edited the file they are not.

use crate::config::{Config, Show};
use crate::model::ShowId;

/// The shows of `old` that `new` has no longer, each with the only one of those that are new which airs at the same times on
/// the same station.
pub(super) fn renamed<'a>(old: &'a Config, new: &'a Config) -> Vec<(&'a ShowId, &'a ShowId)> {
    let gone = old.shows.iter().filter(|show| new.show(&show.id).is_none());
    let added: Vec<&Show> = new.shows.iter().filter(|show| old.show(&show.id).is_none()).map(AsRef::as_ref).collect();
    gone.filter_map(|gone| {
        let mut alike = added.iter().filter(|added| {
            added.station == gone.station
                && added.cron.text() == gone.cron.text()
                && added.length == gone.length
                && added.timezone == gone.timezone
        });
        let first = alike.next()?;
        alike.next().is_none().then_some((&gone.id, &first.id))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config(shows: &[(&str, &str, &str)]) -> Config {
        let shows: String = shows
            .iter()
            .map(|(title, cron, length)| {
                format!("  - {{ title: {title}, station: s, cron: \"{cron}\", length: {length} }}\n")
            })
            .collect();
        let text = format!("timezone: UTC\nstations:\n  s: {{ hls: https://h.example/x }}\nshows:\n{shows}");
        Config::parse(&text, Path::new("stations.yaml")).unwrap()
    }

    #[test]
    fn a_show_that_is_gone_and_one_that_is_new_at_the_same_times_are_one() {
        let old = config(&[("News", "0 9 * * *", "1h"), ("Talk", "0 10 * * *", "1h")]);
        let of = |shows: &[(&str, &str, &str)]| {
            let new = config(shows);
            renamed(&old, &new).into_iter().map(|(old, new)| format!("{old}>{new}")).collect::<Vec<_>>()
        };
        assert_eq!(of(&[("News at nine", "0 9 * * *", "1h"), ("Talk", "0 10 * * *", "1h")]), ["news>news-at-nine"]);
        assert_eq!(of(&[("Other", "0 9 * * *", "2h"), ("Talk", "0 10 * * *", "1h")]), [""; 0]);
        assert_eq!(of(&[("A", "0 9 * * *", "1h"), ("B", "0 9 * * *", "1h")]), [""; 0], "nobody knows which");
        assert_eq!(of(&[("Talk", "0 9 * * *", "1h")]), [""; 0], "it was there before");
    }
}

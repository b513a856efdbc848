//! What holds for every station file, as checks that panic if it does not hold.
#![expect(clippy::missing_panics_doc, reason = "to panic is all they do")]

use std::path::Path;

use chrono::{DateTime, SecondsFormat};

use super::{Config, MomentError, parse_moment};
use crate::base::zone::Zone;

/// Zones whose clocks change by an hour or by half of one, at midnight too, or never.
const ZONES: [&str; 6] =
    ["Asia/Seoul", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Africa/Monrovia"];

/// Any file is either read, or refused with problems in lines that exist.
pub fn config(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().count().max(1);
    match Config::parse(&text, Path::new("/nowhere/stations.yaml")) {
        Ok(config) => {
            assert!(config.shows.iter().all(|show| config.station(&show.station).is_some()));
        }
        Err(errors) => {
            assert!(!errors.problems.is_empty(), "refused without a reason");
            for problem in &errors.problems {
                assert!(!problem.message.is_empty());
                assert!(problem.line <= lines, "line {} of {lines}: {}", problem.line, problem.message);
            }
            assert!(!errors.to_string().is_empty());
        }
    }
}

/// Any text is either an instant, or refused with what to write; the instants that are offered for it can be read. The
/// first byte says by which clocks.
pub fn moment(bytes: &[u8]) {
    let [zone, text @ ..] = bytes else { return };
    let Some(Ok(zone)) = ZONES.get(usize::from(*zone) % ZONES.len()).map(|name| name.parse::<Zone>()) else { return };
    let Some(now) = DateTime::from_timestamp(1_795_220_000, 0) else { return };
    match parse_moment(&String::from_utf8_lossy(text), zone, now) {
        Ok(at) => {
            let again = parse_moment(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true), zone, now);
            assert_eq!(again, Ok(at), "written in RFC 3339");
        }
        Err(error) => {
            if let MomentError::LeftOut { earlier: one, later: other, .. }
            | MomentError::Twice { first: one, second: other, .. } = &error
            {
                let [one, other] = [one, other].map(|offered| parse_moment(offered, zone, now).ok());
                assert!(one.is_some() && one < other, "{error}");
            }
            assert!(error.to_string().contains("write"), "{error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::corpus;

    #[test]
    fn every_file_is_read_or_refused_with_problems() {
        corpus::check("config", 500, config);
    }

    #[test]
    fn every_text_is_an_instant_or_refused_with_what_to_write() {
        corpus::check("moment", 3000, moment);
    }
}

//! What holds for every station file, as checks that panic if it does not hold.
#![expect(clippy::missing_panics_doc, reason = "to panic is all they do")]

use std::path::Path;

use super::Config;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::corpus;

    #[test]
    fn every_file_is_read_or_refused_with_problems() {
        corpus::check("config", 500, config);
    }
}

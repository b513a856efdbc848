//! What holds for every station file, as checks that panic where it does not.
#![expect(clippy::missing_panics_doc, reason = "to panic is all they do")]

use std::path::Path;

use super::Config;

/// Whatever somebody saves as their stations is either understood or complained about at places that exist.
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
    fn every_file_is_understood_or_complained_about() {
        corpus::check("config", 500, config);
    }
}

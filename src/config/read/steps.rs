//! The steps of a `find` that are written on a command line, each as it stands in the file: `match: "src=\"(.*?)\""`.
//!
//! Whoever writes them is the one who runs the command: all steps may be used, programs as well.

use std::fmt::Write as _;
use std::path::Path;

use super::station;
use crate::base::zone::Zone;
use crate::config::values::{Address, Find, SourceConfig};
use crate::config::yaml::{self, ConfigErrors, Problems};
use crate::model::StationId;

/// Reads steps. If the first of them neither gets a page nor runs a program, `page` is got before it.
///
/// # Errors
/// One of them is wrong; the text says what to write.
pub fn parse_steps(page: &str, steps: &[String]) -> Result<Vec<Find>, String> {
    let begins = |step: &String| {
        ["get:", "run:"].iter().any(|key| step.trim_start().trim_start_matches('{').trim_start().starts_with(key))
    };
    let mut text = "hls:\n  find:\n".to_owned();
    if !steps.first().is_some_and(begins) {
        // JSON is YAML.
        let _ = writeln!(text, "    - get: {}", serde_json::Value::from(page));
    }
    for step in steps {
        let _ = writeln!(text, "    - {}", step.trim());
    }
    let mut problems = Problems::default();
    let id = StationId::new("find");
    let station =
        yaml::parse(&text, &mut problems).and_then(|node| station::ad_hoc(&node, &id, Zone::utc(), &mut problems));
    problems.into_result(Path::new("--find"), &text).map_err(ConfigErrors::in_a_line)?;
    match station.map(|station| station.source) {
        Some(SourceConfig::Hls(hls)) => match hls.address {
            Address::Find(steps) => Ok(steps),
            Address::Url(_) => Err("these are no steps".to_owned()),
        },
        _ => Err("these are no steps".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Step;

    fn parse(steps: &[&str]) -> Result<Vec<Step>, String> {
        let steps: Vec<String> = steps.iter().map(|step| (*step).to_owned()).collect();
        Ok(parse_steps("https://tv.example/film?a=\"1\"", &steps)?.into_iter().map(|find| find.step).collect())
    }

    #[test]
    fn steps_are_read_as_those_of_the_file_and_begin_with_the_page() {
        let steps = parse(&[r"select: script.player", r#"match: 'file": "([^"]+)"'"#]).unwrap();
        let Step::Get { url: Some(url), .. } = &steps[0] else { panic!("{steps:?}") };
        assert_eq!(url.as_str(), "https://tv.example/film?a=%221%22");
        assert!(matches!(&steps[1], Step::Select { css, .. } if css == "script.player"));
        assert!(matches!(&steps[2], Step::Match { pattern } if pattern.as_str() == r#"file": "([^"]+)""#));
        let steps = parse(&["{ get: https://api.example/17, headers: { Accept: text/json } }", "json: $.url"]).unwrap();
        assert_eq!(steps.len(), 2, "it says itself where it begins: {steps:?}");
        assert!(
            matches!(&parse(&["run: [player, --address]"]).unwrap()[0], Step::Run { command } if command.len() == 2)
        );
    }

    #[test]
    fn a_step_that_is_wrong_is_told_with_what_to_write() {
        for (steps, words) in [
            (&["mtach: x"][..], "write `match`"),
            (&["match: '('"], "regular expression"),
            (&["{ attr: href }"], "attr"),
        ] {
            let error = parse(steps).unwrap_err();
            assert!(error.contains(words), "{steps:?} does not say {words}: {error}");
        }
    }
}

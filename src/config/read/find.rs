//! The steps of a `find`, and the headers of requests.

use std::path::Path;

use super::checks;
use crate::base::http;
use crate::config::keys::{HTTP, STEP, Section};
use crate::config::values::{Complaint, Find, Step, secret};
use crate::config::yaml::{Content, Node, Problems};

/// Reads the headers of a section.
pub fn headers(keys: &Section<'_>, folder: &Path, problems: &mut Problems) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for (entry, value) in keys.pairs("headers", problems) {
        match secret::reveal(value, folder) {
            Err(complaint) => problems.add(entry.value.location, complaint),
            Ok(value) => {
                let header = (entry.key.clone(), value.into_owned());
                if http::header_map(std::slice::from_ref(&header)).is_err() {
                    let message = format!("the header `{}` or its value cannot be sent over HTTP", entry.key);
                    let hint = "write it like `Referer: \"https://…\"`, in letters of ASCII";
                    problems.add(entry.location, Complaint::new(message).hint(hint));
                }
                headers.push(header);
            }
        }
    }
    headers
}

/// Reads the steps of a `find` in the section `keys`. `None` if one of them is wrong, which is reported.
pub fn steps(keys: &Section<'_>, nodes: &[Node], folder: &Path, problems: &mut Problems) -> Option<Vec<Find>> {
    if nodes.is_empty() {
        let complaint = Complaint::new("`find` has no steps").hint("begin with `- get: https://…`");
        problems.add(keys.location, complaint);
        return None;
    }
    let mut found = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let number = index + 1;
        let owner = format!("step {number} of `find`");
        let Some(section) = Section::open(node, &owner, node.location, &STEP, problems) else { continue };
        found.extend(step(number, &section, folder, problems).map(|step| Find { number, step }));
    }
    // Without the step that is wrong, the others would find something else.
    (found.len() == nodes.len()).then_some(found)
}

fn step(number: usize, step: &Section<'_>, folder: &Path, problems: &mut Problems) -> Option<Step> {
    for (companion, owner) in [("headers", "get"), ("attr", "select")] {
        if let (Some(entry), None) = (step.get(companion), step.get(owner)) {
            let complaint = Complaint::new(format!("`{companion}` belongs to a `{owner}`, and this step has none"));
            problems.add(entry.location, complaint);
        }
    }
    let first_only = |problems: &mut Problems| {
        if number == 1 {
            let complaint = Complaint::new("the first step has nothing to work on yet");
            problems.add(step.location, complaint.hint("begin with `- get: https://…`, or with `- run: […]`"));
        }
    };
    if let Some(entry) = step.get("get") {
        let headers = headers(step, folder, problems);
        if matches!(entry.value.content, Content::Nothing) {
            first_only(problems);
            return Some(Step::Get { url: None, headers });
        }
        let url = step.read("get", problems, |text| checks::url(text, folder, HTTP))?;
        return Some(Step::Get { url: Some(url), headers });
    }
    if step.get("run").is_some() {
        if step.list("run", problems)?.is_empty() {
            problems
                .add(step.location, Complaint::new("`run` names no program").hint("write `run: [program, argument]`"));
            return None;
        }
        let command = step.words("run", problems).into_iter().map(|(word, _)| word.to_owned()).collect();
        return Some(Step::Run { command });
    }
    first_only(problems);
    if step.get("select").is_some() {
        let attribute = step.text("attr", problems);
        let css = step.read("select", problems, checks::selector)?;
        return Some(Step::Select { css, attribute });
    }
    if step.get("json").is_some() {
        return Some(Step::Json { path: step.read("json", problems, checks::json_path)? });
    }
    Some(Step::Match { pattern: step.read("match", problems, checks::pattern)? })
}

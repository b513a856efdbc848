//! From text to a tree of nodes, past mistakes of YAML itself.
//!
//! One unquoted `*/10 * * * *` must not hide the other mistakes of the file. So a line that is not YAML is reported and
//! repaired, mostly by quotes, and the file is parsed again.

use super::characters;
use super::location::Location;
use super::node::Node;
use super::problem::Problems;
use super::repair::{self, Mistake};
use crate::config::values::Complaint;

/// The most lines that are repaired in one run.
const MAX_REPAIRS: usize = 50;

/// Characters that two quotes take.
const QUOTES: isize = 2;

/// What a hint says of a mistake that could not be repaired.
const UNCHECKED: &str = "what follows could not be checked yet";

/// Parses `text`. `None` if it is empty or cannot be repaired, which is reported to `problems`.
pub fn parse(text: &str, problems: &mut Problems) -> Option<Node> {
    let mut text = characters::clean(text, problems).into_owned();
    for _ in 0..MAX_REPAIRS {
        let error = match Node::parse(&text) {
            Ok(Some(node)) => return Some(node),
            Ok(None) => {
                let complaint = Complaint::new("the file is empty").hint("begin with `stations:` and `shows:`");
                problems.add(Location::TOP, complaint);
                return None;
            }
            Err(error) => error,
        };
        let number = error.location.line;
        if let Some(Mistake { location, complaint, repaired: Some(repaired) }) = repair::unquoted_cron(&text, number) {
            problems.add(location, complaint);
            problems.shift(location, QUOTES);
            text = repaired;
            continue;
        }
        if let Some([message, hint]) = error.advice {
            problems.add(error.location, Complaint::new(message).hint(format!("{hint}; {UNCHECKED}")));
            return None;
        }
        let Mistake { location, complaint, repaired } = repair::mistake(&text, &error);
        let Some(repaired) = repaired else {
            let hint = complaint.hint.clone().map_or_else(String::new, |hint| format!("{hint}; "));
            problems.add(location, complaint.hint(format!("{hint}{UNCHECKED}")));
            return None;
        };
        problems.add(location, complaint);
        text = repaired;
    }
    None
}

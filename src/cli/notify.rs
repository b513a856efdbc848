//! `aircheck notify --test`: sends a test message to the targets of `notify` now, and prints what each answers. It needs no
//! service, and may run beside it.

use serde::Serialize;

use super::exit::{DONE, FAILED, USAGE};
use super::logging;
use super::print::{print, print_json, table};
use super::runtime::block_on;
use crate::base::environment::Environment;
use crate::config::Config;
use crate::notify::{Tried, try_all};

/// What became of one test, for scripts.
#[derive(Debug, Serialize)]
struct Row {
    target: String,
    place: String,
    ok: bool,
    answer: String,
}

/// Tries all targets, or the one with this name. Exit code 1 if one of them has not taken the message, 2 if there is none.
pub(super) fn run(config: &Config, target: Option<&str>, json: bool) -> anyhow::Result<u8> {
    logging::begin("off");
    let is_asked = |name: &str| target.is_none_or(|target| target == name);
    let targets: Vec<_> = config.notify.iter().filter(|target| is_asked(&target.name)).cloned().collect();
    if targets.is_empty() {
        eprintln!("aircheck: {}", none(config, target));
        return Ok(USAGE);
    }
    let tried = block_on(async { try_all(targets, &Environment::system()).await })??;
    let row = |Tried { target, answer }: Tried| Row {
        target: target.name.clone(),
        place: target.place(),
        ok: answer.is_taken(),
        answer: answer.words().to_owned(),
    };
    let rows: Vec<Row> = tried.into_iter().map(row).collect();
    if json {
        print_json(&rows)?;
    } else {
        let line = |row: &Row| {
            let ok = if row.ok { "ok" } else { "FAILED" };
            [row.target.clone(), row.place.clone(), ok.to_owned(), row.answer.clone()]
        };
        print(&table("", &rows.iter().map(line).collect::<Vec<_>>()))?;
    }
    Ok(if rows.iter().all(|row| row.ok) { DONE } else { FAILED })
}

/// Says that there is no such target, and which there are.
fn none(config: &Config, target: Option<&str>) -> String {
    let names: Vec<&str> = config.notify.iter().map(|target| target.name.as_str()).collect();
    let file = config.file.display();
    match target {
        Some(target) if !names.is_empty() => {
            format!("{file} has no target `{target}`; it can be {}", names.join(", "))
        }
        _ => format!(
            "{file} has no `notify` targets: add for example `notify: [{{ name: phone, ntfy: https://ntfy.sh/my-topic }}]`"
        ),
    }
}

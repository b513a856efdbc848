//! `aircheck schema`: prints the JSON Schema of the station YAML, for editors.

use super::print::print_json;
use crate::config::Config;

/// Prints the schema.
pub fn run() -> anyhow::Result<u8> {
    print_json(&Config::schema())?;
    Ok(0)
}

//! Leaving a test out because the machine lacks something.

use std::io::Write as _;

/// Says which test is left out because it lacks a tool, such as `axe-core: tests/axe/fetch brings it`.
///
/// # Panics
/// If all tools must be there (`AIRCHECK_REQUIRE_ALL=1`, as `.ci/run` sets it): a test that is left out there holds nothing.
pub fn without(tool: &str) {
    assert!(std::env::var_os("AIRCHECK_REQUIRE_ALL").is_none(), "AIRCHECK_REQUIRE_ALL is set, and there is no {tool}");
    skipped(tool);
}

/// Says which test is left out because this user or this system may not do what it needs.
pub fn skipped(lack: &str) {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    // Not captured, as `eprintln!` would be: whoever reads the log must see it.
    let _ = writeln!(std::io::stderr(), "\nSKIPPED {name}: it needs {lack}");
}

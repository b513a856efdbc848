//! Skips a test because the machine lacks something.

use std::io::Write as _;

/// Prints which test is skipped because a tool is missing, such as `axe-core: tests/axe/fetch brings it`.
///
/// # Panics If all tools must be there (`AIRCHECK_REQUIRE_ALL=1`, as `.ci/run` sets it): a skipped test would prove
/// nothing there.
pub fn without(tool: &str) {
    assert!(std::env::var_os("AIRCHECK_REQUIRE_ALL").is_none(), "AIRCHECK_REQUIRE_ALL is set, and there is no {tool}");
    skipped(tool);
}

/// Prints which test is skipped because this user or system may not do what it needs.
pub fn skipped(lack: &str) {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    // Written directly, because `eprintln!` would be captured and the log must show it.
    let _ = writeln!(std::io::stderr(), "\nSKIPPED {name}: it needs {lack}");
}

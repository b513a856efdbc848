//! `aircheck completions`: the script by which a shell completes the arguments.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::arguments::Arguments;
use super::exit::DONE;
use super::print::print;

/// Prints the script.
pub(super) fn run(shell: Shell) -> anyhow::Result<u8> {
    // The generator panics if it cannot write, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "aircheck", &mut script);
    print(&String::from_utf8(script)?)?;
    Ok(DONE)
}

//! `aircheck completions`: what a shell needs to complete our words.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::arguments::Arguments;

/// Prints the script.
pub(super) fn run(shell: Shell) {
    clap_complete::generate(shell, &mut Arguments::command(), "aircheck", &mut std::io::stdout());
}

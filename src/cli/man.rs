//! `aircheck man`: the manual pages, from the definitions of the command line. For those who make packages.

use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;

use super::arguments::Arguments;
use super::exit::DONE;

/// Writes `aircheck.1`, and `aircheck-NAME.1` for each command, into `folder`, which is made if it is missing.
pub(super) fn run(folder: &Path) -> anyhow::Result<u8> {
    let failed = || format!("the manual pages cannot be written to {}", folder.display());
    std::fs::create_dir_all(folder).with_context(failed)?;
    clap_mangen::generate_to(Arguments::command(), folder).with_context(failed)?;
    Ok(DONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_that_help_lists_has_a_page_that_says_what_it_does() {
        let folder = tempfile::tempdir().unwrap();
        let pages = folder.path().join("man1");
        run(&pages).unwrap();
        let page = |name: &str| std::fs::read_to_string(pages.join(name)).unwrap_or_default();
        assert!(page("aircheck.1").contains("Exit codes: 0 done"), "{}", page("aircheck.1"));
        for command in Arguments::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let about = command.get_about().unwrap().to_string();
            // Hyphens and points at the beginning of a line are escaped in a page.
            let first = about.split(|c: char| !c.is_alphanumeric()).next().unwrap();
            assert!(page(&format!("aircheck-{}.1", command.get_name())).contains(first), "{}", command.get_name());
        }
        assert_eq!(page("aircheck-man.1"), "", "it is for those who make packages");
    }
}

//! Arguments in, exit code out.

fn main() -> std::process::ExitCode {
    aircheck::cli::main()
}

//! Runs the real binary in a temporary folder.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::folder;
use super::pace::Pace;
use super::skip;

/// How long a stopped aircheck may take to end on a busy machine.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// A folder with a `stations.yaml`, in which aircheck runs.
pub struct Aircheck {
    folder: TempDir,
    /// Spaces the reads of the list.
    listed: Pace,
}

/// The result of a command.
#[derive(Debug, Clone)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Returns what it printed, as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}\n{}\n{}", self.code, self.stdout, self.stderr)
    }
}

impl Aircheck {
    /// Returns a folder with `yaml` as the configuration; tape and recordings stay in it.
    pub fn new(yaml: &str) -> Self {
        Self::within(tempfile::tempdir().expect("a temporary folder"), yaml)
    }

    /// Returns what [`Aircheck::new`] does, in a folder that every user reaches.
    pub fn for_everybody(yaml: &str) -> Self {
        Self::within(folder::for_everybody(), yaml)
    }

    fn within(folder: TempDir, yaml: &str) -> Self {
        let this = Self { folder, listed: Pace::new() };
        this.write(yaml);
        this
    }

    /// Writes another configuration. If it has no `web`, the page gets any free port.
    pub fn write(&self, yaml: &str) {
        let head = "state: state\noutput: recordings\nmin_free: 1 MiB\n";
        let web = if yaml.starts_with("web:") { "" } else { "web: { listen: \"127.0.0.1:0\" }\n" };
        std::fs::write(self.path("stations.yaml"), format!("{head}{web}{yaml}")).expect("written");
    }

    /// Returns a path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes `script` as a program of this name; returns a `PATH` in which it comes first.
    pub fn put_program(&self, name: &str, script: &str) -> OsString {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = self.path("bin");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(name), script).expect("written");
        std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o755)).expect("made a program");
        let others = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(folder).chain(std::env::split_paths(&others));
        std::env::join_paths(folders).expect("a PATH")
    }

    fn command(&self, args: &[&str]) -> Command {
        self.command_of(&binary(), args)
    }

    #[expect(clippy::disallowed_methods, reason = "the tests run the real binary as a user would")]
    fn command_of(&self, binary: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(binary);
        command
            .args(args)
            .current_dir(self.folder.path())
            .env("AIRCHECK_CONFIG", self.path("stations.yaml"))
            .env_remove("RUST_LOG")
            .env_remove("NOTIFY_SOCKET")
            .env_remove("STATE_DIRECTORY")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs a command to its end, and returns the result.
    pub async fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, &[]).await
    }

    /// Runs a command to its end, with variables of its environment changed.
    pub async fn run_with(&self, args: &[&str], variables: &[(&str, &OsStr)]) -> Ran {
        let output = self.command(args).envs(variables.iter().copied()).output().await.expect("aircheck runs");
        Ran::of(&output)
    }

    /// Runs a command with its output into `file`; returns the exit code, and what it printed to stderr.
    pub async fn run_into(&self, args: &[&str], file: &Path) -> (Option<i32>, String) {
        let file = std::fs::OpenOptions::new().write(true).open(file).expect("it can be written");
        let child = self.command(args).stdout(file).stderr(Stdio::piped()).spawn().expect("aircheck starts");
        let output = child.wait_with_output().await.expect("aircheck runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Runs a command as a user whom the permissions of a folder can keep from writing. The superuser may write
    /// anywhere, and becomes another user for it; this needs a folder [for everybody](Self::for_everybody).
    pub async fn run_as_other(&self, args: &[&str]) -> Ran {
        use std::os::unix::fs::PermissionsExt as _;
        const NOBODY: u32 = 65_534;
        if !rustix::process::geteuid().is_root() {
            return self.run(args).await;
        }
        let readable = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(self.path("stations.yaml"), readable).expect("it is ours");
        let binary = folder::for_everybody_to_run(&binary(), self.folder.path());
        let mut command = self.command_of(&binary, args);
        command.uid(NOBODY).gid(NOBODY);
        Ran::of(&command.output().await.expect("aircheck runs"))
    }

    /// Runs a command, and also returns the peak memory of the process (not of its children), in bytes.
    pub async fn run_watched(&self, args: &[&str], variables: &[(&str, &OsStr)]) -> (Ran, u64) {
        let mut command = self.command(args);
        command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("aircheck starts");
        let status = format!("/proc/{}/status", child.id().expect("it runs"));
        let clock = SystemClock::shared();
        let ended = child.wait_with_output();
        tokio::pin!(ended);
        let mut peak = 0;
        let output = loop {
            tokio::select! {
                output = &mut ended => break output.expect("aircheck runs"),
                () = clock.sleep(Duration::from_millis(200)) => {
                    // The kernel remembers the peak, so a look now and then is enough.
                    let text = std::fs::read_to_string(&status).unwrap_or_default();
                    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
                    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0);
                    peak = peak.max(kib * 1024);
                }
            }
        };
        (Ran::of(&output), peak)
    }

    /// Starts a command that keeps running; its output goes to `name.log` in the folder.
    pub fn start(&self, name: &str, args: &[&str]) -> Service {
        self.start_with(name, args, &[])
    }

    /// Starts a command that keeps running, with variables of its environment changed.
    pub fn start_with(&self, name: &str, args: &[&str], variables: &[(&str, &OsStr)]) -> Service {
        let mut command = self.command(args);
        command.envs(variables.iter().copied());
        self.go_on(name, command)
    }

    fn go_on(&self, name: &str, mut command: Command) -> Service {
        let path = self.path(&format!("{name}.log"));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&path).expect("a log file");
        let both = log.try_clone().expect("a second handle");
        let child = command.stdout(log).stderr(both).spawn().expect("aircheck starts");
        Service { child, log: path }
    }

    /// Starts a command as process 1 of a container. If this user may create none, prints that past the capture of the
    /// test's output, and the test is skipped.
    pub fn start_as_process_1(&self, name: &str, args: &[&str]) -> Option<Service> {
        let mut own = vec!["--pid", "--fork", "--kill-child", "--mount-proc"];
        if !rustix::process::geteuid().is_root() {
            own.push("--map-root-user");
        }
        #[expect(clippy::disallowed_methods, reason = "a test may start a program by itself")]
        let mut unshare = std::process::Command::new("unshare");
        if !unshare.args(&own).arg("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            skip::skipped("processes of its own, which this user may not have");
            return None;
        }
        let binary = binary();
        own.push(binary.to_str().expect("UTF-8"));
        Some(self.go_on(name, self.command_of(Path::new("unshare"), &[&own[..], args].concat())))
    }

    /// Starts the service by a service manager that listens at `address` in its place, and starts it when somebody connects.
    /// Without one the test is skipped.
    pub fn start_by_socket(&self, name: &str, address: &str) -> Option<Service> {
        const MANAGER: &str = "systemd-socket-activate";
        #[expect(clippy::disallowed_methods, reason = "a test may start a program by itself")]
        let mut manager = std::process::Command::new(MANAGER);
        if manager.arg("--version").stdout(Stdio::null()).status().is_err() {
            skip::without(MANAGER);
            return None;
        }
        // It hands on little of its own environment.
        let config = format!("--setenv=AIRCHECK_CONFIG={}", self.path("stations.yaml").display());
        let binary = binary();
        let args = ["--listen", address, &config, binary.to_str().expect("UTF-8"), "run"];
        Some(self.go_on(name, self.command_of(Path::new(MANAGER), &args)))
    }

    /// Returns what `aircheck list --json` says, at most twice a second, to leave the processors to the stations of
    /// other tests.
    pub async fn list(&self) -> Vec<Value> {
        const PAUSE: Duration = Duration::from_millis(500);
        self.listed.keep(PAUSE).await;
        self.run(&["list", "--json"]).await.json().as_array().expect("a list").clone()
    }
}

/// Returns the program that is tested; a measurement uses the release.
fn binary() -> PathBuf {
    std::env::var_os("AIRCHECK_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_aircheck").into()).into()
}

/// A running aircheck; killed when it is dropped.
pub struct Service {
    child: Child,
    log: PathBuf,
}

impl Service {
    /// Returns what it has printed so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Returns the process id.
    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Sends the process a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_raw(self.id().cast_signed()).expect("a process id");
        rustix::process::kill_process(id, signal).expect("it takes signals");
    }

    /// Waits for the end of the process, for [`ENDS_WITHIN`] at most.
    pub async fn end(&mut self) -> ExitStatus {
        self.end_within(ENDS_WITHIN).await
    }

    /// Waits for the end of the process, for `limit` at most.
    pub async fn end_within(&mut self, limit: Duration) -> ExitStatus {
        match SystemClock::shared().timeout(limit, self.child.wait()).await {
            Ok(status) => status.expect("a status"),
            Err(late) => panic!("it did not end within {limit:?} ({late}):\n{}", self.log()),
        }
    }

    /// Waits until the process has printed `words`.
    pub async fn says(&self, words: &str, limit: Duration) {
        let what = format!("{words:?} in the log {}", self.log.display());
        until(&what, limit, async || self.log().contains(words)).await;
    }
}

/// Waits until `condition` holds, for `limit` at most.
pub async fn until(what: &str, limit: Duration, mut condition: impl AsyncFnMut() -> bool) {
    let clock = SystemClock::shared();
    while !condition().await {
        assert!(clock.monotonic() < limit, "{what} did not come about within {limit:?}");
        clock.sleep(Duration::from_millis(50)).await;
    }
}

/// Returns what ffprobe says about a file.
pub fn ffprobe(file: &Path) -> Value {
    probe(file, &["-show_format", "-show_streams"])
}

/// Returns the chapters of a file.
pub fn chapters(file: &Path) -> Vec<Value> {
    probe(file, &["-show_chapters"])["chapters"].as_array().expect("chapters").clone()
}

fn probe(file: &Path, what: &[&str]) -> Value {
    #[expect(clippy::disallowed_methods, reason = "a test may start a program by itself")]
    let output = std::process::Command::new("ffprobe")
        .args(["-v", "error", "-of", "json"])
        .args(what)
        .arg(file)
        .output()
        .expect("ffprobe runs");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

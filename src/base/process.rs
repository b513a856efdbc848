//! Child processes: ffmpeg, rtmpdump and a user's own commands, all started here and nowhere else.
//!
//! Invariants: a child runs in its own process group, so that Ctrl-C in a terminal reaches only us; its stdin is closed
//! unless asked for; its stderr is always drained (the last lines are kept for messages); it is killed when we die,
//! however we die, and when its handle is dropped. It is ended by a ladder: TERM, a grace period, KILL.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::pipe::fcntl_setpipe_size;
use rustix::process::{Pid, Signal, kill_process_group, setpriority_pgrp};
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::clock::{Elapsed, SharedClock};
use super::pulse::Pulse;
use super::reaper;

/// How many of a child's last lines of stderr are kept.
const KEPT_LINES: usize = 20;
/// The longest line of stderr that is kept; the rest of it is dropped.
const KEPT_LINE: u64 = 2_000;
/// How long the last lines of a child may take to arrive after it has ended. What it had started may keep the pipe
/// open.
const LAST_WORDS: Duration = Duration::from_millis(50);
/// How much a wide pipe holds, in bytes: four times the usual. A user gets 64 MiB of wide pipes, and behind that only
/// narrow ones (pipe(7), `pipe-user-pages-soft`).
const WIDE: usize = 256 << 10;
/// The niceness (`nice(1)`) of what runs in the background.
const NICE: i32 = 10;
/// The niceness of what the rest of the background works for.
const LESS_NICE: i32 = 5;
/// The niceness of what nobody waits for. It gets its turn even so: what gets none would be taken for hanging.
const NICER: i32 = 15;

/// A child could not be started.
#[derive(Debug, Error)]
pub enum ProcessError {
    /// The program is not there.
    #[error("{program} is not installed: install it with `apt-get install {package}`")]
    Missing {
        /// The program.
        program: String,
        /// The Debian package that has it.
        package: String,
    },
    /// The system refused.
    #[error("{program} could not be started: {source}")]
    Start {
        /// The program.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
}

/// The program called `name` in the folders of `PATH`, if it is there.
pub fn find(name: &str) -> Option<PathBuf> {
    let is_program = |path: &PathBuf| rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok() && path.is_file();
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(is_program);
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(is_program)
}

/// A pipe to or from a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pipe {
    Absent,
    /// It holds what the system gives every pipe.
    Usual,
    /// It holds [`WIDE`].
    Wide,
}

impl Pipe {
    fn stdio(self) -> Stdio {
        if self == Self::Absent { Stdio::null() } else { Stdio::piped() }
    }

    fn widen(self, end: Option<&impl AsFd>) {
        if let Some(end) = end.filter(|_| self == Self::Wide) {
            // A user with many wide pipes gets no more. Then it holds what it did.
            let _ = fcntl_setpipe_size(end, WIDE);
        }
    }
}

/// What to start.
#[derive(Debug)]
pub struct Invocation {
    program: String,
    args: Vec<OsString>,
    stdin: Pipe,
    stdout: Pipe,
    nice: Option<i32>,
    folder: Option<PathBuf>,
    variables: Vec<(&'static str, String)>,
}

impl Invocation {
    /// `program`, found through `PATH`, without arguments, stdin or stdout.
    pub fn new(program: &str) -> Self {
        let (program, args, variables) = (program.to_owned(), Vec::new(), Vec::new());
        Self { program, args, stdin: Pipe::Absent, stdout: Pipe::Absent, nice: None, folder: None, variables }
    }

    /// Adds arguments, each passed as it is: there is no shell.
    #[must_use]
    pub fn args<I: IntoIterator<Item = S>, S: Into<OsString>>(mut self, args: I) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Gives the child a pipe to read from.
    #[must_use]
    pub fn with_stdin(mut self) -> Self {
        self.stdin = Pipe::Usual;
        self
    }

    /// As [`Invocation::with_stdin`], with a wide pipe: if several children hand on much to each other, each then has
    /// something to do while another waits for a processor.
    #[must_use]
    pub fn with_wide_stdin(mut self) -> Self {
        self.stdin = Pipe::Wide;
        self
    }

    /// Gives the child a pipe to write to.
    #[must_use]
    pub fn with_stdout(mut self) -> Self {
        self.stdout = Pipe::Usual;
        self
    }

    /// As [`Invocation::with_stdout`], with a wide pipe.
    #[must_use]
    pub fn with_wide_stdout(mut self) -> Self {
        self.stdout = Pipe::Wide;
        self
    }

    /// Runs it in `folder`.
    #[must_use]
    pub fn within(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// Adds a variable to its environment.
    #[must_use]
    pub fn variable(mut self, name: &'static str, value: &str) -> Self {
        // The system takes no text with a zero in it.
        self.variables.push((name, value.replace('\0', " ")));
        self
    }

    /// Lets everything else go first: work that is not urgent takes no processor from what a station sends now.
    #[must_use]
    pub fn in_background(mut self) -> Self {
        self.nice = Some(NICE);
        self
    }

    /// As [`Invocation::in_background`], ahead of the rest of the background. It is for what takes the longest of several
    /// children that hand on to each other: each interruption of it is a delay of the whole.
    #[must_use]
    pub fn ahead_in_background(mut self) -> Self {
        self.nice = Some(LESS_NICE);
        self
    }

    /// Lets everything else go first, also what runs in the background: nobody waits for this work.
    #[must_use]
    pub fn behind_all(mut self) -> Self {
        self.nice = Some(NICER);
        self
    }

    /// Starts it. By `clock` it is waited for.
    pub fn spawn(self, clock: &SharedClock) -> Result<Running, ProcessError> {
        #[expect(clippy::disallowed_methods, reason = "the wrapper itself")]
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .stdin(self.stdin.stdio())
            .stdout(self.stdout.stdio())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        die_with_parent(&mut command);
        let mut child = reaper::start(|| command.spawn()).map_err(|source| {
            if source.kind() == io::ErrorKind::NotFound {
                ProcessError::Missing { program: self.program.clone(), package: package_of(&self.program) }
            } else {
                ProcessError::Start { program: self.program.clone(), source }
            }
        })?;
        self.stdin.widen(child.stdin.as_ref());
        self.stdout.widen(child.stdout.as_ref());
        let last_lines = Arc::new(Mutex::new(VecDeque::new()));
        // It ends when the child's stderr closes, which the kill on drop guarantees.
        let draining = child.stderr.take().map(|stderr| tokio::spawn(drain(stderr, Arc::clone(&last_lines))));
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Some((group, nice)) = group.zip(self.nice)
            && let Err(error) = setpriority_pgrp(Some(group), nice)
        {
            tracing::debug!(%error, program = self.program, "runs with everything else");
        }
        Ok(Running { name: self.program, child, clock: clock.clone(), group, last_lines, draining })
    }
}

/// How a child was killed, and what to do about it if that is known: `was killed by signal 11 (SIGSEGV); that is a
/// fault of its own: try another build of it`. `None` if it ended by itself.
pub fn killed(status: ExitStatus) -> Option<String> {
    let signal = Signal::from_named_raw(status.signal()?);
    // The standard library knows the names: `signal: 11 (SIGSEGV) (core dumped)`.
    let said = status.to_string();
    let said = said.strip_prefix("signal: ").unwrap_or(&said).trim_end_matches(" (core dumped)");
    let advice = match signal {
        // Some static builds crash on certain sound; a build for another processor stops at once.
        Some(Signal::SEGV | Signal::ABORT | Signal::BUS | Signal::FPE | Signal::ILL | Signal::SYS) => {
            "; that is a fault of its own: try another build of it"
        }
        Some(Signal::KILL) => "; the system does that where memory runs out",
        _ => "",
    };
    Some(format!("was killed by signal {said}{advice}"))
}

/// The Debian package that ships `program`.
pub fn package_of(program: &str) -> String {
    let name = Path::new(program).file_name().map_or(program.into(), |name| name.to_string_lossy());
    match name.as_ref() {
        "ffprobe" => "ffmpeg".to_owned(),
        other => other.to_owned(),
    }
}

/// Asks the kernel to kill the child when the thread that started it ends. Our children are started on the runtime's
/// worker threads, which live as long as the process; never start one inside `spawn_blocking`.
#[expect(unsafe_code, reason = "setting a process flag between fork and exec has no safe interface")]
fn die_with_parent(command: &mut Command) {
    let parent = rustix::process::getpid();
    // SAFETY: the closure makes two system calls and allocates nothing, as is required between fork and exec.
    unsafe {
        command.pre_exec(move || {
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
            // The parent may have died before the flag was set.
            if rustix::process::getppid() == Some(parent) { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
        });
    }
}

async fn drain(stderr: ChildStderr, kept: Arc<Mutex<VecDeque<String>>>) {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut reader).take(KEPT_LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line).trim().to_owned();
                if !text.is_empty() {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.push_back(text);
                    if kept.len() > KEPT_LINES {
                        kept.pop_front();
                    }
                }
            }
        }
    }
}

/// A running child. Dropping it kills its whole process group.
#[derive(Debug)]
pub struct Running {
    name: String,
    child: Child,
    clock: SharedClock,
    group: Option<Pid>,
    last_lines: Arc<Mutex<VecDeque<String>>>,
    draining: Option<JoinHandle<()>>,
}

impl Running {
    /// The pipe to the child, once.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// The pipe from the child, once.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Its process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// By this it is told from a child that hangs whether it only gets no processor.
    pub fn pulse(&self) -> Pulse {
        Pulse::new(self.id(), self.clock.clone())
    }

    /// Waits for its end, and for its last lines on stderr.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        if status.is_ok() {
            if let Some(draining) = &mut self.draining {
                let _ = self.clock.timeout(LAST_WORDS, draining).await;
                self.draining = None;
            }
            self.is_gone();
        }
        status
    }

    /// As [`wait`](Self::wait), for `limit` at most.
    ///
    /// # Errors
    /// [`Elapsed`] if it runs on.
    pub async fn wait_within(&mut self, limit: Duration) -> Result<io::Result<ExitStatus>, Elapsed> {
        let clock = self.clock.clone();
        clock.timeout(limit, self.wait()).await
    }

    /// Waits for its end for `patience` at most, and ends it then. Returns what it prints, up to `most` bytes.
    ///
    /// # Errors
    /// [`Elapsed`] if it runs on.
    pub async fn answer(&mut self, most: u64, patience: Duration) -> Result<Vec<u8>, Elapsed> {
        let (clock, pipe, mut answer) = (self.clock.clone(), self.take_stdout(), Vec::new());
        let reading = async {
            if let Some(pipe) = pipe {
                let _ = pipe.take(most).read_to_end(&mut answer).await;
            }
            let _ = self.wait().await;
        };
        let ended = clock.timeout(patience, reading).await;
        if ended.is_err() {
            self.stop(Duration::ZERO).await;
        }
        ended.map(|()| answer)
    }

    /// Its last line on stderr.
    pub fn last_words(&self) -> String {
        let lines = self.last_lines();
        lines.get(lines.len().saturating_sub(3)..).unwrap_or_default().join("; ")
    }

    /// Its last lines on stderr, as far as they are kept.
    pub fn last_lines(&self) -> Vec<String> {
        self.last_lines.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Ends it: TERM to the group, `grace` to comply, then KILL.
    pub async fn stop(&mut self, grace: Duration) {
        self.signal(Signal::TERM);
        if self.clock.timeout(grace, self.child.wait()).await.is_err() {
            tracing::debug!(program = %self.name, "did not end on TERM; killing it");
            self.signal(Signal::KILL);
            let _ = self.child.wait().await;
        }
        // Whatever the child had started is killed as well.
        self.signal(Signal::KILL);
        self.is_gone();
    }

    fn is_gone(&mut self) {
        if let Some(group) = self.group.take() {
            reaper::is_waited_for(group.as_raw_nonzero().get().cast_unsigned());
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // An error means that the group is gone already.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

//! Tools for tests of the service as a whole: airings on the next minute, repeatable random numbers, simulated disks
//! and clocks.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aircheck::base::clock::{Clock, SharedClock, SystemClock};
use aircheck::base::environment::Environment;
use aircheck::config::Config;
use aircheck::daemon;
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use futures::future::BoxFuture;
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::aircheck::Aircheck;
use super::folder;
use super::origin::{Container, Origin, Setup};
use super::skip;
use super::timecode::Report;

/// How much an encoder may add, in seconds.
const FRAME: f64 = 0.024;

/// Returns the next full minute that is at least `seconds` away, and its cron in UTC.
pub fn minute(seconds: i64) -> (DateTime<Utc>, String) {
    let at = SystemClock::shared().now() + TimeDelta::seconds(seconds + 60);
    let minute = at.with_second(0).and_then(|at| at.with_nanosecond(0)).expect("a full minute");
    (minute, format!("{} {} * * *", minute.minute(), minute.hour()))
}

/// Random numbers from a seed, which is printed; `AIRCHECK_SEED` sets it.
pub struct Dice(AtomicU64);

impl Dice {
    pub fn thrown() -> Self {
        let given = std::env::var("AIRCHECK_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| SystemClock::shared().now().timestamp_micros().unsigned_abs());
        println!("AIRCHECK_SEED={seed}");
        Self(AtomicU64::new(seed))
    }

    /// Returns a number below `limit` (SplitMix64).
    pub fn below(&self, limit: u64) -> u64 {
        let step = 0x9E37_79B9_7F4A_7C15;
        let mut mixed = self.0.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// Returns the recording of `show` from the output of `list --json`.
pub fn by_show<'a>(list: &'a [Value], show: &str) -> &'a Value {
    list.iter().find(|recording| recording["show"] == show).unwrap_or_else(|| panic!("no {show} in {list:?}"))
}

/// Listens to a recording.
pub fn heard(recording: &Value) -> Report {
    Report::of_file(Path::new(recording["file"].as_str().unwrap_or_else(|| panic!("no file: {recording}"))))
}

/// Checks that a recording is complete by its report and its sound, is `seconds` long, and begins at `start`, if that
/// is given.
pub fn whole(recording: &Value, start: Option<DateTime<Utc>>, seconds: f64) -> Report {
    let heard = heard(recording);
    assert_eq!(recording["verdict"], "complete", "{recording}: {heard}");
    assert_eq!(recording["missing"], serde_json::json!([]), "{recording}");
    assert!(heard.is_whole(), "{recording}: {heard}");
    assert!((heard.length - seconds).abs() <= FRAME, "{recording}: {heard}");
    if let Some(start) = start {
        let off = heard.begins(start).map(|begins| (begins - start).as_seconds_f64());
        assert!(off.is_some_and(|off| off.abs() < 0.03), "{recording}: {heard}, off by {off:?}");
    }
    heard
}

/// The machine's clock with another wall time, which can be set.
#[derive(Debug)]
pub struct SetClock {
    machine: SharedClock,
    ahead: Mutex<TimeDelta>,
    started: Mutex<Option<Duration>>,
}

impl SetClock {
    /// Returns a clock at shortly before `start`, after the sound for these kinds of stations was made, which takes
    /// some seconds.
    pub fn before(start: DateTime<Utc>, origin: &Origin, containers: &[Container]) -> Arc<Self> {
        for (number, container) in containers.iter().enumerate() {
            origin.station(&format!("prepared-{number}"), Setup::of(*container));
        }
        Self::at(start - TimeDelta::seconds(12))
    }

    fn at(now: DateTime<Utc>) -> Arc<Self> {
        let machine = SystemClock::shared();
        let ahead = Mutex::new(now - machine.now());
        Arc::new(Self { machine, ahead, started: Mutex::default() })
    }

    /// Makes it the clock of a machine that has just started; before, it is that of one that has always been up.
    pub fn start_machine(&self) {
        *self.started.lock().expect("healthy") = Some(self.monotonic());
    }

    /// Sets the clock ahead, or back.
    pub fn step(&self, by: TimeDelta) {
        *self.ahead.lock().expect("healthy") += by;
    }

    /// Returns how far the clock is ahead of the machine's.
    pub fn ahead(&self) -> TimeDelta {
        *self.ahead.lock().expect("healthy")
    }
}

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        self.machine.now() + self.ahead()
    }

    fn monotonic(&self) -> Duration {
        self.machine.monotonic()
    }

    fn since_boot(&self) -> Duration {
        self.started.lock().expect("healthy").map_or(Duration::MAX, |started| self.monotonic().saturating_sub(started))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.machine.sleep(duration)
    }
}

/// The service in this process, with its own clock. From then on signals do not end the process.
pub struct Daemon {
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Daemon {
    /// Runs the service with the configuration of `aircheck`.
    pub fn start(aircheck: &Aircheck, clock: Arc<impl Clock + 'static>) -> Self {
        // The log is shown if the test fails; another test of this process may have set it up.
        let _ = tracing_subscriber::fmt().with_env_filter("aircheck=info").with_test_writer().try_init();
        let config = Config::load(&aircheck.path("stations.yaml")).unwrap_or_else(|errors| panic!("{errors}"));
        let stop = CancellationToken::new();
        let environment = Environment { stop: stop.clone(), ..Environment::on(clock) };
        let running = tokio::spawn(async move { daemon::run(config, environment).await.expect("it runs") });
        Self { stop, running }
    }

    /// Stops the service.
    pub async fn stop(self) {
        self.stop.cancel();
        self.running.await.expect("it ends in order");
    }
}

/// A small disk with the state and output folders of an [`Aircheck`]; unmounted when it is dropped.
pub struct Disk(PathBuf);

impl Disk {
    /// Mounts a disk of `kibibytes`. If this user may not mount, prints that past the capture of the test's output, and
    /// the test is skipped.
    pub fn mount(aircheck: &Aircheck, kibibytes: u64) -> Option<Self> {
        let disk = Self::at(aircheck.path("disk"), kibibytes)?;
        for folder in ["state", "recordings"] {
            std::fs::create_dir(disk.0.join(folder)).expect("a folder");
            std::os::unix::fs::symlink(disk.0.join(folder), aircheck.path(folder)).expect("a link");
        }
        Some(disk)
    }

    /// Mounts a disk with the output folder alone.
    pub fn for_output(aircheck: &Aircheck, kibibytes: u64) -> Option<Self> {
        Self::at(aircheck.path("recordings"), kibibytes)
    }

    fn at(path: PathBuf, kibibytes: u64) -> Option<Self> {
        std::fs::create_dir(&path).expect("a folder");
        let size = format!("size={kibibytes}k");
        if !run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", &path.to_string_lossy()]) {
            skip::skipped("a small disk, which only root can mount");
            return None;
        }
        Some(Self(path))
    }

    /// Mounts the disk again with other options, such as `ro`.
    pub fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(run("mount", &["-o", &options, &self.0.to_string_lossy()]), "{options}");
    }

    /// Unmounts the disk; an empty folder remains. Its content is lost.
    pub fn unmount(&self) {
        assert!(run("umount", &["-l", &self.0.to_string_lossy()]), "unmounted");
    }

    /// Mounts a new disk in its place.
    pub fn mount_again(&self) {
        assert!(run("mount", &["-t", "tmpfs", "-o", "size=8m", "tmpfs", &self.0.to_string_lossy()]), "mounted");
    }

    /// Fills the disk until no more than `kibibytes` are free.
    pub fn fill(&self, kibibytes: u64) {
        let mut filler =
            std::fs::OpenOptions::new().append(true).create(true).open(self.0.join("filler")).expect("a file");
        let free = || rustix::fs::statvfs(&self.0).map_or(0, |disk| disk.f_bavail * disk.f_frsize);
        while free() > kibibytes * 1024 && filler.write_all(&[1; 4096]).is_ok() {}
    }

    /// Frees the space again.
    pub fn clear(&self) {
        std::fs::remove_file(self.0.join("filler")).expect("removed");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: processes that still run there are about to end.
        run("umount", &["-l", &self.0.to_string_lossy()]);
    }
}

/// A folder of a service whose writes fail with a given error, or hang.
pub struct Refusing {
    library: PathBuf,
    folder: PathBuf,
    switch: PathBuf,
    _place: TempDir,
}

impl Refusing {
    /// Returns the control of a `folder` of `aircheck`, whose writes still succeed. `None`, with a message, if there is
    /// no C compiler.
    pub fn new(aircheck: &Aircheck, folder: &str) -> Option<Self> {
        // Blanks and colons separate the entries of LD_PRELOAD.
        let place = folder::plain();
        let library = place.path().join("refused.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/refused.c");
        let (to, from) = (library.to_string_lossy(), source.to_string_lossy());
        if !run("cc", &["-shared", "-fPIC", "-o", &to, &from, "-ldl"]) {
            skip::without("C compiler for a disk that refuses");
            return None;
        }
        let root = aircheck.path("").canonicalize().expect("a folder");
        Some(Self { folder: root.join(folder), switch: root.join("refused"), library, _place: place })
    }

    /// Returns the environment to start the service with.
    pub fn variables(&self) -> [(&'static str, &std::ffi::OsStr); 3] {
        let Self { library, folder, switch, .. } = self;
        [
            ("LD_PRELOAD", library.as_os_str()),
            ("REFUSED_FOLDER", folder.as_os_str()),
            ("REFUSED_SWITCH", switch.as_os_str()),
        ]
    }

    /// Makes all writes fail with `error` from now on, or succeed again.
    pub fn refuse(&self, error: Option<rustix::io::Errno>) {
        match error {
            Some(error) => self.say(&error.raw_os_error().to_string()),
            None => std::fs::remove_file(&self.switch).expect("removed"),
        }
    }

    /// Makes all writes hang until they may succeed again.
    pub fn hang(&self) {
        self.say("hang");
    }

    fn say(&self, word: &str) {
        // Renamed into place, so that it is never read while empty.
        let new = self.switch.with_extension("new");
        std::fs::write(&new, word).expect("written");
        std::fs::rename(new, &self.switch).expect("renamed");
    }
}

/// A share over a folder that does not answer until it is dropped: every access hangs.
pub struct Hanging(PathBuf, std::process::Child);

impl Hanging {
    /// Mounts a share over `folder`. `None`, with a message, if this user cannot.
    pub fn over(folder: &Path) -> Option<Self> {
        let path = folder.to_string_lossy().into_owned();
        // The kernel asks the process that has the device open, which never answers.
        let script = "exec 3<>/dev/fuse && mount -i -t fuse \
                      -o fd=3,rootmode=40000,user_id=0,group_id=0 hanging \"$0\" && echo mounted && exec cat";
        #[expect(clippy::disallowed_methods, reason = "a test may start a program by itself")]
        let mut command = std::process::Command::new("sh");
        let piped = std::process::Stdio::piped;
        let started = command.args(["-c", script, &path]).stdin(piped()).stdout(piped()).spawn();
        let mut child = started.expect("a shell");
        let mut said = String::new();
        let output = child.stdout.take().expect("a pipe");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut said).expect("some words");
        if said.trim() == "mounted" {
            return Some(Self(folder.to_owned(), child));
        }
        let _ = child.wait();
        skip::skipped("a share that hangs, which takes root and /dev/fuse");
        None
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        let _ = self.1.kill();
        let _ = self.1.wait();
        run("umount", &["-l", &self.0.to_string_lossy()]);
    }
}

#[expect(clippy::disallowed_methods, reason = "a test may start a program by itself")]
fn run(program: &str, args: &[&str]) -> bool {
    let output = std::process::Command::new(program).args(args).output();
    output.is_ok_and(|output| output.status.success())
}

/// Returns the processes that were started with the configuration of `aircheck`, by id, with their names.
pub fn processes(aircheck: &Aircheck) -> Vec<(u32, String)> {
    let mark = format!("AIRCHECK_CONFIG={}", aircheck.path("stations.yaml").display());
    let has_mark = |environment: &[u8]| environment.split(|byte| *byte == 0).any(|one| one == mark.as_bytes());
    let listing = std::fs::read_dir("/proc").expect("a list of processes");
    listing
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|id: &u32| std::fs::read(format!("/proc/{id}/environ")).is_ok_and(|all| has_mark(&all)))
        .filter_map(|id| Some((id, std::fs::read_to_string(format!("/proc/{id}/comm")).ok()?.trim().to_owned())))
        .collect()
}

/// Returns the child processes of `parent`.
pub fn children_of(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").expect("a list of processes");
    let ids = processes.flatten().filter_map(|process| process.file_name().to_str()?.parse().ok());
    ids.filter(|id| stat(*id).is_some_and(|[_, its]| its == parent.to_string())).collect()
}

/// Returns whether a process runs.
pub fn is_alive(id: u32) -> bool {
    stat(id).is_some_and(|[state, _]| state != "Z")
}

/// Returns state and parent of a process, from proc(5).
fn stat(id: u32) -> Option<[String; 2]> {
    let line = std::fs::read(format!("/proc/{id}/stat")).ok()?;
    let line = String::from_utf8_lossy(&line);
    let mut fields = line.rsplit(") ").next()?.split(' ').map(str::to_owned);
    Some([fields.next()?, fields.next()?])
}

//! A Debian in which systemd is process 1, booted by systemd-nspawn on an overlay of this machine's files. What happens in it
//! leaves this machine as it was.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::support::aircheck::until;
use crate::support::folder;
use crate::support::machine::children_of;

/// How long it may take to boot or to shut down.
const LIMIT: Duration = Duration::from_secs(90);
/// Services of this machine that have no business there.
const OTHERS: &[&str] = &[
    "networking",
    "systemd-networkd",
    "NetworkManager",
    "ssh",
    "cron",
    "postgresql",
    "nginx",
    "icecast2",
    "docker",
    "systemd-timesyncd",
    "e2scrub_reap",
];

/// What a command printed, and whether it succeeded.
#[derive(Debug)]
pub struct Said {
    pub ok: bool,
    pub text: String,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.ok { "" } else { "failed: " }, self.text)
    }
}

/// The machine, on or off. It ends when it is dropped.
pub struct Machine {
    /// Where its disk is mounted, which is in memory.
    place: PathBuf,
    on: Option<On>,
}

struct On {
    nspawn: Child,
    /// Its process 1, as seen from here.
    first: u32,
}

impl Machine {
    /// Prepares a machine that is off.
    pub async fn new() -> Self {
        let machine = Self { place: folder::plain().keep(), on: None };
        let at = machine.place.as_path();
        host("mount", &["-t", "tmpfs", "-o", "size=2g,mode=755", "tmpfs", text(at)]).await;
        for name in ["upper", "work", "root"] {
            std::fs::create_dir(at.join(name)).expect("a folder");
        }
        let layers = format!("lowerdir=/,upperdir={0}/upper,workdir={0}/work", text(at));
        host("mount", &["-t", "overlay", "-o", &layers, "overlay", text(&machine.file("/"))]).await;
        std::fs::write(machine.file("/etc/machine-id"), "").expect("written");
        // It would keep packages from starting their services.
        let _ = std::fs::remove_file(machine.file("/usr/sbin/policy-rc.d"));
        // An index of all manual pages is not what the test waits for.
        let _ = std::fs::remove_file(machine.file("/var/lib/man-db/auto-update"));
        // The journal outlives a power cut.
        std::fs::create_dir_all(machine.file("/var/log/journal")).expect("a folder");
        for service in OTHERS {
            let unit = machine.file(&format!("/etc/systemd/system/{service}.service"));
            let _ = std::fs::remove_file(&unit);
            std::os::unix::fs::symlink("/dev/null", unit).expect("masked");
        }
        machine
    }

    /// Returns where one of its files is here.
    pub fn file(&self, path: &str) -> PathBuf {
        self.place.join("root").join(path.trim_start_matches('/'))
    }

    /// Switches it on, and waits until systemd has started what it starts.
    pub async fn boot(&mut self) {
        let [nspawn, group] = ["AIRCHECK_NSPAWN", "AIRCHECK_CGROUP"]
            .map(|name| std::env::var(name).unwrap_or_else(|_| panic!("tests/systemd/run sets {name}")));
        let script = if group.is_empty() {
            "exec \"$@\""
        } else {
            "echo $$ > \"$AIRCHECK_CGROUP/cgroup.procs\" && exec \"$@\" --keep-unit"
        };
        let console = std::fs::File::create(self.place.join("console")).expect("a file");
        let errors = console.try_clone().expect("a second handle");
        let child = command("sh")
            .args(["-c", script, "sh", &nspawn, "--quiet", "--register=no", "--resolv-conf=off", "--timezone=off"])
            .args(["--machine=aircheck-test", "--boot", "--console=pipe", "--directory", text(&self.file("/"))])
            .env("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", "1")
            .stdin(Stdio::null())
            .stdout(console)
            .stderr(errors)
            .spawn()
            .expect("a shell");
        let id = child.id().expect("it runs");
        self.on = Some(On { nspawn: child, first: 0 });
        until("a machine that has booted", LIMIT, async || {
            // Looked up each time: the first child only prepares the machine, and ends.
            let Some(first) = children_of(id).first().copied() else { return false };
            if let Some(on) = &mut self.on {
                on.first = first;
            }
            let state = self.run("systemctl is-system-running").await.text;
            ["running", "degraded"].contains(&state.trim())
        })
        .await;
    }

    /// Runs a line of shell in it.
    pub async fn run(&self, line: &str) -> Said {
        let first = self.on.as_ref().expect("it is on").first.to_string();
        let output = command("nsenter")
            .args(["--target", &first, "--all", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"])
            .args(["LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", "sh", "-ec", line])
            .stdin(Stdio::null())
            .output()
            .await
            .expect("nsenter runs");
        let text = [output.stdout, output.stderr].concat();
        Said { ok: output.status.success(), text: String::from_utf8_lossy(&text).into_owned() }
    }

    /// Runs a line of shell that has to succeed; returns what it printed.
    pub async fn must(&self, line: &str) -> String {
        let said = self.run(line).await;
        assert!(said.ok, "{line}: {}", said.text);
        said.text.trim().to_owned()
    }

    /// Cuts its power: no process of it can do anything any more.
    pub async fn cut_power(&mut self) {
        let mut on = self.on.take().expect("it is on");
        on.kill();
        let _ = on.nspawn.wait().await;
    }
}

impl Machine {
    /// Prints what it said last, for whoever looks why a test failed.
    #[expect(clippy::disallowed_methods, reason = "a test waits for it at once")]
    fn tell_more(&self) {
        println!("{}", std::fs::read_to_string(self.place.join("console")).unwrap_or_default());
        if let Some(on) = &self.on {
            let first = on.first.to_string();
            let journal = ["--all", "journalctl", "--no-pager", "-u", "aircheck", "-n", "80", "-o", "short-precise"];
            let _ = std::process::Command::new("nsenter").args(["--target", &first]).args(journal).status();
        }
    }
}

impl On {
    /// The kernel kills every process of a namespace whose process 1 is killed.
    fn kill(&self) {
        if let Some(first) = Pid::from_raw(self.first.cast_signed()) {
            let _ = kill_process(first, Signal::KILL);
        }
    }
}

impl Drop for Machine {
    /// Unmounts its disk, and removes the folder only if it is empty then: below it are all files of this machine.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.tell_more();
        }
        self.on = None;
        for mounted in [self.file("/"), self.place.clone()] {
            #[expect(clippy::disallowed_methods, reason = "a test waits for it at once")]
            let _ = std::process::Command::new("umount").args(["--lazy", text(&mounted)]).status();
        }
        let _ = std::fs::remove_dir(&self.place);
    }
}

impl Drop for On {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a program here that has to succeed.
async fn host(program: &str, args: &[&str]) {
    let output = command(program).args(args).output().await.expect("it runs");
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[expect(clippy::disallowed_methods, reason = "a test may start a program by itself")]
fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.kill_on_drop(true);
    command
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

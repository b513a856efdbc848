//! The package in a booted Debian: `tests/systemd/run` says how to run it. What it prints is the transcript.
//!
//! One show goes through everything that happens to a machine, so that most of the time is that of the show: a reload, an
//! upgrade, a stop, a hang, a power cut. One of its stations offers the last two minutes, so nothing may be missing. The other
//! offers six seconds, so a lot is, and the verdict has to say what.

mod machine;

use std::path::Path;
use std::time::Duration;

use aircheck::base::clock::{SharedClock, SystemClock};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use self::machine::Machine;
use crate::support::aircheck::until;
use crate::support::airing::next_minute;
use crate::support::machine::by_show;
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup};
use crate::support::timecode::Report;

const LIMIT: Duration = Duration::from_secs(120);
/// How long the show is, in seconds: enough for all that happens to it, also on a machine that is busy.
const LENGTH: i64 = 120;
/// What an administrator adds to the unit.
const DROP_IN: &str = "/etc/systemd/system/aircheck.service.d/test.conf";
/// How much an encoder may add, in seconds.
const FRAME: f64 = 0.024;
/// The worst exposure that `systemd-analyze security` may find, of ten.
const EXPOSURE: f64 = 1.2;

/// A machine, and what happens to it.
struct Story {
    machine: Machine,
    clock: SharedClock,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "boots a system: tests/systemd/run"]
async fn a_package_is_installed_records_through_everything_that_happens_to_a_machine_and_is_purged() {
    // Their sound is made meanwhile.
    let stations = tokio::task::spawn_blocking(|| {
        let origin = Origin::start();
        let [wide, narrow] =
            [("wide", 60), ("narrow", 3)].map(|(name, window)| origin.station(name, Setup { window, ..stamped() }));
        (origin, wide, narrow)
    });
    let mut story = Story { machine: Machine::new().await, clock: SystemClock::shared() };
    story.tell("it boots");
    story.machine.boot().await;
    story.is_installed().await;
    let (_origin, wide, narrow) = stations.await.expect("stations");
    let file = File { wide: wide.url(), narrow: narrow.url() };
    story.starts(&file).await;
    story.is_new_to_somebody().await;
    story.serves_one_user().await;
    story.is_confined().await;
    let (begins, cron) = next_minute(15);
    story.is_read_again(&file, &cron).await;
    story.is_on_tape().await;
    // A fast machine would be through with all of it before the show.
    until("the show", LIMIT, async || story.clock.now() >= begins).await;
    story.tell("the show begins");
    story.is_upgraded().await;
    story.is_stopped_and_started().await;
    story.hangs().await;
    story.loses_power().await;
    let left = begins + TimeDelta::seconds(LENGTH) - story.clock.now();
    story.tell(&format!("the show is on for another {} s", left.num_seconds()));
    assert!(left > TimeDelta::zero(), "this machine is too slow for the test: the show is over");
    story.has_recorded(begins).await;

    story.answers_during_a_restart().await;
    story.is_removed_and_purged().await;
}

fn stamped() -> Setup {
    Setup { programme_time: ProgrammeTime::Every, ..Setup::of(Container::Adts) }
}

/// The file of the user.
struct File {
    wide: String,
    narrow: String,
}

impl File {
    /// Its text, with a comment of theirs, and with a show of each station if there is a cron.
    fn text(&self, comment: &str, cron: Option<&str>) -> String {
        let Self { wide, narrow } = self;
        let show = |title: &str, station: &str, cron: &str| {
            format!("  - {{ title: {title}, station: {station}, cron: \"{cron}\", length: {LENGTH}s }}\n")
        };
        let shows = cron.map(|cron| show("Wide", "wide", cron) + &show("Narrow", "narrow", cron));
        format!(
            "# {comment}\ntimezone: UTC\noutput: /var/lib/aircheck/recordings\nstate: /var/lib/aircheck\nmin_free: 1 MiB\n\
             stations:\n  wide: {{ name: Wide, hls: \"{wide}\" }}\n  narrow: {{ name: Narrow, hls: \"{narrow}\" }}\n\
             shows:{}",
            shows.map_or(" []\n".to_owned(), |shows| format!("\n{shows}"))
        )
    }
}

impl Story {
    /// Prints what happens now, and when.
    fn tell(&self, what: &str) {
        println!("{:6.1} s  {what}", self.clock.monotonic().as_secs_f64());
    }

    /// Prints a command and what it said.
    async fn must(&self, line: &str) -> String {
        let said = self.machine.must(line).await;
        println!("{:6.1} s  # {line}", self.clock.monotonic().as_secs_f64());
        for line in said.lines() {
            println!("            {line}");
        }
        said
    }

    /// Returns a property of the service.
    async fn property(&self, name: &str) -> String {
        self.machine.must(&format!("systemctl show aircheck --property {name} --value")).await
    }

    async fn write(&self, yaml: &str) {
        std::fs::write(self.machine.file("/etc/aircheck/stations.yaml"), yaml).expect("written");
        // Through the overlay, so that the machine sees the new file.
        assert!(self.machine.must("cat /etc/aircheck/stations.yaml").await.starts_with('#'));
    }

    /// Waits until each station is on tape by the process that runs now.
    async fn is_on_tape(&self) {
        let run = self.property("InvocationID").await;
        for station in ["wide", "narrow"] {
            let line = format!("journalctl _SYSTEMD_INVOCATION_ID={run} AIRCHECK_STATION={station} -o cat");
            until(&format!("{station} on tape"), LIMIT, async || {
                self.machine.run(&line).await.text.lines().any(|line| line.starts_with("on tape station="))
            })
            .await;
        }
        self.tell("both stations are on tape");
    }

    async fn install(&self, number: usize) -> String {
        let debs = std::env::var("AIRCHECK_DEBS").expect("tests/systemd/run sets it");
        let deb = debs.split(':').nth(number).expect("two packages");
        std::fs::copy(deb, self.machine.file("/root/aircheck.deb")).expect("copied");
        self.must("apt-get install -y --allow-downgrades /root/aircheck.deb 2>&1").await
    }

    /// The first installation says what to do next, starts nothing, and leaves a file that is right.
    async fn is_installed(&self) {
        let said = self.install(0).await;
        assert!(
            said.contains("records nothing yet") && said.contains("sudoedit /etc/aircheck/stations.yaml"),
            "{said}"
        );
        assert_eq!(self.machine.run("systemctl is-active aircheck").await.text.trim(), "inactive");
        assert_eq!(self.machine.run("systemctl is-enabled aircheck").await.text.trim(), "disabled");
        self.must("getent passwd aircheck && stat -c '%U %a' /var/lib/aircheck").await;
        self.must("runuser -u aircheck -- aircheck check").await;
        self.must("dpkg -L aircheck | grep -v 'man1/aircheck-' | xargs -d '\\n' stat -c '%A %U %s %n' | grep -v ^d")
            .await;
        // Nobody else may come to own what the service writes.
        assert_eq!(self.machine.must("find /var/lib/aircheck -not -user aircheck").await, "");
    }

    /// `systemctl enable --now` comes back when it is ready: Type=notify.
    async fn starts(&self, file: &File) {
        self.write(&file.text("the first of mine", None)).await;
        self.must("systemctl enable --now aircheck 2>&1 && systemctl status --no-pager --lines 0 aircheck").await;
        assert_eq!(self.property("ActiveState").await, "active");
        assert_eq!(self.property("StatusText").await, "nothing is planned");
        until("the page", LIMIT, async || answers().await).await;
        self.tell("the page answers");
    }

    /// Who has no rights on the machine hears a station by the file of the service, from a folder that nobody else may read;
    /// and who has looks from there as the user of the service.
    async fn is_new_to_somebody(&self) {
        self.must("useradd --create-home --shell /bin/sh listener && chmod 700 /home/listener").await;
        self.must("cd /home/listener && runuser -u aircheck -- aircheck check --probe 2>&1").await;
        self.must(
            "cd /home/listener && runuser -u listener -- aircheck record narrow --for 3s --output first.mp3 2>&1",
        )
        .await;
        let said =
            self.must("ffprobe -v error -show_entries format=duration -of csv=p=0 /home/listener/first.mp3").await;
        assert!(said.parse::<f64>().is_ok_and(|length| (length - 3.0).abs() < 2.0 * FRAME), "{said}");
    }

    /// The restrictions are in force, and `systemd-analyze security` finds little left.
    async fn is_confined(&self) {
        let id = self.property("MainPID").await;
        let status = self.must(&format!("grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/{id}/status")).await;
        for line in ["CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"] {
            assert!(status.contains(line), "{line}: {status}");
        }
        // What it gets is less if the machine around allows less.
        self.must(&format!("grep 'open files' /proc/{id}/limits")).await;
        assert_eq!(self.property("LimitNOFILE").await, "65536");
        // Even root, among the mounts of the service, may write to its state and its own /tmp, and to nothing else.
        let touch = |path: &str| format!("nsenter --target {id} --mount touch {path}/probe");
        for path in ["/usr/bin", "/etc/aircheck", "/var/lib", "/boot"] {
            let said = self.machine.run(&touch(path)).await;
            assert!(!said.ok && said.text.contains("Read-only"), "{path}: {said}");
        }
        for path in ["/var/lib/aircheck", "/tmp"] {
            assert!(self.machine.run(&touch(path)).await.ok, "{path}");
        }
        self.must("rm /var/lib/aircheck/probe && test ! -e /tmp/probe").await;
        self.must(&format!("nsenter --target {id} --mount sh -c 'test ! -e /dev/kmsg && test ! -e /home/listener'"))
            .await;
        let said = self.machine.must("systemd-analyze security --no-pager aircheck").await;
        let line = said.lines().last().expect("a result");
        let exposure = line.split(": ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok());
        self.tell(line);
        assert!(exposure.is_some_and(|exposure| exposure <= EXPOSURE), "{said}");
    }

    /// A person without root has a service of their own.
    async fn serves_one_user(&self) {
        let file = "/home/listener/.config/aircheck/stations.yaml";
        self.must(&format!(
            "install -D -m 644 -o listener /dev/stdin {file} << END\n\
             web: {{ listen: \"127.0.0.1:8090\" }}\noutput: /home/listener/Radio\nmin_free: 1 MiB\nstations: {{}}\nshows: []\nEND\n\
             chown -R listener: /home/listener/.config && loginctl enable-linger listener"
        ))
        .await;
        let user = "runuser -u listener -- env XDG_RUNTIME_DIR=/run/user/$(id -u listener) systemctl --user";
        until("a manager of the user", LIMIT, async || {
            self.machine.run(&format!("{user} is-active default.target")).await.ok
        })
        .await;
        self.must(&format!("{user} enable --now aircheck 2>&1 && {user} status --no-pager --lines 0 aircheck")).await;
        self.must(&format!("{user} reload aircheck && stat -c '%U %n' /home/listener/.local/state/aircheck")).await;
        self.must(&format!("{user} disable --now aircheck 2>&1 && loginctl disable-linger listener")).await;
    }

    /// Shows that are written into the file are planned without a restart.
    async fn is_read_again(&self, file: &File, cron: &str) {
        let before = self.property("MainPID").await;
        self.write(&file.text("the second of mine", Some(cron))).await;
        self.must("systemctl reload aircheck").await;
        for words in ["next ", "recording "] {
            until(words, LIMIT, async || self.property("StatusText").await.starts_with(words)).await;
            self.tell(&self.property("StatusText").await);
        }
        assert_eq!(self.property("MainPID").await, before);
    }

    /// An upgrade keeps the file, and goes on with the show.
    async fn is_upgraded(&self) {
        let before = self.property("MainPID").await;
        let said = self.install(1).await;
        assert!(!said.contains("records nothing yet"), "{said}");
        assert_ne!(self.property("MainPID").await, before);
        self.must("head -n 1 /etc/aircheck/stations.yaml | grep 'the second of mine' && systemctl is-enabled aircheck")
            .await;
        self.is_on_tape().await;
    }

    async fn is_stopped_and_started(&self) {
        self.must("systemctl stop aircheck").await;
        // The minute of the unit would be most of the show.
        let shorter = "[Service]\nWatchdogSec=10\n";
        self.must(&format!("install -D -m 644 /dev/stdin {DROP_IN} << END\n{shorter}END\nsystemctl daemon-reload"))
            .await;
        assert_eq!(self.machine.run("systemctl is-active aircheck").await.text.trim(), "inactive");
        self.must("systemctl start aircheck").await;
        self.is_on_tape().await;
    }

    /// A process that says nothing any more is killed and started again.
    async fn hangs(&self) {
        let before = self.property("MainPID").await;
        self.must(&format!("kill -STOP {before}")).await;
        until("another process", LIMIT, async || {
            self.property("MainPID").await != before && self.property("SubState").await == "running"
        })
        .await;
        assert_eq!(self.property("NRestarts").await, "1");
        self.must("journalctl -u aircheck -o cat -g 'Watchdog timeout'").await;
        self.must(&format!("rm {DROP_IN} && systemctl daemon-reload")).await;
        self.is_on_tape().await;
    }

    async fn loses_power(&mut self) {
        self.tell("the power is cut");
        self.machine.cut_power().await;
        assert!(!answers().await);
        self.machine.boot().await;
        self.tell("it has booted again");
        assert_eq!(self.property("ActiveState").await, "active");
        self.is_on_tape().await;
    }

    /// The verdicts are what can be heard.
    async fn has_recorded(&self, begins: DateTime<Utc>) {
        let list = async || -> Vec<Value> {
            let said = self.machine.must("aircheck list --json 2>/dev/null").await;
            serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error} in {said}"))
        };
        until("two recordings", LIMIT + Duration::from_secs(120), async || list().await.len() == 2).await;
        let list = list().await;
        let heard =
            |recording: &Value| Report::of_file(&self.machine.file(recording["file"].as_str().expect("a file")));
        let wide = by_show(&list, "wide");
        let report = heard(wide);
        self.tell(&format!("Wide: {}, {report}", wide["verdict"]));
        assert_eq!((&wide["verdict"], &wide["missing"]), (&"complete".into(), &serde_json::json!([])), "{wide}");
        assert!(report.is_whole() && (report.length - LENGTH as f64).abs() <= FRAME, "{wide}: {report}");
        let off = report.begins(begins).map(|begun| (begun - begins).as_seconds_f64().abs());
        assert!(off.is_some_and(|off| off < 0.03), "{wide}: {report}");

        let narrow = by_show(&list, "narrow");
        let report = heard(narrow);
        let missing = narrow["missing"].as_array().expect("gaps");
        self.tell(&format!("Narrow: {}, {report}", narrow["verdict"]));
        for gap in missing {
            self.tell(&format!("  {gap}"));
        }
        assert_eq!(narrow["verdict"], "partial", "{narrow}");
        let lost: f64 = missing.iter().filter_map(|gap| gap["seconds"].as_f64()).sum();
        assert!((lost + report.length - LENGTH as f64).abs() < 0.1, "{lost} s of {LENGTH} s: {narrow}");
        let gap = |gap: &Value| {
            let start: DateTime<Utc> = gap["start"].as_str().expect("a time").parse().expect("RFC 3339");
            let start = (start - begins).as_seconds_f64();
            (start, start + gap["seconds"].as_f64().expect("seconds"))
        };
        let numbers = report.numbers();
        // A second at an edge may have lost some of its sound.
        for second in 1..LENGTH - 1 {
            let (from, to) = (second as f64 - 0.1, (second + 1) as f64 + 0.1);
            let number = u16::try_from((begins.timestamp() + second).rem_euclid(65_536)).expect("16 bits");
            if missing.iter().map(gap).all(|(start, end)| end <= from || start >= to) {
                assert!(numbers.contains(&number), "second {second} is said to be there: {narrow}");
            }
            if missing.iter().map(gap).any(|(start, end)| start <= from && end >= to) {
                assert!(!numbers.contains(&number), "second {second} is said to be missing: {narrow}");
            }
        }
        let said = self.must("journalctl -u aircheck AIRCHECK_STATION=narrow -o cat --priority warning").await;
        assert!(said.contains("recorded, but not whole"), "{said}");
        let said = self.machine.must("journalctl -u aircheck AIRCHECK_STATION=wide -o cat").await;
        assert!(said.lines().any(|line| line.starts_with("complete airing=")) && !said.contains("not whole"), "{said}");
        self.must("journalctl -u aircheck AIRCHECK_STATION=wide -o verbose -g '^complete '").await;
    }

    /// With aircheck.socket nobody who comes during a restart is refused.
    async fn answers_during_a_restart(&self) {
        self.must("systemctl stop aircheck && systemctl enable --now aircheck.socket 2>&1 && systemctl start aircheck")
            .await;
        let restarted = self.machine.must("systemctl restart aircheck");
        tokio::pin!(restarted);
        let mut asked = 0;
        loop {
            tokio::select! {
                biased;
                _ = &mut restarted => break,
                answered = answers() => {
                    assert!(answered, "request {asked} was refused");
                    asked += 1;
                }
            }
        }
        assert!(answers().await);
        self.tell(&format!("{asked} requests were answered while it restarted"));
        // Whoever comes starts it.
        self.must("systemctl stop aircheck 2>&1").await;
        assert!(answers().await);
        assert_eq!(self.property("ActiveState").await, "active");
        let said = self.machine.must("journalctl -u aircheck -o cat --priority warning -n 20").await;
        assert!(!said.contains("aircheck.socket"), "{said}");
    }

    /// What is the user's stays: the file until a purge, the recordings always.
    async fn is_removed_and_purged(&self) {
        let recordings = "find /var/lib/aircheck/recordings -name '*.mp3' | sort";
        let before = self.machine.must(recordings).await;
        self.must("apt-get remove -y aircheck 2>&1").await;
        assert!(!answers().await, "it still runs");
        self.must("grep 'the second of mine' /etc/aircheck/stations.yaml && test ! -e /usr/bin/aircheck").await;
        self.install(1).await;
        self.must("grep 'the second of mine' /etc/aircheck/stations.yaml && systemctl is-enabled aircheck").await;
        let said = self.must("apt-get purge -y aircheck 2>&1").await;
        assert!(said.contains("Recordings, tape and the list of recordings are kept in /var/lib/aircheck"), "{said}");
        self.must("test ! -e /etc/aircheck && getent passwd aircheck").await;
        assert_eq!(self.machine.must(recordings).await, before);
        let links = self.machine.must("find /etc/systemd -name 'aircheck*' -not -path '*aircheck.service.d*'").await;
        assert_eq!(links, "", "nothing is enabled any more");
        self.tell(&format!("kept: {before}"));
        assert!(Path::new(before.lines().next().expect("a recording")).is_absolute());
    }
}

/// Whether the page answers. A connection of its own, so that one that lives on proves nothing.
async fn answers() -> bool {
    let asked = reqwest::Client::new().get("http://127.0.0.1:8080/healthz").send().await;
    asked.is_ok_and(|answer| answer.status().as_u16() < 500 || answer.status().as_u16() == 503)
}

//! Captures with a faulty rtmpdump: a script in its place. Whatever it prints, there is trouble in words, another
//! attempt, and nothing that is no sound.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use chrono::DateTime;
use futures::future::join_all;
use tempfile::TempDir;

use super::*;
use crate::base::clock::SystemClock;
use crate::base::clock::fast::Fast;
use crate::base::clock::simulated::SimulatedClock;
use crate::capture::source::testing::PATIENCE;

/// Begins an FLV file with nothing but sound in it.
const HEADER: &str = r"printf 'FLV\001\004\000\000\000\011\000\000\000\000'";

/// A script instead of rtmpdump. `$0.flv` is ten seconds of real FLV, `$0.times` grows by a line at each start.
struct Fake {
    folder: TempDir,
}

impl Fake {
    async fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rtmpdump");
        let flv = folder.path().join("rtmpdump.flv");
        let line = "-nostdin -v error -f lavfi -i sine=duration=10 -c:a aac -b:a 96k -f flv";
        let arguments = line.split_whitespace().chain(flv.to_str());
        let mut made = Invocation::new("ffmpeg").args(arguments).spawn(&SystemClock::shared()).unwrap();
        assert!(made.wait().await.unwrap().success());
        fs::write(&file, format!("#!/bin/sh\necho >> \"$0.times\"\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    fn path(&self) -> String {
        self.folder.path().join("rtmpdump").to_str().unwrap().to_owned()
    }

    fn starts(&self) -> usize {
        fs::read(self.folder.path().join("rtmpdump.times")).map_or(0, |times| times.len())
    }

    /// Waits until it has been started so often, in real time.
    async fn is_started(&self, times: usize) {
        let started = async {
            while self.starts() < times {
                tokio::task::yield_now().await;
            }
        };
        SystemClock::shared().timeout(PATIENCE, started).await.expect("started in time");
    }

    /// The names that were requested, as the script has written them to `$0.asked`.
    fn asked(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.folder.path().join("rtmpdump.asked")).unwrap_or_default();
        asked.lines().map(str::to_owned).collect()
    }

    fn capture(&self, clock: SharedClock) -> Capture {
        self.capture_of(source(1935), clock)
    }

    fn capture_of(&self, source: Rtmp, clock: SharedClock) -> Capture {
        let program = self.path();
        Capture::start(|events, stop| async move {
            let environment = Environment { clock, ..Environment::system() };
            let link = RtmpLink::new(&source, &environment, &program);
            reconnect_forever(link, &environment, events, stop).await;
        })
    }
}

/// The sound that came before the second trouble, in seconds, and both causes.
async fn two_attempts(script: &str, clock: SharedClock) -> (f64, [Cause; 2]) {
    let fake = Fake::new(script).await;
    let mut capture = fake.capture(clock);
    let mut causes = Vec::new();
    let mut sound = 0.0;
    while causes.len() < 2 {
        match capture.next().await {
            MediaEvent::Trouble { cause, .. } => causes.push(cause),
            MediaEvent::Chunk(chunk) => sound += chunk.duration.as_secs_f64(),
            _ => {}
        }
    }
    capture.finish().await;
    assert!(fake.starts() >= 2, "tried again");
    (sound, causes.try_into().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_without_sound_is_trouble_and_tried_again() {
    let zeros =
        format!("{HEADER}; printf '\\010\\377\\377\\377\\000\\000\\000\\000\\000\\000\\000\\257\\001'; cat /dev/zero");
    let noise = format!("{HEADER}; cat /dev/urandom");
    let header_only = format!("{HEADER}; exit 0");
    let scripts = [
        ("exit 0", "ended"),
        ("exit 127", "ended"),
        ("head -c 300000 /dev/urandom", ""),
        ("cat /dev/urandom", ""),
        ("cat /dev/zero", ""),
        ("yes '<html>403</html>'", ""),
        (&noise, ""),
        (&header_only, ""),
        ("echo 'ERROR: Closing connection: NetStream.Play.StreamNotFound' >&2; exit 1", "has no stream `radio`"),
        ("head -c 3000000 /dev/zero | tr '\\0' 'x' >&2; echo 'ERROR: token=abc' >&2; exit 1", "ended"),
    ];
    // A tag that claims 16 MiB of sound and never ends: whatever ffmpeg makes of it, it ends.
    let endless = two_attempts(&zeros, Arc::new(Fast::new(4)));
    let all = join_all(scripts.map(|(script, _)| two_attempts(script, SystemClock::shared())));
    let (outcomes, _) = tokio::join!(all, endless);
    for ((script, words), (sound, causes)) in scripts.into_iter().zip(outcomes) {
        assert!(sound == 0.0, "{sound} s of sound from `{script}`");
        for cause in causes {
            let told = cause.words.contains(words) || cause.words.contains("says");
            assert!(
                cause.words.contains("127.0.0.1") && told && cause.words.len() < 2_500,
                "{cause:?} from `{script}`"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_before_the_flv_broke_off_is_kept() {
    let scripts = [
        ("head -c 40001 \"$0.flv\"", 3.0),
        ("head -c 40001 \"$0.flv\"; kill -9 $$", 3.0),
        ("head -c 40001 \"$0.flv\"; head -c 100000 /dev/urandom", 3.0),
        ("cat \"$0.flv\"", 9.9),
    ];
    let all = scripts.map(|(script, _)| two_attempts(script, SystemClock::shared()));
    for ((script, least), (sound, _)) in scripts.into_iter().zip(join_all(all).await) {
        let attempts = sound / 2.0;
        assert!((least..10.2).contains(&attempts), "{attempts} s of sound an attempt from `{script}`");
    }
}

#[tokio::test]
async fn an_rtmpdump_that_prints_nothing_is_restarted() {
    let fake = Fake::new("trap '' TERM; while :; do sleep 1; done").await;
    let clock = SimulatedClock::at(DateTime::UNIX_EPOCH);
    let mut capture = fake.capture(clock.clone()).passing(&clock);
    fake.is_started(1).await;
    let cause = capture.trouble().await;
    assert!(cause.kind == CauseKind::Stalled && cause.words.contains("no sound for 10 s"), "{cause:?}");
    clock.advance(Duration::from_secs(1)).await;
    fake.is_started(2).await;
    capture.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_name_is_not_waited_for_and_the_one_that_plays_is_remembered() {
    let script = "while [ \"$1\" != --playpath ]; do shift; done; echo \"$2\" >> \"$0.asked\"\n\
                  if [ \"$2\" = mp3:x ]; then head -c 60000 \"$0.flv\"; else exec sleep 60; fi";
    let fake = Fake::new(script).await;
    let mut capture = fake.capture_of(at(1935, "live/x.mp3"), SystemClock::shared());
    // There are no ten seconds of trouble before it.
    assert!(matches!(capture.next().await, MediaEvent::Format(_)));
    for _ in 0..3 {
        capture.trouble().await;
        capture.chunk().await;
    }
    capture.finish().await;
    let asked = fake.asked();
    assert_eq!(asked.iter().filter(|name| *name == "x.mp3").count(), 1, "{asked:?}");
    assert!(asked.len() >= 5, "{asked:?}");
}

//! A real nginx-rtmp that a real ffmpeg publishes timecode audio to, by the wall clock.
//!
//! It runs on its own thread, so a test may block. Dropping it ends both children and removes the folder; the children
//! also end if the test process is killed.

use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use aircheck::base::clock::{Clock, SharedClock, SystemClock};
use aircheck::base::process::{Invocation, Running};
use chrono::{DateTime, TimeDelta};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::ChildStdin;
use tokio::runtime::Runtime;

use super::{ports, timecode};

const MODULE: &str = "/usr/lib/nginx/modules/ngx_rtmp_module.so";
const STARTING: Duration = Duration::from_secs(60);

/// The server and its publisher.
pub struct RtmpServer {
    port: u16,
    folder: TempDir,
    children: Vec<Running>,
    runtime: Option<Runtime>,
    clock: SharedClock,
}

impl RtmpServer {
    /// Starts both, and waits until the stream can be played.
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .thread_name("rtmp")
            .build()
            .expect("a runtime");
        let port = ports::free();
        let folder = tempfile::tempdir().expect("a folder for nginx");
        let configuration = configuration(port);
        std::fs::write(folder.path().join("nginx.conf"), configuration).expect("the folder can be written to");
        let mut server =
            Self { port, folder, children: Vec::new(), runtime: Some(runtime), clock: SystemClock::shared() };
        server.restart();
        server
    }

    /// Returns the URL of the stream.
    pub fn url(&self) -> String {
        format!("rtmp://127.0.0.1:{}/live/timecode", self.port)
    }

    /// Kills server and publisher, which breaks connections and closes the port.
    pub fn stop(&mut self) {
        self.children.clear();
    }

    /// Stops both, starts them again, and waits until the stream can be played.
    pub fn restart(&mut self) {
        self.stop();
        let until = self.clock.monotonic() + STARTING;
        let wait_for = |what: &str, ready: &dyn Fn() -> bool| {
            while !ready() {
                assert!(self.clock.monotonic() < until, "{what} did not come about");
                std::thread::sleep(Duration::from_millis(20));
            }
        };
        let closed = || TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err();
        wait_for("the end of the old nginx", &closed);
        let folder = self.folder.path().to_str().expect("temp paths are UTF-8");
        let nginx = Invocation::new("/usr/sbin/nginx").args(["-p", folder, "-c", "nginx.conf", "-e", "error.log"]);
        let nginx = self.spawn(nginx);
        wait_for("nginx", &|| !closed());
        let publisher = Invocation::new("ffmpeg")
            .args(["-hide_banner", "-nostdin", "-loglevel", "error"])
            .args(["-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "pipe:0", "-c:a", "aac", "-b:a", "96k"])
            .args(["-flush_packets", "1", "-f", "flv", &self.url()])
            .with_stdin();
        let mut publisher = self.spawn(publisher);
        let stdin = publisher.take_stdin().expect("asked for");
        self.runtime().spawn(publish(stdin, self.clock.clone()));
        wait_for("the stream", &|| self.plays());
        self.children = vec![publisher, nginx];
    }

    /// Freezes the server with all connections open, or lets it go on.
    pub fn freeze(&self, frozen: bool) {
        let signal = if frozen { Signal::STOP } else { Signal::CONT };
        for child in &self.children {
            let id = child.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it runs");
            kill_process(id, signal).expect("it is ours");
        }
    }

    /// Returns whether sound comes.
    fn plays(&self) -> bool {
        const SOME: usize = 4_000;
        self.dump(Duration::from_secs(3), SOME).len() >= SOME
    }

    /// Returns what rtmpdump gets, as FLV, until `limit` has passed or there are `enough` bytes.
    ///
    /// rtmpdump must be stopped from outside: with `--live` it ignores `--stop`.
    pub fn dump(&self, limit: Duration, enough: usize) -> Vec<u8> {
        let rtmpdump = Invocation::new("rtmpdump").args(["-q", "-m", "3", "--live", "-o", "-", "-r", &self.url()]);
        let mut rtmpdump = self.spawn(rtmpdump.with_stdout());
        let mut stdout = rtmpdump.take_stdout().expect("asked for");
        let (sender, dumped) = std::sync::mpsc::channel();
        self.runtime().spawn(async move {
            let mut bytes = Vec::new();
            let reading = async {
                while bytes.len() < enough && stdout.read_buf(&mut bytes).await.is_ok_and(|count| count > 0) {}
            };
            let _ = SystemClock::shared().timeout(limit, reading).await;
            drop(rtmpdump);
            sender.send(bytes)
        });
        dumped.recv().expect("the runtime runs")
    }

    /// Starts a child on the runtime's thread, because children die with the thread that started them.
    fn spawn(&self, invocation: Invocation) -> Running {
        let (sender, started) = std::sync::mpsc::channel();
        self.runtime().spawn(async move { sender.send(invocation.spawn(&SystemClock::shared())) });
        started.recv().expect("the runtime runs").expect("nginx, ffmpeg and rtmpdump are installed")
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("only taken when dropped")
    }
}

impl Drop for RtmpServer {
    fn drop(&mut self) {
        self.stop();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Paths are relative to the folder that nginx is started with, whose name might need quotes in this file. The default
/// access log is one that only root may write.
fn configuration(port: u16) -> String {
    format!(
        "load_module {MODULE};
daemon off;
master_process off;
pid nginx.pid;
error_log error.log warn;
events {{ worker_connections 64; }}
rtmp {{
    access_log off;
    server {{
        listen 127.0.0.1:{port};
        application live {{
            live on;
            wait_key off;
            wait_video off;
        }}
    }}
}}
"
    )
}

/// Writes the sound of every moment to ffmpeg when that moment has passed.
pub(super) async fn publish(mut encoder: ChildStdin, clock: SharedClock) -> std::io::Result<()> {
    const PIECE: i64 = 50;
    let mut second = DateTime::from_timestamp(clock.now().timestamp(), 0).expect("today");
    loop {
        let sound = timecode::seconds(second.timestamp().unsigned_abs(), 1);
        for (piece, samples) in (1..).zip(sound.chunks(sound.len() * 50 / 1_000)) {
            let due = second + TimeDelta::milliseconds(PIECE * piece);
            clock.sleep((due - clock.now()).to_std().unwrap_or_default()).await;
            let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            encoder.write_all(&bytes).await?;
        }
        second += TimeDelta::seconds(1);
    }
}

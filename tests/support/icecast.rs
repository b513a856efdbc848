//! A real icecast2 that a real ffmpeg sends timecode audio to, by the wall clock.
//!
//! It runs on its own thread, so a test may block. Dropping it ends all children and removes the folder.

use std::fs::Permissions;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use aircheck::base::clock::{Clock, SharedClock, SystemClock};
use aircheck::base::process::{Invocation, Running};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::folder;
use super::ports;
use super::rtmp::publish;

const STARTING: Duration = Duration::from_secs(60);
/// How often a server that dies at once is started again.
const STARTS: usize = 5;
/// `admin:secret`, as Basic authentication sends it.
const ADMIN: &str = "YWRtaW46c2VjcmV0";

/// What the source sends: ffmpeg's options and the content type.
#[derive(Debug, Clone, Copy)]
pub struct Codec(pub &'static str, pub &'static str);

/// MP3 at 128 kbit/s: a burst of 64 KiB plays 4 s.
pub const MP3: Codec = Codec("-c:a libmp3lame -b:a 128k -write_xing 0 -id3v2_version 0 -f mp3", "audio/mpeg");
/// AAC at 128 kbit/s.
pub const AAC: Codec = Codec("-c:a aac -b:a 128k -f adts", "audio/aac");
/// Opus in Ogg.
pub const OPUS: Codec = Codec("-c:a libopus -b:a 96k -page_duration 200000 -f ogg", "application/ogg");
/// Vorbis in Ogg.
pub const VORBIS: Codec = Codec("-c:a libvorbis -b:a 96k -page_duration 200000 -f ogg", "application/ogg");
/// FLAC in Ogg.
pub const FLAC: Codec = Codec("-c:a flac -page_duration 200000 -f ogg", "application/ogg");

/// The server and its source.
pub struct Icecast {
    port: u16,
    folder: TempDir,
    server: Option<Running>,
    source: Option<Running>,
    runtime: Option<Runtime>,
    clock: SharedClock,
}

impl Icecast {
    /// Starts both, and waits until the stream can be played.
    pub fn start(codec: Codec) -> Self {
        Self::with_burst(codec, 65_535)
    }

    /// Starts both without a burst: a listener hears nothing from before it connected.
    pub fn without_burst(codec: Codec) -> Self {
        Self::with_burst(codec, 0)
    }

    fn with_burst(codec: Codec, bytes: u32) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .thread_name("icecast")
            .build()
            .expect("a runtime");
        let port = ports::free();
        let folder = folder::for_everybody();
        let open = Permissions::from_mode(0o777);
        std::fs::set_permissions(folder.path(), open).expect("icecast may write to it under its own name");
        let configuration = configuration(port, bytes, folder.path().to_str().expect("temp paths are UTF-8"));
        std::fs::write(folder.path().join("icecast.xml"), configuration).expect("the folder can be written to");
        let clock = SystemClock::shared();
        let mut this = Self { port, folder, server: None, source: None, runtime: Some(runtime), clock };
        this.serve();
        this.send(codec);
        this
    }

    /// Returns the URL of the stream.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/live", self.port)
    }

    /// Kills the server, which breaks connections and closes the port.
    pub fn stop(&mut self) {
        self.source = None;
        self.server = None;
    }

    /// Starts the server, without a source.
    pub fn serve(&mut self) {
        self.stop();
        self.wait_for("the end of the old icecast", |this| !this.answers());
        let file = self.folder.path().join("icecast.xml");
        // Icecast 2.4.4 sometimes dies (SIGSEGV) on a request that comes while it starts.
        for _ in 0..STARTS {
            let server = Invocation::new("icecast2").args(["-c", file.to_str().expect("UTF-8")]);
            self.server = Some(self.spawn(server));
            self.wait_for("icecast", |this| this.has_died() || this.status().contains("<icestats"));
            if !self.has_died() {
                return;
            }
        }
        panic!("icecast dies again and again: {}", self.words());
    }

    fn has_died(&self) -> bool {
        let id = self.server.as_ref().and_then(Running::id);
        id.and_then(state).is_none_or(|state| state.starts_with('Z'))
    }

    /// Stops the source, and starts another one in its place.
    pub fn send(&mut self, codec: Codec) {
        self.source = None;
        let Codec(options, content_type) = codec;
        let target = format!("icecast://source:secret@127.0.0.1:{}/live", self.port);
        self.wait_for("the end of the old source", |this| !this.status().contains("/live"));
        let source = Invocation::new("ffmpeg")
            .args(
                "-hide_banner -nostdin -loglevel error -f s16le -ar 48000 -ac 1 -i pipe:0 -flush_packets 1".split(' '),
            )
            .args(options.split(' '))
            .args(["-content_type", content_type, &target])
            .with_stdin();
        let mut source = self.spawn(source);
        let stdin = source.take_stdin().expect("asked for");
        self.runtime().spawn(publish(stdin, self.clock.clone()));
        self.source = Some(source);
        self.wait_for("the stream", |this| this.status().contains("/live"));
    }

    /// Disconnects all listeners; server and source go on.
    pub fn throw_out(&self) {
        let listeners = self.admin("listclients?mount=/live");
        for id in listeners.split("<ID>").skip(1).filter_map(|part| part.split('<').next()) {
            self.admin(&format!("killclient?mount=/live&id={id}"));
        }
    }

    /// Freezes the server with all connections open, or lets it go on.
    pub fn freeze(&self, frozen: bool) {
        let signal = if frozen { Signal::STOP } else { Signal::CONT };
        let id = self.server.as_ref().and_then(Running::id).and_then(|id| Pid::from_raw(id.cast_signed()));
        kill_process(id.expect("it runs"), signal).expect("it is ours");
    }

    fn answers(&self) -> bool {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()
    }

    fn status(&self) -> String {
        self.admin("listmounts")
    }

    fn admin(&self, command: &str) -> String {
        let mut answer = String::new();
        let asked = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).and_then(|mut stream| {
            write!(stream, "GET /admin/{command} HTTP/1.0\r\nAuthorization: Basic {ADMIN}\r\n\r\n")?;
            stream.read_to_string(&mut answer)
        });
        asked.map_or_else(|_| String::new(), |_| answer)
    }

    fn wait_for(&self, what: &str, ready: impl Fn(&Self) -> bool) {
        let until = self.clock.monotonic() + STARTING;
        while !ready(self) {
            assert!(self.clock.monotonic() < until, "{what} did not come about: {}", self.words());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns what server and source have logged.
    fn words(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default();
        let last = |part: &Option<Running>| part.as_ref().map_or_else(String::new, Running::last_words);
        let answers = if self.answers() { "it listens" } else { "it does not listen" };
        let state = self.server.as_ref().and_then(Running::id).and_then(state);
        format!("{answers} {state:?} {} {} {log}", last(&self.server), last(&self.source))
    }

    /// Starts a child on the runtime's thread, because children die with the thread that started them.
    fn spawn(&self, invocation: Invocation) -> Running {
        let (sender, started) = std::sync::mpsc::channel();
        self.runtime().spawn(async move { sender.send(invocation.spawn(&SystemClock::shared())) });
        started.recv().expect("the runtime runs").expect("icecast2 and ffmpeg are installed")
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("only taken when dropped")
    }
}

/// Returns the state of a process, such as `S (sleeping)`; `Z` is a dead one.
fn state(id: u32) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    Some(status.lines().find_map(|line| line.strip_prefix("State:"))?.trim().to_owned())
}

impl Drop for Icecast {
    fn drop(&mut self) {
        self.stop();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn configuration(port: u16, burst: u32, folder: &str) -> String {
    // icecast2 refuses to run as root, and says so only in its log.
    let owner = if rustix::process::getuid().is_root() {
        "<changeowner><user>nobody</user><group>nogroup</group></changeowner>"
    } else {
        ""
    };
    format!(
        "<icecast>
  <limits><clients>100</clients><sources>4</sources><burst-size>{burst}</burst-size></limits>
  <authentication><source-password>secret</source-password><admin-user>admin</admin-user>
    <admin-password>secret</admin-password></authentication>
  <hostname>127.0.0.1</hostname>
  <listen-socket><port>{port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
  <fileserve>0</fileserve>
  <paths><basedir>{folder}</basedir><logdir>{folder}</logdir><webroot>/usr/share/icecast2/web</webroot>
    <adminroot>/usr/share/icecast2/admin</adminroot></paths>
  <logging><accesslog>access.log</accesslog><errorlog>error.log</errorlog><loglevel>2</loglevel></logging>
  <security><chroot>0</chroot>{owner}</security>
</icecast>
"
    )
}

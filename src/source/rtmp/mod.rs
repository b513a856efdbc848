//! RTMP: rtmpdump fetches FLV, ffmpeg packs its sound, untouched, into MPEG-TS, which is cut into chunks.
//!
//! Codecs of the days of Flash fit into no container that is read here (Speex, Nellymoser, PCM and its kin). Where one
//! comes, the station is asked again, and ffmpeg packs its sound into Ogg as FLAC, which loses nothing of what it decodes.
//!
//! Both are children that are started anew together whenever either ends, whatever its exit code, or delivers nothing:
//! rtmpdump exits 0 in the middle of a show, and hangs on a silent server for as long as it is let.

mod address;
mod flv;
#[cfg(test)]
mod misbehaving;
mod said;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use bytes::BytesMut;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use url::Url;

use self::address::{Address, Meaning};
use self::flv::{Codec, Flow, Watch};
use self::said::Asked;
use super::endless::{DEAD_AFTER, Deaf, End, Link, Output, keep};
use super::media::{Framer, Piece};
use super::resolve::streams;
use crate::base::environment::Environment;
use crate::base::http::{self, Client, HttpError, Manner};
use crate::base::process::{self, Invocation, Running};
use crate::base::redact;
use crate::config::Rtmp;
use crate::model::{AsCause, Cause, CauseKind, Container, MediaEvent};

const RTMPDUMP: &str = "rtmpdump";
/// How long rtmpdump may take to write out what it holds once it should end.
const GRACE: Duration = Duration::from_secs(1);
/// How long ffmpeg may take to finish once its input ended; it was measured to need a hundredth of that.
const REMUX_GRACE: Duration = Duration::from_secs(2);

/// Captures until `stop` is cancelled or nobody listens any more.
pub async fn run(source: &Rtmp, environment: &Environment, events: mpsc::Sender<MediaEvent>, stop: CancellationToken) {
    let _ = keep(RtmpLink::new(source, environment, RTMPDUMP), environment, events, stop).await;
}

struct RtmpLink<'a> {
    source: &'a Rtmp,
    environment: &'a Environment,
    /// One client, and so one cookie jar, for all connections of a capture.
    client: Option<Client>,
    /// What stands for rtmpdump: a test may put in one that misbehaves.
    program: &'a str,
    /// What the address means, where sound has shown it.
    meaning: Option<Meaning>,
    /// How many meanings have been tried in vain.
    tried: usize,
    /// How the sound is packed.
    packing: Packing,
}

/// How ffmpeg packs the sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    /// Untouched, into MPEG-TS.
    Copy,
    /// Decoded, as FLAC into Ogg.
    Decode,
}

impl Packing {
    fn arguments(self) -> &'static str {
        match self {
            Self::Copy => "-c copy -muxdelay 0 -muxpreload 0 -f mpegts",
            Self::Decode => "-c:a flac -page_duration 200000 -f ogg",
        }
    }

    fn container(self) -> Container {
        match self {
            Self::Copy => Container::MpegTs,
            Self::Decode => Container::Ogg,
        }
    }
}

impl Link for RtmpLink<'_> {
    async fn connect(&mut self, output: &mut Output, stop: &CancellationToken) -> End {
        // The first is the likeliest: what is said of that is told where all are refused.
        let mut refused = None;
        loop {
            let opened = tokio::select! {
                opened = self.open() => opened,
                () = stop.cancelled() => return End::Stopped,
            };
            let Opened { connection, meaning, of } = match opened {
                Ok(opened) => opened,
                Err(cause) => return End::Failed(cause),
            };
            let Captured { end, heard, sound } = connection.capture(output, stop).await;
            if heard {
                self.meaning = Some(meaning);
                return end;
            }
            if let Some(codec) = sound
                && !codec.can_be_kept()
            {
                self.packing = Packing::Decode;
                return end;
            }
            let End::Failed(cause) = end else { return end };
            if cause.kind == CauseKind::Internal {
                return End::Failed(cause);
            }
            self.tried = self.tried.wrapping_add(1);
            if cause.kind != CauseKind::Refused {
                return End::Failed(cause);
            }
            // A server that refuses a name says so at once, and need not be waited for before it is asked for another.
            let cause = refused.get_or_insert(cause);
            if self.tried.checked_rem(of).is_none_or(|next| next == 0) {
                return End::Failed(cause.clone());
            }
        }
    }
}

impl<'a> RtmpLink<'a> {
    fn new(source: &'a Rtmp, environment: &'a Environment, program: &'a str) -> Self {
        let packing = Packing::Copy;
        Self { source, environment, client: None, program, meaning: None, tried: 0, packing }
    }

    fn client(&mut self) -> Result<Client, HttpError> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let Rtmp { headers, accept_invalid, .. } = self.source;
        let manner = Manner { headers, accept_invalid: *accept_invalid, ..Manner::default() };
        Ok(self.client.insert(http::client(manner)?).clone())
    }

    async fn open(&mut self) -> Result<Opened, Cause> {
        let client = self.client().map_err(|error| error.as_cause())?;
        let is_rtmp = |url: &Url| url.scheme().starts_with("rtmp");
        let urls = streams(&self.source.address, &client, self.environment, is_rtmp).await;
        let urls = urls.map_err(|error| error.as_cause())?;
        let addresses: Vec<Address> = urls.iter().map(|url| Address::of(self.source, url)).collect();
        let all =
            || addresses.iter().flat_map(|address| address.meanings.iter().map(move |meaning| (address, meaning)));
        // A token in it may be another by now.
        let known = self.meaning.as_ref().and_then(|known| all().find(|(_, meaning)| meaning.is_like(known)));
        let of = if known.is_some() { 1 } else { all().count() };
        let tried = self.tried.checked_rem(of).and_then(|at| all().nth(at));
        let Some((address, meaning)) = known.or(tried) else {
            return Err(Cause::new(CauseKind::Address, "the address names no stream"));
        };
        let arguments = rtmpdump_arguments(self.source, address, meaning);
        let asked = Asked::new(&address.server, meaning);
        let connection = Connection::open(self.program, arguments, asked, self.packing)?;
        Ok(Opened { connection, meaning: meaning.clone(), of })
    }
}

/// One of the things that the address may mean, asked for.
struct Opened {
    connection: Connection,
    meaning: Meaning,
    /// How many there are.
    of: usize,
}

/// How long a child that should have ended may take to be seen to have ended.
const PROMPTLY: Duration = Duration::from_millis(100);

/// rtmpdump's arguments for one meaning of an address.
fn rtmpdump_arguments(source: &Rtmp, address: &Address, meaning: &Meaning) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["--rtmp".into(), format!("{}/", address.server).into()];
    if address.live.unwrap_or(source.live) {
        arguments.push("--live".into());
    }
    arguments.extend(["--app".into(), meaning.app.clone(), "--playpath".into(), meaning.playpath.clone()]);
    for (flag, value) in [("--swfVfy", &source.swf), ("--pageUrl", &source.page)] {
        if let Some(value) = value {
            arguments.extend([flag.into(), value.into()]);
        }
    }
    arguments.extend(address.arguments.iter().cloned());
    arguments.extend(["--timeout".into(), DEAD_AFTER.as_secs().to_string().into()]);
    arguments.extend(source.args.iter().map(Into::into));
    // Last, so that no free argument sends the sound elsewhere. Without --quiet, because that silences errors as well.
    arguments.extend(["--flv".into(), "-".into()]);
    arguments
}

/// ffmpeg's arguments, with how it packs the sound before the last two. What rtmpdump writes announces pictures whether
/// there are any or not, and ffmpeg would wait for them for minutes; two seconds find the sound among pictures, and delay
/// nothing but the first chunk. The muxer neither delays nor collects.
const REMUX: &str = "-hide_banner -nostdin -loglevel error -protocol_whitelist pipe -analyzeduration 2000000 -f flv \
     -i pipe:0 -map 0:a:0";

/// rtmpdump and ffmpeg, with everything between them.
struct Connection {
    asked: Asked,
    packing: Packing,
    fetch: Running,
    fetched: ChildStdout,
    remux: Running,
    remux_input: ChildStdin,
    remuxed: ChildStdout,
}

/// What came of a connection.
struct Captured {
    end: End,
    /// Whether there was sound.
    heard: bool,
    /// How the sound is encoded, where any was seen.
    sound: Option<Codec>,
}

impl Connection {
    fn open(program: &str, arguments: Vec<OsString>, asked: Asked, packing: Packing) -> Result<Self, Cause> {
        let mut remux = Invocation::new("ffmpeg")
            .args(REMUX.split_whitespace())
            .args(packing.arguments().split_whitespace())
            .args(["-flush_packets", "1", "pipe:1"])
            .with_stdin()
            .with_stdout()
            .spawn()
            .map_err(|error| error.as_cause())?;
        let mut fetch =
            Invocation::new(program).args(arguments).with_stdout().spawn().map_err(|error| error.as_cause())?;
        let (Some(fetched), Some(remux_input), Some(remuxed)) =
            (fetch.take_stdout(), remux.take_stdin(), remux.take_stdout())
        else {
            return Err(Cause::new(CauseKind::Internal, "rtmpdump and ffmpeg could not be joined"));
        };
        Ok(Self { asked, packing, fetch, fetched, remux, remux_input, remuxed })
    }

    async fn capture(self, output: &mut Output, stop: &CancellationToken) -> Captured {
        let Self { asked, packing, mut fetch, fetched, mut remux, remux_input, remuxed } = self;
        let (sender, flow) = watch::channel(Flow::default());
        let delivery = async {
            let mut delivery = Delivery { packing, output, stop, flow, heard: false };
            let ended = delivery.run(remuxed, &mut fetch).await;
            let flow = *delivery.flow.borrow();
            let (heard, sent) = (delivery.heard, flow != Flow::default());
            let end = match ended {
                Ended::Stopped => End::Stopped,
                Ended::Silent(_) if flow.sound.is_none() && flow.pictures => {
                    let words = format!("{} sends pictures and no sound", asked.address());
                    End::Failed(Cause::new(CauseKind::Unusable, words))
                }
                Ended::Silent(lines) => End::Failed(said::silence(&asked, &lines, DEAD_AFTER.as_secs())),
                Ended::Unfit(codec) => End::Failed(unfit(&asked, codec)),
                Ended::ByItself => End::Failed(first_to_end(&asked, &mut fetch, &mut remux, sent).await),
            };
            // ffmpeg may have ended first; this also ends the carrying.
            fetch.stop(GRACE).await;
            Captured { end, heard, sound: flow.sound }
        };
        let (captured, ()) = tokio::join!(delivery, carry(fetched, remux_input, sender));
        remux.stop(REMUX_GRACE).await;
        captured
    }
}

/// That the sound cannot be handed on as it is.
fn unfit(asked: &Asked, codec: Codec) -> Cause {
    let (address, name) = (asked.address(), codec.name());
    let words = if codec.can_be_decoded() {
        format!("{address} sends its sound as {name}, which is decoded and kept as FLAC from now on")
    } else {
        format!("{address} sends its sound as {name}, which cannot be kept")
    };
    Cause::new(CauseKind::Unusable, words)
}

/// Carries FLV from rtmpdump to ffmpeg until either ends, and tells what is in it; then closes ffmpeg's input, which ends it.
async fn carry(mut from: ChildStdout, mut to: ChildStdin, told: watch::Sender<Flow>) {
    let mut buffer = BytesMut::with_capacity(1 << 16);
    let mut seen = Watch::new();
    while let Ok(1..) = from.read_buf(&mut buffer).await {
        let flow = seen.take(&buffer);
        told.send_if_modified(|before| std::mem::replace(before, flow) != flow);
        if to.write_all(&buffer).await.is_err() {
            return;
        }
        buffer.clear();
    }
}

/// How the way from rtmpdump to us ended.
enum Ended {
    Stopped,
    /// Nothing came; what rtmpdump had said until then.
    Silent(Vec<String>),
    /// Sound came that cannot be packed so.
    Unfit(Codec),
    ByItself,
}

/// The way from ffmpeg to us.
struct Delivery<'a> {
    packing: Packing,
    output: &'a mut Output,
    stop: &'a CancellationToken,
    flow: watch::Receiver<Flow>,
    /// Whether there was sound.
    heard: bool,
}

impl Delivery<'_> {
    /// Hands over what ffmpeg writes until it ends. Ends rtmpdump when asked to stop, or when nothing comes: the rest
    /// follows from that, and what was captured is not lost.
    async fn run(&mut self, mut remuxed: ChildStdout, fetch: &mut Running) -> Ended {
        let mut framer = Framer::new(self.packing.container());
        let mut buffer = BytesMut::with_capacity(1 << 16);
        let mut deadline = Instant::now() + DEAD_AFTER;
        let mut ended = None;
        let mut watched = true;
        loop {
            let read = tokio::select! {
                read = timeout_at(deadline, remuxed.read_buf(&mut buffer)) => read,
                () = self.stop.cancelled(), if ended.is_none() => {
                    ended = Some(Ended::Stopped);
                    fetch.stop(GRACE).await;
                    deadline = Instant::now() + REMUX_GRACE;
                    continue;
                }
                changed = self.flow.changed(), if ended.is_none() && watched => {
                    watched = changed.is_ok();
                    if let Some(codec) = self.unfit() {
                        return Ended::Unfit(codec);
                    }
                    continue;
                }
            };
            match read {
                Ok(Ok(1..)) => {
                    framer.push(&buffer, self.output.now());
                    buffer.clear();
                    while let Some(piece) = framer.next_chunk() {
                        if ended.is_none() {
                            deadline = Instant::now() + DEAD_AFTER;
                        }
                        if self.hand_over(piece).await.is_err() {
                            return Ended::Stopped;
                        }
                    }
                }
                Err(_) if ended.is_none() => {
                    ended = Some(Ended::Silent(fetch.last_lines()));
                    fetch.stop(GRACE).await;
                    deadline = Instant::now() + REMUX_GRACE;
                }
                _ => break,
            }
        }
        while let Some(piece) = framer.flush() {
            if self.hand_over(piece).await.is_err() {
                return Ended::Stopped;
            }
        }
        ended.unwrap_or(Ended::ByItself)
    }

    /// The codec of the sound, where it cannot be packed as it should be.
    fn unfit(&self) -> Option<Codec> {
        let codec = self.flow.borrow().sound?;
        let fits = match self.packing {
            Packing::Copy => codec.can_be_kept(),
            Packing::Decode => codec.can_be_decoded(),
        };
        (!fits).then_some(codec)
    }

    async fn hand_over(&mut self, piece: Piece) -> Result<(), Deaf> {
        self.heard = true;
        self.output.piece(piece).await
    }
}

/// Why the sound ended: for the child that ended first. ffmpeg ends with its input, so that it was first only where rtmpdump
/// still runs, or fails for want of a reader. `sent`: something had come.
async fn first_to_end(asked: &Asked, fetch: &mut Running, remux: &mut Running, sent: bool) -> Cause {
    let fetched = ended(fetch).await.filter(|status| status.signal() != Some(Signal::PIPE.as_raw()));
    if fetched.is_some() {
        return said::cause(asked, &fetch.last_lines(), fetched, sent);
    }
    let status = ended(remux).await;
    let address = asked.address();
    if let Some(killed) = status.and_then(process::killed) {
        // By itself it ends only when it can make nothing of what it is given; else somebody has killed it.
        return Cause::new(CauseKind::Internal, format!("{address}: ffmpeg {killed}"));
    }
    let lines = remux.last_lines();
    let said = said::errors(&lines).last().map(|line| format!(": ffmpeg says {:?}", redact::text(line)));
    let words = format!("{address} sends what cannot be read as sound{}", said.unwrap_or_default());
    Cause::new(CauseKind::Unusable, words)
}

async fn ended(child: &mut Running) -> Option<ExitStatus> {
    timeout(PROMPTLY, child.wait()).await.ok()?.ok()
}

//! rtmpdump and ffmpeg, from the first sound of a stream to its end.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use bytes::BytesMut;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::super::media::{Framer, Piece};
use super::super::reconnect::{DEAD_AFTER, End, Output, ReceiverGone};
use super::diagnosis::{self, StreamLabel};
use super::flv::{Broken, Codec, Flow, Stamps, Watch};
use super::request::{GRACE, StartedStream, ended};
use crate::base::clock::SharedClock;
use crate::base::process::{self, Invocation, Running};
use crate::model::{AsCause as _, Cause, CauseKind, Container};

/// How long ffmpeg may take to finish once its input ended; it was measured to need a hundredth of that.
const REMUX_GRACE: Duration = Duration::from_secs(2);

/// ffmpeg's arguments; how it packs the sound goes before the last two. rtmpdump announces pictures whether there are
/// any or not, and ffmpeg would wait for them for minutes. Two seconds are enough to find the sound among pictures, and
/// delay only the first chunk. The muxer neither delays nor collects.
const REMUX: &str = "-hide_banner -nostdin -loglevel error -protocol_whitelist pipe -analyzeduration 2000000 -f flv \
     -i pipe:0 -map 0:a:0";

/// How ffmpeg packs the sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// It is copied into MPEG-TS.
    Copy,
    /// It is decoded, and packed as FLAC into Ogg.
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

/// rtmpdump and ffmpeg, and everything between them.
pub(super) struct Connection {
    begun: StartedStream,
    packing: Packing,
    remux: Running,
    remux_input: ChildStdin,
    remuxed: ChildStdout,
    clock: SharedClock,
}

/// The result of a connection.
pub(super) struct Captured {
    pub end: End,
    /// Whether there was sound.
    pub heard: bool,
    /// How the sound is encoded, if any was seen.
    pub sound: Option<Codec>,
    /// The stamps of the sound, if all of it was handed over.
    pub stamps: Option<Stamps>,
}

impl Connection {
    /// A connection for a stream that has `begun`.
    pub(super) fn open(begun: StartedStream, packing: Packing, clock: &SharedClock) -> Result<Self, Cause> {
        let mut remux = Invocation::new("ffmpeg")
            .args(REMUX.split_whitespace())
            .args(packing.arguments().split_whitespace())
            .args(["-flush_packets", "1", "pipe:1"])
            .with_stdin()
            .with_stdout()
            .spawn(clock)
            .map_err(|error| error.as_cause())?;
        let (Some(remux_input), Some(remuxed)) = (remux.take_stdin(), remux.take_stdout()) else {
            return Err(Cause::new(CauseKind::Internal, "ffmpeg could not be joined to rtmpdump"));
        };
        Ok(Self { begun, packing, remux, remux_input, remuxed, clock: clock.clone() })
    }

    /// Hands over sound until the connection ends or `stop` is cancelled. `earlier` are the stamps of the sound that
    /// was handed over before.
    pub(super) async fn capture(
        self,
        earlier: Option<Stamps>,
        output: &mut Output,
        stop: &CancellationToken,
    ) -> Captured {
        let Self { begun, packing, mut remux, remux_input, remuxed, clock } = self;
        let StartedStream { label, mut fetch, fetched, beginning, seen } = begun;
        let (sender, news) = watch::channel(News::of(&seen));
        let told = news.clone();
        let delivery = async {
            let mut delivery = Delivery { packing, output, stop, clock: &clock, news, heard: false, earlier };
            let ended = delivery.run(remuxed, &mut fetch).await;
            let flow = delivery.news.borrow().flow;
            let (heard, sent) = (delivery.heard, flow != Flow::default());
            let mut whole = true;
            let end = match ended {
                Ended::Stopped => End::Stopped,
                Ended::Silent(lines) => End::Failed(diagnosis::silence(&label, &lines, DEAD_AFTER.as_secs(), flow)),
                Ended::Unfit(codec) => End::Failed(unfit(&label, codec)),
                Ended::ByItself => {
                    let (cause, fetched) = first_to_end(&label, &mut fetch, &mut remux, sent).await;
                    whole = fetched;
                    End::Failed(cause)
                }
            };
            // ffmpeg may have ended first. This also ends the carrying.
            fetch.stop(GRACE).await;
            (end, heard, flow.sound, whole)
        };
        let carrying = carry(beginning, seen, (fetched, remux_input), sender, &clock);
        let ((end, heard, sound, whole), ()) = tokio::join!(delivery, carrying);
        remux.stop(REMUX_GRACE).await;
        let stamps = told.borrow().stamps.filter(|_| whole);
        Captured { end, heard, sound, stamps }
    }
}

/// The cause: the sound cannot be handed on as it is.
pub(super) fn unfit(label: &StreamLabel, codec: Codec) -> Cause {
    let (address, name) = (label.address(), codec.name());
    let words = if codec.can_be_decoded() {
        format!("{address} sends its sound as {name}, which is decoded and kept as FLAC from now on")
    } else {
        format!("{address} sends its sound as {name}, which cannot be kept")
    };
    Cause::new(CauseKind::Unusable, words)
}

/// What is known of the FLV.
#[derive(Debug, Clone, Copy)]
struct News {
    flow: Flow,
    stamps: Option<Stamps>,
}

impl News {
    fn of(seen: &Watch) -> Self {
        Self { flow: seen.flow(), stamps: seen.stamps() }
    }
}

/// Carries FLV from rtmpdump to ffmpeg, after what has been `seen` of it, until either ends or it is no FLV any more.
/// Reports what is in it. Then closes ffmpeg's input, which ends ffmpeg.
async fn carry(
    beginning: BytesMut,
    mut seen: Watch,
    (mut from, mut to): (ChildStdout, ChildStdin),
    told: watch::Sender<News>,
    clock: &SharedClock,
) {
    let mut buffer = beginning;
    loop {
        if to.write_all(&buffer).await.is_err() {
            return;
        }
        buffer.clear();
        let Ok(1..) = from.read_buf(&mut buffer).await else { return };
        let broken = seen.push(&buffer, clock.monotonic()).err();
        told.send_if_modified(|before| {
            let now = News::of(&seen);
            std::mem::replace(before, now).flow != now.flow
        });
        if let Some(Broken { good }) = broken {
            let _ = to.write_all(buffer.get(..good).unwrap_or_default()).await;
            return;
        }
    }
}

/// How the delivery ended.
enum Ended {
    Stopped,
    /// Nothing came; the lines that rtmpdump had written until then.
    Silent(Vec<String>),
    /// Sound came that cannot be packed in this way.
    Unfit(Codec),
    ByItself,
}

/// The delivery from ffmpeg to us.
struct Delivery<'a> {
    packing: Packing,
    output: &'a mut Output,
    stop: &'a CancellationToken,
    clock: &'a SharedClock,
    news: watch::Receiver<News>,
    /// Whether there was sound.
    heard: bool,
    /// The stamps of the connection before.
    earlier: Option<Stamps>,
}

impl Delivery<'_> {
    /// Hands over what ffmpeg writes until ffmpeg ends. Ends rtmpdump when asked to stop, or if nothing comes: then
    /// ffmpeg ends too, and what was captured is not lost.
    async fn run(&mut self, mut remuxed: ChildStdout, fetch: &mut Running) -> Ended {
        let mut framer = Framer::new(self.packing.container());
        let mut buffer = BytesMut::with_capacity(1 << 16);
        let mut deadline = self.clock.monotonic() + DEAD_AFTER;
        let mut ended = None;
        let mut watched = true;
        loop {
            let read = tokio::select! {
                read = self.clock.timeout_at(deadline, remuxed.read_buf(&mut buffer)) => read,
                () = self.stop.cancelled(), if ended.is_none() => {
                    ended = Some(Ended::Stopped);
                    fetch.stop(GRACE).await;
                    deadline = self.clock.monotonic() + REMUX_GRACE;
                    continue;
                }
                changed = self.news.changed(), if ended.is_none() && watched => {
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
                            deadline = self.clock.monotonic() + DEAD_AFTER;
                        }
                        if self.hand_over(piece).await.is_err() {
                            return Ended::Stopped;
                        }
                    }
                }
                Err(_) if ended.is_none() => {
                    ended = Some(Ended::Silent(fetch.last_lines()));
                    fetch.stop(GRACE).await;
                    deadline = self.clock.monotonic() + REMUX_GRACE;
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

    /// The codec of the sound, if it cannot be packed as it should be.
    fn unfit(&self) -> Option<Codec> {
        let codec = self.news.borrow().flow.sound?;
        let fits = match self.packing {
            Packing::Copy => codec.can_be_kept(),
            Packing::Decode => codec.can_be_decoded(),
        };
        (!fits).then_some(codec)
    }

    async fn hand_over(&mut self, piece: Piece) -> Result<(), ReceiverGone> {
        if !std::mem::replace(&mut self.heard, true)
            && let (Some(stamps), Some(earlier)) = (self.news.borrow().stamps, self.earlier)
            && let Some(missing) = stamps.missing_since(&earlier)
        {
            self.output.set_missing(missing);
        }
        self.output.piece(piece).await
    }
}

/// Why the sound ended: the cause of the child that ended first, and whether that was rtmpdump. ffmpeg ends with its
/// input, so it was first only if rtmpdump still runs or fails for want of a reader. `sent`: something had arrived.
async fn first_to_end(label: &StreamLabel, fetch: &mut Running, remux: &mut Running, sent: bool) -> (Cause, bool) {
    let fetched = ended(fetch).await.filter(|status| status.signal() != Some(Signal::PIPE.as_raw()));
    if fetched.is_some() {
        return (diagnosis::cause(label, &fetch.last_lines(), fetched, sent), true);
    }
    let status = ended(remux).await;
    let address = label.address();
    if let Some(killed) = status.and_then(process::killed) {
        // By itself it ends only if it can make nothing of its input. Otherwise somebody has killed it.
        return (Cause::new(CauseKind::Internal, format!("{address}: ffmpeg {killed}")), false);
    }
    (diagnosis::no_sound(label, diagnosis::errors(&remux.last_lines()).last().copied()), false)
}

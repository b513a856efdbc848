//! RTMP: rtmpdump fetches FLV, ffmpeg packs its sound, untouched, into MPEG-TS, which is cut into chunks.
//!
//! Both are children that are started anew together whenever either ends, whatever its exit code, or delivers nothing:
//! rtmpdump exits 0 in the middle of a show, and hangs on a silent server for as long as it is let.

#[cfg(test)]
mod misbehaving;
#[cfg(test)]
mod tests;

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use bytes::BytesMut;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::endless::{DEAD_AFTER, End, Link, Output, keep};
use super::media::Framer;
use super::resolve::resolve;
use crate::base::environment::Environment;
use crate::base::http::{self, Client, HttpError, Manner};
use crate::base::process::{Invocation, Running};
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
    keep(RtmpLink { source, environment, client: None, program: RTMPDUMP }, environment, events, stop).await;
}

struct RtmpLink<'a> {
    source: &'a Rtmp,
    environment: &'a Environment,
    /// One client, and so one cookie jar, for all connections of a capture.
    client: Option<Client>,
    /// What stands for rtmpdump: a test may put in one that misbehaves.
    program: &'a str,
}

impl Link for RtmpLink<'_> {
    async fn connect(&mut self, output: &mut Output, stop: &CancellationToken) -> End {
        let opened = tokio::select! {
            opened = self.open() => opened,
            () = stop.cancelled() => return End::Stopped,
        };
        match opened {
            Ok(connection) => connection.capture(output, stop).await,
            Err(cause) => End::Failed(cause),
        }
    }
}

impl RtmpLink<'_> {
    fn client(&mut self) -> Result<Client, HttpError> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let Rtmp { headers, accept_invalid, .. } = self.source;
        let manner = Manner { headers, accept_invalid: *accept_invalid, ..Manner::default() };
        Ok(self.client.insert(http::client(manner)?).clone())
    }

    async fn open(&mut self) -> Result<Connection, Cause> {
        let client = self.client().map_err(|error| error.as_cause())?;
        let resolved =
            resolve(&self.source.address, &client, self.environment).await.map_err(|error| error.as_cause())?;
        Connection::open(self.program, self.source, &resolved.url)
    }
}

/// How long a child that should have ended may take to be seen to have ended.
const PROMPTLY: Duration = Duration::from_millis(100);

/// rtmpdump's arguments for `url`.
fn rtmpdump_arguments(source: &Rtmp, url: &Url) -> Vec<String> {
    let mut arguments = vec!["--rtmp".to_owned(), url.to_string()];
    if source.live {
        arguments.push("--live".to_owned());
    }
    let named = [
        ("--app", &source.app),
        ("--playpath", &source.playpath),
        ("--swfVfy", &source.swf),
        ("--pageUrl", &source.page),
    ];
    for (flag, value) in named {
        if let Some(value) = value {
            arguments.extend([flag.to_owned(), value.clone()]);
        }
    }
    arguments.extend(["--timeout".to_owned(), DEAD_AFTER.as_secs().to_string()]);
    arguments.extend(source.args.iter().cloned());
    // Last, so that no free argument sends the sound elsewhere. Without --quiet, because that silences errors as well.
    arguments.extend(["--flv".to_owned(), "-".to_owned()]);
    arguments
}

/// ffmpeg's arguments. What rtmpdump writes announces pictures whether there are any or not, and ffmpeg would wait for
/// them for minutes; two seconds find the sound among pictures, and delay nothing but the first chunk. The muxer neither
/// delays nor collects.
const REMUX: &str = "-hide_banner -nostdin -loglevel error -protocol_whitelist pipe -analyzeduration 2000000 -f flv \
     -i pipe:0 -map 0:a:0 -c copy -muxdelay 0 -muxpreload 0 -flush_packets 1 -f mpegts pipe:1";

/// rtmpdump and ffmpeg, with everything between them.
struct Connection {
    url: String,
    fetch: Running,
    fetched: ChildStdout,
    remux: Running,
    remux_input: ChildStdin,
    remuxed: ChildStdout,
}

impl Connection {
    fn open(program: &str, source: &Rtmp, url: &Url) -> Result<Self, Cause> {
        if !url.scheme().starts_with("rtmp") {
            return Err(Cause::new(CauseKind::Address, format!("{} is no RTMP address", redact::url(url))));
        }
        let mut remux = Invocation::new("ffmpeg")
            .args(REMUX.split_whitespace())
            .with_stdin()
            .with_stdout()
            .spawn()
            .map_err(|error| error.as_cause())?;
        let mut fetch = Invocation::new(program)
            .args(rtmpdump_arguments(source, url))
            .with_stdout()
            .spawn()
            .map_err(|error| error.as_cause())?;
        let (Some(fetched), Some(remux_input), Some(remuxed)) =
            (fetch.take_stdout(), remux.take_stdin(), remux.take_stdout())
        else {
            return Err(Cause::new(CauseKind::Internal, "rtmpdump and ffmpeg could not be joined"));
        };
        Ok(Self { url: redact::url(url), fetch, fetched, remux, remux_input, remuxed })
    }

    async fn capture(self, output: &mut Output, stop: &CancellationToken) -> End {
        let Self { url, mut fetch, fetched, mut remux, remux_input, remuxed } = self;
        let delivery = async {
            let ended = deliver(remuxed, &mut fetch, output, stop).await;
            let end = match ended {
                Ended::Stopped => End::Stopped,
                Ended::Silent(words) => {
                    let words = words.map_or_else(String::new, |words| format!("; {words}"));
                    let words = format!("{url} delivered no sound for {} s{words}", DEAD_AFTER.as_secs());
                    End::Failed(Cause::new(CauseKind::Stalled, words))
                }
                Ended::ByItself => {
                    let Cause { kind, words } = first_to_end(&mut fetch, &mut remux).await;
                    End::Failed(Cause::new(kind, format!("{url}: {words}")))
                }
            };
            // ffmpeg may have ended first; this also ends the carrying.
            fetch.stop(GRACE).await;
            end
        };
        let (end, ()) = tokio::join!(delivery, carry(fetched, remux_input));
        remux.stop(REMUX_GRACE).await;
        end
    }
}

/// Carries FLV from rtmpdump to ffmpeg until either ends; then closes ffmpeg's input, which ends it.
async fn carry(mut from: ChildStdout, mut to: ChildStdin) {
    let mut buffer = BytesMut::with_capacity(1 << 16);
    while let Ok(1..) = from.read_buf(&mut buffer).await {
        if to.write_all(&buffer).await.is_err() {
            return;
        }
        buffer.clear();
    }
}

/// How the way from rtmpdump to us ended.
enum Ended {
    Stopped,
    /// Nothing came; what rtmpdump had said until then, if anything.
    Silent(Option<String>),
    ByItself,
}

/// Hands over what ffmpeg writes until it ends. Ends rtmpdump when asked to stop, or when nothing comes: the rest follows
/// from that, and what was captured is not lost.
async fn deliver(
    mut remuxed: ChildStdout,
    fetch: &mut Running,
    output: &mut Output,
    stop: &CancellationToken,
) -> Ended {
    let mut framer = Framer::new(Container::MpegTs);
    let mut buffer = BytesMut::with_capacity(1 << 16);
    let mut deadline = Instant::now() + DEAD_AFTER;
    let mut ended = None;
    loop {
        let read = tokio::select! {
            read = timeout_at(deadline, remuxed.read_buf(&mut buffer)) => read,
            () = stop.cancelled(), if ended.is_none() => {
                ended = Some(Ended::Stopped);
                fetch.stop(GRACE).await;
                deadline = Instant::now() + REMUX_GRACE;
                continue;
            }
        };
        match read {
            Ok(Ok(1..)) => {
                framer.push(&buffer, output.now());
                buffer.clear();
                while let Some(piece) = framer.next_chunk() {
                    if ended.is_none() {
                        deadline = Instant::now() + DEAD_AFTER;
                    }
                    if output.piece(piece).await.is_err() {
                        return Ended::Stopped;
                    }
                }
            }
            Err(_) if ended.is_none() => {
                ended = Some(Ended::Silent(in_words("rtmpdump", fetch)));
                fetch.stop(GRACE).await;
                deadline = Instant::now() + REMUX_GRACE;
            }
            _ => break,
        }
    }
    while let Some(piece) = framer.flush() {
        if output.piece(piece).await.is_err() {
            return Ended::Stopped;
        }
    }
    ended.unwrap_or(Ended::ByItself)
}

/// Why the sound ended: the child that ended first, in its own words, else how it ended. ffmpeg ends with its input, so
/// that it was first only where rtmpdump still runs, or fails for want of a reader.
async fn first_to_end(fetch: &mut Running, remux: &mut Running) -> Cause {
    let fetched = ended(fetch).await.filter(|status| status.signal() != Some(Signal::PIPE.as_raw()));
    if let Some(status) = fetched {
        Cause::new(CauseKind::Connection, how_it_ended("rtmpdump", fetch, Some(status)))
    } else {
        let status = ended(remux).await;
        // By itself it ends only when it can make nothing of what it is given; else somebody has killed it.
        let judged = status.is_some_and(|status| status.code().is_some());
        let kind = if judged { CauseKind::Unusable } else { CauseKind::Internal };
        Cause::new(kind, how_it_ended("ffmpeg", remux, status))
    }
}

fn how_it_ended(name: &str, child: &Running, status: Option<ExitStatus>) -> String {
    let status = status.map_or_else(String::new, |status| format!(" ({status})"));
    in_words(name, child).unwrap_or_else(|| format!("{name} ended{status}"))
}

async fn ended(child: &mut Running) -> Option<ExitStatus> {
    timeout(PROMPTLY, child.wait()).await.ok()?.ok()
}

fn in_words(name: &str, child: &Running) -> Option<String> {
    last_error(&child.last_words()).map(|words| format!("{name} says {:?}", redact::text(&words)))
}

/// The error in what rtmpdump or ffmpeg wrote on stderr, without banner and byte counter.
fn last_error(words: &str) -> Option<String> {
    let mut words: Vec<_> =
        words.split(['\r', '\n', ';']).map(str::trim).filter(|line| !line.is_empty() && !is_chatter(line)).collect();
    if words.iter().any(|line| line.starts_with("ERROR")) {
        words.retain(|line| line.starts_with("ERROR"));
    }
    words.last().map(|line| line.trim_start_matches("ERROR:").trim().to_owned())
}

fn is_chatter(line: &str) -> bool {
    let counter = line.ends_with(" sec") && line.contains(" kB / ");
    let banner = line.starts_with("RTMPDump v") || line.starts_with("(c) ") || line.starts_with("license:");
    counter || banner || line.starts_with("Connecting") || line.starts_with("INFO:") || line.starts_with("DEBUG:")
}

//! RTMP: rtmpdump fetches FLV, ffmpeg packs its sound, untouched, into MPEG-TS, which is cut into chunks.
//!
//! Codecs of the days of Flash fit into no container that is read here (Speex, Nellymoser, PCM and its kin). Where one
//! comes, ffmpeg packs its sound into Ogg as FLAC, which loses nothing of what it decodes.
//!
//! What an address means shows when there is sound (see `address`). The likeliest is asked for first, and the others soon
//! beside it, one after another: some servers accept any name, and send nothing for most. So it takes ten seconds at most to
//! ask for all of them. What gave sound once is asked for alone, until it has failed a few times. There are never more than
//! two children: two that ask, or one that fetches and one that packs.
//!
//! How much is missing between two connections, the stamps of the sound tell where the server hands on those of the sender
//! (see `flv::Stamps`). nginx-rtmp does. Where the sender itself was started anew, or the server counts for itself, only
//! arrivals tell: then a hole is wrong by as much as the two connections were late by different times.
//!
//! Both are children that are started anew together whenever either ends, whatever its exit code, or delivers nothing:
//! rtmpdump exits 0 in the middle of a show, and hangs on a silent server for as long as it is let.

mod address;
mod connection;
mod diagnosis;
mod flv;
mod request;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use url::Url;

use self::address::{Address, Meaning};
use self::connection::{Captured, Connection, Packing, unfit};
use self::diagnosis::StreamLabel;
use self::flv::Stamps;
use self::request::{StartedStream, StreamRequest};
use super::reconnect::{DEAD_AFTER, End, Link, Output, reconnect_forever};
use super::resolve::streams;
use crate::base::clock::SharedClock;
use crate::base::environment::Environment;
use crate::base::http::{self, Client, HttpError, Manner};
use crate::config::Rtmp;
use crate::model::{AsCause, Cause, CauseKind, MediaEvent};

const RTMPDUMP: &str = "rtmpdump";
/// No more names are asked for in one go.
const MOST_AT_ONCE: usize = 6;
/// How long the likeliest name is asked for alone.
const HEAD_START: Duration = Duration::from_secs(1);
/// How often running a name that gave sound before may fail until others are asked for as well.
const TRUSTED: u32 = 3;

/// Captures until `stop` is cancelled or nobody listens any more.
pub async fn run(source: &Rtmp, environment: &Environment, events: mpsc::Sender<MediaEvent>, stop: CancellationToken) {
    let _ = reconnect_forever(RtmpLink::new(source, environment, RTMPDUMP), environment, events, stop).await;
}

struct RtmpLink<'a> {
    source: &'a Rtmp,
    environment: &'a Environment,
    /// One client, and so one cookie jar, for all connections of a capture.
    client: Option<Client>,
    /// What stands for rtmpdump: a test may put in one that misbehaves.
    program: &'a str,
    /// The name that gave sound last, and how often running it has failed since.
    known: Option<(Name, u32)>,
    /// Which of the names is asked for first, where none gave sound.
    turn: usize,
    /// How sound is packed whose codec comes late.
    packing: Packing,
    /// The stamps of what was handed over last.
    stamps: Option<Stamps>,
}

/// What an address may mean.
#[derive(Debug, Clone)]
struct Name {
    server: String,
    meaning: Meaning,
    arguments: Vec<OsString>,
}

impl Name {
    /// Whether it asks for what `other` asks for, with whatever token.
    fn is_like(&self, other: &Self) -> bool {
        self.server == other.server && self.meaning.is_like(&other.meaning)
    }

    fn request(&self) -> StreamRequest {
        StreamRequest { label: StreamLabel::new(&self.server, &self.meaning), arguments: self.arguments.clone() }
    }
}

impl Link for RtmpLink<'_> {
    async fn connect(&mut self, output: &mut Output, stop: &CancellationToken) -> End {
        let asked = tokio::select! {
            asked = self.ask() => asked,
            () = stop.cancelled() => return End::Stopped,
        };
        let (begun, name) = match asked {
            Ok(label) => label,
            Err(cause) => return End::Failed(cause),
        };
        let packing = match begun.seen.flow().sound {
            Some(codec) if codec.can_be_kept() => Packing::Copy,
            Some(codec) if codec.can_be_decoded() => {
                tracing::info!(codec = codec.name(), "the sound is decoded, and kept as FLAC");
                Packing::Decode
            }
            Some(codec) => return End::Failed(unfit(&begun.label, codec)),
            None => self.packing,
        };
        let connection = match Connection::open(begun, packing, &self.environment.clock) {
            Ok(connection) => connection,
            Err(cause) => return End::Failed(cause),
        };
        let Captured { end, heard, sound, stamps } = connection.capture(self.stamps, output, stop).await;
        if heard {
            (self.known, self.stamps) = (Some((name, 0)), stamps);
        } else if sound.is_some_and(|codec| !codec.can_be_kept()) {
            self.packing = Packing::Decode;
        } else {
            self.pass_over(&name);
        }
        end
    }
}

impl<'a> RtmpLink<'a> {
    fn new(source: &'a Rtmp, environment: &'a Environment, program: &'a str) -> Self {
        let (known, packing, stamps) = (None, Packing::Copy, None);
        Self { source, environment, client: None, program, known, turn: 0, packing, stamps }
    }

    fn client(&mut self) -> Result<Client, HttpError> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let Rtmp { headers, accept_invalid, .. } = self.source;
        let manner = Manner { headers, accept_invalid: *accept_invalid, ..Manner::default() };
        Ok(self.client.insert(http::client(manner, &self.environment.clock)?).clone())
    }

    /// All that the address may mean, the likeliest first.
    async fn names(&mut self) -> Result<Vec<Name>, Cause> {
        let client = self.client().map_err(|error| error.as_cause())?;
        let is_rtmp = |url: &Url| url.scheme().starts_with("rtmp");
        let urls = streams(&self.source.address, &client, self.environment, is_rtmp).await;
        let urls = urls.map_err(|error| error.as_cause())?;
        let named = |url: &Url| {
            let address = Address::of(self.source, url);
            let name = |meaning: &Meaning| Name {
                server: address.server.clone(),
                meaning: meaning.clone(),
                arguments: rtmpdump_arguments(self.source, &address, meaning),
            };
            address.meanings.iter().map(name).collect::<Vec<_>>()
        };
        let mut names: Vec<Name> = urls.iter().flat_map(named).collect();
        let turn = self.turn.checked_rem(names.len()).unwrap_or_default();
        names.rotate_left(turn);
        // A token in it may be another by now.
        let known = self.known.as_ref().and_then(|(known, _)| names.iter().position(|name| name.is_like(known)));
        if let Some(known) = known {
            let known = names.remove(known);
            names.insert(0, known);
        }
        Ok(names)
    }

    /// Asks for all that the address may mean until there is sound of one.
    async fn ask(&mut self) -> Result<(StartedStream, Name), Cause> {
        let mut names = self.names().await?;
        let in_all = names.len();
        let is_known = |(known, failures): &(Name, u32)| {
            *failures < TRUSTED && names.first().is_some_and(|first| first.is_like(known))
        };
        names.truncate(if self.known.as_ref().is_some_and(is_known) { 1 } else { MOST_AT_ONCE });
        let asked = first_to_sound(&names, self.program, &self.environment.clock).await;
        if asked.is_err() {
            if let Some((_, failures)) = &mut self.known {
                *failures = failures.saturating_add(1);
            }
            if in_all > MOST_AT_ONCE {
                self.turn = self.turn.wrapping_add(names.len());
            }
        }
        asked
    }

    /// Asks for `name`, of which nothing came but its beginning, after the others from now on.
    fn pass_over(&mut self, name: &Name) {
        match &mut self.known {
            Some((known, failures)) if known.is_like(name) => *failures = failures.saturating_add(1),
            _ => self.turn = self.turn.wrapping_add(1),
        }
    }
}

/// Asks for the first of `names`, and soon beside it for the others in turn, until there is sound of one. What the first
/// is refused for is told where no other gets further.
async fn first_to_sound(names: &[Name], program: &str, clock: &SharedClock) -> Result<(StartedStream, Name), Cause> {
    let Some((likeliest, others)) = names.split_first() else {
        return Err(Cause::new(CauseKind::Address, "the address names no stream"));
    };
    let failed = Notify::new();
    let first = async {
        let asked = likeliest.request().ask(program, DEAD_AFTER, clock).await;
        failed.notify_one();
        Ok((asked?, likeliest.clone()))
    };
    let head_start = clock.sleep(HEAD_START);
    let others = async {
        tokio::select! {
            () = failed.notified() => {}
            () = head_start => {}
        }
        let share = DEAD_AFTER / u32::try_from(others.len()).unwrap_or(u32::MAX).max(1);
        let mut furthest = None;
        for name in others {
            match name.request().ask(program, share, clock).await {
                Ok(begun) => return Ok((begun, name.clone())),
                Err(cause) => furthest = Some(further(furthest, cause)),
            }
        }
        Err(furthest)
    };
    let both = |cause: Cause, other: Option<Cause>| match other {
        Some(other) => further(Some(cause), other),
        None => cause,
    };
    match select(pin!(first), pin!(others)).await {
        Either::Left((Ok(label), _)) | Either::Right((Ok(label), _)) => Ok(label),
        Either::Left((Err(cause), others)) => others.await.map_err(|other| both(cause, other)),
        Either::Right((Err(other), first)) => first.await.map_err(|cause| both(cause, other)),
    }
}

/// The cause of the attempt that came further, else the first: a name that is accepted was nearer than one that is not.
fn further(first: Option<Cause>, other: Cause) -> Cause {
    match first {
        Some(first) if first.kind != CauseKind::Refused || other.kind == CauseKind::Refused => first,
        _ => other,
    }
}

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

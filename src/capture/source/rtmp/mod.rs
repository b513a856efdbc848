//! RTMP: rtmpdump fetches FLV, ffmpeg packs its sound, untouched, into MPEG-TS, which is cut into chunks.
//!
//! Codecs of the days of Flash (Speex, Nellymoser, PCM and its kin) fit into no container that is read here. ffmpeg
//! packs such sound into Ogg as FLAC, which loses nothing of what it decodes.
//!
//! Only sound shows what an address means (see `address`). The likeliest meaning is requested first, and the others
//! soon beside it, one after another: some servers accept any name, and send nothing for most. So it takes at most ten
//! seconds to request all of them. A name that gave sound once is requested alone until it has failed a few times.
//! There are never more than two children: two that request, or one that fetches and one that packs.
//!
//! The stamps of the sound show how much is missing between two connections, if the server hands on those of the sender
//! (see `flv::Stamps`). nginx-rtmp does. If the sender was restarted, or the server counts for itself, only arrivals
//! show it: then the length of a hole is wrong by the difference of the delays of both connections.
//!
//! Both children are restarted together when either ends, whatever its exit code, or delivers nothing: rtmpdump exits
//! with 0 in the middle of a show, and hangs on a silent server for as long as one lets it.

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
/// How many names are requested at most in one attempt.
const MOST_AT_ONCE: usize = 6;
/// How long the likeliest name is requested alone.
const HEAD_START: Duration = Duration::from_secs(1);
/// How often in a row a name that gave sound may fail before others are requested as well.
const TRUSTED: u32 = 3;

/// Captures until `stop` is cancelled or nobody receives the events any more.
pub async fn run(source: &Rtmp, environment: &Environment, events: mpsc::Sender<MediaEvent>, stop: CancellationToken) {
    let _ = reconnect_forever(RtmpLink::new(source, environment, RTMPDUMP), environment, events, stop).await;
}

struct RtmpLink<'a> {
    source: &'a Rtmp,
    environment: &'a Environment,
    /// One client, and so one cookie jar, for all connections of a capture.
    client: Option<Client>,
    /// The program: a test may replace rtmpdump by a faulty one.
    program: &'a str,
    /// The name that gave sound last, and how often in a row it has failed since.
    known: Option<(Name, u32)>,
    /// Which of the names is requested first, if none gave sound.
    turn: usize,
    /// How to pack sound whose codec is not known at once.
    packing: Packing,
    /// The stamps of the sound that was handed over last.
    stamps: Option<Stamps>,
}

/// One meaning of an address.
#[derive(Debug, Clone)]
struct Name {
    server: String,
    meaning: Meaning,
    arguments: Vec<OsString>,
}

impl Name {
    /// Whether it asks for the stream that `other` asks for, with any token.
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
        let Rtmp { headers, accept_invalid, reach, .. } = self.source;
        let manner = Manner {
            headers,
            accept_invalid: *accept_invalid,
            reach,
            witnesses: Some(&self.environment.witnesses),
            ..Manner::default()
        };
        Ok(self.client.insert(http::client(manner, &self.environment.clock)?).clone())
    }

    /// All that the address may mean, the likeliest first.
    async fn names(&mut self) -> Result<Vec<Name>, Cause> {
        let client = self.client().map_err(|error| error.as_cause())?;
        let is_rtmp = |url: &Url| url.scheme().starts_with("rtmp");
        let urls = streams(&self.source.address, &client, self.environment, is_rtmp).await;
        let urls = urls.map_err(|error| error.as_cause())?;
        let mut pinned = Vec::new();
        for url in &urls {
            // rtmpdump looks names up itself.
            let at = self.source.reach.pinned(url).await.map_err(|error| error.as_cause())?;
            pinned.push((url, at));
        }
        let named = |(url, at): &(&Url, Url)| {
            let address = Address::of(self.source, url).at(at);
            let name = |meaning: &Meaning| Name {
                server: address.server.clone(),
                meaning: meaning.clone(),
                arguments: rtmpdump_arguments(self.source, &address, meaning),
            };
            address.meanings.iter().map(name).collect::<Vec<_>>()
        };
        let mut names: Vec<Name> = pinned.iter().flat_map(named).collect();
        let turn = self.turn.checked_rem(names.len()).unwrap_or_default();
        names.rotate_left(turn);
        // Its token may have changed by now.
        let known = self.known.as_ref().and_then(|(known, _)| names.iter().position(|name| name.is_like(known)));
        if let Some(known) = known {
            let known = names.remove(known);
            names.insert(0, known);
        }
        Ok(names)
    }

    /// Requests all meanings of the address until one gives sound.
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

    /// `name` gave nothing but its beginning: from now on it is requested after the others.
    fn pass_over(&mut self, name: &Name) {
        match &mut self.known {
            Some((known, failures)) if known.is_like(name) => *failures = failures.saturating_add(1),
            _ => self.turn = self.turn.wrapping_add(1),
        }
    }
}

/// Requests the first of `names`, and soon beside it the others in turn, until one gives sound. If none does, and no
/// other gets further, returns why the first was refused.
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

/// The cause of the attempt that came further, else the first one: a name that is accepted was nearer than one that is
/// not.
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
    if let Some(named) = &address.named {
        let mut whole = OsString::from(format!("{named}/"));
        whole.push(&meaning.app);
        arguments.extend(["--tcUrl".into(), whole]);
    }
    for (flag, value) in [("--swfVfy", &source.swf), ("--pageUrl", &source.page)] {
        if let Some(value) = value {
            arguments.extend([flag.into(), value.into()]);
        }
    }
    arguments.extend(address.arguments.iter().cloned());
    arguments.extend(["--timeout".into(), DEAD_AFTER.as_secs().to_string().into()]);
    arguments.extend(source.args.iter().map(Into::into));
    // These come last, so that no free argument sends the sound elsewhere. There is no --quiet, because that silences
    // errors as well.
    arguments.extend(["--flv".into(), "-".into()]);
    arguments
}

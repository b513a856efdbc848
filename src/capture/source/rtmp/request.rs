//! A request to a server for a stream, up to the first sound.
//!
//! That needs no ffmpeg. So there are never more children while several names are requested than afterwards.

use std::ffi::OsString;
use std::process::ExitStatus;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::AsyncReadExt as _;
use tokio::process::ChildStdout;

use super::diagnosis::{self, StreamLabel};
use super::flv::{Flow, LONGEST_SOUND, Watch};
use crate::base::clock::SharedClock;
use crate::base::process::{Invocation, Running};
use crate::model::{AsCause as _, Cause, CauseKind};

/// If more bytes than this come before the first sound, they are pictures, or nothing that we know.
const LONGEST_BEGINNING: usize = LONGEST_SOUND + (1 << 10);
/// How long rtmpdump may take to write what it holds once it should end.
pub(super) const GRACE: Duration = Duration::from_secs(1);
/// How long the end of a child that should have ended may take to be seen.
const PROMPTLY: Duration = Duration::from_millis(200);

/// A stream to request, and the arguments of rtmpdump.
#[derive(Debug, Clone)]
pub(super) struct StreamRequest {
    pub label: StreamLabel,
    pub arguments: Vec<OsString>,
}

/// A stream that has started.
#[derive(Debug)]
pub(super) struct StartedStream {
    pub label: StreamLabel,
    pub fetch: Running,
    pub fetched: ChildStdout,
    /// The bytes that have arrived.
    pub beginning: BytesMut,
    /// What is in them.
    pub seen: Watch,
}

impl StreamRequest {
    /// Requests the stream by `program` until there is sound, or bytes that only a decoder can judge; at most for
    /// `patience`. Dropping the future ends the program.
    pub(super) async fn ask(
        self,
        program: &str,
        patience: Duration,
        clock: &SharedClock,
    ) -> Result<StartedStream, Cause> {
        let Self { label, arguments } = self;
        let invocation = Invocation::new(program).args(arguments).with_stdout();
        let mut fetch = invocation.spawn(clock).map_err(|error| error.as_cause())?;
        let Some(mut fetched) = fetch.take_stdout() else {
            return Err(Cause::new(CauseKind::Internal, "rtmpdump has no output"));
        };
        let until = clock.monotonic() + patience;
        let (mut beginning, mut seen) = (BytesMut::new(), Watch::new());
        loop {
            let before = beginning.len();
            match clock.timeout_at(until, fetched.read_buf(&mut beginning)).await {
                Ok(Ok(1..)) => {
                    let new = beginning.get(before..).unwrap_or_default();
                    let flow = seen.push(new, clock.monotonic()).map_err(|_| diagnosis::no_sound(&label, None))?;
                    if flow.sound.is_some() || beginning.len() > LONGEST_BEGINNING {
                        return Ok(StartedStream { label, fetch, fetched, beginning, seen });
                    }
                }
                Ok(_) => {
                    let status = ended(&mut fetch).await;
                    let sent = seen.flow() != Flow::default();
                    return Err(diagnosis::cause(&label, &fetch.last_lines(), status, sent));
                }
                Err(_) => {
                    let lines = fetch.last_lines();
                    fetch.stop(GRACE).await;
                    return Err(diagnosis::silence(&label, &lines, patience.as_secs(), seen.flow()));
                }
            }
        }
    }
}

/// How `child`, which should have ended, did end.
pub(super) async fn ended(child: &mut Running) -> Option<ExitStatus> {
    child.wait_within(PROMPTLY).await.ok()?.ok()
}

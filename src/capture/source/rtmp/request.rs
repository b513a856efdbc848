//! Asking a server for a stream, up to the first of its sound.
//!
//! Nobody needs ffmpeg for that: so where several names are asked for, there are no more children than afterwards.

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

/// What comes before the first sound and is longer than this is pictures, or nothing that we know.
const LONGEST_BEGINNING: usize = LONGEST_SOUND + (1 << 10);
/// How long rtmpdump may take to write out what it holds once it should end.
pub(super) const GRACE: Duration = Duration::from_secs(1);
/// How long a child that should have ended may take to be seen to have ended.
const PROMPTLY: Duration = Duration::from_millis(200);

/// What to ask for, and how.
#[derive(Debug, Clone)]
pub(super) struct StreamRequest {
    pub label: StreamLabel,
    pub arguments: Vec<OsString>,
}

/// A stream that has begun.
#[derive(Debug)]
pub(super) struct StartedStream {
    pub label: StreamLabel,
    pub fetch: Running,
    pub fetched: ChildStdout,
    /// What has come of it.
    pub beginning: BytesMut,
    /// What that is.
    pub seen: Watch,
}

impl StreamRequest {
    /// Asks by `program` until there is sound, or bytes that only a decoder can judge; at most for `patience`. Whoever gives
    /// it up ends the program.
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
                    let flow = seen.take(new, clock.monotonic()).map_err(|_| diagnosis::no_sound(&label, None))?;
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

/// How `child` ended, which should have.
pub(super) async fn ended(child: &mut Running) -> Option<ExitStatus> {
    child.wait_within(PROMPTLY).await.ok()?.ok()
}

//! For tests: a capture that runs beside the test, which reads its events, in real time or on a clock that passes
//! meanwhile.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::base::clock::SystemClock;
use crate::base::clock::simulated::SimulatedClock;
use crate::model::{Cause, Chunk, Format, MediaEvent};

/// How long a test waits for an event, in real time.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A capture that runs beside the test.
pub(super) struct Capture {
    events: mpsc::Receiver<MediaEvent>,
    stop: CancellationToken,
    task: JoinHandle<()>,
    /// The clock that the capture runs on, unless that is the machine's.
    clock: Option<Arc<SimulatedClock>>,
}

impl Capture {
    pub(super) fn start<F>(run: impl FnOnce(mpsc::Sender<MediaEvent>, CancellationToken) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, events) = mpsc::channel(16);
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(sender, stop.clone()));
        Self { events, stop, task, clock: None }
    }

    /// Lets time pass on `clock`, on which it runs, while it is waited for.
    pub(super) fn passing(self, clock: &Arc<SimulatedClock>) -> Self {
        Self { clock: Some(Arc::clone(clock)), ..self }
    }

    async fn event(&mut self) -> Option<MediaEvent> {
        let next = self.events.recv();
        let passing = async {
            match &self.clock {
                Some(clock) => clock.pass_until(next).await,
                None => next.await,
            }
        };
        SystemClock::shared().timeout(PATIENCE, passing).await.expect("an event in time")
    }

    pub(super) async fn next(&mut self) -> MediaEvent {
        self.event().await.expect("an event")
    }

    pub(super) async fn format(&mut self) -> Format {
        loop {
            if let MediaEvent::Format(format) = self.next().await {
                return format;
            }
        }
    }

    pub(super) async fn chunk(&mut self) -> Chunk {
        loop {
            if let MediaEvent::Chunk(chunk) = self.next().await {
                return chunk;
            }
        }
    }

    pub(super) async fn trouble(&mut self) -> Cause {
        loop {
            if let MediaEvent::Trouble { cause, .. } = self.next().await {
                return cause;
            }
        }
    }

    /// Stops the capture. Returns the events that came before its end.
    pub(super) async fn finish(mut self) -> Vec<MediaEvent> {
        self.stop.cancel();
        let mut rest = Vec::new();
        while let Some(event) = self.event().await {
            rest.push(event);
        }
        self.task.await.unwrap();
        rest
    }
}

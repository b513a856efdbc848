//! Signals: the only code that listens to them.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// SIGTERM or SIGINT: end in order.
    Stop,
    /// SIGHUP: read the configuration again.
    Reload,
}

/// Listens for the end of a child: one of ours, or an orphan if this is process 1.
#[derive(Debug)]
pub struct ChildEnds(Signal);

impl ChildEnds {
    /// Begins to listen.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self(signal(SignalKind::child())?))
    }

    /// Waits for the next end. Several at once may count as one.
    pub async fn next(&mut self) {
        self.0.recv().await;
    }
}

/// Listens to signals from the moment it is made.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Begins to listen. From now on the signals no longer end the process by themselves.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Request {
        tokio::select! {
            _ = self.terminate.recv() => Request::Stop,
            _ = self.interrupt.recv() => Request::Stop,
            _ = self.hangup.recv() => Request::Reload,
        }
    }

    /// Waits for a request to stop, and ignores others.
    pub async fn stop(&mut self) {
        while self.next().await != Request::Stop {}
    }
}

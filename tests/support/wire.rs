//! A TCP connection that can be cut: a proxy that counts what goes to the server and what comes from it, and cuts or holds all
//! connections when so much has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Lets everything through.
const NEVER: u64 = u64::MAX;

/// The proxy; all its connections end when it is dropped.
pub struct Wire {
    state: Arc<State>,
    accepting: JoinHandle<()>,
    /// The port to connect to.
    pub port: u16,
}

#[derive(Default)]
struct State {
    /// How much went to the server.
    sent: AtomicU64,
    /// All connections are cut when so much has been sent, and again for each further number.
    cuts: std::sync::Mutex<Vec<u64>>,
    /// Nothing more is let through when so much has been sent.
    hold_at: AtomicU64,
    /// How much came from the server, and when all connections are cut because of that.
    came: AtomicU64,
    back_cuts: std::sync::Mutex<Vec<u64>>,
    hold_back_at: AtomicU64,
    cut: Notify,
}

impl Wire {
    /// Opens a proxy to a port of this machine.
    pub async fn to(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state =
            Arc::new(State { hold_at: AtomicU64::new(NEVER), hold_back_at: AtomicU64::new(NEVER), ..State::default() });
        let shared = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(carry(client, server, Arc::clone(&shared)));
            }
        });
        Self { state, accepting, port }
    }

    /// Cuts all connections whenever so much has been sent to the server.
    pub fn cut_at(&self, mut numbers: Vec<u64>) {
        numbers.sort_unstable();
        *self.state.cuts.lock().expect("no panic") = numbers;
    }

    /// Lets nothing more through when so much has been sent to the server.
    pub fn hold_at(&self, bytes: u64) {
        self.state.hold_at.store(bytes, Ordering::SeqCst);
    }

    /// Cuts all connections whenever so much has come from the server.
    pub fn cut_back_at(&self, mut numbers: Vec<u64>) {
        numbers.sort_unstable();
        *self.state.back_cuts.lock().expect("no panic") = numbers;
    }

    /// Lets nothing more come from the server when so much has.
    pub fn hold_back_at(&self, bytes: u64) {
        self.state.hold_back_at.store(bytes, Ordering::SeqCst);
    }

    /// Returns how much has come from the server.
    pub fn came(&self) -> u64 {
        self.state.came.load(Ordering::SeqCst)
    }

    /// Lets everything through again, on new connections.
    pub fn release(&self) {
        self.hold_at(NEVER);
        self.hold_back_at(NEVER);
        self.state.cut.notify_waiters();
    }

    /// Returns how much was sent to the server.
    pub fn sent(&self) -> u64 {
        self.state.sent.load(Ordering::SeqCst)
    }

    /// Returns how many cuts are still to come.
    pub fn cuts_left(&self) -> usize {
        self.state.cuts.lock().expect("no panic").len()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(client: TcpStream, server: u16, state: Arc<State>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let forth = async {
        let mut buffer = vec![0; 32 * 1024];
        loop {
            let Ok(read @ 1..) = from_client.read(&mut buffer).await else { return };
            let sent = state.sent.load(Ordering::SeqCst);
            if sent >= state.hold_at.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            let is_cut = {
                let mut cuts = state.cuts.lock().expect("no panic");
                let is_due = cuts.first().is_some_and(|at| sent >= *at);
                if is_due {
                    cuts.remove(0);
                }
                is_due
            };
            if is_cut {
                state.cut.notify_waiters();
                return;
            }
            if to_server.write_all(&buffer[..read]).await.is_err() {
                return;
            }
            state.sent.fetch_add(read as u64, Ordering::SeqCst);
        }
    };
    let back = async {
        let mut buffer = vec![0; 32 * 1024];
        loop {
            let Ok(read @ 1..) = from_server.read(&mut buffer).await else { return };
            let came = state.came.load(Ordering::SeqCst);
            if came >= state.hold_back_at.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            let is_cut = {
                let mut cuts = state.back_cuts.lock().expect("no panic");
                let is_due = cuts.first().is_some_and(|at| came >= *at);
                if is_due {
                    cuts.remove(0);
                }
                is_due
            };
            if is_cut {
                state.cut.notify_waiters();
                return;
            }
            if to_client.write_all(&buffer[..read]).await.is_err() {
                return;
            }
            state.came.fetch_add(read as u64, Ordering::SeqCst);
        }
    };
    tokio::select! {
        () = forth => {}
        () = back => {}
        () = state.cut.notified() => {}
    }
}

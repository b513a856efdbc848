//! A TCP connection that can be cut: a proxy that counts what goes to the server and what comes from it, and cuts or holds all
//! connections when so much has.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
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
    /// To the server, and from it.
    forth: Way,
    back: Way,
    cut: Notify,
}

/// One direction of all connections.
struct Way {
    /// How many bytes went through.
    passed: AtomicU64,
    /// All connections are cut when so much went through, and again for each further number.
    cuts: Mutex<Vec<u64>>,
    /// Nothing more is let through when so much did.
    hold_at: AtomicU64,
}

impl Default for Way {
    fn default() -> Self {
        Self { passed: AtomicU64::new(0), cuts: Mutex::default(), hold_at: AtomicU64::new(NEVER) }
    }
}

impl Way {
    fn cut_at(&self, mut numbers: Vec<u64>) {
        numbers.sort_unstable();
        *self.cuts.lock().expect("no panic") = numbers;
    }

    fn hold_at(&self, bytes: u64) {
        self.hold_at.store(bytes, Ordering::SeqCst);
    }

    fn passed(&self) -> u64 {
        self.passed.load(Ordering::SeqCst)
    }

    /// Hands on what comes until that ends or everything is to be cut.
    async fn pass(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, cut: &Notify) {
        let mut buffer = vec![0; 32 * 1024];
        loop {
            let Ok(read @ 1..) = from.read(&mut buffer).await else { return };
            if self.passed() >= self.hold_at.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            if self.is_cut() {
                cut.notify_waiters();
                return;
            }
            if to.write_all(&buffer[..read]).await.is_err() {
                return;
            }
            self.passed.fetch_add(read as u64, Ordering::SeqCst);
        }
    }

    /// Whether a cut is due, which counts only once.
    fn is_cut(&self) -> bool {
        let mut cuts = self.cuts.lock().expect("no panic");
        let is_due = cuts.first().is_some_and(|at| self.passed() >= *at);
        if is_due {
            cuts.remove(0);
        }
        is_due
    }
}

impl Wire {
    /// Opens a proxy to a port of this machine.
    pub async fn to(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state: Arc<State> = Arc::default();
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
    pub fn cut_at(&self, numbers: Vec<u64>) {
        self.state.forth.cut_at(numbers);
    }

    /// Lets nothing more through when so much has been sent to the server.
    pub fn hold_at(&self, bytes: u64) {
        self.state.forth.hold_at(bytes);
    }

    /// Cuts all connections whenever so much has come from the server.
    pub fn cut_back_at(&self, numbers: Vec<u64>) {
        self.state.back.cut_at(numbers);
    }

    /// Lets nothing more come from the server when so much has.
    pub fn hold_back_at(&self, bytes: u64) {
        self.state.back.hold_at(bytes);
    }

    /// Returns how much has come from the server.
    pub fn came(&self) -> u64 {
        self.state.back.passed()
    }

    /// Lets everything through again, on new connections.
    pub fn release(&self) {
        self.hold_at(NEVER);
        self.hold_back_at(NEVER);
        self.state.cut.notify_waiters();
    }

    /// Returns how much was sent to the server.
    pub fn sent(&self) -> u64 {
        self.state.forth.passed()
    }

    /// Returns how many cuts are still to come.
    pub fn cuts_left(&self) -> usize {
        self.state.forth.cuts.lock().expect("no panic").len()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(client: TcpStream, server: u16, state: Arc<State>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = state.forth.pass(from_client, to_server, &state.cut) => {}
        () = state.back.pass(from_server, to_client, &state.cut) => {}
        () = state.cut.notified() => {}
    }
}

//! Ports to listen on.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// A free port that nobody else is given, also while its server is stopped: not one of those that the system hands out for
/// port 0 and for connections (32,768 and above on Linux), and none twice, as whoever looks whether it is free listens there
/// for a moment.
pub fn free() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 12).unwrap_or_default() * 1_000 + 20_000;
    (0..1_000)
        .map(|_| first + NEXT.fetch_add(1, Ordering::Relaxed) % 1_000)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("a free port")
}

//! Ports to listen on.

use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};

/// Returns a free port that no other caller gets, even while its server is stopped: none of those that the system uses
/// for port 0 and for connections (32,768 and above on Linux), and none twice. It does not listen to find out: a child
/// of another test could inherit the socket until it becomes another program.
pub fn free() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 12).unwrap_or_default() * 1_000 + 20_000;
    (0..1_000)
        .map(|_| first + NEXT.fetch_add(1, Ordering::Relaxed) % 1_000)
        .find(|port| TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).is_err())
        .expect("a free port")
}

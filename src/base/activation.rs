//! Sockets on which the service manager listens in our place (`sd_listen_fds(3)`): who connects while the service restarts
//! waits for it, and is not refused.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{FromRawFd as _, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// The sockets that this process was started with. None outside a service manager, and none but for the first who asks.
#[derive(Debug, Default)]
pub struct HandedOver(Vec<(SocketAddr, TcpListener)>);

impl HandedOver {
    /// Takes them over. One that is no TCP socket is closed.
    ///
    /// # Errors
    /// The service manager says something that cannot be understood, or names what is not there.
    pub fn take() -> io::Result<Self> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        if TAKEN.swap(true, Ordering::Relaxed) {
            return Ok(Self::default());
        }
        let listeners = sd_notify::listen_fds()?.map(|fd| TcpListener::from(owned(fd)));
        Ok(Self(listeners.filter_map(|listener| Some((listener.local_addr().ok()?, listener))).collect()))
    }

    /// Where they listen.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.0.iter().map(|(address, _)| *address)
    }

    /// Returns another handle of the one that listens at `address`. The socket listens on when that is dropped.
    pub fn at(&self, address: SocketAddr) -> Option<io::Result<TcpListener>> {
        let (_, listener) = self.0.iter().find(|(at, _)| *at == address)?;
        Some(listener.try_clone().and_then(|listener| listener.set_nonblocking(true).map(|()| listener)))
    }
}

#[expect(unsafe_code, reason = "what a process is started with has no owner that a safe interface could hand on")]
fn owned(fd: RawFd) -> OwnedFd {
    // SAFETY: the service manager says by $LISTEN_PID that it opened this descriptor for this process, `listen_fds` has found
    // it open, and `take` calls this once. So nobody else owns it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_found_by_its_address_and_listens_on_when_a_handle_is_dropped() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let handed_over = HandedOver(vec![(address, listener)]);
        assert_eq!(handed_over.addresses().collect::<Vec<_>>(), [address]);
        drop(handed_over.at(address).unwrap().unwrap());
        std::net::TcpStream::connect(address).unwrap();
        assert!(handed_over.at("127.0.0.2:1".parse().unwrap()).is_none());
    }

    #[test]
    fn outside_a_service_manager_there_is_none() {
        assert_eq!(HandedOver::take().unwrap().addresses().count(), 0);
    }
}

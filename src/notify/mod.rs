//! Tells others what happens: the service manager.

pub mod systemd;

//! Transport: connections, the client and host of a request, and the guards that need no password.

pub mod body;
pub mod client;
pub mod cross_origin;
pub mod host;
mod patience;
pub mod same_site;
pub mod server;

//! The way of a request until it is looked at: the connection, who asks for what, and the guards that know no password.

pub mod body;
pub mod client;
pub mod host;
mod patience;
pub mod same_site;
pub mod server;

//! How long connections may take.

use std::time::Duration;

/// The longest wait for a connection.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest silence on a connection that should deliver.
pub const READ_TIMEOUT: Duration = Duration::from_secs(10);

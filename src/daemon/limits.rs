//! The limit of open files. Each station that is taped has two files and one to four connections open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// Enough for ten thousand stations. Many systems allow a process 1,024 unless it asks for more.
const WANTED: u64 = 65_536;

/// Raises the limit of open files as far as this process may, up to [`WANTED`].
pub(super) fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = WANTED.min(limit.maximum.unwrap_or(WANTED));
    if limit.current.is_none_or(|current| current >= wanted) {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum }) {
        warn!(%error, "the limit of open files could not be raised; many stations at once may need more");
    }
}

//! Temporary files and their owners. Several services may write into one output folder, and none removes a file that
//! another one writes.
//!
//! The temporary file of an airing is named `ID.OWNER.mp3.part`. The owner is a short hash of the service's state
//! folder, which no two services share. A command beside the service puts its process id in front: `PROCESS-OWNER`. A
//! file is left over if its owner is this service, or a command that no longer runs. Files of other owners, and of
//! releases that named no owner, are left over if they have not changed for [`ABANDONED_AFTER`].

use std::fs::DirEntry;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use rustix::process::{Pid, test_kill_process};

use super::name::{hidden_name, shorten};
use crate::base::hash::fnv1a_hex;
use crate::model::AiringId;

/// The end of the name of a temporary file. ffmpeg gets the format by an option, so any name will do.
pub(super) const PART: &str = ".mp3.part";
/// How long after its last change a file of another owner counts as in use. The longest show lasts seven days, but is
/// encoded within its last hours.
const ABANDONED_AFTER: TimeDelta = TimeDelta::hours(24);
/// How many digits of the hash name an owner.
const DIGITS: usize = 8;
/// The longest name of an airing in the name of its file, in bytes. With process, owner and extension, that has at most
/// 255.
const LONGEST: usize = 220;

/// The owner of temporary files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PartOwner {
    /// The hash of the state folder. `None` if no service is known.
    service: Option<String>,
    /// The id of the process. `None` for the service itself.
    process: Option<u32>,
}

impl PartOwner {
    /// Returns the service whose state folder is `state`.
    pub(super) fn service(state: &Path) -> Self {
        let state = state.canonicalize().or_else(|_| std::path::absolute(state));
        let hash = state.map(|state| fnv1a_hex(&state.to_string_lossy())).unwrap_or_default();
        Self { service: hash.get(..DIGITS).map(str::to_owned), process: None }
    }

    /// Returns this process, which is a command beside the service whose state folder is `state`.
    pub(super) fn command(state: &Path) -> Self {
        Self { process: Some(std::process::id()), ..Self::service(state) }
    }

    /// Returns the name of the temporary file of an airing.
    pub(super) fn file_name(&self, id: &AiringId) -> String {
        let name = hidden_name(id);
        let name =
            if name.len() > LONGEST { format!("{}-{}", shorten(&name, 200), fnv1a_hex(id.as_str())) } else { name };
        match (&self.service, self.process) {
            (Some(service), Some(process)) => format!("{name}.{process}-{service}{PART}"),
            (Some(service), None) => format!("{name}.{service}{PART}"),
            (None, _) => format!("{name}{PART}"),
        }
    }

    /// Returns whether nobody writes the file any more. Called by a service that starts at `now` and writes no file
    /// yet.
    pub(super) fn is_left_over(&self, file: &DirEntry, now: DateTime<Utc>) -> bool {
        let name = file.file_name();
        let name = name.to_string_lossy();
        let Some(name) = name.strip_suffix(PART) else { return false };
        let owner = name.rsplit_once('.').map(|(_, owner)| owner);
        if let (Some(service), Some(owner)) = (&self.service, owner) {
            if owner == service {
                return true;
            }
            let process = owner.strip_suffix(service.as_str()).and_then(|process| process.strip_suffix('-'));
            if let Some(process) = process.and_then(|process| Pid::from_raw(process.parse().ok()?)) {
                return test_kill_process(process) == Err(rustix::io::Errno::SRCH);
            }
        }
        let changed = file.metadata().and_then(|file| file.modified());
        changed.is_ok_and(|changed| DateTime::<Utc>::from(changed) < now - ABANDONED_AFTER)
    }
}

//! Unfinished files, and whose each is: several may write into one output folder, and none removes what another works on.
//!
//! The file of an airing is `ID.OWNER.mp3.part`. The owner is a short sum of the service's state folder, which no two
//! services share; a command beside the service puts its process in front, `PROCESS-OWNER`. Whoever has an owner's name
//! and lives no longer has left it over. Files of other owners, and those of releases that named none, may be somebody's:
//! they are left over once they have not changed for [`OTHERS_KEPT`].

use std::fs::DirEntry;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use rustix::process::{Pid, test_kill_process};

use super::name::{hidden_name, shorten};
use crate::base::hash::fnv1a_hex;
use crate::model::AiringId;

/// How a temporary file's name ends; ffmpeg is told its format and does not ask the name.
pub(super) const PART: &str = ".mp3.part";
/// What may be somebody else's is kept for so long after it last changed; the longest show lasts seven days, but is encoded
/// within its last hours.
const OTHERS_KEPT: TimeDelta = TimeDelta::hours(24);
/// The digits of the sum that name an owner.
const DIGITS: usize = 8;
/// The longest name of an airing in that of its file, in bytes: with process, owner and ending it has 255 at most.
const LONGEST: usize = 220;

/// Who writes unfinished files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// Nobody in particular, where there is none.
    owner: Option<String>,
    /// The process, where it is a command.
    process: Option<u32>,
}

impl Parts {
    /// The service whose state is in the folder `state`.
    pub(super) fn of_service(state: &Path) -> Self {
        let state = state.canonicalize().or_else(|_| std::path::absolute(state));
        let hash = state.map(|state| fnv1a_hex(&state.to_string_lossy())).unwrap_or_default();
        Self { owner: hash.get(..DIGITS).map(str::to_owned), process: None }
    }

    /// This process, beside the service whose state is in the folder `state`.
    pub(super) fn of_command(state: &Path) -> Self {
        Self { process: Some(std::process::id()), ..Self::of_service(state) }
    }

    /// What the unfinished file of an airing is called.
    pub(super) fn name(&self, id: &AiringId) -> String {
        let name = hidden_name(id);
        let name =
            if name.len() > LONGEST { format!("{}-{}", shorten(&name, 200), fnv1a_hex(id.as_str())) } else { name };
        match (&self.owner, self.process) {
            (Some(owner), Some(process)) => format!("{name}.{process}-{owner}{PART}"),
            (Some(owner), None) => format!("{name}.{owner}{PART}"),
            (None, _) => format!("{name}{PART}"),
        }
    }

    /// Whether nobody works on the file any more, as the service knows that begins at `now` and has begun none itself.
    pub(super) fn is_left_over(&self, file: &DirEntry, now: DateTime<Utc>) -> bool {
        let name = file.file_name();
        let name = name.to_string_lossy();
        let Some(name) = name.strip_suffix(PART) else { return false };
        let whose = name.rsplit_once('.').map(|(_, whose)| whose);
        if let (Some(owner), Some(whose)) = (&self.owner, whose) {
            if whose == owner {
                return true;
            }
            let process = whose.strip_suffix(owner.as_str()).and_then(|process| process.strip_suffix('-'));
            if let Some(process) = process.and_then(|process| Pid::from_raw(process.parse().ok()?)) {
                return test_kill_process(process) == Err(rustix::io::Errno::SRCH);
            }
        }
        let changed = file.metadata().and_then(|file| file.modified());
        changed.is_ok_and(|changed| DateTime::<Utc>::from(changed) < now - OTHERS_KEPT)
    }
}

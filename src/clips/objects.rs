//! Files in the object store that clips are cut from: only in the bucket that the configuration names, by its keys.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::clock::SharedClock;
use crate::config::Config;
use crate::copies::fetch::{self, Object};
use crate::copies::only_there::{self, FetchError};
use crate::copies::sound_length::sound_length;
use crate::language::Sentence;
use crate::library::remote::{Remote, RemoteError};
use crate::model::ObjectName;

/// A file in the object store, as it was when it was looked at.
#[derive(Debug, Clone)]
pub struct StoredSound {
    remote: Remote,
    object: Object,
}

/// Why a file of the object store cannot be cut.
#[derive(Debug)]
pub(super) enum NoObject {
    /// The store does not have it.
    Unknown(Sentence),
    /// It may not be read from there; the sentence says what to write.
    Wrong(Sentence),
    /// The store cannot be asked.
    Remote(RemoteError),
}

/// Looks at a file of the object store.
pub(super) async fn find(config: &Config, clock: &SharedClock, object: &ObjectName) -> Result<StoredSound, NoObject> {
    let said = |key| Sentence::new(key).with("object", object).with("bucket", &object.bucket);
    let rule = match &config.store {
        None => return Err(NoObject::Wrong(said("problem_clip_no_store"))),
        Some(rule) if rule.bucket != object.bucket => {
            return Err(NoObject::Wrong(said("problem_clip_other_store").with("own", &rule.bucket)));
        }
        Some(rule) => rule,
    };
    let remote = Remote::new(rule, clock).map_err(NoObject::Remote)?;
    match fetch::look(&remote, &object.name).await {
        Ok(Some(object)) => Ok(StoredSound { remote, object }),
        Ok(None) => Err(NoObject::Unknown(Sentence::new("problem_no_object").with("object", object))),
        Err(error) => Err(NoObject::Remote(error)),
    }
}

impl StoredSound {
    /// Returns how long it plays. `None` if it does not say, or is no sound.
    pub(super) async fn length(&self) -> Result<Option<Duration>, RemoteError> {
        sound_length(&self.remote, &self.object.name).await
    }

    /// Fetches it into the state folder, unless that was done a short while ago. Returns the file, which stays for a while.
    pub(super) async fn fetched(&self, state: &Path) -> Result<PathBuf, FetchError> {
        only_there::object(&self.remote, &self.object, state).await
    }
}

//! One grab from its beginning to its file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::asked::Asked;
use super::error::GrabError;
use super::fetching::{Fetching, Means};
use super::find::find;
use super::folder::{self, Folder};
use super::outcome::{Contents, Outcome};
use super::packing::{Packed, pack};
use super::progress::Progress;
use super::renewal::Renewal;
use crate::base::environment::Environment;
use crate::base::http::{self, Manner, Reach};
use crate::capture::source::hls::Fetcher;
use crate::library::store;

/// The folder in which what comes of the grab of `file` waits: beside it, and hidden.
pub fn folder_of(file: &Path) -> PathBuf {
    let name = file.file_name().map_or_else(|| "grab".into(), |name| name.to_string_lossy());
    file.with_file_name(format!(".{name}.grab"))
}

/// Grabs what is `asked` for into `file`; what has come of it waits in `folder`, and is used. `reach` says which
/// addresses may be connected to. The folder stays if something is missing or fails.
///
/// Cancelled by dropping it; the next call with the same folder goes on.
///
/// # Errors
/// No file is made; the error says why, and what to do.
pub async fn grab(
    asked: &Asked,
    file: &Path,
    folder: &Path,
    reach: &Reach,
    progress: &Progress,
    environment: &Environment,
) -> Result<Outcome, GrabError> {
    progress.finding();
    asked.check()?;
    let Asked { headers, accept_invalid, parallel, largest, .. } = asked;
    let manner = Manner { headers, accept_invalid: *accept_invalid, idle: *parallel, reach, ..Manner::default() };
    let client = http::client(manner, &environment.clock)?;
    let plan = find(asked, &client, environment).await?;
    let folder = Folder::open(folder.to_owned(), asked.identity()).await?;
    let fetcher = Fetcher::of_whole(client.clone(), environment.clock.clone());
    let renewal = Renewal::new(asked.clone(), client, environment.clone(), plan.clone());
    let means = Means {
        renewal,
        fetcher,
        folder: folder.clone(),
        progress: progress.clone(),
        environment: environment.clone(),
        largest: *largest,
    };
    let lost = Fetching::new(means).run(*parallel).await?;
    let contents = Contents::of(&plan, &folder, &lost);
    if contents.there == 0 {
        let cause = contents.missing.first().map(|missing| missing.cause.words.clone()).unwrap_or_default();
        return Err(GrabError::Empty(cause));
    }
    let names = plan.tracks.first().map(|track| (track.called(0), track.called(track.len().saturating_sub(1))));
    let names = names.unwrap_or_default();
    let (bytes, plays, packed) = if asked.strict && !contents.missing.is_empty() {
        (0, Duration::ZERO, None)
    } else {
        progress.packing();
        let Packed { file: part, plays } = pack(&folder, &contents, asked.format, file, &environment.clock).await?;
        let bytes = store::size(&part).await?;
        store::give_name(&part, file).await?;
        (bytes, plays, Some(std::path::absolute(file).unwrap_or_else(|_| file.to_owned())))
    };
    let Contents { missing, total, there, .. } = contents;
    Ok(Outcome { file: packed, bytes, total, there, names, plays, missing })
}

/// Removes the folder of a grab, with what has come of it.
///
/// # Errors
/// The disk refuses.
pub async fn forget(folder: &Path) -> Result<(), GrabError> {
    Ok(folder::remove(folder.to_owned()).await?)
}

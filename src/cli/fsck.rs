//! `aircheck fsck`: compares the list, the output folder, the tapes and the object store, and explains every difference. With
//! `--fix` it mends the list, and no file. Either may run beside the service.

use std::fmt::Write as _;
use std::sync::Arc;

use super::catalogue;
use super::exit::{DONE, FAILED};
use super::logging;
use super::print::{print, print_json};
use super::runtime::block_on;
use crate::base::clock::SystemClock;
use crate::config::Config;
use crate::copies::fsck::{Comparison, Finding, FindingKind, TapeObjects, compare};
use crate::daemon::Lock;
use crate::library::catalogue::{Catalogue, Stage};
use crate::library::mend::{Mended, mend};
use crate::library::remote::Remote;
use crate::library::store::Store;
use crate::library::strays;
use crate::recorder;
use crate::tape_copies;

/// Whether to mend, and how to tell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    /// Whether to mend the list.
    pub fix: bool,
    /// Whether to print JSON.
    pub json: bool,
}

/// Compares and prints. Exit code 1 if there is any difference that is not fixed.
pub(super) fn run(config: Config, options: Options) -> anyhow::Result<u8> {
    logging::begin("off");
    let config = Arc::new(config);
    let comparison = block_on(compared(&config, options.fix))??;
    let Some(comparison) = comparison else { return Ok(DONE) };
    if options.json {
        print_json(&comparison)?;
    } else {
        print(&text(&comparison))?;
    }
    Ok(if comparison.is_clean() { DONE } else { FAILED })
}

async fn compared(config: &Arc<Config>, fix: bool) -> anyhow::Result<Option<Comparison>> {
    let path = config.state.join("catalogue.sqlite");
    if !path.exists() && !fix {
        return without_list(config).await;
    }
    let clock = SystemClock::shared();
    let known = if fix { Some(Catalogue::open(path).await?) } else { catalogue::open(config).await? };
    let Some(known) = known else { return Ok(None) };
    let store = catalogue::store(config).of_command(&config.state);
    let mended = if fix { mend(&known, &store, clock.now()).await? } else { Mended::default() };
    let remote = config.store.as_ref().map(|rule| Remote::new(rule, &clock)).transpose()?;
    let tapes = match &remote {
        Some(remote) => tape_copies::fsck::expected(config, &known, remote, &config.state.join("tape")).await?,
        None => TapeObjects::default(),
    };
    let mut comparison = compare(config, &known, &store, (remote.as_ref(), tapes), clock.now()).await?;
    on_tape(&mut comparison, config, (&known, &store)).await?;
    unfinished(&mut comparison, config, &known).await?;
    bin(&mut comparison, &known, &store).await?;
    let found = std::mem::take(&mut comparison.findings);
    tell(&mut comparison, mended);
    comparison.findings.extend(found);
    Ok(Some(comparison))
}

/// Explains that there is no list, if there are recordings of which there could be one.
async fn without_list(config: &Arc<Config>) -> anyhow::Result<Option<Comparison>> {
    let store = catalogue::store(config).of_command(&config.state);
    let files = store.list().await?;
    let mut comparison = Comparison { files: files.len(), ..Comparison::default() };
    let recordings = strays::identify(&store, files).await?.into_iter().filter(|(_, found)| found.is_some()).count();
    if recordings == 0 {
        // Says that there is none.
        catalogue::open(config).await?;
        return Ok(None);
    }
    let (path, folder) = (config.state.join("catalogue.sqlite"), store.shown_folder().display());
    let words = format!(
        "there is no list, and {recordings} recordings of aircheck are in {folder}. If the list is lost, `aircheck fsck --fix` \
         makes a new one from their tags; if a service has its own, name its `state` in the file"
    );
    comparison.find(FindingKind::NoList, None, &path.display().to_string(), words);
    Ok(Some(comparison))
}

/// Tells of airings of which the tape holds more than their recordings do.
async fn on_tape(
    comparison: &mut Comparison,
    config: &Arc<Config>,
    (known, store): (&Catalogue, &Store),
) -> anyhow::Result<()> {
    for found in recorder::recoverable(known, store, config).await? {
        let planned = found.recording.cut.length().as_seconds_f64();
        let id = &found.recording.id;
        let words = format!(
            "{:.1} of {planned:.1} s of it are on tape, which is more than its recording has: `aircheck recover {id}` cuts it \
             again",
            found.on_tape
        );
        comparison.find(FindingKind::OnTape, Some(id), &found.recording.title, words);
    }
    Ok(())
}

/// Tells of airings that nobody finishes.
async fn unfinished(comparison: &mut Comparison, config: &Config, known: &Catalogue) -> anyhow::Result<()> {
    if Lock::output_in_use(&config.state).is_some() {
        return Ok(());
    }
    for claimed in known.unfinished().await? {
        let words =
            "it is not finished, and no service runs: it is finished from what is on tape when the service starts";
        comparison.find(FindingKind::Unfinished, Some(&claimed.airing.id), &claimed.title, words);
    }
    Ok(())
}

/// Tells of deleted recordings that cannot be brought back.
async fn bin(comparison: &mut Comparison, known: &Catalogue, store: &Store) -> anyhow::Result<()> {
    for recording in known.binned().await? {
        let Some(binned) = recording.binned.filter(|binned| binned.stage == Stage::There) else { continue };
        let copies = known.copies(vec![recording.id.clone()]).await?;
        if let Some(file) = binned.file.filter(|_| binned.bytes.is_some())
            && !copies.get(&recording.id).is_some_and(|copy| copy.let_go)
            && !store.is_binned(&recording.id).await?
        {
            let words = "it was deleted, and its file is not in the bin: it cannot be brought back";
            comparison.find(FindingKind::BinLost, Some(&recording.id), &file.to_string_lossy(), words);
        }
    }
    Ok(())
}

/// Tells what was mended.
fn tell(comparison: &mut Comparison, mended: Mended) {
    let Mended { moved, retagged, adopted, returned } = mended;
    for it in moved {
        let words = format!("its file was moved to {}: the list follows it", it.to.display());
        comparison.find(FindingKind::Moved, Some(&it.id), &it.from.to_string_lossy(), words);
    }
    for (id, file) in retagged {
        let words = "its tags were changed by another program: its new size is written down";
        comparison.find(FindingKind::Retagged, Some(&id), &file.to_string_lossy(), words);
    }
    for it in adopted {
        let file = it.file.as_deref().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
        let verdict = it.verdict.map(|verdict| verdict.to_string()).unwrap_or_default();
        let words = format!("adopted: put on the list as its tags say: {}, {verdict}", it.title);
        comparison.find(FindingKind::Adopted, Some(&it.id), &file, words);
    }
    for (id, file) in returned {
        let words = "it had no file on the list any more, and has this one again";
        comparison.find(FindingKind::Moved, Some(&id), &file.to_string_lossy(), words);
    }
    for finding in &mut comparison.findings {
        finding.fixed = true;
    }
}

fn text(comparison: &Comparison) -> String {
    let Comparison { recordings, files, copies, of_tapes, objects, findings } = comparison;
    let mut text = format!("{recordings} recordings on the list, {files} in the folder");
    if let Some(objects) = objects {
        let _ = write!(text, ", {copies} copies by the list, {objects} objects in the store");
    }
    if *of_tapes > 0 {
        let _ = write!(text, ", of which {of_tapes} should be of tapes");
    }
    text.push('\n');
    for Finding { recording, name, words, fixed, .. } in findings {
        let recording = recording.as_deref().map(|id| format!("{id}: ")).unwrap_or_default();
        let _ = writeln!(text, "\n{recording}{name}\n  {}{words}", if *fixed { "fixed: " } else { "" });
    }
    let fixed = findings.iter().filter(|finding| finding.fixed).count();
    match (findings.len(), fixed) {
        (0, _) => text.push_str("There is no difference.\n"),
        (all, fixed) if all == fixed => text.push_str("\nThere is no difference any more.\n"),
        _ => {}
    }
    text
}

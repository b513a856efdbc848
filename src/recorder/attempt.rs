//! One attempt at an airing: it leases the station, encodes the cut, and names and shelves the file.

use std::path::Path;
use std::sync::Arc;

use tracing::{info, warn};

use super::causes;
use super::error::RecorderError;
use super::parts::Parts;
use crate::airings::AiringHandle;
use crate::airings::order::Order;
use crate::capture::deck::Lease;
use crate::capture::first_sound;
use crate::config::Show;
use crate::housekeeping::RoomError;
use crate::library::archive;
use crate::model::{AiringId, CauseKind, JobState, MediaEvent, Outcome, Verdict};
use crate::production::following::Ending;
use crate::production::{Draft, Label};
use crate::tape::{Tape, reaches};

/// What an airing holds of its station from one attempt to the next.
#[derive(Debug, Default)]
pub(super) struct Taping {
    /// Held while the station must be taped.
    pub lease: Option<Lease>,
    /// The tape that the airing is cut from.
    pub tape: Option<Tape>,
}

/// Makes one attempt. Only a `new` airing can be refused because space is short: another may have tape already.
pub(super) async fn record(
    parts: &Parts,
    ordered: &Order,
    handle: &mut AiringHandle,
    taping: &mut Taping,
    mut new: bool,
) -> Result<(), RecorderError> {
    parts.airings.thaw(&ordered.airing.id);
    loop {
        let order = parts.airings.current(ordered.amended(&handle.airing.borrow_and_update()));
        let draft = tokio::select! {
            biased;
            () = handle.taken_back.cancelled() => return Err(RecorderError::TakenBack),
            Ok(()) = handle.airing.changed() => continue,
            draft = draft(parts, &order, taping, &mut new) => match draft? {
                Some(draft) => draft,
                None => continue,
            },
        };
        if parts.airings.freeze(handle).await {
            taping.lease = None;
            return publish(parts, &order, draft).await;
        }
    }
}

/// Encodes the airing into a draft. `None` if the airing turns out to begin later.
async fn draft(
    parts: &Parts,
    order: &Order,
    Taping { lease, tape }: &mut Taping,
    new: &mut bool,
) -> Result<Option<Draft>, RecorderError> {
    let Order { airing, station, .. } = order;
    let Parts { environment, airings, decks, store, .. } = parts;
    let tape = match tape {
        // Its clock is held once the cut is on it, which a change by hand makes untrue.
        Some(tape) if airings.is_taped(&airing.id) => tape.clone(),
        _ => tape.insert(decks.tape(station).await?.for_one_cut()).clone(),
    };
    let view = tape.view(&airing.cut()).await;
    let on_tape = reaches(&view, airing.cut());
    let now = environment.clock.now();
    let is_connecting = airings.connecting(&airing.id).is_some();
    // Before the lease: the first sound may be on tape a moment after.
    let is_late = now > airing.cut().start && lease.is_none() && !order.only_tape && !is_connecting;
    if is_late && view.start().is_none() {
        let trouble = MediaEvent::Trouble { at: airing.cut().start, cause: causes::began_late() };
        decks.write(&tape, trouble, now).await?;
    }
    if lease.is_none() && !on_tape && !order.only_tape {
        *lease = Some(decks.lease(station, airing.cut().start).await?);
    }
    let is_there = on_tape || order.only_tape || airings.is_taped(&airing.id);
    parts.note(&airing.id, if is_there { JobState::Encoding } else { JobState::Capturing }, None);
    // After the lease: a disk that does not answer must not keep the station from being taped.
    if std::mem::take(new) {
        match parts.housekeeping.make_room(&order.config).await {
            Err(error @ RoomError::NoRoom { .. }) => return Err(error.into()),
            Err(error) => warn!(airing = %airing.id, %error, "the free space could not be determined"),
            Ok(()) => {}
        }
    }
    if begins_later(parts, &airing.id, &tape).await? {
        return Ok(None);
    }
    let temporary = store.temporary(&airing.id).await?;
    let ending = Ending::new(environment.stop.clone());
    // If the clock was set back meanwhile, the draft would wait for the end of the airing once more.
    if order.only_tape || airings.is_taped(&airing.id) {
        ending.early.cancel();
    }
    let makers = (&parts.pictures, &parts.slots);
    let following = Draft::following(order, &tape, makers, &temporary, environment, &ending);
    let mark_taped = async {
        ending.taped.cancelled().await;
        tape.hold_clock();
        airings.mark_taped(&airing.id);
        parts.note(&airing.id, JobState::Encoding, None);
        std::future::pending().await
    };
    let mut draft = tokio::select! {
        draft = following => draft?,
        never = mark_taped => never,
    };
    if order.only_tape
        && let Some(rest) = draft.encoded.gaps.last_mut().filter(|gap| gap.start + gap.length >= airing.cut().end)
    {
        rest.cause = causes::removed();
    }
    if let Some(first) = draft.encoded.gaps.first_mut()
        && (first.start, first.cause.kind) == (airing.cut().start, CauseKind::Nothing)
        && parts.catalogue.get(&airing.id).await?.is_some_and(|claimed| claimed.claimed_at > first.start)
    {
        // It was asked for when it had begun, and nobody had the station on tape before.
        first.cause = causes::began_late();
    }
    Ok(Some(draft))
}

/// Decides where an airing begins, if that is open. Returns whether it begins later than before.
async fn begins_later(parts: &Parts, id: &AiringId, tape: &Tape) -> Result<bool, RecorderError> {
    let Parts { environment, airings, .. } = parts;
    let Some(planned) = airings.connecting(id) else { return Ok(false) };
    let Some(until) = planned.connecting_until else { return Ok(false) };
    let first = first_sound(tape, planned.airing.cut().start, until, environment.clock.as_ref());
    let first = environment.stop.run_until_cancelled(first).await.ok_or(RecorderError::Stopping)?;
    Ok(airings.begins_with(id, first).await?)
}

/// Tags the file, gives it a name and finishes the airing.
async fn publish(parts: &Parts, order: &Order, mut draft: Draft) -> Result<(), RecorderError> {
    let Parts { environment, catalogue, store, .. } = parts;
    let id = &order.airing.id;
    let at = environment.clock.now();
    let file = if draft.verdict == Verdict::Failed {
        catalogue.finish(id, &draft.outcome(Vec::new(), at)).await?;
        // Nobody should find a file without sound; the next start removes it if this fails.
        let _ = tokio::fs::remove_file(&draft.file).await;
        None
    } else {
        let Label { name, notes } = draft.label(&named(parts, order)).await?;
        let outcome: Outcome = draft.outcome(notes, at);
        Some(archive::shelve(catalogue, store, id, &draft.file, (&name, draft.encoded.codec), outcome).await?)
    };
    log(id, &draft, file.map(|file| store.shown(&file)).as_deref());
    Ok(())
}

/// Returns the order to name and tag a file that was encoded by `order`: names come from the current configuration.
fn named(parts: &Parts, order: &Order) -> Order {
    let now = parts.airings.current(order.clone());
    let Show { encoding, id3, gaps, dead_air, .. } = *order.show;
    let show = Show { encoding, id3, gaps, dead_air, ..Show::clone(&now.show) };
    Order { show: Arc::new(show), ..now }
}

fn log(id: &AiringId, draft: &Draft, file: Option<&Path>) {
    let file = file.map(|file| file.display().to_string()).unwrap_or_default();
    let encoded = &draft.encoded;
    for gap in &encoded.gaps {
        let seconds = gap.length.as_secs_f64();
        warn!(airing = %id, start = %gap.start, seconds, cause = gap.cause.words, "missing");
    }
    for dead in &encoded.measured.dead_air {
        warn!(airing = %id, start = %dead.start, seconds = dead.length.as_secs_f64(), "dead air");
    }
    match draft.verdict {
        Verdict::Complete => info!(airing = %id, seconds = encoded.seconds, file, "complete"),
        other => warn!(airing = %id, verdict = %other, seconds = encoded.seconds, file, "recorded, but not whole"),
    }
}

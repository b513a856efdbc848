//! One attempt at an airing: the station is leased, the sound taken, judged, tagged and shelved.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::error::RecorderError;
use super::label::{Labelled, job, labelled};
use super::live::Reins;
use super::order::Order;
use super::take::{Ending, Taken, take, until_near_its_end};
use super::verdict::judge;
use super::{Recorder, causes, room};
use crate::capture::deck::Lease;
use crate::config::{Config, Show};
use crate::library::archive;
use crate::library::artwork::Picture;
use crate::library::catalogue::Outcome;
use crate::model::{Airing, MediaEvent, Verdict};
use crate::tape::reaches;

/// Sound that was taken.
struct Made {
    taken: Taken,
    /// The file that it is in.
    temporary: PathBuf,
    /// The picture for which there is space in the file.
    cover: Option<Picture>,
}

impl Recorder {
    /// One attempt. Only a `new` airing can be refused for want of room: of another there may be tape.
    /// The station's `lease` is the caller's, who keeps it for another attempt.
    pub(super) async fn record(
        &self,
        ordered: &Order,
        reins: &mut Reins,
        lease: &mut Option<Lease>,
        mut new: bool,
    ) -> Result<(), RecorderError> {
        self.live.close(&ordered.airing.id, false);
        let id = &ordered.airing.id;
        loop {
            let order = self.current(ordered, &reins.airing.borrow_and_update());
            let made = tokio::select! {
                biased;
                () = reins.taken_back.cancelled() => return Err(RecorderError::TakenBack),
                Ok(()) = reins.airing.changed() => continue,
                made = self.take(&order, lease, &mut new) => match made? {
                    Some(made) => made,
                    None => continue,
                },
            };
            let turn = self.turn().await;
            if reins.taken_back.is_cancelled() || reins.airing.has_changed().unwrap_or(false) {
                continue;
            }
            self.live.close(id, true);
            drop((turn, lease.take()));
            return self.publish(&order, made).await;
        }
    }

    /// Takes the sound of the airing into a temporary file; nothing where it turns out to begin later.
    async fn take(
        &self,
        order: &Order,
        lease: &mut Option<Lease>,
        new: &mut bool,
    ) -> Result<Option<Made>, RecorderError> {
        let Order { airing, show, station, .. } = order;
        let tape = self.decks.tape(station).await?;
        let view = tape.view(&airing.cut()).await;
        let on_tape = reaches(&view, airing.cut());
        let now = self.environment.clock.now();
        // Before the lease: the first sound may be on tape a moment after it.
        let is_late =
            now > airing.cut().start && lease.is_none() && !order.only_tape && !self.is_connecting(&airing.id);
        if is_late && view.start().is_none() {
            let trouble = MediaEvent::Trouble { at: airing.cut().start, cause: causes::began_late() };
            self.decks.write(&tape, trouble, now).await?;
        }
        if lease.is_none() && !on_tape && !order.only_tape {
            *lease = Some(self.decks.lease(station, airing.cut().start).await?);
        }
        // After the lease: a disk that does not answer must not keep the station from being taped.
        if std::mem::take(new) {
            match self.ensure_room(&order.config).await {
                Err(error @ RecorderError::NoRoom { .. }) => return Err(error),
                Err(error) => warn!(airing = %airing.id, %error, "how much room there is could not be asked"),
                Ok(()) => {}
            }
        }
        if self.decide_beginning(&airing.id, &tape).await? {
            return Ok(None);
        }
        let temporary = self.shelf.temporary(&airing.id).await?;
        let ending = Ending { abandon: self.environment.stop.clone(), early: CancellationToken::new() };
        if order.only_tape {
            ending.early.cancel();
        }
        until_near_its_end(&airing.cut(), &self.environment, &ending).await?;
        let cover = Box::pin(self.pictures.cover(show, &order.config)).await;
        let job = job(airing.cut(), show, &temporary, cover.as_ref());
        let mut taken = take(&tape, &job, station.delay, &self.environment, &self.encoders, &ending).await?;
        if order.only_tape
            && let Some(rest) = taken.gaps.last_mut().filter(|gap| gap.start + gap.length >= airing.cut().end)
        {
            rest.cause = causes::removed();
        }
        Ok(Some(Made { taken, temporary, cover }))
    }

    /// Judges what was taken against what was to be recorded, and gives it its place.
    async fn publish(&self, order: &Order, made: Made) -> Result<(), RecorderError> {
        let Made { taken, temporary, cover } = made;
        let airing = &order.airing;
        let verdict = judge(&airing.cut(), &taken);
        let at = self.environment.clock.now();
        let (gaps, measured) = (taken.gaps.clone(), taken.measured.clone());
        let (seconds, notes) = (taken.seconds, Vec::new());
        let outcome = Outcome { verdict, seconds, file: None, bytes: None, gaps, notes, measured, at };
        let file = if verdict == Verdict::Failed {
            self.catalogue.finish(&airing.id, &outcome).await?;
            // Nobody should find a file that is nothing; the next start removes what stays.
            let _ = tokio::fs::remove_file(&temporary).await;
            None
        } else {
            let Labelled { name, notes } = labelled(&self.named(order), verdict, &taken, cover, &temporary).await?;
            let outcome = Outcome { notes, ..outcome };
            Some(archive::shelve(&self.catalogue, &self.shelf, &airing.id, &temporary, &name, outcome).await?)
        };
        tell(airing, verdict, &taken, file.map(|file| self.shelf.output().join(file)).as_deref());
        Ok(())
    }

    /// How an airing is named and tagged that was taken as `order` says: by the configuration as it is now.
    fn named(&self, order: &Order) -> Order {
        let now = self.current(order, &order.airing);
        let Show { mp3, id3, gaps, dead_air, .. } = *order.show;
        let show = Show { mp3, id3, gaps, dead_air, ..Show::clone(&now.show) };
        Order { show: Arc::new(show), ..now }
    }

    /// Old tape goes first, then what retention does not keep; then there is no room.
    async fn ensure_room(&self, config: &Config) -> Result<(), RecorderError> {
        let folders = [self.shelf.output(), self.decks.folder()];
        let Some(folder) = room::short(&folders, config.min_free).await? else { return Ok(()) };
        warn!(folder = %folder.display(), "little room on the disk: old tape goes");
        self.decks.forget(TimeDelta::zero(), |station| self.needed(station)).await;
        if room::short(&folders, config.min_free).await?.is_none() {
            return Ok(());
        }
        warn!(folder = %folder.display(), "little room on the disk: the bin, and what `keep` does not keep, goes");
        room::empty(&self.bin, self.environment.clock.now(), TimeDelta::zero()).await;
        self.tidy(config).await;
        match room::short(&folders, config.min_free).await? {
            Some(folder) => Err(room::refusal(folder, config.min_free).await?),
            None => Ok(()),
        }
    }
}

fn tell(airing: &Airing, verdict: Verdict, taken: &Taken, file: Option<&Path>) {
    let file = file.map(|file| file.display().to_string()).unwrap_or_default();
    for gap in &taken.gaps {
        let seconds = gap.length.as_secs_f64();
        warn!(airing = %airing.id, start = %gap.start, seconds, cause = gap.cause.words, "missing");
    }
    for dead in &taken.measured.dead_air {
        warn!(airing = %airing.id, start = %dead.start, seconds = dead.length.as_secs_f64(), "dead air");
    }
    match verdict {
        Verdict::Complete => info!(airing = %airing.id, seconds = taken.seconds, file, "complete"),
        other => warn!(airing = %airing.id, verdict = %other, seconds = taken.seconds, file, "recorded, but not whole"),
    }
}

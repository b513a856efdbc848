//! How a part is made: once, however many ask for it, and in its turn.
//!
//! Whoever asks for a segment waits for that segment, and not for the part. Who goes away leaves the part to be finished,
//! for the next who asks; what has not begun by then is given up, so that somebody who looks for a place in a recording
//! leaves nothing behind.
//!
//! These are the steps, each with what a crash after it leaves:
//!
//! 1. Room is made by deleting what was used longest ago. A crash leaves less than there was.
//! 2. The empty folder of the part is made, and segments are written into it. A crash leaves a part that is not whole,
//!    which the next start deletes.
//! 3. The sizes of the segments are written into the file `whole`, by a rename. A crash leaves the part.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;
use tracing::{debug, warn};

use super::cache::{self, Place, Source};
use super::encoder::{Encoder, Work};
use super::error::RenditionError;
use super::playlist::name_of;
use super::shared::{Progress, Renditions, Shared, State};
use crate::library::store::{free_space, is_full};

/// How many parts may wait to be encoded. More are a mistake, or ill will.
const MOST: usize = 64;

/// A part that is to be made.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) place: Place,
    pub(super) source: Arc<Source>,
    pub(super) work: Work,
}

impl Renditions {
    /// Returns the progress of a part that is not kept, and begins to make it if nobody has.
    pub(super) fn making(
        &self,
        state: &mut State,
        order: impl FnOnce() -> Order,
        place: &Place,
    ) -> Result<watch::Receiver<Progress>, RenditionError> {
        if let Some(progress) = state.making.get(place) {
            // A task that has ended without a word had a defect; the next begins anew.
            if progress.has_changed().is_ok() || progress.borrow().ended.is_some() {
                return Ok(progress.clone());
            }
        }
        if state.making.len() >= MOST {
            return Err(RenditionError::Busy { most: MOST });
        }
        let (told, progress) = watch::channel(Progress::default());
        state.making.insert(place.clone(), progress.clone());
        let (renditions, order) = (self.clone(), order());
        self.shared.environment.spawn(async move { renditions.shared.run(order, told).await });
        Ok(progress)
    }
}

impl Shared {
    /// Makes a part, and tells how that goes.
    async fn run(&self, order: Order, told: watch::Sender<Progress>) {
        let (place, source) = (order.place.clone(), Arc::clone(&order.source));
        let stop = self.environment.stop.clone();
        let made = stop.run_until_cancelled(Box::pin(self.make(order, &told))).await;
        let made = made.unwrap_or(Err(RenditionError::GivenUp));
        {
            let state = &mut *self.state();
            let mine = told.subscribe();
            if state.making.get(&place).is_some_and(|progress| progress.same_channel(&mine)) {
                state.making.remove(&place);
            }
            if let Ok(sizes) = &made {
                state.cache.insert(place.clone(), sizes, self.now());
                state.cache.add_source(&place.version, &source);
            }
        }
        if let Err(error) = &made {
            match error {
                RenditionError::GivenUp => debug!(?place, "a rendition was given up"),
                error => warn!(%error, rendition = name_of(place.bits), "a rendition cannot be made"),
            }
        }
        told.send_modify(|progress| progress.ended = Some(made.map(drop).map_err(Arc::new)));
    }

    async fn make(&self, order: Order, told: &watch::Sender<Progress>) -> Result<Vec<u32>, RenditionError> {
        let turns = if order.work.behind_all { &self.ahead } else { &self.asked };
        // Never closed: it lives as long as this.
        let _turn = turns.acquire().await.map_err(|_| RenditionError::GivenUp)?;
        if !order.work.behind_all && !self.is_wanted(&order.place, told) {
            return Err(RenditionError::GivenUp);
        }
        let layout = &order.work.layout;
        let _reserved = self.make_room(layout.most_bytes(order.work.segments.clone(), order.work.bits)).await?;
        let place = order.place.clone();
        let made = self.encode(order, told).await;
        if made.is_err() {
            let _deleting = self.deleting.lock().await;
            self.delete(vec![place.folder(&self.folder)]).await;
        }
        made
    }

    /// Returns whether anybody waits for a part; if not, it may be begun anew at any time.
    fn is_wanted(&self, place: &Place, told: &watch::Sender<Progress>) -> bool {
        let state = &mut *self.state();
        // One receiver is on the list.
        let wanted = told.receiver_count() > 1;
        if !wanted {
            state.making.remove(place);
        }
        wanted
    }

    /// Makes room for so many bytes, within the bound of the cache and on the disk.
    async fn make_room(&self, bytes: u64) -> Result<Reserved<'_>, RenditionError> {
        let (most, min_free) = {
            let config = self.config.borrow();
            (config.hls.as_ref().map(|rule| rule.cache).ok_or(RenditionError::GivenUp)?, config.min_free)
        };
        self.state().reserved += bytes;
        let reserved = Reserved { shared: self, bytes };
        self.keep_within(most).await;
        loop {
            let missing = (min_free + bytes).saturating_sub(free_space(&self.folder).await?);
            if missing == 0 {
                return Ok(reserved);
            }
            if !self.drop_oldest(missing).await {
                return Err(RenditionError::NoRoom { path: self.folder.clone() });
            }
        }
    }

    /// Encodes a part into its folder. Returns the sizes of its segments.
    async fn encode(&self, order: Order, told: &watch::Sender<Progress>) -> Result<Vec<u32>, RenditionError> {
        let Order { place, source, work } = order;
        {
            let _deleting = self.deleting.lock().await;
            let (of, source) = (place.clone(), Arc::clone(&source));
            self.on_disk(place.folder(&self.folder), move |all| {
                cache::write_source(all, &of.version, &source)?;
                cache::begin(all, &of)
            })
            .await?;
        }
        let mut encoder = Encoder::start(work, &self.environment.clock)?;
        let mut sizes = Vec::new();
        while let Some((number, bytes)) = encoder.next().await? {
            sizes.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            let of = place.clone();
            let file = place.segment(&self.folder, number);
            self.on_disk(file, move |all| std::fs::write(of.segment(all, number), bytes)).await?;
            told.send_modify(|progress| progress.until = Some(number + 1));
        }
        let (of, written) = (place.clone(), sizes.clone());
        self.on_disk(place.folder(&self.folder), move |all| cache::finish(all, &of, &written)).await?;
        Ok(sizes)
    }

    /// Does something with `path` in the folder of all renditions.
    async fn on_disk(
        &self,
        path: PathBuf,
        work: impl FnOnce(&Path) -> io::Result<()> + Send + 'static,
    ) -> Result<(), RenditionError> {
        let all = self.folder.clone();
        match self.lane.run(move || work(&all)).await {
            Ok(()) => Ok(()),
            Err(source) if is_full(&source) => Err(RenditionError::NoRoom { path: self.folder.clone() }),
            Err(source) => Err(RenditionError::File { path, source }),
        }
    }
}

/// Bytes that what is being made will take.
struct Reserved<'a> {
    shared: &'a Shared,
    bytes: u64,
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.shared.state().reserved -= self.bytes;
    }
}

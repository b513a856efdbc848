//! The renditions of one recording, as players ask for them.

use std::sync::Arc;
use std::time::Duration;

use super::cache::{self, Place, Source};
use super::encoder::{self, Work};
use super::error::RenditionError;
use super::input::Input;
use super::making::Order;
use super::playlist::{self, Rates};
use super::probe;
use super::shared::{Progress, Renditions};
use crate::config::HlsRule;
use crate::library::catalogue::Recording;
use crate::library::store::Reading;

/// How long somebody waits for a segment. The beginning of a part takes a moment; one that many others wait for takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a segment is looked for that is deleted again and again before it can be opened.
const ATTEMPTS: u32 = 3;

/// The renditions of one recording, of the file that it has now.
#[derive(Debug, Clone)]
pub struct Rendered {
    renditions: Renditions,
    rule: HlsRule,
    version: Arc<str>,
    source: Arc<Source>,
    input: Input,
}

impl Renditions {
    /// Returns the renditions of a recording. `None` if recordings are not handed out as HLS, or this one has neither a file
    /// nor a copy in the object store.
    ///
    /// # Errors
    /// Its file cannot be read as sound.
    pub async fn of(&self, recording: &Recording) -> Result<Option<Rendered>, RenditionError> {
        let shared = &self.shared;
        let (Some(rule), Some(file)) = (self.rule(), &recording.file) else { return Ok(None) };
        let found = match shared.store.open(file).await? {
            Some(reading) => Some((Input::File(shared.store.sound_of(file)), reading.etag().to_owned())),
            None => self.elsewhere(recording).await?,
        };
        let Some((input, etag)) = found else { return Ok(None) };
        let version: Arc<str> = Source::version(&recording.id, &etag, rule.segment.as_secs()).into();
        let rendered = |source| Rendered {
            renditions: self.clone(),
            rule: rule.clone(),
            version: version.clone(),
            source,
            input: input.clone(),
        };
        let known = || shared.state().cache.source(&version);
        if let Some(source) = known() {
            return Ok(Some(rendered(source)));
        }
        let _looking = shared.looking.lock().await;
        if let Some(source) = known() {
            return Ok(Some(rendered(source)));
        }
        let layout = probe::layout(&input, recording.length, rule.segment, &shared.environment.clock).await?;
        let source = Arc::new(Source { recording: recording.id.to_string(), etag, layout });
        shared.state().cache.add_source(&version, &source);
        Ok((layout.segments() > 0).then(|| rendered(source)))
    }

    /// Returns the copy of a recording in the object store, and what distinguishes it from others. `None` if there is none.
    async fn elsewhere(&self, recording: &Recording) -> Result<Option<(Input, String)>, RenditionError> {
        let Some((link, copy)) = self.shared.copies.input(recording).await? else { return Ok(None) };
        let (name, sum) = (copy.name.unwrap_or_default(), copy.sha256.unwrap_or_default());
        Ok(Some((Input::Link { link, name }, format!("\"copy-{sum}\""))))
    }
}

impl Rendered {
    /// Returns the bits per second of each rendition, as configured.
    pub fn rates(&self) -> &[u32] {
        &self.rule.rates
    }

    /// Returns what distinguishes this file of the recording from others: part of the addresses of segments.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Writes the master playlist. `query` follows every address.
    pub fn master(&self, query: &str) -> String {
        let layout = &self.source.layout;
        let state = self.renditions.shared.state();
        let rates = |bits: u32| {
            let measured = state.cache.measured(&self.version, bits, layout);
            (bits, measured.unwrap_or_else(|| Rates::expected(layout, bits)))
        };
        let renditions: Vec<_> = self.rule.rates.iter().map(|bits| rates(*bits)).collect();
        playlist::master(&renditions, query)
    }

    /// Writes the playlist of the rendition with so many `bits` per second. `query` follows every address.
    pub fn media(&self, bits: u32, query: &str) -> String {
        let folder = format!("{}/{}", playlist::name_of(bits), self.version);
        playlist::media(&self.source.layout, &folder, query)
    }

    /// Returns the initialisation section of a rendition.
    pub fn initialisation(&self, bits: u32) -> Vec<u8> {
        encoder::initialisation(&self.source.layout, bits)
    }

    /// Returns a segment, which is made if it is not there. `None` if the recording has no such segment.
    ///
    /// # Errors
    /// It cannot be made, or not soon.
    pub async fn segment(&self, bits: u32, number: u32) -> Result<Option<Reading>, Arc<RenditionError>> {
        if number >= self.source.layout.segments() {
            return Ok(None);
        }
        let clock = &self.renditions.shared.environment.clock;
        match clock.timeout(PATIENCE, self.obtain(bits, number)).await {
            Ok(obtained) => obtained.map(Some),
            Err(_) => Err(Arc::new(RenditionError::Late { seconds: PATIENCE.as_secs() })),
        }
    }

    async fn obtain(&self, bits: u32, number: u32) -> Result<Reading, Arc<RenditionError>> {
        let place = self.place(bits, self.source.layout.part_of(number));
        for _ in 0..ATTEMPTS {
            let size = self.until_there(&place, number).await?;
            if let Some(reading) = self.opened(&place, number).await.map_err(Arc::new)?
                && size.is_none_or(|size| reading.bytes() == u64::from(size))
            {
                return Ok(reading);
            }
            // It was deleted a moment ago, or a loss of power has taken it: it is made again.
            self.renditions.shared.state().cache.forget(&place);
        }
        Err(Arc::new(RenditionError::GivenUp))
    }

    /// Waits until a segment can be read. Returns its size if its part is whole.
    async fn until_there(&self, place: &Place, number: u32) -> Result<Option<u32>, Arc<RenditionError>> {
        let shared = &self.renditions.shared;
        let (kept, mut progress) = {
            let state = &mut *shared.state();
            let used = state.cache.used(place, shared.now());
            shared.tally.count(used.is_some());
            match used {
                Some(used) => (Some(used), None),
                None => (None, Some(self.renditions.making(state, || self.order(place, false), place)?)),
            }
        };
        if let Some(used) = kept {
            if used.note {
                let (all, place, now) = (shared.folder.clone(), place.clone(), shared.now());
                shared.lane.run(move || cache::note_use(&all, &place, now)).await;
            }
            let first = self.source.layout.segments_of(place.part).start;
            let size = usize::try_from(number - first).ok().and_then(|at| used.sizes.get(at).copied());
            return Ok(size);
        }
        let is_there = |progress: &Progress| progress.until.is_some_and(|until| number < until);
        if let Some(progress) = &mut progress {
            let reached = progress.wait_for(|progress| is_there(progress) || progress.ended.is_some()).await;
            let reached = reached.map_err(|_| Arc::new(RenditionError::GivenUp))?;
            if !is_there(&reached)
                && let Some(Err(error)) = &reached.ended
            {
                return Err(Arc::clone(error));
            }
        }
        Ok(None)
    }

    async fn opened(&self, place: &Place, number: u32) -> Result<Option<Reading>, RenditionError> {
        let shared = &self.renditions.shared;
        let path = place.segment(&shared.folder, number);
        let opened = path.clone();
        let reading = shared.lane.run(move || Reading::open(&opened)).await;
        reading.map_err(|source| RenditionError::File { path, source })
    }

    /// Makes all of all renditions, without a hurry.
    pub(super) async fn make_all(&self) -> Result<(), Arc<RenditionError>> {
        for bits in &self.rule.rates {
            for part in 0..self.source.layout.parts() {
                self.make(&self.place(*bits, part)).await?;
            }
        }
        Ok(())
    }

    async fn make(&self, place: &Place) -> Result<(), Arc<RenditionError>> {
        let shared = &self.renditions.shared;
        let mut progress = {
            let state = &mut *shared.state();
            if state.cache.has(place) {
                return Ok(());
            }
            self.renditions.making(state, || self.order(place, true), place)?
        };
        let ended = progress.wait_for(|progress| progress.ended.is_some()).await;
        let ended = ended.map_err(|_| Arc::new(RenditionError::GivenUp))?;
        ended.ended.clone().unwrap_or(Ok(()))
    }

    fn place(&self, bits: u32, part: u32) -> Place {
        Place { version: Arc::clone(&self.version), bits, part }
    }

    fn order(&self, place: &Place, behind_all: bool) -> Order {
        let layout = self.source.layout;
        let segments = layout.segments_of(place.part);
        let work = Work { input: self.input.clone(), layout, bits: place.bits, segments, behind_all };
        Order { place: place.clone(), source: Arc::clone(&self.source), work }
    }
}

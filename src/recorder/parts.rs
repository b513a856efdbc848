//! The parts of the service that the recorder uses.

use crate::airings::Airings;
use crate::base::environment::Environment;
use crate::capture::deck::Decks;
use crate::housekeeping::Housekeeping;
use crate::library::artwork::Pictures;
use crate::library::catalogue::Catalogue;
use crate::library::store::Store;
use crate::model::{AiringId, Cause, JobId, JobKind, JobState, Transition};
use crate::production::following::EncodingSlots;

use super::output_watch::OutputWatch;

/// Holds what the tasks of all airings share.
#[derive(Debug)]
pub(super) struct Parts {
    pub environment: Environment,
    pub airings: Airings,
    pub decks: Decks,
    pub catalogue: Catalogue,
    pub store: Store,
    pub pictures: Pictures,
    pub housekeeping: Housekeeping,
    pub slots: EncodingSlots,
    pub output: OutputWatch,
}

impl Parts {
    /// Notes that the recording of an airing has come into another state.
    pub(super) fn note(&self, id: &AiringId, state: JobState, reason: Option<Cause>) {
        let job = JobId::new(JobKind::Recording, id.as_str());
        self.catalogue.note(Transition { job, state, at: self.environment.clock.now(), reason });
    }
}

//! What goes on beside the loop of the daemon until the process stops. Each waits for disks and processors by itself, so
//! that nothing of it is in the way of a show.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use crate::account::surveyor;
use crate::airings::Airings;
use crate::base::allocator;
use crate::base::blocking::blocking;
use crate::base::environment::Environment;
use crate::capture::always;
use crate::capture::deck::Decks;
use crate::checkups::Checkups;
use crate::config::Config;
use crate::copies::Copies;
use crate::events::Changes;
use crate::housekeeping::outlook::Outlook;
use crate::housekeeping::{Housekeeping, room_watch};
use crate::library::artwork::Pictures;
use crate::library::catalogue::Catalogue;
use crate::library::store::Store;
use crate::notify::{self, Notify};
use crate::recorder::Recorder;
use crate::renditions::Renditions;
use crate::tape_copies::TapeCopies;
use crate::web::wire::TapeAccount;

/// What is watched to tell of it.
type Watched<'a> = (&'a Airings, &'a Decks, &'a Store, &'a Recorder, &'a Copies, &'a Checkups, &'a Outlook);

/// How often memory that nobody needs is given back to the system.
const TRIM_EVERY: Duration = Duration::from_secs(60);

/// Starts all of it. Returns the copier of tapes, which tells how far it is, and whether the next day fits on the disks.
pub(super) fn start(
    environment: &Environment,
    config: &watch::Sender<Arc<Config>>,
    (decks, housekeeping): (&Decks, &Housekeeping),
    (renditions, copies): (&Renditions, &Copies),
    changes: &Changes,
) -> (TapeCopies, Outlook) {
    environment.spawn(always::keep_on_tape(decks.clone(), config.subscribe(), environment.clone()));
    let room = room_watch::make_room_for_tape(housekeeping.clone(), config.subscribe(), environment.clone());
    environment.spawn(room);
    environment.spawn(surveyor::survey_tapes(decks.clone(), config.subscribe(), environment.clone()));
    environment.spawn(renditions.clone().keep_clean(changes.clone()));
    environment.spawn(renditions.clone().make_ahead(changes.clone()));
    environment.spawn(copies.clone().run(changes.clone()));
    let tapes = TapeCopies::new(environment.clone(), config.subscribe(), decks.clone(), copies.clone());
    environment.spawn(tapes.clone().run(TapeAccount::json));
    environment.spawn(give_memory_back(decks.clone(), environment.clone()));
    let outlook = Outlook::default();
    environment.spawn(outlook.clone().look_forever(housekeeping.clone(), config.subscribe(), environment.clone()));
    (tapes, outlook)
}

/// Starts to watch the output folder, and to fetch pictures.
pub(super) fn watch(
    environment: &Environment,
    config: &watch::Sender<Arc<Config>>,
    recorder: &Recorder,
    pictures: &Pictures,
) {
    environment.spawn(recorder.clone().watch_output());
    environment.spawn(pictures.clone().refresh_forever(config.subscribe(), environment.clone()));
}

/// Starts telling what happens. The service before was last alive at `last_alive`, if there was one.
pub(super) fn tell(
    environment: &Environment,
    config: &watch::Sender<Arc<Config>>,
    catalogue: &Catalogue,
    (airings, decks, store, recorder, copies, checkups, outlook): Watched<'_>,
    (changes, last_alive): (&Changes, Option<DateTime<Utc>>),
) -> Notify {
    let notify = Notify::new(environment.clone(), config.subscribe(), catalogue.clone());
    let parts = notify::Parts {
        airings: airings.clone(),
        decks: decks.clone(),
        store: store.clone(),
        recorder: recorder.clone(),
        copies: copies.clone(),
        checkups: checkups.clone(),
        outlook: outlook.clone(),
    };
    environment.spawn(notify.clone().run(parts, changes.clone(), last_alive));
    notify
}

/// Gives back what the last burst has left (many shows begin in one second), and what was looked at of tapes.
async fn give_memory_back(decks: Decks, environment: Environment) {
    let Environment { clock, stop, .. } = environment;
    while stop.run_until_cancelled(clock.sleep(TRIM_EVERY)).await.is_some() {
        decks.drop_unused();
        blocking(allocator::trim).await;
    }
}

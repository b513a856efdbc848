//! The check-up of one station: it is reached as for a show, and the first sound of it is awaited. Nothing is taped.

use std::time::Duration;

use tokio::sync::watch;

use crate::base::environment::Environment;
use crate::capture::source::{Health, Source};
use crate::config::Station;
use crate::model::{Cause, CauseKind, MediaEvent};

/// How long a station may take to send its first sound. A segment of HLS may be ten seconds, and an address takes several
/// requests.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long a station that is in trouble is tried any longer: it is not to be hammered, and is checked again before anybody
/// is told.
const TROUBLED: Duration = Duration::from_secs(8);
/// How long the connection may take to be given up.
const GRACE: Duration = Duration::from_secs(5);

/// Waits for the first sound of `station`.
///
/// # Errors
/// Why none came in time.
pub(super) async fn check(station: &Station, environment: &Environment) -> Result<(), Cause> {
    let clock = &environment.clock;
    let (health, observed) = watch::channel(Health::default());
    let stop = environment.stop.child_token();
    let (mut source, run) = Source::open(station, clock.now(), environment, &health, stop.clone());
    let mut run = std::pin::pin!(run);
    let sound = async {
        let mut until = clock.monotonic() + PATIENCE;
        while let Ok(Some(event)) = clock.timeout_at(until, source.next()).await {
            match event {
                MediaEvent::Chunk(_) => return true,
                MediaEvent::Trouble { .. } => until = until.min(clock.monotonic() + TROUBLED),
                _ => {}
            }
        }
        false
    };
    let mut ended = false;
    let first = async {
        tokio::select! {
            heard = sound => heard,
            () = &mut run => {
                ended = true;
                false
            }
        }
    };
    let heard = first.await;
    stop.cancel();
    drop(source);
    if !ended {
        // What the source has started, a child for instance, ends in here.
        let _ = clock.timeout(GRACE, run).await;
    }
    if heard {
        return Ok(());
    }
    let late = || Cause::new(CauseKind::Stalled, format!("no sound within {} s", PATIENCE.as_secs()));
    let trouble = observed.borrow().trouble.clone();
    Err(trouble.map_or_else(late, |(_, cause)| cause))
}

//! Finds once more what a grab fetches, when its addresses are no longer good.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::asked::Asked;
use super::find::find;
use super::plan::{Plan, Track};
use crate::base::environment::Environment;
use crate::base::http::Client;

/// How long after one renewal the next may be.
const APART: Duration = Duration::from_secs(5);

/// The plan of a grab, and how to renew it.
#[derive(Debug)]
pub struct Renewal {
    asked: Asked,
    client: Client,
    environment: Environment,
    plan: Mutex<Arc<Plan>>,
    /// When it was last renewed, monotonic. Held while that is done, so that all who need it wait for one.
    last: tokio::sync::Mutex<Option<Duration>>,
}

impl Renewal {
    /// Begins with `plan`.
    pub fn new(asked: Asked, client: Client, environment: Environment, plan: Plan) -> Self {
        let (plan, last) = (Mutex::new(Arc::new(plan)), tokio::sync::Mutex::new(None));
        Self { asked, client, environment, plan, last }
    }

    /// The plan with its newest addresses.
    pub fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Renews the addresses, if they are still those of `old`. Returns whether there are others now.
    pub async fn renew(&self, old: &Arc<Plan>) -> bool {
        let is_numbered = old.tracks.iter().any(|track| matches!(track, Track::Numbered(_)));
        if is_numbered && self.asked.steps.is_empty() {
            // A number has one address.
            return false;
        }
        let mut last = self.last.lock().await;
        if !Arc::ptr_eq(old, &self.plan()) {
            return true;
        }
        let now = self.environment.clock.monotonic();
        if last.is_some_and(|last| now.saturating_sub(last) < APART) {
            return false;
        }
        *last = Some(now);
        match find(&self.asked, &self.client, &self.environment).await {
            Ok(plan) if plan.is_same_as(old) && plan != **old => {
                tracing::debug!("the addresses of the segments were found anew");
                *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(plan);
                true
            }
            Ok(_) => false,
            Err(error) => {
                tracing::debug!(%error, "the addresses of the segments cannot be found anew");
                false
            }
        }
    }
}

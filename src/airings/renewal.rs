//! The renewal of claims.

use std::time::Duration;

use tracing::warn;

use super::{Airings, claims};

/// How often leases are renewed; a lease lasts four times as long.
const EVERY: Duration = Duration::from_secs(30);

impl Airings {
    /// Renews the leases of this process until it stops. Writes nothing while nothing is recorded.
    pub async fn renew_claims(self) {
        let environment = &self.shared.environment;
        while environment.stop.run_until_cancelled(environment.clock.sleep(EVERY)).await.is_some() {
            if self.shared.running.is_empty() {
                continue;
            }
            if let Err(error) = self.shared.catalogue.renew(claims::lease(self.now())).await {
                warn!(%error, "the claims on running airings could not be renewed");
            }
        }
    }
}

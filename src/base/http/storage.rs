//! A client for object stores: any method, large bodies, answers that come late.

use super::dns::SystemResolver;
use super::{CONNECT_TIMEOUT, HttpError, NAME, tls};

/// Returns a client that follows no redirect, keeps no cookie and knows no timeout but that of connecting: who asks bounds
/// how long a body or an answer may take.
///
/// # Errors
/// The certificates of this machine cannot be read.
pub fn storage_client() -> Result<reqwest::Client, HttpError> {
    let failed = |error: String| HttpError::Client(error);
    let tls = tls::config(false).map_err(|error| failed(error.to_string()))?;
    reqwest::Client::builder()
        .user_agent(NAME)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(1)
        .dns_resolver(std::sync::Arc::new(SystemResolver { guard: None }))
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(tls)
        .build()
        .map_err(|error| failed(error.to_string()))
}

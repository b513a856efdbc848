//! The keys that a machine has in its cloud: of the container (Amazon ECS and EKS), else of the instance (IMDSv2, "Use the
//! Instance Metadata Service"). They hold for some hours, and are asked for again before they end.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, Method, RequestBuilder};
use serde::Deserialize;

use super::error::RemoteError;
use super::signing::KeyPair;
use crate::base::clock::SharedClock;

/// The address of the instance's own data, and of the container's.
const INSTANCE: &str = "http://169.254.169.254";
const CONTAINER: &str = "http://169.254.170.2";
/// How long either may take: nobody answers on a machine that is in no cloud.
const PATIENCE: Duration = Duration::from_secs(5);
/// Keys that end sooner than this are asked for again.
const EARLY: TimeDelta = TimeDelta::minutes(5);

/// Keys, and until when they hold.
#[derive(Debug, Clone)]
pub(super) struct Lent {
    pub keys: KeyPair,
    until: Option<DateTime<Utc>>,
}

impl Lent {
    /// Whether they hold for a while from `now` on.
    pub fn holds(&self, now: DateTime<Utc>) -> bool {
        self.until.is_none_or(|until| now + EARLY < until)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: Option<DateTime<Utc>>,
}

/// Asks for the keys of this machine.
pub(super) async fn ask(client: &Client, clock: &SharedClock) -> Result<Lent, RemoteError> {
    let asked = clock.timeout(PATIENCE, told(client)).await;
    let reason = match asked {
        Ok(Ok(told)) => {
            let Told { access_key_id: access, secret_access_key: secret, token, expiration: until } = told;
            return Ok(Lent { keys: KeyPair { access, secret, token }, until });
        }
        Ok(Err(reason)) => reason,
        Err(_) => "nobody answers where a cloud keeps them".to_owned(),
    };
    Err(RemoteError::Keys { reason })
}

async fn told(client: &Client) -> Result<Told, String> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let container = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        .map(|path| format!("{CONTAINER}{path}"))
        .or_else(|| variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"));
    let keys = if let Some(url) = container {
        let token = match variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            Some(file) => tokio::fs::read_to_string(&file).await.ok(),
            None => variable("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
        };
        let request = client.get(url);
        text(match token {
            Some(token) => request.header("authorization", token.trim()),
            None => request,
        })
        .await?
    } else {
        let base = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or_else(|| INSTANCE.to_owned());
        let base = format!("{}/latest", base.trim_end_matches('/'));
        let session = client.request(Method::PUT, format!("{base}/api/token"));
        let session = text(session.header("x-aws-ec2-metadata-token-ttl-seconds", "300")).await?;
        let ask =
            |path: &str| client.get(format!("{base}/meta-data/{path}")).header("x-aws-ec2-metadata-token", &session);
        let roles = text(ask("iam/security-credentials/")).await?;
        let role = roles.lines().next().filter(|role| !role.is_empty()).ok_or("the instance has no role")?;
        text(ask(&format!("iam/security-credentials/{role}"))).await?
    };
    serde_json::from_str(&keys).map_err(|_| "what the cloud answers is no key".to_owned())
}

async fn text(request: RequestBuilder) -> Result<String, String> {
    let failed = |error: reqwest::Error| error.without_url().to_string();
    request.send().await.and_then(reqwest::Response::error_for_status).map_err(failed)?.text().await.map_err(failed)
}

//! The ways to tell a target something. Each makes one try, bounded in time, and says what was answered.

mod email;
mod http;
mod letter;
mod mail;
mod ntfy;
mod run;
mod webhook;

use self::email::Delivered;
use super::answer::Answer;
use crate::base::environment::Environment;
use crate::base::http::{HttpError, storage_client};
use crate::config::{Target, Way};

pub use letter::Letter;

/// What is needed to tell anybody anything.
#[derive(Debug, Clone)]
pub struct Ways {
    environment: Environment,
    client: reqwest::Client,
    delivered: Delivered,
}

impl Ways {
    /// Returns the ways out of this machine.
    ///
    /// # Errors
    /// The certificates of this machine cannot be read.
    pub fn new(environment: Environment) -> Result<Self, HttpError> {
        Ok(Self { environment, client: storage_client()?, delivered: Delivered::default() })
    }

    /// Tries once to tell `target` something.
    pub async fn tell(&self, target: &Target, letter: &Letter) -> Answer {
        let clock = &self.environment.clock;
        match &target.way {
            Way::Webhook(webhook) => webhook::tell(webhook, letter, &self.client, clock).await,
            Way::Run(command) => run::tell(command, letter, clock).await,
            Way::Email(email) => email::tell((target, email), letter, &self.delivered, clock).await,
            Way::Ntfy(ntfy) => ntfy::tell(ntfy, letter, &self.client, clock).await,
        }
    }
}

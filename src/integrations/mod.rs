//! Webhooks: other systems of the company are told what happens, by signed requests to addresses that a
//! person has entered. What is told is a row before it is sent (ADR 0017), so nothing is forgotten by a
//! restart; a receiver that does not take it is asked again, later and later, and then left in peace.

mod sender;
mod signature;
#[cfg(test)]
mod tests;
mod worker;

pub use sender::{REQUEST_TIMEOUT, Sender, UrlFault, check_url};
pub use signature::new_secret;
pub use worker::run;

use dx_actors::domain::{Delivery, Timestamp, WebhookEndpoint, webhook::Attempt};

use crate::{
    media::AddressRules,
    secrets::{Place, SealError, Sealer},
};

/// Where the secrets of endpoints belong.
const SECRET: Place = Place { section: "webhooks", key: "secret" };

/// What it takes to tell others: whom we may ask, and with which secrets we sign.
#[derive(Debug)]
pub struct Integrations {
    sender: Sender,
    sealer: Sealer,
}

impl Integrations {
    pub fn new(rules: AddressRules, sealer: Sealer) -> Result<Self, reqwest::Error> {
        Ok(Self { sender: Sender::new(rules, REQUEST_TIMEOUT)?, sealer })
    }

    /// Which addresses may be entered.
    pub fn rules(&self) -> AddressRules {
        self.sender.rules()
    }

    pub fn seal(&self, secret: &str) -> Result<String, SealError> {
        self.sealer.seal(SECRET, secret)
    }

    /// Sends `body` once; what came of it.
    async fn attempt(
        &self,
        endpoint: &WebhookEndpoint,
        delivery: &Delivery,
        body: String,
        now: Timestamp,
    ) -> Attempt {
        let secrets: Result<Vec<String>, SealError> =
            endpoint.signing_secrets(now).map(|sealed| self.sealer.open(SECRET, sealed)).collect();
        match secrets {
            Ok(secrets) => {
                let signature = signature::header(&secrets, now, body.as_bytes());
                self.sender.send(&endpoint.url, delivery, signature, body, now).await
            }
            // Another SECRET_KEY than the one that sealed them: a person has to make a new secret.
            Err(error) => {
                tracing::error!(%error, webhook.id = %endpoint.id, "a secret cannot be read");
                sender::failed("O segredo não pode ser lido: gere um novo.", now)
            }
        }
    }

    /// Sends a test once and keeps what came of it.
    pub async fn ping(
        &self,
        store: &dx_actors::store::Store,
        endpoint: &WebhookEndpoint,
        delivery: &Delivery,
        body: String,
        now: Timestamp,
    ) -> Result<Attempt, dx_actors::store::StoreError> {
        let attempt = self.attempt(endpoint, delivery, body, now).await;
        store.settle_ping(delivery, attempt.clone()).await?;
        Ok(attempt)
    }
}

//! What each number needs to reach the Cloud API: its own values, and for the default number those of
//! the configuration where it has none.

use std::sync::{Arc, PoisonError, RwLock};

use dx_actors::{
    domain::{SessionId, WhatsAppSession, cloud::CloudNumber},
    store::{Store, StoreError},
};

use crate::{
    auth::signature::is_signed,
    config::{CloudConfig, Config, Secret},
    secrets::{Place, SealError, Sealer},
};

pub const ACCESS_TOKEN: Place = Place { section: "cloud_number", key: "access_token" };
pub const APP_SECRET: Place = Place { section: "cloud_number", key: "app_secret" };
pub const PREVIOUS_APP_SECRET: Place =
    Place { section: "cloud_number", key: "previous_app_secret" };

/// Everything that calls on behalf of a number need.
#[derive(Debug, Clone)]
pub struct Account {
    pub phone_number_id: String,
    pub business_account_id: String,
    pub access_token: Secret,
}

#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The names of what is missing, as the API calls it.
    #[error("missing: {}", .0.join(", "))]
    Incomplete(Vec<&'static str>),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Sealed(#[from] SealError),
}

/// Looks up what numbers need. Cheap to clone.
#[derive(Clone)]
pub struct CloudNumbers(Arc<Inner>);

struct Inner {
    store: Store,
    sealer: Sealer,
    config: CloudConfig,
    /// Those of the configuration.
    secrets: Vec<Secret>,
    /// All of them as they were at a revision: every delivery asks.
    known: RwLock<Option<(u64, Arc<Secrets>)>>,
}

impl std::fmt::Debug for CloudNumbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CloudNumbers(..)")
    }
}

/// The secrets with which deliveries to one number may be signed.
#[derive(Debug)]
pub struct NumberSecrets {
    pub session_id: SessionId,
    pub phone_number_id: String,
    secrets: Own,
}

/// A number's own secrets.
#[derive(Debug)]
enum Own {
    Known(Vec<Secret>),
    /// There are some, and nothing is accepted until they can be read.
    Unreadable,
}

impl Own {
    fn known(&self) -> &[Secret] {
        match self {
            Self::Known(secrets) => secrets,
            Self::Unreadable => &[],
        }
    }
}

/// Which secrets there are, at one instant.
#[derive(Debug)]
pub struct Secrets {
    common: Vec<Secret>,
    pub numbers: Vec<NumberSecrets>,
}

impl CloudNumbers {
    pub fn new(config: &Config, store: Store, sealer: Sealer) -> Self {
        let secrets = [&config.whatsapp_webhook_secret, &config.whatsapp_webhook_secret_previous];
        Self(Arc::new(Inner {
            store,
            sealer,
            config: config.cloud.clone(),
            secrets: secrets.into_iter().flatten().cloned().collect(),
            known: RwLock::default(),
        }))
    }

    /// What calls on behalf of `session` need.
    pub async fn account(&self, session: &WhatsAppSession) -> Result<Account, AccountError> {
        let own = self.0.store.find_cloud_number(session.id).await?;
        let config = session.is_default.then_some(&self.0.config);
        let or_configured = |own: Option<&String>, configured: Option<&String>| {
            own.filter(|text| !text.is_empty()).or(configured).cloned()
        };
        let phone_number_id = or_configured(
            own.as_ref().map(|own| &own.phone_number_id),
            config.and_then(|config| config.phone_number_id.as_ref()),
        );
        let business_account_id = or_configured(
            own.as_ref().map(|own| &own.business_account_id),
            config.and_then(|config| config.business_account_id.as_ref()),
        );
        let sealed = own.as_ref().map(|own| own.access_token.as_str()).unwrap_or_default();
        let access_token = match self.0.sealer.open(ACCESS_TOKEN, sealed)? {
            token if token.is_empty() => config.and_then(|config| config.access_token.clone()),
            token => Some(Secret::new(token)),
        };
        match (phone_number_id, business_account_id, access_token) {
            (Some(phone_number_id), Some(business_account_id), Some(access_token)) => {
                Ok(Account { phone_number_id, business_account_id, access_token })
            }
            (phone, business, token) => {
                let missing = [
                    ("phone_number_id", phone.is_none()),
                    ("business_account_id", business.is_none()),
                    ("access_token", token.is_none()),
                ];
                let missing = missing.into_iter().filter(|(_, is_missing)| *is_missing);
                Err(AccountError::Incomplete(missing.map(|(name, _)| name).collect()))
            }
        }
    }

    /// Whether a new number may do without a secret of its own.
    pub fn has_common_secret(&self) -> bool {
        !self.0.secrets.is_empty()
    }

    /// The secrets of all numbers, with the id by which Meta names each. A default number without values
    /// of its own is named by the configuration.
    pub async fn secrets(&self) -> Result<Arc<Secrets>, AccountError> {
        let revision = self.0.store.numbers_revision();
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, secrets)) = known.filter(|(of, _)| *of == revision) {
            return Ok(secrets);
        }
        let secrets = Arc::new(self.read_secrets().await?);
        let known = Some((revision, Arc::clone(&secrets)));
        *self.0.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(secrets)
    }

    async fn read_secrets(&self) -> Result<Secrets, AccountError> {
        let mut numbers = Vec::new();
        for number in self.0.store.list_cloud_numbers().await? {
            let secrets = self.secrets_of(&number);
            let CloudNumber { session_id, phone_number_id, .. } = number;
            numbers.push(NumberSecrets { session_id, phone_number_id, secrets });
        }
        if let Some(id) = &self.0.config.phone_number_id
            && let Some(session) = self.0.store.find_default_session().await?
        {
            match numbers.iter_mut().find(|number| number.session_id == session.id) {
                Some(number) if number.phone_number_id.is_empty() => {
                    number.phone_number_id.clone_from(id);
                }
                Some(_) => {}
                None => {
                    let (session_id, phone_number_id) = (session.id, id.clone());
                    let secrets = Own::Known(Vec::new());
                    numbers.push(NumberSecrets { session_id, phone_number_id, secrets });
                }
            }
        }
        Ok(Secrets { common: self.0.secrets.clone(), numbers })
    }

    /// Those that can be read: while they are exchanged the older one may be lost.
    fn secrets_of(&self, number: &CloudNumber) -> Own {
        let sealed =
            [(APP_SECRET, &number.app_secret), (PREVIOUS_APP_SECRET, &number.previous_app_secret)];
        let (mut secrets, mut is_one_lost) = (Vec::new(), false);
        for (place, sealed) in sealed {
            match self.0.sealer.open(place, sealed) {
                Ok(secret) if secret.is_empty() => {}
                Ok(secret) => secrets.push(Secret::new(secret)),
                Err(error) => {
                    let (session_id, key) = (number.session_id, place.key);
                    tracing::error!(%error, session.id = %session_id, key, "a secret of a number cannot be read");
                    is_one_lost = true;
                }
            }
        }
        if secrets.is_empty() && is_one_lost { Own::Unreadable } else { Own::Known(secrets) }
    }
}

impl Secrets {
    /// The number that Meta calls so.
    pub fn number(&self, phone_number_id: &str) -> Option<&NumberSecrets> {
        self.numbers.iter().find(|number| number.phone_number_id == phone_number_id)
    }

    /// Whether any secret of ours signed this. Without any there is nothing to check.
    pub fn accept(&self, bytes: &[u8], header: Option<&str>) -> bool {
        let own = self.numbers.iter().flat_map(|number| number.secrets.known());
        self.common.is_empty() || is_signed_by(self.common.iter().chain(own), bytes, header)
    }

    /// Whether what is delivered to this number is signed as it has to be: with its own secrets where it
    /// has some, else with those of the configuration, if any.
    pub fn accept_for(&self, session_id: SessionId, bytes: &[u8], header: Option<&str>) -> bool {
        let number = self.numbers.iter().find(|number| number.session_id == session_id);
        let secrets = match number.map(|number| &number.secrets) {
            Some(Own::Unreadable) => return false,
            Some(Own::Known(own)) if !own.is_empty() => own,
            _ => &self.common,
        };
        secrets.is_empty() || is_signed_by(secrets, bytes, header)
    }
}

/// All are tried, so that the time tells nothing about which one fits.
fn is_signed_by<'s>(
    secrets: impl IntoIterator<Item = &'s Secret>,
    bytes: &[u8],
    header: Option<&str>,
) -> bool {
    let mut is_signed_by_any = false;
    for secret in secrets {
        is_signed_by_any |= is_signed(secret.reveal(), bytes, header);
    }
    is_signed_by_any
}

//! Addresses by postal code (CEP): remembered for a day, else asked of ViaCEP and then of BrasilAPI.
//!
//! One look-up per postal code is under way at a time, whoever asks; it goes on when its first caller
//! is gone. A service that fails is left in peace for a while (`breaker`).

mod breaker;
mod providers;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use dx_actors::{
    Clock,
    domain::{
        Timestamp,
        address::{PostalAddress, PostalEntry, PostalSource},
        postal_code::PostalCode,
    },
    store::Store,
};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use crate::{config::Config, error::chain, outbound};
use breaker::Breaker;
use providers::{Provider, ProviderError};

/// For both services together: a person waits for the answer.
const LOOKUP_MAX: Duration = Duration::from_secs(5);
/// For the first service, so that the second one has two seconds left.
const FIRST_MAX: Duration = Duration::from_secs(3);
/// Streets are rarely renamed.
const FOUND_FOR: Duration = Duration::from_hours(24);
/// New postal codes appear; who asked too early should not wait for a day.
const NOT_FOUND_FOR: Duration = Duration::from_hours(1);
/// How much longer an address is kept for the case that no service answers.
const STALE_FOR: Duration = Duration::from_hours(30 * 24);
/// Different postal codes looked up at once; more than that is an attack, not an office.
const LOOKUPS_MAX: usize = 256;

/// An address and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub address: PostalAddress,
    pub source: PostalSource,
    /// It was remembered, not asked for.
    pub is_cached: bool,
}

/// Why there is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostalError {
    /// Not eight digits; what was sent.
    #[error("not a postal code")]
    Malformed(String),
    /// Nobody knows it.
    #[error("postal code is unknown")]
    NotFound(PostalCode),
    /// No service gave a usable answer in time.
    #[error("no postal code service answered")]
    NoAnswer,
}

type Outcome = Result<Found, PostalError>;
type Lookups = Mutex<HashMap<PostalCode, watch::Receiver<Option<Outcome>>>>;

/// Looks addresses up. Cheap to clone.
#[derive(Clone)]
pub struct PostalCodes(Arc<Inner>);

struct Inner {
    services: [Service; 2],
    lookups: Lookups,
    store: Store,
    clock: Arc<dyn Clock>,
}

struct Service {
    provider: Provider,
    breaker: Mutex<Breaker>,
}

impl fmt::Debug for PostalCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostalCodes(..)")
    }
}

impl PostalCodes {
    pub fn new(
        config: &Config,
        store: Store,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, reqwest::Error> {
        let http = outbound::http_client()?;
        let service = |source, url: &str| Service {
            provider: Provider::new(source, url, http.clone()),
            breaker: Mutex::new(Breaker::new()),
        };
        let services = [
            service(PostalSource::ViaCep, &config.cep_viacep_url),
            service(PostalSource::BrasilApi, &config.cep_brasilapi_url),
        ];
        Ok(Self(Arc::new(Inner { services, lookups: Lookups::default(), store, clock })))
    }

    /// The address of `code`; joins a look-up that is under way.
    pub async fn find(&self, code: PostalCode) -> Outcome {
        let mut lookup = self.join_or_start(code)?;
        let outcome = lookup.wait_for(Option::is_some).await;
        // A look-up that ended without an outcome has failed.
        outcome.ok().and_then(|outcome| outcome.clone()).unwrap_or(Err(PostalError::NoAnswer))
    }

    fn join_or_start(
        &self,
        code: PostalCode,
    ) -> Result<watch::Receiver<Option<Outcome>>, PostalError> {
        let mut lookups = self.0.lookups();
        if let Some(lookup) = lookups.get(&code) {
            return Ok(lookup.clone());
        }
        if lookups.len() >= LOOKUPS_MAX {
            tracing::warn!(lookups = lookups.len(), "too many postal codes at once");
            return Err(PostalError::NoAnswer);
        }
        let (sender, receiver) = watch::channel(None);
        lookups.insert(code.clone(), receiver.clone());
        let under_way = UnderWay { inner: Arc::clone(&self.0), code };
        tokio::spawn(async move {
            let outcome = under_way.inner.look_up(&under_way.code).await;
            // Nobody may be left to hear it; it is remembered all the same.
            let _ = sender.send(Some(outcome));
        });
        Ok(receiver)
    }
}

/// Takes a look-up off the list when it ends, however it ends.
struct UnderWay {
    inner: Arc<Inner>,
    code: PostalCode,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.inner.lookups().remove(&self.code);
    }
}

impl Inner {
    fn lookups(&self) -> MutexGuard<'_, HashMap<PostalCode, watch::Receiver<Option<Outcome>>>> {
        self.lookups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look_up(&self, code: &PostalCode) -> Outcome {
        let remembered = self.store.find_postal_code(code.as_str()).await.unwrap_or_else(|error| {
            tracing::warn!(error = chain(&error), "remembered postal code could not be read");
            None
        });
        let now = self.clock.now();
        match remembered {
            Some(entry) if now < entry.expires_at => outcome_of(entry, code),
            remembered => match self.ask_services(code).await {
                Ok(answer) => {
                    self.remember(code, answer.clone()).await;
                    let (source, address) =
                        answer.ok_or_else(|| PostalError::NotFound(code.clone()))?;
                    Ok(Found { address, source, is_cached: false })
                }
                // An old address is better than none.
                Err(error) => match remembered.filter(|entry| entry.source.is_some()) {
                    Some(entry) => outcome_of(entry, code),
                    None => Err(error),
                },
            },
        }
    }

    /// One service after the other. `None` when nobody knows the postal code: whoever says so is
    /// believed only when the other one does not know better, because each misses some.
    async fn ask_services(
        &self,
        code: &PostalCode,
    ) -> Result<Option<(PostalSource, PostalAddress)>, PostalError> {
        let start = Instant::now();
        let deadlines = [start + FIRST_MAX, start + LOOKUP_MAX];
        let mut is_unknown = false;
        for (service, deadline) in self.services.iter().zip(deadlines) {
            match service.ask(code, deadline, self.clock.as_ref()).await {
                Some(Some(address)) => return Ok(Some((service.provider.source, address))),
                Some(None) => is_unknown = true,
                None => {}
            }
        }
        if is_unknown { Ok(None) } else { Err(PostalError::NoAnswer) }
    }

    async fn remember(&self, code: &PostalCode, answer: Option<(PostalSource, PostalAddress)>) {
        let now = self.clock.now();
        let (expires_at, forget_at) = lifetime(answer.is_some(), now);
        let (source, address) = answer.unzip();
        let entry = PostalEntry {
            postal_code: code.as_str().to_owned(),
            source,
            address: address.unwrap_or_default(),
            expires_at,
            forget_at,
        };
        if let Err(error) = self.store.save_postal_code(entry, now).await {
            tracing::warn!(error = chain(&error), "postal code could not be remembered");
        }
    }
}

/// Until when an answer counts, and until when it is kept.
fn lifetime(is_found: bool, now: Timestamp) -> (Timestamp, Timestamp) {
    if is_found {
        let expires_at = now.plus(FOUND_FOR);
        (expires_at, expires_at.plus(STALE_FOR))
    } else {
        (now.plus(NOT_FOUND_FOR), now.plus(NOT_FOUND_FOR))
    }
}

fn outcome_of(entry: PostalEntry, code: &PostalCode) -> Outcome {
    let source = entry.source.ok_or_else(|| PostalError::NotFound(code.clone()))?;
    Ok(Found { address: entry.address, source, is_cached: true })
}

impl Service {
    /// What the service says; `None` when it said nothing that can be used, or is left in peace.
    async fn ask(
        &self,
        code: &PostalCode,
        deadline: Instant,
        clock: &dyn Clock,
    ) -> Option<Option<PostalAddress>> {
        if !self.breaker().admit(clock.now()) {
            return None;
        }
        let answer = timeout_at(deadline, self.provider.ask(code)).await;
        match answer.unwrap_or(Err(ProviderError::Late)) {
            Ok(answer) => {
                self.breaker().succeeded();
                Some(answer)
            }
            Err(error) => {
                let service = self.provider.source;
                tracing::warn!(?service, error = chain(&error), "postal code service failed");
                self.breaker().failed(clock.now());
                None
            }
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use axum::{Router, extract::State, http::StatusCode, routing::get};
    use tokio::net::TcpListener;

    use super::*;
    use crate::test_support::{Answer, TestApp};

    const PATH: &str = "/api/v1/integrations/cep/01001-000/";
    const ADDRESS: &str = r#"{"cep":"01001-000","localidade":"São Paulo","uf":"SP"}"#;

    #[derive(Default)]
    struct Fake {
        is_down: AtomicBool,
        requests: AtomicUsize,
    }

    /// ViaCEP on a free port; nobody answers for BrasilAPI.
    async fn scene() -> (TestApp, Arc<Fake>) {
        let fake = Arc::new(Fake::default());
        let answer = async |State(fake): State<Arc<Fake>>| {
            fake.requests.fetch_add(1, Ordering::SeqCst);
            let is_down = fake.is_down.load(Ordering::SeqCst);
            let status = if is_down { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
            (status, ADDRESS)
        };
        let routes =
            Router::new().route("/ws/01001000/json/", get(answer)).with_state(Arc::clone(&fake));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let nobody = format!("http://{closed}/");
        let environment = [("CEP_VIACEP_URL", &*url), ("CEP_BRASILAPI_URL", &*nobody)];
        (TestApp::with_environment(&environment).await, fake)
    }

    async fn ask(app: &TestApp) -> Answer {
        app.get(PATH).send().await
    }

    #[tokio::test]
    async fn an_old_address_is_better_than_none_until_it_is_forgotten() {
        let (app, fake) = scene().await;
        assert_eq!(ask(&app).await.json()["cached"], false);
        app.clock.advance(FOUND_FOR.checked_sub(Duration::from_secs(1)).unwrap());
        assert_eq!(ask(&app).await.json()["cached"], true);
        assert_eq!(fake.requests.load(Ordering::SeqCst), 1, "a day long nobody is asked");
        app.clock.advance(Duration::from_secs(1));
        assert_eq!(ask(&app).await.json()["cached"], false, "then it is asked for anew");
        fake.is_down.store(true, Ordering::SeqCst);
        app.clock.advance(FOUND_FOR);
        let stale = ask(&app).await;
        assert_eq!((stale.status, &stale.json()["cached"]), (200, &true.into()));
        assert_eq!(fake.requests.load(Ordering::SeqCst), 3);
        app.clock.advance(STALE_FOR);
        let store = app.state.hub.store();
        let other = PostalEntry {
            postal_code: "20040002".to_owned(),
            source: None,
            address: PostalAddress::default(),
            expires_at: app.clock.now(),
            forget_at: app.clock.now(),
        };
        store.save_postal_code(other, app.clock.now()).await.unwrap();
        assert_eq!(store.find_postal_code("01001000").await.unwrap(), None, "a write tidies up");
        assert_eq!(ask(&app).await.status, 500);
    }

    #[tokio::test]
    async fn a_service_is_tried_again_after_half_a_minute() {
        let (app, fake) = scene().await;
        fake.is_down.store(true, Ordering::SeqCst);
        for _ in 0..5 {
            assert_eq!(ask(&app).await.status, 500);
        }
        assert_eq!(fake.requests.load(Ordering::SeqCst), 3, "then it is left in peace");
        fake.is_down.store(false, Ordering::SeqCst);
        assert_eq!(ask(&app).await.status, 500);
        app.clock.advance(Duration::from_secs(30));
        assert_eq!(ask(&app).await.status, 200);
    }
}

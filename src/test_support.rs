//! What the tests of this crate share: an application without a database, and a client for it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, Method, header, request::Builder},
    response::Response,
};
use dx_actors::{
    Clock, HubError,
    directory::Roster,
    domain::{Agent, AgentChanges, AgentId, Role, Timestamp},
};
use futures_util::future::BoxFuture;
use serde_json::Value;
use tower::ServiceExt;

use crate::{
    args::Flags,
    auth::{Passwords, Tokens, token::TokenType},
    config::Config,
    http::{self, throttle::Throttle},
    state::{Accounts, AppState, DatabaseProbe, People, Shared},
};

/// Stands still until it is moved. Starts in 2026.
#[derive(Debug)]
pub(crate) struct ManualClock(AtomicI64);

impl Default for ManualClock {
    fn default() -> Self {
        Self(AtomicI64::new(1_767_323_045_000_000))
    }
}

impl ManualClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// A person with nothing but an id and a role.
pub(crate) fn agent(id: i64, role: Role) -> Agent {
    Agent {
        id: AgentId(id),
        username: format!("agent{id}"),
        email: String::new(),
        display_name: String::new(),
        phone_number: String::new(),
        role,
        is_active: true,
        tokens_valid_from: Timestamp::EPOCH,
        created_at: Timestamp::EPOCH,
        updated_at: Timestamp::EPOCH,
    }
}

/// People in memory, all with the password `senha123`.
#[derive(Debug)]
pub(crate) struct FakePeople {
    agents: Mutex<Vec<Agent>>,
    is_broken: AtomicBool,
}

impl FakePeople {
    fn new() -> Self {
        let mut admin = agent(TestApp::ADMIN.0, Role::Admin);
        admin.username = "admin".into();
        let mut inactive = agent(TestApp::INACTIVE.0, Role::Agent);
        inactive.username = "inativa".into();
        inactive.is_active = false;
        let agents = vec![admin, agent(TestApp::AGENT.0, Role::Agent), inactive];
        Self { agents: Mutex::new(agents), is_broken: AtomicBool::new(false) }
    }

    pub(crate) fn edit(&self, id: AgentId, edit: impl FnOnce(&mut Agent)) -> Agent {
        let mut agents = self.agents.lock().unwrap();
        let agent = agents.iter_mut().find(|agent| agent.id == id).unwrap();
        edit(agent);
        agent.clone()
    }

    /// From now on the database does not answer.
    pub(crate) fn fail(&self) {
        self.is_broken.store(true, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), HubError> {
        if self.is_broken.load(Ordering::SeqCst) { Err(HubError::Unavailable) } else { Ok(()) }
    }
}

impl People for FakePeople {
    fn roster(&self) -> Arc<Roster> {
        Arc::new(Roster::new(self.agents.lock().unwrap().clone(), Vec::new()))
    }
}

impl Accounts for FakePeople {
    fn find_login<'a>(
        &'a self,
        username: &'a str,
    ) -> BoxFuture<'a, Result<Option<(Agent, String)>, HubError>> {
        Box::pin(async move {
            self.check()?;
            let agent =
                self.agents.lock().unwrap().iter().find(|a| a.username == username).cloned();
            let Some(agent) = agent else { return Ok(None) };
            Ok(Some((agent, Passwords::default().hash("senha123".into()).await.unwrap())))
        })
    }

    fn update_me(
        &self,
        id: AgentId,
        changes: AgentChanges,
    ) -> BoxFuture<'_, Result<Agent, HubError>> {
        Box::pin(async move {
            self.check()?;
            Ok(self.edit(id, |agent| {
                agent.email = changes.email.unwrap_or_default();
                agent.display_name = changes.display_name.unwrap_or_default();
                agent.phone_number = changes.phone_number.unwrap_or_default();
            }))
        })
    }
}

impl DatabaseProbe for FakePeople {
    fn probe(&self) -> BoxFuture<'_, Result<(), HubError>> {
        Box::pin(async { self.check() })
    }
}

/// The whole HTTP interface on top of [`FakePeople`].
pub(crate) struct TestApp {
    pub(crate) state: AppState,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) people: Arc<FakePeople>,
    pub(crate) accounts: Arc<FakePeople>,
}

impl TestApp {
    pub(crate) const ADMIN: AgentId = AgentId(1);
    pub(crate) const AGENT: AgentId = AgentId(2);
    pub(crate) const INACTIVE: AgentId = AgentId(3);

    pub(crate) fn new() -> Self {
        Self::with_environment(&[])
    }

    pub(crate) fn with_environment(environment: &[(&str, &str)]) -> Self {
        let pairs = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let file = tempfile::NamedTempFile::new().unwrap();
        let flags = Flags { config: Some(file.path().to_owned()), ..Flags::default() };
        let config = Config::load(&flags, pairs).unwrap();
        let clock = Arc::new(ManualClock::default());
        let people = Arc::new(FakePeople::new());
        let (access, refresh) = (config.access_token_lifetime, config.refresh_token_lifetime);
        let state = AppState::new(Shared {
            tokens: Tokens::new(b"a key of the tests", access, refresh, clock.clone()),
            passwords: Passwords::default(),
            throttle: Throttle::per_minute(config.rate_limit_per_minute, clock.clone()),
            clock: clock.clone(),
            people: people.clone(),
            accounts: people.clone(),
            database: people.clone(),
            config,
        });
        Self { state, clock, accounts: people.clone(), people }
    }

    pub(crate) fn token_of(&self, id: AgentId) -> String {
        self.state.tokens.issue(TokenType::Access, id)
    }

    pub(crate) fn get(&self, path: &str) -> Call<'_> {
        self.request(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Call<'_> {
        self.request(Method::POST, path)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> Call<'_> {
        let request = Request::builder().method(method).uri(path);
        Call { app: self, request, body: Body::empty() }
    }
}

/// A request that is being put together.
pub(crate) struct Call<'a> {
    app: &'a TestApp,
    request: Builder,
    body: Body,
}

impl Call<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value.as_bytes());
        self
    }

    /// As the administrator.
    pub(crate) fn signed_in(self) -> Self {
        let token = self.app.token_of(TestApp::ADMIN);
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string().into();
        self.header(header::CONTENT_TYPE.as_str(), "application/json")
    }

    pub(crate) fn form(mut self, body: &str) -> Self {
        self.body = body.to_owned().into();
        self.header(header::CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded")
    }

    pub(crate) async fn send(self) -> Answer {
        let mut request = self.request.body(self.body).unwrap();
        let peer = std::net::SocketAddr::from(([10, 0, 0, 1], 4000));
        request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
        send(http::router(&self.app.state), request).await
    }
}

/// An answer that has been read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

pub(crate) async fn send(router: Router, request: Request) -> Answer {
    let response = router.oneshot(request).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, text: body_text(response).await }
}

pub(crate) async fn body_text(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1024 * 1024).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

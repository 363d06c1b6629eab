//! What the tests of this crate share: an application with a hub of its own, and a client for it.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, Method, header, request::Builder},
    response::Response,
};
use bytes::Bytes;
pub(crate) use dx_actors::testing::ManualClock;
use dx_actors::{
    Clock, Hub, HubConfig,
    domain::{Agent, AgentId, NewAgent, Role, Timestamp},
    session::SandboxNetwork,
    store::Seed,
    testing::TestDatabase,
};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use crate::{
    args::Flags,
    auth::{Links, Passwords, Tokens, token::TokenType},
    config::Config,
    documents::Typesetter,
    files::Files,
    http::{self, server::Answers, throttle::Throttle},
    integrations::Integrations,
    media::{AddressRules, MediaSource},
    metrics::Metrics,
    outbound,
    postal::PostalCodes,
    providers::{
        Providers,
        cloud::{CloudNetwork, client::Graph, numbers::CloudNumbers},
        web::{WebNetwork, backend::WebStore},
    },
    secrets::{Envelopes, MasterKey, Sealer},
    state::{AppState, Shared},
    wire::events::WireEvents,
};

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
        skills: dx_actors::domain::List::default(),
        tokens_valid_from: Timestamp::EPOCH,
        created_at: Timestamp::EPOCH,
        updated_at: Timestamp::EPOCH,
    }
}

fn new_agent(username: &str, is_active: bool, password_hash: String) -> NewAgent {
    NewAgent {
        username: username.to_owned(),
        email: String::new(),
        display_name: String::new(),
        phone_number: String::new(),
        role: Role::Agent,
        is_active,
        skills: dx_actors::domain::List::default(),
        password_hash,
        departments: Vec::new(),
    }
}

/// The whole HTTP interface on top of a hub of its own, on SQLite. Everybody's password is
/// `senha123`.
pub(crate) struct TestApp {
    pub(crate) state: AppState,
    pub(crate) clock: Arc<ManualClock>,
    database: TestDatabase,
    folder: tempfile::TempDir,
}

impl TestApp {
    pub(crate) const ADMIN: AgentId = AgentId(1);
    pub(crate) const AGENT: AgentId = AgentId(2);
    pub(crate) const INACTIVE: AgentId = AgentId(3);

    pub(crate) async fn new() -> Self {
        Self::with_environment(&[]).await
    }

    pub(crate) async fn with_environment(environment: &[(&str, &str)]) -> Self {
        Self::with(environment, b"a key of the tests").await
    }

    /// With another `SECRET_KEY`: another server.
    pub(crate) async fn with_secret(secret: &[u8]) -> Self {
        Self::with(&[], secret).await
    }

    async fn with(environment: &[(&str, &str)], secret: &[u8]) -> Self {
        let pairs = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let file = tempfile::NamedTempFile::new().unwrap();
        let flags = Flags { config: Some(file.path().to_owned()), ..Flags::default() };
        let mut config = Config::load(&flags, pairs).unwrap();
        let folder = tempfile::tempdir().unwrap();
        config.data_dir = folder.path().to_owned();
        let hash = Passwords::default().hash("senha123".to_owned()).await.unwrap();
        let app =
            Self::build(config, TestDatabase::sqlite(), folder, Arc::default(), &hash, secret)
                .await;
        for (username, is_active) in [("agent2", true), ("inativa", false)] {
            let new = new_agent(username, is_active, hash.clone());
            app.state.hub.presence().create_agent(None, new).await.unwrap();
        }
        app
    }

    /// Stops in order and starts again on what is stored.
    pub(crate) async fn restarted(self) -> Self {
        let Self { state, clock, database, folder } = self;
        state.hub.clone().stop().await;
        Self::build(state.config.clone(), database, folder, clock, "", b"a key of the tests").await
    }

    async fn build(
        config: Config,
        database: TestDatabase,
        folder: tempfile::TempDir,
        clock: Arc<ManualClock>,
        hash: &str,
        secret: &[u8],
    ) -> Self {
        let store = database.open().await;
        let seed = Seed { admin_password_hash: hash.to_owned(), provider: config.whatsapp_mode };
        store.seed(seed, clock.now()).await.unwrap();
        let network = SandboxNetwork::new(clock.clone(), false);
        let files = Files::open(&config, store.clone(), clock.clone()).unwrap();
        let master = MasterKey::new(secret);
        let numbers = CloudNumbers::new(&config, store.clone(), Sealer::new(&master));
        let graph = Graph::new(outbound::http_client().unwrap(), &config.cloud.api_url);
        let cloud = CloudNetwork::new(graph, numbers, store.clone(), files.clone(), clock.clone());
        let media =
            MediaSource::new(files.clone(), store.clone(), clock.clone(), AddressRules::Any);
        let keys = WebStore::new(store.clone(), &master);
        let web =
            WebNetwork::new(config.web.clone(), keys, store.clone(), media.unwrap(), clock.clone());
        let providers = Arc::new(Providers { sandbox: network.clone(), cloud: cloud.clone(), web });
        let hub =
            Hub::start(HubConfig::default(), store, clock.clone(), Arc::new(WireEvents), providers);
        let hub = hub.await.unwrap();
        let (access, refresh) = (config.access_token_lifetime, config.refresh_token_lifetime);
        let store = hub.store().clone();
        let web_store = WebStore::new(store.clone(), &master);
        let rules = config.webhook_addresses();
        let state = AppState::new(Shared {
            integrations: Integrations::new(rules, Sealer::new(&master)).unwrap(),
            postal_codes: PostalCodes::new(&config, store, clock.clone()).unwrap(),
            tokens: Tokens::new(b"a key of the tests", access, refresh, clock.clone()),
            passwords: Passwords::default(),
            throttle: Throttle::per_minute(config.rate_limit_per_minute, clock.clone()),
            metrics: Metrics::new(&hub),
            hub,
            files,
            thumbnails: Arc::new(Semaphore::new(2)),
            sealer: Sealer::new(&master),
            links: Links::new(b"a key of the tests"),
            typesetter: Typesetter::default(),
            network,
            cloud,
            web_store,
            envelopes: Envelopes::new(&master),
            sockets: TaskTracker::new(),
            stop: CancellationToken::new(),
            config,
        });
        Self { state, clock, database, folder }
    }

    /// From now on the database does not answer.
    pub(crate) async fn close_database(&self) {
        self.state.hub.store().clone().close().await;
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
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        self.header_bytes(name, value.as_bytes())
    }

    pub(crate) fn header_bytes(mut self, name: &str, value: &[u8]) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// As the administrator.
    pub(crate) fn signed_in(self) -> Self {
        self.signed_in_as(TestApp::ADMIN)
    }

    pub(crate) fn signed_in_as(self, id: AgentId) -> Self {
        let token = self.app.token_of(id);
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string().into();
        self.header(header::CONTENT_TYPE.as_str(), "application/json")
    }

    pub(crate) fn raw(mut self, content_type: &str, body: Vec<u8>) -> Self {
        self.body = body.into();
        self.header(header::CONTENT_TYPE.as_str(), content_type)
    }

    /// A form with one file.
    pub(crate) fn file(self, field: &str, name: &str, bytes: &[u8]) -> Self {
        let head = format!(
            "--x\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\r\n"
        );
        let body = [head.as_bytes(), bytes, b"\r\n--x--\r\n"].concat();
        self.raw("multipart/form-data; boundary=x", body)
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
    pub(crate) bytes: Bytes,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

pub(crate) async fn send(routes: impl Answers, request: Request) -> Answer {
    let response = routes.oneshot(request).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = axum::body::to_bytes(response.into_body(), 16 * 1024 * 1024).await.unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Answer { status, headers, bytes, text }
}

pub(crate) async fn body_text(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1024 * 1024).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

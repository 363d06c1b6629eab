//! The running server: hub, HTTP and sockets, from the first line on the terminal to an orderly end.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use dx_actors::{Clock, Hub, HubConfig, SystemClock, session::SandboxNetwork, store::Store};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::Semaphore,
};
use tokio_util::task::TaskTracker;

use crate::{
    admin::{self, FirstStart},
    args::Command,
    auth::{Links, Passwords, Tokens},
    config::Config,
    data_lock::DataLock,
    demo,
    documents::Typesetter,
    files::{self, Files},
    http::{self, server, throttle::Throttle},
    integrations::{self, Integrations},
    media::{self, AddressRules, MediaSource},
    metrics::Metrics,
    openapi, outbound,
    postal::PostalCodes,
    providers::{
        Providers,
        cloud::{CloudNetwork, client::Graph, numbers::CloudNumbers},
        web::{WebNetwork, backend::WebStore},
    },
    run_error::RunError,
    secrets::{Envelopes, MasterKey, Purpose, Sealer},
    shutdown::{self, Shutdown},
    state::{AppState, Shared, THUMBNAILS_AT_ONCE},
    terminal,
    wire::events::WireEvents,
};

/// Connections that may wait to be accepted.
const BACKLOG_MAX: u32 = 1024;
/// How long sockets may take over their close after the hub has stopped.
const SOCKETS_TIMEOUT: Duration = Duration::from_secs(5);

/// Carries out `command`; returns when it is done or the process has been told to end.
pub async fn run(config: Config, command: Command) -> Result<(), RunError> {
    match command {
        Command::Serve { demo } => serve(config, demo).await,
        Command::Openapi => openapi::print(),
        Command::Migrate => admin::migrate(&config).await,
        Command::User(command) => admin::user(&config, command).await,
        Command::Load(_) => unreachable!("`main` runs it, without a configuration"),
    }
}

async fn serve(config: Config, is_demo: bool) -> Result<(), RunError> {
    let shutdown = shutdown::listen().map_err(RunError::Signals)?;
    // Before anything of the database is touched: another hub may be using it.
    let bind_addr = config.bind_addr;
    let in_use = |source| RunError::Bind { address: bind_addr, source };
    let socket = bind(bind_addr).map_err(in_use)?;
    let _lock = DataLock::take(&config.data_dir)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let passwords = Passwords::default();
    let (store, first_start) = if is_demo {
        demo::open(&config, &passwords, &clock).await?
    } else {
        admin::open(&config, &passwords, &clock).await?
    };
    let master = MasterKey::load_or_create(&config)?;
    let files = Files::open(&config, store.clone(), Arc::clone(&clock))?;
    let network = SandboxNetwork::new(Arc::clone(&clock), !config.whatsapp_sandbox_fast);
    let cloud = cloud_network(&config, &master, &store, &files, &clock)?;
    let web = web_network(&config, &master, &store, &files, &clock)?;
    let providers = Arc::new(Providers { sandbox: network.clone(), cloud: cloud.clone(), web });
    let encoder = Arc::new(WireEvents);
    let hub_config = hub_config(&config);
    let hub = Hub::start(hub_config, store, Arc::clone(&clock), encoder, providers).await?;
    let parts = (network, cloud, files);
    let app = app_state(config, &master, hub.clone(), parts, passwords, clock, &shutdown)?;
    app.sockets.spawn(files::sweep::run(app.files.clone(), app.stop.clone()));
    let fetching = media::run(app.hub.clone(), app.files.clone(), app.stop.clone());
    app.sockets.spawn(fetching);
    app.sockets.spawn(integrations::run(app.clone()));
    let listener = socket.listen(BACKLOG_MAX).map_err(in_use)?;
    announce(&listener, first_start)?;
    if is_demo {
        demo::announce(&listener)?;
        demo::bring_to_life(&app).await?;
    }
    let outcome = until_the_end(listener, &app, &shutdown).await;
    stop(app, hub, &shutdown).await;
    outcome
}

/// Takes the port; nobody connects before the hub is there.
fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As a listener has it: connections of an earlier run may still be closing.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn hub_config(config: &Config) -> HubConfig {
    HubConfig {
        presence_timeout: config.presence_timeout,
        presence_grace: config.presence_grace,
        typing_ttl: config.typing_ttl,
        auto_distribute: config.auto_distribute,
        ..HubConfig::default()
    }
}

fn cloud_network(
    config: &Config,
    master: &MasterKey,
    store: &Store,
    files: &Files,
    clock: &Arc<dyn Clock>,
) -> Result<CloudNetwork, RunError> {
    let http = outbound::http_client().map_err(RunError::HttpClient)?;
    let numbers = CloudNumbers::new(config, store.clone(), Sealer::new(master));
    let graph = Graph::new(http, &config.cloud.api_url);
    let (store, files, clock) = (store.clone(), files.clone(), Arc::clone(clock));
    Ok(CloudNetwork::new(graph, numbers, store, files, clock))
}

fn web_network(
    config: &Config,
    master: &MasterKey,
    store: &Store,
    files: &Files,
    clock: &Arc<dyn Clock>,
) -> Result<WebNetwork, RunError> {
    let (files, rules) = (files.clone(), AddressRules::Public);
    let media = MediaSource::new(files, store.clone(), Arc::clone(clock), rules);
    let media = media.map_err(RunError::HttpClient)?;
    let keys = WebStore::new(store.clone(), master);
    Ok(WebNetwork::new(config.web.clone(), keys, store.clone(), media, Arc::clone(clock)))
}

fn app_state(
    config: Config,
    master: &MasterKey,
    hub: Hub,
    (network, cloud, files): (SandboxNetwork, CloudNetwork, Files),
    passwords: Passwords,
    clock: Arc<dyn Clock>,
    shutdown: &Shutdown,
) -> Result<AppState, RunError> {
    let key = master.derive(Purpose::Tokens);
    let (access, refresh) = (config.access_token_lifetime, config.refresh_token_lifetime);
    let store = hub.store().clone();
    let web_store = WebStore::new(store.clone(), master);
    let postal_codes = PostalCodes::new(&config, store, Arc::clone(&clock));
    let integrations = Integrations::new(config.webhook_addresses(), Sealer::new(master));
    Ok(AppState::new(Shared {
        postal_codes: postal_codes.map_err(RunError::HttpClient)?,
        tokens: Tokens::new(&key, access, refresh, Arc::clone(&clock)),
        passwords,
        throttle: Throttle::per_minute(config.rate_limit_per_minute, clock),
        metrics: Metrics::new(&hub),
        hub,
        files,
        thumbnails: Arc::new(Semaphore::new(THUMBNAILS_AT_ONCE)),
        sealer: Sealer::new(master),
        links: Links::new(&master.derive(Purpose::Links)),
        typesetter: Typesetter::default(),
        network,
        cloud,
        web_store,
        envelopes: Envelopes::new(master),
        integrations: integrations.map_err(RunError::HttpClient)?,
        sockets: TaskTracker::new(),
        stop: shutdown.graceful.child_token(),
        config,
    }))
}

/// The first line is for programs that start us, the rest for people.
fn announce(listener: &TcpListener, first_start: Option<FirstStart>) -> Result<(), RunError> {
    let address = listener.local_addr().map_err(RunError::Terminal)?;
    terminal::print_line(&format!("Escutando em http://{address}")).map_err(RunError::Terminal)?;
    if let Some(FirstStart { generated_password: Some(password) }) = first_start {
        let text = format!(
            "Primeiro início: usuário admin, senha {password} (mostrada só agora; troque-a com \
             `dx-connect user set-password admin --password-stdin`)"
        );
        terminal::print_line(&text).map_err(RunError::Terminal)?;
    }
    Ok(())
}

/// Serves until somebody asks for the end, or an actor has failed too often to go on.
async fn until_the_end(
    listener: TcpListener,
    app: &AppState,
    shutdown: &Shutdown,
) -> Result<(), RunError> {
    let router = http::router(app);
    let hub = app.hub.clone();
    let serving = server::serve(listener, router, shutdown);
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => Ok(()),
        () = hub.failed() => {
            shutdown.graceful.cancel();
            serving.await;
            Err(RunError::GaveUp)
        }
    }
}

/// Finishes what is queued, closes the sockets, closes the database. A second signal cuts it short:
/// what was answered is durable already.
async fn stop(app: AppState, hub: Hub, shutdown: &Shutdown) {
    let orderly = async {
        hub.stop().await;
        app.sockets.close();
        if tokio::time::timeout(SOCKETS_TIMEOUT, app.sockets.wait()).await.is_err() {
            tracing::warn!(sockets = app.sockets.len(), "sockets did not close in time");
        }
    };
    tokio::select! {
        () = orderly => {}
        () = shutdown.now.cancelled() => tracing::warn!("ended without waiting"),
    }
}

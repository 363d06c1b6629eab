//! What the administrator does at the terminal: first start, migration, people.

use std::sync::Arc;

use dx_actors::{
    Clock, SystemClock,
    domain::{AgentChanges, List, NewAgent},
    store::{Seed, Store, StoreError},
};
use rand::{RngExt, distr::Alphanumeric};

use crate::{
    args::UserCommand,
    auth::{Passwords, password},
    config::Config,
    http::syntax,
    run_error::RunError,
    terminal,
};

/// Characters of a password that is made up at the first start (95 bits).
const GENERATED_PASSWORD_CHARS: usize = 16;

/// The database was empty and has been filled.
#[derive(Debug, PartialEq, Eq)]
pub struct FirstStart {
    /// The administrator's password, when none was given.
    pub generated_password: Option<String>,
}

/// Opens the database, brings its schema up to date and fills it when it is empty.
pub async fn open(
    config: &Config,
    passwords: &Passwords,
    clock: &Arc<dyn Clock>,
) -> Result<(Store, Option<FirstStart>), RunError> {
    let store = Store::open(config.database_url.reveal()).await?;
    if !store.is_empty().await? {
        return Ok((store, None));
    }
    let given = config.admin_password.as_ref().map(|secret| secret.reveal().to_owned());
    let generated_password = given.is_none().then(random_password);
    let password = given.or_else(|| generated_password.clone()).unwrap_or_default();
    let admin_password_hash = passwords.hash(password).await?;
    let seed = Seed { admin_password_hash, provider: config.whatsapp_mode };
    let is_first = store.seed(seed, clock.now()).await?;
    Ok((store, is_first.then_some(FirstStart { generated_password })))
}

fn random_password() -> String {
    rand::rng().sample_iter(Alphanumeric).take(GENERATED_PASSWORD_CHARS).map(char::from).collect()
}

/// Creates or updates the database and ends.
pub(crate) async fn migrate(config: &Config) -> Result<(), RunError> {
    let store = open_for_command(config).await?;
    let text = format!("Banco de dados ({}) pronto.", store.database_name());
    store.close().await;
    terminal::print_line(&text).map_err(RunError::Terminal)
}

/// Creates a person or sets a password. A running hub notices at the next login, or within half a
/// minute.
pub(crate) async fn user(config: &Config, command: UserCommand) -> Result<(), RunError> {
    let input = terminal::read_password(std::io::stdin().lock()).map_err(RunError::Terminal)?;
    if let Some(fault) = password::fault_of(&input) {
        return Err(RunError::Refused(fault));
    }
    let store = open_for_command(config).await?;
    let outcome = carry_out(&store, command, input).await;
    store.close().await;
    terminal::print_line(&outcome?).map_err(RunError::Terminal)
}

async fn carry_out(
    store: &Store,
    command: UserCommand,
    password: String,
) -> Result<String, RunError> {
    let password_hash = Passwords::default().hash(password).await?;
    match command {
        UserCommand::Create { username, role, display_name, email, password_stdin: _ } => {
            if !(email.is_empty() || syntax::is_email(&email)) {
                return Err(RunError::Refused("Insira um endereço de email válido.".to_owned()));
            }
            let new = NewAgent {
                username: username.clone(),
                email,
                display_name,
                phone_number: String::new(),
                role: role.into(),
                is_active: true,
                skills: List::default(),
                password_hash,
                departments: Vec::new(),
            };
            match store.insert_agent(new, None, SystemClock.now()).await {
                Ok(agent) => Ok(format!("Usuário {} criado (id {}).", agent.username, agent.id)),
                Err(StoreError::Unique { .. }) => {
                    Err(RunError::Refused(format!("O usuário {username} já existe.")))
                }
                Err(error) => Err(error.into()),
            }
        }
        UserCommand::SetPassword { username, password_stdin: _ } => {
            let login = store.find_login(&username).await?;
            let missing = || RunError::Refused(format!("O usuário {username} não existe."));
            let id = login.ok_or_else(missing)?.agent.id;
            let changes =
                AgentChanges { password_hash: Some(password_hash), ..AgentChanges::default() };
            store.update_agent(id, changes, None, SystemClock.now()).await?;
            Ok(format!("Senha de {username} trocada; os acessos abertos deixam de valer."))
        }
    }
}

/// Like a first start when the database is empty (decisions: `migrate` and `user create` seed too).
async fn open_for_command(config: &Config) -> Result<Store, RunError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (store, first_start) = open(config, &Passwords::default(), &clock).await?;
    if let Some(FirstStart { generated_password: Some(password) }) = first_start {
        let text = format!("Primeiro início: usuário admin, senha {password} (mostrada só agora)");
        terminal::print_line(&text).map_err(RunError::Terminal)?;
    }
    Ok(store)
}

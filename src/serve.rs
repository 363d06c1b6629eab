//! What runs behind each command of the binary.

use crate::{args::Command, config::Config, secrets, secrets::MasterKey};

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("a chave secreta não pôde ser lida nem criada")]
    Secret(#[from] secrets::SecretError),
    #[error("`{0}` is not available")]
    NotAvailable(&'static str),
}

/// Carries out `command`; returns when it is done or the process has been told to end.
pub async fn run(config: Config, command: Command) -> Result<(), RunError> {
    let _master = MasterKey::load_or_create(&config)?;
    // The hub is started here; until it exists there is nothing to serve.
    std::future::ready(()).await;
    Err(RunError::NotAvailable(match command {
        Command::Serve { .. } => "serve",
        Command::Migrate => "migrate",
        Command::User(_) => "user",
    }))
}

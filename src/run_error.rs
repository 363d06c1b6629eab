//! Why the program could not do what it was started for, for the person at the terminal.

use std::{io, net::SocketAddr};

use dx_actors::{HubError, store::StoreError};

use crate::{auth::password::PasswordError, data_lock::LockError, files, secrets::SecretError};

/// A command that could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("a chave secreta não pôde ser lida nem criada")]
    Secret(#[from] SecretError),
    #[error("os arquivos não podem ser guardados")]
    Files(#[from] files::OpenError),
    #[error("o banco de dados não pôde ser usado")]
    Store(#[from] StoreError),
    #[error("o sistema não pôde ser iniciado")]
    Hub(#[from] HubError),
    #[error("a senha não pôde ser guardada")]
    Password(#[from] PasswordError),
    #[error("não é possível escutar em {address}")]
    Bind { address: SocketAddr, source: io::Error },
    #[error("a pasta de dados não pode ser usada")]
    DataLock(#[from] LockError),
    #[error("as conexões com outros servidores não podem ser preparadas")]
    HttpClient(#[source] reqwest::Error),
    #[error("os sinais do sistema não podem ser recebidos")]
    Signals(#[source] io::Error),
    #[error("o terminal não pode ser usado")]
    Terminal(#[source] io::Error),
    /// The request itself was at fault; the text says how.
    #[error("{0}")]
    Refused(String),
    #[error("uma parte do sistema falhou vezes demais; veja o log")]
    GaveUp,
}

//! Why a load test could not be run. For people.

use std::{io, path::PathBuf};

use thiserror::Error;

use super::api::ApiError;

#[derive(Debug, Error)]
pub(super) enum LoadError {
    /// What was asked for is not done.
    #[error("{0}")]
    Usage(String),
    #[error(
        "o número {id} desta central é de uma rede de verdade (`{provider}`): mensagens chegariam a \
         pessoas. O teste só roda onde todos os números em uso são simulados (`sandbox`)."
    )]
    RealNumber { id: i64, provider: String },
    #[error("usuário `{user}` ou senha errados")]
    BadPassword { user: String },
    #[error(
        "a central limita quantas vezes se entra por minuto; inicie-a com RATE_LIMIT_PER_MINUTE=0 \
         para o teste"
    )]
    Throttled,
    #[error("não foi possível {doing}")]
    Api { doing: &'static str, source: ApiError },
    #[error("o número simulado não ficou pronto a tempo")]
    NumberNotReady,
    #[error(
        "{wanted} sockets são mais que os {possible} que este processo pode abrir: aumente o limite \
         (`ulimit -Hn`) ou peça menos"
    )]
    TooManySockets { wanted: u64, possible: u64 },
    #[error("só {open} de {wanted} WebSockets abriram a tempo (erros: {errors})")]
    NotConnected { open: u64, wanted: u64, errors: String },
    #[error("interrompido antes de começar")]
    Interrupted,
    #[error("o sistema não deu o que o teste precisa")]
    System(#[from] io::Error),
    #[error("{} não pode ser gravado", path.display())]
    NotWritten { path: PathBuf, source: io::Error },
}

impl LoadError {
    /// The caller has to ask for something else.
    pub(super) fn is_usage(&self) -> bool {
        matches!(self, Self::Usage(_) | Self::RealNumber { .. } | Self::TooManySockets { .. })
    }
}

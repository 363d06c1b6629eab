//! Why a rule says no. Each value is a sentence in pt-BR that the person who asked can act on.

use super::{Timestamp, customer_merge::MergeRefused, ticket::TicketStatus};

/// A request that the rules refuse; nothing has been changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    #[error("Este chat já está {}", .0.label())]
    NotWaiting(TicketStatus),
    #[error("Este chat já está {}", .0.label())]
    AlreadyClosed(TicketStatus),
    #[error("Atendimento já finalizado")]
    TicketAlreadyClosed,
    #[error("Atendimento não pode ser transferido no estado atual")]
    NotTransferable,
    #[error("Informe o atendente ou o departamento de destino")]
    NoTarget,
    #[error("Não há transferência à sua espera neste chat")]
    NoTransfer,
    #[error("Este chat não está oferecido a você")]
    NotOffered,
    #[error("Não é possível transferir para o mesmo atendente")]
    SameAgent,
    #[error("O atendente de destino não pertence ao departamento de destino")]
    TargetNotInDepartment,
    /// The chat has changed hands since the right was checked.
    #[error("Você não tem permissão para alterar este chat")]
    NotYours,
    #[error("Avaliação deve ser de 1 a 5")]
    BadRating,
    #[error("Apenas atendimentos aguardando ou em andamento podem ser alterados")]
    NotOpen,
    #[error("Este chat já está {}", .0.label())]
    ChatAlreadyOpen(TicketStatus),
    #[error("Esta entrada já saiu da fila")]
    NotInQueue,
    #[error("O departamento \"{0}\" está inativo")]
    DepartmentInactive(String),
    /// The chain of departments would come back to one that it has passed.
    #[error("O transbordo voltaria ao departamento \"{0}\": escolha outro destino")]
    OverflowCycle(String),
    #[error("O departamento tem atendimentos ou filas e não pode ser excluído; desative-o")]
    DepartmentInUse,
    #[error("Os grupos Atendente, Supervisor e Gerente não podem ser renomeados nem excluídos")]
    BuiltInGroup,
    #[error("A sessão padrão não pode ser excluída")]
    DefaultSession,
    #[error("client_message_id já foi usado com outro conteúdo")]
    ClientMessageIdReused,
    /// Cloud API: domain facts, 24-hour window.
    #[error(
        "Passaram mais de 24 horas desde a última mensagem do cliente: envie um modelo aprovado \
         (type \"template\"); texto livre volta a ser possível quando o cliente escrever"
    )]
    WindowClosed,
    /// Unofficial clients that write to many strangers are blocked by the network.
    #[error(
        "O limite de {per_day} novos contatos por dia deste número foi atingido. Quem já escreveu \
         continua recebendo mensagens; amanhã há novo limite."
    )]
    ColdBudget { per_day: i64 },
    #[error(
        "O WhatsApp bloqueou novos contatos neste número por enquanto. Quem já escreveu continua \
         recebendo mensagens."
    )]
    ColdBlocked { until: Timestamp },
    /// See `GroupRule`.
    #[error("Grupos deste número são só de leitura")]
    GroupIsReadOnly,
    #[error("Só mensagens que falharam podem ser reenviadas")]
    NotFailed,
    #[error("A mensagem já saiu e não pode mais ser cancelada")]
    NotQueued,
    #[error("Não é possível desativar ou rebaixar o último administrador ativo")]
    LastAdmin,
    #[error(transparent)]
    Merge(#[from] MergeRefused),
}

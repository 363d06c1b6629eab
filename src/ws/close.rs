//! How a connection is ended: the code and the sentence of each close frame that the server sends.

use dx_actors::presence::outbox::CloseReason;

/// Bytes of a close frame's reason: a control frame's 125 less the code (RFC 6455 §5.5).
const REASON_BYTES_MAX: usize = 123;
/// "There was no code" (§7.4.1). It names an empty close frame and is never on the wire.
pub const NO_STATUS: u16 = 1005;

/// The close frame that ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Farewell {
    code: u16,
    reason: &'static str,
}

impl Farewell {
    /// The hub stops.
    pub const GOING_AWAY: Self = Self::new(1001, "O servidor está sendo reiniciado; reconecte.");
    /// The peer gave no sign of life.
    pub const SILENT: Self = Self::new(1001, "Conexão encerrada por falta de resposta.");
    /// The peer broke a rule of RFC 6455.
    pub const PROTOCOL: Self = Self::new(1002, "Quadro WebSocket inválido.");
    /// A text was none.
    pub const NOT_UTF8: Self = Self::new(1007, "O texto não está em UTF-8.");
    /// A message came in too many fragments.
    pub const TOO_MANY_PARTS: Self = Self::new(1008, "Mensagem dividida em partes demais.");
    /// The peer sent more frames than it may.
    pub const TOO_OFTEN: Self = Self::new(1008, "Mensagens demais em pouco tempo.");
    /// A message was too long.
    pub const TOO_BIG: Self = Self::new(1009, "Mensagem maior que 64 KiB.");
    /// The token or the person is not, or no longer, valid.
    pub const UNAUTHORIZED: Self = Self::new(4001, "Sessão inválida ou expirada; entre novamente.");
    /// The peer reads too slowly; it resumes what it missed.
    pub const TOO_SLOW: Self = Self::new(4008, "Leitura lenta demais; reconecte para continuar.");

    /// A close of our own. In a constant a reason that does not fit fails the build.
    ///
    /// # Panics
    /// When the reason is longer than a close frame can carry.
    pub const fn new(code: u16, reason: &'static str) -> Self {
        assert!(reason.len() <= REASON_BYTES_MAX, "the reason does not fit into a close frame");
        Self { code, reason }
    }

    /// The answer to a close of the peer.
    pub const fn echo(code: u16) -> Self {
        Self::new(code, "")
    }

    /// What the peer's program reads.
    pub const fn code(self) -> u16 {
        self.code
    }

    /// What the person at the other end reads.
    pub const fn reason(self) -> &'static str {
        self.reason
    }
}

impl From<CloseReason> for Farewell {
    fn from(reason: CloseReason) -> Self {
        match reason {
            CloseReason::GoingAway => Self::GOING_AWAY,
            CloseReason::Unauthorized => Self::UNAUTHORIZED,
            CloseReason::TooSlow => Self::TOO_SLOW,
        }
    }
}

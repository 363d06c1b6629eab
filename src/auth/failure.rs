//! The ways in which a request is not authenticated. The texts are those clients already know.

/// Why nobody is known to be asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFailure {
    /// No header, or another scheme than Bearer.
    Missing,
    /// `Bearer` without a token or with two.
    BadHeader,
    /// Forged, expired or revoked.
    Invalid,
    /// A refresh token where an access token is wanted.
    WrongType,
    /// The token names nobody.
    NoUser,
    UserInactive,
    UserNotFound,
    /// Username and password do not belong together.
    BadCredentials,
    /// A token in a body (refresh, verify) that is forged, expired or revoked.
    BodyTokenInvalid,
    /// A token in a body that is of the wrong type.
    BodyTokenWrongType,
    /// A webhook's body whose signature is absent or wrong.
    BadSignature,
}

impl AuthFailure {
    pub const fn text(self) -> &'static str {
        match self {
            Self::Missing => "As credenciais de autenticação não foram fornecidas.",
            Self::BadHeader => {
                "Cabeçalho de autorização deve conter dois valores delimitados por espaço"
            }
            Self::Invalid | Self::WrongType => {
                "O token informado não é válido para qualquer tipo de token"
            }
            Self::NoUser => "O token não continha nenhuma identificação reconhecível do usuário",
            Self::UserInactive => "Usuário está inativo",
            Self::UserNotFound => "Usuário não encontrado",
            Self::BadCredentials => "Usuário e/ou senha incorreto(s)",
            Self::BodyTokenInvalid => INVALID,
            Self::BodyTokenWrongType => WRONG_TYPE,
            Self::BadSignature => "Assinatura ausente ou inválida",
        }
    }

    pub const fn code(self) -> Option<&'static str> {
        match self {
            Self::Missing | Self::BadCredentials | Self::BadSignature => None,
            Self::BadHeader => Some("bad_authorization_header"),
            Self::Invalid
            | Self::WrongType
            | Self::NoUser
            | Self::BodyTokenInvalid
            | Self::BodyTokenWrongType => Some("token_not_valid"),
            Self::UserInactive => Some("user_inactive"),
            Self::UserNotFound => Some("user_not_found"),
        }
    }

    /// What is wrong with the access token, for the list `messages`.
    pub const fn token_message(self) -> Option<&'static str> {
        match self {
            Self::Invalid => Some(INVALID),
            Self::WrongType => Some(WRONG_TYPE),
            _ => None,
        }
    }

    /// The same failure of a token that came in a body.
    #[must_use]
    pub const fn of_body(self) -> Self {
        match self {
            Self::Invalid => Self::BodyTokenInvalid,
            Self::WrongType => Self::BodyTokenWrongType,
            other => other,
        }
    }
}

const INVALID: &str = "O token é inválido ou expirado";
const WRONG_TYPE: &str = "Token tem tipo errado";

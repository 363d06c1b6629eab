//! What a client gets instead of an answer, and the only place that logs failures of the server.
//!
//! Every body but a validation's opens with `error` and `detail`, in Portuguese, for people: clients
//! show the first value. Texts of the database never leave the process.

use std::{borrow::Cow, error::Error, time::Duration};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use dx_actors::{
    HubError,
    domain::{Rejected, customer_merge::MergeRefused},
    store::StoreError,
};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{auth::AuthFailure, postal::PostalError};

pub type ApiResult<T> = Result<T, ApiError>;

type Text = Cow<'static, str>;
type Source = Box<dyn Error + Send + Sync>;

/// When a client may ask again after the hub could not answer: a restarted actor is back by then.
const RETRY_AFTER_UNAVAILABLE: Duration = Duration::from_secs(1);

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 400, one or more fields.
    #[error("fields are not valid")]
    Invalid(FieldErrors),
    /// 400, the request as a whole.
    #[error("request is refused: {error}")]
    Refused { error: Text, detail: Text },
    /// 401.
    #[error("not authenticated: {0:?}")]
    Unauthorized(AuthFailure),
    /// 403.
    #[error("not allowed: {0}")]
    Forbidden(Text),
    /// 404; `detail` says what is missing.
    #[error("not found: {detail}")]
    NotFound { error: Text, detail: Text },
    /// 400, 404 or 500, with the key `message` that clients of the postal codes read.
    #[error("postal code is not found")]
    Postal(#[source] PostalError),
    /// 405; axum adds `Allow`.
    #[error("method `{0}` is not allowed")]
    MethodNotAllowed(String),
    /// 409.
    #[error("conflict: {0}")]
    Conflict(Text),
    /// 413.
    #[error("body is too large")]
    TooLarge,
    /// 415.
    #[error("media type `{0}` is not supported")]
    UnsupportedMedia(String),
    /// 416 with `Content-Range`, which says how large the file is.
    #[error("range is not within the {bytes} bytes of the file")]
    NoSuchRange { bytes: u64 },
    /// 423.
    #[error("session is not ready")]
    SessionNotReady,
    /// 429.
    #[error("too many requests")]
    RateLimited { retry_after: Duration },
    /// 500.
    #[error("internal error")]
    Internal(#[source] Source),
    /// 503 with `Retry-After`.
    #[error("not available")]
    Unavailable { error: Text, source: Option<Source> },
}

impl ApiError {
    /// One field is wrong.
    pub fn field(name: impl Into<Text>, text: impl Into<String>) -> Self {
        let mut errors = FieldErrors::default();
        errors.add(name, text);
        Self::Invalid(errors)
    }

    /// 400 with the same text in `error` and `detail`.
    pub fn refused(text: impl Into<Text>) -> Self {
        let error = text.into();
        Self::Refused { detail: error.clone(), error }
    }

    /// 400 with a summary and an explanation.
    pub fn refused_because(error: impl Into<Text>, detail: impl Into<Text>) -> Self {
        Self::Refused { error: error.into(), detail: detail.into() }
    }

    /// 404 without naming what is missing.
    pub fn not_found() -> Self {
        Self::missing("Não encontrado.")
    }

    /// 404 with the same text in `error` and `detail`.
    pub fn missing(text: impl Into<Text>) -> Self {
        let error = text.into();
        Self::NotFound { detail: error.clone(), error }
    }

    /// 403 with the usual text.
    pub fn forbidden() -> Self {
        Self::Forbidden("Você não tem permissão para executar essa ação.".into())
    }

    pub fn internal(source: impl Into<Source>) -> Self {
        Self::Internal(source.into())
    }

    /// 503 with the usual text.
    pub fn unavailable(source: impl Into<Source>) -> Self {
        Self::Unavailable { error: UNAVAILABLE.into(), source: Some(source.into()) }
    }

    /// Gives the hub's field names the names they have on the wire.
    #[must_use]
    pub fn with_field_names(self, names: &[(&str, &'static str)]) -> Self {
        let Self::Invalid(FieldErrors(fields)) = self else { return self };
        let rename = |(name, texts): (Text, Vec<String>)| {
            let wire = names.iter().find(|(ours, _)| *ours == name);
            (wire.map_or(name, |(_, wire)| Cow::Borrowed(*wire)), texts)
        };
        Self::Invalid(FieldErrors(fields.into_iter().map(rename).collect()))
    }

    /// What `error` says, for clients that are not answered over HTTP.
    pub fn text(&self) -> String {
        match self {
            Self::Refused { error, .. }
            | Self::NotFound { error, .. }
            | Self::Unavailable { error, .. }
            | Self::Forbidden(error)
            | Self::Conflict(error) => error.clone().into_owned(),
            _ => "Não foi possível atender o pedido.".to_owned(),
        }
    }

    pub fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) | Self::Refused { .. } | Self::Postal(PostalError::Malformed(_)) => {
                StatusCode::BAD_REQUEST
            }
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound { .. } | Self::Postal(PostalError::NotFound(_)) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMedia(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NoSuchRange { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::SessionNotReady => StatusCode::LOCKED,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal(_) | Self::Postal(PostalError::NoAnswer) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What people read: the `error` and the `detail`.
    fn texts(&self) -> (Text, Text) {
        let both = |text: Text| (text.clone(), text);
        match self {
            Self::Invalid(_) => both("Dados inválidos.".into()),
            Self::Refused { error, detail } | Self::NotFound { error, detail } => {
                (error.clone(), detail.clone())
            }
            Self::Postal(error) => postal_texts(error),
            Self::Unauthorized(failure) => both(failure.text().into()),
            Self::Forbidden(text) | Self::Conflict(text) => both(text.clone()),
            Self::MethodNotAllowed(method) => {
                both(format!("Método \"{method}\" não é permitido.").into())
            }
            Self::TooLarge => both("O corpo do pedido é grande demais.".into()),
            Self::UnsupportedMedia(media) => {
                both(format!("Tipo de mídia \"{media}\" no pedido não é suportado.").into())
            }
            Self::NoSuchRange { bytes } => {
                let detail = format!("O arquivo tem {bytes} byte(s).");
                ("O intervalo pedido não existe no arquivo.".into(), detail.into())
            }
            Self::SessionNotReady => both("Sessão não está pronta".into()),
            Self::RateLimited { retry_after } => {
                let seconds = whole_seconds(*retry_after);
                let detail = format!("Tente de novo em {seconds} segundo(s).");
                ("Pedido foi limitado.".into(), detail.into())
            }
            Self::Internal(_) => both("Ocorreu um erro de servidor.".into()),
            Self::Unavailable { error, .. } => both(error.clone()),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } => Some(*retry_after),
            Self::Unavailable { .. } => Some(RETRY_AFTER_UNAVAILABLE),
            _ => None,
        }
    }

    fn log(&self) {
        if self.status().is_server_error() {
            let error: &dyn Error = self;
            tracing::error!(
                error = chain(error),
                status = self.status().as_u16(),
                "request failed"
            );
        }
    }
}

/// The `error` and the `detail` of a failed look-up (contract §20).
fn postal_texts(error: &PostalError) -> (Text, Text) {
    match error {
        PostalError::Malformed(text) => {
            ("CEP inválido".into(), format!("CEP inválido: {text}").into())
        }
        PostalError::NotFound(code) => {
            ("CEP não encontrado".into(), format!("CEP não encontrado: {code}").into())
        }
        PostalError::NoAnswer => (
            "Erro ao consultar CEP".into(),
            "Os serviços de CEP não responderam. Tente novamente em instantes.".into(),
        ),
    }
}

const UNAVAILABLE: &str = "Serviço indisponível no momento. Tente novamente.";

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let mut response = (self.status(), self.body()).into_response();
        let headers = response.headers_mut();
        if let Some(wait) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        if let Self::Unauthorized(_) = self {
            let realm = HeaderValue::from_static("Bearer realm=\"api\"");
            headers.insert(header::WWW_AUTHENTICATE, realm);
        }
        if let Self::NoSuchRange { bytes } = self
            && let Ok(range) = HeaderValue::try_from(format!("bytes */{bytes}"))
        {
            headers.insert(header::CONTENT_RANGE, range);
        }
        response
    }
}

impl ApiError {
    fn body(&self) -> Response {
        let (error, detail) = self.texts();
        match self {
            Self::Invalid(errors) => Json(errors).into_response(),
            Self::Unauthorized(failure) => Json(Problem {
                error,
                detail,
                code: failure.code(),
                message: None,
                messages: failure.token_message().map(|message| {
                    [TokenMessage { token_class: "AccessToken", token_type: "access", message }]
                }),
            })
            .into_response(),
            Self::Postal(_) => {
                let message = Some(detail.clone());
                Json(Problem { error, detail, code: None, message, messages: None }).into_response()
            }
            _ => Json(Problem { error, detail, code: None, message: None, messages: None })
                .into_response(),
        }
    }
}

/// The order of the keys is part of the contract.
#[derive(Serialize)]
struct Problem {
    error: Text,
    detail: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<[TokenMessage; 1]>,
}

#[derive(Serialize)]
struct TokenMessage {
    token_class: &'static str,
    token_type: &'static str,
    message: &'static str,
}

/// Texts per field, in the order in which the fields were read.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct FieldErrors(Vec<(Text, Vec<String>)>);

impl FieldErrors {
    /// The key for what concerns several fields at once.
    pub const WHOLE: &'static str = "non_field_errors";

    pub fn add(&mut self, name: impl Into<Text>, text: impl Into<String>) {
        let (name, text) = (name.into(), text.into());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, texts)) => texts.push(text),
            None => self.0.push((name, vec![text])),
        }
    }

    /// Takes over what is wrong within the object `name`, as `name.key`.
    pub fn add_within(&mut self, name: &str, inner: Self) {
        for (key, texts) in inner.0 {
            for text in texts {
                self.add(format!("{name}.{key}"), text);
            }
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `value`, unless something is wrong.
    pub fn finish<T>(self, value: T) -> ApiResult<T> {
        if self.is_empty() { Ok(value) } else { Err(ApiError::Invalid(self)) }
    }
}

impl Serialize for FieldErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, texts) in &self.0 {
            map.serialize_entry(name, texts)?;
        }
        map.end()
    }
}

impl From<HubError> for ApiError {
    fn from(error: HubError) -> Self {
        match error {
            HubError::Rejected(rejected) => rejected.into(),
            HubError::NotFound { .. } => Self::NotFound {
                error: "Não encontrado.".into(),
                detail: error.to_string().into(),
            },
            HubError::Taken { field } => Self::field(field, "Esse campo deve ser único."),
            HubError::BadReference { field, id } => {
                Self::field(field, format!("Pk inválido \"{id}\" - objeto não existe."))
            }
            HubError::SessionNotReady => Self::SessionNotReady,
            HubError::NoSession => Self::Unavailable {
                error: "Não há sessão do WhatsApp ativa.".into(),
                source: Some(error.into()),
            },
            HubError::Conflict => Self::Conflict(CHANGED_MEANWHILE.into()),
            HubError::Unavailable | HubError::Timeout => Self::unavailable(error),
            HubError::Store(error) => error.into(),
        }
    }
}

const CHANGED_MEANWHILE: &str = "O registro foi alterado nesse meio-tempo. Tente novamente.";

impl From<Rejected> for ApiError {
    fn from(rejected: Rejected) -> Self {
        let text = rejected.to_string();
        match rejected {
            Rejected::NotYours => Self::Forbidden(text.into()),
            Rejected::ClientMessageIdReused
            | Rejected::NotFailed
            | Rejected::NotQueued
            | Rejected::ChatAlreadyOpen(_)
            | Rejected::NotInQueue
            | Rejected::DepartmentInUse
            | Rejected::BuiltInGroup
            | Rejected::WindowClosed
            | Rejected::Merge(MergeRefused::DifferentTaxIds { .. })
            | Rejected::DefaultSession => Self::Conflict(text.into()),
            Rejected::NotWaiting(_)
            | Rejected::ColdBudget { .. }
            | Rejected::ColdBlocked { .. }
            | Rejected::GroupIsReadOnly
            | Rejected::NoTarget
            | Rejected::NoTransfer
            | Rejected::NotOffered
            | Rejected::OverflowCycle(_)
            | Rejected::AlreadyClosed(_)
            | Rejected::TicketAlreadyClosed
            | Rejected::NotTransferable
            | Rejected::SameAgent
            | Rejected::TargetNotInDepartment
            | Rejected::BadRating
            | Rejected::NotOpen
            | Rejected::DepartmentInactive(_)
            | Rejected::Merge(_)
            | Rejected::LastAdmin => Self::refused(text),
        }
    }
}

impl From<StoreError> for ApiError {
    /// Asking again helps against a busy database, not against a row that nobody can read.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Conflict(CHANGED_MEANWHILE.into()),
            StoreError::Corrupt { .. } => Self::internal(error),
            _ => Self::unavailable(error),
        }
    }
}

impl From<PostalError> for ApiError {
    fn from(error: PostalError) -> Self {
        Self::Postal(error)
    }
}

impl From<AuthFailure> for ApiError {
    fn from(failure: AuthFailure) -> Self {
        Self::Unauthorized(failure)
    }
}

/// An error with its causes, on one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::body_text;

    async fn answer(error: impl Into<ApiError>) -> (u16, String) {
        let response = error.into().into_response();
        (response.status().as_u16(), body_text(response).await)
    }

    #[tokio::test]
    async fn each_refusal_of_the_hub_has_its_status_and_text() {
        let both = |text: &str| serde_json::json!({"error": text, "detail": text});
        let cases: [(HubError, u16, serde_json::Value); 9] = [
            (Rejected::NotTransferable.into(), 400, both(&Rejected::NotTransferable.to_string())),
            (
                Rejected::ClientMessageIdReused.into(),
                409,
                both("client_message_id já foi usado com outro conteúdo"),
            ),
            (Rejected::DepartmentInUse.into(), 409, both(&Rejected::DepartmentInUse.to_string())),
            (
                HubError::not_found("Departamento", "9"),
                404,
                serde_json::json!({
                    "error": "Não encontrado.", "detail": "Departamento 9 não existe"
                }),
            ),
            (
                HubError::Taken { field: "name" },
                400,
                serde_json::json!({"name": ["Esse campo deve ser único."]}),
            ),
            (
                HubError::BadReference { field: "group", id: 99 },
                400,
                serde_json::json!({"group": ["Pk inválido \"99\" - objeto não existe."]}),
            ),
            (HubError::SessionNotReady, 423, both("Sessão não está pronta")),
            (HubError::Conflict, 409, both(CHANGED_MEANWHILE)),
            (HubError::Timeout, 503, both(UNAVAILABLE)),
        ];
        for (error, status, body) in cases {
            let name = format!("{error:?}");
            let (actual, text) = answer(error).await;
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!((actual, json), (status, body), "{name}");
        }
    }

    #[tokio::test]
    async fn the_error_comes_first_and_sql_never() {
        let (status, text) =
            answer(HubError::Store(StoreError::Unique { constraint: "agents.username".into() }))
                .await;
        assert_eq!(status, 503);
        assert!(text.starts_with("{\"error\":") && !text.contains("agents"), "{text}");
        let (_, text) = answer(AuthFailure::Invalid).await;
        assert!(text.starts_with("{\"error\":\"O token informado"), "{text}");
    }

    #[tokio::test]
    async fn who_may_try_again_is_told_when() {
        let cases: [(ApiError, Option<&str>); 3] = [
            (HubError::Unavailable.into(), Some("1")),
            (ApiError::RateLimited { retry_after: Duration::from_millis(1500) }, Some("2")),
            (ApiError::not_found(), None),
        ];
        for (error, expected) in cases {
            let response = error.into_response();
            let wait = response.headers().get(header::RETRY_AFTER);
            assert_eq!(wait.map(|wait| wait.to_str().unwrap()), expected);
        }
    }

    #[tokio::test]
    async fn fields_keep_their_order_and_take_wire_names() {
        let mut errors = FieldErrors::default();
        for name in ["zeta", "name", "alfa", "zeta"] {
            errors.add(name, name.to_uppercase());
        }
        let error = errors.finish(()).unwrap_err().with_field_names(&[("name", "nome")]);
        let expected = r#"{"zeta":["ZETA","ZETA"],"nome":["NAME"],"alfa":["ALFA"]}"#;
        assert_eq!(answer(error).await, (400, expected.to_owned()));
    }

    #[test]
    fn a_chain_names_every_cause_once() {
        let error = ApiError::unavailable(HubError::Store(StoreError::Closed));
        assert_eq!(chain(&error), "not available: writer did not carry it out");
    }
}

//! `/integrations/cep/{cep}/`: public, because forms of customers use it (contract §20).

use axum::{
    Json,
    extract::{Path, State},
};
use dx_actors::domain::postal_code::PostalCode;

use crate::{
    error::ApiResult,
    openapi::TooManyRequests,
    postal::PostalError,
    state::AppState,
    wire::postal::{PostalErrorOut, PostalOut},
};

/// As much of a wrong postal code as is said back.
const ECHOED_CHARS_MAX: usize = 20;

/// `GET /integrations/cep/{cep}/`.
#[utoipa::path(
    get,
    path = "",
    tag = "CEP",
    summary = "Mostra o endereço de um CEP",
    description = "Público, porque formulários de clientes o usam. Pergunta à ViaCEP (3 s) e depois à BrasilAPI, em 5 s ao \
        todo; o que foi achado é lembrado por 24 horas. O texto pode ter outros sinais entre os oito dígitos.",
    responses(
        (status = 200, body = PostalOut),
        (status = 400, description = "Não são oito dígitos.", body = PostalErrorOut),
        (status = 404, description = "Ninguém conhece este CEP.", body = PostalErrorOut),
        (status = 500, description = "Nenhum dos serviços respondeu.", body = PostalErrorOut),
        TooManyRequests,
    ),
    security(()),
)]
pub(super) async fn find(
    State(app): State<AppState>,
    Path(text): Path<String>,
) -> ApiResult<Json<PostalOut>> {
    let malformed = || PostalError::Malformed(text.chars().take(ECHOED_CHARS_MAX).collect());
    let code = PostalCode::in_text(&text).ok_or_else(malformed)?;
    let found = app.postal_codes.find(code.clone()).await?;
    Ok(Json(PostalOut::new(&code, found)))
}

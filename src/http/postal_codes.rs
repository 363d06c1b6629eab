//! `/integrations/cep/{cep}/`: public, because forms of customers use it (contract §20).

use axum::{
    Json,
    extract::{Path, State},
};
use dx_actors::domain::postal_code::PostalCode;

use crate::{error::ApiResult, postal::PostalError, state::AppState, wire::postal::PostalOut};

/// As much of a wrong postal code as is said back.
const ECHOED_CHARS_MAX: usize = 20;

/// `GET /integrations/cep/{cep}/`.
pub(super) async fn find(
    State(app): State<AppState>,
    Path(text): Path<String>,
) -> ApiResult<Json<PostalOut>> {
    let malformed = || PostalError::Malformed(text.chars().take(ECHOED_CHARS_MAX).collect());
    let code = PostalCode::in_text(&text).ok_or_else(malformed)?;
    let found = app.postal_codes.find(code.clone()).await?;
    Ok(Json(PostalOut::new(&code, found)))
}

//! The object `cloud` of a number: its access to Meta's Cloud API.

use std::collections::HashMap;

use dx_actors::{
    HubError,
    domain::{AgentId, SessionId, cloud::CloudNumberChanges},
    store::StoreError,
};

use super::{Fields, fields::REQUIRED};
use crate::{
    config::is_graph_id,
    error::{ApiError, ApiResult},
    providers::cloud::numbers::{ACCESS_TOKEN, APP_SECRET, PREVIOUS_APP_SECRET},
    secrets::Place,
    state::AppState,
    wire::{cloud_number::CloudNumberOut, settings::MASK},
};

pub(super) const OBJECT: &str = "cloud";
const ID_CHARS_MAX: usize = 32;
/// Tokens of system users have about 200 characters.
const SECRET_CHARS_MAX: usize = 4096;
const NOT_ID: &str = "Informe só algarismos: é o id da Meta, não o número.";
const TAKEN: &str = "Outro número já usa este id.";

/// Whether the number is new: then it has to bring everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Completeness {
    Whole,
    Partial,
}

/// Reads the object. Secrets come back sealed.
pub(super) fn read(
    app: &AppState,
    fields: &mut Fields,
    completeness: Completeness,
) -> ApiResult<CloudNumberChanges> {
    let mut changes = CloudNumberChanges::default();
    let mut secrets = [None, None, None];
    let is_whole = completeness == Completeness::Whole;
    if is_whole && !fields.is_present(OBJECT) {
        fields.error(OBJECT, REQUIRED);
    }
    let needs_secret = is_whole && !app.cloud.numbers().has_common_secret();
    fields.within(OBJECT, |fields| {
        changes.phone_number_id = id(fields, "phone_number_id", is_whole);
        changes.business_account_id = id(fields, "business_account_id", is_whole);
        secrets = [
            secret(fields, "access_token", is_whole),
            secret(fields, "app_secret", needs_secret),
            secret(fields, "previous_app_secret", false),
        ];
    });
    let [token, app_secret, previous] = secrets;
    changes.access_token = sealed(app, ACCESS_TOKEN, token)?;
    changes.app_secret = sealed(app, APP_SECRET, app_secret)?;
    changes.previous_app_secret = sealed(app, PREVIOUS_APP_SECRET, previous)?;
    Ok(changes)
}

fn id(fields: &mut Fields, name: &str, is_required: bool) -> Option<String> {
    if is_required {
        let text = fields.required_text(name, ID_CHARS_MAX);
        return Some(checked_id(fields, name, text));
    }
    let text = fields.cleared_text(name, ID_CHARS_MAX)?;
    Some(if text.is_empty() { text } else { checked_id(fields, name, text) })
}

fn checked_id(fields: &mut Fields, name: &str, text: String) -> String {
    if !is_graph_id(&text) && !fields.has_error(name) {
        fields.error(name, NOT_ID);
    }
    text
}

/// The mask stands for what is there.
fn secret(fields: &mut Fields, name: &str, is_required: bool) -> Option<String> {
    if is_required {
        return Some(fields.required_secret(name, SECRET_CHARS_MAX));
    }
    fields.optional_secret(name, SECRET_CHARS_MAX).filter(|secret| secret != MASK)
}

fn sealed(app: &AppState, place: Place, secret: Option<String>) -> ApiResult<Option<String>> {
    let seal = |secret: String| app.sealer.seal(place, &secret).map_err(ApiError::internal);
    secret.map(seal).transpose()
}

pub(super) async fn save(
    app: &AppState,
    session_id: SessionId,
    changes: CloudNumberChanges,
    by: AgentId,
) -> ApiResult<()> {
    let now = app.hub.clock().now();
    match app.hub.store().save_cloud_number(session_id, changes, by, now).await {
        Ok(_) => Ok(()),
        Err(StoreError::Unique { .. }) => Err(taken()),
        Err(error) => Err(HubError::from(error).into()),
    }
}

/// Refuses an id that another number has, before anything is stored.
pub(super) async fn check_free(app: &AppState, changes: &CloudNumberChanges) -> ApiResult<()> {
    let numbers = app.hub.store().list_cloud_numbers().await?;
    let wanted = changes.phone_number_id.as_deref().unwrap_or_default();
    let is_taken = numbers.iter().any(|number| number.phone_number_id == wanted);
    if is_taken { Err(taken()) } else { Ok(()) }
}

fn taken() -> ApiError {
    ApiError::field(format!("{OBJECT}.phone_number_id"), TAKEN)
}

/// The objects of these numbers.
pub(super) async fn shown(
    app: &AppState,
    ids: &[SessionId],
) -> ApiResult<HashMap<SessionId, CloudNumberOut>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = app.hub.store().find_cloud_numbers(ids).await?;
    let mut shown: HashMap<SessionId, CloudNumberOut> =
        found.into_iter().map(|number| (number.session_id, number.into())).collect();
    for id in ids {
        shown.entry(*id).or_default();
    }
    Ok(shown)
}

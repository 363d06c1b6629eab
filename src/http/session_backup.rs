//! A number as a file: exported, and brought back here or to another server.
//!
//! What opens the number is sealed, with a passphrase or with a key of this server, and everything
//! readable of the file is authenticated with it. A file is restored once: what this server knows of the
//! number since then is younger.

use std::io::{self, Read};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use dx_actors::{
    HubError,
    domain::{ProviderKind, SessionId, cloud::CloudNumber, cloud::CloudNumberChanges},
    store::{Record, Restored, SessionCopy, SessionDump, StoreError},
};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};

use super::{
    Body, Id,
    fields::REQUIRED,
    limits::BACKUP_BYTES_MAX,
    sessions::{DEVICE_NAME_CHARS_MAX, PROXY_URL_CHARS_MAX},
};
use crate::{
    auth::{CurrentAgent, Permission},
    config::is_graph_id,
    error::{ApiError, ApiResult},
    openapi::{Conflict, Forbidden},
    providers::{
        cloud::numbers::{ACCESS_TOKEN, APP_SECRET, PREVIOUS_APP_SECRET},
        web::backend::Vault,
    },
    secrets::EnvelopeError,
    state::AppState,
    wire::{
        session_backup::{
            BackupCloud, BackupContent, BackupRecord, CONTENT_VERSION, PassphraseParams,
            SEALED_KEY, SessionBackupOut, SessionImportIn, SessionImportedOut,
        },
        time::At,
        words::Word,
    },
};

const PASSPHRASE_HEADER: &str = "x-backup-passphrase";
/// A file can be tried without limit wherever it lies: more than a password to log in with.
const PASSPHRASE_CHARS_MIN: usize = 12;
/// As for passwords: beyond this nobody types.
const PASSPHRASE_CHARS_MAX: usize = 128;
/// Unpacked content: four times the largest file. Whoever knows a passphrase can make a small file that
/// unpacks to anything.
const CONTENT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Room in a file beside its sealed part.
const SHOWN_BYTES_MAX: usize = 64 * 1024;
/// E.164 has 15 digits; the column of messages takes 20.
const PHONE_CHARS_MAX: usize = 20;
/// A UUID.
const LINEAGE_CHARS_MAX: usize = 36;

const NO_DATA: &str = "Dados de backup não fornecidos";
const FOREIGN: &str = "Este arquivo não é um backup exportado pelo DX Connect.";
const DOES_NOT_OPEN: &str = "O backup não abre: a senha não é a dele, ou o arquivo foi alterado.";
const NOT_OURS: &str = "O backup não abre: foi alterado, ou vem de um servidor com outra SECRET_KEY. \
                        Exporte de novo com uma senha (cabeçalho X-Backup-Passphrase).";
const NEEDS_PASSPHRASE: &str = "Este backup tem senha. Informe-a no cabeçalho X-Backup-Passphrase.";
const HAS_NO_PASSPHRASE: &str =
    "Este backup não tem senha. Importe-o sem o cabeçalho X-Backup-Passphrase.";
const OUTDATED: &str = "Este backup é mais antigo do que as chaves que este servidor já tem do número, \
                        ou já foi importado. Exporte de novo com o número parado, ou conecte o número \
                        pelo QR code.";
const UNREADABLE: &str = "As chaves deste número foram guardadas com outra SECRET_KEY e não abrem. \
                          Conecte o número de novo pelo QR code.";
const TOO_LARGE: &str = "O número guarda mais do que cabe em um backup (64 MB).";
const TAKEN: &str = "O id deste número na Meta já é usado por outro número deste servidor.";

/// `GET /sessions/{id}/export/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Sessões",
    summary = "Exporta um número",
    description = "Um arquivo JSON para guardar ou levar a outro servidor. O que abre o número está \
        selado: com a senha do cabeçalho `X-Backup-Passphrase` (Argon2id), ou sem ela com a chave do \
        servidor. É o estado de um só instante, também de um número conectado; a cópia nunca pode rodar \
        ao mesmo tempo que o original.",
    params(PassphraseParams),
    responses(
        (
            status = 200,
            body = SessionBackupOut,
            headers(("Content-Disposition" = String, description = "O nome do arquivo."))
        ),
        Forbidden,
        Conflict,
    ),
)]
pub(super) async fn export(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    headers: HeaderMap,
) -> ApiResult<Response> {
    me.require(Permission::ManageSessions)?;
    let passphrase = passphrase(&headers)?;
    let (id, now) = (SessionId(id), app.hub.clock().now());
    let dump = app.hub.store().dump_session(id, me.id, now).await?;
    let dump = dump.ok_or_else(|| HubError::not_found("Sessão", &id))?;
    let mut file = SessionBackupOut::new(&dump.session, At(now));
    let shown = file.shown().map_err(ApiError::internal)?;
    let cloud = dump.cloud.as_ref().map(|cloud| opened_cloud(&app, cloud)).transpose()?;
    let (vault, envelopes) = (app.web_store.vault(id), app.envelopes.clone());
    let seal = move || {
        let packed = pack(&dump, shown, cloud, &vault)?;
        let sealed = envelopes.seal(passphrase.as_deref(), &packed);
        sealed.map_err(ApiError::internal)
    };
    file.session_data = app.passwords.run(seal).await??;
    if file.session_data.len() > BACKUP_BYTES_MAX - SHOWN_BYTES_MAX {
        return Err(ApiError::Conflict(TOO_LARGE.into()));
    }
    let name = format!("attachment; filename=\"whatsapp_session_{id}_backup.json\"");
    let mut response = Json(file).into_response();
    let out = response.headers_mut();
    let name = HeaderValue::from_str(&name).map_err(ApiError::internal)?;
    out.insert(header::CONTENT_DISPOSITION, name);
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `POST /sessions/import/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Sessões",
    summary = "Importa um número",
    description = "De um arquivo de `export/`. O número é encontrado pelo que o arquivo diz dele, ou \
        ocupa o número padrão ainda não usado; senão é criado. Fica desconectado, e quem o usava antes \
        não grava mais. Nada muda quando o arquivo foi alterado, não abre ou não é nosso (400), nem \
        quando este servidor já conhece um estado mais novo do número (409).",
    params(PassphraseParams),
    request_body = SessionImportIn,
    responses(
        (status = 200, description = "O número já existia.", body = SessionImportedOut),
        (status = 201, description = "O número foi criado.", body = SessionImportedOut),
        Forbidden,
        Conflict,
    ),
)]
pub(super) async fn import(
    State(app): State<AppState>,
    me: CurrentAgent,
    headers: HeaderMap,
    body: Body,
) -> ApiResult<(StatusCode, Json<SessionImportedOut>)> {
    me.require(Permission::ManageSessions)?;
    let keys = body.into_values();
    if keys.is_empty() {
        return Err(ApiError::refused(NO_DATA));
    }
    let passphrase = passphrase(&headers)?;
    let sealed = keys.get(SEALED_KEY).ok_or_else(|| ApiError::field(SEALED_KEY, REQUIRED))?;
    let sealed = sealed.as_str().ok_or(ApiError::refused(FOREIGN))?.to_owned();
    let envelopes = app.envelopes.clone();
    let open = move || {
        let opened = envelopes.open(passphrase.as_deref(), &sealed);
        let opened = opened.map_err(|error| refused(error, passphrase.is_some()))?;
        unpack(&opened).ok_or(ApiError::refused(FOREIGN))
    };
    let mut content: BackupContent = app.passwords.run(open).await??;
    if let Some(key) = content.first_altered(&keys) {
        let text = format!("O arquivo foi alterado: \"{key}\" não é o que foi exportado.");
        return Err(ApiError::refused(text));
    }
    let records = std::mem::take(&mut content.records);
    let records: Option<Vec<Record>> = records.into_iter().map(record).collect();
    let records = records.ok_or(ApiError::refused(FOREIGN))?;
    let copy = copy(&app, content)?;
    let web_store = app.web_store.clone();
    let seal = move |id| {
        let vault = web_store.vault(id);
        records.into_iter().map(|record| vault.seal(record)).collect()
    };
    let restored = app.hub.sessions().restore(copy, me.id, seal).await.map_err(|error| {
        let is_taken = matches!(error, HubError::Store(StoreError::Unique { .. }));
        if is_taken { ApiError::refused(TAKEN) } else { error.into() }
    })?;
    let Restored::Done { session, is_new } = restored else {
        return Err(ApiError::Conflict(OUTDATED.into()));
    };
    let message = "Sessão importada com sucesso";
    let out = SessionImportedOut { message, session_id: session.id.0, created: is_new };
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(out)))
}

/// Browsers send what is not ASCII as Latin-1, other clients as UTF-8: the same passphrase is the same.
fn passphrase(headers: &HeaderMap) -> ApiResult<Option<String>> {
    let Some(value) = headers.get(PASSPHRASE_HEADER) else { return Ok(None) };
    let bytes = value.as_bytes();
    let text = match str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    };
    let chars = text.chars().count();
    if (PASSPHRASE_CHARS_MIN..=PASSPHRASE_CHARS_MAX).contains(&chars) {
        return Ok(Some(text));
    }
    Err(ApiError::refused(format!(
        "A senha do backup (X-Backup-Passphrase) deve ter de {PASSPHRASE_CHARS_MIN} a \
         {PASSPHRASE_CHARS_MAX} caracteres."
    )))
}

fn refused(error: EnvelopeError, has_passphrase: bool) -> ApiError {
    ApiError::refused(match error {
        EnvelopeError::Foreign => FOREIGN,
        EnvelopeError::NeedsPassphrase => NEEDS_PASSPHRASE,
        EnvelopeError::HasNoPassphrase => HAS_NO_PASSPHRASE,
        EnvelopeError::DoesNotOpen if has_passphrase => DOES_NOT_OPEN,
        EnvelopeError::DoesNotOpen => NOT_OURS,
        EnvelopeError::NoRandom => return ApiError::unavailable(error),
    })
}

/// Everything that is sealed, packed.
fn pack(
    dump: &SessionDump,
    shown: serde_json::Map<String, serde_json::Value>,
    cloud: Option<BackupCloud>,
    vault: &Vault,
) -> ApiResult<Vec<u8>> {
    let mut content = BackupContent::new(dump, dump.session.provider.word(), shown);
    content.cloud = cloud;
    for record in &dump.records {
        let opened = vault.open(record).map_err(|_| ApiError::Conflict(UNREADABLE.into()))?;
        content.records.push(BackupRecord {
            kind: record.kind.clone(),
            key: STANDARD_NO_PAD.encode(&record.key),
            value: STANDARD_NO_PAD.encode(opened),
            stamp: record.stamp,
            other_stamp: record.other_stamp,
        });
    }
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    serde_json::to_writer(&mut encoder, &content).map_err(ApiError::internal)?;
    encoder.finish().map_err(ApiError::internal)
}

fn unpack(packed: &[u8]) -> Option<BackupContent> {
    let reader = io::BufReader::new(DeflateDecoder::new(packed).take(CONTENT_BYTES_MAX));
    let content: BackupContent = serde_json::from_reader(reader).ok()?;
    (content.version == CONTENT_VERSION).then_some(content)
}

/// As it was before it was packed, not sealed.
fn record(packed: BackupRecord) -> Option<Record> {
    let BackupRecord { kind, key, value, stamp, other_stamp } = packed;
    let (key, value) = (STANDARD_NO_PAD.decode(key).ok()?, STANDARD_NO_PAD.decode(value).ok()?);
    // PostgreSQL takes no NUL.
    (!kind.contains('\0')).then_some(())?;
    Some(Record { kind, key, value, stamp, other_stamp })
}

/// What is to be restored. Whoever knows a passphrase can seal anything, so it is read with care.
fn copy(app: &AppState, content: BackupContent) -> ApiResult<SessionCopy> {
    let is_too_long = [
        (&content.device_name, DEVICE_NAME_CHARS_MAX),
        (&content.proxy_url, PROXY_URL_CHARS_MAX),
        (&content.phone_number, PHONE_CHARS_MAX),
        (&content.lineage, LINEAGE_CHARS_MAX),
    ]
    .iter()
    .any(|(text, chars_max)| text.chars().count() > *chars_max || text.contains('\0'));
    // They become part of addresses to which the token is sent.
    let is_odd = content.cloud.as_ref().is_some_and(|cloud| {
        let ids = [&cloud.phone_number_id, &cloud.business_account_id];
        ids.into_iter().any(|id| !id.is_empty() && !is_graph_id(id))
    });
    let provider = ProviderKind::parse(&content.provider).filter(|_| !is_too_long && !is_odd);
    let provider = provider.ok_or(ApiError::refused(FOREIGN))?;
    Ok(SessionCopy {
        lineage: content.lineage,
        revision: content.revision,
        provider,
        device_name: content.device_name,
        phone_number: content.phone_number,
        auto_reconnect: content.auto_reconnect,
        proxy_enabled: content.proxy_enabled,
        proxy_url: content.proxy_url,
        cloud: content.cloud.map(|cloud| sealed_cloud(app, cloud)).transpose()?,
    })
}

fn opened_cloud(app: &AppState, cloud: &CloudNumber) -> ApiResult<BackupCloud> {
    let open = |place, sealed: &str| {
        app.sealer.open(place, sealed).map_err(|_| ApiError::Conflict(UNREADABLE.into()))
    };
    Ok(BackupCloud {
        phone_number_id: cloud.phone_number_id.clone(),
        business_account_id: cloud.business_account_id.clone(),
        access_token: open(ACCESS_TOKEN, &cloud.access_token)?,
        app_secret: open(APP_SECRET, &cloud.app_secret)?,
        previous_app_secret: open(PREVIOUS_APP_SECRET, &cloud.previous_app_secret)?,
    })
}

fn sealed_cloud(app: &AppState, cloud: BackupCloud) -> ApiResult<CloudNumberChanges> {
    let seal =
        |place, secret: &str| app.sealer.seal(place, secret).map(Some).map_err(ApiError::internal);
    Ok(CloudNumberChanges {
        access_token: seal(ACCESS_TOKEN, &cloud.access_token)?,
        app_secret: seal(APP_SECRET, &cloud.app_secret)?,
        previous_app_secret: seal(PREVIOUS_APP_SECRET, &cloud.previous_app_secret)?,
        phone_number_id: Some(cloud.phone_number_id),
        business_account_id: Some(cloud.business_account_id),
    })
}

#[cfg(test)]
mod tests;

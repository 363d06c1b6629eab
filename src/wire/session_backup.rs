//! A number as a file: what people may read of it, and the sealed rest.

use dx_actors::{domain::WhatsAppSession, store::SessionDump};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;
use utoipa::{IntoParams, ToSchema};

use super::{settings::MASK, time::At};

/// The layout of [`BackupContent`].
pub const CONTENT_VERSION: u32 = 1;

/// Um número para guardar ou levar a outro servidor. Tudo o que abre o número está selado em
/// `session_data`, que também confere as outras chaves.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "session_id": 1, "usuario_id": 1, "device_name": "DX Connect Web",
    "phone_number": "5511999999999", "session_data": "dxb1.servidor.h3Jk…", "auto_reconnect": true,
    "proxy_enabled": false, "proxy_url": "", "created_at": "2026-01-01T12:00:00Z",
    "connected_at": null, "export_timestamp": "2026-01-02T12:00:00Z",
}))]
pub struct SessionBackupOut {
    pub session_id: i64,
    /// Quem criou o número.
    #[serde(rename = "usuario_id")]
    pub created_by: Option<i64>,
    pub device_name: String,
    pub phone_number: String,
    /// Selado com a senha do cabeçalho, ou com a chave do servidor.
    pub session_data: String,
    pub auto_reconnect: bool,
    pub proxy_enabled: bool,
    /// Sem usuário e senha, que estão selados.
    pub proxy_url: String,
    pub created_at: At,
    pub connected_at: Option<At>,
    pub export_timestamp: At,
}

impl SessionBackupOut {
    /// The file, not sealed yet.
    pub fn new(session: &WhatsAppSession, now: At) -> Self {
        Self {
            session_id: session.id.0,
            created_by: session.created_by.map(|id| id.0),
            device_name: session.device_name.clone(),
            phone_number: session.phone_number.clone(),
            session_data: String::new(),
            auto_reconnect: session.auto_reconnect,
            proxy_enabled: session.proxy_enabled,
            proxy_url: without_credentials(&session.proxy_url),
            created_at: At(session.created_at),
            connected_at: session.connected_at.map(At),
            export_timestamp: now,
        }
    }

    /// Everything in the file but what is sealed.
    pub fn shown(&self) -> serde_json::Result<Map<String, Value>> {
        let mut shown = match serde_json::to_value(self)? {
            Value::Object(keys) => keys,
            _ => Map::new(),
        };
        shown.remove(SEALED_KEY);
        Ok(shown)
    }
}

/// The key of the sealed part.
pub const SEALED_KEY: &str = "session_data";

/// What is sealed: the file's other keys as they are, and everything that nobody may read.
#[derive(Serialize, Deserialize)]
pub struct BackupContent {
    pub version: u32,
    /// The same in every copy of this number.
    pub lineage: String,
    /// Of two copies the one with the higher revision is the younger one.
    pub revision: i64,
    pub provider: String,
    /// The keys of the file outside.
    pub shown: Map<String, Value>,
    pub device_name: String,
    pub phone_number: String,
    pub auto_reconnect: bool,
    pub proxy_enabled: bool,
    pub proxy_url: String,
    pub cloud: Option<BackupCloud>,
    pub records: Vec<BackupRecord>,
}

/// The access to the Cloud API.
#[derive(Serialize, Deserialize)]
pub struct BackupCloud {
    pub phone_number_id: String,
    pub business_account_id: String,
    pub access_token: String,
    pub app_secret: String,
    pub previous_app_secret: String,
}

/// One record; key and value in base64.
#[derive(Serialize, Deserialize)]
pub struct BackupRecord {
    pub kind: String,
    pub key: String,
    pub value: String,
    pub stamp: i64,
    pub other_stamp: i64,
}

impl BackupContent {
    /// Without records and access to the Cloud API.
    pub fn new(dump: &SessionDump, provider: &str, shown: Map<String, Value>) -> Self {
        let session = &dump.session;
        Self {
            version: CONTENT_VERSION,
            lineage: dump.lineage.clone(),
            revision: dump.revision,
            provider: provider.to_owned(),
            shown,
            device_name: session.device_name.clone(),
            phone_number: session.phone_number.clone(),
            auto_reconnect: session.auto_reconnect,
            proxy_enabled: session.proxy_enabled,
            proxy_url: session.proxy_url.clone(),
            cloud: None,
            records: Vec::new(),
        }
    }

    /// The first key of a file that is not as it was sealed. Keys that are left out are not missed.
    pub fn first_altered<'k>(&self, keys: &'k Map<String, Value>) -> Option<&'k str> {
        keys.iter()
            .filter(|(key, _)| *key != SEALED_KEY)
            .find(|(key, value)| self.shown.get(*key) != Some(*value))
            .map(|(key, _)| key.as_str())
    }
}

/// Only where the proxy is: user and password stand behind `***`.
fn without_credentials(proxy_url: &str) -> String {
    let Ok(url) = Url::parse(proxy_url) else { return String::new() };
    let Some(host) = url.host_str() else { return String::new() };
    let is_secret = !url.username().is_empty() || url.password().is_some();
    let user = if is_secret { format!("{MASK}@") } else { String::new() };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{user}{host}{port}", url.scheme())
}

/// Um número de um arquivo de exportação. Só `session_data` é obrigatório; as outras chaves, quando
/// vêm, têm de ser as do arquivo.
#[derive(ToSchema)]
#[schema(example = json!({
    "device_name": "DX Connect Web", "session_data": "dxb1.servidor.h3Jk…", "auto_reconnect": true,
}))]
pub struct SessionImportIn {
    pub session_data: String,
    #[schema(nullable = false)]
    pub device_name: Option<String>,
    #[schema(nullable = false)]
    pub phone_number: Option<String>,
    #[schema(nullable = false)]
    pub auto_reconnect: Option<bool>,
    #[schema(nullable = false)]
    pub proxy_enabled: Option<bool>,
    #[schema(nullable = false)]
    pub proxy_url: Option<String>,
    #[schema(nullable = false)]
    pub session_id: Option<i64>,
    pub usuario_id: Option<i64>,
    #[schema(nullable = false)]
    pub created_at: Option<String>,
    pub connected_at: Option<String>,
    #[schema(nullable = false)]
    pub export_timestamp: Option<String>,
}

/// Um número restaurado, ainda não conectado.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "message": "Sessão importada com sucesso", "session_id": 1, "created": false,
}))]
pub struct SessionImportedOut {
    pub message: &'static str,
    pub session_id: i64,
    /// `false`: o número já existia aqui.
    pub created: bool,
}

/// A senha do arquivo.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct PassphraseParams {
    /// Com ela o arquivo abre em qualquer servidor; sem ela, só em servidores com a mesma `SECRET_KEY`.
    #[param(rename = "X-Backup-Passphrase", min_length = 12, max_length = 128)]
    pub passphrase: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_shown_without_its_user() {
        let cases = [
            ("", ""),
            ("socks5://u:p@proxy:1080", "socks5://***@proxy:1080"),
            ("http://u@proxy.local/path?token=x", "http://***@proxy.local"),
            ("http://proxy.local:3128", "http://proxy.local:3128"),
            ("u:p@proxy:1080", ""),
            ("no address", ""),
        ];
        for (url, shown) in cases {
            assert_eq!(without_credentials(url), shown, "{url}");
        }
    }
}

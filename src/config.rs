//! The configuration: defaults, then the file, then the environment, then flags.
//!
//! Every source is a layer of texts over the same keys; they are judged once, at the end, so that one
//! message names every faulty key. Nothing else of the program reads the environment.

use std::{
    collections::BTreeMap, fmt, fs, io, net::SocketAddr, ops::RangeInclusive, path::PathBuf,
    time::Duration,
};

use dx_actors::domain::ProviderKind;

use crate::{
    args::Flags,
    media::AddressRules,
    telemetry::{self, LogFormat},
};

const DEFAULTS: &str = include_str!("config.default.toml");
const DEFAULT_FILE: &str = "dx-connect.toml";
/// Shorter secrets can be guessed from a single token.
const SECRET_CHARS_MIN: usize = 16;
const MINUTES_PER_YEAR: u64 = 525_600;
const SECONDS_PER_DAY: u64 = 86_400;
/// Ids of Meta's Graph have 15 to 17 digits today.
const GRAPH_ID_CHARS_MAX: usize = 32;

/// Whether this is an id as Meta's Graph gives them.
pub fn is_graph_id(text: &str) -> bool {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits && !text.is_empty() && text.len() <= GRAPH_ID_CHARS_MAX
}

/// All that can be set; the keys are explained in `config.default.toml`.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Config {
    pub bind_addr: SocketAddr,
    pub data_dir: PathBuf,
    pub database_url: Secret,
    pub secret_key: Option<Secret>,
    /// Opens the figures to who is not on this machine.
    pub metrics_token: Option<Secret>,
    pub admin_password: Option<Secret>,
    pub cors_allowed_origins: Vec<String>,
    pub access_token_lifetime: Duration,
    pub refresh_token_lifetime: Duration,
    /// 0 = off.
    pub rate_limit_per_minute: u32,
    pub public_chat_lookup: bool,
    pub whatsapp_mode: ProviderKind,
    pub whatsapp_webhook_secret: Option<Secret>,
    pub whatsapp_webhook_secret_previous: Option<Secret>,
    pub whatsapp_webhook_verify_token: Option<Secret>,
    pub cloud: CloudConfig,
    pub web: WebConfig,
    pub whatsapp_sandbox_fast: bool,
    pub allow_inject: bool,
    pub cep_viacep_url: String,
    pub cep_brasilapi_url: String,
    pub presence_timeout: Duration,
    pub presence_grace: Duration,
    pub typing_ttl: Duration,
    pub auto_distribute: bool,
    /// Webhooks may go to addresses of the own network, and without TLS.
    pub webhook_allow_private: bool,
    pub strict_documents: bool,
    pub upload_bytes_max: usize,
    pub storage: StorageConfig,
    pub log_level: String,
    pub log_format: LogFormat,
}

impl Config {
    /// Reads all layers; `environment` is handed in so that tests need not change the process.
    pub fn load(
        flags: &Flags,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut layers = Layers::with_defaults();
        layers.add_file(flags);
        layers.add_environment(environment);
        layers.add_flags(flags);
        layers.into_config()
    }

    /// Whom webhooks may be sent to.
    pub fn webhook_addresses(&self) -> AddressRules {
        if self.webhook_allow_private { AddressRules::Any } else { AddressRules::Public }
    }
}

/// Meta's Cloud API: its address, and what the default session needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudConfig {
    /// Without a slash at its end.
    pub api_url: String,
    pub phone_number_id: Option<String>,
    pub business_account_id: Option<String>,
    pub access_token: Option<Secret>,
}

/// WhatsApp Web: where its servers are. Other addresses than the real ones are for tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebConfig {
    /// `wss://`, or `ws://` on this machine.
    pub url: String,
    /// Takes the place of the hosts of files that the network names; without a slash at its end.
    pub media_url: Option<String>,
}

/// Where files are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageConfig {
    /// In `data_dir/files`.
    Local,
    S3(S3Config),
}

/// A bucket of an S3-compatible storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Config {
    pub endpoint: String,
    pub region: String,
    pub bucket: String,
    pub access_key: Secret,
    pub secret_key: Secret,
    /// `endpoint/bucket/key` instead of `bucket.endpoint/key`.
    pub path_style: bool,
}

/// A value that never appears in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Every faulty key with what is wrong, for the person who starts the program.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(BTreeMap<String, String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("configuração inválida:")?;
        for (key, fault) in &self.0 {
            write!(f, "\n  {key}: {fault}")?;
        }
        Ok(())
    }
}

/// The texts of all sources, the later ones above the earlier ones, and what is wrong so far.
struct Layers {
    values: BTreeMap<String, String>,
    faults: BTreeMap<String, String>,
}

impl Layers {
    fn with_defaults() -> Self {
        let mut layers = Self { values: BTreeMap::new(), faults: BTreeMap::new() };
        let defaults: toml::Table = DEFAULTS.parse().expect("the embedded defaults are TOML");
        for (key, value) in &defaults {
            layers.values.insert(key.clone(), text_of(value).expect("defaults are plain values"));
        }
        layers
    }

    fn add_file(&mut self, flags: &Flags) {
        let path = flags.config.clone().unwrap_or_else(|| DEFAULT_FILE.into());
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && flags.config.is_none() => {
                return;
            }
            Err(error) => {
                return self
                    .fault(path.display().to_string(), format!("não pode ser lido ({error})"));
            }
        };
        match text.parse::<toml::Table>() {
            Ok(table) => self.add_table(&table),
            Err(error) => {
                self.fault(
                    path.display().to_string(),
                    format!("não é TOML válido: {}", error.message()),
                );
            }
        }
    }

    fn add_table(&mut self, table: &toml::Table) {
        for (key, value) in table {
            let Some(known) = self.values.get_mut(key) else {
                self.fault(key, "chave desconhecida");
                continue;
            };
            match text_of(value) {
                Some(text) => *known = text,
                None => self.fault(key.to_uppercase(), "deve ser um valor simples ou uma lista"),
            }
        }
    }

    fn add_environment(&mut self, environment: impl IntoIterator<Item = (String, String)>) {
        for (name, value) in environment {
            if value.trim().is_empty() || name.chars().any(|c| c.is_ascii_lowercase()) {
                continue;
            }
            if let Some(known) = self.values.get_mut(&name.to_ascii_lowercase()) {
                *known = value;
            }
        }
    }

    fn add_flags(&mut self, flags: &Flags) {
        let Flags { config: _, bind, data_dir, database_url, log_level } = flags;
        let pairs = [
            ("bind_addr", bind),
            ("data_dir", data_dir),
            ("database_url", database_url),
            ("log_level", log_level),
        ];
        for (key, value) in pairs {
            if let Some(value) = value {
                self.values.insert(key.to_owned(), value.clone());
            }
        }
    }

    fn into_config(mut self) -> Result<Config, ConfigError> {
        let data_dir = PathBuf::from(self.text("data_dir"));
        let whatsapp_mode = self.whatsapp_mode();
        let whatsapp_webhook_secret = self.webhook_secret(whatsapp_mode);
        let cloud = self.cloud(whatsapp_mode);
        let config = Config {
            bind_addr: self.bind_addr(),
            database_url: self.database_url(&data_dir),
            data_dir,
            secret_key: self.long_secret("secret_key"),
            metrics_token: self.long_secret("metrics_token"),
            admin_password: self.optional("admin_password").map(Secret),
            cors_allowed_origins: self.origins(),
            access_token_lifetime: self.minutes("jwt_access_token_lifetime"),
            refresh_token_lifetime: self.minutes("jwt_refresh_token_lifetime"),
            rate_limit_per_minute: self.number("rate_limit_per_minute", 0..=1_000_000),
            public_chat_lookup: self.switch("public_chat_lookup"),
            whatsapp_mode,
            whatsapp_webhook_verify_token: self
                .optional("whatsapp_webhook_verify_token")
                .map(Secret)
                .or_else(|| whatsapp_webhook_secret.clone()),
            whatsapp_webhook_secret,
            whatsapp_webhook_secret_previous: self
                .optional("whatsapp_webhook_secret_previous")
                .map(Secret),
            cloud,
            web: self.web(),
            whatsapp_sandbox_fast: self.switch("whatsapp_sandbox_fast"),
            allow_inject: self.allow_inject(whatsapp_mode),
            cep_viacep_url: self.cep_url("cep_viacep_url"),
            cep_brasilapi_url: self.cep_url("cep_brasilapi_url"),
            presence_timeout: self.seconds("presence_timeout_seconds", 1..=SECONDS_PER_DAY),
            presence_grace: self.seconds("presence_grace_seconds", 0..=SECONDS_PER_DAY),
            typing_ttl: self.seconds("typing_ttl_seconds", 1..=30),
            auto_distribute: self.switch("auto_distribute"),
            webhook_allow_private: self.switch("webhook_allow_private"),
            strict_documents: self.switch("strict_documents"),
            upload_bytes_max: self.number::<usize>("max_upload_mb", 1..=1024) * 1024 * 1024,
            storage: self.storage(),
            log_level: self.log_level(),
            log_format: self.log_format(),
        };
        if self.faults.is_empty() { Ok(config) } else { Err(ConfigError(self.faults)) }
    }

    fn bind_addr(&mut self) -> SocketAddr {
        let text = self.text("bind_addr");
        text.parse().unwrap_or_else(|_| {
            self.fault("BIND_ADDR", format!("\"{text}\" não é um endereço na forma IP:porta"));
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    fn database_url(&mut self, data_dir: &std::path::Path) -> Secret {
        let text = self.text("database_url");
        if text.is_empty() {
            return Secret(format!("sqlite:{}", data_dir.join("dx-connect.db").display()));
        }
        if !["sqlite:", "postgres://", "postgresql://"].iter().any(|s| text.starts_with(s)) {
            self.fault("DATABASE_URL", "deve começar com sqlite: ou postgres://");
        }
        Secret(text)
    }

    fn long_secret(&mut self, key: &str) -> Option<Secret> {
        let secret = self.optional(key)?;
        if secret.chars().count() < SECRET_CHARS_MIN {
            let fault = format!("deve ter pelo menos {SECRET_CHARS_MIN} caracteres");
            self.fault(key.to_uppercase(), fault);
        }
        Some(Secret(secret))
    }

    fn whatsapp_mode(&mut self) -> ProviderKind {
        match self.text("whatsapp_mode").to_lowercase().as_str() {
            "sandbox" => ProviderKind::Sandbox,
            "web" => ProviderKind::Web,
            "cloud" => ProviderKind::Cloud,
            other => {
                self.fault("WHATSAPP_MODE", format!("\"{other}\" não é sandbox, web nem cloud"));
                ProviderKind::Sandbox
            }
        }
    }

    fn webhook_secret(&mut self, mode: ProviderKind) -> Option<Secret> {
        let secret = self.optional("whatsapp_webhook_secret");
        if secret.is_none() && mode == ProviderKind::Cloud {
            self.fault("WHATSAPP_WEBHOOK_SECRET", "é obrigatória quando WHATSAPP_MODE é cloud");
        }
        secret.map(Secret)
    }

    fn cloud(&mut self, mode: ProviderKind) -> CloudConfig {
        let api_url = self.text("whatsapp_cloud_api_url");
        let is_url = |url: &str| {
            url.parse().is_ok_and(|url: reqwest::Url| {
                matches!(url.scheme(), "http" | "https") && url.query().is_none()
            })
        };
        if !is_url(&api_url) {
            self.fault("WHATSAPP_CLOUD_API_URL", "deve ser um endereço http:// ou https://");
        }
        let mut needed = |key: &str| {
            let value = self.optional(key);
            if value.is_none() && mode == ProviderKind::Cloud {
                self.fault(key.to_uppercase(), "é obrigatória quando WHATSAPP_MODE é cloud");
            }
            value
        };
        let phone_number_id = needed("whatsapp_cloud_phone_number_id");
        let business_account_id = needed("whatsapp_cloud_business_account_id");
        let access_token = needed("whatsapp_cloud_access_token").map(Secret);
        let ids = [
            ("WHATSAPP_CLOUD_PHONE_NUMBER_ID", &phone_number_id),
            ("WHATSAPP_CLOUD_BUSINESS_ACCOUNT_ID", &business_account_id),
        ];
        for (key, value) in ids {
            if value.as_deref().is_some_and(|id| !is_graph_id(id)) {
                self.fault(key, "deve ter só algarismos: é o id da Meta, não o número");
            }
        }
        let api_url = api_url.trim_end_matches('/').to_owned();
        CloudConfig { api_url, phone_number_id, business_account_id, access_token }
    }

    fn web(&mut self) -> WebConfig {
        let url = self.text("whatsapp_web_url");
        if !is_secure_or_local(&url, ["wss", "ws"]) {
            self.fault("WHATSAPP_WEB_URL", "deve ser wss://, ou ws:// no próprio computador");
        }
        let media_url = self.optional("whatsapp_web_media_url");
        if media_url.as_deref().is_some_and(|url| !is_secure_or_local(url, ["https", "http"])) {
            let fault = "deve ser https://, ou http:// no próprio computador";
            self.fault("WHATSAPP_WEB_MEDIA_URL", fault);
        }
        let media_url = media_url.map(|url| url.trim_end_matches('/').to_owned());
        WebConfig { url, media_url }
    }

    fn allow_inject(&mut self, mode: ProviderKind) -> bool {
        if self.text("allow_inject").is_empty() {
            return mode == ProviderKind::Sandbox;
        }
        self.switch("allow_inject")
    }

    fn origins(&mut self) -> Vec<String> {
        let text = self.text("cors_allowed_origins");
        let origins: Vec<_> =
            text.split(',').map(str::trim).filter(|o| !o.is_empty()).map(str::to_owned).collect();
        if let Some(wrong) = origins.iter().find(|origin| !is_origin(origin)) {
            let fault = format!("\"{wrong}\" não é uma origem na forma https://servidor[:porta]");
            self.fault("CORS_ALLOWED_ORIGINS", fault);
        }
        origins
    }

    fn cep_url(&mut self, key: &str) -> String {
        let text = self.text(key);
        if !(text.starts_with("http://") || text.starts_with("https://")) {
            self.fault(key.to_uppercase(), "deve começar com http:// ou https://");
        }
        text
    }

    fn storage(&mut self) -> StorageConfig {
        match self.text("storage_backend").to_lowercase().as_str() {
            "s3" => StorageConfig::S3(self.s3()),
            "local" => {
                // Whoever names a bucket believes that files go there.
                if self.optional("s3_bucket").is_some() {
                    self.fault("S3_BUCKET", "só vale quando STORAGE_BACKEND é s3");
                }
                StorageConfig::Local
            }
            other => {
                self.fault("STORAGE_BACKEND", format!("\"{other}\" não é local nem s3"));
                StorageConfig::Local
            }
        }
    }

    fn s3(&mut self) -> S3Config {
        let region = self.s3_text("s3_region");
        let amazon = || format!("https://s3.{region}.amazonaws.com");
        let endpoint = self.optional("s3_endpoint").unwrap_or_else(amazon);
        if !endpoint.parse().is_ok_and(|url: reqwest::Url| {
            matches!(url.scheme(), "http" | "https") && url.query().is_none()
        }) {
            self.fault("S3_ENDPOINT", "deve ser um endereço http:// ou https://");
        }
        S3Config {
            endpoint,
            region,
            bucket: self.s3_text("s3_bucket"),
            access_key: Secret(self.s3_text("s3_access_key")),
            secret_key: Secret(self.s3_text("s3_secret_key")),
            path_style: self.switch("s3_path_style"),
        }
    }

    fn s3_text(&mut self, key: &str) -> String {
        self.optional(key).unwrap_or_else(|| {
            self.fault(key.to_uppercase(), "é obrigatória quando STORAGE_BACKEND é s3");
            String::new()
        })
    }

    fn log_level(&mut self) -> String {
        let text = self.text("log_level");
        telemetry::parse_level(&text).unwrap_or_else(|| {
            let fault = format!("\"{text}\" não é error, warn, info, debug nem trace");
            self.fault("LOG_LEVEL", fault);
            String::new()
        })
    }

    fn log_format(&mut self) -> LogFormat {
        match self.text("log_format").to_lowercase().as_str() {
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            other => {
                self.fault("LOG_FORMAT", format!("\"{other}\" não é text nem json"));
                LogFormat::Text
            }
        }
    }

    fn minutes(&mut self, key: &str) -> Duration {
        Duration::from_secs(60 * self.number::<u64>(key, 1..=MINUTES_PER_YEAR))
    }

    fn seconds(&mut self, key: &str, range: RangeInclusive<u64>) -> Duration {
        Duration::from_secs(self.number(key, range))
    }

    fn number<N: TryFrom<u64> + Default>(&mut self, key: &str, range: RangeInclusive<u64>) -> N {
        let text = self.text(key);
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.and_then(|number| N::try_from(number).ok()).unwrap_or_else(|| {
            let (low, high) = (range.start(), range.end());
            let fault = format!("\"{text}\" não é um número inteiro de {low} a {high}");
            self.fault(key.to_uppercase(), fault);
            N::default()
        })
    }

    fn switch(&mut self, key: &str) -> bool {
        let text = self.text(key);
        match text.to_lowercase().as_str() {
            "1" | "true" | "on" | "yes" | "sim" => true,
            "0" | "false" | "off" | "no" | "não" | "nao" => false,
            _ => {
                self.fault(key.to_uppercase(), format!("\"{text}\" não é 0, 1, true nem false"));
                false
            }
        }
    }

    fn optional(&self, key: &str) -> Option<String> {
        Some(self.text(key)).filter(|text| !text.is_empty())
    }

    fn text(&self, key: &str) -> String {
        self.values.get(key).map(|text| text.trim().to_owned()).unwrap_or_default()
    }

    fn fault(&mut self, key: impl Into<String>, what: impl Into<String>) {
        self.faults.entry(key.into()).or_insert_with(|| what.into());
    }
}

/// A value of the file as the environment would spell it; `None` for tables and nested lists.
fn text_of(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::Array(items) => {
            let texts: Option<Vec<_>> =
                items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
            texts.map(|texts| texts.join(","))
        }
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(switch) => Some(switch.to_string()),
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else { return false };
    matches!(scheme, "http" | "https")
        && !host.is_empty()
        && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:[]".contains(c))
}

/// Encrypted on the way, or not on its way at all: this machine's own addresses.
fn is_secure_or_local(text: &str, [secure, plain]: [&str; 2]) -> bool {
    let Ok(url) = text.parse::<url::Url>() else { return false };
    let is_local = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => return false,
    };
    url.scheme() == secure || (url.scheme() == plain && is_local)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        // An empty file, so that none in the working folder is read.
        let (_file, flags) = file("");
        load_with(&flags, environment)
    }

    fn load_with(flags: &Flags, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::load(flags, environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    fn file(text: &str) -> (tempfile::NamedTempFile, Flags) {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let flags = Flags { config: Some(file.path().to_owned()), ..Flags::default() };
        (file, flags)
    }

    #[test]
    fn the_defaults_alone_are_a_valid_configuration() {
        let config = load(&[]).unwrap();
        assert_eq!(config.bind_addr.to_string(), "127.0.0.1:8001");
        assert_eq!(config.database_url.reveal(), "sqlite:./data/dx-connect.db");
        assert_eq!(config.access_token_lifetime, Duration::from_hours(1));
        assert_eq!(config.refresh_token_lifetime, Duration::from_hours(24));
        assert_eq!(config.whatsapp_mode, ProviderKind::Sandbox);
        assert_eq!(config.cors_allowed_origins.len(), 4);
        assert_eq!(config.upload_bytes_max, 20 * 1024 * 1024);
        assert!(config.allow_inject && config.auto_distribute && config.public_chat_lookup);
        assert!(!config.strict_documents && config.secret_key.is_none());
    }

    #[test]
    fn flags_stand_above_the_environment_above_the_file() {
        let (_file, mut flags) = file("bind_addr = \"0.0.0.1:1\"\nmax_upload_mb = 1\n");
        let read = |flags: &Flags, env: &[(&str, &str)]| {
            load_with(flags, env).unwrap().bind_addr.to_string()
        };
        assert_eq!(read(&flags, &[]), "0.0.0.1:1");
        let env = [("BIND_ADDR", "0.0.0.2:2"), ("bind_addr", "ignored")];
        assert_eq!(read(&flags, &env), "0.0.0.2:2");
        flags.bind = Some("0.0.0.3:3".into());
        assert_eq!(read(&flags, &env), "0.0.0.3:3");
        assert_eq!(load_with(&flags, &[]).unwrap().upload_bytes_max, 1024 * 1024);
    }

    #[test]
    fn an_empty_variable_is_unset() {
        assert_eq!(load(&[("MAX_UPLOAD_MB", ""), ("LOG_LEVEL", " ")]).unwrap().log_level, "info");
    }

    #[test]
    fn each_wrong_value_names_its_key() {
        let cases = [
            ("BIND_ADDR", "localhost"),
            ("DATABASE_URL", "mysql://x"),
            ("SECRET_KEY", "short"),
            ("CORS_ALLOWED_ORIGINS", "http://ok.br,*"),
            ("CORS_ALLOWED_ORIGINS", "http://ok.br/path"),
            ("JWT_ACCESS_TOKEN_LIFETIME", "0"),
            ("JWT_REFRESH_TOKEN_LIFETIME", "-1"),
            ("RATE_LIMIT_PER_MINUTE", "many"),
            ("PUBLIC_CHAT_LOOKUP", "maybe"),
            ("WHATSAPP_MODE", "stub"),
            ("WHATSAPP_CLOUD_API_URL", "graph.facebook.com"),
            ("WHATSAPP_CLOUD_PHONE_NUMBER_ID", "+55 11 99999-9999"),
            ("WHATSAPP_CLOUD_BUSINESS_ACCOUNT_ID", "conta"),
            ("WHATSAPP_WEB_URL", "ws://web.whatsapp.com/ws/chat"),
            ("WHATSAPP_WEB_URL", "web.whatsapp.com"),
            ("WHATSAPP_WEB_MEDIA_URL", "http://10.0.0.1:8080"),
            ("ALLOW_INJECT", "2"),
            ("CEP_VIACEP_URL", "ftp://x"),
            ("PRESENCE_TIMEOUT_SECONDS", "1.5"),
            ("TYPING_TTL_SECONDS", "31"),
            ("MAX_UPLOAD_MB", "0"),
            ("STORAGE_BACKEND", "ftp"),
            ("S3_BUCKET", "ignored"),
            ("LOG_LEVEL", "loud"),
            ("LOG_FORMAT", "xml"),
        ];
        for (key, value) in cases {
            let ConfigError(faults) = load(&[(key, value)]).unwrap_err();
            assert_eq!(faults.keys().collect::<Vec<_>>(), [key], "{key}={value}");
        }
    }

    #[test]
    fn one_message_names_every_faulty_key() {
        let (_file, flags) = file("colour = 1\nlog_format = 7\n[nested]\na = 1\n");
        let env = [("WHATSAPP_MODE", "cloud"), ("MAX_UPLOAD_MB", "x")];
        let message = load_with(&flags, &env).unwrap_err().to_string();
        for key in ["colour", "nested", "LOG_FORMAT", "WHATSAPP_WEBHOOK_SECRET", "MAX_UPLOAD_MB"] {
            assert!(message.contains(&format!("\n  {key}: ")), "{key} in {message}");
        }
    }

    #[test]
    fn a_secret_is_not_repeated_in_messages() {
        let env = [("SECRET_KEY", "hunter2"), ("DATABASE_URL", "mysql://u:hunter2@h")];
        assert!(!load(&env).unwrap_err().to_string().contains("hunter2"));
        let env = [("ADMIN_PASSWORD", "hunter2")];
        assert!(!format!("{:?}", load(&env).unwrap()).contains("hunter2"));
    }

    #[test]
    fn a_named_file_must_exist_and_be_toml() {
        let flags = Flags { config: Some("/nowhere/x.toml".into()), ..Flags::default() };
        assert!(load_with(&flags, &[]).unwrap_err().to_string().contains("/nowhere/x.toml"));
        let (_file, flags) = file("a = = b");
        assert!(load_with(&flags, &[]).unwrap_err().to_string().contains("TOML"));
    }

    #[test]
    fn an_s3_storage_needs_a_bucket_and_keys() {
        let ConfigError(faults) = load(&[("STORAGE_BACKEND", "s3")]).unwrap_err();
        let keys: Vec<_> = faults.keys().collect();
        assert_eq!(keys, ["S3_ACCESS_KEY", "S3_BUCKET", "S3_SECRET_KEY"]);
        let good = [
            ("STORAGE_BACKEND", "S3"),
            ("S3_BUCKET", "documentos"),
            ("S3_ACCESS_KEY", "AKIA"),
            ("S3_SECRET_KEY", "hunter2"),
        ];
        let config = load(&good).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
        let StorageConfig::S3(s3) = config.storage else { panic!("not S3") };
        assert_eq!(s3.endpoint, "https://s3.us-east-1.amazonaws.com");
        assert!(s3.path_style);
        for endpoint in ["localhost:9000", "ftp://x", "http://x/?a=1"] {
            let env = [good.as_slice(), &[("S3_ENDPOINT", endpoint)]].concat();
            let ConfigError(faults) = load(&env).unwrap_err();
            assert_eq!(faults.keys().collect::<Vec<_>>(), ["S3_ENDPOINT"], "{endpoint}");
        }
        let ConfigError(faults) =
            load(&[("STORAGE_BACKEND", "s3"), ("S3_PATH_STYLE", "x")]).unwrap_err();
        assert!(faults.contains_key("S3_PATH_STYLE"));
    }

    #[test]
    fn cloud_mode_closes_inject_and_verifies_with_the_secret() {
        let env = [
            ("WHATSAPP_MODE", "cloud"),
            ("WHATSAPP_WEBHOOK_SECRET", "s3cret"),
            ("WHATSAPP_CLOUD_PHONE_NUMBER_ID", "106540352242922"),
            ("WHATSAPP_CLOUD_BUSINESS_ACCOUNT_ID", "102290129340398"),
            ("WHATSAPP_CLOUD_ACCESS_TOKEN", "EAAhunter2"),
            ("WHATSAPP_CLOUD_API_URL", "http://127.0.0.1:1/"),
        ];
        let config = load(&env).unwrap();
        assert!(!config.allow_inject);
        assert!(!format!("{config:?}").contains("hunter2"));
        assert_eq!(config.cloud.api_url, "http://127.0.0.1:1");
        assert_eq!(config.whatsapp_webhook_verify_token.unwrap().reveal(), "s3cret");
    }

    #[test]
    fn another_network_is_reached_in_the_open_only_on_this_machine() {
        let config = load(&[]).unwrap();
        assert_eq!(config.web.url, "wss://web.whatsapp.com/ws/chat");
        assert_eq!(config.web.media_url, None);
        let env = [
            ("WHATSAPP_WEB_URL", "ws://127.0.0.1:5/ws/chat"),
            ("WHATSAPP_WEB_MEDIA_URL", "http://[::1]:6/"),
        ];
        let config = load(&env).unwrap();
        assert_eq!(config.web.url, "ws://127.0.0.1:5/ws/chat");
        assert_eq!(config.web.media_url.as_deref(), Some("http://[::1]:6"));
    }

    #[test]
    fn cloud_mode_names_everything_that_it_needs() {
        let ConfigError(faults) = load(&[("WHATSAPP_MODE", "cloud")]).unwrap_err();
        let keys: Vec<_> = faults.keys().collect();
        let expected = [
            "WHATSAPP_CLOUD_ACCESS_TOKEN",
            "WHATSAPP_CLOUD_BUSINESS_ACCOUNT_ID",
            "WHATSAPP_CLOUD_PHONE_NUMBER_ID",
            "WHATSAPP_WEBHOOK_SECRET",
        ];
        assert_eq!(keys, expected);
    }
}

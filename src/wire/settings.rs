//! Settings (configurações): the sections as clients read them. Secrets never leave: a mask says whether
//! there is one.

use std::collections::BTreeMap;

use dx_actors::domain::settings::{
    Address, AppearanceSettings, BankAccount, ChatSettings, CompanySettings, EmailSettings,
    Interval, OpeningHours, Pix, Sealed, Settings, WhatsAppSettings,
};
use serde::Serialize;

use super::{
    document_template::{DocumentTemplateOut, templates_out},
    time::At,
};

/// What stands for a secret that is set.
pub const MASK: &str = "***";

/// `GET /config/`.
#[derive(Debug, Serialize)]
pub struct SettingsOut {
    pub id: i64,
    #[serde(rename = "company_data")]
    pub company: CompanyOut,
    #[serde(rename = "chat_settings")]
    pub chat: ChatSettingsOut,
    #[serde(rename = "email_settings")]
    pub email: EmailOut,
    #[serde(rename = "appearance_settings")]
    pub appearance: AppearanceOut,
    #[serde(rename = "whatsapp_settings")]
    pub whatsapp: WhatsAppOut,
    pub document_templates: BTreeMap<String, DocumentTemplateOut>,
    pub created_at: At,
    pub updated_at: At,
}

impl SettingsOut {
    /// There is one set of settings; it is as old as the installation.
    pub fn new(settings: Settings, created_at: At) -> Self {
        let Settings { company, chat, email, appearance, whatsapp, documents, updated_at } =
            settings;
        Self {
            id: 1,
            company: CompanyOut::new(company),
            chat: ChatSettingsOut::new(chat),
            email: EmailOut::new(email),
            appearance: AppearanceOut::new(appearance),
            whatsapp: WhatsAppOut::new(whatsapp),
            document_templates: templates_out(documents.all()),
            created_at,
            updated_at: updated_at.map_or(created_at, At),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct CompanyOut {
    #[serde(rename = "razao_social")]
    pub legal_name: String,
    #[serde(rename = "nome_fantasia")]
    pub trade_name: String,
    /// Another name of `nome_fantasia`.
    #[serde(rename = "nome")]
    pub name: String,
    #[serde(rename = "cnpj")]
    pub tax_id: String,
    #[serde(rename = "inscricao_estadual")]
    pub state_registration: String,
    #[serde(rename = "inscricao_municipal")]
    pub city_registration: String,
    #[serde(rename = "regime_tributario")]
    pub tax_regime: String,
    #[serde(rename = "cnae_principal")]
    pub main_activity: String,
    #[serde(rename = "telefone")]
    pub phone: String,
    pub email: String,
    #[serde(rename = "site")]
    pub website: String,
    #[serde(rename = "endereco")]
    pub address: AddressOut,
    #[serde(rename = "dados_bancarios")]
    pub bank: BankAccountOut,
    pub pix: PixOut,
}

impl CompanyOut {
    pub fn new(company: CompanySettings) -> Self {
        let CompanySettings {
            legal_name,
            trade_name,
            tax_id,
            state_registration,
            city_registration,
            tax_regime,
            main_activity,
            phone,
            email,
            website,
            address,
            bank,
            pix,
        } = company;
        Self {
            legal_name,
            name: trade_name.clone(),
            trade_name,
            tax_id,
            state_registration,
            city_registration,
            tax_regime,
            main_activity,
            phone,
            email,
            website,
            address: AddressOut::new(address),
            bank: BankAccountOut::new(bank),
            pix: PixOut::new(pix),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct AddressOut {
    #[serde(rename = "cep")]
    pub postal_code: String,
    #[serde(rename = "logradouro")]
    pub street: String,
    #[serde(rename = "numero")]
    pub number: String,
    #[serde(rename = "complemento")]
    pub complement: String,
    #[serde(rename = "bairro")]
    pub district: String,
    #[serde(rename = "cidade")]
    pub city: String,
    #[serde(rename = "uf")]
    pub state: String,
}

impl AddressOut {
    fn new(address: Address) -> Self {
        let Address { postal_code, street, number, complement, district, city, state } = address;
        Self { postal_code, street, number, complement, district, city, state }
    }
}

#[derive(Debug, Serialize)]
pub struct BankAccountOut {
    #[serde(rename = "banco")]
    pub bank: String,
    #[serde(rename = "agencia")]
    pub branch: String,
    #[serde(rename = "agencia_digito")]
    pub branch_digit: String,
    #[serde(rename = "conta")]
    pub account: String,
    #[serde(rename = "conta_digito")]
    pub account_digit: String,
    #[serde(rename = "carteira")]
    pub wallet: String,
    #[serde(rename = "convenio")]
    pub agreement: String,
}

impl BankAccountOut {
    fn new(account: BankAccount) -> Self {
        let BankAccount { bank, branch, branch_digit, account, account_digit, wallet, agreement } =
            account;
        Self { bank, branch, branch_digit, account, account_digit, wallet, agreement }
    }
}

#[derive(Debug, Serialize)]
pub struct PixOut {
    #[serde(rename = "chave")]
    pub key: String,
    #[serde(rename = "nome")]
    pub name: String,
    #[serde(rename = "cidade")]
    pub city: String,
}

impl PixOut {
    fn new(pix: Pix) -> Self {
        let Pix { key, name, city } = pix;
        Self { key, name, city }
    }
}

#[derive(Debug, Serialize)]
pub struct ChatSettingsOut {
    #[serde(rename = "mensagem_saudacao")]
    pub greeting: String,
    /// Another name of `mensagem_saudacao`.
    #[serde(rename = "mensagem_boas_vindas")]
    pub welcome: String,
    #[serde(rename = "mensagem_fora_expediente")]
    pub out_of_hours_message: String,
    #[serde(rename = "mensagem_ausente")]
    pub absence_message: String,
    #[serde(rename = "mensagem_encerramento")]
    pub closing_message: String,
    #[serde(rename = "mensagem_inatividade")]
    pub inactivity_message: String,
    #[serde(rename = "timeout_inatividade_minutos")]
    pub inactivity_timeout_minutes: i64,
    #[serde(rename = "limite_chats_simultaneos")]
    pub chats_per_agent: i64,
    #[serde(rename = "distribuicao_automatica")]
    pub auto_distribute: bool,
    #[serde(rename = "horario_funcionamento")]
    pub opening_hours: OpeningHoursOut,
}

impl ChatSettingsOut {
    pub fn new(chat: ChatSettings) -> Self {
        let ChatSettings {
            greeting,
            out_of_hours_message,
            absence_message,
            closing_message,
            inactivity_message,
            inactivity_timeout_minutes,
            chats_per_agent,
            auto_distribute,
            opening_hours,
        } = chat;
        Self {
            welcome: greeting.clone(),
            greeting,
            out_of_hours_message,
            absence_message,
            closing_message,
            inactivity_message,
            inactivity_timeout_minutes,
            chats_per_agent,
            auto_distribute,
            opening_hours: OpeningHoursOut::new(&opening_hours),
        }
    }
}

/// One interval as an object, closed days as one without times, several as a list.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum DayOut {
    Single(IntervalOut),
    Several(Vec<IntervalOut>),
}

#[derive(Debug, Serialize)]
pub struct IntervalOut {
    #[serde(rename = "inicio")]
    pub start: Option<String>,
    #[serde(rename = "fim")]
    pub end: Option<String>,
}

impl DayOut {
    fn new(intervals: &[Interval]) -> Self {
        match intervals {
            [] => Self::Single(IntervalOut { start: None, end: None }),
            [single] => Self::Single(IntervalOut::new(*single)),
            several => Self::Several(several.iter().copied().map(IntervalOut::new).collect()),
        }
    }
}

impl IntervalOut {
    fn new(interval: Interval) -> Self {
        let Interval { start_minute, end_minute } = interval;
        let text = |minute: u16| Some(format!("{:02}:{:02}", minute / 60, minute % 60));
        Self { start: text(start_minute), end: text(end_minute) }
    }
}

#[derive(Debug, Serialize)]
pub struct OpeningHoursOut {
    #[serde(rename = "segunda")]
    pub monday: DayOut,
    #[serde(rename = "terca")]
    pub tuesday: DayOut,
    #[serde(rename = "quarta")]
    pub wednesday: DayOut,
    #[serde(rename = "quinta")]
    pub thursday: DayOut,
    #[serde(rename = "sexta")]
    pub friday: DayOut,
    #[serde(rename = "sabado")]
    pub saturday: DayOut,
    #[serde(rename = "domingo")]
    pub sunday: DayOut,
}

impl OpeningHoursOut {
    fn new(hours: &OpeningHours) -> Self {
        let OpeningHours { monday, tuesday, wednesday, thursday, friday, saturday, sunday } = hours;
        Self {
            monday: DayOut::new(monday),
            tuesday: DayOut::new(tuesday),
            wednesday: DayOut::new(wednesday),
            thursday: DayOut::new(thursday),
            friday: DayOut::new(friday),
            saturday: DayOut::new(saturday),
            sunday: DayOut::new(sunday),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct EmailOut {
    pub smtp_host: String,
    pub smtp_port: i64,
    #[serde(rename = "smtp_usuario")]
    pub smtp_user: String,
    /// Only in the answer to a change.
    #[serde(rename = "smtp_senha", skip_serializing_if = "Option::is_none")]
    pub smtp_password: Option<&'static str>,
    #[serde(rename = "smtp_ssl")]
    pub uses_tls: bool,
    #[serde(rename = "email_from")]
    pub sender: String,
}

impl EmailOut {
    pub fn new(email: EmailSettings) -> Self {
        let EmailSettings { smtp_host, smtp_port, smtp_user, smtp_password: _, uses_tls, sender } =
            email;
        Self { smtp_host, smtp_port, smtp_user, smtp_password: None, uses_tls, sender }
    }

    /// With the mask of the password.
    pub fn after_change(email: EmailSettings) -> Self {
        let smtp_password = Some(mask(&email.smtp_password));
        Self { smtp_password, ..Self::new(email) }
    }
}

#[derive(Debug, Serialize)]
pub struct AppearanceOut {
    pub login_logo_url: String,
    /// Another name of `login_logo_url`.
    pub logo_url: String,
    pub favicon_url: String,
    pub primary_color: String,
    pub secondary_color: String,
    pub custom_css: String,
}

impl AppearanceOut {
    pub fn new(appearance: AppearanceSettings) -> Self {
        let AppearanceSettings {
            logo_url,
            favicon_url,
            primary_color,
            secondary_color,
            custom_css,
            logo_file: _,
            favicon_file: _,
        } = appearance;
        let login_logo_url = logo_url.clone();
        Self { login_logo_url, logo_url, favicon_url, primary_color, secondary_color, custom_css }
    }
}

#[derive(Debug, Serialize)]
pub struct WhatsAppOut {
    #[serde(rename = "enabled")]
    pub is_enabled: bool,
    pub device_name: String,
    pub stealth_mode: bool,
    pub human_delays: bool,
    pub reconnect_backoff_seconds: i64,
    pub session_data: &'static str,
    pub proxy_url: &'static str,
}

impl WhatsAppOut {
    pub fn new(whatsapp: WhatsAppSettings) -> Self {
        let WhatsAppSettings {
            is_enabled,
            device_name,
            stealth_mode,
            human_delays,
            reconnect_backoff_seconds,
            session_data,
            proxy_url,
        } = whatsapp;
        Self {
            is_enabled,
            device_name,
            stealth_mode,
            human_delays,
            reconnect_backoff_seconds,
            session_data: mask(&session_data),
            proxy_url: mask(&proxy_url),
        }
    }
}

fn mask(secret: &Sealed) -> &'static str {
    if secret.is_empty() { "" } else { MASK }
}

//! Settings (configurações): the sections as clients read them. Secrets never leave: a mask says whether
//! there is one.

use dx_actors::domain::settings::{
    Address, AppearanceSettings, BankAccount, ChatSettings, CompanySettings, EmailSettings, Pix,
    Sealed, Settings, WhatsAppSettings,
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{ToSchema, openapi::Object};

use super::{
    document_template::{TemplatesOut, templates_out},
    opening_hours::{HolidayOut, OpeningHoursOut},
    time::At,
};
use crate::openapi::schemas::{described, one_of};

/// What stands for a secret that is set.
pub const MASK: &str = "***";

/// Todas as seções.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 1,
    "company_data": company_example(), "chat_settings": chat_example(),
    "email_settings": email_example(), "appearance_settings": appearance_example(),
    "whatsapp_settings": whatsapp_example(),
    "document_templates": {"contrato_padrao": {"nome": "Contrato", "tipo": "contrato",
        "conteudo": "{{empresa_nome}} e {{cliente_nome}} acordam: …", "variaveis": []}},
    "created_at": "2026-01-02T12:00:00Z", "updated_at": "2026-01-03T12:00:00Z",
}))]
pub struct SettingsOut {
    /// Sempre 1.
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
    pub document_templates: TemplatesOut,
    /// Desde quando a instalação existe.
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

/// Quem a empresa é. O que não foi informado é vazio.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!(company_example()))]
pub struct CompanyOut {
    #[serde(rename = "razao_social")]
    pub legal_name: String,
    #[serde(rename = "nome_fantasia")]
    pub trade_name: String,
    /// Outro nome de `nome_fantasia`.
    #[serde(rename = "nome")]
    pub name: String,
    /// Sem pontuação.
    #[serde(rename = "cnpj")]
    pub tax_id: String,
    #[serde(rename = "inscricao_estadual")]
    pub state_registration: String,
    #[serde(rename = "inscricao_municipal")]
    pub city_registration: String,
    #[serde(rename = "regime_tributario")]
    #[schema(schema_with = shown_tax_regime)]
    pub tax_regime: String,
    /// 7 dígitos.
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

/// O endereço da empresa.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddressOut {
    /// 8 dígitos.
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
    /// Sigla do estado.
    #[serde(rename = "uf")]
    pub state: String,
}

impl AddressOut {
    fn new(address: Address) -> Self {
        let Address { postal_code, street, number, complement, district, city, state } = address;
        Self { postal_code, street, number, complement, district, city, state }
    }
}

/// A conta em que boletos são cobrados.
#[derive(Debug, Serialize, ToSchema)]
pub struct BankAccountOut {
    /// Código de 3 dígitos.
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

/// A chave Pix dos boletos.
#[derive(Debug, Serialize, ToSchema)]
pub struct PixOut {
    #[serde(rename = "chave")]
    pub key: String,
    /// Vazio: a razão social.
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

/// Como os chats são atendidos.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!(chat_example()))]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on a screen")]
pub struct ChatSettingsOut {
    /// Enviada quando um chat começa. Aqui e abaixo: vazia, nada é enviado; `{{nome}}`, `{{departamento}}` e
    /// `{{protocolo}}` são preenchidos.
    #[serde(rename = "mensagem_saudacao")]
    pub greeting: String,
    /// Outro nome de `mensagem_saudacao`.
    #[serde(rename = "mensagem_boas_vindas")]
    pub welcome: String,
    /// Enviada no lugar da saudação fora do horário de funcionamento, uma vez por atendimento. O cliente
    /// entra na fila do mesmo jeito.
    #[serde(rename = "mensagem_fora_expediente")]
    pub out_of_hours_message: String,
    /// Enviada quando não há quem atenda, uma vez por atendimento. `{{posicao}}` é o lugar na fila,
    /// `{{espera}}` o tempo provável; sem dados para isso, a frase que o contém é omitida.
    #[serde(rename = "mensagem_ausente")]
    pub absence_message: String,
    /// Enviada quando uma pessoa encerra o chat.
    #[serde(rename = "mensagem_encerramento")]
    pub closing_message: String,
    /// Aviso enviado antes que o chat seja encerrado porque o cliente não responde. `{{minutos}}`: quanto
    /// falta.
    #[serde(rename = "mensagem_inatividade")]
    pub inactivity_message: String,
    /// Minutos sem resposta do cliente até que o chat seja encerrado.
    #[serde(rename = "timeout_inatividade_minutos")]
    pub inactivity_timeout_minutes: i64,
    /// Quantos minutos antes vai o aviso, no máximo metade do tempo; 0: nenhum aviso.
    #[serde(rename = "minutos_aviso_inatividade")]
    pub inactivity_notice_minutes: i64,
    /// O tempo sem resposta só conta dentro do horário de funcionamento.
    #[serde(rename = "inatividade_somente_expediente")]
    pub inactivity_in_hours_only: bool,
    /// O cliente é convidado a avaliar quando uma pessoa encerra o chat.
    #[serde(rename = "solicitar_avaliacao")]
    pub asks_for_rating: bool,
    /// O convite. Uma resposta de 1 a 5, em algarismos, palavras ou estrelas, vale por 24 horas.
    #[serde(rename = "mensagem_avaliacao")]
    pub rating_request: String,
    /// Enviada depois da avaliação.
    #[serde(rename = "mensagem_agradecimento_avaliacao")]
    pub rating_thanks: String,
    /// Só é mostrado; quanto cada pessoa recebe diz o departamento.
    #[serde(rename = "limite_chats_simultaneos")]
    pub chats_per_agent: i64,
    /// Chats são distribuídos por si, não só a pedido.
    #[serde(rename = "distribuicao_automatica")]
    pub auto_distribute: bool,
    #[serde(rename = "horario_funcionamento")]
    pub opening_hours: OpeningHoursOut,
    /// Dias com outro horário; valem mais que os feriados nacionais e facultativos.
    #[serde(rename = "feriados")]
    pub holidays: Vec<HolidayOut>,
    /// Os feriados nacionais fecham.
    #[serde(rename = "feriados_nacionais")]
    pub has_national_holidays: bool,
    /// Carnaval (segunda e terça) e Corpus Christi fecham.
    #[serde(rename = "feriados_facultativos")]
    pub has_optional_holidays: bool,
    /// Nome IANA, por exemplo `America/Sao_Paulo`.
    #[serde(rename = "fuso_horario")]
    pub time_zone: &'static str,
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
            inactivity_notice_minutes,
            inactivity_in_hours_only,
            asks_for_rating,
            rating_request,
            rating_thanks,
            chats_per_agent,
            auto_distribute,
            opening_hours,
            holidays,
            has_national_holidays,
            has_optional_holidays,
            time_zone,
        } = chat;
        Self {
            welcome: greeting.clone(),
            greeting,
            out_of_hours_message,
            absence_message,
            closing_message,
            inactivity_message,
            inactivity_timeout_minutes,
            inactivity_notice_minutes,
            inactivity_in_hours_only,
            asks_for_rating,
            rating_request,
            rating_thanks,
            chats_per_agent,
            auto_distribute,
            opening_hours: OpeningHoursOut::new(&opening_hours),
            holidays: holidays.0.into_iter().map(HolidayOut::new).collect(),
            has_national_holidays,
            has_optional_holidays,
            time_zone: time_zone.name(),
        }
    }
}

/// O servidor que envia os e-mails.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!(email_example()))]
pub struct EmailOut {
    pub smtp_host: String,
    pub smtp_port: i64,
    /// Vazio: o servidor não pede login.
    #[serde(rename = "smtp_usuario")]
    pub smtp_user: String,
    #[serde(rename = "smtp_senha", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, schema_with = shown_password, required = false)]
    pub smtp_password: Option<&'static str>,
    /// `true`: só com TLS; `false`: com TLS quando o servidor oferece.
    #[serde(rename = "smtp_ssl")]
    pub uses_tls: bool,
    /// Remetente.
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

/// Para quem foi o e-mail de teste.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "message": "E-mail de teste enviado para ana@empresa.com.br", "para": "ana@empresa.com.br",
}))]
pub struct EmailTestedOut {
    pub message: String,
    #[serde(rename = "para")]
    pub to: String,
}

/// Cores, imagens e CSS.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!(appearance_example()))]
pub struct AppearanceOut {
    /// Um endereço, ou um caminho neste servidor; vazio: sem logo.
    pub login_logo_url: String,
    /// Outro nome de `login_logo_url`.
    pub logo_url: String,
    /// Como `login_logo_url`.
    pub favicon_url: String,
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$")]
    pub primary_color: String,
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$")]
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

/// O endereço da nova imagem, e a aparência com ela.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "url": "/media/appearance/0123456789abcdef0123456789abcdef.png",
    "login_logo_url": "/media/appearance/0123456789abcdef0123456789abcdef.png",
    "logo_url": "/media/appearance/0123456789abcdef0123456789abcdef.png", "favicon_url": "",
    "primary_color": "#0ea5e9", "secondary_color": "#111827", "custom_css": "",
}))]
pub struct PictureOut {
    /// Caminho neste servidor, sem login.
    pub url: String,
    #[serde(flatten)]
    pub appearance: AppearanceOut,
}

/// Como os números se apresentam ao WhatsApp.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!(whatsapp_example()))]
pub struct WhatsAppOut {
    #[serde(rename = "enabled")]
    pub is_enabled: bool,
    /// Como o aparelho aparece na lista do telefone.
    pub device_name: String,
    pub stealth_mode: bool,
    pub human_delays: bool,
    /// Segundos.
    pub reconnect_backoff_seconds: i64,
    #[schema(schema_with = shown_session_data)]
    pub session_data: &'static str,
    #[schema(schema_with = shown_proxy)]
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

fn company_example() -> Value {
    json!({
        "razao_social": "Empresa XYZ Ltda", "nome_fantasia": "Empresa XYZ", "nome": "Empresa XYZ",
        "cnpj": "12345678000195", "inscricao_estadual": "", "inscricao_municipal": "",
        "regime_tributario": "1", "cnae_principal": "6201501", "telefone": "(11) 3333-4444",
        "email": "contato@empresa.com.br", "site": "https://empresa.com.br",
        "endereco": {"cep": "01001000", "logradouro": "Praça da Sé", "numero": "1",
            "complemento": "", "bairro": "Sé", "cidade": "São Paulo", "uf": "SP"},
        "dados_bancarios": {"banco": "001", "agencia": "1234", "agencia_digito": "", "conta": "567890",
            "conta_digito": "1", "carteira": "17", "convenio": "1234567"},
        "pix": {"chave": "financeiro@empresa.com.br", "nome": "EMPRESA XYZ", "cidade": "SAO PAULO"},
    })
}

fn chat_example() -> Value {
    json!({
        "mensagem_saudacao": "Olá! Como podemos ajudar?",
        "mensagem_boas_vindas": "Olá! Como podemos ajudar?",
        "mensagem_fora_expediente": "Estamos fora do horário de atendimento.",
        "mensagem_ausente": "No momento não há atendentes disponíveis.",
        "mensagem_encerramento": "Atendimento encerrado. Obrigado pelo contato!",
        "mensagem_inatividade": "Sem resposta, encerraremos o atendimento em {{minutos}} minutos.",
        "timeout_inatividade_minutos": 30, "minutos_aviso_inatividade": 5,
        "inatividade_somente_expediente": false, "solicitar_avaliacao": true,
        "mensagem_avaliacao": "De 1 a 5, que nota você dá a este atendimento?",
        "mensagem_agradecimento_avaliacao": "Obrigado pela sua avaliação!",
        "limite_chats_simultaneos": 5, "distribuicao_automatica": true,
        "horario_funcionamento": {
            "segunda": {"inicio": "08:00", "fim": "18:00"}, "terca": {"inicio": "08:00", "fim": "18:00"},
            "quarta": [{"inicio": "08:00", "fim": "12:00"}, {"inicio": "13:00", "fim": "18:00"}],
            "quinta": {"inicio": "08:00", "fim": "18:00"}, "sexta": {"inicio": "08:00", "fim": "18:00"},
            "sabado": {"inicio": null, "fim": null}, "domingo": {"inicio": null, "fim": null},
        },
        "feriados": [{
            "data": "2026-12-24", "nome": "Véspera de Natal", "anual": true,
            "horario": {"inicio": "08:00", "fim": "12:00"},
        }],
        "feriados_nacionais": true, "feriados_facultativos": false,
        "fuso_horario": "America/Sao_Paulo",
    })
}

fn email_example() -> Value {
    json!({
        "smtp_host": "smtp.empresa.com.br", "smtp_port": 587, "smtp_usuario": "contato@empresa.com.br",
        "smtp_ssl": true, "email_from": "contato@empresa.com.br",
    })
}

fn appearance_example() -> Value {
    json!({
        "login_logo_url": "/media/appearance/0123456789abcdef0123456789abcdef.png",
        "logo_url": "/media/appearance/0123456789abcdef0123456789abcdef.png", "favicon_url": "",
        "primary_color": "#0ea5e9", "secondary_color": "#111827", "custom_css": "",
    })
}

fn whatsapp_example() -> Value {
    json!({
        "enabled": true, "device_name": "DXConnect", "stealth_mode": true, "human_delays": true,
        "reconnect_backoff_seconds": 5, "session_data": "", "proxy_url": "***",
    })
}

fn mask_schema() -> Object {
    one_of(&["", MASK])
}

fn tax_regime() -> Object {
    one_of(&["", "1", "2", "3"])
}

fn mask(secret: &Sealed) -> &'static str {
    if secret.is_empty() { "" } else { MASK }
}

described! {
    shown_tax_regime = tax_regime(), "Código da nota fiscal eletrônica (CRT); vazio: não informado.";
    shown_password = mask_schema(), "Só na resposta a uma alteração: `***` quando há uma senha, vazio quando não.";
    shown_session_data = mask_schema(), "`***` quando há uma conexão exportada, vazio quando não.";
    shown_proxy = mask_schema(), "`***` quando há um proxy, vazio quando não.";
}

//! Settings (configurações): what their handlers read. Only documentation, like every `…In`.

use dx_actors::domain::{TemplateKind, time_zone::TimeZone};
use utoipa::{IntoParams, ToSchema, openapi::Object};

use super::{
    document_template::TemplatesIn,
    opening_hours::{HolidayIn, OpeningHoursIn},
};
use crate::openapi::schemas::{binary, described, one_of, word};

/// Várias seções de uma vez.
#[derive(ToSchema)]
#[schema(example = json!({
    "company_data": {"nome_fantasia": "Empresa XYZ"},
    "chat_settings": {"timeout_inatividade_minutos": 20},
    "email_settings": {"smtp_host": "smtp.empresa.com.br"},
}))]
pub struct SettingsIn {
    /// Obrigatório, mas pode ser `{}`.
    pub company_data: CompanyIn,
    /// Obrigatório, mas pode ser `{}`.
    pub chat_settings: ChatSettingsIn,
    /// Obrigatório, mas pode ser `{}`.
    pub email_settings: EmailIn,
    pub appearance_settings: Option<AppearanceIn>,
    pub whatsapp_settings: Option<WhatsAppIn>,
    /// Exige o direito `core.manage_config_documents`.
    #[schema(nullable = false)]
    pub document_templates: Option<TemplatesIn>,
}

/// O que se muda nos dados da empresa.
#[derive(ToSchema)]
#[schema(example = json!({
    "razao_social": "Empresa XYZ Ltda", "nome_fantasia": "Empresa XYZ",
    "cnpj": "12.345.678/0001-95", "telefone": "(11) 3333-4444",
    "endereco": {"cep": "01001-000", "logradouro": "Praça da Sé", "numero": "1",
        "cidade": "São Paulo", "uf": "SP"},
    "dados_bancarios": {"banco": "001", "agencia": "1234", "conta": "567890", "conta_digito": "1",
        "carteira": "17", "convenio": "1234567"},
    "pix": {"chave": "financeiro@empresa.com.br", "nome": "EMPRESA XYZ", "cidade": "SAO PAULO"},
}))]
pub struct CompanyIn {
    /// Aparece nos documentos gerados.
    #[schema(max_length = 100)]
    pub razao_social: Option<String>,
    #[schema(max_length = 100)]
    pub nome_fantasia: Option<String>,
    /// Outro nome de `nome_fantasia`. Vindo os dois, conta o que difere do que está gravado.
    #[schema(max_length = 100)]
    pub nome: Option<String>,
    /// 14 dígitos ou letras, com ou sem pontuação. Dígitos verificadores errados são aceitos ou não
    /// conforme a configuração do servidor (`STRICT_DOCUMENTS`).
    #[schema(max_length = 32)]
    pub cnpj: Option<String>,
    #[schema(max_length = 20)]
    pub inscricao_estadual: Option<String>,
    #[schema(max_length = 20)]
    pub inscricao_municipal: Option<String>,
    #[schema(schema_with = sent_tax_regime, required = false)]
    pub regime_tributario: String,
    /// 7 dígitos, com ou sem pontuação.
    #[schema(max_length = 40)]
    pub cnae_principal: Option<String>,
    #[schema(max_length = 20)]
    pub telefone: Option<String>,
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// Endereço `http://` ou `https://`.
    #[schema(max_length = 200)]
    pub site: Option<String>,
    pub endereco: Option<AddressIn>,
    pub dados_bancarios: Option<BankAccountIn>,
    pub pix: Option<PixIn>,
}

fn tax_regime() -> Object {
    one_of(&["", "1", "2", "3"])
}

/// O que se muda no endereço da empresa.
#[derive(ToSchema)]
pub struct AddressIn {
    /// 8 dígitos, com ou sem hífen.
    #[schema(max_length = 40)]
    pub cep: Option<String>,
    #[schema(max_length = 200)]
    pub logradouro: Option<String>,
    #[schema(max_length = 100)]
    pub numero: Option<String>,
    #[schema(max_length = 100)]
    pub complemento: Option<String>,
    #[schema(max_length = 100)]
    pub bairro: Option<String>,
    #[schema(max_length = 100)]
    pub cidade: Option<String>,
    /// Sigla de um estado, como `SP`; vazio apaga.
    #[schema(pattern = "^([A-Za-z]{2})?$")]
    pub uf: Option<String>,
}

/// O que se muda na conta em que boletos são cobrados.
#[derive(ToSchema)]
pub struct BankAccountIn {
    /// Código do banco, 3 dígitos.
    #[schema(max_length = 40)]
    pub banco: Option<String>,
    /// De 1 a 5 dígitos, sem o verificador.
    #[schema(max_length = 40)]
    pub agencia: Option<String>,
    /// Letras e dígitos.
    #[schema(max_length = 2)]
    pub agencia_digito: Option<String>,
    /// De 1 a 12 dígitos, sem o verificador.
    #[schema(max_length = 40)]
    pub conta: Option<String>,
    /// Letras e dígitos.
    #[schema(max_length = 2)]
    pub conta_digito: Option<String>,
    /// Letras e dígitos.
    #[schema(max_length = 5)]
    pub carteira: Option<String>,
    /// De 1 a 20 dígitos.
    #[schema(max_length = 40)]
    pub convenio: Option<String>,
}

/// O que se muda na chave Pix dos boletos.
#[derive(ToSchema)]
pub struct PixIn {
    /// CPF, CNPJ, telefone com DDI, e-mail ou chave aleatória.
    #[schema(max_length = 77)]
    pub chave: Option<String>,
    /// Quem recebe; vazio: a razão social.
    #[schema(max_length = 25)]
    pub nome: Option<String>,
    /// Vazio: a cidade do endereço.
    #[schema(max_length = 15)]
    pub cidade: Option<String>,
}

/// O que se muda nas configurações do chat.
#[derive(ToSchema)]
#[schema(example = json!({
    "mensagem_saudacao": "Olá! Como podemos ajudar?", "timeout_inatividade_minutos": 20,
    "horario_funcionamento": {"segunda": {"inicio": "08:00", "fim": "18:00"}, "domingo": null},
}))]
pub struct ChatSettingsIn {
    /// Enviada quando um chat começa. Aqui e abaixo: vazia ou `null`, nada é enviado; `{{nome}}`,
    /// `{{departamento}}` e `{{protocolo}}` são preenchidos, outros marcadores são recusados.
    #[schema(max_length = 4096)]
    pub mensagem_saudacao: Option<String>,
    /// Outro nome de `mensagem_saudacao`. Vindo os dois, conta o que difere do que está gravado.
    #[schema(max_length = 4096)]
    pub mensagem_boas_vindas: Option<String>,
    /// Enviada no lugar da saudação fora do horário de funcionamento.
    #[schema(max_length = 4096)]
    pub mensagem_fora_expediente: Option<String>,
    /// Enviada quando não há quem atenda. Também `{{posicao}}` e `{{espera}}`.
    #[schema(max_length = 4096)]
    pub mensagem_ausente: Option<String>,
    /// Enviada quando uma pessoa encerra o chat.
    #[schema(max_length = 4096)]
    pub mensagem_encerramento: Option<String>,
    /// Aviso antes que o chat seja encerrado porque o cliente não responde. Também `{{minutos}}`.
    #[schema(max_length = 4096)]
    pub mensagem_inatividade: Option<String>,
    /// Minutos sem resposta do cliente até que o chat seja encerrado.
    #[schema(minimum = 1, maximum = 43200, nullable = false)]
    pub timeout_inatividade_minutos: Option<i64>,
    /// Quantos minutos antes vai o aviso, no máximo metade do tempo; 0: nenhum aviso.
    #[schema(minimum = 0, maximum = 43200, nullable = false)]
    pub minutos_aviso_inatividade: Option<i64>,
    /// O tempo sem resposta só conta dentro do horário de funcionamento.
    #[schema(nullable = false)]
    pub inatividade_somente_expediente: Option<bool>,
    /// O cliente é convidado a avaliar quando uma pessoa encerra o chat.
    #[schema(nullable = false)]
    pub solicitar_avaliacao: Option<bool>,
    /// O convite para avaliar.
    #[schema(max_length = 4096)]
    pub mensagem_avaliacao: Option<String>,
    /// Enviada depois da avaliação.
    #[schema(max_length = 4096)]
    pub mensagem_agradecimento_avaliacao: Option<String>,
    /// Só é mostrado; quanto cada pessoa recebe diz o departamento.
    #[schema(minimum = 1, maximum = 1000, nullable = false)]
    pub limite_chats_simultaneos: Option<i64>,
    /// Chats são distribuídos por si, não só a pedido.
    #[schema(nullable = false)]
    pub distribuicao_automatica: Option<bool>,
    pub horario_funcionamento: Option<OpeningHoursIn>,
    /// Substitui a lista inteira. O que há de errado em um item vem como `feriados.0.data`.
    #[schema(max_items = 100)]
    pub feriados: Option<Vec<HolidayIn>>,
    /// Os feriados nacionais fecham.
    #[schema(nullable = false)]
    pub feriados_nacionais: Option<bool>,
    /// Carnaval (segunda e terça) e Corpus Christi fecham.
    #[schema(nullable = false)]
    pub feriados_facultativos: Option<bool>,
    /// Um dos fusos do Brasil.
    #[schema(schema_with = time_zone, required = false)]
    pub fuso_horario: String,
}

fn time_zone() -> Object {
    one_of(&TimeZone::ALL.map(TimeZone::name))
}

/// O que se muda nas configurações de e-mail.
#[derive(ToSchema)]
#[schema(example = json!({
    "smtp_host": "smtp.empresa.com.br", "smtp_port": 587, "smtp_usuario": "contato@empresa.com.br",
    "smtp_senha": "segredo", "smtp_ssl": true, "email_from": "contato@empresa.com.br",
}))]
pub struct EmailIn {
    /// Nome ou endereço IP do servidor.
    #[schema(max_length = 253)]
    pub smtp_host: Option<String>,
    #[schema(minimum = 1, maximum = 65535, nullable = false)]
    pub smtp_port: Option<i64>,
    /// Vazio: o servidor não pede login.
    #[schema(max_length = 254)]
    pub smtp_usuario: Option<String>,
    /// `***` e `null` mantêm a senha gravada, vazio a apaga.
    #[schema(max_length = 65536, format = Password)]
    pub smtp_senha: Option<String>,
    /// `true`: só com TLS; `false`: com TLS quando o servidor oferece.
    #[schema(nullable = false)]
    pub smtp_ssl: Option<bool>,
    /// Remetente.
    #[schema(max_length = 254)]
    pub email_from: Option<String>,
}

/// Para quem vai o e-mail de teste.
#[derive(ToSchema)]
#[schema(example = json!({"para": "ana@empresa.com.br"}))]
pub struct EmailTestIn {
    /// Padrão: o e-mail de quem pede.
    #[schema(max_length = 254)]
    pub para: Option<String>,
}

/// O que se muda na aparência.
#[derive(ToSchema)]
#[schema(example = json!({"primary_color": "#0EA5E9", "login_logo_url": "https://empresa.com.br/logo.png"}))]
pub struct AppearanceIn {
    /// Endereço `http(s)://`, ou um caminho neste servidor que comece com `/`.
    #[schema(max_length = 500)]
    pub login_logo_url: Option<String>,
    /// Outro nome de `login_logo_url`. Vindo os dois, conta o que difere do que está gravado.
    #[schema(max_length = 500)]
    pub logo_url: Option<String>,
    /// Como `login_logo_url`.
    #[schema(max_length = 500)]
    pub favicon_url: Option<String>,
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$", nullable = false)]
    pub primary_color: Option<String>,
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$", nullable = false)]
    pub secondary_color: Option<String>,
    #[schema(max_length = 50000)]
    pub custom_css: Option<String>,
}

/// Uma imagem da empresa.
#[derive(ToSchema)]
#[schema(example = json!({"kind": "logo", "file": "(bytes de logo.png)"}))]
pub struct PictureIn {
    #[schema(schema_with = picture_kind)]
    pub kind: String,
    #[schema(schema_with = picture_file)]
    pub file: String,
}

/// Qual imagem.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PictureParams {
    #[param(schema_with = picture_kind, required = true)]
    pub kind: String,
}

fn picture_kind() -> Object {
    one_of(&["logo", "favicon"])
}

/// O que se muda nas configurações do WhatsApp.
#[derive(ToSchema)]
#[schema(example = json!({"enabled": true, "device_name": "Empresa XYZ", "stealth_mode": true}))]
pub struct WhatsAppIn {
    #[schema(nullable = false)]
    pub enabled: Option<bool>,
    /// Como o aparelho aparece na lista do telefone.
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    pub device_name: Option<String>,
    #[schema(nullable = false)]
    pub stealth_mode: Option<bool>,
    #[schema(nullable = false)]
    pub human_delays: Option<bool>,
    /// Segundos.
    #[schema(minimum = 0, maximum = 3600, nullable = false)]
    pub reconnect_backoff_seconds: Option<i64>,
    /// Segredo: uma conexão exportada.
    #[schema(max_length = 65536)]
    pub session_data: Option<String>,
    /// Segredo: começa com `http://`, `https://` ou `socks5://`.
    #[schema(max_length = 65536)]
    pub proxy_url: Option<String>,
}

/// Um modelo gravado (`template_nome`), ou um que está sendo escrito.
#[derive(ToSchema)]
#[schema(example = json!({"template_nome": "contrato_padrao"}))]
pub struct PreviewIn {
    /// A chave de um modelo; com ela os outros campos não contam.
    pub template_nome: Option<String>,
    /// Título. Padrão: `Prévia`.
    #[schema(min_length = 1, max_length = 120, nullable = false)]
    pub nome: Option<String>,
    #[schema(schema_with = previewed_kind, required = false)]
    pub tipo: String,
    /// Obrigatório sem `template_nome`. Deve conter `{{cliente_nome}}` e `{{empresa_nome}}`.
    #[schema(min_length = 1, max_length = 100_000, nullable = false)]
    pub conteudo: Option<String>,
    /// Variáveis próprias deste modelo.
    #[schema(max_items = 100)]
    pub variaveis: Option<Vec<String>>,
}

described! {
    sent_tax_regime = tax_regime(), "Código da nota fiscal eletrônica (CRT): 1 Simples Nacional, 2 Simples com excesso de \
        receita, 3 regime normal; vazio: não informado.";
    picture_file = binary(), "PNG, JPEG, WebP ou ICO, até 2 MiB.";
    previewed_kind = word::<TemplateKind>(), "Obrigatório sem `template_nome`.";
}

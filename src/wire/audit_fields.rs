//! The names that columns of the audit trail have on the wire.

use dx_actors::domain::audit::AuditSubject;

use super::customer_history;

type Names = &'static [(&'static str, &'static str)];

/// The key under which clients know a column; the column itself where both are the same.
pub(super) fn key_of(subject: AuditSubject, column: &str) -> String {
    if subject == AuditSubject::Settings
        && let Some((template, field)) = column.rsplit_once('.')
        && let Some(key) = found(TEMPLATE, field)
        && found(SETTINGS, column).is_none()
    {
        return format!("{template}.{key}");
    }
    found(names(subject), column).unwrap_or(column).to_owned()
}

fn found(names: Names, column: &str) -> Option<&'static str> {
    names.iter().find(|(known, _)| *known == column).map(|(_, key)| *key)
}

const fn names(subject: AuditSubject) -> Names {
    match subject {
        AuditSubject::Agent => &[("departments", "departamentos"), ("groups", "grupos")],
        AuditSubject::Group => &[],
        AuditSubject::Department => &[
            ("name", "nome"),
            ("description", "descricao"),
            ("color", "cor"),
            ("capacity", "max_atendimentos_simultaneos"),
            ("response_target_minutes", "tempo_resposta_esperado_minutos"),
            ("is_active", "ativo"),
            ("members", "atendentes"),
        ],
        AuditSubject::Session => &[("department_id", "departamento")],
        AuditSubject::Settings => SETTINGS,
        AuditSubject::Customer => &customer_history::FIELDS,
        AuditSubject::CompanyGroup => {
            &[("name", "nome"), ("description", "descricao"), ("is_active", "ativo")]
        }
        AuditSubject::Contact => &[
            ("customer_id", "cliente"),
            ("name", "nome"),
            ("position", "cargo"),
            ("phone", "telefone"),
            ("is_primary", "is_principal"),
            ("is_active", "ativo"),
        ],
        AuditSubject::Document => &[
            ("customer_id", "cliente"),
            ("name", "nome"),
            ("kind", "tipo_documento"),
            ("description", "descricao"),
            ("filled_data", "dados_preenchidos"),
            ("due_date", "data_vencimento"),
            ("file_name", "nome_arquivo"),
        ],
        AuditSubject::Note => {
            &[("ticket_id", "atendimento_id"), ("agent_id", "autor"), ("text", "texto")]
        }
        AuditSubject::QuickReply => &[
            ("department_id", "departamento"),
            ("title", "titulo"),
            ("shortcut", "atalho"),
            ("text", "texto"),
        ],
    }
}

/// No two sections have the same column.
const SETTINGS: Names = &[
    ("legal_name", "razao_social"),
    ("trade_name", "nome_fantasia"),
    ("tax_id", "cnpj"),
    ("state_registration", "inscricao_estadual"),
    ("city_registration", "inscricao_municipal"),
    ("tax_regime", "regime_tributario"),
    ("main_activity", "cnae_principal"),
    ("phone", "telefone"),
    ("website", "site"),
    ("address.postal_code", "endereco.cep"),
    ("address.street", "endereco.logradouro"),
    ("address.number", "endereco.numero"),
    ("address.complement", "endereco.complemento"),
    ("address.district", "endereco.bairro"),
    ("address.city", "endereco.cidade"),
    ("address.state", "endereco.uf"),
    ("bank.bank", "dados_bancarios.banco"),
    ("bank.branch", "dados_bancarios.agencia"),
    ("bank.branch_digit", "dados_bancarios.agencia_digito"),
    ("bank.account", "dados_bancarios.conta"),
    ("bank.account_digit", "dados_bancarios.conta_digito"),
    ("bank.wallet", "dados_bancarios.carteira"),
    ("bank.agreement", "dados_bancarios.convenio"),
    ("pix.key", "pix.chave"),
    ("pix.name", "pix.nome"),
    ("pix.city", "pix.cidade"),
    ("greeting", "mensagem_saudacao"),
    ("out_of_hours_message", "mensagem_fora_expediente"),
    ("absence_message", "mensagem_ausente"),
    ("closing_message", "mensagem_encerramento"),
    ("inactivity_message", "mensagem_inatividade"),
    ("inactivity_timeout_minutes", "timeout_inatividade_minutos"),
    ("chats_per_agent", "limite_chats_simultaneos"),
    ("auto_distribute", "distribuicao_automatica"),
    ("opening_hours", "horario_funcionamento"),
    ("smtp_user", "smtp_usuario"),
    ("smtp_password", "smtp_senha"),
    ("uses_tls", "smtp_ssl"),
    ("sender", "email_from"),
    ("logo_url", "login_logo_url"),
    ("is_enabled", "enabled"),
];

/// The second half of a template's column, after its key.
const TEMPLATE: Names =
    &[("name", "nome"), ("kind", "tipo"), ("content", "conteudo"), ("variables", "variaveis")];

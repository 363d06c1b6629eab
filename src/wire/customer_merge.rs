//! Customers who were made one (uniões), and how to part them.

use dx_actors::{
    domain::{
        Rejected,
        customer_merge::{CustomerMerge, MergeRecord, MergeRefused, Part},
        tax_id::TaxId,
    },
    store::MergeView,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{customer::e164, time::At, words::Word};

/// Quem é unido ao cliente do caminho.
#[derive(ToSchema)]
#[schema(example = json!({"cliente_id": 31, "motivo": "Cadastrado duas vezes"}))]
pub struct MergeIn {
    /// Id do outro cliente; é ele que deixa de aparecer.
    pub cliente_id: i64,
    /// Fica no histórico dos dois.
    #[schema(max_length = 2000, nullable = false)]
    pub motivo: Option<String>,
    /// Unir mesmo com CPF ou CNPJ diferentes; fica valendo o do cliente do caminho. Padrão: `false`.
    #[schema(nullable = false)]
    pub forcar: Option<bool>,
}

/// Qual união se desfaz.
#[derive(ToSchema)]
#[schema(example = json!({"uniao_id": 7}))]
pub struct SeparateIn {
    /// O `id` de uma das `unioes` do cliente.
    pub uniao_id: i64,
}

/// Dois clientes que passaram a ser um.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 7, "cliente": 12, "cliente_nome": "Empresa XYZ Ltda", "unido": 31,
    "unido_nome": "Zé da Padaria", "unido_cnpj_cpf": null, "unido_telefone_e164": "+5511988887777",
    "unido_whatsapp_e164": null, "motivo": "Cadastrado duas vezes",
    "unido_em": "2026-01-02T12:00:00.000000Z", "unido_por": 4, "unido_por_nome": "Ana Lima",
    "atendimentos": 3, "contatos": 1, "documentos": 0, "clientes": 0, "contatos_repetidos": [],
    "dados_aproveitados": ["telefone"], "pode_separar": true, "motivo_nao_separar": null,
    "separado_em": null, "separado_por": null, "separado_por_nome": null,
}))]
pub struct MergeOut {
    /// O `uniao_id` de `separar`.
    pub id: i64,
    /// Id do cliente que ficou.
    #[serde(rename = "cliente")]
    pub survivor: i64,
    #[serde(rename = "cliente_nome")]
    pub survivor_name: String,
    /// Id do cliente que foi unido a ele.
    #[serde(rename = "unido")]
    pub merged: i64,
    #[serde(rename = "unido_nome")]
    pub merged_name: String,
    /// Sem pontuação.
    #[serde(rename = "unido_cnpj_cpf")]
    pub merged_tax_id: Option<String>,
    #[serde(rename = "unido_telefone_e164")]
    pub merged_phone: Option<String>,
    #[serde(rename = "unido_whatsapp_e164")]
    pub merged_whatsapp: Option<String>,
    /// Muitas vezes vazio.
    #[serde(rename = "motivo")]
    pub reason: String,
    #[serde(rename = "unido_em")]
    pub merged_at: At,
    /// Id de quem uniu.
    #[serde(rename = "unido_por")]
    pub merged_by: Option<i64>,
    #[serde(rename = "unido_por_nome")]
    pub merged_by_name: Option<String>,
    /// Quantos passaram de um cliente ao outro.
    #[serde(rename = "atendimentos")]
    pub tickets: usize,
    #[serde(rename = "contatos")]
    pub contacts: usize,
    #[serde(rename = "documentos")]
    pub documents: usize,
    /// Quantos já estavam unidos ao outro e passaram com ele.
    #[serde(rename = "clientes")]
    pub customers: usize,
    /// Ids dos contatos que não passaram, porque o cliente tem um contato com o mesmo WhatsApp; voltam
    /// quando a união é desfeita.
    #[serde(rename = "contatos_repetidos")]
    pub repeated_contacts: Vec<i64>,
    /// O que faltava ao cliente e veio do outro.
    #[serde(rename = "dados_aproveitados")]
    pub parts: Vec<&'static str>,
    #[serde(rename = "pode_separar")]
    pub can_be_undone: bool,
    /// Por que a união não pode ser desfeita agora.
    #[serde(rename = "motivo_nao_separar")]
    pub obstacle: Option<String>,
    /// `null`: vale.
    #[serde(rename = "separado_em")]
    pub separated_at: Option<At>,
    /// Id de quem desfez a união.
    #[serde(rename = "separado_por")]
    pub separated_by: Option<i64>,
    #[serde(rename = "separado_por_nome")]
    pub separated_by_name: Option<String>,
}

impl From<MergeView> for MergeOut {
    fn from(view: MergeView) -> Self {
        let obstacle = obstacle(&view).map(|refused| Rejected::from(refused).to_string());
        let MergeView {
            merge,
            survivor_name,
            merged_name,
            merged_tax_id,
            merged_phone,
            merged_whatsapp,
            merged_by_name,
            separated_by_name,
            blocked_by: _,
            blocked_into: _,
        } = view;
        let CustomerMerge {
            id,
            survivor_id,
            merged_id,
            reason,
            record,
            merged_by,
            merged_at,
            separated_by,
            separated_at,
        } = merge;
        let MergeRecord {
            tickets,
            queue_entries: _,
            contacts,
            demoted_contacts: _,
            repeated_contacts,
            documents,
            customers,
            parts,
            name_before: _,
            person_type_before: _,
            logo: _,
            signature: _,
        } = record;
        Self {
            id: id.0,
            survivor: survivor_id.0,
            survivor_name,
            merged: merged_id.0,
            merged_name,
            merged_tax_id: merged_tax_id.as_ref().map(|id: &TaxId| id.as_str().to_owned()),
            merged_phone: merged_phone.as_deref().map(e164),
            merged_whatsapp: merged_whatsapp.as_deref().map(e164),
            reason,
            merged_at: merged_at.into(),
            merged_by: merged_by.map(|id| id.0),
            merged_by_name,
            tickets: tickets.len(),
            contacts: contacts.len(),
            documents: documents.len(),
            customers: customers.len(),
            repeated_contacts,
            parts: parts.into_iter().map(Part::word).collect(),
            can_be_undone: obstacle.is_none(),
            obstacle,
            separated_at: separated_at.map(At::from),
            separated_by: separated_by.map(|id| id.0),
            separated_by_name,
        }
    }
}

fn obstacle(view: &MergeView) -> Option<MergeRefused> {
    if view.merge.separated_at.is_some() {
        return Some(MergeRefused::AlreadySeparated);
    }
    let (by, into) = (view.blocked_by?, view.blocked_into?);
    Some(MergeRefused::MergedFurther { survivor: view.merge.survivor_id, into, by })
}

//! What a list of customers is asked for.

use dx_actors::{
    domain::{AgentId, CompanyGroupId, CustomerStatus, PersonType, TaxRegime, Timestamp},
    store::{CustomerFilter, CustomerSort, Order},
};

use super::Query;
use crate::{error::ApiResult, wire::words::Word};

/// Parameters whose words are searched; all of them have to be found.
const SEARCHES: [&str; 2] = ["search", "busca_geral"];
const SORTS: [(&str, CustomerSort); 7] = [
    ("razao_social", CustomerSort::Name),
    ("nome", CustomerSort::Name),
    ("created_at", CustomerSort::CreatedAt),
    ("criado_em", CustomerSort::CreatedAt),
    ("updated_at", CustomerSort::UpdatedAt),
    ("atualizado_em", CustomerSort::UpdatedAt),
    ("status", CustomerSort::Status),
];

/// All filters of a query, or what is wrong with them.
pub(super) fn customer_filter(query: &mut Query) -> ApiResult<CustomerFilter> {
    let filter = CustomerFilter {
        status: query.choice("status", CustomerStatus::parse),
        person_type: query.choice("tipo_pessoa", PersonType::parse),
        tax_regime: query.choice("regime_tributario", TaxRegime::parse),
        company_group_id: query.number("grupo_empresa").map(CompanyGroupId),
        responsible_agent_id: query.number("agente_responsavel").map(AgentId),
        name: any_of(query, &["razao_social", "nome"]),
        trade_name: any_of(query, &["nome_fantasia"]),
        city: any_of(query, &["cidade"]),
        business_line: any_of(query, &["ramo_atividade"]),
        tax_id: any_of(query, &["cnpj", "cnpj_cpf", "documento"]),
        email: any_of(query, &["email_principal", "email"]),
        phone: any_of(query, &["telefone_principal", "telefone", "whatsapp"]),
        state: any_of(query, &["estado"]),
        created_after: instant(query, &["criado_apos", "created_after"]),
        created_before: instant(query, &["criado_antes", "created_before"]),
        updated_after: instant(query, &["atualizado_apos", "updated_after"]),
        updated_before: instant(query, &["atualizado_antes", "updated_before"]),
        terms: SEARCHES.iter().flat_map(|name| query.terms_of(name)).collect(),
    };
    query.check()?;
    Ok(filter)
}

pub(super) fn customer_orders(query: &Query) -> Vec<Order<CustomerSort>> {
    query.orders(&SORTS)
}

/// The first of these parameters that is there.
fn any_of(query: &Query, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| query.text(name)).map(str::to_owned)
}

fn instant(query: &mut Query, names: &[&str]) -> Option<Timestamp> {
    names.iter().find_map(|name| query.datetime(name))
}

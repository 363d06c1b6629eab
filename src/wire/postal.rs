//! An address by its postal code, with the keys of ViaCEP next to ours.

use dx_actors::domain::{
    address::{PostalAddress, PostalSource},
    postal_code::PostalCode,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::words::Word;
use crate::{
    openapi::schemas::{described, word},
    postal::Found,
};

/// Um endereço. O que o serviço não sabe é vazio.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "cep": "01001-000", "logradouro": "Praça da Sé", "complemento": "lado ímpar", "bairro": "Sé",
    "cidade": "São Paulo", "estado": "SP", "localidade": "São Paulo", "uf": "SP",
    "ibge": "3550308", "gia": "1004", "ddd": "11", "siafi": "7107", "fonte": "viacep",
    "cached": false,
}))]
pub struct PostalOut {
    /// Com hífen.
    #[serde(rename = "cep")]
    pub postal_code: String,
    #[serde(rename = "logradouro")]
    pub street: String,
    #[serde(rename = "complemento")]
    pub complement: String,
    #[serde(rename = "bairro")]
    pub district: String,
    #[serde(rename = "cidade")]
    pub city: String,
    /// Sigla.
    #[serde(rename = "estado")]
    pub state: String,
    /// O mesmo que `cidade`, com o nome da ViaCEP.
    #[serde(rename = "localidade")]
    pub city_of_viacep: String,
    /// O mesmo que `estado`, com o nome da ViaCEP.
    #[serde(rename = "uf")]
    pub state_of_viacep: String,
    /// Código do município no IBGE.
    pub ibge: String,
    pub gia: String,
    pub ddd: String,
    pub siafi: String,
    #[serde(rename = "fonte")]
    #[schema(schema_with = source)]
    pub source: &'static str,
    /// Lembrado de uma consulta anterior, não perguntado agora.
    #[serde(rename = "cached")]
    pub is_cached: bool,
}

/// Por que não há um endereço.
#[derive(ToSchema)]
#[schema(example = json!({
    "error": "CEP não encontrado", "detail": "CEP não encontrado: 99999-999",
    "message": "CEP não encontrado: 99999-999",
}))]
#[expect(dead_code, reason = "documents what errors look like")]
pub struct PostalErrorOut {
    /// O que aconteceu.
    error: String,
    /// Uma explicação.
    detail: String,
    /// O mesmo que `detail`.
    message: String,
}

impl PostalOut {
    pub fn new(code: &PostalCode, found: Found) -> Self {
        let Found { address, source, is_cached } = found;
        let PostalAddress { street, complement, district, city, state, ibge, gia, ddd, siafi } =
            address;
        Self {
            postal_code: code.to_string(),
            street,
            complement,
            district,
            city_of_viacep: city.clone(),
            state_of_viacep: state.clone(),
            city,
            state,
            ibge,
            gia,
            ddd,
            siafi,
            source: source.word(),
            is_cached,
        }
    }
}

described! {
    source = word::<PostalSource>(), "Quem respondeu.";
}

//! An address by its postal code, with the keys of ViaCEP next to ours.

use dx_actors::domain::{address::PostalAddress, postal_code::PostalCode};
use serde::Serialize;

use super::words::Word;
use crate::postal::Found;

/// The answer of `/integrations/cep/{cep}/`.
#[derive(Debug, Serialize)]
pub struct PostalOut {
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
    #[serde(rename = "estado")]
    pub state: String,
    /// The city once more, as ViaCEP calls it.
    #[serde(rename = "localidade")]
    pub city_of_viacep: String,
    /// The state once more, as ViaCEP calls it.
    #[serde(rename = "uf")]
    pub state_of_viacep: String,
    pub ibge: String,
    pub gia: String,
    pub ddd: String,
    pub siafi: String,
    #[serde(rename = "fonte")]
    pub source: &'static str,
    #[serde(rename = "cached")]
    pub is_cached: bool,
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

//! The two services that are asked, as small clients.

use dx_actors::domain::{
    address::{PostalAddress, PostalSource},
    postal_code::PostalCode,
};
use serde::Deserialize;
use serde_json::Value;

/// Real answers have less than one kibibyte.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// What stands for the eight digits in a configured address.
const PLACEHOLDER: &str = "{cep}";

/// Why a service gave no answer that can be used; for logs.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProviderError {
    #[error("no answer")]
    Request(#[source] reqwest::Error),
    #[error("status {0}")]
    Status(u16),
    #[error("answer is too large")]
    TooLarge,
    #[error("answer cannot be understood")]
    Unintelligible(#[from] serde_json::Error),
    #[error("answer is incomplete or about another postal code")]
    Wrong,
    #[error("no answer in time")]
    Late,
}

/// Where people live is nothing for logs.
impl From<reqwest::Error> for ProviderError {
    fn from(error: reqwest::Error) -> Self {
        Self::Request(error.without_url())
    }
}

/// One of the services.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) source: PostalSource,
    /// With [`PLACEHOLDER`].
    url: String,
    http: reqwest::Client,
}

#[derive(Deserialize)]
struct ViaCepAnswer {
    #[serde(default)]
    cep: String,
    /// `true` or, since 2023, `"true"`: there is no such postal code.
    #[serde(default)]
    erro: Value,
    #[serde(default)]
    logradouro: String,
    #[serde(default)]
    complemento: String,
    #[serde(default)]
    bairro: String,
    #[serde(default)]
    localidade: String,
    #[serde(default)]
    uf: String,
    #[serde(default)]
    ibge: String,
    #[serde(default)]
    gia: String,
    #[serde(default)]
    ddd: String,
    #[serde(default)]
    siafi: String,
}

#[derive(Deserialize)]
struct BrasilApiAnswer {
    #[serde(default)]
    cep: String,
    state: Option<String>,
    city: Option<String>,
    neighborhood: Option<String>,
    street: Option<String>,
}

impl Provider {
    /// `url` names the place of the digits, or only the server: then the path is the service's own.
    pub(super) fn new(source: PostalSource, url: &str, http: reqwest::Client) -> Self {
        let url = if url.contains(PLACEHOLDER) {
            url.to_owned()
        } else {
            let path = match source {
                PostalSource::ViaCep => "ws/{cep}/json/",
                PostalSource::BrasilApi => "api/cep/v2/{cep}",
            };
            format!("{}/{path}", url.trim_end_matches('/'))
        };
        Self { source, url, http }
    }

    /// The place; `None` when the service says that there is none.
    pub(super) async fn ask(
        &self,
        code: &PostalCode,
    ) -> Result<Option<PostalAddress>, ProviderError> {
        let url = self.url.replace(PLACEHOLDER, code.as_str());
        let mut response = self.http.get(url).send().await?;
        match (self.source, response.status().as_u16()) {
            (_, 200) => {}
            (PostalSource::BrasilApi, 404) => return Ok(None),
            (_, status) => return Err(ProviderError::Status(status)),
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > BODY_BYTES_MAX {
                return Err(ProviderError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let address = match self.source {
            PostalSource::ViaCep => read_viacep(&body, code)?,
            PostalSource::BrasilApi => Some(read_brasilapi(&body, code)?),
        };
        match address {
            Some(address) if address.city.is_empty() || !is_state(&address.state) => {
                Err(ProviderError::Wrong)
            }
            address => Ok(address),
        }
    }
}

fn read_viacep(body: &[u8], code: &PostalCode) -> Result<Option<PostalAddress>, ProviderError> {
    let answer: ViaCepAnswer = serde_json::from_slice(body)?;
    if answer.erro == Value::Bool(true) || answer.erro == "true" {
        return Ok(None);
    }
    check(&answer.cep, code)?;
    Ok(Some(PostalAddress {
        street: answer.logradouro,
        complement: answer.complemento,
        district: answer.bairro,
        city: answer.localidade,
        state: answer.uf,
        ibge: answer.ibge,
        gia: answer.gia,
        ddd: answer.ddd,
        siafi: answer.siafi,
    }))
}

fn read_brasilapi(body: &[u8], code: &PostalCode) -> Result<PostalAddress, ProviderError> {
    let answer: BrasilApiAnswer = serde_json::from_slice(body)?;
    check(&answer.cep, code)?;
    Ok(PostalAddress {
        street: answer.street.unwrap_or_default(),
        district: answer.neighborhood.unwrap_or_default(),
        city: answer.city.unwrap_or_default(),
        state: answer.state.unwrap_or_default(),
        ..PostalAddress::default()
    })
}

/// The answer has to be about what was asked.
fn check(answered: &str, asked: &PostalCode) -> Result<(), ProviderError> {
    let is_same = PostalCode::in_text(answered).is_some_and(|code| code == *asked);
    if is_same { Ok(()) } else { Err(ProviderError::Wrong) }
}

fn is_state(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

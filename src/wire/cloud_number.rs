//! What a number needs to reach Meta's Cloud API; secrets are only ever written.

use dx_actors::domain::cloud::CloudNumber;
use serde::Serialize;
use utoipa::ToSchema;

use super::settings::MASK;

/// O acesso de um número à Cloud API. Segredos aparecem como `***`, ou vazios quando o número não tem
/// um próprio.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[schema(example = json!({
    "phone_number_id": "106540352242922", "business_account_id": "102290129340398",
    "access_token": "***", "app_secret": "***", "previous_app_secret": "",
}))]
pub struct CloudNumberOut {
    /// O id da Meta, não o número; vazio: o da configuração.
    pub phone_number_id: String,
    pub business_account_id: String,
    pub access_token: &'static str,
    pub app_secret: &'static str,
    pub previous_app_secret: &'static str,
}

impl From<CloudNumber> for CloudNumberOut {
    fn from(number: CloudNumber) -> Self {
        let mask = |sealed: &str| if sealed.is_empty() { "" } else { MASK };
        Self {
            access_token: mask(&number.access_token),
            app_secret: mask(&number.app_secret),
            previous_app_secret: mask(&number.previous_app_secret),
            phone_number_id: number.phone_number_id,
            business_account_id: number.business_account_id,
        }
    }
}

/// O acesso de um número à Cloud API; o que não vem fica como está.
#[derive(ToSchema)]
#[schema(example = json!({
    "phone_number_id": "106540352242922", "business_account_id": "102290129340398",
    "access_token": "EAAJB…", "app_secret": "614fc2af…",
}))]
pub struct CloudNumberIn {
    /// O id da Meta, não o número. Obrigatório em um número novo.
    #[schema(max_length = 32, pattern = "^[0-9]+$")]
    pub phone_number_id: Option<String>,
    /// Obrigatório em um número novo.
    #[schema(max_length = 32, pattern = "^[0-9]+$")]
    pub business_account_id: Option<String>,
    /// De um usuário do sistema; obrigatório em um número novo. `***` e `null` mantêm o que há.
    #[schema(max_length = 4096)]
    pub access_token: Option<String>,
    /// Assina as entregas da Meta; obrigatório em um número novo, se não há `WHATSAPP_WEBHOOK_SECRET`.
    #[schema(max_length = 4096)]
    pub app_secret: Option<String>,
    /// Ainda aceito durante uma troca; vazio o apaga.
    #[schema(max_length = 4096)]
    pub previous_app_secret: Option<String>,
}

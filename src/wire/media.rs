//! Files that are uploaded to be sent.

use dx_actors::domain::file::StoredFile;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::openapi::schemas::FileOut;

/// Um arquivo para enviar.
#[derive(ToSchema)]
#[schema(example = json!({"arquivo": "foto.jpg"}))]
pub struct MediaIn {
    #[schema(value_type = FileOut)]
    pub arquivo: String,
}

/// Um arquivo guardado.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "file_id": "0f8fad5bd9cb469fa16570867728950e", "filename": "foto.jpg",
    "media_type": "image/jpeg", "size": 48213, "sha256": "9f86d081884c7d65",
}))]
pub struct MediaOut {
    pub file_id: String,
    pub filename: String,
    pub media_type: String,
    /// Em bytes.
    pub size: i64,
    pub sha256: String,
}

impl MediaOut {
    pub fn new(file: &StoredFile, filename: String) -> Self {
        Self {
            file_id: file.key.as_str().to_owned(),
            filename,
            media_type: file.media_type.clone(),
            size: file.bytes,
            sha256: file.sha256.clone(),
        }
    }
}

/// Como o arquivo é dado.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MediaParams {
    /// Um JPEG pequeno, se for uma imagem.
    pub miniatura: Option<bool>,
    /// Para salvar, em vez de mostrar no navegador.
    pub baixar: Option<bool>,
}

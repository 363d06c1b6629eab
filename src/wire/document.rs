//! Documents of customers (documentos).

use dx_actors::domain::{Document, file::FileKey};
use serde::Serialize;
use serde_json::{Map, Value};
use time::Date;

use super::{time::At, words::Word};

/// What the earlier system divided by.
const UNIT: u32 = 1024;

#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the reference's flags")]
pub struct DocumentOut {
    pub id: i64,
    #[serde(rename = "cliente")]
    pub customer_id: i64,
    #[serde(rename = "cliente_nome")]
    pub customer_name: String,
    #[serde(rename = "nome")]
    pub name: String,
    #[serde(rename = "tipo_documento")]
    pub kind: &'static str,
    pub status: &'static str,
    #[serde(rename = "origem")]
    pub origin: &'static str,
    /// Where the file is read, with a token.
    #[serde(rename = "arquivo")]
    pub file_url: String,
    #[serde(rename = "nome_arquivo")]
    pub file_name: String,
    #[serde(rename = "tipo_mime")]
    pub media_type: String,
    /// Such as `2.5 KB`.
    #[serde(rename = "tamanho_arquivo")]
    pub size: String,
    #[serde(rename = "tamanho_bytes")]
    pub bytes: i64,
    pub sha256: String,
    #[serde(rename = "descricao")]
    pub description: String,
    #[serde(rename = "template_usado")]
    pub template_name: String,
    #[serde(rename = "dados_preenchidos")]
    pub filled_data: Value,
    #[serde(rename = "data_vencimento")]
    pub due_date: Option<String>,
    #[serde(rename = "data_upload")]
    pub created_at: At,
    #[serde(rename = "atualizado_em")]
    pub updated_at: At,
    #[serde(rename = "usuario_upload")]
    pub uploaded_by: Option<i64>,
    #[serde(rename = "usuario_upload_nome")]
    pub uploader_name: Option<String>,
    #[serde(rename = "ativo")]
    pub is_active: bool,
    #[serde(rename = "is_gerado_automaticamente")]
    pub is_generated: bool,
    pub is_contrato: bool,
    pub is_boleto: bool,
    #[serde(rename = "is_vencido")]
    pub is_overdue: bool,
}

impl DocumentOut {
    /// `today` is the local day; `file_url` where the file is read.
    pub fn new(document: Document, today: Date, file_url: String) -> Self {
        use dx_actors::domain::{DocumentKind, DocumentOrigin};
        let is_overdue = document.is_overdue(today);
        let Document {
            id,
            customer_id,
            customer_name,
            name,
            kind,
            status,
            origin,
            file_name,
            description,
            template_name,
            filled_data,
            due_date,
            uploaded_by,
            uploader_name,
            is_active,
            created_at,
            updated_at,
            file_key,
            bytes,
            sha256,
            media_type,
        } = document;
        // The name in the storage stays inside.
        let _: FileKey = file_key;
        Self {
            id: id.0,
            customer_id: customer_id.0,
            customer_name,
            name,
            kind: kind.word(),
            status: status.word(),
            origin: origin.word(),
            file_url,
            file_name,
            media_type,
            size: size_text(bytes),
            bytes,
            sha256,
            description,
            template_name,
            filled_data: serde_json::from_str(&filled_data).unwrap_or(Value::Object(Map::new())),
            due_date: due_date.map(|date| date.to_string()),
            created_at: created_at.into(),
            updated_at: updated_at.into(),
            uploaded_by: uploaded_by.map(|id| id.0),
            uploader_name,
            is_active,
            is_generated: origin == DocumentOrigin::Generated,
            is_contrato: kind == DocumentKind::Contract,
            is_boleto: kind == DocumentKind::Boleto,
            is_overdue,
        }
    }
}

/// A document that the hub made, and what was missing for it.
#[derive(Debug, Serialize)]
pub struct GeneratedOut {
    pub message: &'static str,
    #[serde(rename = "documento")]
    pub document: DocumentOut,
    /// Placeholders and settings without a value; they are blank in the document.
    #[serde(rename = "variaveis_faltantes")]
    pub missing: Vec<String>,
    /// Only of a charge that a bank takes.
    #[serde(rename = "linha_digitavel", skip_serializing_if = "Option::is_none")]
    pub typed_line: Option<String>,
    #[serde(rename = "codigo_barras", skip_serializing_if = "Option::is_none")]
    pub bar_code: Option<String>,
    /// Only of a charge that can be paid by Pix.
    #[serde(rename = "pix_copia_e_cola", skip_serializing_if = "Option::is_none")]
    pub pix: Option<String>,
}

impl GeneratedOut {
    pub fn contract(document: DocumentOut, missing: Vec<String>) -> Self {
        let message = "Contrato gerado com sucesso";
        Self { message, document, missing, typed_line: None, bar_code: None, pix: None }
    }

    /// `values` are those that were filled in.
    pub fn boleto(document: DocumentOut, values: &Value, missing: Vec<String>) -> Self {
        let value = |name: &str| values.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            message: "Boleto gerado com sucesso",
            document,
            missing,
            typed_line: value("linha_digitavel"),
            bar_code: value("codigo_barras"),
            pix: value("pix_copia_e_cola"),
        }
    }
}

/// A link that works without a token until it expires.
#[derive(Debug, Serialize)]
pub struct LinkOut {
    pub url: String,
    #[serde(rename = "expira_em")]
    pub expires_at: At,
}

/// `10.0 B`, `2.5 KB`, as the earlier system wrote it.
fn size_text(bytes: i64) -> String {
    // Sizes of uploads are far below what a float can count exactly.
    let mut size = f64::from(u32::try_from(bytes).unwrap_or(u32::MAX));
    for unit in ["B", "KB", "MB"] {
        if size < f64::from(UNIT) {
            return format!("{size:.1} {unit}");
        }
        size /= f64::from(UNIT);
    }
    format!("{size:.1} GB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_before() {
        let cases = [
            (10, "10.0 B"),
            (609, "609.0 B"),
            (2560, "2.5 KB"),
            (20 * 1024 * 1024, "20.0 MB"),
            (1024 * 1024 * 1024, "1.0 GB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(size_text(bytes), text);
        }
    }
}

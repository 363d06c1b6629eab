//! Documents of customers (documentos).

use dx_actors::domain::{Document, DocumentKind, DocumentOrigin, DocumentStatus, file::FileKey};
use serde::Serialize;
use serde_json::{Map, Value, json};
use time::Date;
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        Object,
        schema::{AdditionalProperties, ObjectBuilder, SchemaType, Type},
    },
};

use super::{time::At, words::Word};
use crate::openapi::schemas::{binary, described, word};

/// What the earlier system divided by.
const UNIT: u32 = 1024;

/// Um documento de um cliente, sem o arquivo.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "the reference's flags")]
#[schema(example = json!(example()))]
pub struct DocumentOut {
    pub id: i64,
    #[serde(rename = "cliente")]
    pub customer_id: i64,
    #[serde(rename = "cliente_nome")]
    pub customer_name: String,
    #[serde(rename = "nome")]
    pub name: String,
    #[serde(rename = "tipo_documento")]
    #[schema(schema_with = word::<DocumentKind>)]
    pub kind: &'static str,
    #[schema(schema_with = word::<DocumentStatus>)]
    pub status: &'static str,
    #[serde(rename = "origem")]
    #[schema(schema_with = word::<DocumentOrigin>)]
    pub origin: &'static str,
    /// Onde o arquivo é baixado, com token.
    #[serde(rename = "arquivo")]
    pub file_url: String,
    #[serde(rename = "nome_arquivo")]
    pub file_name: String,
    #[serde(rename = "tipo_mime")]
    pub media_type: String,
    /// Para pessoas, como `2.5 KB`.
    #[serde(rename = "tamanho_arquivo")]
    pub size: String,
    #[serde(rename = "tamanho_bytes")]
    pub bytes: i64,
    /// Do arquivo, 64 dígitos hexadecimais.
    pub sha256: String,
    #[serde(rename = "descricao")]
    pub description: String,
    /// O nome do modelo de um documento gerado; vazio nos outros.
    #[serde(rename = "template_usado")]
    pub template_name: String,
    #[serde(rename = "dados_preenchidos")]
    #[schema(schema_with = filled_data)]
    pub filled_data: Value,
    /// `AAAA-MM-DD`.
    #[serde(rename = "data_vencimento")]
    #[schema(format = Date)]
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
    /// O vencimento já passou, no horário de Brasília.
    #[serde(rename = "is_vencido")]
    pub is_overdue: bool,
}

impl DocumentOut {
    /// `today` is the local day; `file_url` where the file is read.
    pub fn new(document: Document, today: Date, file_url: String) -> Self {
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

/// Um documento gerado, e o que faltou para ele.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "message": "Contrato gerado com sucesso", "documento": example(),
    "variaveis_faltantes": ["cliente_endereco"],
}))]
pub struct GeneratedOut {
    pub message: &'static str,
    #[serde(rename = "documento")]
    pub document: DocumentOut,
    /// Variáveis e configurações sem valor; no documento ficam em branco.
    #[serde(rename = "variaveis_faltantes")]
    pub missing: Vec<String>,
    /// Só de um boleto registrável em um banco.
    #[serde(rename = "linha_digitavel", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub typed_line: Option<String>,
    /// 44 dígitos; só com `linha_digitavel`.
    #[serde(rename = "codigo_barras", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub bar_code: Option<String>,
    /// Só quando se pode pagar por Pix.
    #[serde(rename = "pix_copia_e_cola", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
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

/// Um link que funciona sem token até expirar.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "url": "https://dx.empresa.com.br/api/v1/documentos/7/arquivo/?versao=0123456789abcdef&autor=4&expira=1767356100&assinatura=…",
    "expira_em": "2026-01-02T12:15:00Z",
}))]
pub struct LinkOut {
    pub url: String,
    #[serde(rename = "expira_em")]
    pub expires_at: At,
}

/// Um novo documento com o seu arquivo.
#[derive(ToSchema)]
#[schema(example = json!({
    "cliente": 3, "nome": "Contrato de Serviços 2026", "tipo_documento": "contrato",
    "arquivo": "(bytes de contrato.pdf)", "descricao": "Contrato anual de manutenção",
}))]
pub struct DocumentFormIn {
    /// Id de um cliente que a pessoa pode ver.
    #[schema(minimum = 1)]
    pub cliente: i64,
    #[schema(min_length = 1, max_length = 255)]
    pub nome: String,
    #[schema(schema_with = new_file)]
    pub arquivo: String,
    #[schema(schema_with = kind_of_new, required = false)]
    pub tipo_documento: String,
    #[schema(schema_with = status_of_new, required = false)]
    pub status: String,
    #[schema(max_length = 2000)]
    pub descricao: Option<String>,
    /// `AAAA-MM-DD`, hoje ou depois.
    #[schema(format = Date)]
    pub data_vencimento: Option<String>,
    #[schema(schema_with = data_of_new, required = false)]
    pub dados_preenchidos: String,
}

/// Um documento que é substituído.
#[derive(ToSchema)]
#[schema(example = json!({"cliente": 3, "nome": "Contrato de Serviços 2026", "status": "assinado"}))]
pub struct DocumentIn {
    /// Id de um cliente que a pessoa pode ver.
    #[schema(minimum = 1)]
    pub cliente: i64,
    #[schema(min_length = 1, max_length = 255)]
    pub nome: String,
    #[schema(schema_with = replacing_file, required = false)]
    pub arquivo: String,
    #[schema(schema_with = word::<DocumentKind>, required = false)]
    pub tipo_documento: String,
    #[schema(schema_with = word::<DocumentStatus>, required = false)]
    pub status: String,
    #[schema(max_length = 2000)]
    pub descricao: Option<String>,
    /// `AAAA-MM-DD`, hoje ou depois, ou a data que já está gravada; `null` apaga.
    #[schema(format = Date)]
    pub data_vencimento: Option<String>,
    #[schema(schema_with = changed_data, required = false)]
    pub dados_preenchidos: String,
}

/// O que se muda em um documento; o que não vem fica como está.
#[derive(ToSchema)]
#[schema(example = json!({"status": "assinado", "data_vencimento": null}))]
pub struct DocumentChangesIn {
    /// Id de um cliente que a pessoa pode ver.
    #[schema(minimum = 1)]
    pub cliente: Option<i64>,
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    pub nome: Option<String>,
    #[schema(schema_with = replacing_file, required = false)]
    pub arquivo: String,
    #[schema(schema_with = word::<DocumentKind>, required = false)]
    pub tipo_documento: String,
    #[schema(schema_with = word::<DocumentStatus>, required = false)]
    pub status: String,
    #[schema(max_length = 2000)]
    pub descricao: Option<String>,
    /// `AAAA-MM-DD`, hoje ou depois, ou a data que já está gravada; `null` apaga.
    #[schema(format = Date)]
    pub data_vencimento: Option<String>,
    #[schema(schema_with = changed_data, required = false)]
    pub dados_preenchidos: String,
}

/// Filtros da lista de documentos.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DocumentParams {
    /// Id do cliente.
    pub cliente: Option<i64>,
    #[param(schema_with = word::<DocumentKind>, required = false)]
    pub tipo_documento: String,
    #[param(schema_with = word::<DocumentStatus>, required = false)]
    pub status: String,
    #[param(schema_with = word::<DocumentOrigin>, required = false)]
    pub origem: String,
    pub ativo: Option<bool>,
    /// Parte do nome.
    pub nome: Option<String>,
    /// Parte do nome do modelo.
    pub template_usado: Option<String>,
    /// Um instante, ou um dia desde o seu início.
    pub data_upload_apos: Option<String>,
    /// Um instante, ou um dia até o seu fim.
    pub data_upload_antes: Option<String>,
    /// `AAAA-MM-DD`, inclusive.
    #[param(format = Date)]
    pub data_vencimento_apos: Option<String>,
    /// `AAAA-MM-DD`, inclusive.
    #[param(format = Date)]
    pub data_vencimento_antes: Option<String>,
    /// Palavras que aparecem no nome, na descrição ou no modelo do documento.
    pub search: Option<String>,
    /// `nome`, `data_upload`, `data_vencimento` ou `status`. Padrão: `-data_upload`.
    pub ordering: Option<String>,
}

/// Como o arquivo é baixado.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DownloadParams {
    /// `true`: o navegador pode mostrar PDF e imagens em vez de salvar.
    pub inline: Option<bool>,
    /// De um link de `POST link/`: qual arquivo.
    pub versao: Option<String>,
    /// De um link: id de quem o criou.
    pub autor: Option<i64>,
    /// De um link: até quando vale, em segundos desde 1970.
    pub expira: Option<i64>,
    /// De um link: com ela não é preciso um token.
    pub assinatura: Option<String>,
}

/// Por quanto tempo o link vale.
#[derive(ToSchema)]
#[schema(example = json!({"minutos": 60}))]
pub struct LinkIn {
    /// Padrão: 15.
    #[schema(minimum = 1, maximum = 1440)]
    pub minutos: Option<i64>,
}

/// De quê um contrato é feito.
#[derive(ToSchema)]
#[schema(example = json!({
    "cliente_id": 3, "template_nome": "contrato_padrao",
    "dados_contrato": {"valor_servico": "1500.00", "prazo_contrato": "12 meses",
        "descricao_servicos": "Manutenção mensal"},
}))]
pub struct ContractIn {
    /// Um cliente ativo.
    #[schema(minimum = 1)]
    pub cliente_id: i64,
    /// A chave de um modelo do tipo `contrato`. Padrão: `contrato_padrao`.
    #[schema(max_length = 100)]
    pub template_nome: Option<String>,
    #[schema(schema_with = contract_values, required = false)]
    pub dados_contrato: String,
}

/// De quê um boleto é feito.
#[derive(ToSchema)]
#[schema(example = json!({
    "cliente_id": 3,
    "dados_boleto": {"valor_total": "1500.00", "data_vencimento": "2026-12-31",
        "descricao_servicos": "Mensalidade de dezembro"},
}))]
pub struct BoletoIn {
    /// Um cliente ativo.
    #[schema(minimum = 1)]
    pub cliente_id: i64,
    /// A chave de um modelo do tipo `boleto`. Padrão: `boleto_padrao`.
    #[schema(max_length = 100)]
    pub template_nome: Option<String>,
    #[schema(schema_with = charge_values, required = false)]
    pub dados_boleto: String,
}

fn example() -> Value {
    json!({
        "id": 7, "cliente": 3, "cliente_nome": "Empresa XYZ", "nome": "Contrato de Serviços 2026",
        "tipo_documento": "contrato", "status": "gerado", "origem": "manual",
        "arquivo": "https://dx.empresa.com.br/api/v1/documentos/7/arquivo/",
        "nome_arquivo": "contrato.pdf", "tipo_mime": "application/pdf", "tamanho_arquivo": "2.5 KB",
        "tamanho_bytes": 2560,
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "descricao": "Contrato anual de manutenção", "template_usado": "", "dados_preenchidos": {},
        "data_vencimento": "2026-12-31", "data_upload": "2026-01-02T12:00:00Z",
        "atualizado_em": "2026-01-02T12:00:00Z", "usuario_upload": 4, "usuario_upload_nome": "Ana Lima",
        "ativo": true, "is_gerado_automaticamente": false, "is_contrato": true, "is_boleto": false,
        "is_vencido": false,
    })
}

/// Any object.
fn any_object() -> Object {
    ObjectBuilder::new().schema_type(Type::Object).build()
}

/// Values by placeholder.
fn values() -> Object {
    let kinds = [Type::String, Type::Number, Type::Boolean, Type::Null];
    let value = ObjectBuilder::new().schema_type(SchemaType::from_iter(kinds));
    let all = AdditionalProperties::RefOr(value.max_length(Some(20_000)).build().into());
    ObjectBuilder::new().additional_properties(Some(all)).max_properties(Some(200)).build()
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

described! {
    filled_data = any_object(), "Um objeto: em um documento gerado, os valores com que foi feito.";
    new_file = binary(), "pdf, doc, docx, xls, xlsx, odt, txt, csv, png, jpg ou webp, julgado pelo conteúdo; \
        até `MAX_UPLOAD_MB` do servidor.";
    kind_of_new = word::<DocumentKind>(), "Padrão: `outro`.";
    status_of_new = word::<DocumentStatus>(), "Padrão: `gerado`.";
    data_of_new = any_object(), "Um objeto em JSON.";
    replacing_file = binary(), "Toma o lugar do arquivo atual. Só em `multipart/form-data`; em JSON é ignorado.";
    changed_data = any_object(), "Um objeto; em um formulário, em JSON.";
    contract_values = values(), "Valores das variáveis do modelo: textos de até 20 000 caracteres, números (em `valor…` com \
        até duas casas decimais), ou `true`/`false`, que aparecem como `Sim`/`Não`.";
    charge_values = values(), "Valores das variáveis do modelo. `valor_total` (de 0,01 a 99.999.999,99; um número \
        tem até duas casas decimais) e `data_vencimento` (`AAAA-MM-DD`) fazem o código de barras. `banco`, `agencia`, \
        `conta`, `carteira`, `convenio`, `posto`, `nosso_numero` e `campo_livre` (25 \
        dígitos) valem em vez da conta das configurações.";
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

//! What requests about customers hold, for the document only: handlers read it with `Fields` and
//! `Query`.

use dx_actors::domain::{CustomerStatus, PersonType, TaxRegime};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::openapi::schemas::{binary, described, word};

/// Um novo cliente, ou um que é substituído. De dados com mais de um nome vale o primeiro que vem.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "razao_social": "Empresa XYZ Ltda", "nome_fantasia": "XYZ", "tipo_pessoa": "juridica",
    "cnpj_cpf": "12345678000195", "email": "contato@xyz.com.br", "telefone": "11999999999",
    "endereco": "Rua das Flores", "numero": "123", "bairro": "Centro", "cidade": "São Paulo",
    "estado": "SP", "cep": "01234-567",
}))]
pub struct CustomerIn {
    /// Razão social, ou o nome da pessoa. Também com o nome `nome`.
    #[schema(min_length = 1, max_length = 255)]
    pub razao_social: String,
    #[serde(flatten)]
    pub details: CustomerDetailsIn,
}

/// O que se muda em um cliente; o que não vem fica como está.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"nome_fantasia": "XYZ", "observacoes": "Prefere e-mail"}))]
pub struct CustomerChangesIn {
    /// Também com o nome `nome`.
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    pub razao_social: Option<String>,
    #[serde(flatten)]
    pub details: CustomerDetailsIn,
}

/// Os dados de um cliente que podem faltar. `null` ou um texto vazio apaga um dado.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"nome_fantasia": "XYZ", "observacoes": "Prefere e-mail"}))]
pub struct CustomerDetailsIn {
    #[schema(max_length = 255)]
    pub nome_fantasia: Option<String>,
    #[schema(schema_with = person_type, required = false)]
    pub tipo_pessoa: String,
    /// CPF (11 dígitos) ou CNPJ (14 caracteres), com ou sem pontuação; único entre os clientes.
    /// Também com os nomes `cnpj` e `documento`. Dígitos verificadores errados são aceitos e
    /// aparecem em `documento_valido`, a não ser que a instalação os exija.
    #[schema(max_length = 30)]
    pub cnpj_cpf: Option<String>,
    /// Também com o nome `email_principal`.
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// Com DDD, com ou sem DDI e pontuação. Também com o nome `telefone_principal`.
    #[schema(max_length = 20)]
    pub telefone: Option<String>,
    /// Com DDD, com ou sem DDI e pontuação. Também com o nome `celular`.
    #[schema(max_length = 20)]
    pub whatsapp: Option<String>,
    /// Logradouro.
    #[schema(max_length = 500)]
    pub endereco: Option<String>,
    #[schema(max_length = 10)]
    pub numero: Option<String>,
    #[schema(max_length = 100)]
    pub complemento: Option<String>,
    #[schema(max_length = 100)]
    pub bairro: Option<String>,
    #[schema(max_length = 100)]
    pub cidade: Option<String>,
    /// Sigla com duas letras.
    #[schema(pattern = "^([A-Za-z]{2})?$")]
    pub estado: Option<String>,
    /// Oito dígitos, com ou sem hífen.
    #[schema(pattern = "^([0-9]{5}-?[0-9]{3})?$")]
    pub cep: Option<String>,
    #[schema(schema_with = status, required = false)]
    pub status: String,
    /// Id de um grupo de empresas.
    pub grupo_empresa: Option<i64>,
    #[schema(max_length = 20)]
    pub inscricao_estadual: Option<String>,
    #[schema(max_length = 20)]
    pub inscricao_municipal: Option<String>,
    #[schema(max_length = 255)]
    pub ramo_atividade: Option<String>,
    #[schema(schema_with = tax_regime, required = false)]
    pub regime_tributario: String,
    #[schema(max_length = 255)]
    pub responsavel_legal_nome: Option<String>,
    /// Onze dígitos, com ou sem pontuação.
    #[schema(max_length = 30)]
    pub responsavel_legal_cpf: Option<String>,
    #[schema(max_length = 100)]
    pub responsavel_legal_cargo: Option<String>,
    #[schema(max_length = 10000)]
    pub observacoes: Option<String>,
    /// Id de uma pessoa ativa; 0 para ninguém. Também com os nomes `responsavel` e `atendente`.
    pub agente_responsavel: Option<i64>,
    /// `null` apaga a imagem, o seu endereço a deixa como está. A imagem vem em um formulário
    /// (`multipart/form-data`).
    pub logo: Option<String>,
    /// Como `logo`.
    pub assinatura_digital: Option<String>,
}

described! {
    person_type = word::<PersonType>(),
        "Sem ele diz o documento o que a pessoa é; sem os dois é `juridica`. Clientes mais antigos da \
         API dizem `tipo_documento`: `cpf` ou `cnpj`.";
    status = word::<CustomerStatus>(), "De um novo cliente: `ativo`.";
    tax_regime = word::<TaxRegime>(), "De um novo cliente: `simples_nacional`.";
    picture = binary(), "PNG, JPEG ou WebP de até 2 MiB; um texto vazio apaga a imagem.";
}

/// Como em JSON, e com imagens.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"razao_social": "Empresa XYZ Ltda", "cnpj_cpf": "12345678000195"}))]
pub struct CustomerFormIn {
    #[serde(flatten)]
    pub customer: CustomerIn,
    #[serde(flatten)]
    pub pictures: CustomerPicturesIn,
}

/// Como em JSON, e com imagens.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"nome_fantasia": "XYZ"}))]
pub struct CustomerChangesFormIn {
    #[serde(flatten)]
    pub changes: CustomerChangesIn,
    #[serde(flatten)]
    pub pictures: CustomerPicturesIn,
}

/// As imagens de um cliente.
#[derive(Serialize, ToSchema)]
pub struct CustomerPicturesIn {
    #[schema(schema_with = picture, required = false)]
    pub logo: Vec<u8>,
    #[schema(schema_with = picture, required = false)]
    pub assinatura_digital: Vec<u8>,
}

/// Um novo status, e por quê.
#[derive(ToSchema)]
#[schema(example = json!({"status": "inativo", "motivo": "Encerrou o contrato"}))]
pub struct CustomerStatusIn {
    #[schema(schema_with = word::<CustomerStatus>)]
    pub status: String,
    /// Fica no histórico do cliente.
    #[schema(max_length = 2000)]
    pub motivo: Option<String>,
}

/// Quem passa a ser responsável.
#[derive(ToSchema)]
#[schema(example = json!({"agente_responsavel": 4}))]
pub struct CustomerResponsibleIn {
    /// Id de uma pessoa ativa; `null` ou 0 para ninguém. Também com os nomes `responsavel` e
    /// `atendente`.
    #[schema(required = true)]
    pub agente_responsavel: Option<i64>,
}

/// Só clientes neste status.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CustomerStatusParams {
    #[param(schema_with = word::<CustomerStatus>, required = false)]
    pub status: String,
}

/// O texto que se procura.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CustomerSearchParams {
    /// O mesmo que `search`; quando vêm os dois, todas as palavras precisam ocorrer.
    pub q: Option<String>,
}

/// Filtros e ordem de clientes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CustomerParams {
    #[param(schema_with = word::<PersonType>, required = false)]
    pub tipo_pessoa: String,
    #[param(schema_with = word::<TaxRegime>, required = false)]
    pub regime_tributario: String,
    /// Id de um grupo de empresas.
    pub grupo_empresa: Option<i64>,
    /// Id da pessoa responsável.
    pub agente_responsavel: Option<i64>,
    /// Parte da razão social; acentos, pontuação, maiúsculas e minúsculas não contam. Também com o
    /// nome `nome`.
    pub razao_social: Option<String>,
    /// Parte do nome fantasia.
    pub nome_fantasia: Option<String>,
    /// Parte do nome da cidade.
    pub cidade: Option<String>,
    /// Duas letras.
    pub estado: Option<String>,
    /// Parte do ramo de atividade.
    pub ramo_atividade: Option<String>,
    /// Parte do CPF ou CNPJ, com ou sem pontuação. Também com os nomes `cnpj` e `documento`.
    pub cnpj_cpf: Option<String>,
    /// Parte do e-mail. Também com o nome `email_principal`.
    pub email: Option<String>,
    /// Parte do telefone ou do WhatsApp. Também com os nomes `telefone_principal` e `whatsapp`.
    pub telefone: Option<String>,
    /// Instante ou dia. Também com o nome `created_after`.
    pub criado_apos: Option<String>,
    /// Instante ou dia. Também com o nome `created_before`.
    pub criado_antes: Option<String>,
    /// Instante ou dia. Também com o nome `updated_after`.
    pub atualizado_apos: Option<String>,
    /// Instante ou dia. Também com o nome `updated_before`.
    pub atualizado_antes: Option<String>,
    /// Palavras no nome, no nome fantasia, no documento, no e-mail, nos números ou na cidade; todas
    /// precisam ocorrer, na forma mais simples (`sao` encontra `São`). Até dez. Também com o nome
    /// `busca_geral`.
    pub search: Option<String>,
    /// `razao_social`, `criado_em` (padrão: `-criado_em`), `atualizado_em` ou `status`; vários com
    /// vírgulas. Também `nome`, `created_at` e `updated_at`.
    pub ordering: Option<String>,
}

//! Templates of generated documents: the two built-in ones, what a stored one must look like, and how
//! its placeholders are filled in (contract §8).
//!
//! The text of a template is plain text with light Markdown (headings, bold, lists, paragraphs).
//! `{{nome}}` stands for a value. Laying out and printing is the edge's work.

mod fill;
mod placeholder;
mod validate;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use fill::{ClientFacts, CompanyFacts, Facts, Filled, fill, without_double_braces};
pub use placeholder::{
    KNOWN_PLACEHOLDERS, Malformed, Segment, is_amount, is_name, placeholders, scan,
};
pub use validate::{
    CONTENT_CHARS_MAX, KEY_CHARS_MAX, NAME_CHARS_MAX, TEMPLATES_MAX, VARIABLES_MAX, validate,
    validate_all,
};

/// The key of the contract that every installation has.
pub const DEFAULT_CONTRACT: &str = "contrato_padrao";
/// The key of the charge that every installation has.
pub const DEFAULT_BOLETO: &str = "boleto_padrao";

/// What a template makes; it chooses the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateKind {
    Contract,
    Boleto,
    Proposal,
    Certificate,
}

/// One template. Stored as JSON within the settings, hence serde.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentTemplate {
    /// What people call it; the first half of a generated document's name.
    pub name: String,
    pub kind: TemplateKind,
    /// Light Markdown with placeholders.
    pub content: String,
    /// Placeholders of this template's own, besides the known ones.
    #[serde(default)]
    pub variables: Vec<String>,
}

/// Templates by key. The key is what `template_nome` of a request says.
pub type Templates = BTreeMap<String, DocumentTemplate>;

/// The templates of a fresh installation.
pub fn built_in() -> Templates {
    let of = |name: &str, kind, content: &str| DocumentTemplate {
        name: name.to_owned(),
        kind,
        content: content.to_owned(),
        variables: Vec::new(),
    };
    Templates::from([
        (
            DEFAULT_CONTRACT.to_owned(),
            of(
                "Contrato de Prestação de Serviços Padrão",
                TemplateKind::Contract,
                include_str!("document_template/contrato_padrao.md"),
            ),
        ),
        (
            DEFAULT_BOLETO.to_owned(),
            of(
                "Boleto de Cobrança Padrão",
                TemplateKind::Boleto,
                include_str!("document_template/boleto_padrao.md"),
            ),
        ),
    ])
}

/// All templates there are: the built-in ones, each replaced by a stored one of the same key.
pub fn merged(stored: Templates) -> Templates {
    let mut all = built_in();
    all.extend(stored);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_templates_are_valid_and_use_what_requests_send() {
        let all = built_in();
        assert_eq!(validate_all(&all), []);
        let used = |key: &str| placeholders(&all[key].content);
        for name in ["valor_servico", "data_inicio", "data_fim", "prazo_contrato", "cliente_cnpj"] {
            assert!(used(DEFAULT_CONTRACT).contains(&name), "{name}");
        }
        for name in ["descricao_servicos", "valor_total", "data_vencimento"] {
            assert!(used(DEFAULT_BOLETO).contains(&name), "{name}");
        }
    }

    #[test]
    fn a_stored_template_replaces_the_built_in_one_and_hides_no_other() {
        let mut own = built_in().remove(DEFAULT_CONTRACT).unwrap();
        own.name = "Contrato da casa".into();
        let all = merged(Templates::from([
            (DEFAULT_CONTRACT.to_owned(), own.clone()),
            ("extra".to_owned(), own),
        ]));
        assert_eq!(all.len(), 3);
        assert_eq!(all[DEFAULT_CONTRACT].name, "Contrato da casa");
        assert_eq!(all[DEFAULT_BOLETO].name, "Boleto de Cobrança Padrão");
    }
}

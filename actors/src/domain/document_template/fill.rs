//! Puts values in the place of placeholders.
//!
//! Who may say what: facts about the customer and our company come from their rows and cannot be
//! overridden by a request; dates of the system come from the clock; everything else is the request's.
//! A document never shows `{{x}}` or `None`: what has no value is blank and is reported.

use std::collections::BTreeMap;

use time::{
    Date, PrimitiveDateTime, format_description::BorrowedFormatItem, macros::format_description,
};

use super::{
    DocumentTemplate,
    placeholder::{Segment, is_amount, scan},
};
use crate::domain::Centavos;

const ISO_DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const DATE: &[BorrowedFormatItem<'_>] = format_description!("[day]/[month]/[year]");
const MINUTE: &[BorrowedFormatItem<'_>] =
    format_description!("[day]/[month]/[year] [hour]:[minute]");

/// What a company without a name is called in a document (contract §8).
const COMPANY_WITHOUT_NAME: &str = "Empresa";
/// How programs write "no value" when they turn it into text.
const NO_VALUE: [&str; 3] = ["None", "null", "undefined"];

/// The customer's part, ready to print; blank where nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientFacts {
    pub name: String,
    /// CNPJ or CPF with its punctuation.
    pub tax_id: String,
    /// In one line.
    pub address: String,
    pub email: String,
    pub phone: String,
}

/// Our company's part, ready to print; blank where the settings say nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompanyFacts {
    pub legal_name: String,
    pub tax_id: String,
    /// In one line.
    pub address: String,
}

/// Everything that a request cannot change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub client: ClientFacts,
    pub company: CompanyFacts,
    /// Now, in the company's time zone.
    pub now: PrimitiveDateTime,
}

impl Facts {
    fn values(&self) -> [(&'static str, String); 10] {
        let Self { client, company, now } = self;
        let company_name = match tidy(&company.legal_name) {
            name if name.is_empty() => COMPANY_WITHOUT_NAME.to_owned(),
            name => name,
        };
        [
            ("cliente_nome", tidy(&client.name)),
            ("cliente_cnpj", tidy(&client.tax_id)),
            ("cliente_endereco", tidy(&client.address)),
            ("cliente_email", tidy(&client.email)),
            ("cliente_telefone", tidy(&client.phone)),
            ("empresa_nome", company_name),
            ("empresa_cnpj", tidy(&company.tax_id)),
            ("empresa_endereco", tidy(&company.address)),
            ("data_contrato", now.format(DATE).unwrap_or_default()),
            ("data_geracao", now.format(MINUTE).unwrap_or_default()),
        ]
    }
}

/// A template with its values in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// Markdown; what came from values is escaped and shows as it was written.
    pub content: String,
    /// Every value that was at hand, as it is shown.
    pub values: BTreeMap<String, String>,
    /// Placeholders of the template without a value, in the order of the text.
    pub missing: Vec<String>,
}

/// Fills in a template. `data` are the request's values; `None` is null.
pub fn fill(
    template: &DocumentTemplate,
    facts: &Facts,
    data: &BTreeMap<String, Option<String>>,
) -> Filled {
    let mut values: BTreeMap<String, String> = data
        .iter()
        .map(|(name, value)| (name.clone(), shown(name, value.as_deref().unwrap_or_default())))
        .collect();
    values.extend(facts.values().map(|(name, value)| (name.to_owned(), value)));

    let mut content = String::with_capacity(template.content.len() * 2);
    let mut missing = Vec::new();
    for segment in scan(&template.content) {
        match segment {
            Segment::Text(text) => content.push_str(text),
            // Cannot be stored, see `validate`; shown without the braces all the same.
            Segment::Malformed(_) => {}
            Segment::Placeholder(name) => {
                let value = values.get(name).map_or("", String::as_str);
                if value.is_empty() && !missing.iter().any(|known| known == name) {
                    missing.push(name.to_owned());
                }
                escape(value, &mut content);
            }
        }
    }
    Filled { content, values, missing }
}

/// A value as a document shows it: amounts as `R$ 5.000,00`, dates as DD/MM/YYYY.
fn shown(name: &str, value: &str) -> String {
    let value = tidy(value);
    if let Ok(date) = Date::parse(&value, ISO_DATE) {
        return date.format(DATE).unwrap_or(value);
    }
    if is_amount(name)
        && let Some(amount) = Centavos::parse(&value)
    {
        return amount.to_string();
    }
    value
}

/// Without blanks around, control characters and double braces; "no value" is blank.
fn tidy(value: &str) -> String {
    let value = value.trim();
    if NO_VALUE.contains(&value) {
        return String::new();
    }
    let is_printable = |c: &char| !c.is_control() || *c == '\n';
    let value: String = value.replace("\r\n", "\n").chars().filter(is_printable).collect();
    without_double_braces(&value)
}

/// `{{` becomes `{` and `}}` becomes `}`, so that nothing looks like a forgotten placeholder.
pub fn without_double_braces(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if !(matches!(c, '{' | '}') && out.ends_with(c)) {
            out.push(c);
        }
    }
    out
}

/// Appends `value` so that Markdown shows it as it is; line breaks stay within the paragraph.
fn escape(value: &str, out: &mut String) {
    for c in value.chars() {
        if c == '\n' {
            out.push_str("\\\n");
            continue;
        }
        // A brace next to one of the template's text must not form a pair.
        if matches!(c, '{' | '}') && out.ends_with(c) {
            continue;
        }
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::{super::TemplateKind, *};

    fn template(content: &str) -> DocumentTemplate {
        DocumentTemplate {
            name: "Contrato".into(),
            kind: TemplateKind::Contract,
            content: content.into(),
            variables: Vec::new(),
        }
    }

    fn facts() -> Facts {
        Facts {
            client: ClientFacts {
                name: "Empresa XYZ Ltda".into(),
                tax_id: "12.345.678/0001-90".into(),
                ..ClientFacts::default()
            },
            company: CompanyFacts::default(),
            now: datetime!(2025-11-30 22:05),
        }
    }

    fn filled(content: &str, data: &[(&str, Option<&str>)]) -> Filled {
        let data = data
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)))
            .collect();
        fill(&template(content), &facts(), &data)
    }

    #[test]
    fn amounts_and_dates_are_shown_the_brazilian_way() {
        let found = filled(
            "{{valor_servico}}|{{data_inicio}}|{{prazo_contrato}}|{{data_contrato}}|{{data_geracao}}",
            &[
                ("valor_servico", Some("5000.00")),
                ("data_inicio", Some("2025-01-01")),
                ("prazo_contrato", Some("12 meses")),
            ],
        );
        assert_eq!(found.values["valor_servico"], "R$ 5.000,00");
        assert_eq!(found.values["data_inicio"], "01/01/2025");
        assert_eq!(
            found.content.replace('\\', ""),
            "R$ 5.000,00|01/01/2025|12 meses|30/11/2025|30/11/2025 22:05"
        );
        assert_eq!(found.missing, Vec::<String>::new());
    }

    #[test]
    fn a_request_cannot_change_who_the_parties_are_nor_the_clock() {
        let found = filled(
            "{{cliente_nome}} {{empresa_nome}} {{data_contrato}}",
            &[
                ("cliente_nome", Some("Outro")),
                ("empresa_nome", Some("Outra")),
                ("data_contrato", Some("01/01/1900")),
            ],
        );
        assert_eq!(found.content.replace('\\', ""), "Empresa XYZ Ltda Empresa 30/11/2025");
        assert_eq!(found.values["cliente_nome"], "Empresa XYZ Ltda");
    }

    #[test]
    fn what_has_no_value_is_blank_and_reported() {
        let found = filled(
            "[{{banco}}][{{agencia}}][{{conta}}][{{cliente_email}}][{{banco}}]",
            &[("agencia", None), ("conta", Some("None"))],
        );
        assert_eq!(found.content, "[][][][][]");
        assert_eq!(found.missing, ["banco", "agencia", "conta", "cliente_email"]);
        assert_eq!(found.values["agencia"], "");
    }

    #[test]
    fn values_are_not_markdown_and_hold_no_placeholders() {
        let found = filled("{{{obra}} {{obra}}}", &[("obra", Some("{{cliente_nome}} *x* # y"))]);
        assert_eq!(found.content, r" \{cliente\_nome\} \*x\* \# y}");
        let lines = filled("{{obra}}", &[("obra", Some("um\r\n\n- dois\u{0}"))]);
        assert_eq!(lines.content, "um\\\n\\\n\\- dois");
    }

    proptest! {
        #[test]
        fn no_value_and_no_template_leaves_double_braces(
            content in "[{}a \\n\\\\]{0,40}", value in "[{}a\\\\]{0,10}",
        ) {
            let found = filled(&format!("{content}{{{{a}}}}{content}"), &[("a", Some(&value))]);
            let visible = found.content.replace("\\{", "{").replace("\\}", "}");
            prop_assert!(!without_double_braces(&visible).contains("{{"));
            prop_assert!(!found.values["a"].contains("{{"), "{:?}", found.values);
        }
    }
}

//! What a template must look like before it is stored. Faults are told by field, under the keys of the
//! wire: `document_templates.<key>[.<campo>]`.

use super::{
    DocumentTemplate, Templates,
    placeholder::{KNOWN_PLACEHOLDERS, Malformed, Segment, is_name, placeholders, scan},
};

/// Most templates in one installation.
pub const TEMPLATES_MAX: usize = 100;
/// Longest key of a template.
pub const KEY_CHARS_MAX: usize = 100;
/// Longest name: a document's name (255) has the customer's name after it.
pub const NAME_CHARS_MAX: usize = 120;
/// Longest text, about fifty pages.
pub const CONTENT_CHARS_MAX: usize = 100_000;
/// Most placeholders of a template's own.
pub const VARIABLES_MAX: usize = 100;

/// Without these a document would not say whom it binds (contract §8).
const MANDATORY: [&str; 2] = ["cliente_nome", "empresa_nome"];
/// As many faults of one template's text are told at once.
const CONTENT_FAULTS_MAX: usize = 20;

const BLANK: &str = "Este campo não pode ser em branco.";

/// All faults of a map of templates: field and sentence, in the order of the keys.
pub fn validate_all(templates: &Templates) -> Vec<(String, String)> {
    if templates.len() > TEMPLATES_MAX {
        let text = format!("São permitidos no máximo {TEMPLATES_MAX} modelos.");
        return vec![("document_templates".to_owned(), text)];
    }
    templates.iter().flat_map(|(key, template)| validate(key, template)).collect()
}

/// All faults of one template: field and sentence.
pub fn validate(key: &str, template: &DocumentTemplate) -> Vec<(String, String)> {
    let DocumentTemplate { name, kind: _, content, variables } = template;
    let mut faults = Vec::new();
    let mut fault = |field: &str, text: String| {
        let dot = if field.is_empty() { "" } else { "." };
        faults.push((format!("document_templates.{key}{dot}{field}"), text));
    };
    if !is_key(key) {
        fault(
            "",
            format!(
                "A chave do modelo deve ter de 1 a {KEY_CHARS_MAX} letras, números, \"_\" ou \"-\"."
            ),
        );
    }
    if name.trim().is_empty() {
        fault("nome", BLANK.to_owned());
    } else if let Some(text) = too_long(name, NAME_CHARS_MAX) {
        fault("nome", text);
    } else if name.chars().any(char::is_control) {
        fault("nome", "O nome deve caber em uma linha.".to_owned());
    }
    for text in content_faults(content, variables) {
        fault("conteudo", text);
    }
    for text in variable_faults(variables) {
        fault("variaveis", text);
    }
    faults
}

fn is_key(key: &str) -> bool {
    let is_allowed = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    (1..=KEY_CHARS_MAX).contains(&key.chars().count()) && key.chars().all(is_allowed)
}

fn too_long(text: &str, chars_max: usize) -> Option<String> {
    (text.chars().count() > chars_max).then(|| {
        format!("Certifique-se de que este campo não tenha mais de {chars_max} caracteres.")
    })
}

fn content_faults(content: &str, variables: &[String]) -> Vec<String> {
    if content.trim().is_empty() {
        return vec![BLANK.to_owned()];
    }
    if let Some(text) = too_long(content, CONTENT_CHARS_MAX) {
        return vec![text];
    }
    let mut faults = Vec::new();
    let used = placeholders(content);
    for name in MANDATORY {
        if !used.contains(&name) {
            faults.push(format!("O conteúdo deve conter {{{{{name}}}}}."));
        }
    }
    for name in used {
        if !KNOWN_PLACEHOLDERS.contains(&name) && !variables.iter().any(|own| own == name) {
            faults.push(format!(
                "Variável desconhecida: {{{{{name}}}}}. Declare-a em \"variaveis\" ou corrija o nome."
            ));
        }
    }
    for segment in scan(content) {
        if let Segment::Malformed(malformed) = segment {
            faults.push(malformed_text(malformed));
        }
    }
    faults.dedup();
    faults.truncate(CONTENT_FAULTS_MAX);
    faults
}

fn malformed_text(malformed: Malformed<'_>) -> String {
    match malformed {
        Malformed::Unclosed => {
            "Há um \"{{\" sem o \"}}\" correspondente na mesma linha.".to_owned()
        }
        Malformed::Unopened => "Há um \"}}\" sem o \"{{\" correspondente.".to_owned(),
        Malformed::BadName(inner) => {
            let shown: String = inner.chars().take(40).collect();
            format!("Variável malformada: \"{{{{{shown}}}}}\". Use {{{{nome_da_variavel}}}}.")
        }
    }
}

fn variable_faults(variables: &[String]) -> Vec<String> {
    if variables.len() > VARIABLES_MAX {
        return vec![format!("São permitidas no máximo {VARIABLES_MAX} variáveis.")];
    }
    let is_bad = |name: &&String| !is_name(name);
    variables
        .iter()
        .filter(is_bad)
        .take(CONTENT_FAULTS_MAX)
        .map(|name| {
            let shown: String = name.chars().take(40).collect();
            format!(
                "Nome de variável inválido: \"{shown}\". Use letras sem acento, números e \"_\"."
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{super::TemplateKind, *};

    const PARTIES: &str = "{{cliente_nome}} e {{empresa_nome}}";

    fn template(content: &str) -> DocumentTemplate {
        DocumentTemplate {
            name: "Proposta".into(),
            kind: TemplateKind::Proposal,
            content: content.into(),
            variables: vec!["obra".into()],
        }
    }

    fn faults(content: &str) -> Vec<(String, String)> {
        validate("p", &template(content))
    }

    #[test]
    fn a_sound_template_has_no_faults() {
        assert_eq!(faults(&format!("{PARTIES} {{{{obra}}}} {{{{valor_total}}}} {{ livre }}")), []);
    }

    #[test]
    fn both_parties_must_be_named_exactly() {
        let found = faults("{{Cliente_nome}} e {{empresa_nome}}");
        let field = "document_templates.p.conteudo".to_owned();
        assert_eq!(
            found,
            [
                (field.clone(), "O conteúdo deve conter {{cliente_nome}}.".to_owned()),
                (
                    field,
                    "Variável desconhecida: {{Cliente_nome}}. Declare-a em \"variaveis\" ou \
                     corrija o nome."
                        .to_owned()
                ),
            ]
        );
    }

    #[test]
    fn braces_that_are_no_placeholder_are_refused() {
        for text in ["{{", "{{cliente nome}}", "}}", "{{}}", "{{{obra}}}"] {
            assert!(!faults(&format!("{PARTIES}\n{text}")).is_empty(), "{text}");
        }
    }

    #[test]
    fn lengths_names_and_keys_have_bounds() {
        let blank = vec![("document_templates.p.conteudo".to_owned(), BLANK.to_owned())];
        assert_eq!(faults(" \n"), blank);
        assert_eq!(faults(&"x".repeat(CONTENT_CHARS_MAX + 1)).len(), 1);

        let mut bad = template(PARTIES);
        bad.name = "n".repeat(NAME_CHARS_MAX + 1);
        bad.variables = vec!["com espaço".into()];
        let fields: Vec<_> = validate("a.b", &bad).into_iter().map(|(field, _)| field).collect();
        assert_eq!(
            fields,
            [
                "document_templates.a.b",
                "document_templates.a.b.nome",
                "document_templates.a.b.variaveis"
            ]
        );
    }

    #[test]
    fn there_are_only_so_many_templates() {
        let many = (0..=TEMPLATES_MAX).map(|n| (format!("t{n}"), template(PARTIES))).collect();
        assert_eq!(validate_all(&many)[0].0, "document_templates");
    }
}

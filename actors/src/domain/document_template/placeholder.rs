//! Placeholders: `{{nome}}`, blanks inside the braces allowed, upper and lower case differ.

/// Longest name of a placeholder.
const PLACEHOLDER_CHARS_MAX: usize = 64;

/// Placeholders that every template may use (contract §8).
pub const KNOWN_PLACEHOLDERS: &[&str] = &[
    // The customer.
    "cliente_nome",
    "cliente_cnpj",
    "cliente_endereco",
    "cliente_email",
    "cliente_telefone",
    // Our company, from the settings.
    "empresa_nome",
    "empresa_cnpj",
    "empresa_endereco",
    // The clock.
    "data_contrato",
    "data_geracao",
    // Contracts.
    "valor_servico",
    "data_inicio",
    "data_fim",
    "prazo_contrato",
    // Charges.
    "descricao_servicos",
    "valor_total",
    "data_vencimento",
    "banco",
    "agencia",
    "conta",
    "nosso_numero",
];

/// A piece of a template's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment<'a> {
    Text(&'a str),
    Placeholder(&'a str),
    Malformed(Malformed<'a>),
}

/// Double braces that are no placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed<'a> {
    /// `{{` and no `}}` after it on the same line.
    Unclosed,
    /// `}}` without `{{`.
    Unopened,
    /// Between the braces is no name.
    BadName(&'a str),
}

/// Letters, digits and `_`, not beginning with a digit; ASCII only.
pub fn is_name(text: &str) -> bool {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.len() <= PLACEHOLDER_CHARS_MAX
        && text.starts_with(is_start)
        && text.chars().all(|c| is_start(c) || c.is_ascii_digit())
}

/// What stands for this name is an amount in reais.
pub fn is_amount(name: &str) -> bool {
    name.starts_with("valor")
}

/// Cuts a template's text into its pieces, in order. Malformed pieces stand for their braces.
pub fn scan(content: &str) -> Vec<Segment<'_>> {
    let mut segments = Vec::new();
    let mut rest = content;
    while let Some(at) = [rest.find("{{"), rest.find("}}")].into_iter().flatten().min() {
        if at > 0 {
            segments.push(Segment::Text(&rest[..at]));
        }
        let is_opening = rest[at..].starts_with('{');
        rest = &rest[at + 2..];
        if !is_opening {
            segments.push(Segment::Malformed(Malformed::Unopened));
            continue;
        }
        let line = rest.split('\n').next().unwrap_or_default();
        let Some(end) = line.find("}}") else {
            segments.push(Segment::Malformed(Malformed::Unclosed));
            continue;
        };
        let inner = &rest[..end];
        rest = &rest[end + 2..];
        segments.push(if is_name(inner.trim()) {
            Segment::Placeholder(inner.trim())
        } else {
            Segment::Malformed(Malformed::BadName(inner))
        });
    }
    if !rest.is_empty() {
        segments.push(Segment::Text(rest));
    }
    segments
}

/// The names that a text uses, each once, in the order in which they appear first.
pub fn placeholders(content: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for segment in scan(content) {
        if let Segment::Placeholder(name) = segment
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_into_pieces() {
        use Segment::{Placeholder, Text};
        assert_eq!(
            scan("Eu, {{cliente_nome}}, {{ empresa_nome }}."),
            [
                Text("Eu, "),
                Placeholder("cliente_nome"),
                Text(", "),
                Placeholder("empresa_nome"),
                Text(".")
            ]
        );
        assert_eq!(scan(""), []);
        assert_eq!(scan("a { b } c"), [Text("a { b } c")]);
    }

    #[test]
    fn what_is_no_placeholder_is_named() {
        let faults = |text| -> Vec<Malformed<'_>> {
            let is_fault = |segment| match segment {
                Segment::Malformed(fault) => Some(fault),
                Segment::Text(_) | Segment::Placeholder(_) => None,
            };
            scan(text).into_iter().filter_map(is_fault).collect()
        };
        assert_eq!(faults("{{cliente_nome"), [Malformed::Unclosed]);
        assert_eq!(faults("{{a\n}}"), [Malformed::Unclosed, Malformed::Unopened]);
        assert_eq!(faults("a }} b"), [Malformed::Unopened]);
        assert_eq!(faults("{{}} {{a b}}"), [Malformed::BadName(""), Malformed::BadName("a b")]);
        assert_eq!(faults("{{é}}"), [Malformed::BadName("é")]);
        assert_eq!(faults("{{{a}}}"), [Malformed::BadName("{a")]);
    }

    #[test]
    fn each_name_is_listed_once() {
        assert_eq!(placeholders("{{b}} {{a}} {{b}} {{1}}"), ["b", "a"]);
    }
}

//! Templates: read from the Graph page by page, and what a template that is to be sent has to bring.

use dx_actors::domain::cloud::{MessageTemplate, NetworkTemplate, TemplateStatus};
use serde_json::{Value, json};

use super::{
    client::{Graph, GraphError},
    numbers::Account,
};
use crate::wire::cloud::template_status;

/// Templates on a page: Meta gives no more.
const PAGE: usize = 100;
/// An account may have 6 000 templates; whatever comes beyond is an error of the network.
const PAGES_MAX: usize = 80;
/// Meta's limits, so that no name of a stranger fills the database.
const NAME_CHARS_MAX: usize = 512;
const LANGUAGE_CHARS_MAX: usize = 32;
const WORD_CHARS_MAX: usize = 64;

/// All templates of an account.
pub async fn fetch(graph: &Graph, account: &Account) -> Result<Vec<NetworkTemplate>, GraphError> {
    let id = &account.business_account_id;
    let mut after = String::new();
    let mut templates = Vec::new();
    for _page in 0..PAGES_MAX {
        let cursor =
            if after.is_empty() { String::new() } else { format!("&after={}", encoded(&after)) };
        let fields = "id,name,language,category,status,rejected_reason,components";
        let path = format!("{id}/message_templates?fields={fields}&limit={PAGE}{cursor}");
        let mut page = graph.get(&account.access_token, &path).await?;
        let Value::Array(rows) = page["data"].take() else {
            return Err(GraphError::Unknown("a page of templates has no list".to_owned()));
        };
        templates.extend(rows.iter().filter_map(network_template));
        let next = page.pointer("/paging/cursors/after").and_then(Value::as_str);
        match next.filter(|_| page.pointer("/paging/next").is_some()) {
            Some(next) => next.clone_into(&mut after),
            None => return Ok(templates),
        }
    }
    Err(GraphError::Unknown("the list of templates has no end".to_owned()))
}

/// Cursors are opaque texts.
fn encoded(cursor: &str) -> String {
    serde_urlencoded::to_string([("", cursor)]).unwrap_or_default().split_off(1)
}

fn network_template(row: &Value) -> Option<NetworkTemplate> {
    let text = |key: &str, chars_max: usize| -> Option<String> {
        let text: String = row[key].as_str()?.chars().filter(|c| *c != '\0').collect();
        (text.chars().count() <= chars_max).then_some(text)
    };
    let reason = text("rejected_reason", WORD_CHARS_MAX).filter(|reason| reason != "NONE");
    Some(NetworkTemplate {
        network_id: text("id", WORD_CHARS_MAX)?,
        name: text("name", NAME_CHARS_MAX)?,
        language: text("language", LANGUAGE_CHARS_MAX)?,
        category: text("category", WORD_CHARS_MAX).unwrap_or_default(),
        status: template_status(row["status"].as_str().unwrap_or_default()),
        rejected_reason: reason.unwrap_or_default(),
        components: row["components"].to_string().replace("\\u0000", ""),
    })
}

/// A template with its parameters, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Filled {
    /// In the network's form; an empty list where nothing is to be filled in.
    pub components: Value,
    /// What the customer reads, for people and for the search.
    pub text: String,
}

/// Whether this template can be sent with these components; the texts say what is wrong.
pub fn fill(template: &MessageTemplate, components: &Value) -> Result<Filled, Vec<String>> {
    let MessageTemplate { name, language, .. } = template;
    if template.status != TemplateStatus::Approved {
        let state = state_of(template.status);
        return Err(vec![format!("O modelo \"{name}\" ({language}) {state}.")]);
    }
    let stored: Value = serde_json::from_str(&template.components).unwrap_or_default();
    let empty = Vec::new();
    let given = match components {
        Value::Null => &empty,
        Value::Array(list) => list,
        _ => return Err(vec!["`components` deve ser uma lista.".to_owned()]),
    };
    let mut check = Check { given, used: vec![false; given.len()], faults: Vec::new() };
    let mut texts = Vec::new();
    for component in stored.as_array().into_iter().flatten() {
        match component["type"].as_str().unwrap_or_default() {
            "HEADER" => texts.extend(check.header(component)),
            "BODY" => texts.push(check.text("body", component)),
            "FOOTER" => texts.extend(component["text"].as_str().map(str::to_owned)),
            "BUTTONS" => check.buttons(component),
            _ => {}
        }
    }
    check.report_unused();
    if check.faults.is_empty() {
        texts.retain(|text| !text.is_empty());
        Ok(Filled { components: json!(given), text: texts.join("\n") })
    } else {
        Err(check.faults)
    }
}

fn state_of(status: TemplateStatus) -> &'static str {
    match status {
        TemplateStatus::Approved => "está aprovado",
        TemplateStatus::Pending => "ainda aguarda a aprovação da Meta",
        TemplateStatus::Rejected => "foi recusado pela Meta",
        TemplateStatus::Paused => "está pausado pela Meta",
        TemplateStatus::Disabled => "foi desativado pela Meta",
        TemplateStatus::Other => "não pode ser enviado no estado atual",
    }
}

struct Check<'g> {
    given: &'g [Value],
    used: Vec<bool>,
    faults: Vec<String>,
}

impl<'g> Check<'g> {
    /// The component of this type (and index, for buttons) that was given.
    fn find(&mut self, kind: &str, index: Option<usize>) -> Option<&'g Value> {
        let at = self.given.iter().position(|component| {
            component["type"].as_str().is_some_and(|word| word.eq_ignore_ascii_case(kind))
                && index.is_none_or(|index| index_of(component) == Some(index))
        })?;
        self.used[at] = true;
        self.given.get(at)
    }

    fn fault(&mut self, text: String) {
        self.faults.push(text);
    }

    fn header(&mut self, stored: &Value) -> Option<String> {
        let format = stored["format"].as_str().unwrap_or("TEXT");
        if format == "TEXT" {
            return Some(self.text("header", stored));
        }
        let kind = format.to_ascii_lowercase();
        let given = self.find("header", None);
        let parameters = given.map_or(&[][..], parameters_of);
        let is_right = matches!(parameters, [one] if one["type"] == kind && one[&kind].is_object());
        if !is_right {
            self.fault(format!("O cabeçalho do modelo pede um parâmetro do tipo \"{kind}\"."));
        }
        None
    }

    /// A text with its placeholders filled in.
    fn text(&mut self, part: &str, stored: &Value) -> String {
        let text = stored["text"].as_str().unwrap_or_default();
        let names = placeholders(text);
        let given = self.find(part, None);
        let parameters = given.map_or(&[][..], parameters_of);
        let label = if part == "body" { "O corpo" } else { "O cabeçalho" };
        if parameters.len() != names.len() {
            let (wanted, got) = (names.len(), parameters.len());
            self.fault(format!(
                "{label} do modelo pede {wanted} parâmetro(s); foram enviados {got}."
            ));
            return text.to_owned();
        }
        let mut filled = text.to_owned();
        for (position, name) in names.iter().enumerate() {
            let is_named = name.parse::<usize>().is_err();
            let found = if is_named {
                parameters.iter().find(|parameter| parameter["parameter_name"] == *name)
            } else {
                // {{1}} is the first one, wherever it stands in the text.
                let number = name.parse().unwrap_or(position + 1);
                parameters.get(usize::saturating_sub(number, 1))
            };
            match found.and_then(value_of) {
                Some(value) => filled = filled.replace(&format!("{{{{{name}}}}}"), &value),
                None => self.fault(format!(
                    "{label} do modelo pede o parâmetro {{{{{name}}}}}, um texto não vazio."
                )),
            }
        }
        filled
    }

    fn buttons(&mut self, stored: &Value) {
        let buttons = stored["buttons"].as_array();
        for (index, button) in buttons.into_iter().flatten().enumerate() {
            let label = button["text"].as_str().unwrap_or_default();
            let (sub_type, key) = match button["type"].as_str().unwrap_or_default() {
                "URL" | "OTP" => ("url", "text"),
                "COPY_CODE" => ("copy_code", "coupon_code"),
                "QUICK_REPLY" => ("quick_reply", "payload"),
                _ => continue,
            };
            let url = button["url"].as_str().unwrap_or_default();
            let is_needed = match sub_type {
                "url" => button["type"] == "OTP" || !placeholders(url).is_empty(),
                "copy_code" => true,
                _ => false,
            };
            let given = self.find("button", Some(index));
            if given.is_none() && !is_needed {
                continue;
            }
            let is_right = given.is_some_and(|component| {
                let is_kind = component["sub_type"]
                    .as_str()
                    .is_some_and(|word| word.eq_ignore_ascii_case(sub_type));
                let parameter = parameters_of(component).first();
                let value = parameter.and_then(|parameter| parameter[key].as_str());
                is_kind && value.is_some_and(|value| !value.is_empty())
            });
            if !is_right {
                self.fault(format!(
                    "O botão {index} (\"{label}\") do modelo pede um componente button com \
                     sub_type \"{sub_type}\" e um parâmetro \"{key}\"."
                ));
            }
        }
    }

    fn report_unused(&mut self) {
        let unused: Vec<String> = self
            .given
            .iter()
            .zip(&self.used)
            .filter(|(_, used)| !**used)
            .map(|(component, _)| component["type"].as_str().unwrap_or("?").to_owned())
            .collect();
        for kind in unused {
            let text = format!("O modelo não tem o componente \"{kind}\" que foi enviado.");
            self.fault(text);
        }
    }
}

fn index_of(component: &Value) -> Option<usize> {
    match &component["index"] {
        Value::String(text) => text.parse().ok(),
        number => number.as_u64().and_then(|number| usize::try_from(number).ok()),
    }
}

fn parameters_of(component: &Value) -> &[Value] {
    component["parameters"].as_array().map_or(&[], Vec::as_slice)
}

/// What a customer reads in the place of a parameter.
fn value_of(parameter: &Value) -> Option<String> {
    let paths = ["/text", "/currency/fallback_value", "/date_time/fallback_value"];
    let text = paths.iter().find_map(|path| parameter.pointer(path)?.as_str())?;
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// The names between double braces, each once, in order.
fn placeholders(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { break };
        let name = name.trim().to_owned();
        if !names.contains(&name) {
            names.push(name);
        }
        rest = after;
    }
    names
}

#[cfg(test)]
mod tests {
    use dx_actors::domain::{SessionId, Timestamp};

    use super::*;

    fn template(components: &Value) -> MessageTemplate {
        MessageTemplate {
            id: 1,
            session_id: SessionId(1),
            network_id: "594425479261596".to_owned(),
            name: "pedido".to_owned(),
            language: "pt_BR".to_owned(),
            category: "UTILITY".to_owned(),
            status: TemplateStatus::Approved,
            rejected_reason: String::new(),
            components: components.to_string(),
            synced_at: Timestamp::EPOCH,
        }
    }

    fn whole() -> MessageTemplate {
        template(&json!([
            {"type": "HEADER", "format": "TEXT", "text": "Pedido {{1}}"},
            {"type": "BODY", "text": "Olá {{1}}, seu pedido {{2}} chega {{1}}."},
            {"type": "FOOTER", "text": "Loja"},
            {"type": "BUTTONS", "buttons": [
                {"type": "QUICK_REPLY", "text": "Ok"},
                {"type": "URL", "text": "Ver", "url": "https://loja.br/{{1}}"},
                {"type": "PHONE_NUMBER", "text": "Ligar", "phone_number": "+55"},
            ]},
        ]))
    }

    fn text(value: &str) -> Value {
        json!({"type": "text", "text": value})
    }

    #[test]
    fn a_template_that_brings_everything_reads_as_the_customer_reads_it() {
        let given = json!([
            {"type": "header", "parameters": [text("42")]},
            {"type": "body", "parameters": [text("Maria"), text("A-1")]},
            {"type": "button", "sub_type": "url", "index": "1", "parameters": [text("42")]},
        ]);
        let filled = fill(&whole(), &given).unwrap();
        assert_eq!(filled.text, "Pedido 42\nOlá Maria, seu pedido A-1 chega Maria.\nLoja");
        assert_eq!(filled.components, given);
    }

    #[test]
    fn everything_that_is_missing_or_too_much_is_said_at_once() {
        let given = json!([
            {"type": "body", "parameters": [text("Maria")]},
            {"type": "button", "sub_type": "quick_reply", "index": 7, "parameters": []},
        ]);
        let faults = fill(&whole(), &given).unwrap_err();
        let expected = [
            "O cabeçalho do modelo pede 1 parâmetro(s); foram enviados 0.",
            "O corpo do modelo pede 2 parâmetro(s); foram enviados 1.",
            "O botão 1 (\"Ver\") do modelo pede um componente button com sub_type \"url\" e um \
             parâmetro \"text\".",
            "O modelo não tem o componente \"button\" que foi enviado.",
        ];
        assert_eq!(faults, expected);
        let blank = json!([
            {"type": "header", "parameters": [text("1")]},
            {"type": "body", "parameters": [text("Maria"), text(" ")]},
            {"type": "button", "sub_type": "url", "index": 1, "parameters": [text("42")]},
        ]);
        let faults = fill(&whole(), &blank).unwrap_err();
        assert_eq!(faults, ["O corpo do modelo pede o parâmetro {{2}}, um texto não vazio."]);
    }

    #[test]
    fn named_parameters_and_media_headers_are_understood() {
        let stored = template(&json!([
            {"type": "HEADER", "format": "IMAGE"},
            {"type": "BODY", "text": "Olá {{nome}}"},
        ]));
        let image = json!({"type": "image", "image": {"link": "https://loja.br/a.png"}});
        let named = json!({"type": "text", "parameter_name": "nome", "text": "Eva"});
        let given = json!([
            {"type": "header", "parameters": [image]}, {"type": "body", "parameters": [named]},
        ]);
        assert_eq!(fill(&stored, &given).unwrap().text, "Olá Eva");
        let given = json!([{"type": "body", "parameters": [text("Eva")]}]);
        let faults = fill(&stored, &given).unwrap_err();
        assert_eq!(faults.len(), 2, "{faults:?}");
    }

    #[test]
    fn only_an_approved_template_is_sent() {
        let mut stored = template(&json!([{"type": "BODY", "text": "Olá"}]));
        assert_eq!(fill(&stored, &Value::Null).unwrap().text, "Olá");
        stored.status = TemplateStatus::Paused;
        let faults = fill(&stored, &Value::Null).unwrap_err();
        assert_eq!(faults, ["O modelo \"pedido\" (pt_BR) está pausado pela Meta."]);
    }

    #[test]
    fn cursors_are_encoded() {
        assert_eq!(encoded("QVFI&a=b"), "QVFI%26a%3Db");
    }
}

//! What messages carry beside their text, one shape per kind: stored as JSON with the message and shown
//! as its `details`. Providers read and write it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// O que a mensagem traz além do texto, conforme o tipo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    Location(Place),
    Contacts {
        contacts: Vec<ContactCard>,
    },
    Media(MediaDetails),
    /// Um modelo aprovado pela rede.
    Template(Template),
    /// Botões ou lista, e a escolha do cliente.
    Interactive(Interactive),
    /// O que o cliente escolheu em botões ou lista.
    Choice {
        id: String,
        title: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        description: String,
    },
    Poll {
        question: String,
        options: Vec<String>,
        /// Quantas opções podem ser escolhidas.
        choices_max: u32,
    },
}

/// Um lugar no mapa, em graus (WGS 84).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "latitude": -23.5614, "longitude": -46.6559, "name": "MASP", "address": "Av. Paulista, 1578",
}))]
pub struct Place {
    #[schema(minimum = -90, maximum = 90)]
    pub latitude: f64,
    #[schema(minimum = -180, maximum = 180)]
    pub longitude: f64,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub address: String,
}

/// Um cartão de visita.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"name": "Maria Souza", "phones": ["5511999990001"]}))]
pub struct ContactCard {
    pub name: String,
    #[serde(default)]
    pub phones: Vec<String>,
    /// O cartão como a rede o enviou (RFC 6350).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vcard: String,
}

/// O que se sabe de um arquivo além do tipo e do tamanho.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"filename": "contrato.pdf"}))]
pub struct MediaDetails {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub filename: String,
    /// Gravado na hora, como nota de voz.
    #[serde(default, skip_serializing_if = "is_false")]
    pub voice: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub seconds: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub width: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub height: Option<u32>,
    /// Where the network keeps the file and how it is opened. Never shown.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    #[schema(ignore)]
    pub reference: Value,
}

/// Um modelo aprovado, com o que preenche as variáveis (formato da Cloud API).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"name": "boas_vindas", "language": "pt_BR", "components": []}))]
pub struct Template {
    pub name: String,
    pub language: String,
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub components: Vec<Value>,
}

/// Uma pergunta com botões ou lista (formato da Cloud API).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "header": "", "footer": "", "action": {"buttons": [{"id": "sim", "title": "Sim"}]},
}))]
pub struct Interactive {
    #[serde(default)]
    pub header: String,
    #[serde(default)]
    pub footer: String,
    pub action: Action,
}

/// Até três botões, ou uma lista de até dez opções.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Buttons(Vec<Choice>),
    List { button: String, sections: Vec<Section> },
}

/// Uma opção.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"id": "sim", "title": "Sim"}))]
pub struct Choice {
    pub id: String,
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// Opções sob um título.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"title": "Opções", "rows": [{"id": "1", "title": "Segunda via"}]}))]
pub struct Section {
    #[serde(default)]
    pub title: String,
    pub rows: Vec<Choice>,
}

impl Content {
    /// What is stored with the message; `None` for what is nothing that we understand.
    pub fn read(details: &str) -> Option<Self> {
        serde_json::from_str(details).ok()
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The network can be asked for a file.
    pub fn has_reference(&self) -> bool {
        matches!(self, Self::Media(media) if !media.reference.is_null())
    }

    /// Without what opens the file.
    #[must_use]
    pub fn public(mut self) -> Self {
        if let Self::Media(media) = &mut self {
            media.reference = Value::Null;
        }
        self
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn contents_keep_their_shape_and_hide_what_opens_files() {
        let reference = json!({"direct_path": "/v/1", "media_key": "c2VncmVkbw=="});
        let media = MediaDetails { filename: "a.pdf".to_owned(), reference, ..Default::default() };
        let content = Content::Media(media);
        let stored = content.to_json();
        assert_eq!(Content::read(&stored), Some(content.clone()));
        assert!(content.has_reference());
        let shown = serde_json::to_value(content.public()).unwrap();
        assert_eq!(shown, json!({"type": "media", "filename": "a.pdf"}));
        let buttons = json!({
            "type": "interactive", "header": "", "footer": "",
            "action": {"buttons": [{"id": "s", "title": "Sim"}]},
        });
        let read = Content::read(&buttons.to_string()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), buttons);
        assert_eq!(Content::read("{}"), None);
    }
}

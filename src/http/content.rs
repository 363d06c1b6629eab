//! What a message that is sent carries beside its text, one field per kind.

use dx_actors::domain::{MessageKind, phone};
use serde_json::Value;

use super::Fields;
use crate::wire::content::{ContactCard, Content, MediaDetails, Place};

const CONTACTS_MAX: usize = 10;
const PHONES_MAX: usize = 10;
const NAME_CHARS_MAX: usize = 255;
const ADDRESS_CHARS_MAX: usize = 1000;
const FILE_NAME_CHARS_MAX: usize = 200;
const NO_CONTACT: &str = "Informe ao menos um contato, com nome e telefone.";

/// The content of a message of this kind; faults are noted.
pub(super) fn read(fields: &mut Fields, kind: MessageKind) -> Option<Content> {
    match kind {
        MessageKind::Location => place(fields).map(Content::Location),
        MessageKind::Contact => contacts(fields).map(|contacts| Content::Contacts { contacts }),
        kind if kind.is_media() => {
            let filename = fields.optional_text("filename", FILE_NAME_CHARS_MAX);
            let voice = fields.bool_or("voice", false) && kind == MessageKind::Audio;
            let filename = filename.unwrap_or_default();
            let is_bare = filename.is_empty() && !voice;
            let details = MediaDetails { filename, voice, ..MediaDetails::default() };
            (!is_bare).then_some(Content::Media(details))
        }
        _ => None,
    }
}

/// `{"latitude": …, "longitude": …, "name": …, "address": …}`.
fn place(fields: &mut Fields) -> Option<Place> {
    let Some(value) = fields.json("location").filter(|value| !value.is_null()).cloned() else {
        fields.error("type", "Mensagens do tipo location precisam do campo location.");
        return None;
    };
    let number = |name: &str, limit: f64| {
        let value = &value[name];
        let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
        number.filter(|number| number.is_finite() && number.abs() <= limit)
    };
    let (latitude, longitude) = (number("latitude", 90.0), number("longitude", 180.0));
    let (Some(latitude), Some(longitude)) = (latitude, longitude) else {
        let text = "Informe latitude (-90 a 90) e longitude (-180 a 180).";
        fields.error("location", text);
        return None;
    };
    let text = |name: &str, chars_max: usize| text_of(&value, name, chars_max);
    Some(Place {
        latitude,
        longitude,
        name: text("name", NAME_CHARS_MAX),
        address: text("address", ADDRESS_CHARS_MAX),
    })
}

/// `[{"name": …, "phones": ["…"]}]`.
fn contacts(fields: &mut Fields) -> Option<Vec<ContactCard>> {
    if !fields.is_present("contacts") {
        fields.error("type", "Mensagens do tipo contact precisam do campo contacts.");
        return None;
    }
    let items = fields.items("contacts", CONTACTS_MAX)?;
    let cards: Option<Vec<ContactCard>> = items.iter().map(card).collect();
    match cards.filter(|cards| !cards.is_empty()) {
        None => {
            fields.error("contacts", NO_CONTACT);
            None
        }
        cards => cards,
    }
}

fn card(value: &Value) -> Option<ContactCard> {
    let name = text_of(value, "name", NAME_CHARS_MAX);
    let phones: Vec<String> = value["phones"]
        .as_array()?
        .iter()
        .take(PHONES_MAX)
        .map(|value| phone::canonical(value.as_str()?))
        .collect::<Option<_>>()?;
    (!name.is_empty() && !phones.is_empty()).then(|| ContactCard {
        name,
        phones,
        vcard: String::new(),
    })
}

/// Databases take no NUL.
fn text_of(value: &Value, name: &str, chars_max: usize) -> String {
    let text = value[name].as_str().unwrap_or_default().trim();
    text.chars().filter(|c| *c != '\0').take(chars_max).collect()
}

//! What a customer's message of Meta's Cloud API says: its kind, what people read of it, and what it
//! carries beside that.

use dx_actors::domain::MessageKind;
use serde_json::{Value, json};

use super::{
    cloud::{list, text_at},
    content::{self, ContactCard, MediaDetails, Place},
    words::Word,
};

/// Cards of one message that are kept: Meta sends no more.
const CARDS_MAX: usize = 257;
const UNSUPPORTED: &str =
    "[o WhatsApp não deixou ver esta mensagem: peça que seja enviada de outra forma]";
const NUMBER_CHANGED: &str = "[o cliente mudou de número]";

/// A message as it is read.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) kind: MessageKind,
    pub(super) text: String,
    pub(super) details: Option<content::Content>,
}

pub(super) fn read(message: &Value) -> Content {
    let kind = message["type"].as_str().unwrap_or_default();
    let part = &message[kind];
    match kind {
        "text" => said(text_at(part, "/body").unwrap_or_default()),
        "image" | "audio" | "video" | "document" | "sticker" => media(kind, part),
        "location" => location(part),
        "contacts" => contacts(part),
        "button" => choice(part, ["/payload", "/text", ""]),
        "interactive" => match part["type"].as_str().unwrap_or_default() {
            "button_reply" => choice(&part["button_reply"], ["/id", "/title", ""]),
            "list_reply" => choice(&part["list_reply"], ["/id", "/title", "/description"]),
            _ => said(text_at(part, "/nfm_reply/body").unwrap_or_else(|| unknown(kind))),
        },
        "order" => said(order(part)),
        "system" => said(text_at(part, "/body").unwrap_or_else(|| NUMBER_CHANGED.to_owned())),
        "unsupported" => said(UNSUPPORTED.to_owned()),
        other => said(text_at(part, "/text").unwrap_or_else(|| unknown(other))),
    }
}

fn said(text: String) -> Content {
    Content { kind: MessageKind::Text, text, details: None }
}

/// Something that Meta has invented since.
fn unknown(kind: &str) -> String {
    format!("[{}]", if kind.is_empty() { "desconhecido" } else { kind })
}

fn media(kind: &str, part: &Value) -> Content {
    let text = ["/caption", "/filename"].iter().find_map(|path| text_at(part, path));
    // The file is fetched with the id; the digest says whether it is the one that was sent.
    let reference = match text_at(part, "/id") {
        Some(id) => json!({"media_id": id, "sha256": part["sha256"]}),
        None => Value::Null,
    };
    let details = MediaDetails {
        filename: text_at(part, "/filename").unwrap_or_default(),
        voice: part["voice"].as_bool().unwrap_or_default(),
        reference,
        ..MediaDetails::default()
    };
    Content {
        kind: MessageKind::parse(kind).unwrap_or(MessageKind::Document),
        text: text.unwrap_or_default(),
        details: Some(content::Content::Media(details)),
    }
}

fn location(part: &Value) -> Content {
    let (name, address) = (text_at(part, "/name"), text_at(part, "/address"));
    let place = || format!("{}, {}", part["latitude"], part["longitude"]);
    let text = name.clone().or_else(|| address.clone()).unwrap_or_else(place);
    let degrees = part["latitude"].as_f64().zip(part["longitude"].as_f64());
    let details = degrees.map(|(latitude, longitude)| {
        let (name, address) = (name.unwrap_or_default(), address.unwrap_or_default());
        content::Content::Location(Place { latitude, longitude, name, address })
    });
    Content { kind: MessageKind::Location, text, details }
}

fn contacts(part: &Value) -> Content {
    let cards: Vec<ContactCard> = list(part)
        .iter()
        .take(CARDS_MAX)
        .map(|contact| {
            let phones = list(&contact["phones"]).iter();
            ContactCard {
                name: text_at(contact, "/name/formatted_name").unwrap_or_default(),
                phones: phones
                    .filter_map(|phone| {
                        text_at(phone, "/wa_id").or_else(|| text_at(phone, "/phone"))
                    })
                    .collect(),
                vcard: String::new(),
            }
        })
        .collect();
    let names: Vec<&str> =
        cards.iter().map(|card| card.name.as_str()).filter(|name| !name.is_empty()).collect();
    let text = names.join(", ");
    let details = Some(content::Content::Contacts { contacts: cards });
    Content { kind: MessageKind::Contact, text, details }
}

/// What was chosen among buttons or in a list.
fn choice(part: &Value, [id, title, description]: [&str; 3]) -> Content {
    let title = text_at(part, title).unwrap_or_default();
    let description = if description.is_empty() { None } else { text_at(part, description) };
    let details = content::Content::Choice {
        id: text_at(part, id).unwrap_or_default(),
        title: title.clone(),
        description: description.unwrap_or_default(),
    };
    Content { kind: MessageKind::Interactive, text: title, details: Some(details) }
}

/// `Pedido: 2 × SKU-1 (10 BRL), …` and what the customer wrote to it.
fn order(order: &Value) -> String {
    let items = list(&order["product_items"]).iter().map(|item| {
        let product = text_at(item, "/product_retailer_id").unwrap_or_default();
        let currency = text_at(item, "/currency").unwrap_or_default();
        format!("{} × {product} ({} {currency})", item["quantity"], item["item_price"])
    });
    let items = items.collect::<Vec<_>>().join(", ");
    match text_at(order, "/text") {
        Some(text) => format!("Pedido: {items}\n{text}"),
        None => format!("Pedido: {items}"),
    }
}

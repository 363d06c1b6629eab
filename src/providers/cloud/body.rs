//! What the Graph is asked to send for a message.

use dx_actors::{
    domain::{ChangeKind, Message, MessageChange, MessageKind},
    session::ProviderError,
};
use serde_json::{Value, json};

use crate::wire::content::{
    Action, Choice, ContactCard, Content, Interactive, MediaDetails, Section, Template,
};

/// Longer texts are refused by Meta.
const TEXT_CHARS_MAX: usize = 4096;
/// Longer captions are refused by Meta.
const CAPTION_CHARS_MAX: usize = 1024;
const NOT_SENDABLE: &str = "A Cloud API não envia este tipo de mensagem.";

/// Where the file of a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MediaPlace {
    /// Meta has it, under this id.
    Uploaded(String),
    /// Meta fetches it there.
    Link(String),
    None,
}

/// The body of `POST {phone_number_id}/messages`; or why Meta would not take it. `quoted` is Meta's id of
/// the message that this one answers.
pub(super) fn of(
    message: &Message,
    place: MediaPlace,
    quoted: Option<&str>,
) -> Result<Value, ProviderError> {
    let details = message.details.as_deref().and_then(Content::read);
    let (kind, part) = part(message, details, place)?;
    let mut body = envelope(&message.chat_id, &message.message_id, kind, part)?;
    if let Some(id) = quoted {
        body["context"] = json!({ "message_id": id });
    }
    Ok(body)
}

/// The same for a reaction to a message that Meta knows as `target`.
pub(super) fn reaction(change: &MessageChange, target: &str) -> Result<Value, ProviderError> {
    match change.kind {
        ChangeKind::Reaction => {
            let part = json!({"message_id": target, "emoji": change.value});
            envelope(&change.chat_id, &change.change_id, "reaction", part)
        }
        ChangeKind::Edit | ChangeKind::Deletion | ChangeKind::Vote => {
            let text = "A Cloud API não altera nem apaga mensagens que já foram enviadas.";
            Err(ProviderError::Unsupported(text.to_owned()))
        }
    }
}

fn envelope(
    chat_id: &str,
    our_id: &str,
    kind: &'static str,
    part: Value,
) -> Result<Value, ProviderError> {
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": kind,
        // Comes back with every report on this message, whatever becomes of the answer to this request.
        "biz_opaque_callback_data": our_id,
    });
    body[kind] = part;
    let (name, value) = recipient(chat_id)?;
    body[name] = json!(value);
    Ok(body)
}

/// People who hide their number are written to under the id that they have for this business.
fn recipient(chat_id: &str) -> Result<(&'static str, &str), ProviderError> {
    if chat_id.contains('@') {
        return Err(refused("A Cloud API não envia a grupos nem a endereços do WhatsApp Web."));
    }
    let is_number = chat_id.bytes().all(|byte| byte.is_ascii_digit());
    Ok((if is_number { "to" } else { "recipient" }, chat_id))
}

fn part(
    message: &Message,
    details: Option<Content>,
    place: MediaPlace,
) -> Result<(&'static str, Value), ProviderError> {
    match (message.kind, details) {
        (MessageKind::Text, _) => {
            let text = within(&message.text, TEXT_CHARS_MAX, "O texto")?;
            let has_link = text.contains("https://") || text.contains("http://");
            Ok(("text", json!({"body": text, "preview_url": has_link})))
        }
        (MessageKind::Image, details) => media("image", message, details, place),
        (MessageKind::Audio, details) => media("audio", message, details, place),
        (MessageKind::Video, details) => media("video", message, details, place),
        (MessageKind::Document, details) => media("document", message, details, place),
        (MessageKind::Sticker, details) => media("sticker", message, details, place),
        (MessageKind::Location, Some(Content::Location(place))) => {
            let mut part = json!({"latitude": place.latitude, "longitude": place.longitude});
            set(&mut part, "name", &place.name);
            set(&mut part, "address", &place.address);
            Ok(("location", part))
        }
        (MessageKind::Contact, Some(Content::Contacts { contacts: cards })) => {
            Ok(("contacts", cards.iter().map(card).collect()))
        }
        (MessageKind::Template, Some(Content::Template(given))) => {
            Ok(("template", template(&given)))
        }
        (MessageKind::Interactive, Some(Content::Interactive(given))) => {
            Ok(("interactive", interactive(&message.text, &given)))
        }
        (
            MessageKind::Location
            | MessageKind::Contact
            | MessageKind::Template
            | MessageKind::Interactive
            | MessageKind::Poll,
            _,
        ) => Err(ProviderError::Unsupported(NOT_SENDABLE.to_owned())),
    }
}

fn media(
    kind: &'static str,
    message: &Message,
    details: Option<Content>,
    place: MediaPlace,
) -> Result<(&'static str, Value), ProviderError> {
    let mut part = match place {
        MediaPlace::Uploaded(id) => json!({ "id": id }),
        MediaPlace::Link(link) => json!({ "link": link }),
        MediaPlace::None => return Err(refused("A mensagem não tem mídia para enviar.")),
    };
    if matches!(kind, "image" | "video" | "document") {
        set(&mut part, "caption", within(&message.text, CAPTION_CHARS_MAX, "A legenda")?);
    }
    if let Some(Content::Media(MediaDetails { filename, voice, .. })) = details {
        if kind == "document" {
            set(&mut part, "filename", &filename);
        }
        if kind == "audio" && voice {
            part["voice"] = json!(true);
        }
    }
    Ok((kind, part))
}

fn card(card: &ContactCard) -> Value {
    let name = if card.name.is_empty() { "Contato" } else { &card.name };
    let phones: Vec<Value> =
        card.phones.iter().map(|phone| json!({"phone": phone, "type": "CELL"})).collect();
    json!({"name": {"formatted_name": name, "first_name": name}, "phones": phones})
}

fn template(given: &Template) -> Value {
    let Template { name, language, components } = given;
    json!({"name": name, "language": {"code": language}, "components": components})
}

fn interactive(text: &str, given: &Interactive) -> Value {
    let Interactive { header, footer, action } = given;
    let (kind, action) = match action {
        Action::Buttons(buttons) => {
            let button = |Choice { id, title, .. }: &Choice| json!({"type": "reply", "reply": {"id": id, "title": title}});
            ("button", json!({"buttons": buttons.iter().map(button).collect::<Vec<_>>()}))
        }
        Action::List { button, sections } => {
            let sections: Vec<Value> = sections.iter().map(section).collect();
            ("list", json!({"button": button, "sections": sections}))
        }
    };
    let mut part = json!({"type": kind, "body": {"text": text}, "action": action});
    if !header.is_empty() {
        part["header"] = json!({"type": "text", "text": header});
    }
    if !footer.is_empty() {
        part["footer"] = json!({"text": footer});
    }
    part
}

fn section(Section { title, rows }: &Section) -> Value {
    let row = |Choice { id, title, description }: &Choice| {
        let mut row = json!({"id": id, "title": title});
        set(&mut row, "description", description);
        row
    };
    let mut section = json!({"rows": rows.iter().map(row).collect::<Vec<_>>()});
    set(&mut section, "title", title);
    section
}

/// Meta takes no empty texts.
fn set(object: &mut Value, key: &str, text: &str) {
    if !text.is_empty() {
        object[key] = json!(text);
    }
}

fn within<'t>(text: &'t str, chars_max: usize, what: &str) -> Result<&'t str, ProviderError> {
    if text.chars().count() > chars_max {
        return Err(refused(&format!(
            "{what} passa dos {chars_max} caracteres que a Meta aceita."
        )));
    }
    Ok(text)
}

fn refused(text: &str) -> ProviderError {
    ProviderError::Refused(text.to_owned())
}

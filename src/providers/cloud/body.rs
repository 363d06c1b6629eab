//! What the Graph is asked to send for a message.

use dx_actors::{
    domain::{Message, MessageKind},
    session::ProviderError,
};
use serde_json::{Value, json};

/// Longer texts are refused by Meta.
pub(super) const TEXT_CHARS_MAX: usize = 4096;
/// Longer captions are refused by Meta.
pub(super) const CAPTION_CHARS_MAX: usize = 1024;

/// The body of `POST {phone_number_id}/messages`; or why Meta would not take it.
pub(super) fn of(message: &Message) -> Result<Value, ProviderError> {
    let (kind, part) = part(message)?;
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": kind,
        // Comes back with every report on this message, whatever becomes of the answer to this request.
        "biz_opaque_callback_data": message.message_id,
    });
    body[kind] = part;
    let (name, value) = recipient(&message.chat_id)?;
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

fn part(message: &Message) -> Result<(&'static str, Value), ProviderError> {
    match message.kind {
        MessageKind::Text => {
            let text = within(&message.text, TEXT_CHARS_MAX, "O texto")?;
            let has_link = text.contains("https://") || text.contains("http://");
            Ok(("text", json!({"body": text, "preview_url": has_link})))
        }
        MessageKind::Image => media("image", message),
        MessageKind::Audio => media("audio", message),
        MessageKind::Video => media("video", message),
        MessageKind::Document => media("document", message),
        MessageKind::Sticker => media("sticker", message),
        MessageKind::Location | MessageKind::Contact => {
            Err(refused("A Cloud API não envia este tipo de mensagem por aqui."))
        }
    }
}

fn media(kind: &'static str, message: &Message) -> Result<(&'static str, Value), ProviderError> {
    let Some(link) = &message.media_url else {
        return Err(refused("A mensagem não tem mídia para enviar."));
    };
    let mut part = json!({ "link": link });
    if !message.text.is_empty() && matches!(kind, "image" | "video" | "document") {
        part["caption"] = json!(within(&message.text, CAPTION_CHARS_MAX, "A legenda")?);
    }
    Ok((kind, part))
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

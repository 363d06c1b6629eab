//! A customer's message on its way in, whatever it came by: the limits of its texts and the one form
//! of its addresses. The reasons for a refusal are for people.

use dx_actors::domain::{Inbound, MediaStatus, MessageKind, Side, Timestamp, phone};
use uuid::Uuid;

use super::content::Content;

/// WhatsApp's own limit of a text.
pub const TEXT_CHARS_MAX: usize = 65_536;
pub const CONTACT_NAME_CHARS_MAX: usize = 255;
pub const MESSAGE_ID_CHARS_MAX: usize = 255;
/// Contract §11; also of a sender that is no number (a group's or a hidden address).
pub const CHAT_ID_CHARS_MAX: usize = 100;
pub const PHONE_CHARS_MAX: usize = 20;
/// What browsers and proxies agree on.
pub const MEDIA_URL_CHARS_MAX: usize = 2048;
/// RFC 4288: two names of up to 127 characters.
const MIME_TYPE_CHARS_MAX: usize = 255;
const VERSION_CHARS_MAX: usize = 20;
pub const VERSION_DEFAULT: &str = "v1";

/// What a source knows of a message, not judged yet.
#[derive(Debug)]
pub struct Incoming {
    pub from: String,
    /// Where it differs from the sender, as in groups.
    pub chat_id: Option<String>,
    pub contact_name: Option<String>,
    /// Made up when the source has none.
    pub message_id: Option<String>,
    pub kind: MessageKind,
    pub text: String,
    pub media_url: Option<String>,
    pub media_mime_type: Option<String>,
    pub media_size: Option<i64>,
    /// What else the kind carries.
    pub details: Option<Content>,
    /// The message that this one answers.
    pub quoted_message_id: Option<String>,
    pub raw_payload: Option<String>,
    pub protocol_version: Option<String>,
    pub provider_at: Option<Timestamp>,
}

impl Incoming {
    /// Checks every text; `text_name` is what the source calls the text.
    pub fn into_inbound(self, text_name: &str) -> Result<Inbound, String> {
        let Self {
            from,
            chat_id,
            contact_name,
            message_id,
            kind,
            text,
            media_url,
            media_mime_type,
            media_size,
            details,
            quoted_message_id,
            raw_payload,
            protocol_version,
            provider_at,
        } = self;
        let phone = phone::chat_id(&checked("from", from, CHAT_ID_CHARS_MAX)?);
        let is_number = !phone.contains(|c: char| c == '@' || c.is_ascii_alphabetic());
        let phone = if is_number { checked("from", phone, PHONE_CHARS_MAX)? } else { phone };
        let chat_id = optional("chat_id", chat_id, CHAT_ID_CHARS_MAX)?;
        let message_id = optional("message_id", message_id, MESSAGE_ID_CHARS_MAX)?;
        let media_url = optional("media_url", media_url, MEDIA_URL_CHARS_MAX)?;
        if media_url.as_ref().is_some_and(|url| !is_web_address(url)) {
            return Err(invalid("media_url", "deve começar com http:// ou https://"));
        }
        let version = optional("version", protocol_version, VERSION_CHARS_MAX)?;
        let has_file = details.as_ref().is_some_and(Content::has_reference);
        let quoted_message_id =
            optional("quoted_message_id", quoted_message_id, MESSAGE_ID_CHARS_MAX)?;
        Ok(Inbound {
            by: Side::Customer,
            chat_id: chat_id.map_or_else(|| phone.clone(), |chat_id| phone::chat_id(&chat_id)),
            phone,
            contact_name: optional("contact_name", contact_name, CONTACT_NAME_CHARS_MAX)?
                .unwrap_or_default(),
            message_id: message_id.unwrap_or_else(|| Uuid::new_v4().simple().to_string()),
            kind,
            text: checked(text_name, text, TEXT_CHARS_MAX)?,
            media_url,
            media_mime_type: optional("media_type", media_mime_type, MIME_TYPE_CHARS_MAX)?,
            media_size: media_size.filter(|size| *size >= 0),
            media_status: has_file.then_some(MediaStatus::Pending),
            details: details.map(|details| details.to_json()),
            quoted_message_id,
            raw_payload,
            protocol_version: version.unwrap_or_else(|| VERSION_DEFAULT.to_owned()),
            provider_at,
        })
    }
}

/// The reason for a refusal of one field.
pub fn invalid(name: &str, why: &str) -> String {
    format!("Campo inválido: {name} ({why})")
}

/// Blank counts as absent.
fn optional(name: &str, text: Option<String>, chars_max: usize) -> Result<Option<String>, String> {
    let text = text.filter(|text| !text.trim().is_empty());
    text.map(|text| checked(name, text.trim().to_owned(), chars_max)).transpose()
}

fn checked(name: &str, text: String, chars_max: usize) -> Result<String, String> {
    if text.contains('\0') {
        return Err(invalid(name, "caracteres nulos não são permitidos"));
    }
    if text.chars().count() > chars_max {
        return Err(invalid(name, &format!("no máximo {chars_max} caracteres")));
    }
    Ok(text)
}

/// What browsers may open; nothing that runs code in them.
pub fn is_web_address(url: &str) -> bool {
    let is_web = url.starts_with("http://") || url.starts_with("https://");
    is_web && url.chars().count() <= MEDIA_URL_CHARS_MAX
}

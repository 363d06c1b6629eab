//! The form in which WhatsApp takes what we send.

use dx_actors::{
    domain::{ChangeKind, Direction, Message, MessageChange, MessageKind},
    session::ProviderError,
};
use whatsapp_rust::{
    media::{self, AudioOptions, DocumentOptions, ImageOptions, VideoOptions},
    prelude::MessageField,
    upload::UploadResponse,
    waproto::whatsapp::{self as wa, message},
};

use crate::wire::{
    content::{ContactCard, Content, MediaDetails},
    incoming::TEXT_CHARS_MAX,
};

const NOT_SENDABLE: &str = "O WhatsApp Web não envia este tipo de mensagem.";
const NO_FILE: &str = "A mensagem não tem mídia para enviar.";
const TOO_LONG: &str = "O texto passa dos 65536 caracteres que o WhatsApp aceita.";
const NOT_TEXT: &str = "No WhatsApp só textos podem ser editados.";

/// What a message is to WhatsApp; or why it would not take it. `quote` is the message that it answers.
pub(in super::super) fn of(
    message: &Message,
    file: Option<UploadResponse>,
    quote: Option<wa::ContextInfo>,
) -> Result<wa::Message, ProviderError> {
    let details = message.details.as_deref().and_then(Content::read);
    if message.text.chars().count() > TEXT_CHARS_MAX {
        return Err(refused(TOO_LONG));
    }
    match (message.kind, details) {
        (MessageKind::Text, _) => Ok(text(&message.text, quote)),
        (kind, details) if kind.is_media() => {
            let file = file.ok_or_else(|| refused(NO_FILE))?;
            let details = match details {
                Some(Content::Media(details)) => details,
                _ => MediaDetails::default(),
            };
            Ok(media_message(message, &details, file, quote))
        }
        (MessageKind::Location, Some(Content::Location(place))) => Ok(wa::Message {
            location_message: MessageField::some(message::LocationMessage {
                degrees_latitude: Some(place.latitude),
                degrees_longitude: Some(place.longitude),
                name: some(place.name),
                address: some(place.address),
                context_info: field(quote),
                ..Default::default()
            }),
            ..Default::default()
        }),
        (MessageKind::Contact, Some(Content::Contacts { contacts })) => Ok(cards(&contacts, quote)),
        _ => Err(ProviderError::Unsupported(NOT_SENDABLE.to_owned())),
    }
}

/// The form of a reaction to a message in the chat with `remote`.
pub(in super::super) fn reaction(
    change: &MessageChange,
    target: &Message,
    remote: &str,
    millis: i64,
) -> wa::Message {
    wa::Message {
        reaction_message: MessageField::some(message::ReactionMessage {
            key: MessageField::some(wa::MessageKey {
                remote_jid: Some(remote.to_owned()),
                from_me: Some(target.direction == Direction::Outbound),
                id: Some(target.message_id.clone()),
                participant: None,
            }),
            text: Some(change.value.clone()),
            sender_timestamp_ms: Some(millis),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// What a text becomes by an edit.
pub(in super::super) fn edited(
    change: &MessageChange,
    target: &Message,
) -> Result<wa::Message, ProviderError> {
    debug_assert_eq!(change.kind, ChangeKind::Edit);
    if target.kind != MessageKind::Text {
        return Err(ProviderError::Unsupported(NOT_TEXT.to_owned()));
    }
    if change.value.chars().count() > TEXT_CHARS_MAX {
        return Err(refused(TOO_LONG));
    }
    Ok(text(&change.value, None))
}

/// How a message names the one that it answers.
pub(in super::super) fn quote(quoted: &Message, author: &str) -> wa::ContextInfo {
    // Phones show their own copy; this one is for those that have none.
    let copy = wa::Message { conversation: Some(quoted.text.clone()), ..Default::default() };
    wa::ContextInfo {
        stanza_id: Some(quoted.message_id.clone()),
        participant: Some(author.to_owned()),
        quoted_message: MessageField::some(copy),
        ..Default::default()
    }
}

fn text(text: &str, quote: Option<wa::ContextInfo>) -> wa::Message {
    if quote.is_none() {
        return wa::Message { conversation: Some(text.to_owned()), ..Default::default() };
    }
    wa::Message {
        extended_text_message: MessageField::some(message::ExtendedTextMessage {
            text: Some(text.to_owned()),
            context_info: field(quote),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn media_message(
    message: &Message,
    details: &MediaDetails,
    file: UploadResponse,
    quote: Option<wa::ContextInfo>,
) -> wa::Message {
    let (caption, mimetype) = (some(message.text.clone()), message.media_mime_type.clone());
    let context_info = quote.map(Box::new);
    match message.kind {
        MessageKind::Image => media::image_message(
            file,
            ImageOptions { caption, mimetype, context_info, ..Default::default() },
        ),
        MessageKind::Video => media::video_message(
            file,
            VideoOptions {
                caption,
                mimetype,
                duration_seconds: details.seconds,
                context_info,
                ..Default::default()
            },
        ),
        MessageKind::Audio => {
            // Phones play a voice note only under this name.
            let is_opus = mimetype.as_deref().is_some_and(|name| name.starts_with("audio/ogg"));
            let mimetype = if is_opus { None } else { mimetype };
            let options = AudioOptions {
                mimetype,
                duration_seconds: details.seconds,
                ptt: Some(details.voice),
                context_info,
                ..Default::default()
            };
            media::audio_message(file, options)
        }
        MessageKind::Sticker => sticker(file, details, context_info),
        _ => media::document_message(
            file,
            DocumentOptions {
                caption,
                mimetype,
                title: some(details.filename.clone()),
                file_name: some(details.filename.clone()),
                context_info,
                ..Default::default()
            },
        ),
    }
}

fn sticker(
    file: UploadResponse,
    details: &MediaDetails,
    context_info: Option<Box<wa::ContextInfo>>,
) -> wa::Message {
    wa::Message {
        sticker_message: MessageField::some(message::StickerMessage {
            url: Some(file.url),
            direct_path: Some(file.direct_path),
            media_key: Some(file.media_key.to_vec()),
            file_sha256: Some(file.file_sha256.to_vec()),
            file_enc_sha256: Some(file.file_enc_sha256.to_vec()),
            file_length: Some(file.file_length),
            media_key_timestamp: Some(file.media_key_timestamp),
            mimetype: Some("image/webp".to_owned()),
            width: details.width,
            height: details.height,
            context_info: field(context_info.map(|context| *context)),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn cards(cards: &[ContactCard], quote: Option<wa::ContextInfo>) -> wa::Message {
    let card = |card: &ContactCard| message::ContactMessage {
        display_name: Some(card.name.clone()),
        vcard: Some(vcard(card)),
        ..Default::default()
    };
    match cards {
        [only] => {
            let only = message::ContactMessage { context_info: field(quote), ..card(only) };
            wa::Message { contact_message: MessageField::some(only), ..Default::default() }
        }
        several => wa::Message {
            contacts_array_message: MessageField::some(message::ContactsArrayMessage {
                display_name: Some(format!("{} contatos", several.len())),
                contacts: several.iter().map(card).collect(),
                context_info: field(quote),
            }),
            ..Default::default()
        },
    }
}

/// RFC 6350, version 3.0 as WhatsApp writes it; texts cannot break out of their line.
fn vcard(card: &ContactCard) -> String {
    if !card.vcard.is_empty() {
        return card.vcard.clone();
    }
    let escaped = |text: &str| {
        text.replace('\\', "\\\\")
            .replace(['\r', '\n'], " ")
            .replace(';', "\\;")
            .replace(',', "\\,")
    };
    let name = escaped(&card.name);
    let mut lines = vec![format!("BEGIN:VCARD\nVERSION:3.0\nN:;{name};;;\nFN:{name}")];
    lines.extend(card.phones.iter().map(|phone| {
        let id: String = phone.chars().filter(char::is_ascii_digit).collect();
        format!("TEL;type=CELL;type=VOICE;waid={id}:+{id}")
    }));
    lines.push("END:VCARD".to_owned());
    lines.join("\n")
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn field(context: Option<wa::ContextInfo>) -> MessageField<wa::ContextInfo> {
    context.map(MessageField::some).unwrap_or_default()
}

fn refused(text: &str) -> ProviderError {
    ProviderError::Refused(text.to_owned())
}

#[cfg(test)]
mod tests {
    use dx_actors::domain::{MessageRowId, NewMessage, SessionId, Timestamp};
    use whatsapp_rust::wacore::proto_helpers::MessageExt;

    use super::*;
    use crate::wire::content::{Place, Template};

    fn message(kind: MessageKind, text: &str, details: Option<&Content>) -> Message {
        let new = NewMessage {
            session_id: SessionId(1),
            ticket_id: None,
            agent_id: None,
            chat_id: "5511999990001".to_owned(),
            message_id: "m1".to_owned(),
            client_message_id: None,
            task_id: None,
            direction: Direction::Outbound,
            kind,
            phone: "5511999990001".to_owned(),
            contact_name: String::new(),
            text: text.to_owned(),
            media_url: None,
            media_mime_type: Some("audio/ogg; codecs=opus".to_owned()),
            media_size: None,
            media_key: None,
            media_status: None,
            details: details.map(Content::to_json),
            quoted_message_id: None,
            raw_payload: None,
            protocol_version: "v1".to_owned(),
            is_automatic: false,
            is_sent: false,
            provider_at: None,
            at: Timestamp::EPOCH,
        };
        new.into_stored(MessageRowId(1))
    }

    fn change(kind: ChangeKind, value: &str) -> MessageChange {
        MessageChange {
            chat_id: "5511999990001".to_owned(),
            target_id: "m1".to_owned(),
            change_id: "c1".to_owned(),
            side: dx_actors::domain::Side::Company,
            agent_id: None,
            kind,
            value: value.to_owned(),
            at: Timestamp::EPOCH,
        }
    }

    #[test]
    fn a_text_is_plain_and_an_answer_names_what_it_answers() {
        let plain = of(&message(MessageKind::Text, "Olá", None), None, None).unwrap();
        assert_eq!(plain.conversation.as_deref(), Some("Olá"));
        let quoted = message(MessageKind::Text, "antes", None);
        let quote = quote(&quoted, "5511999990001@s.whatsapp.net");
        let answer = of(&message(MessageKind::Text, "sim", None), None, Some(quote)).unwrap();
        let answer = answer.extended_text_message.as_option().unwrap();
        let context = answer.context_info.as_option().unwrap();
        assert_eq!(context.stanza_id.as_deref(), Some("m1"));
        let copy = context.quoted_message.as_option().unwrap();
        assert_eq!(copy.text_content(), Some("antes"));
    }

    #[test]
    fn a_place_and_cards_keep_what_they_say() {
        let place = Content::Location(Place {
            latitude: -23.5,
            longitude: -46.6,
            name: "MASP".to_owned(),
            address: String::new(),
        });
        let sent = of(&message(MessageKind::Location, "", Some(&place)), None, None).unwrap();
        let sent = sent.location_message.as_option().unwrap();
        assert_eq!((sent.degrees_latitude, sent.name.as_deref()), (Some(-23.5), Some("MASP")));
        assert_eq!(sent.address, None);
        let card = |name: &str| ContactCard {
            name: name.to_owned(),
            phones: vec!["+55 11 99999-0001".to_owned()],
            vcard: String::new(),
        };
        let contacts = vec![card("Maria; Souza\nTEL:1"), card("José")];
        let details = Content::Contacts { contacts };
        let sent = of(&message(MessageKind::Contact, "", Some(&details)), None, None).unwrap();
        let cards = &sent.contacts_array_message.as_option().unwrap().contacts;
        let vcard = cards[0].vcard.as_deref().unwrap();
        assert!(vcard.contains("FN:Maria\\; Souza TEL:1\n"), "{vcard}");
        assert!(vcard.contains("waid=5511999990001:+5511999990001\n"), "{vcard}");
    }

    #[test]
    fn what_whatsapp_web_does_not_carry_is_refused_clearly() {
        let template = Content::Template(Template {
            name: "boas_vindas".to_owned(),
            language: "pt_BR".to_owned(),
            components: Vec::new(),
        });
        let refused = of(&message(MessageKind::Template, "", Some(&template)), None, None);
        assert!(matches!(refused, Err(ProviderError::Unsupported(_))), "{refused:?}");
        let no_file = of(&message(MessageKind::Image, "", None), None, None);
        assert!(matches!(no_file, Err(ProviderError::Refused(_))), "{no_file:?}");
        let long = "x".repeat(TEXT_CHARS_MAX + 1);
        let too_long = of(&message(MessageKind::Text, &long, None), None, None);
        assert!(matches!(too_long, Err(ProviderError::Refused(_))));
    }

    #[test]
    fn a_reaction_says_whose_message_it_is_about() {
        let target = message(MessageKind::Text, "Olá", None);
        let sent = reaction(&change(ChangeKind::Reaction, "👍"), &target, "x@s.whatsapp.net", 7);
        let sent = sent.reaction_message.as_option().unwrap();
        let key = sent.key.as_option().unwrap();
        assert_eq!((key.id.as_deref(), key.from_me), (Some("m1"), Some(true)));
        assert_eq!((sent.text.as_deref(), sent.sender_timestamp_ms), (Some("👍"), Some(7)));
    }

    #[test]
    fn only_texts_are_edited() {
        let edit = change(ChangeKind::Edit, "novo");
        let text = edited(&edit, &message(MessageKind::Text, "velho", None)).unwrap();
        assert_eq!(text.conversation.as_deref(), Some("novo"));
        let image = edited(&edit, &message(MessageKind::Image, "legenda", None));
        assert!(matches!(image, Err(ProviderError::Unsupported(_))));
    }
}

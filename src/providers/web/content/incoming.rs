//! What a message of WhatsApp is to us: a message, something that becomes of an earlier one, or nothing.

use dx_actors::domain::{ChangeKind, MediaStatus, MessageKind};
use serde_json::json;
use whatsapp_rust::{
    wacore::proto_helpers::MessageExt,
    waproto::whatsapp::{self as wa, message},
};

use super::super::reference::{FileReference, MediaKind};
use crate::wire::{
    content::{ContactCard, Content, MediaDetails, Place},
    incoming::TEXT_CHARS_MAX,
};

/// Cards of one message; WhatsApp sends up to 256 at once.
const CARDS_MAX: usize = 256;
/// Options of a poll; WhatsApp allows 12.
const OPTIONS_MAX: usize = 12;
/// What people read instead of a kind that we do not show.
const NOT_SHOWN: &str = "[Mensagem de um tipo que só aparece no celular]";

/// What came.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Came {
    Message(Said),
    Change(Became),
    /// A vote, sealed; `poll_id` is the message of the poll.
    Vote(SealedVote),
    /// Nothing for people: keys, synchronisation, pins.
    Nothing,
}

#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Said {
    pub(in super::super) kind: MessageKind,
    pub(in super::super) text: String,
    pub(in super::super) details: Option<Content>,
    pub(in super::super) media_type: Option<String>,
    pub(in super::super) media_size: Option<i64>,
    pub(in super::super) media_status: Option<MediaStatus>,
    pub(in super::super) quoted_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Became {
    pub(in super::super) target_id: String,
    pub(in super::super) kind: ChangeKind,
    pub(in super::super) value: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct SealedVote {
    pub(in super::super) poll_id: String,
    /// The poll is the company's.
    pub(in super::super) is_poll_of_us: bool,
    pub(in super::super) payload: Vec<u8>,
    pub(in super::super) iv: Vec<u8>,
}

/// The addresses that a message came under.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Origin<'a> {
    pub(in super::super) chat: &'a str,
    /// Its author, in a group.
    pub(in super::super) participant: Option<&'a str>,
}

/// Reads a message. `is_from_us` turns the view around: keys say `from_me` as their author sees it.
pub(in super::super) fn read(message: &wa::Message, is_from_us: bool, origin: &Origin<'_>) -> Came {
    let base = message.get_base_message();
    if let Some(reaction) = base.reaction_message.as_option() {
        let id = reaction.key.as_option().and_then(|key| key.id.as_deref());
        return became(id, ChangeKind::Reaction, reaction.text.as_deref().unwrap_or_default());
    }
    if let Some(protocol) = base.protocol_message.as_option() {
        return protocol_message(protocol);
    }
    if let Some(update) = base.poll_update_message.as_option() {
        return vote(update, is_from_us);
    }
    let quoted_id = context(base).and_then(|context| context.stanza_id.clone());
    match said(base, origin) {
        Some(said) => Came::Message(Said { quoted_id, ..said }),
        None => Came::Nothing,
    }
}

fn became(id: Option<&str>, kind: ChangeKind, value: &str) -> Came {
    match id.filter(|id| !id.is_empty()) {
        Some(id) => Came::Change(Became { target_id: id.to_owned(), kind, value: plain(value) }),
        None => Came::Nothing,
    }
}

fn protocol_message(protocol: &message::ProtocolMessage) -> Came {
    use message::protocol_message::Type;
    let id = protocol.key.as_option().and_then(|key| key.id.as_deref());
    if protocol.r#type == Some(Type::REVOKE) {
        return became(id, ChangeKind::Deletion, "");
    }
    if protocol.r#type == Some(Type::MESSAGE_EDIT)
        && let Some(edited) = protocol.edited_message.as_option()
    {
        let edited = edited.get_base_message();
        let text = edited.text_content().or_else(|| edited.get_caption()).unwrap_or_default();
        return became(id, ChangeKind::Edit, text);
    }
    Came::Nothing
}

fn vote(update: &message::PollUpdateMessage, is_from_us: bool) -> Came {
    let key = update.poll_creation_message_key.as_option();
    let sealed = update.vote.as_option();
    let id = key.and_then(|key| key.id.clone()).filter(|id| !id.is_empty());
    let parts = sealed.and_then(|vote| vote.enc_payload.clone().zip(vote.enc_iv.clone()));
    match (id, parts) {
        (Some(poll_id), Some((payload, iv))) => {
            let is_of_voter = key.and_then(|key| key.from_me).unwrap_or_default();
            let is_poll_of_us = is_of_voter == is_from_us;
            Came::Vote(SealedVote { poll_id, is_poll_of_us, payload, iv })
        }
        _ => Came::Nothing,
    }
}

fn said(base: &wa::Message, origin: &Origin<'_>) -> Option<Said> {
    if let Some(text) = base.text_content().filter(|text| !text.is_empty()) {
        return Some(text_of(text));
    }
    if let Some(file) = file(base, origin) {
        return Some(file);
    }
    if let Some(place) = base.location_message.as_option() {
        let degrees = place.degrees_latitude.zip(place.degrees_longitude);
        return Some(location(degrees, place.name.as_deref(), place.address.as_deref()));
    }
    if let Some(place) = base.live_location_message.as_option() {
        let degrees = place.degrees_latitude.zip(place.degrees_longitude);
        return Some(location(degrees, place.caption.as_deref(), None));
    }
    if let Some(card) = base.contact_message.as_option() {
        return Some(contacts(std::slice::from_ref(card)));
    }
    if let Some(cards) = base.contacts_array_message.as_option() {
        return Some(contacts(&cards.contacts));
    }
    if let Some(poll) = poll_of(base) {
        return Some(asked(poll));
    }
    if let Some(choice) = choice(base) {
        return Some(choice);
    }
    is_for_people(base).then(|| text_of(NOT_SHOWN))
}

fn text_of(text: &str) -> Said {
    Said {
        kind: MessageKind::Text,
        text: plain(text),
        details: None,
        media_type: None,
        media_size: None,
        media_status: None,
        quoted_id: None,
    }
}

/// What all kinds of files have.
struct File<'m> {
    kind: MessageKind,
    place: MediaKind,
    caption: Option<&'m str>,
    media_type: Option<&'m str>,
    path: Option<&'m str>,
    key: Option<&'m [u8]>,
    digest: Option<&'m [u8]>,
    sealed_digest: Option<&'m [u8]>,
    bytes: Option<u64>,
    details: MediaDetails,
}

macro_rules! file {
    ($message:expr, $kind:ident, $place:ident, $caption:expr, $details:expr) => {
        File {
            kind: MessageKind::$kind,
            place: MediaKind::$place,
            caption: $caption,
            media_type: $message.mimetype.as_deref(),
            path: $message.direct_path.as_deref(),
            key: $message.media_key.as_deref(),
            digest: $message.file_sha256.as_deref(),
            sealed_digest: $message.file_enc_sha256.as_deref(),
            bytes: $message.file_length,
            details: $details,
        }
    };
}

fn file(base: &wa::Message, origin: &Origin<'_>) -> Option<Said> {
    let sized = |width, height| MediaDetails { width, height, ..MediaDetails::default() };
    let file = if let Some(image) = base.image_message.as_option() {
        let details = sized(image.width, image.height);
        file!(image, Image, Image, image.caption.as_deref(), details)
    } else if let Some(video) = base.video_message.as_option() {
        let details = sized(video.width, video.height);
        let details = MediaDetails { seconds: video.seconds, ..details };
        file!(video, Video, Video, video.caption.as_deref(), details)
    } else if let Some(video) = base.ptv_message.as_option() {
        let details = MediaDetails { seconds: video.seconds, ..MediaDetails::default() };
        file!(video, Video, Video, video.caption.as_deref(), details)
    } else if let Some(audio) = base.audio_message.as_option() {
        let voice = audio.ptt.unwrap_or_default();
        let details = MediaDetails { voice, seconds: audio.seconds, ..MediaDetails::default() };
        file!(audio, Audio, Audio, None, details)
    } else if let Some(document) = base.document_message.as_option() {
        let name = document.file_name.clone().or_else(|| document.title.clone());
        let details =
            MediaDetails { filename: name.unwrap_or_default(), ..MediaDetails::default() };
        file!(document, Document, Document, document.caption.as_deref(), details)
    } else {
        let sticker = base.sticker_message.as_option()?;
        file!(sticker, Sticker, Sticker, None, sized(sticker.width, sticker.height))
    };
    Some(with_file(file, origin))
}

fn with_file(file: File<'_>, origin: &Origin<'_>) -> Said {
    let File { kind, place, caption, media_type, path, key, digest, sealed_digest, bytes, details } =
        file;
    let reference = FileReference {
        kind: place,
        direct_path: path.unwrap_or_default().to_owned(),
        media_key: key.unwrap_or_default().to_vec(),
        file_sha256: digest.unwrap_or_default().to_vec(),
        file_enc_sha256: sealed_digest.unwrap_or_default().to_vec(),
        bytes: bytes.unwrap_or_default(),
        chat: origin.chat.to_owned(),
        participant: origin.participant.map(str::to_owned),
    };
    let is_there = !reference.direct_path.is_empty() && !reference.media_key.is_empty();
    let reference = if is_there { json!(reference) } else { serde_json::Value::Null };
    let status = if is_there { MediaStatus::Pending } else { MediaStatus::Failed };
    Said {
        kind,
        text: plain(caption.unwrap_or_default()),
        details: Some(Content::Media(MediaDetails {
            filename: plain(&details.filename),
            reference,
            ..details
        })),
        media_type: media_type.map(plain),
        media_size: bytes.and_then(|bytes| i64::try_from(bytes).ok()),
        media_status: Some(status),
        quoted_id: None,
    }
}

fn location(degrees: Option<(f64, f64)>, name: Option<&str>, address: Option<&str>) -> Said {
    let (name, address) = (plain(name.unwrap_or_default()), plain(address.unwrap_or_default()));
    let (latitude, longitude) = degrees.unwrap_or_default();
    let text = [&name, &address].into_iter().find(|text| !text.is_empty()).cloned();
    Said {
        kind: MessageKind::Location,
        text: text.unwrap_or_else(|| format!("{latitude}, {longitude}")),
        details: degrees.map(|_| Content::Location(Place { latitude, longitude, name, address })),
        ..text_of("")
    }
}

fn contacts(cards: &[message::ContactMessage]) -> Said {
    let cards: Vec<ContactCard> = cards.iter().take(CARDS_MAX).map(card).collect();
    let names: Vec<&str> =
        cards.iter().map(|card| card.name.as_str()).filter(|name| !name.is_empty()).collect();
    Said {
        kind: MessageKind::Contact,
        text: names.join(", "),
        details: Some(Content::Contacts { contacts: cards }),
        ..text_of("")
    }
}

fn card(card: &message::ContactMessage) -> ContactCard {
    let vcard = plain(card.vcard.as_deref().unwrap_or_default());
    // RFC 6350: `TEL;type=CELL;waid=5511999990001:+55 11 99999-0001`.
    let phones = vcard.lines().filter(|line| line.to_ascii_uppercase().contains("TEL"));
    let phones = phones.filter_map(|line| {
        let (head, written) = line.split_once(':')?;
        let id = head.split(';').find_map(|part| part.strip_prefix("waid="));
        Some(id.unwrap_or(written).trim().to_owned())
    });
    ContactCard {
        name: plain(card.display_name.as_deref().unwrap_or_default()),
        phones: phones.collect(),
        vcard: vcard.clone(),
    }
}

fn poll_of(base: &wa::Message) -> Option<&message::PollCreationMessage> {
    [
        &base.poll_creation_message,
        &base.poll_creation_message_v2,
        &base.poll_creation_message_v3,
        &base.poll_creation_message_v5,
        &base.poll_creation_message_v6,
    ]
    .into_iter()
    .find_map(|poll| poll.as_option())
}

fn asked(poll: &message::PollCreationMessage) -> Said {
    let options = poll.options.iter().take(OPTIONS_MAX);
    let options = options.filter_map(|option| option.option_name.as_deref().map(plain));
    let question = plain(poll.name.as_deref().unwrap_or_default());
    Said {
        kind: MessageKind::Poll,
        text: question.clone(),
        details: Some(Content::Poll {
            question,
            options: options.collect(),
            choices_max: poll.selectable_options_count.unwrap_or_default(),
        }),
        ..text_of("")
    }
}

/// What was chosen among buttons or in a list.
fn choice(base: &wa::Message) -> Option<Said> {
    let (id, title) = if let Some(reply) = base.buttons_response_message.as_option() {
        use message::buttons_response_message::Response;
        let title = reply.response.as_ref().map(|response| match response {
            Response::SelectedDisplayText(text) => text.clone(),
        });
        (reply.selected_button_id.clone(), title)
    } else if let Some(reply) = base.list_response_message.as_option() {
        let row = reply.single_select_reply.as_option();
        (row.and_then(|row| row.selected_row_id.clone()), reply.title.clone())
    } else {
        let reply = base.template_button_reply_message.as_option()?;
        (reply.selected_id.clone(), reply.selected_display_text.clone())
    };
    let (id, title) = (plain(&id.unwrap_or_default()), plain(&title.unwrap_or_default()));
    Some(Said {
        kind: MessageKind::Interactive,
        text: title.clone(),
        details: Some(Content::Choice { id, title, description: String::new() }),
        ..text_of("")
    })
}

/// Kinds that people see on their phones and that we have no form for. All others are for programs.
fn is_for_people(base: &wa::Message) -> bool {
    base.template_message.is_set()
        || base.interactive_message.is_set()
        || base.interactive_response_message.is_set()
        || base.buttons_message.is_set()
        || base.list_message.is_set()
        || base.product_message.is_set()
        || base.order_message.is_set()
        || base.invoice_message.is_set()
        || base.send_payment_message.is_set()
        || base.request_payment_message.is_set()
        || base.group_invite_message.is_set()
        || base.event_message.is_set()
        || base.sticker_pack_message.is_set()
}

fn context(base: &wa::Message) -> Option<&wa::ContextInfo> {
    macro_rules! first {
        ($($part:ident),+) => {
            None$(.or_else(|| base.$part.as_option().and_then(|part| part.context_info.as_option())))+
        };
    }
    first!(
        extended_text_message,
        image_message,
        video_message,
        ptv_message,
        audio_message,
        document_message,
        sticker_message,
        location_message,
        live_location_message,
        contact_message,
        contacts_array_message,
        poll_creation_message_v3,
        buttons_response_message,
        list_response_message,
        template_button_reply_message
    )
}

/// Databases take no NUL; nothing is longer than WhatsApp's own limit.
fn plain(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use whatsapp_rust::prelude::MessageField;

    use super::*;

    const CHAT: &Origin<'static> =
        &Origin { chat: "5511999990001@s.whatsapp.net", participant: None };

    fn read_said(message: &wa::Message) -> Said {
        match read(message, false, CHAT) {
            Came::Message(said) => said,
            other => panic!("{other:?}"),
        }
    }

    fn key(id: &str, from_me: bool) -> MessageField<wa::MessageKey> {
        MessageField::some(wa::MessageKey {
            id: Some(id.to_owned()),
            from_me: Some(from_me),
            ..Default::default()
        })
    }

    #[test]
    fn texts_keep_what_they_answer_and_lose_what_no_database_takes() {
        let plain = wa::Message { conversation: Some("Olá\0!".into()), ..Default::default() };
        assert_eq!(read_said(&plain).text, "Olá!");
        let answer = wa::Message {
            extended_text_message: MessageField::some(message::ExtendedTextMessage {
                text: Some("sim".into()),
                context_info: MessageField::some(wa::ContextInfo {
                    stanza_id: Some("ABC".into()),
                    ..Default::default()
                }),
                ..Default::default()
            }),
            ..Default::default()
        };
        let said = read_said(&answer);
        assert_eq!((said.text.as_str(), said.quoted_id.as_deref()), ("sim", Some("ABC")));
    }

    #[test]
    fn a_file_brings_what_opens_it() {
        let document = wa::Message {
            document_message: MessageField::some(message::DocumentMessage {
                file_name: Some("a.pdf".into()),
                caption: Some("veja".into()),
                mimetype: Some("application/pdf".into()),
                direct_path: Some("/v/1".into()),
                media_key: Some(vec![7; 32]),
                file_sha256: Some(vec![1; 32]),
                file_enc_sha256: Some(vec![2; 32]),
                file_length: Some(9),
                ..Default::default()
            }),
            ..Default::default()
        };
        let said = read_said(&document);
        assert_eq!((said.kind, said.text.as_str()), (MessageKind::Document, "veja"));
        assert_eq!((said.media_size, said.media_status), (Some(9), Some(MediaStatus::Pending)));
        let Some(Content::Media(media)) = said.details else { panic!("no media") };
        assert_eq!(media.filename, "a.pdf");
        let reference: FileReference = serde_json::from_value(media.reference).unwrap();
        assert_eq!(reference.media_key, [7; 32]);
        assert_eq!((reference.kind, &*reference.chat), (MediaKind::Document, CHAT.chat));
    }

    #[test]
    fn a_file_without_its_key_is_shown_as_lost() {
        let voice = message::AudioMessage { ptt: Some(true), ..Default::default() };
        let audio = wa::Message { audio_message: MessageField::some(voice), ..Default::default() };
        let said = read_said(&audio);
        assert_eq!((said.kind, said.media_status), (MessageKind::Audio, Some(MediaStatus::Failed)));
        assert!(matches!(said.details, Some(Content::Media(media)) if media.voice));
    }

    #[test]
    fn places_and_cards_are_read() {
        let place = message::LocationMessage {
            degrees_latitude: Some(-23.5),
            degrees_longitude: Some(-46.6),
            ..Default::default()
        };
        let place =
            wa::Message { location_message: MessageField::some(place), ..Default::default() };
        assert_eq!(read_said(&place).text, "-23.5, -46.6");
        let vcard = "BEGIN:VCARD\nFN:Maria\nTEL;type=CELL;waid=5511999990001:+55 11 99999-0001\n\
                     END:VCARD";
        let card = message::ContactMessage {
            display_name: Some("Maria".into()),
            vcard: Some(vcard.into()),
            ..Default::default()
        };
        let card = wa::Message { contact_message: MessageField::some(card), ..Default::default() };
        let Some(Content::Contacts { contacts }) = read_said(&card).details else {
            panic!("no card")
        };
        assert_eq!(
            (contacts[0].name.as_str(), &contacts[0].phones[0]),
            ("Maria", &"5511999990001".to_owned())
        );
    }

    #[test]
    fn reactions_edits_and_deletions_name_their_message() {
        use message::protocol_message::Type;
        let reaction = message::ReactionMessage {
            key: key("A", true),
            text: Some("👍".into()),
            ..Default::default()
        };
        let reaction =
            wa::Message { reaction_message: MessageField::some(reaction), ..Default::default() };
        let became = |kind, value: &str| {
            Came::Change(Became { target_id: "A".into(), kind, value: value.into() })
        };
        assert_eq!(read(&reaction, false, CHAT), became(ChangeKind::Reaction, "👍"));
        let of_protocol = |protocol| wa::Message {
            protocol_message: MessageField::some(protocol),
            ..Default::default()
        };
        let revoke = message::ProtocolMessage {
            key: key("A", true),
            r#type: Some(Type::REVOKE),
            ..Default::default()
        };
        assert_eq!(read(&of_protocol(revoke), false, CHAT), became(ChangeKind::Deletion, ""));
        let edited = wa::Message { conversation: Some("novo".into()), ..Default::default() };
        let edit = message::ProtocolMessage {
            key: key("A", true),
            r#type: Some(Type::MESSAGE_EDIT),
            edited_message: MessageField::some(edited),
            ..Default::default()
        };
        assert_eq!(read(&of_protocol(edit), false, CHAT), became(ChangeKind::Edit, "novo"));
        let sync = message::ProtocolMessage {
            r#type: Some(Type::APP_STATE_SYNC_KEY_SHARE),
            ..Default::default()
        };
        assert_eq!(read(&of_protocol(sync), false, CHAT), Came::Nothing);
    }

    #[test]
    fn polls_are_questions_and_votes_stay_sealed() {
        let option = |name: &str| message::poll_creation_message::Option {
            option_name: Some(name.into()),
            ..Default::default()
        };
        let poll = message::PollCreationMessage {
            name: Some("Quando?".into()),
            options: vec![option("hoje"), option("amanhã")],
            selectable_options_count: Some(1),
            ..Default::default()
        };
        let poll = wa::Message {
            poll_creation_message_v3: MessageField::some(poll),
            ..Default::default()
        };
        let said = read_said(&poll);
        assert_eq!((said.kind, said.text.as_str()), (MessageKind::Poll, "Quando?"));
        let vote = message::PollUpdateMessage {
            poll_creation_message_key: key("P", false),
            vote: MessageField::some(message::PollEncValue {
                enc_payload: Some(vec![1]),
                enc_iv: Some(vec![2]),
            }),
            ..Default::default()
        };
        let vote =
            wa::Message { poll_update_message: MessageField::some(vote), ..Default::default() };
        let Came::Vote(sealed) = read(&vote, false, CHAT) else { panic!("no vote") };
        assert!(sealed.is_poll_of_us, "not from the voter, so from us");
    }

    #[test]
    fn kinds_without_a_form_of_ours_are_not_lost_and_keys_are_no_messages() {
        let order = wa::Message {
            order_message: MessageField::some(message::OrderMessage::default()),
            ..Default::default()
        };
        assert_eq!(read_said(&order).text, NOT_SHOWN);
        assert_eq!(read(&wa::Message::default(), false, CHAT), Came::Nothing);
    }
}

//! A customer, as a test plays one: writes, reads, types.

use whatsapp_rust::{
    Jid, NodeBuilder,
    buffa::MessageField,
    wacore::download::MediaType,
    wacore_binary::Node,
    waproto::whatsapp::{self as wa, message},
};

use super::{
    FakeWhatsapp,
    media::Stored,
    nodes::{empty, now},
    reupload::PhoneFile,
    state::{Address, CustomerState, State, Taken, Writer, jid},
};
use crate::support::eventually;

/// Somebody who has WhatsApp.
#[derive(Debug, Clone)]
pub(crate) struct Customer {
    fake: FakeWhatsapp,
    index: usize,
}

/// A file of a customer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum File<'f> {
    Image {
        caption: &'f str,
    },
    Document {
        name: &'f str,
    },
    /// Recorded in the chat.
    Voice,
    Sticker,
}

impl Customer {
    pub(super) fn new(fake: FakeWhatsapp, index: usize) -> Self {
        Self { fake, index }
    }

    pub(super) fn index(&self) -> usize {
        self.index
    }

    fn with<T>(&self, look: impl FnOnce(&mut CustomerState) -> T) -> T {
        look(&mut self.fake.lock().customers[self.index])
    }

    pub(crate) fn number(&self) -> String {
        self.with(|customer| customer.number.clone())
    }

    pub(crate) fn lid(&self) -> String {
        self.with(|customer| customer.lid.clone())
    }

    /// From now on stanzas come from this person's LID, and the number is told beside it.
    pub(crate) fn writes_by_lid(&self) -> &Self {
        self.writes_from(Address::Lid)
    }

    /// From now on stanzas come from this person's LID, and the number is not told.
    pub(crate) fn hides_number(&self) -> &Self {
        self.writes_from(Address::HiddenNumber)
    }

    /// From now on stanzas come from this person's number, and the LID is told beside it.
    pub(crate) fn writes_by_number(&self) -> &Self {
        self.writes_from(Address::Number)
    }

    fn writes_from(&self, address: Address) -> &Self {
        self.with(|customer| customer.address = address);
        self
    }

    /// Writes a text; its id.
    pub(crate) async fn says(&self, text: &str) -> String {
        self.sends(text_message(text)).await
    }

    /// Writes a text that quotes a message, one's own or one of the business.
    pub(crate) async fn answers(&self, quoted: &str, text: &str) -> String {
        let context = wa::ContextInfo {
            stanza_id: Some(quoted.to_owned()),
            participant: Some(self.with(|customer| customer.address().to_string())),
            quoted_message: MessageField::some(text_message("o que foi dito antes")),
            ..wa::ContextInfo::default()
        };
        let extended = message::ExtendedTextMessage {
            text: Some(text.to_owned()),
            context_info: MessageField::some(context),
            ..message::ExtendedTextMessage::default()
        };
        let extended_text_message = MessageField::some(extended);
        self.sends(wa::Message { extended_text_message, ..wa::Message::default() }).await
    }

    pub(crate) async fn shows_location(&self, latitude: f64, longitude: f64, name: &str) -> String {
        let location = message::LocationMessage {
            degrees_latitude: Some(latitude),
            degrees_longitude: Some(longitude),
            name: Some(name.to_owned()),
            ..message::LocationMessage::default()
        };
        let location_message = MessageField::some(location);
        self.sends(wa::Message { location_message, ..wa::Message::default() }).await
    }

    pub(crate) async fn shares_contact(&self, name: &str, number: &str) -> String {
        let vcard = format!(
            "BEGIN:VCARD\nVERSION:3.0\nN:;{name};;;\nFN:{name}\n\
             TEL;type=CELL;waid={number}:+{number}\nEND:VCARD"
        );
        let contact = message::ContactMessage {
            display_name: Some(name.to_owned()),
            vcard: Some(vcard),
            ..message::ContactMessage::default()
        };
        let contact_message = MessageField::some(contact);
        self.sends(wa::Message { contact_message, ..wa::Message::default() }).await
    }

    /// Reacts to a message of the business, or takes the reaction back with an empty one.
    pub(crate) async fn reacts(&self, to: &str, emoji: &str) -> String {
        self.sends(reaction(self.key_of(to, false), emoji)).await
    }

    /// A reaction to a message of one's own.
    pub(crate) fn reaction_to_own(&self, id: &str, emoji: &str) -> wa::Message {
        reaction(self.key_of(id, true), emoji)
    }

    /// Changes the text of a message of one's own.
    pub(crate) async fn edits(&self, id: &str, text: &str) -> String {
        let protocol = message::ProtocolMessage {
            key: MessageField::some(self.key_of(id, true)),
            r#type: Some(message::protocol_message::Type::MESSAGE_EDIT),
            edited_message: MessageField::some(text_message(text)),
            timestamp_ms: Some(1_760_000_000_000),
            ..message::ProtocolMessage::default()
        };
        self.sends(protocol_message(protocol)).await
    }

    /// Deletes a message of one's own for everybody.
    pub(crate) async fn deletes(&self, id: &str) -> String {
        let protocol = message::ProtocolMessage {
            key: MessageField::some(self.key_of(id, true)),
            r#type: Some(message::protocol_message::Type::REVOKE),
            ..message::ProtocolMessage::default()
        };
        self.sends(protocol_message(protocol)).await
    }

    fn key_of(&self, id: &str, from_me: bool) -> wa::MessageKey {
        wa::MessageKey {
            // As seen by who writes: the chat is the one with the business.
            remote_jid: Some(self.fake.phone_jid(0).to_string()),
            from_me: Some(from_me),
            id: Some(id.to_owned()),
            ..wa::MessageKey::default()
        }
    }

    pub(crate) async fn sends_file(&self, file: File<'_>, bytes: &[u8], mime: &str) -> String {
        let kind = match file {
            File::Image { .. } => MediaType::Image,
            File::Document { .. } => MediaType::Document,
            File::Voice => MediaType::Audio,
            File::Sticker => MediaType::Sticker,
        };
        let stored = self.fake.media().store(bytes, kind);
        let Stored { direct_path, media_key, .. } = stored.clone();
        let id = self.sends(file_message(file, stored, mime)).await;
        self.fake.lock().files.insert(id.clone(), PhoneFile { direct_path, media_key });
        id
    }

    /// Sends whatever message to the business; its id.
    pub(crate) async fn sends(&self, message: wa::Message) -> String {
        self.sends_to(0, message).await
    }

    /// Writes a text to this account; its id.
    pub(crate) async fn says_to(&self, phone: usize, text: &str) -> String {
        self.sends_to(phone, text_message(text)).await
    }

    async fn sends_to(&self, phone: usize, message: wa::Message) -> String {
        let device = self.fake.writable_device(phone).await;
        let mut state = self.fake.lock();
        let id = state.next_message_id();
        state.customers[self.index].has_written = true;
        state.send_message(Writer::Customer(self.index), device, &id, message);
        id
    }

    /// A text is encrypted and delivered again under the id that it had, as phones do that were not
    /// told what became of it.
    pub(crate) async fn repeats(&self, id: &str, text: &str) {
        let device = self.fake.writable_device(0).await;
        let mut state = self.fake.lock();
        state.send_message(Writer::Customer(self.index), device, id, text_message(text));
    }

    /// Waits until the hub has sent so many messages; the last of them.
    pub(crate) async fn receives(&self, count: usize) -> Taken {
        let what = format!("{} has got {count} messages", self.number());
        eventually(&what, async || {
            let taken = self.taken();
            (taken.len() >= count).then(|| taken[count - 1].clone())
        })
        .await
    }

    /// Messages of the hub so far, in order, each once.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.with(|customer| customer.taken.clone())
    }

    /// Ids of messages that came again.
    pub(crate) fn repeated(&self) -> Vec<String> {
        self.with(|customer| customer.repeated.clone())
    }

    /// The phone has a message.
    pub(crate) fn got(&self, id: &str) {
        self.receipt(id, "");
    }

    /// The customer has read a message.
    pub(crate) fn reads(&self, id: &str) {
        self.receipt(id, "read");
    }

    /// The customer has listened to a voice message.
    pub(crate) fn plays(&self, id: &str) {
        self.receipt(id, "played");
    }

    fn receipt(&self, id: &str, kind: &str) {
        let mut state = self.fake.lock();
        let taken = state.customers[self.index].taken.iter().find(|taken| taken.id == id);
        let taken = taken.unwrap_or_else(|| panic!("the customer has no message {id}")).clone();
        let mut receipt = NodeBuilder::new("receipt")
            .attr("from", jid(&taken.to))
            .attr("id", id)
            .attr("t", now());
        if !kind.is_empty() {
            receipt = receipt.attr("type", kind);
        }
        let line_id = format!("{id}/{kind}");
        state.enqueue(taken.device, &line_id, receipt.build(), None);
    }

    pub(crate) fn types(&self) {
        self.shows_state(empty("composing"));
    }

    pub(crate) fn records(&self) {
        self.shows_state(NodeBuilder::new("composing").attr("media", "audio").build());
    }

    pub(crate) fn stops_typing(&self) {
        self.shows_state(empty("paused"));
    }

    fn shows_state(&self, child: Node) {
        let state = self.fake.lock();
        let from = state.customers[self.index].address();
        to_all(&state, &NodeBuilder::new("chatstate").attr("from", from).children([child]).build());
    }

    pub(crate) fn comes_online(&self) {
        self.shows_presence("available");
    }

    pub(crate) fn goes_offline(&self) {
        self.shows_presence("unavailable");
    }

    fn shows_presence(&self, kind: &'static str) {
        let state = self.fake.lock();
        let from: Jid = state.customers[self.index].address();
        to_all(&state, &NodeBuilder::new("presence").attr("from", from).attr("type", kind).build());
    }

    /// What the hub has shown in this chat: `composing`, `recording`, `paused`.
    pub(crate) fn chat_states(&self) -> Vec<String> {
        self.with(|customer| customer.chat_states.clone())
    }

    /// The phone was set up anew: it can read nothing of the sessions so far.
    pub(crate) fn loses_sessions(&self) {
        self.with(|customer| customer.peer.forget_sessions());
    }

    /// The next message is encrypted in a way that nobody can read.
    pub(crate) fn garbles_next(&self) {
        self.with(|customer| customer.garbles_next = true);
    }

    /// The file of a message of the hub, decrypted.
    pub(crate) fn opens(&self, taken: &Taken) -> Vec<u8> {
        let message = &taken.message;
        let (path, key, kind) = if let Some(it) = message.image_message.as_option() {
            (&it.direct_path, &it.media_key, MediaType::Image)
        } else if let Some(it) = message.document_message.as_option() {
            (&it.direct_path, &it.media_key, MediaType::Document)
        } else if let Some(it) = message.audio_message.as_option() {
            (&it.direct_path, &it.media_key, MediaType::Audio)
        } else if let Some(it) = message.video_message.as_option() {
            (&it.direct_path, &it.media_key, MediaType::Video)
        } else {
            panic!("no file in {message:?}")
        };
        let path = path.as_deref().expect("a file has a path");
        self.fake.media().open(path, key.as_deref().expect("a file has a key"), kind)
    }
}

impl Taken {
    /// The text of the message, whichever way it is written; nothing when it is something else.
    pub(crate) fn text(&self) -> &str {
        let plain = self.message.conversation.as_deref();
        let extended = self.message.extended_text_message.as_option();
        plain.or_else(|| extended?.text.as_deref()).unwrap_or_default()
    }
}

impl Taken {
    /// The account that it came from.
    pub(crate) fn account(&self, fake: &FakeWhatsapp) -> usize {
        fake.lock().devices[self.device].phone
    }
}

/// What is told at once and not kept.
fn to_all(state: &State, node: &Node) {
    for device in state.linked().filter(|device| state.devices[*device].is_live) {
        state.write_to_device(device, node.clone());
    }
}

pub(crate) fn text_message(text: &str) -> wa::Message {
    wa::Message { conversation: Some(text.to_owned()), ..wa::Message::default() }
}

fn reaction(key: wa::MessageKey, emoji: &str) -> wa::Message {
    let reaction = message::ReactionMessage {
        key: MessageField::some(key),
        text: Some(emoji.to_owned()),
        sender_timestamp_ms: Some(1_760_000_000_000),
        ..message::ReactionMessage::default()
    };
    wa::Message { reaction_message: MessageField::some(reaction), ..wa::Message::default() }
}

fn protocol_message(protocol: message::ProtocolMessage) -> wa::Message {
    wa::Message { protocol_message: MessageField::some(protocol), ..wa::Message::default() }
}

fn file_message(file: File<'_>, stored: Stored, mime: &str) -> wa::Message {
    let Stored { url, direct_path, media_key, file_sha256, file_enc_sha256, file_length } = stored;
    let mut message = wa::Message::default();
    macro_rules! file {
        ($kind:ident { $($field:ident: $value:expr),* $(,)? }) => {
            MessageField::some(message::$kind {
                url: Some(url),
                direct_path: Some(direct_path),
                media_key: Some(media_key),
                file_sha256: Some(file_sha256),
                file_enc_sha256: Some(file_enc_sha256),
                file_length: Some(file_length),
                media_key_timestamp: Some(1_760_000_000),
                mimetype: Some(mime.to_owned()),
                $($field: $value,)*
                ..message::$kind::default()
            })
        };
    }
    match file {
        File::Image { caption } => {
            let caption = (!caption.is_empty()).then(|| caption.to_owned());
            message.image_message = file!(ImageMessage { caption: caption });
        }
        File::Document { name } => {
            message.document_message = file!(DocumentMessage { file_name: Some(name.to_owned()) });
        }
        File::Voice => {
            message.audio_message = file!(AudioMessage { ptt: Some(true), seconds: Some(3) });
        }
        File::Sticker => message.sticker_message = file!(StickerMessage {}),
    }
    message
}

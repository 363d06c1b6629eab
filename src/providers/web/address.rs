//! Addresses of WhatsApp and the chats that they mean to us. A person has up to two: the number, and the
//! LID that hides it. A chat is named by the number where it is known; the ninth digit of Brazilian
//! mobiles is as the network says, never as we think.

use dx_actors::domain::phone;
use whatsapp_rust::{Jid, Server, types::message::MessageInfo, wacore_binary::JidExt};

/// Whose a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    Person(Person),
    Group {
        chat: Jid,
        author: Person,
    },
    /// Status updates, channels, lists, notes to oneself, what devices tell each other.
    Other,
}

/// The customer of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// Digits; `None` while the network has only told the other address.
    pub(super) number: Option<String>,
    /// As `…@lid`.
    pub(super) lid: Option<String>,
}

impl Person {
    /// From the addresses of one person, in any order.
    pub(super) fn new<'j>(addresses: impl IntoIterator<Item = &'j Jid>) -> Option<Self> {
        let mut person = Self { number: None, lid: None };
        for jid in addresses {
            if jid.is_pn() && person.number.is_none() {
                person.number = Some(jid.user.to_string());
            } else if jid.is_lid() && person.lid.is_none() {
                person.lid = Some(jid.to_non_ad_string());
            }
        }
        (person.number.is_some() || person.lid.is_some()).then_some(person)
    }

    /// The chat, and the address by which the network may name it as well.
    pub(super) fn chat(&self) -> (String, Option<String>) {
        match (&self.number, &self.lid) {
            (Some(number), lid) => (number.clone(), lid.clone()),
            (None, Some(lid)) => (lid.clone(), None),
            (None, None) => (String::new(), None),
        }
    }
}

/// The other side of a message. `own` are the company's addresses.
pub(super) fn source_of(info: &MessageInfo, own: &[Jid]) -> Source {
    let source = &info.source;
    let chat = &source.chat;
    if source.is_group || chat.is_group() {
        let addresses = std::iter::once(&source.sender).chain(&source.sender_alt);
        return Person::new(addresses)
            .map_or(Source::Other, |author| Source::Group { chat: chat.to_non_ad(), author });
    }
    let is_peer = info.category.as_str() == "peer";
    if is_peer || chat.is_status_broadcast() || !(chat.is_pn() || chat.is_lid()) {
        return Source::Other;
    }
    if own.iter().any(|own| own.user == chat.user && own.server == chat.server) {
        return Source::Other;
    }
    let others = if source.is_from_me {
        [source.recipient_alt.as_ref(), info.peer_recipient_pn.as_ref()]
    } else {
        [source.sender_alt.as_ref(), None]
    };
    let addresses = std::iter::once(chat).chain(others.into_iter().flatten());
    Person::new(addresses).map_or(Source::Other, Source::Person)
}

/// The address of a chat, if the number can write to it.
pub(super) fn of_chat(chat_id: &str) -> Option<Jid> {
    if chat_id.contains('@') {
        let jid: Jid = chat_id.parse().ok()?;
        return (jid.is_pn() || jid.is_lid()).then_some(jid);
    }
    phone::canonical(chat_id).map(|digits| number(&digits))
}

pub(super) fn number(digits: &str) -> Jid {
    Jid::new(digits, Server::Pn)
}

/// Which of the forms of a number the network knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Registered {
    AsWritten,
    /// Under another form, and only there.
    As(String),
    Nowhere,
}

/// `known` are the numbers that exist among the forms that were asked for. When both do, they are two
/// people and the one that was written is meant.
pub(super) fn registered(written: &str, known: &[String]) -> Registered {
    if known.iter().any(|number| number == written) {
        return Registered::AsWritten;
    }
    match known.first() {
        Some(only) if known.iter().all(|number| number == only) => Registered::As(only.clone()),
        _ => Registered::Nowhere,
    }
}

#[cfg(test)]
mod tests {
    use whatsapp_rust::types::message::{MessageCategory, MessageSource};

    use super::*;

    fn jid(text: &str) -> Jid {
        text.parse().unwrap()
    }

    fn info(source: MessageSource) -> MessageInfo {
        MessageInfo { source, ..MessageInfo::default() }
    }

    fn chat_of(info: &MessageInfo) -> Option<(String, Option<String>)> {
        match source_of(info, &[jid("5511900000001:3@s.whatsapp.net")]) {
            Source::Person(person) => Some(person.chat()),
            Source::Group { .. } | Source::Other => None,
        }
    }

    #[test]
    fn number_and_lid_are_one_chat() {
        let by_lid = MessageSource {
            chat: jid("100@lid"),
            sender: jid("100:2@lid"),
            sender_alt: Some(jid("551188887777@s.whatsapp.net")),
            ..MessageSource::default()
        };
        let by_number = MessageSource {
            chat: jid("551188887777@s.whatsapp.net"),
            sender: jid("551188887777@s.whatsapp.net"),
            sender_alt: Some(jid("100:2@lid")),
            ..MessageSource::default()
        };
        let expected = Some(("551188887777".to_owned(), Some("100@lid".to_owned())));
        assert_eq!(chat_of(&info(by_lid)), expected);
        assert_eq!(chat_of(&info(by_number)), expected);
        let hidden = MessageSource { chat: jid("100@lid"), ..MessageSource::default() };
        assert_eq!(chat_of(&info(hidden)), Some(("100@lid".to_owned(), None)));
    }

    #[test]
    fn what_the_company_wrote_on_its_phone_belongs_to_the_customer() {
        let source = MessageSource {
            chat: jid("100@lid"),
            sender: jid("1@lid"),
            is_from_me: true,
            recipient_alt: Some(jid("5511988887777@s.whatsapp.net")),
            sender_alt: Some(jid("5511900000001@s.whatsapp.net")),
            ..MessageSource::default()
        };
        let chat = chat_of(&info(source)).unwrap();
        assert_eq!(chat, ("5511988887777".to_owned(), Some("100@lid".to_owned())));
    }

    #[test]
    fn a_message_of_a_group_has_its_author() {
        let source = |sender: &str| MessageSource {
            chat: jid("120363000000@g.us"),
            sender: jid(sender),
            sender_alt: Some(jid("551188887777@s.whatsapp.net")),
            is_group: true,
            ..MessageSource::default()
        };
        let author =
            Person { number: Some("551188887777".to_owned()), lid: Some("100@lid".to_owned()) };
        let group = Source::Group { chat: jid("120363000000@g.us"), author };
        assert_eq!(source_of(&info(source("100:2@lid")), &[]), group);
        let by_nobody = MessageSource { sender_alt: None, ..source("120363000000@g.us") };
        assert_eq!(source_of(&info(by_nobody), &[]), Source::Other, "the network's own notices");
    }

    #[test]
    fn everything_else_is_nobodys() {
        let of = |chat: &str| {
            let source = MessageSource { chat: jid(chat), ..MessageSource::default() };
            source_of(&info(source), &[jid("5511900000001:3@s.whatsapp.net")])
        };
        for other in ["status@broadcast", "1@newsletter", "5511900000001@s.whatsapp.net"] {
            assert_eq!(of(other), Source::Other, "{other}");
        }
        let mut peer = info(MessageSource { chat: jid("1@lid"), ..MessageSource::default() });
        peer.category = MessageCategory::Peer;
        assert_eq!(source_of(&peer, &[]), Source::Other);
    }

    #[test]
    fn only_people_can_be_written_to() {
        let digits = of_chat("5511988887777").map(|jid| jid.to_string());
        assert_eq!(digits.as_deref(), Some("5511988887777@s.whatsapp.net"));
        assert!(of_chat("100@lid").is_some());
        assert_eq!(of_chat("120363000000@g.us"), None);
        assert_eq!(of_chat("cliente"), None);
    }

    #[test]
    fn the_ninth_digit_is_as_the_network_says() {
        let (long, short) = ("5511988887777".to_owned(), "551188887777".to_owned());
        let known = |known: &[&String]| {
            let known: Vec<String> = known.iter().map(|number| (*number).clone()).collect();
            registered(&long, &known)
        };
        assert_eq!(known(&[&long]), Registered::AsWritten);
        assert_eq!(known(&[&short, &short]), Registered::As(short.clone()));
        assert_eq!(known(&[&short, &long]), Registered::AsWritten, "two people");
        assert_eq!(known(&[]), Registered::Nowhere);
    }
}

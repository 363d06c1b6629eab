//! From the library's messages to what the hub is told, with who they belong to.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use dx_actors::{
    domain::{ChangeKind, Inbound, MessageChange, Side, Timestamp},
    session::{ChangeDelivery, Delivery, ProviderEvent},
};
use tokio::sync::oneshot;
use whatsapp_rust::{
    Client, Jid,
    types::{events::InboundMessage, message::MessageInfo},
    wacore::chrono::{DateTime, Utc},
};

use super::{
    address::{self, Person, Source},
    connection::{Connection, own_addresses},
    content::incoming::{self, Became, Came, Origin, Said},
};
use crate::wire::{
    content::Content,
    incoming::{CONTACT_NAME_CHARS_MAX, VERSION_DEFAULT},
};

/// Pairs of addresses that the hub was told over one connection; beyond it all are told again.
const TOLD_MAX: usize = 10_000;

/// Reads what comes in over one connection.
pub(super) struct Reader {
    pub(super) connection: Connection,
    told: Mutex<HashSet<String>>,
}

/// An event for the hub, and its answer if somebody waits for it.
pub(super) struct Told {
    pub(super) event: ProviderEvent,
    pub(super) stored: Option<oneshot::Receiver<bool>>,
}

impl Reader {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, told: Mutex::default() }
    }

    /// What the hub is told of a message, in this order; nothing for what is not for people.
    pub(super) async fn read(&self, client: &Client, inbound: &InboundMessage) -> Vec<Told> {
        let InboundMessage { message, info, .. } = inbound;
        let own = own_addresses(client);
        let (person, group) = match address::source_of(info, &own) {
            Source::Person(person) => (person, None),
            Source::Group { chat, author } => (author, Some(chat.to_string())),
            Source::Other => return Vec::new(),
        };
        let chat = info.source.chat.to_non_ad_string();
        let participant = group.as_ref().map(|_| info.source.sender.to_non_ad_string());
        let origin = Origin { chat: &chat, participant: participant.as_deref() };
        let came = incoming::read(message, info.source.is_from_me, &origin);
        if came == Came::Nothing {
            return Vec::new();
        }
        let person = self.completed(client, person).await;
        let mut told = Vec::new();
        let chat_id = if let Some(group) = group {
            group
        } else {
            told.extend(self.alias(&person).await);
            person.chat().0
        };
        told.extend(match came {
            Came::Message(said) => Some(message_of(said, info, &person, chat_id)),
            Came::Change(became) => Some(change_of(became, info, chat_id)),
            Came::Vote(vote) => {
                let opened = self.open_vote(client, &vote, info, &own).await;
                opened.map(|became| change_of(became, info, chat_id))
            }
            Came::Nothing => None,
        });
        told
    }

    /// The number of a person whom the network names by the other address.
    pub(super) async fn completed(&self, client: &Client, person: Person) -> Person {
        let Person { number: None, lid: Some(lid) } = &person else { return person };
        let Ok(jid) = lid.parse::<Jid>() else { return person };
        let known = client.get_lid_pn_entry(&jid).await.ok().flatten();
        Person { number: known.map(|entry| entry.phone_number.to_string()), ..person }
    }

    /// The chat that a typing indicator or the like belongs to.
    pub(super) async fn chat_of(
        &self,
        client: &Client,
        jid: &Jid,
        alt: Option<&Jid>,
    ) -> Option<String> {
        let person = Person::new(std::iter::once(jid).chain(alt))?;
        Some(self.completed(client, person).await.chat().0)
    }

    /// That two addresses are one person's, once. Whichever has a history keeps it.
    async fn alias(&self, person: &Person) -> Option<Told> {
        let (Some(number), Some(lid)) = (&person.number, &person.lid) else { return None };
        {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if !told.insert(format!("{number} {lid}")) {
                return None;
            }
            if told.len() > TOLD_MAX {
                told.clear();
            }
        }
        let inner = &self.connection.0;
        let store = &inner.network.0.store;
        let by_lid = store.find_last_inbound_id(inner.session_id, lid).await;
        let has_history = by_lid.is_ok_and(|found| found.is_some());
        let (chat_id, alias) = if has_history { (lid, number) } else { (number, lid) };
        let event = ProviderEvent::Alias { chat_id: chat_id.clone(), alias: alias.clone() };
        Some(Told { event, stored: None })
    }

    /// What was chosen in a poll. A vote that cannot be opened is traced: the poll is older than this
    /// device.
    async fn open_vote(
        &self,
        client: &Client,
        vote: &incoming::SealedVote,
        info: &MessageInfo,
        own: &[Jid],
    ) -> Option<Became> {
        use whatsapp_rust::PollVoteCiphertext;
        let inner = &self.connection.0;
        let found = inner
            .network
            .0
            .store
            .find_message_by_provider_id(inner.session_id, &vote.poll_id)
            .await;
        let details = found.ok().flatten()?.details;
        let Some(Content::Poll { options, .. }) = details.as_deref().and_then(Content::read) else {
            return None;
        };
        let chat = info.source.chat.to_non_ad();
        let us = own.first()?.to_non_ad();
        let voter = if info.source.is_from_me { &us } else { &chat };
        let creator = if vote.is_poll_of_us { &us } else { &chat };
        let backend = client.persistence_manager().backend();
        let secret = backend
            .get_msg_secret(&chat.to_non_ad_string(), &creator.to_non_ad_string(), &vote.poll_id)
            .await
            .ok()
            .flatten();
        let Some(secret) = secret else {
            tracing::info!(session.id = %inner.session_id, "a vote without its poll's secret");
            return None;
        };
        let sealed = PollVoteCiphertext { enc_payload: &vote.payload, enc_iv: &vote.iv };
        let chosen =
            client.polls().decrypt_vote(sealed, &secret, &vote.poll_id, creator, voter).await;
        let chosen = match chosen {
            Ok(chosen) => chosen,
            Err(error) => {
                tracing::info!(%error, session.id = %inner.session_id, "a vote cannot be opened");
                return None;
            }
        };
        let names: Vec<&String> = options
            .iter()
            .filter(|name| {
                let hash = whatsapp_rust::wacore::poll::compute_option_hash(name);
                chosen.iter().any(|chosen| chosen.as_slice() == hash)
            })
            .collect();
        let value = serde_json::to_string(&names).unwrap_or_default();
        Some(Became { target_id: vote.poll_id.clone(), kind: ChangeKind::Vote, value })
    }
}

fn message_of(said: Said, info: &MessageInfo, person: &Person, chat_id: String) -> Told {
    let is_from_us = info.source.is_from_me;
    let business = info.verified_name.as_ref().and_then(|verified| verified.name.clone());
    let name = if info.push_name.is_empty() { business } else { Some(info.push_name.clone()) };
    let name = name.filter(|_| !is_from_us).unwrap_or_default();
    let name = name.chars().filter(|c| *c != '\0').take(CONTACT_NAME_CHARS_MAX).collect();
    let message = Inbound {
        by: if is_from_us { Side::Company } else { Side::Customer },
        phone: person.chat().0,
        chat_id,
        contact_name: name,
        message_id: info.id.clone(),
        kind: said.kind,
        text: said.text,
        media_url: None,
        media_mime_type: said.media_type,
        media_size: said.media_size,
        media_status: said.media_status,
        details: said.details.map(|details| details.to_json()),
        quoted_message_id: said.quoted_id,
        raw_payload: None,
        protocol_version: VERSION_DEFAULT.to_owned(),
        provider_at: Some(instant(info.timestamp)),
    };
    let (sender, stored) = oneshot::channel();
    let delivery = Delivery { message, stored: Some(sender) };
    Told { event: ProviderEvent::Inbound(Box::new(delivery)), stored: Some(stored) }
}

fn change_of(became: Became, info: &MessageInfo, chat_id: String) -> Told {
    let change = MessageChange {
        chat_id,
        target_id: became.target_id,
        change_id: info.id.clone(),
        side: if info.source.is_from_me { Side::Company } else { Side::Customer },
        agent_id: None,
        kind: became.kind,
        value: became.value,
        at: instant(info.timestamp),
    };
    let (sender, stored) = oneshot::channel();
    let delivery = ChangeDelivery { change, stored: Some(sender) };
    Told { event: ProviderEvent::Change(Box::new(delivery)), stored: Some(stored) }
}

pub(super) fn instant(at: DateTime<Utc>) -> Timestamp {
    Timestamp::from_micros(at.timestamp_micros())
}

//! Under which address a chat is written to. A number that was never heard of is asked for first, with
//! and without its ninth digit: writing to one that does not exist is what blocked numbers have in
//! common (domain facts §3.5), and a guess would write to somebody else.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use dx_actors::{domain::phone, session::ProviderError};
use whatsapp_rust::{Client, Jid};

use super::address::{self, Registered};

/// Chats whose address is remembered; beyond it all are forgotten, and asked for once more.
const KNOWN_MAX: usize = 10_000;
const NOT_A_PERSON: &str =
    "Pelo WhatsApp Web só se escreve a pessoas: grupos e canais são só de leitura.";
const NOT_REGISTERED: &str = "Este número não tem WhatsApp.";
const NOT_ASKED: &str = "o WhatsApp não respondeu se o número existe";

/// An address, and what is new about it.
#[derive(Debug, Clone)]
pub(super) struct Recipient {
    pub(super) jid: Jid,
    /// The number under which the network knows the chat, where that is another one.
    pub(super) alias: Option<String>,
}

/// The addresses of chats that were written to over this connection. Whoever asks is told what is new of one
/// every time: most of those who ask only need the address.
#[derive(Default)]
pub(super) struct Recipients(Mutex<HashMap<String, Recipient>>);

impl Recipients {
    fn get(&self, chat_id: &str) -> Option<Recipient> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(chat_id).cloned()
    }

    fn put(&self, chat_id: &str, recipient: &Recipient) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(chat_id.to_owned(), recipient.clone());
    }

    /// The address to write to.
    pub(super) async fn find(
        &self,
        client: &Client,
        chat_id: &str,
    ) -> Result<Recipient, ProviderError> {
        if let Some(recipient) = self.get(chat_id) {
            return Ok(recipient);
        }
        let Some(jid) = address::of_chat(chat_id) else {
            return Err(ProviderError::Refused(NOT_A_PERSON.to_owned()));
        };
        let recipient = if is_known(client, &jid).await {
            Recipient { jid, alias: None }
        } else {
            ask(client, &jid).await?
        };
        self.put(chat_id, &recipient);
        Ok(recipient)
    }
}

/// The network has named this address itself.
async fn is_known(client: &Client, jid: &Jid) -> bool {
    jid.is_lid() || client.get_lid_pn_entry(jid).await.is_ok_and(|entry| entry.is_some())
}

async fn ask(client: &Client, jid: &Jid) -> Result<Recipient, ProviderError> {
    let written = jid.user.to_string();
    let forms: Vec<Jid> =
        phone::search_forms(&written).iter().map(|form| address::number(form)).collect();
    let answers = client.contacts().is_on_whatsapp(&forms).await.map_err(|error| {
        tracing::info!(%error, "the network was asked for a number in vain");
        ProviderError::temporary(NOT_ASKED)
    })?;
    let known = answers.iter().filter(|answer| answer.is_registered).filter_map(|answer| {
        let jid = answer.pn_jid.as_ref().unwrap_or(&answer.jid);
        jid.is_pn().then(|| jid.user.to_string())
    });
    match address::registered(&written, &known.collect::<Vec<_>>()) {
        Registered::AsWritten => Ok(Recipient { jid: jid.clone(), alias: None }),
        Registered::As(number) => {
            Ok(Recipient { jid: address::number(&number), alias: Some(number) })
        }
        Registered::Nowhere => Err(ProviderError::Refused(NOT_REGISTERED.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_first_does_not_take_the_news_away() {
        let recipients = Recipients::default();
        let alias = Some("551188887777".to_owned());
        let known = Recipient { jid: address::number("551188887777"), alias: alias.clone() };
        recipients.put("5511988887777", &known);
        for who in ["typing", "the message"] {
            assert_eq!(recipients.get("5511988887777").unwrap().alias, alias, "{who}");
        }
    }
}

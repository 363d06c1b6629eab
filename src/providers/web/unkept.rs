//! Asks for another copy of what was opened before a crash and never kept.
//!
//! The library writes the ratchets of all people together, also that of somebody whose message is on its
//! way into the store. After a `kill -9` between the two the copy that the network delivers again cannot be
//! opened. WhatsApp's own remedy for what cannot be opened serves here, too: whoever wrote it is asked to
//! encrypt it once more, and the company's phone to show it.

use std::sync::Arc;

use whatsapp_rust::{
    Client, Jid, NodeBuilder, RetryRequestOptions, RetryRequestOutcome, anyhow,
    wacore::{messages::parse_message_info, time::now_secs},
    wacore_binary::{JidExt, Node},
};

use super::{
    backend::{Backend, Unkept},
    connection::Connection,
};

/// Asks for one after the other, as long as the connection lasts.
pub(super) async fn ask_for_them(connection: &Connection, client: &Arc<Client>, backend: &Backend) {
    let session_id = connection.0.session_id;
    while let Some(unkept) = backend.unkept().await {
        let id = &unkept.id;
        let asked = if unkept.is_own {
            ask_phone(client, &unkept).await
        } else {
            ask_sender(client, &unkept).await
        };
        if let Err(error) = asked {
            let error = format!("{error:#}");
            tracing::warn!(error, session.id = %session_id, message.id = %id, "it was not asked for");
            // It comes again with the next connection, which is made for it.
            connection.0.redeliver.notify_one();
        } else {
            tracing::warn!(
                session.id = %session_id, message.id = %id,
                "a message was opened before a crash and not kept; another copy was asked for"
            );
        }
    }
}

async fn ask_sender(client: &Arc<Client>, unkept: &Unkept) -> anyhow::Result<()> {
    let sender: Jid = unkept.sender.parse()?;
    // The phone, which is asked, too, answers by the number.
    let known = if sender.is_lid() { client.get_lid_pn_entry(&sender).await.ok() } else { None };
    let number = known.flatten().map(|entry| Jid::pn(entry.phone_number.to_string()));
    let stanza = envelope(unkept, number)?;
    let stanza = stanza.as_node_ref();
    match client.request_message_retry(&stanza, RetryRequestOptions::new()).await? {
        RetryRequestOutcome::Sent { .. } => {}
        other => anyhow::bail!("nothing was sent: {other:?}"),
    }
    // From now on the network keeps the copy that was asked for instead.
    if let Err(error) = client.acknowledge_stanza(&stanza).await {
        tracing::debug!(%error, "the copy that cannot be opened comes again");
    }
    Ok(())
}

/// Only the phone knows what was written on it. The network is told that it has arrived when it comes
/// again and is there.
async fn ask_phone(client: &Arc<Client>, unkept: &Unkept) -> anyhow::Result<()> {
    let stanza = envelope(unkept, None)?;
    let own = client.pn().ok_or_else(|| anyhow::anyhow!("not paired"))?;
    let info = parse_message_info(&stanza.as_node_ref(), &own, client.lid().as_ref())?;
    client.send_pdo_placeholder_resend_request(&Arc::new(info)).await
}

/// The message's stanza without what was encrypted, as the network has delivered it. When it was written is
/// not known any more: what the phone shows bears the time at which it was asked for.
fn envelope(unkept: &Unkept, number: Option<Jid>) -> anyhow::Result<Node> {
    let (chat, sender): (Jid, Jid) = (unkept.chat.parse()?, unkept.sender.parse()?);
    let stanza =
        NodeBuilder::new("message").attr("id", unkept.id.clone()).attr("t", now_secs().to_string());
    let stanza = if chat.is_group() || chat.is_broadcast_list() {
        stanza.attr("from", chat).attr("participant", sender)
    } else if unkept.is_own {
        stanza.attr("from", sender).attr("recipient", chat)
    } else {
        stanza.attr("from", sender)
    };
    Ok(number.into_iter().fold(stanza, |stanza, number| stanza.attr("sender_pn", number)).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelopes_name_chat_and_author_as_the_network_does() {
        let own: Jid = "5511988880001@s.whatsapp.net".parse().unwrap();
        let own_lid: Jid = "900@lid".parse().unwrap();
        let group = "120363021033254949@g.us";
        let rows = [
            ("5511999990001@s.whatsapp.net", "5511999990001:3@s.whatsapp.net", false),
            ("100@lid", "100@lid", false),
            (group, "100:2@lid", false),
            ("5511999990001@s.whatsapp.net", "5511988880001@s.whatsapp.net", true),
            (group, "900@lid", true),
            ("1712345678@broadcast", "5511999990001@s.whatsapp.net", false),
        ];
        for (chat, sender, is_own) in rows {
            let (chat, sender) = (chat.to_owned(), sender.to_owned());
            let unkept = Unkept { chat, sender, id: "m1".to_owned(), is_own };
            let stanza = envelope(&unkept, None).unwrap();
            let info = parse_message_info(&stanza.as_node_ref(), &own, Some(&own_lid)).unwrap();
            let source = &info.source;
            let named = (source.chat.to_string(), source.sender.to_string(), source.is_from_me);
            assert_eq!(named, (unkept.chat.clone(), unkept.sender.clone(), is_own));
            assert_eq!(info.id, "m1");
        }
        let unkept = Unkept {
            chat: "100@lid".into(),
            sender: "100@lid".into(),
            id: "m1".into(),
            is_own: false,
        };
        let stanza = envelope(&unkept, Some(Jid::pn("5511999990001"))).unwrap();
        let info = parse_message_info(&stanza.as_node_ref(), &own, Some(&own_lid)).unwrap();
        assert_eq!(info.source.sender_alt.unwrap().user, "5511999990001");
    }

    #[test]
    fn what_is_no_address_is_not_asked_for() {
        let unkept =
            Unkept { chat: "?@@".into(), sender: "100@lid".into(), id: "m1".into(), is_own: false };
        envelope(&unkept, None).unwrap_err();
    }
}

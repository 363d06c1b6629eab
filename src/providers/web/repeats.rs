//! Asks for another copy of what was opened before a crash and never kept.
//!
//! The library writes the ratchets of all people together, also that of somebody whose message is on its
//! way into the store. After a `kill -9` between the two the copy that the network delivers again cannot be
//! opened. WhatsApp's own remedy for what cannot be opened serves here, too: whoever wrote it is asked to
//! encrypt it once more, and the company's phone to show it.

use std::sync::Arc;

use whatsapp_rust::{
    Client, Jid, NodeBuilder, RetryRequestOptions, anyhow,
    wacore::{messages::parse_message_info, time::now_secs},
    wacore_binary::{JidExt, Node},
};

use super::{backend::Repeat, connection::Connection};

/// Asks; when that fails the network delivers it again, with the next connection.
pub(super) async fn ask_for(connection: Connection, client: Arc<Client>, repeat: Repeat) {
    let asked = if repeat.is_own {
        ask_phone(&client, &repeat).await
    } else {
        ask_sender(&client, &repeat).await
    };
    let (session_id, id) = (connection.0.session_id, &repeat.id);
    match asked {
        Ok(()) => tracing::warn!(
            session.id = %session_id, message.id = %id,
            "a message was opened before a crash and not kept; another copy was asked for"
        ),
        Err(error) => tracing::warn!(
            error = format!("{error:#}"), session.id = %session_id, message.id = %id,
            "a message was opened before a crash and not kept, and nobody can be asked at present"
        ),
    }
}

async fn ask_sender(client: &Arc<Client>, repeat: &Repeat) -> anyhow::Result<()> {
    let sender: Jid = repeat.sender.parse()?;
    // The phone answers by the number.
    let known = if sender.is_lid() { client.get_lid_pn_entry(&sender).await? } else { None };
    let number = known.map(|entry| Jid::pn(entry.phone_number.to_string()));
    let stanza = envelope(repeat, number)?;
    let stanza = stanza.as_node_ref();
    client.request_message_retry(&stanza, RetryRequestOptions::new()).await?;
    // From now on the network keeps the copy that is asked for instead.
    client.acknowledge_stanza(&stanza).await?;
    Ok(())
}

/// Only the phone knows what was written on it.
async fn ask_phone(client: &Arc<Client>, repeat: &Repeat) -> anyhow::Result<()> {
    let stanza = envelope(repeat, None)?;
    let own = client.pn().ok_or_else(|| anyhow::anyhow!("not paired"))?;
    let info = parse_message_info(&stanza.as_node_ref(), &own, client.lid().as_ref())?;
    client.send_pdo_placeholder_resend_request(&Arc::new(info)).await
}

/// The message's stanza without what was encrypted, as the network has delivered it.
fn envelope(repeat: &Repeat, number: Option<Jid>) -> anyhow::Result<Node> {
    let (chat, sender): (Jid, Jid) = (repeat.chat.parse()?, repeat.sender.parse()?);
    let stanza = NodeBuilder::new("message")
        .attr("id", repeat.id.clone())
        .attr("type", "text")
        .attr("t", now_secs().to_string());
    let stanza = if chat.is_group() {
        stanza.attr("from", chat).attr("participant", sender)
    } else if repeat.is_own {
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
        ];
        for (chat, sender, is_own) in rows {
            let (chat, sender) = (chat.to_owned(), sender.to_owned());
            let repeat = Repeat { chat, sender, id: "m1".to_owned(), is_own };
            let stanza = envelope(&repeat, None).unwrap();
            let info = parse_message_info(&stanza.as_node_ref(), &own, Some(&own_lid)).unwrap();
            let source = &info.source;
            let named = (source.chat.to_string(), source.sender.to_string(), source.is_from_me);
            assert_eq!(named, (repeat.chat.clone(), repeat.sender.clone(), is_own));
            assert_eq!(info.id, "m1");
        }
        let repeat = Repeat {
            chat: "100@lid".into(),
            sender: "100@lid".into(),
            id: "m1".into(),
            is_own: false,
        };
        let stanza = envelope(&repeat, Some(Jid::pn("5511999990001"))).unwrap();
        let info = parse_message_info(&stanza.as_node_ref(), &own, Some(&own_lid)).unwrap();
        assert_eq!(info.source.sender_alt.unwrap().user, "5511999990001");
    }

    #[test]
    fn what_is_no_address_is_not_asked_for() {
        let repeat =
            Repeat { chat: "?@@".into(), sender: "100@lid".into(), id: "m1".into(), is_own: false };
        envelope(&repeat, None).unwrap_err();
    }
}

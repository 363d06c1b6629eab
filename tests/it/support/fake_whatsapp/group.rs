//! Groups: whoever writes hands a key of his own to each member, encrypted for that member, and encrypts
//! the message itself once for all.

use whatsapp_rust::{Jid, NodeBuilder, buffa::MessageField, waproto::whatsapp as wa};

use super::{
    FakeWhatsapp,
    customer::Customer,
    nodes::now,
    signal::Sealed,
    state::{State, Writer, jid},
};

/// A group that the business's phone is in.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    fake: FakeWhatsapp,
    address: String,
}

impl FakeWhatsapp {
    /// The group of this address, `…@g.us`.
    pub(crate) fn group(&self, address: &str) -> Group {
        Group { fake: self.clone(), address: address.to_owned() }
    }
}

impl Group {
    /// A member sends a message; its id.
    pub(crate) async fn hears(&self, member: &Customer, message: wa::Message) -> String {
        let device = self.fake.writable_device(0).await;
        let mut state = self.fake.lock();
        let id = state.next_message_id();
        state.send_to_group(member.index(), device, &id, &jid(&self.address), &message);
        id
    }
}

impl State {
    fn send_to_group(
        &mut self,
        member: usize,
        device: usize,
        id: &str,
        group: &Jid,
        message: &wa::Message,
    ) {
        let writer = Writer::Customer(member);
        let participant = self.customers[member].address();
        let (key, Sealed { kind, bytes }) =
            self.customers[member].peer.encrypt_for_group(group, &participant, message);
        let distribution = wa::message::SenderKeyDistributionMessage {
            group_id: Some(group.to_string()),
            axolotl_sender_key_distribution_message: Some(key),
        };
        let distribution = wa::Message {
            sender_key_distribution_message: MessageField::some(distribution),
            ..wa::Message::default()
        };
        let for_us = self.seal(writer, device, &distribution);
        let enc = |kind: &'static str, bytes: Vec<u8>| {
            NodeBuilder::new("enc").attr("v", "2").attr("type", kind).bytes(bytes).build()
        };
        let node = NodeBuilder::new("message")
            .attr("id", id)
            .attr("t", now())
            .attr("type", "text")
            .attr("from", group.clone());
        let node = self.customers[member].sign_in_group(node);
        let node = node.children([enc(for_us.kind, for_us.bytes), enc(kind, bytes)]).build();
        self.enqueue(device, id, node, None);
    }
}

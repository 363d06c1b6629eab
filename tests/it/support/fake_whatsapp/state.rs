//! What the server knows: accounts, their companions, customers, connections, and what waits for whom.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use tokio::sync::mpsc::UnboundedSender;
use whatsapp_rust::{
    Jid, NodeBuilder, wacore::types::jid::JidExt as _, wacore_binary::Node, waproto::whatsapp as wa,
};

use super::{
    Failure, Manner, Presence,
    keys::{LOW_KEYS, UploadedKeys},
    link::NoiseKey,
    media::MediaHost,
    nodes::{SERVER, now},
    pairing::{CODES, LinkCode},
    reupload::PhoneFile,
    signal::{Peer, Sealed},
};

pub(super) type ConnectionId = u64;

/// What is written to a connection.
#[derive(Debug)]
pub(super) enum Out {
    Node(Box<Node>),
    /// The end, with a good-bye of the WebSocket.
    Close,
    /// The end, without any.
    Cut,
}

/// An account: the phone of a business.
pub(super) struct PhoneState {
    pub(super) number: String,
    pub(super) lid: String,
    pub(super) peer: Peer,
    /// Messages that companions sent, as the phone shows them.
    pub(super) copies: Vec<wa::Message>,
    /// What the owner wrote to customers on it, by id.
    pub(super) written: HashMap<String, wa::Message>,
    pub(super) last_device: u16,
}

/// A companion that was linked to an account: the hub.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) phone: usize,
    pub(super) index: u16,
    pub(super) noise_key: NoiseKey,
    pub(super) keys: Option<UploadedKeys>,
    /// What it has not acknowledged, oldest first.
    pub(super) queue: VecDeque<Delivery>,
    pub(super) acknowledged: HashSet<String>,
    pub(super) connection: Option<ConnectionId>,
    /// It has said that it wants everything, and has had what waited.
    pub(super) is_live: bool,
    pub(super) logins: usize,
    pub(super) is_unlinked: bool,
    /// It was given the key of the account's own settings.
    pub(super) has_settings_key: bool,
}

/// A stanza that is kept until it is acknowledged.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) id: String,
    pub(super) node: Node,
    /// What the node encrypts, and who wrote it.
    pub(super) origin: Option<(Writer, wa::Message)>,
    sent_over: Option<ConnectionId>,
    pub(super) times_sent: usize,
}

/// Somebody who writes to a companion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    Customer(usize),
    /// The account's own phone.
    Phone(usize),
}

/// Where a customer's stanzas come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Address {
    /// The number; the LID is told beside it.
    Number,
    /// The LID; the number is told beside it.
    Lid,
    /// The LID alone.
    HiddenNumber,
}

/// A person who writes to the business.
pub(super) struct CustomerState {
    pub(super) number: String,
    /// Other ways to write the number that the server understands.
    pub(super) aliases: Vec<String>,
    pub(super) lid: String,
    pub(super) name: String,
    pub(super) address: Address,
    pub(super) peer: Peer,
    /// What the hub sent, in order, each once.
    pub(super) taken: Vec<Taken>,
    /// Ids that came again.
    pub(super) repeated: Vec<String>,
    /// The next message cannot be read by anybody.
    pub(super) garbles_next: bool,
    /// How often the phone asked for messages that it could not read.
    pub(super) asked_anew: HashMap<String, u32>,
    pub(super) has_written: bool,
    /// What the hub showed: `composing`, `recording`, `paused`.
    pub(super) chat_states: Vec<String>,
}

/// A message that a customer's phone has decrypted.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) id: String,
    /// The address that the hub wrote to.
    pub(crate) to: String,
    pub(crate) message: wa::Message,
    pub(super) device: usize,
}

pub(super) struct Connection {
    pub(super) outbox: UnboundedSender<Out>,
    pub(super) noise_key: NoiseKey,
    pub(super) device: Option<usize>,
    /// Of a stranger: what its QR codes begin with.
    pub(super) references: Vec<String>,
    /// Of a stranger: the code that it wants to be entered on a phone.
    pub(super) link_code: Option<LinkCode>,
    /// Of a stranger that is being linked: the account and the number that it gets.
    pub(super) linking: Option<(usize, u16)>,
}

#[expect(clippy::struct_excessive_bools, reason = "switches of a test, each on its own")]
pub(super) struct State {
    pub(super) phones: Vec<PhoneState>,
    pub(super) devices: Vec<Device>,
    pub(super) customers: Vec<CustomerState>,
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    pub(super) media: MediaHost,
    pub(super) manners: VecDeque<Manner>,
    pub(super) held_acks: Vec<(usize, Node)>,
    pub(super) failure: Option<Failure>,
    pub(super) is_deaf: bool,
    /// Nothing new is delivered.
    pub(super) is_holding: bool,
    /// Those who never wrote may not be written to.
    pub(super) is_reachout_locked: bool,
    /// What the hub says that it has is not heard.
    pub(super) are_receipts_lost: bool,
    pub(super) lost_receipts: Vec<String>,
    /// How many QR codes a stranger can show.
    pub(super) codes_offered: u64,
    /// Files that customers have sent, by the message.
    pub(super) files: HashMap<String, PhoneFile>,
    /// The owner's phone has deleted them.
    pub(super) has_phone_forgotten: bool,
    /// Ids of customers' messages that were shown as read.
    pub(super) read: Vec<String>,
    pub(super) presences: Vec<Presence>,
    pub(super) subscriptions: Vec<String>,
    /// Ids that the hub asked to be sent anew, because it could not decrypt them.
    pub(super) retries: Vec<String>,
    /// Ids that the hub asked the owner's phone to show once more.
    pub(super) asked_of_phone: Vec<String>,
    /// Messages that the hub refused for good, with its code.
    pub(super) refused: Vec<(String, String)>,
    /// Everything that was wrong with what the hub sent.
    pub(super) violations: Vec<String>,
    numbering: u64,
}

impl State {
    pub(super) fn new(media: MediaHost) -> Self {
        Self {
            phones: Vec::new(),
            devices: Vec::new(),
            customers: Vec::new(),
            connections: BTreeMap::new(),
            media,
            manners: VecDeque::new(),
            held_acks: Vec::new(),
            failure: None,
            is_deaf: false,
            is_holding: false,
            is_reachout_locked: false,
            are_receipts_lost: false,
            lost_receipts: Vec::new(),
            codes_offered: CODES,
            files: HashMap::new(),
            has_phone_forgotten: false,
            read: Vec::new(),
            presences: Vec::new(),
            subscriptions: Vec::new(),
            retries: Vec::new(),
            asked_of_phone: Vec::new(),
            refused: Vec::new(),
            violations: Vec::new(),
            numbering: 0,
        }
    }

    /// A number that was not used before.
    pub(super) fn next_number(&mut self) -> u64 {
        self.numbering += 1;
        self.numbering
    }

    /// An id as phones make them.
    pub(super) fn next_message_id(&mut self) -> String {
        format!("3EB0{:018X}", self.next_number())
    }

    pub(super) fn write(&self, connection: ConnectionId, node: Node) {
        self.put(connection, Out::Node(Box::new(node)));
    }

    /// A connection that is just going away gets nothing any more.
    pub(super) fn put(&self, connection: ConnectionId, out: Out) {
        if let Some(connection) = self.connections.get(&connection) {
            let _ = connection.outbox.send(out);
        }
    }

    /// To a companion, if it is here just now.
    pub(super) fn write_to_device(&self, device: usize, node: Node) {
        if let Some(connection) = self.devices[device].connection {
            self.write(connection, node);
        }
    }

    /// The account of whoever is at the other end, once it has logged in.
    pub(super) fn device_of(&self, connection: ConnectionId) -> Option<usize> {
        self.connections.get(&connection)?.device
    }

    pub(super) fn customer_at(&self, jid: &Jid) -> Option<usize> {
        self.customers.iter().position(|customer| {
            if jid.is_lid() { jid.user == customer.lid } else { jid.user == customer.number }
        })
    }

    /// By a number as somebody may write it.
    pub(super) fn customer_called(&self, number: &str) -> Option<usize> {
        self.customers.iter().position(|customer| {
            customer.number == number || customer.aliases.iter().any(|alias| alias == number)
        })
    }

    pub(super) fn phone_at(&self, jid: &Jid) -> Option<usize> {
        let is = |phone: &PhoneState| {
            if jid.is_lid() { jid.user == phone.lid } else { jid.user == phone.number }
        };
        self.phones.iter().position(is)
    }

    pub(super) fn peer(&mut self, writer: Writer) -> &mut Peer {
        match writer {
            Writer::Customer(n) => &mut self.customers[n].peer,
            Writer::Phone(n) => &mut self.phones[n].peer,
        }
    }

    /// The companion as address of a Signal session; the same over both of its names.
    pub(super) fn signal_address(
        &self,
        device: usize,
    ) -> wacore_libsignal::protocol::ProtocolAddress {
        self.device_jid(device).to_protocol_address()
    }

    pub(super) fn device_jid(&self, device: usize) -> Jid {
        let Device { phone, index, .. } = self.devices[device];
        jid(&format!("{}:{index}@{SERVER}", self.phones[phone].number))
    }

    pub(super) fn device_lid(&self, device: usize) -> Jid {
        let Device { phone, index, .. } = self.devices[device];
        jid(&format!("{}:{index}@lid", self.phones[phone].lid))
    }

    /// Encrypts for a companion. The first message to it opens a session with one of its keys.
    pub(super) fn seal(&mut self, writer: Writer, device: usize, message: &wa::Message) -> Sealed {
        let address = self.signal_address(device);
        if !self.peer(writer).has_session(&address) {
            let index = self.devices[device].index;
            let keys = self.devices[device].keys.as_mut().expect("it has uploaded its keys");
            let bundle = keys.take_bundle(index);
            let left = keys.count();
            self.peer(writer).open_session(&address, &bundle);
            if left == LOW_KEYS {
                self.ask_for_keys(device, left);
            }
        }
        self.peer(writer).encrypt(&address, message)
    }

    fn ask_for_keys(&mut self, device: usize, left: usize) {
        let id = format!("keys-{}", self.next_number());
        let count = NodeBuilder::new("count").attr("value", left.to_string()).build();
        let notification = NodeBuilder::new("notification")
            .attr("from", SERVER)
            .attr("type", "encrypt")
            .attr("id", id.clone())
            .attr("t", now())
            .children([count]);
        self.enqueue(device, &id, notification.build(), None);
    }

    /// Puts a stanza into the line of a companion.
    pub(super) fn enqueue(
        &mut self,
        device: usize,
        id: &str,
        node: Node,
        origin: Option<(Writer, wa::Message)>,
    ) {
        let delivery = Delivery { id: id.to_owned(), node, origin, sent_over: None, times_sent: 0 };
        self.devices[device].queue.push_back(delivery);
        self.pump(device);
    }

    /// Sends what has not been sent over this connection.
    pub(super) fn pump(&mut self, device: usize) {
        if self.is_holding || self.is_deaf || !self.devices[device].is_live {
            return;
        }
        let waiting: Vec<_> = self.devices[device].queue.iter().map(|it| it.id.clone()).collect();
        for id in waiting {
            self.send_queued(device, &id, false);
        }
    }

    /// Sends one stanza of the line, unless it was sent over this connection already.
    pub(super) fn send_queued(&mut self, device: usize, id: &str, is_offline: bool) {
        let device = &mut self.devices[device];
        let Some(connection) = device.connection else { return };
        let Some(delivery) = device.queue.iter_mut().find(|delivery| delivery.id == id) else {
            return;
        };
        if delivery.sent_over == Some(connection) {
            return;
        }
        delivery.sent_over = Some(connection);
        delivery.times_sent += 1;
        let mut node = delivery.node.clone();
        if is_offline {
            node.attrs.push("offline", "0");
        }
        self.write(connection, node);
    }

    /// What of the line has not been sent over the present connection.
    pub(super) fn unsent(&self, device: usize) -> Vec<String> {
        let device = &self.devices[device];
        let is_unsent = |it: &&Delivery| it.sent_over != device.connection;
        device.queue.iter().filter(is_unsent).map(|it| it.id.clone()).collect()
    }

    /// The companion has it; it is not sent again.
    pub(super) fn acknowledge(&mut self, device: usize, id: &str) {
        let device = &mut self.devices[device];
        device.queue.retain(|delivery| delivery.id != id);
        device.acknowledged.insert(id.to_owned());
    }

    /// The companions of an account, or of all.
    pub(super) fn linked(&self) -> impl Iterator<Item = usize> {
        self.devices.iter().enumerate().filter(|(_, it)| !it.is_unlinked).map(|(n, _)| n)
    }

    pub(super) fn disconnected(&mut self, connection: ConnectionId) {
        self.connections.remove(&connection);
        for device in &mut self.devices {
            if device.connection == Some(connection) {
                device.connection = None;
                device.is_live = false;
            }
        }
    }

    pub(super) fn violation(&mut self, what: impl Into<String>) {
        self.violations.push(what.into());
    }

    /// Writes a message of a customer or of the account's phone to a companion.
    pub(super) fn send_message(
        &mut self,
        writer: Writer,
        device: usize,
        id: &str,
        message: wa::Message,
    ) {
        let node = self.message_node(writer, device, id, &message, 0);
        self.enqueue(device, id, node, Some((writer, message)));
    }

    /// The stanza of a message, encrypted; `attempt` counts from 0.
    pub(super) fn message_node(
        &mut self,
        writer: Writer,
        device: usize,
        id: &str,
        message: &wa::Message,
        attempt: u64,
    ) -> Node {
        let mut sealed = self.seal(writer, device, message);
        if let Writer::Customer(n) = writer
            && std::mem::take(&mut self.customers[n].garbles_next)
        {
            sealed.garble();
        }
        let Sealed { kind, bytes } = sealed;
        let mut enc = NodeBuilder::new("enc").attr("v", "2").attr("type", kind);
        if attempt > 0 {
            enc = enc.attr("count", attempt.to_string());
        }
        let node = NodeBuilder::new("message")
            .attr("id", id)
            .attr("t", now())
            .attr("type", stanza_type(message));
        let node = match writer {
            Writer::Customer(n) => self.customers[n].sign(node),
            Writer::Phone(n) => self.phones[n].sign(node, message),
        };
        node.children([enc.bytes(bytes).build()]).build()
    }
}

impl Device {
    pub(super) fn new(phone: usize, index: u16, noise_key: NoiseKey) -> Self {
        Self {
            phone,
            index,
            noise_key,
            keys: None,
            queue: VecDeque::new(),
            acknowledged: HashSet::new(),
            connection: None,
            is_live: false,
            logins: 0,
            is_unlinked: false,
            has_settings_key: false,
        }
    }
}

impl PhoneState {
    /// A message of the phone itself: about the account, or one that it sent to a customer.
    fn sign(&self, node: NodeBuilder, message: &wa::Message) -> NodeBuilder {
        let node = node.attr("from", jid(&format!("{}@{SERVER}", self.number)));
        match message.device_sent_message.as_option() {
            Some(sent) => {
                let to = sent.destination_jid.as_deref().unwrap_or_default();
                node.attr("recipient", jid(to))
            }
            None => node.attr("category", "peer"),
        }
    }
}

impl CustomerState {
    pub(super) fn number_jid(&self) -> Jid {
        jid(&format!("{}@{SERVER}", self.number))
    }

    pub(super) fn lid_jid(&self) -> Jid {
        jid(&format!("{}@lid", self.lid))
    }

    /// The address that this customer's stanzas come from.
    pub(super) fn address(&self) -> Jid {
        match self.address {
            Address::Number => self.number_jid(),
            Address::Lid | Address::HiddenNumber => self.lid_jid(),
        }
    }

    /// The same in a group, which the stanza comes from.
    pub(super) fn sign_in_group(&self, node: NodeBuilder) -> NodeBuilder {
        let node = node.attr("participant", self.address()).attr("notify", self.name.clone());
        let (node, mode) = match self.address {
            Address::Number => (node.attr("participant_lid", self.lid_jid()), "pn"),
            Address::Lid => (node.attr("participant_pn", self.number_jid()), "lid"),
            Address::HiddenNumber => (node, "lid"),
        };
        node.attr("addressing_mode", mode)
    }

    fn sign(&self, node: NodeBuilder) -> NodeBuilder {
        let node = node.attr("from", self.address()).attr("notify", self.name.clone());
        let (node, mode) = match self.address {
            Address::Number => (node.attr("sender_lid", self.lid_jid()), "pn"),
            Address::Lid => (node.attr("sender_pn", self.number_jid()), "lid"),
            Address::HiddenNumber => (node, "lid"),
        };
        node.attr("addressing_mode", mode)
    }
}

/// Addresses here are made by the stand-in itself.
pub(super) fn jid(text: &str) -> Jid {
    text.parse().unwrap_or_else(|error| panic!("{text} is no address: {error}"))
}

/// What a stanza says about its message without decrypting it.
fn stanza_type(message: &wa::Message) -> &'static str {
    let inner = message.device_sent_message.as_option();
    let message = inner.and_then(|sent| sent.message.as_option()).unwrap_or(message);
    if message.reaction_message.is_set() {
        return "reaction";
    }
    let has_file = message.image_message.is_set()
        || message.video_message.is_set()
        || message.audio_message.is_set()
        || message.document_message.is_set()
        || message.sticker_message.is_set()
        || message.location_message.is_set()
        || message.contact_message.is_set();
    if has_file { "media" } else { "text" }
}

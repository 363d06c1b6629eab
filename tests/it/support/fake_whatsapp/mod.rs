//! WhatsApp's server for companion devices, on a free port: accounts and customers with real keys, the
//! Noise handshake, pairing, lines of unacknowledged stanzas, hosts of files. It misbehaves when it is
//! told to, and remembers everything that was wrong with what it got.

mod customer;
mod directory;
mod group;
mod keys;
mod link;
mod media;
mod nodes;
mod pairing;
mod placeholder;
mod reupload;
mod server;
mod signal;
mod stanzas;
mod state;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use wacore_libsignal::protocol::KeyPair;
use whatsapp_rust::{
    Jid, NodeBuilder,
    buffa::MessageField,
    wacore_binary::Node,
    waproto::whatsapp::{self as wa, message},
};

use super::{Client, Database, Server, Socket, client::text, eventually, server::Setup};
use media::MediaHost;
use nodes::SERVER;
use signal::{Peer, randomness};
use state::{Address, CustomerState, Out, PhoneState, State, Writer, jid};

pub(crate) use customer::{Customer, File, text_message};

/// The number of the business.
pub(crate) const PHONE_NUMBER: &str = "551140002000";
const PHONE_LID: &str = "100000000000001";

/// What happens to the next message of the hub instead of its being taken and acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As always.
    Take,
    /// It is acknowledged with this error, and nobody gets it.
    Refuse(u16),
    /// Nobody gets it, and nothing is said.
    Ignore,
    /// It is taken, and nothing is said.
    TakeSilently,
    /// It is taken, and acknowledged when the test says so.
    TakeAndHold,
    /// The connection is cut before it is taken.
    CutBefore,
    /// It is taken, and the connection is cut before that is said.
    TakeAndCut,
}

/// Why logins are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) reason: u16,
    /// Of a ban: its kind, and how long it lasts, in seconds.
    pub(crate) ban: Option<(u16, u64)>,
}

/// What the hub says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Available,
    Unavailable,
}

/// The server.
#[derive(Debug, Clone)]
pub(crate) struct FakeWhatsapp(Arc<Shared>);

struct Shared {
    url: String,
    identity: KeyPair,
    media: MediaHost,
    state: Mutex<State>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeWhatsapp").field("url", &self.url).finish_non_exhaustive()
    }
}

impl FakeWhatsapp {
    /// A server with the account of one business.
    pub(crate) async fn start() -> Self {
        let media = MediaHost::start().await;
        let listener = server::listen().await;
        let address = listener.local_addr().expect("a bound listener");
        let shared = Shared {
            url: format!("ws://{address}/ws/chat"),
            identity: KeyPair::generate(&mut randomness()),
            state: Mutex::new(State::new(media.clone())),
            media,
        };
        let fake = Self(Arc::new(shared));
        fake.add_phone(PHONE_NUMBER, PHONE_LID);
        tokio::spawn(server::serve(fake.clone(), listener));
        fake
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    /// Where files are, in place of the hosts that the server names.
    pub(crate) fn media_url(&self) -> String {
        self.0.media.url()
    }

    /// A hub whose default number is of WhatsApp Web, and this its network.
    pub(crate) fn hub_on(&self, database: &Database) -> Setup {
        Server::on(database)
            .env("WHATSAPP_MODE", "web")
            .env("WHATSAPP_WEB_URL", self.url())
            .env("WHATSAPP_WEB_MEDIA_URL", &self.media_url())
    }

    /// Connects the hub's default number by a QR code. The hub itself says nothing over it.
    pub(crate) async fn pair(&self, hub: &Server, admin: &Client) {
        admin.keep_hub_quiet().await;
        let mut socket = Socket::connect(hub, admin).await;
        admin.post_nothing("/api/v1/whatsapp/sessions/start/").expect(202).await;
        let shown = socket.next_event("qrcode").await;
        self.scan(text(&shown["code"]));
        socket.close().await;
        admin.session_becomes("ready").await;
    }

    /// One more account; which one it is.
    pub(crate) fn add_phone(&self, number: &str, lid: &str) -> usize {
        let mut state = self.lock();
        state.phones.push(PhoneState {
            number: number.to_owned(),
            lid: lid.to_owned(),
            peer: Peer::new(),
            copies: Vec::new(),
            written: HashMap::new(),
            last_device: 0,
        });
        state.phones.len() - 1
    }

    /// Somebody who has WhatsApp, with a number and a LID that belongs to it.
    pub(crate) fn customer(&self, number: &str, name: &str) -> Customer {
        let mut state = self.lock();
        let index = state.customers.len();
        state.customers.push(CustomerState {
            number: number.to_owned(),
            aliases: Vec::new(),
            lid: format!("2{:014}", index + 1),
            name: name.to_owned(),
            address: Address::Number,
            peer: Peer::new(),
            taken: Vec::new(),
            repeated: Vec::new(),
            garbles_next: false,
            asked_anew: HashMap::new(),
            has_written: false,
            chat_states: Vec::new(),
        });
        drop(state);
        Customer::new(self.clone(), index)
    }

    /// The server knows a customer under another way to write the number, too.
    pub(crate) fn add_alias(&self, number: &str, alias: &str) {
        let mut state = self.lock();
        let index = state.customer_called(number).expect("a customer");
        state.customers[index].aliases.push(alias.to_owned());
    }

    /// The owner scans a QR code with the phone of the account.
    #[track_caller]
    pub(crate) fn scan(&self, code: &str) {
        self.scan_with(0, code);
    }

    #[track_caller]
    pub(crate) fn scan_with(&self, phone: usize, code: &str) {
        let scanned = self.lock().scan(phone, code);
        scanned.unwrap_or_else(|error| panic!("the code {code} cannot be scanned: {error:#}"));
    }

    /// The owner types a code into the phone of the account.
    pub(crate) async fn types_code(&self, code: &str) {
        eventually("somebody waits for a code to be typed", async || self.lock().waits_for_code(0))
            .await;
        let (fake, typed) = (self.clone(), code.to_owned());
        // Slow on purpose, so that codes cannot be guessed.
        let typed = tokio::task::spawn_blocking(move || fake.lock().type_code(0, &typed)).await;
        typed
            .expect("the code is typed")
            .unwrap_or_else(|error| panic!("the code {code} cannot be typed: {error:#}"));
    }

    /// The owner removes the hub from the phone's list of companions.
    pub(crate) fn unlink(&self) {
        let mut state = self.lock();
        let linked: Vec<_> = state.linked().collect();
        for device in linked {
            state.unlink(device);
        }
    }

    /// The owner writes to a customer with the phone itself; the message's id.
    pub(crate) async fn phone_writes(&self, customer: &Customer, text: &str) -> String {
        let device = self.writable_device(0).await;
        let sent = message::DeviceSentMessage {
            destination_jid: Some(format!("{}@{SERVER}", customer.number())),
            message: MessageField::some(text_message(text)),
            ..message::DeviceSentMessage::default()
        };
        let device_sent_message = MessageField::some(sent);
        let message = wa::Message { device_sent_message, ..wa::Message::default() };
        let mut state = self.lock();
        let id = state.next_message_id();
        let phone = state.devices[device].phone;
        state.phones[phone].written.insert(id.clone(), message.clone());
        state.send_message(Writer::Phone(phone), device, &id, message);
        id
    }

    /// What the phone shows of what the hub sent.
    pub(crate) fn copies(&self) -> Vec<wa::Message> {
        self.lock().phones[0].copies.clone()
    }

    /// What happens to the next messages, one after the other.
    pub(crate) fn behave(&self, manners: impl IntoIterator<Item = Manner>) {
        self.lock().manners.extend(manners);
    }

    /// Acknowledges what was held back.
    pub(crate) fn release_acks(&self) {
        let mut state = self.lock();
        for (device, ack) in std::mem::take(&mut state.held_acks) {
            state.write_to_device(device, ack);
        }
    }

    /// From now on nothing is delivered to the hub.
    pub(crate) fn hold_deliveries(&self) {
        self.lock().is_holding = true;
    }

    /// Delivers what was held back: these first, in this order, then the rest.
    pub(crate) fn release_deliveries(&self, first: &[String]) {
        let mut state = self.lock();
        state.is_holding = false;
        let linked: Vec<_> = state.linked().collect();
        for device in linked {
            for id in first {
                state.send_queued(device, id, false);
            }
            state.pump(device);
        }
    }

    /// Everything that was ordered with `behave` has happened.
    pub(crate) fn has_behaved(&self) -> bool {
        self.lock().manners.is_empty()
    }

    /// From now on the hub's receipts are lost on their way, or arrive again.
    pub(crate) fn lose_receipts(&self, are_lost: bool) {
        self.lock().are_receipts_lost = are_lost;
    }

    /// Ids of messages whose receipts were lost.
    pub(crate) fn lost_receipts(&self) -> Vec<String> {
        self.lock().lost_receipts.clone()
    }

    /// How many QR codes a stranger can show.
    pub(crate) fn offer_codes(&self, count: u64) {
        self.lock().codes_offered = count;
    }

    /// Those who never wrote may not be written to (463), or may again.
    pub(crate) fn lock_reachout(&self, is_locked: bool) {
        self.lock().is_reachout_locked = is_locked;
    }

    /// Logins are refused, or accepted again.
    pub(crate) fn refuse_logins(&self, failure: Option<Failure>) {
        self.lock().failure = failure;
    }

    /// The TCP connections of all hubs end without a word.
    pub(crate) fn drop_connections(&self) {
        self.end_connections(None);
    }

    /// Says `<stream:error>` with this code and ends the connections.
    pub(crate) fn stream_error(&self, code: &str) {
        let error = NodeBuilder::new("stream:error").attr("code", code.to_owned());
        self.end_connections(Some(&error.build()));
    }

    /// Says that somebody else uses the same keys (440), and ends the connections.
    pub(crate) fn replace(&self) {
        self.end_connections(Some(&server::replaced()));
    }

    fn end_connections(&self, last_words: Option<&Node>) {
        let state = self.lock();
        for connection in state.connections.keys() {
            match last_words {
                Some(node) => {
                    state.write(*connection, node.clone());
                    state.put(*connection, Out::Close);
                }
                None => state.put(*connection, Out::Cut),
            }
        }
    }

    /// The server reads and says nothing any more, or does its work again. What it did not hear while
    /// it was deaf is lost.
    pub(crate) fn set_deaf(&self, is_deaf: bool) {
        self.lock().is_deaf = is_deaf;
    }

    /// Statuses that the next requests for files are answered with.
    pub(crate) fn fail_files(&self, statuses: impl IntoIterator<Item = u16>) {
        self.0.media.fail(statuses);
    }

    /// The owner's phone has deleted all files, and cannot put them there again.
    pub(crate) fn phone_forgets_files(&self) {
        self.lock().has_phone_forgotten = true;
    }

    /// How many files the hub has asked for, and how many it has put there.
    pub(crate) fn file_requests(&self) -> (usize, usize) {
        self.0.media.requests()
    }

    /// All files are gone, as they are after some weeks.
    pub(crate) fn expire_files(&self) {
        self.0.media.expire();
    }

    /// Successful logins so far, of all companions. After a pairing the library sometimes logs in twice.
    pub(crate) fn logins(&self) -> usize {
        self.lock().devices.iter().map(|device| device.logins).sum()
    }

    /// Companions that were linked so far, removed ones included.
    pub(crate) fn pairings(&self) -> usize {
        self.lock().devices.len()
    }

    pub(crate) fn connections(&self) -> usize {
        self.lock().connections.len()
    }

    /// The hub has acknowledged a message of a customer: it is not delivered again.
    pub(crate) fn is_acknowledged(&self, id: &str) -> bool {
        self.lock().devices.iter().any(|device| device.acknowledged.contains(id))
    }

    pub(crate) async fn acknowledges(&self, id: &str) {
        let what = format!("the hub acknowledges {id}");
        eventually(&what, async || self.is_acknowledged(id).then_some(())).await;
    }

    /// How often a stanza that still waits was sent.
    pub(crate) fn times_sent(&self, id: &str) -> usize {
        let state = self.lock();
        let mut waiting = state.devices.iter().flat_map(|device| &device.queue);
        waiting.find(|delivery| delivery.id == id).map_or(0, |delivery| delivery.times_sent)
    }

    /// Messages that wait for the hub's acknowledgement.
    pub(crate) fn unacknowledged(&self) -> Vec<String> {
        let state = self.lock();
        let waiting = state.devices.iter().flat_map(|device| &device.queue);
        let messages = waiting.filter(|delivery| delivery.origin.is_some());
        messages.map(|delivery| delivery.id.clone()).collect()
    }

    /// Ids of customers' messages that were shown as read.
    pub(crate) fn read(&self) -> Vec<String> {
        self.lock().read.clone()
    }

    pub(crate) fn presences(&self) -> Vec<Presence> {
        self.lock().presences.clone()
    }

    /// Addresses whose presence the hub wants to know.
    pub(crate) fn subscriptions(&self) -> Vec<String> {
        self.lock().subscriptions.clone()
    }

    /// Ids that the hub asked the owner's phone to show once more.
    pub(crate) fn asked_of_phone(&self) -> Vec<String> {
        self.lock().asked_of_phone.clone()
    }

    /// Ids that the hub asked to be encrypted anew.
    pub(crate) fn retries(&self) -> Vec<String> {
        self.lock().retries.clone()
    }

    /// Fails the test when the hub sent something that the network would not take.
    #[track_caller]
    pub(crate) fn assert_well_used(&self) {
        let mut violations = self.lock().violations.clone();
        let refused = self.lock().refused.clone();
        violations.extend(refused.iter().map(|(id, code)| format!("{id} was refused: {code}")));
        violations.extend(self.0.media.violations());
        assert!(violations.is_empty(), "the network was misused: {violations:#?}");
    }

    /// Waits until an account has a companion that has uploaded keys, so that it can be written to.
    async fn writable_device(&self, phone: usize) -> usize {
        eventually("the hub has uploaded keys", async || {
            let state = self.lock();
            let mut linked = state.linked();
            linked.find(|device| {
                let device = &state.devices[*device];
                device.phone == phone && device.keys.is_some()
            })
        })
        .await
    }

    fn phone_jid(&self, phone: usize) -> Jid {
        jid(&format!("{}@{SERVER}", self.lock().phones[phone].number))
    }

    fn media(&self) -> &MediaHost {
        &self.0.media
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("nobody panics while holding the state")
    }
}

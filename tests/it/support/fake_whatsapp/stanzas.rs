//! What the server does with each stanza of the hub.

use whatsapp_rust::{
    Jid, NodeBuilder,
    buffa::MessageField,
    wacore_binary::Node,
    waproto::whatsapp::{self as wa, message},
};

use super::{
    Manner, Presence,
    keys::{self, UploadedKeys},
    nodes::{
        SERVER, attr, bytes_node, children, content, content_of, empty, first_tag, now, refusal,
        result,
    },
    state::{ConnectionId, Out, State, Taken, Writer, jid},
};

/// WhatsApp's own clients send keys from the second request on.
const RETRIES_BEFORE_KEYS: u32 = 2;

impl State {
    pub(super) fn on_node(&mut self, connection: ConnectionId, node: &Node) {
        let id = attr(node, "id");
        match &*node.tag {
            "iq" if attr(node, "type") == "result" => {
                if first_tag(node) == "pair-device-sign" {
                    self.finish_pairing(connection);
                }
            }
            "iq" if attr(node, "type") == "error" => {
                self.violation(format!("the hub refused to be linked: {node:?}"));
            }
            "iq" => match self.device_of(connection) {
                Some(device) => self.on_request(connection, device, &id, node),
                None => self.on_strangers_request(connection, &id, node),
            },
            // Of the notification that a code was typed.
            "ack" if self.device_of(connection).is_none() => {}
            _ => match self.device_of(connection) {
                Some(device) => self.on_stanza(connection, device, &id, node),
                None => self.violation(format!("a stranger sent <{}>", node.tag)),
            },
        }
    }

    fn on_strangers_request(&mut self, connection: ConnectionId, id: &str, node: &Node) {
        match node.get_optional_child("link_code_companion_reg") {
            Some(registration) => self.on_link_code(connection, id, registration),
            None => self.write(connection, result(id).build()),
        }
    }

    fn on_stanza(&mut self, connection: ConnectionId, device: usize, id: &str, node: &Node) {
        match &*node.tag {
            "message" => self.on_message(connection, device, id, node),
            "receipt" => self.on_receipt(connection, device, id, node),
            "ack" => self.on_ack(device, id, node),
            "presence" => self.on_presence(connection, node),
            "chatstate" => self.on_chat_state(node),
            "ib" if first_tag(node) == "offline_batch" => {
                let count = attr(&children(node)[0], "count").parse().unwrap_or(0);
                self.send_offline(device, count);
            }
            // What it says about itself, and asks for nothing.
            "ib" => {}
            other => self.violation(format!("no such stanza: <{other}>")),
        }
    }

    fn on_request(&mut self, connection: ConnectionId, device: usize, id: &str, node: &Node) {
        let namespace = attr(node, "xmlns");
        let answer = match (namespace.as_str(), first_tag(node)) {
            ("encrypt", "count") => {
                let count = self.devices[device].keys.as_ref().map_or(0, UploadedKeys::count);
                let count = NodeBuilder::new("count").attr("value", count.to_string()).build();
                result(id).children([count]).build()
            }
            ("encrypt", "key") => self.hand_out_keys(id, &children(node)[0]),
            ("encrypt", "digest") => match &self.devices[device].keys {
                Some(keys) => result(id).children([keys.digest()]).build(),
                None => refusal(id, 404, "item-not-found"),
            },
            ("encrypt", "rotate") => self.rotate_key(device, id, &children(node)[0]),
            ("encrypt", _) => {
                let answer = self.take_keys(device, id, node);
                self.write(connection, answer);
                return self.share_settings_key(device);
            }
            ("usync", _) => self.look_up(id, node),
            ("w:sync:app:state", _) => nothing_to_sync(id, node),
            ("passive", "active") => {
                self.write(connection, result(id).build());
                return self.begin_offline(device);
            }
            ("w:m", _) => result(id).children([self.media.connection()]).build(),
            ("w:profile:picture", _) => no_picture(id),
            ("md", "remove-companion-device") => {
                self.write(connection, result(id).build());
                return self.unlink(device);
            }
            ("privacy", _) => result(id).children([empty("privacy")]).build(),
            ("abt", _) => result(id).children([empty("props")]).build(),
            // Pings, lists that are empty, settings that nobody has changed.
            _ => result(id).build(),
        };
        self.write(connection, answer);
    }

    fn take_keys(&mut self, device: usize, id: &str, node: &Node) -> Node {
        match UploadedKeys::parse(node, content_of(node, "registration")) {
            Ok(new) => {
                match &mut self.devices[device].keys {
                    Some(keys) => keys.merge(new),
                    keys => *keys = Some(new),
                }
                result(id).build()
            }
            Err(error) => {
                self.violation(format!("keys: {error:#}"));
                refusal(id, 406, "not-acceptable")
            }
        }
    }

    fn rotate_key(&mut self, device: usize, id: &str, rotation: &Node) -> Node {
        let rotated = match (&mut self.devices[device].keys, rotation.get_optional_child("skey")) {
            (Some(keys), Some(signed)) => keys.rotate(signed).is_ok(),
            _ => false,
        };
        if rotated { result(id).build() } else { refusal(id, 409, "conflict") }
    }

    /// The first thing that a phone sends to a new companion: the key of the account's settings.
    /// Without it a companion waits for some time before it says that it is ready.
    fn share_settings_key(&mut self, device: usize) {
        if self.devices[device].has_settings_key {
            return;
        }
        self.devices[device].has_settings_key = true;
        let key = message::AppStateSyncKey {
            key_id: MessageField::some(message::AppStateSyncKeyId {
                key_id: Some(vec![0, 0, 0, 0, 0, 1]),
            }),
            key_data: MessageField::some(message::AppStateSyncKeyData {
                key_data: Some(vec![7; 32]),
                fingerprint: MessageField::some(message::AppStateSyncKeyFingerprint {
                    raw_id: Some(1),
                    current_index: Some(0),
                    ..message::AppStateSyncKeyFingerprint::default()
                }),
                timestamp: Some(1_760_000_000_000),
            }),
        };
        let share = message::AppStateSyncKeyShare { keys: vec![key] };
        let protocol = message::ProtocolMessage {
            r#type: Some(message::protocol_message::Type::APP_STATE_SYNC_KEY_SHARE),
            app_state_sync_key_share: MessageField::some(share),
            ..message::ProtocolMessage::default()
        };
        let message = wa::Message {
            protocol_message: MessageField::some(protocol),
            ..wa::Message::default()
        };
        let id = self.next_message_id();
        let phone = self.devices[device].phone;
        self.send_message(Writer::Phone(phone), device, &id, message);
        // The phone is faster than the rest of the login.
        self.send_queued(device, &id, false);
    }

    /// The companion wants everything now: first what has waited for it.
    fn begin_offline(&mut self, device: usize) {
        let waiting = self.unsent(device).len();
        if waiting == 0 {
            return self.end_offline(device, 0);
        }
        let preview = NodeBuilder::new("offline_preview")
            .attr("count", waiting.to_string())
            .attr("message", waiting.to_string())
            .build();
        self.write_to_device(device, information([preview]));
    }

    fn send_offline(&mut self, device: usize, count: usize) {
        if self.devices[device].is_live {
            return;
        }
        let unsent = self.unsent(device);
        for id in unsent.iter().take(count) {
            self.send_queued(device, id, true);
        }
        if unsent.len() <= count {
            let all = self.devices[device].queue.len();
            self.end_offline(device, all);
        }
    }

    fn end_offline(&mut self, device: usize, count: usize) {
        let end = NodeBuilder::new("offline").attr("count", count.to_string()).build();
        self.write_to_device(device, information([end]));
        self.devices[device].is_live = true;
        self.pump(device);
    }

    fn on_message(&mut self, connection: ConnectionId, device: usize, id: &str, node: &Node) {
        let to = attr(node, "to");
        let ack = NodeBuilder::new("ack")
            .attr("class", "message")
            .attr("id", id)
            .attr("from", to.clone())
            .attr("t", now());
        let customer = to.parse::<Jid>().ok().and_then(|to| self.customer_at(&to));
        let is_cold = customer.is_some_and(|n| !self.customers[n].has_written);
        if self.is_reachout_locked && is_cold {
            return self.write(connection, ack.attr("error", "463").build());
        }
        if customer.is_none() && !to.parse::<Jid>().is_ok_and(|to| self.phone_at(&to).is_some()) {
            self.violation(format!("a message to {to}, who is nobody"));
        }
        let manner = self.manners.pop_front();
        match manner {
            Some(Manner::Refuse(code)) => {
                return self.write(connection, ack.attr("error", code.to_string()).build());
            }
            Some(Manner::Ignore) => return,
            Some(Manner::CutBefore) => return self.put(connection, Out::Cut),
            _ => {}
        }
        self.hand_over(device, id, &to, node);
        match manner {
            Some(Manner::TakeSilently) => {}
            Some(Manner::TakeAndHold) => self.held_acks.push((device, ack.build())),
            Some(Manner::TakeAndCut) => self.put(connection, Out::Cut),
            _ => self.write(connection, ack.build()),
        }
    }

    /// To each phone that the message was encrypted for.
    fn hand_over(&mut self, device: usize, id: &str, to: &str, node: &Node) {
        let participants = node.get_optional_child("participants");
        let listed = participants
            .into_iter()
            .flat_map(children)
            .filter_map(|reader| Some((attr(reader, "jid"), reader.get_optional_child("enc")?)));
        let direct = node.get_optional_child("enc").map(|enc| (to.to_owned(), enc));
        let sealed: Vec<_> = listed.chain(direct).collect();
        if sealed.is_empty() {
            self.violation(format!("message {id} is encrypted for nobody"));
        }
        let opens_session = sealed.iter().any(|(_, enc)| attr(enc, "type") == "pkmsg");
        if opens_session && node.get_optional_child("device-identity").is_none() {
            self.violation(format!("message {id} opens a session and does not say whose"));
        }
        for (reader, enc) in sealed {
            let Ok(address) = reader.parse::<Jid>() else {
                self.violation(format!("{reader} is no address"));
                continue;
            };
            let reader = self.customer_at(&address).map(Writer::Customer);
            match reader.or_else(|| self.phone_at(&address).map(Writer::Phone)) {
                Some(reader) => self.read_message(device, id, to, reader, enc),
                None => self.violation(format!("message {id} is encrypted for {address}")),
            }
        }
    }

    fn read_message(&mut self, device: usize, id: &str, to: &str, reader: Writer, enc: &Node) {
        let from = self.signal_address(device);
        let opened = self.peer(reader).decrypt(&from, &attr(enc, "type"), content(enc));
        match (reader, opened) {
            (Writer::Phone(phone), Ok(message)) => {
                self.on_peer_message(device, phone, id, &message);
                self.phones[phone].copies.push(message);
            }
            (Writer::Phone(_), Err(error)) => {
                self.violation(format!("the phone cannot read its copy of {id}: {error}"));
            }
            (Writer::Customer(n), opened) => {
                let is_known = self.customers[n].taken.iter().any(|taken| taken.id == id);
                match opened {
                    _ if is_known => self.customers[n].repeated.push(id.to_owned()),
                    Ok(message) => {
                        let taken = Taken { id: id.to_owned(), to: to.to_owned(), message, device };
                        self.customers[n].taken.push(taken);
                    }
                    Err(_) => self.ask_anew(device, n, id, to),
                }
            }
        }
    }

    /// A phone that cannot read a message asks for it again; from the second time on it says with
    /// which keys it can be written to.
    fn ask_anew(&mut self, device: usize, customer: usize, id: &str, to: &str) {
        let asking = &mut self.customers[customer];
        let count = asking.asked_anew.entry(id.to_owned()).or_default();
        *count += 1;
        let count = *count;
        let retry = NodeBuilder::new("retry")
            .attr("v", "1")
            .attr("count", count.to_string())
            .attr("id", id)
            .attr("t", now());
        let registration = asking.peer.registration().to_be_bytes();
        let mut said = vec![retry.build(), bytes_node("registration", registration)];
        if count >= RETRIES_BEFORE_KEYS {
            said.push(keys::for_retry(&asking.peer.bundle()));
        }
        let receipt = NodeBuilder::new("receipt")
            .attr("from", jid(to))
            .attr("id", id)
            .attr("type", "retry")
            .attr("t", now())
            .children(said);
        self.enqueue(device, &format!("{id}/retry/{count}"), receipt.build(), None);
    }

    fn on_receipt(&mut self, connection: ConnectionId, device: usize, id: &str, node: &Node) {
        let kind = attr(node, "type");
        let listed = node.get_optional_child("list").map_or(&[][..], children);
        let ids: Vec<_> =
            listed.iter().map(|item| attr(item, "id")).chain([id.to_owned()]).collect();
        if self.are_receipts_lost {
            return self.lost_receipts.extend(ids);
        }
        match kind.as_str() {
            "retry" => self.write_anew(device, id, node),
            "server-error" => self.upload_again(device, id, node),
            "read" | "played" => self.read.extend(ids),
            _ => {
                for id in ids {
                    self.acknowledge(device, &id);
                }
            }
        }
        let mut ack = NodeBuilder::new("ack")
            .attr("class", "receipt")
            .attr("id", id)
            .attr("from", attr(node, "to"));
        if !kind.is_empty() {
            ack = ack.attr("type", kind);
        }
        self.write(connection, ack.build());
    }

    /// The hub could not read a message: it is encrypted anew, with a new session.
    fn write_anew(&mut self, device: usize, id: &str, receipt: &Node) {
        self.retries.push(id.to_owned());
        let found = self.devices[device].queue.iter().find(|delivery| delivery.id == id);
        let Some((writer, message)) = found.and_then(|delivery| delivery.origin.clone()) else {
            return self.violation(format!("{id} is asked for again, and nobody wrote it"));
        };
        let index = self.devices[device].index;
        let bundle = match keys::of_retry(receipt) {
            Some(Ok(mut keys)) => keys.take_bundle(index),
            Some(Err(error)) => return self.violation(format!("keys of a retry: {error:#}")),
            None => match &mut self.devices[device].keys {
                Some(keys) => keys.take_bundle(index),
                None => return self.violation("a retry before any keys"),
            },
        };
        let address = self.signal_address(device);
        self.peer(writer).open_session(&address, &bundle);
        let retry = receipt.get_optional_child("retry");
        let attempt = retry.and_then(|it| attr(it, "count").parse().ok()).unwrap_or(1);
        let node = self.message_node(writer, device, id, &message, attempt);
        self.devices[device].queue.retain(|delivery| delivery.id != id);
        self.enqueue(device, id, node, Some((writer, message)));
    }

    fn on_ack(&mut self, device: usize, id: &str, node: &Node) {
        match attr(node, "class").as_str() {
            // What is said about a message bears its id.
            class @ ("receipt" | "notification") => {
                self.devices[device].queue.retain(|delivery| {
                    let stanza = &delivery.node;
                    let is_it = &*stanza.tag == class
                        && attr(stanza, "id") == id
                        && attr(stanza, "type") == attr(node, "type");
                    !is_it
                });
            }
            "message" if !attr(node, "error").is_empty() => {
                self.refused.push((id.to_owned(), attr(node, "error")));
                self.acknowledge(device, id);
            }
            // Of the copy that could not be read; the one that was asked for is on its way.
            "message" if self.retries.iter().any(|asked| asked == id) => {}
            _ => self.acknowledge(device, id),
        }
    }

    fn on_presence(&mut self, connection: ConnectionId, node: &Node) {
        match attr(node, "type").as_str() {
            "subscribe" => {
                let to = attr(node, "to");
                if to.parse::<Jid>().ok().and_then(|to| self.customer_at(&to)).is_none() {
                    self.violation(format!("a subscription to {to}, who is nobody"));
                }
                self.subscriptions.push(to);
            }
            "unsubscribe" => {}
            "unavailable" => self.presences.push(Presence::Unavailable),
            "available" | "" => self.presences.push(Presence::Available),
            other => {
                let refused = format!("no such presence: {other}, over connection {connection}");
                self.violation(refused);
            }
        }
    }

    fn on_chat_state(&mut self, node: &Node) {
        let to = attr(node, "to");
        let Some(n) = to.parse::<Jid>().ok().and_then(|to| self.customer_at(&to)) else {
            return self.violation(format!("typing to {to}, who is nobody"));
        };
        let Some(state) = children(node).first() else { return self.violation("empty chatstate") };
        let is_recording = attr(state, "media") == "audio";
        let state = if is_recording { "recording" } else { &state.tag };
        self.customers[n].chat_states.push(state.to_owned());
    }

    /// The account's owner removes the companion, or it leaves.
    pub(super) fn unlink(&mut self, device: usize) {
        self.devices[device].is_unlinked = true;
        let conflict = NodeBuilder::new("conflict").attr("type", "device_removed").build();
        let error = NodeBuilder::new("stream:error").attr("code", "401").children([conflict]);
        self.write_to_device(device, error.build());
        if let Some(connection) = self.devices[device].connection {
            self.put(connection, Out::Close);
        }
    }
}

fn information(children: impl IntoIterator<Item = Node>) -> Node {
    NodeBuilder::new("ib").attr("from", SERVER).children(children).build()
}

/// Every collection of settings is empty and as old as the companion believes.
fn nothing_to_sync(id: &str, node: &Node) -> Node {
    let asked = node.get_optional_child("sync").map_or(&[][..], children);
    let answered = asked.iter().map(|collection| {
        NodeBuilder::new("collection")
            .attr("name", attr(collection, "name"))
            .attr("version", attr(collection, "version"))
            .build()
    });
    result(id).children([NodeBuilder::new("sync").children(answered).build()]).build()
}

fn no_picture(id: &str) -> Node {
    let error =
        NodeBuilder::new("error").attr("code", "404").attr("text", "item-not-found").build();
    result(id).children([NodeBuilder::new("picture").children([error]).build()]).build()
}

//! Who is on WhatsApp, under which addresses, with which devices and keys.

use whatsapp_rust::{
    Jid, NodeBuilder,
    wacore::{iq::prekeys::PreKeyBundleUserNode, protocol::ProtocolNode},
    wacore_binary::Node,
};

use super::{
    nodes::{attr, children, content, result},
    state::{State, Writer},
};

impl State {
    /// One key of each, for opening sessions.
    pub(super) fn hand_out_keys(&mut self, id: &str, asked: &Node) -> Node {
        let mut users = Vec::new();
        for user in children(asked) {
            let address = attr(user, "jid");
            let Ok(jid) = address.parse::<Jid>() else {
                self.violation(format!("keys of {address}, which is no address"));
                continue;
            };
            let reader = self.customer_at(&jid).map(Writer::Customer);
            let reader = reader.or_else(|| self.phone_at(&jid).map(Writer::Phone));
            users.push(match reader {
                Some(reader) if jid.device == 0 => {
                    let bundle = self.peer(reader).bundle();
                    let node = PreKeyBundleUserNode::from_bundle(jid, &bundle, None);
                    node.expect("a complete bundle").into_node()
                }
                _ => unknown(&address),
            });
        }
        result(id).children([NodeBuilder::new("list").children(users).build()]).build()
    }

    /// Devices, addresses and existence of people, as far as each is asked for.
    pub(super) fn look_up(&self, id: &str, node: &Node) -> Node {
        let Some(usync) = node.get_optional_child("usync") else { return result(id).build() };
        let wanted = usync.get_optional_child("query").map_or(&[][..], children);
        let asked = usync.get_optional_child("list").map_or(&[][..], children);
        let found: Vec<_> = asked.iter().filter_map(|user| self.user(wanted, user)).collect();
        let list = NodeBuilder::new("list").children(found).build();
        let answer = NodeBuilder::new("usync")
            .attr("sid", attr(usync, "sid"))
            .attr("index", "0")
            .attr("last", "true")
            .attr("mode", attr(usync, "mode"))
            .attr("context", attr(usync, "context"));
        result(id).children([answer.children([list]).build()]).build()
    }

    fn user(&self, wanted: &[Node], user: &Node) -> Option<Node> {
        let asked = attr(user, "jid");
        let number = user.get_optional_child("contact").map(|contact| {
            String::from_utf8_lossy(content(contact)).trim_start_matches('+').to_owned()
        });
        let jid: Option<Jid> = asked.parse().ok();
        let phone = jid.as_ref().and_then(|jid| self.phone_at(jid));
        let customer = match (&number, &jid) {
            (Some(number), _) => self.customer_called(number),
            (None, Some(jid)) => self.customer_at(jid),
            (None, None) => None,
        };
        let answer = NodeBuilder::new("user");
        let answer = match (customer, phone, &number) {
            (Some(n), _, Some(_)) => answer.attr("jid", self.customers[n].number_jid()),
            (Some(_), _, None) | (None, Some(_), _) => answer.attr("jid", asked),
            (None, None, Some(number)) => {
                answer.attr("jid", super::state::jid(&format!("{number}@s.whatsapp.net")))
            }
            // About people who do not exist nothing is said.
            (None, None, None) => return None,
        };
        let answer = match customer {
            Some(n) if jid.as_ref().is_some_and(Jid::is_lid) => {
                answer.attr("pn_jid", self.customers[n].number_jid())
            }
            _ => answer,
        };
        let exists = customer.is_some() || phone.is_some();
        let said = wanted.iter().filter_map(|protocol| match &*protocol.tag {
            "contact" => {
                let kind = if exists { "in" } else { "out" };
                Some(NodeBuilder::new("contact").attr("type", kind).build())
            }
            "devices" if exists => Some(primary_device()),
            "lid" => {
                let lid = self.customers[customer?].lid_jid();
                Some(NodeBuilder::new("lid").attr("val", lid).build())
            }
            _ => None,
        });
        Some(answer.children(said.collect::<Vec<_>>()).build())
    }
}

fn unknown(address: &str) -> Node {
    let error = NodeBuilder::new("error").attr("code", "406").attr("text", "not-acceptable");
    NodeBuilder::new("user").attr("jid", address).children([error.build()]).build()
}

/// Everybody here has nothing but a phone. The account's companions keep no copies for each other.
fn primary_device() -> Node {
    let device = NodeBuilder::new("device").attr("id", "0").build();
    let list = NodeBuilder::new("device-list").children([device]).build();
    NodeBuilder::new("devices").children([list]).build()
}

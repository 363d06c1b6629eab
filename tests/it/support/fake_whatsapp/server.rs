//! Connections: who calls, and what becomes of it.

use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};
use whatsapp_rust::{NodeBuilder, anyhow, wacore_binary::Node};

use super::{
    Failure, FakeWhatsapp,
    link::{Link, SecureLink},
    nodes::now,
    state::{Connection, ConnectionId, Out, State},
};

pub(super) async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

pub(super) async fn serve(fake: FakeWhatsapp, listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(receive(fake.clone(), stream));
    }
}

/// A hub that is killed in the middle of a handshake is no failure of a test.
async fn receive(fake: FakeWhatsapp, stream: TcpStream) {
    let Ok(link) = Link::accept(stream).await else { return };
    if fake.lock().is_deaf {
        return link.ignore().await;
    }
    let Ok(link) = link.shake_hands(&fake.0.identity).await else { return };
    let (outbox, out) = unbounded_channel();
    let id = {
        let mut state = fake.lock();
        let id = state.next_number();
        let connection = Connection {
            outbox,
            noise_key: link.noise_key,
            device: None,
            references: Vec::new(),
            link_code: None,
            linking: None,
        };
        state.connections.insert(id, connection);
        // Only those who were linked have a name.
        if link.payload.username.is_some() {
            state.log_in(id);
        } else {
            state.offer_pairing(id);
        }
        id
    };
    if let Err(error) = exchange(&fake, id, link, out).await {
        fake.lock().violation(format!("a connection broke: {error:#}"));
    }
    fake.lock().disconnected(id);
}

async fn exchange(
    fake: &FakeWhatsapp,
    id: ConnectionId,
    mut link: SecureLink,
    mut out: UnboundedReceiver<Out>,
) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            biased;
            out = out.recv() => match out {
                // It may be gone already, which reading will show.
                Some(Out::Node(node)) => drop(link.send(&node).await),
                Some(Out::Close) => {
                    link.close().await;
                    return Ok(());
                }
                Some(Out::Cut) | None => return Ok(()),
            },
            read = link.next() => {
                let Some(node) = read else { return Ok(()) };
                let node = node?;
                let mut state = fake.lock();
                if !state.is_deaf {
                    state.on_node(id, &node);
                }
            }
        }
    }
}

impl State {
    fn log_in(&mut self, connection: ConnectionId) {
        if let Some(failure) = self.failure {
            return self.fail_login(connection, failure);
        }
        let Some(caller) = self.connections.get(&connection) else { return };
        let key = caller.noise_key;
        let known = self.devices.iter().position(|it| it.noise_key == key && !it.is_unlinked);
        let Some(device) = known else {
            return self.fail_login(connection, Failure { reason: 401, ban: None });
        };
        if let Some(before) = self.devices[device].connection {
            self.write(before, replaced());
            self.put(before, Out::Close);
        }
        if let Some(connection) = self.connections.get_mut(&connection) {
            connection.device = Some(device);
        }
        let lid = self.device_lid(device);
        let known = &mut self.devices[device];
        known.connection = Some(connection);
        known.is_live = false;
        known.logins += 1;
        let success = NodeBuilder::new("success")
            .attr("t", now())
            .attr("lid", lid)
            .attr("location", "gru")
            .build();
        self.write(connection, success);
    }

    fn fail_login(&self, connection: ConnectionId, failure: Failure) {
        let Failure { reason, ban } = failure;
        let mut node =
            NodeBuilder::new("failure").attr("reason", reason.to_string()).attr("location", "gru");
        if let Some((code, seconds)) = ban {
            node = node.attr("code", code.to_string()).attr("expire", seconds.to_string());
        }
        self.write(connection, node.build());
        self.put(connection, Out::Close);
    }
}

/// The same keys are used elsewhere.
pub(super) fn replaced() -> Node {
    let conflict = NodeBuilder::new("conflict").attr("type", "replaced").build();
    NodeBuilder::new("stream:error").attr("code", "440").children([conflict]).build()
}

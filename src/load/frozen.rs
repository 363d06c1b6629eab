//! Sockets that never read: a sleeping laptop, a frozen page. The hub has to cut them off without anybody
//! else noticing.

use std::{io, sync::Arc};

use tokio::{net::TcpStream, time::timeout};
use tokio_websockets::WebSocketStream;

use super::{
    http::{CONNECT_TIMEOUT, CallError, socket},
    ledger::AgentIndex,
    run::Run,
    socket::{SocketError, shake_hands},
    sources::Source,
};

/// Small, so that what is not read piles up at the hub soon.
const RECEIVE_BUFFER_BYTES: u32 = 4096;
/// What may lie unread in a buffer of that size, and as much again of the kernel's own.
const UNREAD_BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Frozen(WebSocketStream<TcpStream>);

impl Frozen {
    /// A further socket of `agent`.
    pub(super) async fn open(
        run: &Arc<Run>,
        agent: AgentIndex,
        index: u64,
    ) -> Result<Self, SocketError> {
        let source = Source::nth(&run.target, index);
        let connecting = async {
            let socket = socket(&source)?;
            socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
            socket.connect(source.target()).await
        };
        let stream = timeout(CONNECT_TIMEOUT, connecting).await;
        let stream = stream.map_err(|_| CallError::ConnectTimeout)?;
        let stream = stream.map_err(CallError::Connect)?;
        let bearer = run.agent(agent).map(|agent| agent.bearer.clone());
        shake_hands(stream, &source, bearer, "").await.map(Self)
    }

    /// Whether the hub has closed it. Takes out what lies unread.
    pub(super) fn is_cut_off(&self) -> bool {
        let (stream, mut buffer) = (self.0.get_ref(), [0; 4096]);
        let mut read_bytes = 0;
        while read_bytes < UNREAD_BYTES_MAX {
            match stream.try_read(&mut buffer) {
                Ok(0) => return true,
                Ok(read) => read_bytes += read,
                Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
            }
        }
        false
    }
}

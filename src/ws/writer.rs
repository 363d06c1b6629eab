//! The way out of a connection: everything that waits in an outbox, in as few writes as possible.

use std::sync::Arc;

use dx_actors::presence::outbox::{CloseReason, OutFrame, Outbox, Taken};
use tokio::net::TcpStream;

use super::{
    close::Farewell,
    frames,
    transport::{self, End},
};

/// Bytes encoded and written at once; above this more coalescing saves nothing measurable, and what
/// a slow peer makes us hold stays small.
const CHUNK_BYTES: usize = 32 * 1024;

/// Encodes and writes what its outbox holds.
#[derive(Debug)]
pub struct Writer {
    pub outbox: Arc<Outbox>,
    pub epoch: Arc<str>,
}

impl Writer {
    /// Writes all that is queued and says whether the hub wants to close. Not cancel-safe: half a
    /// frame may be out.
    pub async fn flush(&self, tcp: &TcpStream) -> Result<Option<CloseReason>, End> {
        let Taken { frames, close } = self.outbox.take();
        let mut frames = frames.into_iter();
        let mut chunk = Vec::new();
        while self.fill(&mut chunk, &mut frames) {
            transport::write(tcp, &chunk).await?;
        }
        Ok(close)
    }

    /// Ends the connection as politely as its state allows, and says how it ended in truth.
    pub async fn finish(&self, tcp: &TcpStream, end: End) -> End {
        let end = match end {
            End::Closed(farewell) => match self.say_goodbye(tcp, farewell).await {
                Ok(()) => end,
                Err(worse) => worse,
            },
            End::Stalled | End::Lost => end,
        };
        if end == End::Stalled {
            transport::discard_unsent(tcp);
        }
        end
    }

    async fn say_goodbye(&self, tcp: &TcpStream, farewell: Farewell) -> Result<(), End> {
        self.flush(tcp).await?;
        transport::part(tcp, farewell).await
    }

    /// Encodes the next frames into one chunk; `false` when there are none left.
    fn fill(&self, chunk: &mut Vec<u8>, frames: &mut impl Iterator<Item = OutFrame>) -> bool {
        chunk.clear();
        while chunk.len() < CHUNK_BYTES {
            let Some(frame) = frames.next() else { break };
            frames::append(chunk, &frame, &self.epoch);
        }
        !chunk.is_empty()
    }
}

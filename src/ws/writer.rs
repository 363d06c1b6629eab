//! The way out of a connection: everything that waits in an outbox, in as few writes as possible.

use std::sync::Arc;

use dx_actors::{
    metrics::Events,
    presence::outbox::{CloseReason, OutFrame, Outbox, Taken},
};
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
    /// What is counted of all sockets' events.
    pub events: Arc<Events>,
    /// Number of the event that was written last; 0 before the first one.
    pub written_up_to: u64,
}

impl Writer {
    /// Writes all that is queued and says whether the hub wants to close. Not cancel-safe: half a
    /// frame may be out.
    pub async fn flush(&mut self, tcp: &TcpStream) -> Result<Option<CloseReason>, End> {
        let Taken { frames, close, timed } = self.outbox.take();
        let count = self.follow(&frames);
        let mut frames = frames.into_iter();
        let mut chunk = Vec::new();
        while self.fill(&mut chunk, &mut frames) {
            transport::write(tcp, &chunk).await?;
        }
        if count > 0 {
            self.events.deliver(count);
        }
        if let Some(published_at) = timed {
            self.events.written(published_at);
        }
        Ok(close)
    }

    /// Makes sure that no event is missing, and counts them.
    fn follow(&mut self, frames: &[OutFrame]) -> u64 {
        let mut count = 0;
        for frame in frames {
            let OutFrame::Event { seq, .. } = frame else { continue };
            if self.written_up_to != 0 && *seq != self.written_up_to + 1 {
                tracing::error!(seq, after = self.written_up_to, "an event is missing");
                self.events.miss();
            }
            self.written_up_to = *seq;
            count += 1;
        }
        count
    }

    /// Ends the connection as politely as its state allows, and says how it ended in truth.
    pub async fn finish(&mut self, tcp: &TcpStream, end: End) -> End {
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

    async fn say_goodbye(&mut self, tcp: &TcpStream, farewell: Farewell) -> Result<(), End> {
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

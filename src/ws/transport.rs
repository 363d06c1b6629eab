//! What a connection does with its TCP socket: options, bounded writes and an orderly end.
//!
//! Knows bytes and deadlines, nothing of messages. Buffers for reading live on the stack of functions
//! that do not wait, so that an idle connection holds none.

use std::{io, net::Shutdown, time::Duration};

use socket2::SockRef;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};

use super::{close::Farewell, frames};

/// Time in which a peer has to take one chunk: 3 KiB/s, less than any network of today.
pub const WRITE_TIME_MAX: Duration = Duration::from_secs(10);
/// Time in which a peer has to answer our close, before which closing would destroy it by a reset.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(2);
/// What the kernel holds for a peer that does not read; without it Linux grows this to 4 MB.
const SEND_BUFFER_BYTES: usize = 64 * 1024;
/// Time that sent bytes may stay unacknowledged: as long as a silent peer is kept.
const UNACKED_TIME_MAX: Duration = Duration::from_secs(90);
/// Bytes read at once: commands are short, and the buffer is zeroed for each read.
const READ_BYTES: usize = 4 * 1024;

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With a close frame: ours, or the answer to the peer's.
    Closed(Farewell),
    /// The peer did not take what was written in [`WRITE_TIME_MAX`].
    Stalled,
    /// The network broke, or the peer left without a close frame.
    Lost,
}

impl From<Farewell> for End {
    fn from(farewell: Farewell) -> Self {
        Self::Closed(farewell)
    }
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Lost
    }
}

/// Prepares a socket for small frames and for peers that do not read.
pub fn tune(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let socket = SockRef::from(tcp);
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKED_TIME_MAX))?;
    Ok(())
}

/// Hands over what can be read now. Not async, so that the buffer is no part of any future.
pub fn read(
    tcp: &TcpStream,
    on_bytes: impl FnOnce(&mut [u8]) -> Result<(), Farewell>,
) -> Result<(), End> {
    let mut buffer = [0; READ_BYTES];
    match tcp.try_read(&mut buffer) {
        Ok(0) => Err(End::Lost),
        Ok(count) => Ok(on_bytes(&mut buffer[..count])?),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Writes a whole chunk. After an error half a frame may be out, so nothing more can be said.
pub async fn write(tcp: &TcpStream, mut chunk: &[u8]) -> Result<(), End> {
    let deadline = Instant::now() + WRITE_TIME_MAX;
    while !chunk.is_empty() {
        match tcp.try_write(chunk) {
            Ok(count) => chunk = &chunk[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                timeout_at(deadline, tcp.writable()).await.map_err(|_| End::Stalled)??;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Says goodbye and waits until the peer has heard it.
pub async fn part(tcp: &TcpStream, farewell: Farewell) -> Result<(), End> {
    let mut frame = Vec::new();
    frames::append_close(&mut frame, farewell);
    write(tcp, &frame).await?;
    SockRef::from(tcp).shutdown(Shutdown::Write)?;
    // Closing a socket with unread bytes sends a reset, and that overtakes the close frame.
    let drained = async { while tcp.readable().await.is_ok() && read(tcp, |_| Ok(())).is_ok() {} };
    let _ = timeout(DRAIN_TIME_MAX, drained).await;
    Ok(())
}

/// Makes closing throw away what the kernel still holds for a peer that does not read.
pub fn discard_unsent(tcp: &TcpStream) {
    // If it fails, `UNACKED_TIME_MAX` frees the same memory later.
    let _ = SockRef::from(tcp).set_linger(Some(Duration::ZERO));
}

#[cfg(test)]
mod tests {
    use super::{super::testing::Peer, *};

    #[tokio::test]
    async fn a_tuned_socket_sends_at_once_and_holds_little() {
        let (_peer, tcp) = Peer::pair().await;
        tune(&tcp).unwrap();
        assert!(tcp.nodelay().unwrap());
        // Linux doubles the size for its own bookkeeping (socket(7)).
        assert!(SockRef::from(&tcp).send_buffer_size().unwrap() <= 2 * SEND_BUFFER_BYTES);
    }
}

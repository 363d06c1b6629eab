//! A connection: WebSocket, frames, and the Noise handshake as the server's side of it.

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, accept_async, tungstenite::Message};
use wacore_libsignal::protocol::KeyPair;
use wacore_noise::{NoiseCipher, NoiseHandshake, framing, test_util::build_cert_chain_bytes};
use whatsapp_rust::{
    anyhow::{self, Context as _, ensure},
    buffa::{Message as _, MessageField},
    wacore_binary::{
        Node,
        consts::{NOISE_PATTERN_IK, NOISE_PATTERN_XX, WA_CONN_HEADER},
        marshal::{marshal, unmarshal_ref},
        util::unpack,
    },
    waproto::whatsapp::{self as wa, handshake_message::ServerHello},
};

use super::signal::randomness;

/// A key as the handshake carries it.
pub(super) type NoiseKey = [u8; 32];

/// Frames over a WebSocket.
pub(super) struct Link {
    socket: WebSocketStream<TcpStream>,
    frames: framing::FrameDecoder,
    /// How much of the prologue is still to come.
    prologue: &'static [u8],
}

/// A link after the handshake, and who is at the other end.
pub(super) struct SecureLink {
    link: Link,
    incoming: (NoiseCipher, u32),
    outgoing: (NoiseCipher, u32),
    /// By which a companion is known.
    pub(super) noise_key: NoiseKey,
    pub(super) payload: wa::ClientPayload,
}

impl Link {
    pub(super) async fn accept(stream: TcpStream) -> anyhow::Result<Self> {
        let socket = accept_async(stream).await?;
        let frames = framing::FrameDecoder::new();
        Ok(Self { socket, frames, prologue: &WA_CONN_HEADER })
    }

    /// `None` when the other side is gone. What was read is kept when this is not awaited to its end.
    async fn next_frame(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(frame) = self.frames.decode_frame() {
                return Some(frame.to_vec());
            }
            match self.socket.next().await?.ok()? {
                Message::Binary(bytes) => {
                    let skipped = bytes.len().min(self.prologue.len());
                    if bytes[..skipped] != self.prologue[..skipped] {
                        return None;
                    }
                    self.prologue = &self.prologue[skipped..];
                    self.frames.feed(&bytes[skipped..]);
                }
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    async fn send_frame(&mut self, payload: &[u8]) -> anyhow::Result<()> {
        let frame = framing::encode_frame(payload, None)?;
        Ok(self.socket.send(Message::binary(frame)).await?)
    }

    /// Reads until the other side is gone and answers nothing.
    pub(super) async fn ignore(mut self) {
        while self.next_frame().await.is_some() {}
    }

    /// Both patterns: XX with a stranger, IK with one who knows the server's key.
    pub(super) async fn shake_hands(mut self, identity: &KeyPair) -> anyhow::Result<SecureLink> {
        let hello = self.handshake_message().await?.client_hello.into_option().context("hello")?;
        let theirs = key(hello.ephemeral.as_deref())?;
        let ours = KeyPair::generate(&mut randomness());
        let (own, own_public) = (identity.private_key.serialize(), public(identity));
        let chain = build_cert_chain_bytes(&own_public);
        let pattern = if hello.r#static.is_some() { NOISE_PATTERN_IK } else { NOISE_PATTERN_XX };
        let mut noise = NoiseHandshake::new(pattern, &WA_CONN_HEADER)?;
        let mut answer =
            ServerHello { ephemeral: Some(public(&ours).to_vec()), ..ServerHello::default() };
        let noise_key;
        let payload;
        if let Some(sealed) = hello.r#static {
            noise.authenticate(&own_public);
            noise.authenticate(&theirs);
            noise.mix_shared_secret(own, &theirs)?;
            noise_key = key(Some(&noise.decrypt(&sealed)?))?;
            noise.mix_shared_secret(own, &noise_key)?;
            payload = noise.decrypt(&hello.payload.context("a payload")?)?;
            noise.authenticate(&public(&ours));
            noise.mix_shared_secret(ours.private_key.serialize(), &theirs)?;
            noise.mix_shared_secret(ours.private_key.serialize(), &noise_key)?;
            answer.payload = Some(noise.encrypt(&chain)?);
            self.answer_hello(answer).await?;
        } else {
            noise.authenticate(&theirs);
            noise.authenticate(&public(&ours));
            noise.mix_shared_secret(ours.private_key.serialize(), &theirs)?;
            answer.r#static = Some(noise.encrypt(&own_public)?);
            noise.mix_shared_secret(own, &theirs)?;
            answer.payload = Some(noise.encrypt(&chain)?);
            self.answer_hello(answer).await?;
            let message = self.handshake_message().await?;
            let finish = message.client_finish.into_option().context("finish")?;
            noise_key = key(Some(&noise.decrypt(&finish.r#static.context("a key")?)?))?;
            noise.mix_shared_secret(ours.private_key.serialize(), &noise_key)?;
            payload = noise.decrypt(&finish.payload.context("a payload")?)?;
        }
        // The one who called writes with the first key.
        let (incoming, outgoing) = noise.finish()?;
        let payload = wa::ClientPayload::decode_from_slice(&payload)?;
        let (incoming, outgoing) = ((incoming, 0), (outgoing, 0));
        Ok(SecureLink { link: self, incoming, outgoing, noise_key, payload })
    }

    async fn handshake_message(&mut self) -> anyhow::Result<wa::HandshakeMessage> {
        let frame = self.next_frame().await.context("the connection ended in the handshake")?;
        Ok(wa::HandshakeMessage::decode_from_slice(&frame)?)
    }

    async fn answer_hello(&mut self, hello: ServerHello) -> anyhow::Result<()> {
        let message = wa::HandshakeMessage {
            server_hello: MessageField::some(hello),
            ..wa::HandshakeMessage::default()
        };
        self.send_frame(&message.encode_to_vec()).await
    }
}

impl SecureLink {
    /// `None` when the other side is gone. What was read is kept when this is not awaited to its end.
    pub(super) async fn next(&mut self) -> Option<anyhow::Result<Node>> {
        let mut frame = self.link.next_frame().await?;
        let (cipher, counter) = &mut self.incoming;
        let decrypted = cipher.decrypt_in_place_with_counter(*counter, &mut frame);
        *counter += 1;
        Some(decrypted.map_err(Into::into).and_then(|()| {
            let unpacked = unpack(&frame)?;
            Ok(unmarshal_ref(&unpacked)?.to_owned())
        }))
    }

    pub(super) async fn send(&mut self, node: &Node) -> anyhow::Result<()> {
        let (cipher, counter) = &mut self.outgoing;
        let sealed = cipher.encrypt_with_counter(*counter, &marshal(node)?)?;
        *counter += 1;
        self.link.send_frame(&sealed).await
    }

    /// Says good-bye on the level of the WebSocket.
    pub(super) async fn close(mut self) {
        // It may be gone already, which is what is wanted.
        let _ = self.link.socket.close(None).await;
    }
}

fn public(pair: &KeyPair) -> NoiseKey {
    key(Some(pair.public_key.public_key_bytes())).expect("keys have 32 bytes")
}

fn key(bytes: Option<&[u8]>) -> anyhow::Result<NoiseKey> {
    let bytes = bytes.context("a key is missing")?;
    ensure!(bytes.len() == 32, "a key has {} bytes", bytes.len());
    Ok(bytes.try_into()?)
}

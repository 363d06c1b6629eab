//! Files that the hosts no longer have: the owner's phone, which has them still, puts them there again
//! when its companion asks.

use wacore_libsignal::crypto::{aes_256_gcm_decrypt, aes_256_gcm_encrypt};
use whatsapp_rust::{
    NodeBuilder,
    anyhow::{self, Context as _, ensure},
    buffa::Message as _,
    wacore::crypto::hkdf_sha256_into,
    wacore_binary::Node,
    waproto::whatsapp::{self as wa, media_retry_notification::ResultType},
};

use super::{
    nodes::{SERVER, attr, bytes_node, content_of},
    state::State,
};

const KEY_INFO: &[u8] = b"WhatsApp Media Retry Notification";
/// Of one answer per key.
const NONCE: [u8; 12] = [3; 12];
/// What the phone says when it has the file no more.
const NOT_FOUND: &str = "2";

/// A file as the owner's phone remembers it.
#[derive(Debug, Clone)]
pub(super) struct PhoneFile {
    pub(super) direct_path: String,
    pub(super) media_key: Vec<u8>,
}

impl State {
    pub(super) fn upload_again(&mut self, device: usize, id: &str, receipt: &Node) {
        let answer = match self.reuploaded(id, receipt) {
            Ok(Some(answer)) => answer,
            Ok(None) => NodeBuilder::new("error").attr("code", NOT_FOUND).build(),
            Err(error) => return self.violation(format!("a file asked for again: {error:#}")),
        };
        let notification = NodeBuilder::new("notification")
            .attr("from", SERVER)
            .attr("type", "mediaretry")
            .attr("id", id)
            .children([answer]);
        self.enqueue(device, &format!("{id}/file"), notification.build(), None);
    }

    /// Nothing when the phone has the file no more.
    fn reuploaded(&self, id: &str, receipt: &Node) -> anyhow::Result<Option<Node>> {
        let file = self.files.get(id).context("nobody has sent it")?;
        let mut key = [0; 32];
        hkdf_sha256_into(&file.media_key, None, KEY_INFO, &mut key)?;
        let sealed = receipt.get_optional_child("encrypt").context("nothing encrypted")?;
        let nonce = content_of(sealed, "enc_iv").try_into()?;
        let mut opened = Vec::new();
        let claimed = content_of(sealed, "enc_p");
        aes_256_gcm_decrypt(&key, nonce, id.as_bytes(), claimed, &mut opened)?;
        let asked = wa::ServerErrorReceipt::decode_from_slice(&opened)?;
        ensure!(asked.stanza_id.as_deref() == Some(id), "for another message");
        let chat = receipt.get_optional_child("rmr").context("no chat")?;
        ensure!(attr(chat, "from_me") == "false", "for a file of our own");
        if self.has_phone_forgotten {
            return Ok(None);
        }
        let direct_path = self.media.put_again(&file.direct_path).context("no such file")?;
        let answer = wa::MediaRetryNotification {
            stanza_id: Some(id.to_owned()),
            direct_path: Some(direct_path),
            result: Some(ResultType::SUCCESS),
            ..wa::MediaRetryNotification::default()
        };
        let mut bytes = Vec::new();
        aes_256_gcm_encrypt(&key, &NONCE, id.as_bytes(), &answer.encode_to_vec(), &mut bytes)?;
        let sealed = NodeBuilder::new("encrypt")
            .children([bytes_node("enc_p", bytes), bytes_node("enc_iv", NONCE)]);
        Ok(Some(sealed.build()))
    }
}

//! Links to files that work without a login for a while. The signature covers the document, the file,
//! who made the link, and the end, so that no part of one link makes another.

use std::fmt;

use dx_actors::domain::{AgentId, DocumentId, Timestamp, file::FileKey};
use ring::hmac::{HMAC_SHA256, Key, sign, verify};

use crate::secrets::{decode_hex, encode_hex};

/// Digits of the file's key in a link: enough that a replaced file has another link.
const VERSION_CHARS: usize = 16;

/// Signs links and checks them.
pub struct Links(Key);

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Links(..)")
    }
}

/// The parts of a link besides the document's id.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// Who made it. Whether he may still give the file away is for who serves it to decide.
    pub maker: AgentId,
    pub version: &'a str,
    /// Seconds since 1970.
    pub expires_at: i64,
    /// 64 hexadecimal digits.
    pub signature: &'a str,
}

impl Links {
    pub fn new(key: &[u8]) -> Self {
        Self(Key::new(HMAC_SHA256, key))
    }

    /// Which file of a document a link is for.
    pub fn version(key: &FileKey) -> &str {
        &key.as_str()[..VERSION_CHARS]
    }

    pub fn sign(&self, id: DocumentId, maker: AgentId, version: &str, expires_at: i64) -> String {
        encode_hex(sign(&self.0, &message(id, maker, version, expires_at)).as_ref())
    }

    /// The link is ours. Takes the same time whether it is nearly right or entirely wrong.
    pub fn is_signed(&self, id: DocumentId, link: Presented<'_>) -> bool {
        let bytes = message(id, link.maker, link.version, link.expires_at);
        decode_hex(link.signature).is_some_and(|tag| verify(&self.0, &bytes, &tag).is_ok())
    }
}

impl Presented<'_> {
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now.micros().div_euclid(1_000_000)
    }
}

/// The lengths of the parts cannot be confused: each number ends at its dot, the version has no dot in
/// anything that was ever signed.
fn message(id: DocumentId, maker: AgentId, version: &str, expires_at: i64) -> Vec<u8> {
    format!("document.{id}.{maker}.{expires_at}.{version}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_for_one_document_one_file_and_one_end_and_names_its_maker() {
        let links = Links::new(b"a key of the tests");
        let maker = AgentId(3);
        let signature = links.sign(DocumentId(7), maker, "abc", 1000);
        let good = Presented { maker, version: "abc", expires_at: 1000, signature: &signature };
        assert!(links.is_signed(DocumentId(7), good));
        assert!(!links.is_signed(DocumentId(8), good));
        assert!(!links.is_signed(DocumentId(7), Presented { version: "abd", ..good }));
        assert!(!links.is_signed(DocumentId(7), Presented { expires_at: 1001, ..good }));
        assert!(!links.is_signed(DocumentId(7), Presented { maker: AgentId(4), ..good }));
        for signature in ["", "zz", &"0".repeat(64), &signature[1..]] {
            assert!(!links.is_signed(DocumentId(7), Presented { signature, ..good }));
        }
        assert!(!Links::new(b"another key").is_signed(DocumentId(7), good));
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        assert!(!good.is_expired(at(999)) && good.is_expired(at(1000)));
    }
}

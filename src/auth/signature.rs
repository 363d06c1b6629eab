//! Proofs that a caller without a login knows a secret of ours. Both take the same time whether the
//! proof is nearly right or entirely wrong.

use ring::hmac::{HMAC_SHA256, Key, sign, verify};

use crate::secrets::decode_hex;

const PREFIX: &str = "sha256=";

/// Whether the value of `X-Hub-Signature-256` is the HMAC-SHA256 of these bytes.
pub fn is_signed(secret: &str, bytes: &[u8], header: Option<&str>) -> bool {
    let tag = header.and_then(|header| header.trim().strip_prefix(PREFIX)).and_then(decode_hex);
    let key = Key::new(HMAC_SHA256, secret.as_bytes());
    tag.is_some_and(|tag| verify(&key, bytes, &tag).is_ok())
}

/// Whether what was presented is the secret.
pub fn is_secret(expected: &str, presented: &str) -> bool {
    let tag_by = |secret: &str| sign(&Key::new(HMAC_SHA256, secret.as_bytes()), b"secret");
    let key = Key::new(HMAC_SHA256, expected.as_bytes());
    verify(&key, b"secret", tag_by(presented).as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    const KNOWN: &str = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    #[test]
    fn only_the_right_signature_of_the_same_bytes_counts() {
        let bytes = b"what do ya want for nothing?";
        assert!(is_signed("Jefe", bytes, Some(KNOWN)));
        assert!(!is_signed("Jefe", b"what do ya want for nothing? ", Some(KNOWN)));
        assert!(!is_signed("jefe", bytes, Some(KNOWN)));
        let bare = KNOWN.trim_start_matches(PREFIX);
        for wrong in [None, Some(""), Some("sha256="), Some("sha256=zz"), Some(bare)] {
            assert!(!is_signed("Jefe", bytes, wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_secret_is_only_itself() {
        assert!(is_secret("ficha", "ficha"));
        assert!(!is_secret("ficha", "fichas") && !is_secret("ficha", ""));
    }
}

//! The signature of what is sent: `t=<seconds>,v1=<hex>`, HMAC-SHA256 over `<seconds>.<body>`, as Stripe
//! does it. The instant is signed along, so that a receiver can refuse what is old; while a secret is being
//! replaced there is one `v1` for each of the two.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use dx_actors::domain::Timestamp;
use ring::{
    hmac::{HMAC_SHA256, Key, sign},
    rand::{SecureRandom, SystemRandom},
};

use crate::secrets::{SealError, encode_hex};

/// Says what it is to whoever finds one (Standard Webhooks).
const SECRET_PREFIX: &str = "whsec_";
/// As many as the hash has (RFC 2104 §3).
const SECRET_BYTES: usize = 32;

/// A new secret, as it is shown once.
pub fn new_secret() -> Result<String, SealError> {
    let mut bytes = [0; SECRET_BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| SealError::NoRandom)?;
    Ok(format!("{SECRET_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// The value of `X-DX-Signature`.
pub(super) fn header(secrets: &[String], at: Timestamp, body: &[u8]) -> String {
    let seconds = at.millis().div_euclid(1000).to_string();
    let signed = [seconds.as_bytes(), b".", body].concat();
    let mut header = format!("t={seconds}");
    for secret in secrets {
        // Writing into a text does not fail.
        let _ = write!(header, ",v1={}", hmac_hex(secret, &signed));
    }
    header
}

fn hmac_hex(secret: &str, bytes: &[u8]) -> String {
    encode_hex(sign(&Key::new(HMAC_SHA256, secret.as_bytes()), bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn it_is_the_published_hmac() {
        let tag = hmac_hex("Jefe", b"what do ya want for nothing?");
        assert_eq!(tag, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn instant_and_body_are_signed_with_each_secret() {
        let secrets = ["Jefe".to_owned(), "old".to_owned()];
        let at = Timestamp::from_micros(1_767_323_045_999_999);
        let signed = b"1767323045.{}";
        let expected =
            format!("t=1767323045,v1={},v1={}", hmac_hex("Jefe", signed), hmac_hex("old", signed));
        assert_eq!(header(&secrets, at, b"{}"), expected);
    }

    #[test]
    fn secrets_are_long_and_never_the_same() {
        let (one, other) = (new_secret().unwrap(), new_secret().unwrap());
        assert_ne!(one, other);
        assert!(one.starts_with("whsec_") && one.len() == 6 + 43, "{one}");
    }
}

//! Seals secrets that have to be stored: AES-256-GCM with a key of its own and a random nonce.
//!
//! The text form is `v1:` and base64 of nonce, ciphertext and tag. Where a secret belongs is part of what
//! is authenticated: one that is copied to another place does not open there.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};

use super::{MasterKey, Purpose, aead};

/// Says which algorithm and layout a sealed text has.
const VERSION: &str = "v1:";

/// Where a secret belongs: the section of the settings and the key in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub section: &'static str,
    pub key: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Damaged, moved, or sealed with another secret key.
    #[error("a sealed secret does not open")]
    DoesNotOpen,
    #[error("the system has no random numbers")]
    NoRandom,
}

/// Holds the key; never prints it.
pub struct Sealer {
    key: LessSafeKey,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(..)")
    }
}

impl Sealer {
    /// # Panics
    /// Never: the derived key has the length of the algorithm.
    pub fn new(master: &MasterKey) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, &master.derive(Purpose::Sealing));
        let key = key.expect("a derived key has 256 bits");
        Self { key: LessSafeKey::new(key) }
    }

    /// The text to store; empty stays empty.
    pub fn seal(&self, place: Place, secret: &str) -> Result<String, SealError> {
        if secret.is_empty() {
            return Ok(String::new());
        }
        let sealed = aead::seal(&self.key, &place.associated(), &[], secret.as_bytes())?;
        Ok(format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// The secret behind a stored text; empty stays empty.
    pub fn open(&self, place: Place, sealed: &str) -> Result<String, SealError> {
        if sealed.is_empty() {
            return Ok(String::new());
        }
        let encoded = sealed.strip_prefix(VERSION).ok_or(SealError::DoesNotOpen)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| SealError::DoesNotOpen)?;
        let opened = aead::open(&self.key, &place.associated(), &bytes)?;
        String::from_utf8(opened).map_err(|_| SealError::DoesNotOpen)
    }
}

impl Place {
    fn associated(self) -> Vec<u8> {
        format!("settings/{}/{}", self.section, self.key).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: Place = Place { section: "email", key: "smtp_password" };
    const PROXY: Place = Place { section: "whatsapp", key: "proxy_url" };

    fn sealer(secret: &[u8]) -> Sealer {
        Sealer::new(&MasterKey::new(secret))
    }

    #[test]
    fn what_is_sealed_opens_and_never_looks_the_same_twice() {
        let one = sealer(b"one secret");
        for secret in ["senha", "eyJhbGciOiJIUzI1NiJ9.e30", "gAAAAABk", "v1:senha", "ação 🔑"] {
            let sealed = one.seal(PASSWORD, secret).unwrap();
            assert!(sealed.starts_with("v1:") && !sealed.contains(secret), "{sealed}");
            assert_ne!(sealed, one.seal(PASSWORD, secret).unwrap());
            assert_eq!(one.open(PASSWORD, &sealed).unwrap(), secret);
        }
        assert_eq!(one.seal(PASSWORD, "").unwrap(), "");
        assert_eq!(one.open(PASSWORD, "").unwrap(), "");
    }

    #[test]
    fn nothing_opens_elsewhere_or_with_another_key_or_damaged() {
        let one = sealer(b"one secret");
        let sealed = one.seal(PASSWORD, "senha").unwrap();
        assert_eq!(one.open(PROXY, &sealed), Err(SealError::DoesNotOpen));
        assert_eq!(sealer(b"another").open(PASSWORD, &sealed), Err(SealError::DoesNotOpen));
        let mut damaged = sealed.clone();
        let last = if damaged.pop() == Some('A') { 'Q' } else { 'A' };
        damaged.push(last);
        for text in [damaged.as_str(), "senha", "v1:", "v1:####", "v1:AAAA", &sealed[..20]] {
            assert_eq!(one.open(PASSWORD, text), Err(SealError::DoesNotOpen), "{text}");
        }
    }
}

//! Seals records that are stored in large numbers: AES-256-GCM, a key and a nonce of its own for each.
//!
//! The layout is a version, the nonce, the ciphertext and the tag. Each record's key is derived from
//! where it belongs (number, kind, key), so that random nonces do not run out however often ratchets are
//! written, and one that is copied to another place does not open there.

use std::fmt;

use ring::{
    aead::{AES_256_GCM, LessSafeKey, UnboundKey},
    hkdf::{HKDF_SHA256, Prk},
};

use super::{MasterKey, Purpose, SealError, aead};

/// The first byte of a sealed record.
const VERSION: u8 = 1;

/// Where a record belongs.
#[derive(Debug, Clone, Copy)]
pub struct RecordPlace<'a> {
    pub session_id: i64,
    pub kind: &'a str,
    pub key: &'a [u8],
}

/// Holds the key that the records' keys come from; never prints it.
pub struct RecordSealer {
    root: Prk,
}

impl fmt::Debug for RecordSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordSealer(..)")
    }
}

impl RecordSealer {
    pub fn new(master: &MasterKey) -> Self {
        let root = Prk::new_less_safe(HKDF_SHA256, &master.derive(Purpose::Records));
        Self { root }
    }

    /// The bytes to store.
    pub fn seal(&self, place: RecordPlace<'_>, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        aead::seal(&self.key(place), &place.associated(), &[VERSION], plain)
    }

    /// The bytes behind what is stored.
    pub fn open(&self, place: RecordPlace<'_>, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (&VERSION, rest) = sealed.split_first().ok_or(SealError::DoesNotOpen)? else {
            return Err(SealError::DoesNotOpen);
        };
        aead::open(&self.key(place), &place.associated(), rest)
    }

    fn key(&self, place: RecordPlace<'_>) -> LessSafeKey {
        let info: [&[u8]; 1] = [&place.associated()];
        let okm = self.root.expand(&info, &AES_256_GCM);
        let okm = okm.expect("HKDF-SHA256 yields a key of AES-256");
        LessSafeKey::new(UnboundKey::from(okm))
    }
}

impl RecordPlace<'_> {
    /// The parts with their lengths, so that no two places read alike.
    fn associated(&self) -> Vec<u8> {
        let mut bytes = b"web-record".to_vec();
        bytes.extend_from_slice(&self.session_id.to_be_bytes());
        bytes.extend_from_slice(&self.kind.len().to_be_bytes());
        bytes.extend_from_slice(self.kind.as_bytes());
        bytes.extend_from_slice(self.key);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use ring::aead::NONCE_LEN;

    use super::*;

    const PLACE: RecordPlace<'_> = RecordPlace { session_id: 1, kind: "identity", key: b"a" };

    fn sealer(secret: &[u8]) -> RecordSealer {
        RecordSealer::new(&MasterKey::new(secret))
    }

    #[test]
    fn what_is_sealed_opens_and_never_looks_the_same_twice() {
        let one = sealer(b"one secret");
        for plain in [&b""[..], b"x", &[7; 5000]] {
            let sealed = one.seal(PLACE, plain).unwrap();
            assert_eq!(sealed.len(), plain.len() + 1 + NONCE_LEN + 16);
            assert_ne!(sealed, one.seal(PLACE, plain).unwrap());
            assert_eq!(one.open(PLACE, &sealed).unwrap(), plain);
        }
    }

    #[test]
    fn nothing_opens_elsewhere_or_with_another_key_or_damaged() {
        let one = sealer(b"one secret");
        let sealed = one.seal(PLACE, b"a secret").unwrap();
        let elsewhere = [
            RecordPlace { session_id: 2, ..PLACE },
            RecordPlace { kind: "session", ..PLACE },
            RecordPlace { key: b"b", ..PLACE },
            RecordPlace { kind: "identit", key: b"ya", ..PLACE },
        ];
        for place in elsewhere {
            assert_eq!(one.open(place, &sealed), Err(SealError::DoesNotOpen), "{place:?}");
        }
        assert_eq!(sealer(b"another").open(PLACE, &sealed), Err(SealError::DoesNotOpen));
        for position in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[position] ^= 1;
            assert_eq!(one.open(PLACE, &damaged), Err(SealError::DoesNotOpen), "{position}");
            assert_eq!(one.open(PLACE, &sealed[..position]), Err(SealError::DoesNotOpen));
        }
    }
}

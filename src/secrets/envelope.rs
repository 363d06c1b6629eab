//! Seals what leaves the server for a backup, with a passphrase or with a key of this server.
//!
//! The text form is `dxb1.<how>.<base64url>`. `<how>` says where the key comes from and is authenticated
//! with the content: `servidor`, a key derived from the secret key of the server, so that servers with
//! the same one open it; or `argon2id,m=19456,t=2,p=1,s=<salt>`, a passphrase. What is encoded is a
//! nonce, the ciphertext (AES-256-GCM) and the tag.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    aead::{AES_256_GCM, LessSafeKey, UnboundKey},
    rand::{SecureRandom, SystemRandom},
};

use super::{MasterKey, Purpose, SealError, aead};

/// Product, use and layout.
const VERSION: &str = "dxb1";
const SERVER: &str = "servidor";
const KEY_BYTES: usize = 32;
/// RFC 9106 §3.1: 16 bytes for passphrases.
const SALT_BYTES: usize = 16;
/// OWASP Password Storage Cheat Sheet, Argon2id: 19 MiB, two passes, one lane.
const COST: Cost = Cost { memory_kib: 19_456, passes: 2, lanes: 1 };
/// What another version may ask of this one: who sends a file must not choose how much memory we take.
const COST_MAX: Cost = Cost { memory_kib: 65_536, passes: 10, lanes: 4 };

/// What a guess costs; the names are those of the PHC string format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Where the key of an envelope comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Server,
    Passphrase { cost: Cost, salt: [u8; SALT_BYTES] },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not an envelope of ours.
    #[error("not an envelope")]
    Foreign,
    #[error("envelope needs a passphrase")]
    NeedsPassphrase,
    /// Sealed with the server's key, but a passphrase was given.
    #[error("envelope has no passphrase")]
    HasNoPassphrase,
    /// Altered, another passphrase, or another server's.
    #[error("envelope does not open")]
    DoesNotOpen,
    #[error("the system has no random numbers")]
    NoRandom,
}

impl From<SealError> for EnvelopeError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::DoesNotOpen => Self::DoesNotOpen,
            SealError::NoRandom => Self::NoRandom,
        }
    }
}

/// Holds the server's key for envelopes; never prints it. Cheap to clone.
#[derive(Clone)]
pub struct Envelopes([u8; KEY_BYTES]);

impl fmt::Debug for Envelopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Envelopes(..)")
    }
}

impl Envelopes {
    pub fn new(master: &MasterKey) -> Self {
        Self(master.derive(Purpose::Backups))
    }

    /// Takes tens of milliseconds and 19 MiB with a passphrase.
    pub fn seal(&self, passphrase: Option<&str>, plain: &[u8]) -> Result<String, EnvelopeError> {
        let how = if passphrase.is_some() {
            let mut salt = [0; SALT_BYTES];
            SystemRandom::new().fill(&mut salt).map_err(|_| EnvelopeError::NoRandom)?;
            How::Passphrase { cost: COST, salt }
        } else {
            How::Server
        };
        let head = format!("{VERSION}.{how}");
        let sealed = aead::seal(&self.key(how, passphrase)?, head.as_bytes(), &[], plain)?;
        Ok(format!("{head}.{}", URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// What was sealed. Takes as long as sealing.
    pub fn open(&self, passphrase: Option<&str>, text: &str) -> Result<Vec<u8>, EnvelopeError> {
        let (head, encoded) = text.rsplit_once('.').ok_or(EnvelopeError::Foreign)?;
        let how = head.strip_prefix(VERSION).and_then(|rest| rest.strip_prefix('.'));
        let how = how.and_then(How::parse).ok_or(EnvelopeError::Foreign)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| EnvelopeError::DoesNotOpen)?;
        Ok(aead::open(&self.key(how, passphrase)?, head.as_bytes(), &bytes)?)
    }

    fn key(&self, how: How, passphrase: Option<&str>) -> Result<LessSafeKey, EnvelopeError> {
        let bytes = match (how, passphrase) {
            (How::Server, None) => self.0,
            (How::Server, Some(_)) => return Err(EnvelopeError::HasNoPassphrase),
            (How::Passphrase { .. }, None) => return Err(EnvelopeError::NeedsPassphrase),
            (How::Passphrase { cost, salt }, Some(passphrase)) => stretch(passphrase, cost, &salt)?,
        };
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| EnvelopeError::DoesNotOpen)?;
        Ok(LessSafeKey::new(key))
    }
}

fn stretch(passphrase: &str, cost: Cost, salt: &[u8]) -> Result<[u8; KEY_BYTES], EnvelopeError> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_BYTES));
    let params = params.map_err(|_| EnvelopeError::Foreign)?;
    let mut key = [0; KEY_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, &mut key)
        .map_err(|_| EnvelopeError::DoesNotOpen)?;
    Ok(key)
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server => f.write_str(SERVER),
            Self::Passphrase { cost: Cost { memory_kib, passes, lanes }, salt } => {
                let salt = URL_SAFE_NO_PAD.encode(salt);
                write!(f, "argon2id,m={memory_kib},t={passes},p={lanes},s={salt}")
            }
        }
    }
}

impl How {
    fn parse(text: &str) -> Option<Self> {
        if text == SERVER {
            return Some(Self::Server);
        }
        let mut parts = text.strip_prefix("argon2id,")?.split(',');
        let mut number = |name: &str, max: u32| {
            let value: u32 = parts.next()?.strip_prefix(name)?.parse().ok()?;
            (value <= max).then_some(value)
        };
        let cost = Cost {
            memory_kib: number("m=", COST_MAX.memory_kib)?,
            passes: number("t=", COST_MAX.passes)?,
            lanes: number("p=", COST_MAX.lanes)?,
        };
        let salt = URL_SAFE_NO_PAD.decode(parts.next()?.strip_prefix("s=")?).ok()?;
        let salt = salt.try_into().ok()?;
        parts.next().is_none().then_some(Self::Passphrase { cost, salt })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSPHRASE: &str = "correto cavalo bateria grampo";

    fn envelopes(secret: &[u8]) -> Envelopes {
        Envelopes::new(&MasterKey::new(secret))
    }

    #[test]
    fn an_envelope_opens_with_what_it_was_sealed_with_and_nothing_else() {
        let (here, there) = (envelopes(b"one secret"), envelopes(b"another"));
        let own = here.seal(None, b"chaves").unwrap();
        assert!(own.starts_with("dxb1.servidor."), "{own}");
        assert_eq!(here.open(None, &own).unwrap(), b"chaves");
        assert_eq!(envelopes(b"one secret").open(None, &own).unwrap(), b"chaves");
        assert_eq!(there.open(None, &own), Err(EnvelopeError::DoesNotOpen));
        assert_eq!(here.open(Some(PASSPHRASE), &own), Err(EnvelopeError::HasNoPassphrase));

        let portable = here.seal(Some(PASSPHRASE), b"chaves").unwrap();
        assert!(portable.starts_with("dxb1.argon2id,m=19456,t=2,p=1,s="), "{portable}");
        assert_eq!(there.open(Some(PASSPHRASE), &portable).unwrap(), b"chaves");
        assert_eq!(there.open(Some("outra"), &portable), Err(EnvelopeError::DoesNotOpen));
        assert_eq!(there.open(None, &portable), Err(EnvelopeError::NeedsPassphrase));
        assert_ne!(portable, here.seal(Some(PASSPHRASE), b"chaves").unwrap());
    }

    #[test]
    fn no_character_can_be_changed() {
        let here = envelopes(b"one secret");
        let sealed = here.seal(None, b"chaves").unwrap();
        for position in 0..sealed.len() {
            let mut damaged = sealed.clone().into_bytes();
            damaged[position] = if damaged[position] == b'A' { b'B' } else { b'A' };
            let damaged = String::from_utf8(damaged).unwrap();
            assert!(here.open(None, &damaged).is_err(), "{position}");
            assert!(here.open(None, &sealed[..position]).is_err(), "{position}");
        }
    }

    #[test]
    fn who_sends_a_file_does_not_choose_what_it_costs() {
        let here = envelopes(b"one secret");
        let sealed = here.seal(Some(PASSPHRASE), b"chaves").unwrap();
        let cheaper = sealed.replace("m=19456", "m=8");
        assert_eq!(here.open(Some(PASSPHRASE), &cheaper), Err(EnvelopeError::DoesNotOpen));
        for dearer in ["m=4294967295", "m=65537", "m=0", "m=-1", "m="] {
            let text = sealed.replace("m=19456", dearer);
            assert_eq!(here.open(Some(PASSPHRASE), &text), Err(EnvelopeError::Foreign), "{dearer}");
        }
        for text in ["", "encrypted_data...", "dxb1", "dxb1.servidor", "dxb2.servidor.AAAA"] {
            assert_eq!(here.open(None, text), Err(EnvelopeError::Foreign), "{text}");
        }
    }
}

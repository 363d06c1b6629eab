//! The master secret and the keys derived from it. Nothing here ever prints a key.

mod aead;
pub mod envelope;
pub mod records;
pub mod sealer;

use std::{
    fmt, fs, io,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use ring::{
    hkdf,
    rand::{SecureRandom, SystemRandom},
};

use crate::config::Config;

pub use envelope::{EnvelopeError, Envelopes};
pub use records::{RecordPlace, RecordSealer};
pub use sealer::{Place, SealError, Sealer};

const FILE_NAME: &str = "secret.key";
/// 256 bits, the strength of HMAC-SHA256.
const SECRET_BYTES: usize = 32;
/// Ties the derived keys to this product.
const SALT: &[u8] = b"dx-connect/v1";

/// What a derived key is for. Each purpose has a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Signs access and refresh tokens.
    Tokens,
    /// Seals secrets at rest.
    Sealing,
    /// Signs links to files that expire.
    Links,
    /// Seals what a network's client stores for a number.
    Records,
    /// Seals backups for servers with the same secret.
    Backups,
}

impl Purpose {
    const fn info(self) -> &'static [u8] {
        match self {
            Self::Tokens => b"jwt-hs256",
            Self::Sealing => b"sealing-aead",
            Self::Links => b"signed-links",
            Self::Records => b"web-records-aead",
            Self::Backups => b"session-backups-aead",
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("`{path}` cannot be used")]
    File { path: PathBuf, source: io::Error },
    #[error("`{0}` does not hold a secret of {SECRET_BYTES} bytes in hexadecimal")]
    Damaged(PathBuf),
    #[error("the system has no random numbers")]
    NoRandom,
}

/// The secret that all other keys come from.
pub struct MasterKey(hkdf::Prk);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

impl MasterKey {
    /// The configured secret, or the one in the data folder, which is created when absent.
    pub fn load_or_create(config: &Config) -> Result<Self, SecretError> {
        match &config.secret_key {
            Some(secret) => Ok(Self::new(secret.reveal().as_bytes())),
            None => Self::from_folder(&config.data_dir),
        }
    }

    pub fn new(secret: &[u8]) -> Self {
        Self(hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(secret))
    }

    /// The key for one purpose.
    ///
    /// # Panics
    /// Never: the length that is asked for is one that HKDF-SHA256 yields.
    pub fn derive(&self, purpose: Purpose) -> [u8; SECRET_BYTES] {
        let mut key = [0; SECRET_BYTES];
        self.0
            .expand(&[purpose.info()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut key))
            .expect("HKDF-SHA256 yields exactly 32 bytes");
        key
    }

    fn from_folder(data_dir: &Path) -> Result<Self, SecretError> {
        let path = data_dir.join(FILE_NAME);
        let in_file = |source| SecretError::File { path: path.clone(), source };
        fs::create_dir_all(data_dir).map_err(in_file)?;
        match create(&path) {
            Err(SecretError::File { source, .. })
                if source.kind() == io::ErrorKind::AlreadyExists => {}
            outcome => outcome?,
        }
        let text = fs::read_to_string(&path).map_err(in_file)?;
        decode_hex(text.trim()).map(|secret| Self::new(&secret)).ok_or(SecretError::Damaged(path))
    }
}

fn create(path: &Path) -> Result<(), SecretError> {
    let mut secret = [0; SECRET_BYTES];
    SystemRandom::new().fill(&mut secret).map_err(|_| SecretError::NoRandom)?;
    let write = || {
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(encode_hex(&secret).as_bytes())?;
        file.sync_all()
    };
    write().map_err(|source| SecretError::File { path: path.to_owned(), source })
}

/// Lower-case hexadecimal.
pub fn encode_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

/// 32 bytes written as 64 digits.
pub(crate) fn decode_hex(text: &str) -> Option<[u8; SECRET_BYTES]> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    if digits.len() != 2 * SECRET_BYTES {
        return None;
    }
    let mut bytes = [0; SECRET_BYTES];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn each_purpose_has_its_own_stable_key() {
        let master = MasterKey::new(b"one secret");
        let tokens = master.derive(Purpose::Tokens);
        assert_eq!(tokens, MasterKey::new(b"one secret").derive(Purpose::Tokens));
        assert_ne!(tokens, master.derive(Purpose::Sealing));
        assert_ne!(tokens, master.derive(Purpose::Links));
        assert_ne!(tokens, master.derive(Purpose::Records));
        assert_ne!(tokens, master.derive(Purpose::Backups));
        assert_ne!(master.derive(Purpose::Records), master.derive(Purpose::Backups));
        assert_ne!(tokens, MasterKey::new(b"another").derive(Purpose::Tokens));
    }

    #[test]
    fn a_secret_is_generated_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let first = MasterKey::from_folder(&data).unwrap();
        let second = MasterKey::from_folder(&data).unwrap();
        assert_eq!(first.derive(Purpose::Tokens), second.derive(Purpose::Tokens));
        let mode = fs::metadata(data.join(FILE_NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "abc", &"g".repeat(64), &"0".repeat(66)] {
            fs::write(folder.path().join(FILE_NAME), text).unwrap();
            let outcome = MasterKey::from_folder(folder.path());
            assert!(matches!(outcome, Err(SecretError::Damaged(_))), "{text}");
        }
    }

    #[test]
    fn hexadecimal_round_trips() {
        let bytes: [u8; SECRET_BYTES] = std::array::from_fn(|i| u8::try_from(i * 8).unwrap());
        assert_eq!(decode_hex(&encode_hex(&bytes)), Some(bytes));
    }
}

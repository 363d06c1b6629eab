//! Passwords: argon2id on the blocking threads, few at a time.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;

use crate::error::ApiError;

/// Each hash takes 19 MiB and one core for tens of milliseconds; the rest of the machine serves chats.
const HASHES_AT_ONCE_MAX: usize = 2;
/// From here on a password is accepted: NIST SP 800-63B.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Beyond this nobody types; hashing is linear in the length.
pub const PASSWORD_CHARS_MAX: usize = 128;
/// Salt of the hash that is computed for users who do not exist.
const DUMMY_SALT: &[u8; 16] = b"dx-connect-dummy";

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("password cannot be hashed")]
    Hash(#[source] argon2::password_hash::Error),
    #[error("hashing was interrupted")]
    Interrupted,
}

impl From<PasswordError> for ApiError {
    fn from(error: PasswordError) -> Self {
        Self::unavailable(error)
    }
}

/// Hashes and checks passwords.
#[derive(Debug, Clone)]
pub struct Passwords(Arc<Semaphore>);

impl Default for Passwords {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(HASHES_AT_ONCE_MAX)))
    }
}

impl Passwords {
    /// The hash to store, a PHC string with its own salt.
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        let hash = move || Argon2::default().hash_password(password.as_bytes());
        let hash: PasswordHash = self.run(hash).await?.map_err(PasswordError::Hash)?;
        Ok(hash.to_string())
    }

    /// Whether `password` belongs to `hash`; `None`, for a user who does not exist, takes as long.
    pub async fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        self.run(move || {
            if let Some(Ok(hash)) = hash.as_deref().map(PasswordHash::new) {
                return Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
            }
            let dummy: Result<PasswordHash, _> =
                Argon2::default().hash_password_with_salt(password.as_bytes(), DUMMY_SALT);
            drop(dummy);
            false
        })
        .await
    }

    /// Also for other work of that weight. The permit lives in the closure: whoever stops waiting does not free a core that is still busy.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let permit =
            Arc::clone(&self.0).acquire_owned().await.map_err(|_| PasswordError::Interrupted)?;
        let work = move || {
            let _permit = permit;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| PasswordError::Interrupted)
    }
}

/// What is wrong with a new password, for the person who chose it.
pub fn fault_of(password: &str) -> Option<String> {
    let chars = password.chars().count();
    if chars < PASSWORD_CHARS_MIN {
        return Some(format!(
            "Esta senha é muito curta. Ela deve conter pelo menos {PASSWORD_CHARS_MIN} caracteres."
        ));
    }
    (chars > PASSWORD_CHARS_MAX).then(|| {
        format!(
            "Certifique-se de que este campo não tenha mais de {PASSWORD_CHARS_MAX} caracteres."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_is_accepted() {
        let passwords = Passwords::default();
        let hash = passwords.hash("senha123".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        let cases = [
            ("senha123", Some(hash.clone()), true),
            ("senha124", Some(hash.clone()), false),
            ("", Some(hash), false),
            ("senha123", None, false),
            ("senha123", Some("not a hash".to_owned()), false),
        ];
        for (password, hash, expected) in cases {
            assert_eq!(passwords.verify(password.into(), hash).await.unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn two_hashes_of_one_password_differ() {
        let passwords = Passwords::default();
        let hash = || passwords.hash("senha123".into());
        assert_ne!(hash().await.unwrap(), hash().await.unwrap());
    }

    #[test]
    fn a_new_password_is_long_enough_in_characters() {
        assert!(fault_of("çãéíóúâ").is_some());
        assert!(fault_of("çãéíóúâê").is_none());
        assert!(fault_of(&"x".repeat(129)).is_some());
    }
}

//! Files as the rows know them: under which key, how large, of which type. The bytes are elsewhere.

use sqlx::{Database, Decode, Type, error::BoxDynError};
use uuid::Uuid;

use super::Timestamp;

/// Hexadecimal digits of 128 bits.
const KEY_CHARS: usize = 32;

/// The random name of a stored file: 32 lower-case hexadecimal digits and nothing else, so that no
/// key can ever be a path to another place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileKey(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the key of a file")]
pub struct NotFileKey;

impl FileKey {
    /// 122 random bits: nobody guesses one, and none is ever made twice.
    pub fn random() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `ab/cd/abcd…`: no folder gets more than 256 folders, and a million files are 15 to a folder.
    pub fn sharded(&self) -> String {
        format!("{}/{}/{}", &self.0[..2], &self.0[2..4], self.0)
    }
}

impl TryFrom<String> for FileKey {
    type Error = NotFileKey;

    fn try_from(text: String) -> Result<Self, NotFileKey> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == KEY_CHARS && text.bytes().all(is_digit) {
            Ok(Self(text))
        } else {
            Err(NotFileKey)
        }
    }
}

impl<DB: Database> Type<DB> for FileKey
where
    String: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        String::type_info()
    }

    fn compatible(info: &DB::TypeInfo) -> bool {
        String::compatible(info)
    }
}

/// What is no key is a corrupt row, not a path.
impl<'r, DB: Database> Decode<'r, DB> for FileKey
where
    String: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self::try_from(String::decode(value)?)?)
    }
}

/// What is known of the bytes under a key.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredFile {
    pub key: FileKey,
    pub bytes: i64,
    /// SHA-256 of the bytes, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// What the bytes turned out to be, such as `application/pdf`; never what a client said.
    pub media_type: String,
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_hexadecimal_and_nothing_else() {
        let key = FileKey::random();
        assert_eq!(FileKey::try_from(key.as_str().to_owned()), Ok(key.clone()));
        assert_ne!(key, FileKey::random());
        let wrong = [
            "",
            "../../../../../../etc/passwd0000",
            "0123456789abcdef0123456789abcde",
            "0123456789ABCDEF0123456789ABCDEF",
            "0123456789abcdef0123456789abcdé",
        ];
        for text in wrong {
            assert_eq!(FileKey::try_from(text.to_owned()), Err(NotFileKey), "{text}");
        }
        let key = FileKey::try_from("0123456789abcdef0123456789abcdef".to_owned()).unwrap();
        assert_eq!(key.sharded(), "01/23/0123456789abcdef0123456789abcdef");
    }
}

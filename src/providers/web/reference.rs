//! Where WhatsApp keeps the file of a message and what opens it, as it is stored with the message.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use whatsapp_rust::download::{DownloadParams, MediaType};

/// A file of WhatsApp's servers. The key opens it: never shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileReference {
    pub(super) kind: MediaKind,
    pub(super) direct_path: String,
    #[serde(serialize_with = "encode", deserialize_with = "decode")]
    pub(super) media_key: Vec<u8>,
    #[serde(serialize_with = "encode", deserialize_with = "decode")]
    pub(super) file_sha256: Vec<u8>,
    #[serde(serialize_with = "encode", deserialize_with = "decode")]
    pub(super) file_enc_sha256: Vec<u8>,
    pub(super) bytes: u64,
    /// The address that the message came under: who is asked to upload it again.
    pub(super) chat: String,
    /// And who of a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) participant: Option<String>,
}

/// Files of different kinds are sealed differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MediaKind {
    Image,
    Audio,
    Video,
    Document,
    Sticker,
}

impl MediaKind {
    pub(super) const fn media_type(self) -> MediaType {
        match self {
            Self::Image => MediaType::Image,
            Self::Audio => MediaType::Audio,
            Self::Video => MediaType::Video,
            Self::Document => MediaType::Document,
            Self::Sticker => MediaType::Sticker,
        }
    }
}

impl FileReference {
    pub(super) fn to_params(&self) -> DownloadParams {
        DownloadParams::encrypted(
            self.direct_path.as_str(),
            &self.media_key,
            &self.file_sha256,
            &self.file_enc_sha256,
            self.bytes,
            self.kind.media_type(),
        )
    }
}

fn encode<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn decode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(D::Error::custom)
}

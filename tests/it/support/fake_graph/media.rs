//! Files: uploaded by the business, or sent by customers. A file is fetched in two steps, and the
//! address that the first one gives needs the token and does not last.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    body::Bytes,
    extract::{Multipart, Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::{FakeGraph, Shared, error};
use crate::support::hex;

/// All files.
#[derive(Debug, Default)]
pub(super) struct Library {
    files: HashMap<String, File>,
    /// Addresses that are good for one download.
    addresses: HashMap<String, String>,
    uploads: usize,
}

#[derive(Debug, Clone)]
struct File {
    bytes: Bytes,
    mime_type: String,
}

impl Library {
    pub(super) fn has(&self, id: &str) -> bool {
        self.files.contains_key(id)
    }

    /// What is said of a file, with a fresh address.
    pub(super) fn document(&mut self, id: &str, base: &str) -> Option<Value> {
        let file = self.files.get(id)?.clone();
        let name = format!("{id}-{}", self.addresses.len());
        self.addresses.insert(name.clone(), id.to_owned());
        let sha256 = hex(digest(&SHA256, &file.bytes).as_ref());
        Some(json!({
            "messaging_product": "whatsapp", "id": id, "mime_type": file.mime_type,
            "sha256": sha256, "file_size": file.bytes.len(), "url": format!("{base}/files/{name}"),
        }))
    }
}

impl FakeGraph {
    /// A file that a customer sends; its id is for [`super::message_from`].
    pub(crate) fn add_media(&self, id: &str, mime_type: &str, bytes: &'static [u8]) {
        let file = File { bytes: Bytes::from_static(bytes), mime_type: mime_type.to_owned() };
        self.0.lock().media.files.insert(id.to_owned(), file);
    }
}

pub(super) async fn upload(
    State(shared): State<Arc<Shared>>,
    Path((version, id)): Path<(String, String)>,
    headers: HeaderMap,
    mut form: Multipart,
) -> Response {
    let refusal = shared.lock().refusal(&version, &id, &headers);
    if let Some(refusal) = refusal {
        return refusal;
    }
    let mut fields = HashMap::new();
    let mut file = None;
    while let Ok(Some(field)) = form.next_field().await {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            let mime_type = field.content_type().unwrap_or_default().to_owned();
            let Ok(bytes) = field.bytes().await else { break };
            file = Some(File { bytes, mime_type });
        } else {
            fields.insert(name, field.text().await.unwrap_or_default());
        }
    }
    let mut fake = shared.lock();
    if fields.get("messaging_product").map(String::as_str) != Some("whatsapp") {
        return fake.violation("upload: messaging_product".to_owned());
    }
    let Some(file) = file else { return fake.violation("upload: no file".to_owned()) };
    if fields.get("type") != Some(&file.mime_type) || file.bytes.is_empty() {
        return fake.violation(format!("upload: type {:?} of {file:?}", fields.get("type")));
    }
    fake.media.uploads += 1;
    let media_id = format!("4{:015}", fake.media.uploads);
    fake.media.files.insert(media_id.clone(), file);
    Json(json!({"id": media_id})).into_response()
}

pub(super) async fn download(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let mut fake = shared.lock();
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if !fake.numbers.values().any(|(_, known)| known == token) {
        return error(401, 190, "the address needs the token");
    }
    let Some(id) = fake.media.addresses.remove(&name) else {
        return error(404, 100, "the address has expired");
    };
    let file = fake.media.files[&id].clone();
    ([(header::CONTENT_TYPE, file.mime_type)], file.bytes).into_response()
}

//! The hosts of files: encrypted blobs, put there by the hub or by customers' phones.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use serde_json::json;
use tokio::net::TcpListener;
use whatsapp_rust::{
    NodeBuilder,
    wacore::{
        download::{DownloadUtils, MediaType},
        upload::{EncryptedMedia, encrypt_media},
    },
    wacore_binary::Node,
};

/// What a companion shows that it may put files there.
const AUTH: &str = "media-auth-of-the-tests";
/// How long a companion may keep the list of hosts, in seconds.
const LIST_TTL: &str = "300";
const BODY_MAX_BYTES: usize = 110 * 1024 * 1024;

/// Blobs behind an HTTP address.
#[derive(Debug, Clone)]
pub(super) struct MediaHost {
    /// `127.0.0.1:<port>`.
    address: String,
    blobs: Arc<Mutex<Blobs>>,
}

#[derive(Debug, Default)]
struct Blobs {
    by_path: HashMap<String, Bytes>,
    /// What the hosts have no more, and phones still have.
    expired: HashMap<String, Bytes>,
    /// Answers to the next requests, instead of what they ask for.
    failures: VecDeque<u16>,
    uploads: usize,
    downloads: usize,
    violations: Vec<String>,
}

/// Where a file lies, and what is needed to read it.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) url: String,
    pub(super) direct_path: String,
    pub(super) media_key: Vec<u8>,
    pub(super) file_sha256: Vec<u8>,
    pub(super) file_enc_sha256: Vec<u8>,
    pub(super) file_length: u64,
}

impl MediaHost {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener").to_string();
        let host = Self { address, blobs: Arc::default() };
        let routes = Router::new()
            .route("/mms/{kind}/{token}", post(upload))
            .route("/v/{name}", get(download))
            .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
            .with_state(host.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        host
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The list of hosts, for companions.
    pub(super) fn connection(&self) -> Node {
        let host = NodeBuilder::new("host")
            .attr("hostname", self.address.clone())
            .attr("type", "primary")
            .build();
        NodeBuilder::new("media_conn")
            .attr("auth", AUTH)
            .attr("ttl", LIST_TTL)
            .attr("auth_ttl", LIST_TTL)
            .attr("max_buckets", "12")
            .children([host])
            .build()
    }

    /// A customer's phone puts a file there.
    pub(super) fn store(&self, plaintext: &[u8], kind: MediaType) -> Stored {
        let sealed = encrypt_media(plaintext, kind).expect("any bytes can be encrypted");
        let EncryptedMedia { data_to_upload, media_key, file_sha256, file_enc_sha256, .. } = sealed;
        let direct_path = self.lock().put(data_to_upload.into());
        Stored {
            url: format!("https://{}{direct_path}", self.address),
            direct_path,
            media_key: media_key.to_vec(),
            file_sha256: file_sha256.to_vec(),
            file_enc_sha256: file_enc_sha256.to_vec(),
            file_length: plaintext.len() as u64,
        }
    }

    /// A customer's phone fetches a file of the hub.
    pub(super) fn open(&self, direct_path: &str, media_key: &[u8], kind: MediaType) -> Vec<u8> {
        let blob = self.lock().by_path.get(direct_path).cloned();
        let blob = blob.unwrap_or_else(|| panic!("nothing was uploaded to {direct_path}"));
        let opened = DownloadUtils::verify_and_decrypt(&blob, media_key, kind);
        opened.unwrap_or_else(|error| panic!("{direct_path} cannot be read: {error}"))
    }

    /// Statuses that the next requests are answered with.
    pub(super) fn fail(&self, statuses: impl IntoIterator<Item = u16>) {
        self.lock().failures.extend(statuses);
    }

    /// How many files were asked for, and how many were put there by the hub.
    pub(super) fn requests(&self) -> (usize, usize) {
        let blobs = self.lock();
        (blobs.downloads, blobs.uploads)
    }

    /// All files are gone, as they are after some weeks.
    pub(super) fn expire(&self) {
        let mut blobs = self.lock();
        let gone = std::mem::take(&mut blobs.by_path);
        blobs.expired.extend(gone);
    }

    /// The file that was there lies there again, under another path.
    pub(super) fn put_again(&self, direct_path: &str) -> Option<String> {
        let mut blobs = self.lock();
        let blob = blobs.expired.get(direct_path).or_else(|| blobs.by_path.get(direct_path))?;
        let blob = blob.clone();
        Some(blobs.put(blob))
    }

    pub(super) fn violations(&self) -> Vec<String> {
        self.lock().violations.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Blobs> {
        self.blobs.lock().expect("nobody panics in a request")
    }
}

impl Blobs {
    fn put(&mut self, blob: Bytes) -> String {
        let path = format!("/v/{:08}.enc", self.by_path.len() + self.expired.len() + 1);
        self.by_path.insert(path.clone(), blob);
        path
    }

    fn failure(&mut self) -> Option<Response> {
        let status = self.failures.pop_front()?;
        Some(StatusCode::from_u16(status).expect("a status").into_response())
    }
}

async fn upload(
    State(host): State<MediaHost>,
    Path((_, token)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Response {
    let mut blobs = host.lock();
    if let Some(failure) = blobs.failure() {
        return failure;
    }
    if query.get("auth").map(String::as_str) != Some(AUTH) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if query.contains_key("resume") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let hash = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, &body));
    if hash != token {
        blobs.violations.push(format!("a file whose hash is {hash} and not {token}"));
        return StatusCode::BAD_REQUEST.into_response();
    }
    blobs.uploads += 1;
    let direct_path = blobs.put(body);
    let url = format!("https://{}{direct_path}", host.address);
    Json(json!({ "url": url, "direct_path": direct_path })).into_response()
}

async fn download(State(host): State<MediaHost>, Path(name): Path<String>) -> Response {
    let mut blobs = host.lock();
    if let Some(failure) = blobs.failure() {
        return failure;
    }
    blobs.downloads += 1;
    match blobs.by_path.get(&format!("/v/{name}")) {
        Some(blob) => blob.clone().into_response(),
        None => StatusCode::GONE.into_response(),
    }
}

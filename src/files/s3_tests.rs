//! The S3 storage against a small server that checks every signature by its own arithmetic and can
//! misbehave.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::TryStreamExt;
use ring::{
    digest::{SHA256, digest},
    hmac,
};

use super::{kind::DOCUMENTS, s3::S3Storage, samples::PDF, spool::Spool, *};
use crate::{
    config::{S3Config, Secret},
    secrets::encode_hex,
};

const BUCKET: &str = "documentos";
const REGION: &str = "sa-east-1";
const SECRET: &str = "uma chave secreta";

/// What the fake does to the next request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mischief {
    Answer(u16),
    /// Takes so long that the caller gives up.
    Hang,
}

#[derive(Default)]
struct Inner {
    objects: BTreeMap<String, Vec<u8>>,
    mischief: VecDeque<Mischief>,
    requests: usize,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Inner>>);

impl Fake {
    async fn start(self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new().fallback(answer).with_state(self);
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        format!("http://{address}")
    }

    fn will(&self, mischief: &[Mischief]) {
        self.0.lock().unwrap().mischief.extend(mischief);
    }

    fn requests(&self) -> usize {
        std::mem::take(&mut self.0.lock().unwrap().requests)
    }
}

async fn answer(State(fake): State<Fake>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mischief = {
        let mut inner = fake.0.lock().unwrap();
        inner.requests += 1;
        inner.mischief.pop_front()
    };
    match mischief {
        Some(Mischief::Hang) => std::future::pending::<()>().await,
        Some(Mischief::Answer(status)) => {
            return StatusCode::from_u16(status).unwrap().into_response();
        }
        None => {}
    }
    if !is_signed(&parts.method, &parts.uri, &parts.headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let bytes = axum::body::to_bytes(body, 1024 * 1024).await.unwrap().to_vec();
    let path = parts.uri.path().to_owned();
    let mut inner = fake.0.lock().unwrap();
    match parts.method {
        Method::PUT => {
            // The real one refuses bodies of unknown length.
            let length = parts.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok());
            if length != Some(&bytes.len().to_string()) {
                return StatusCode::LENGTH_REQUIRED.into_response();
            }
            inner.objects.insert(path, bytes);
            StatusCode::OK.into_response()
        }
        Method::GET => match inner.objects.get(&path) {
            None => StatusCode::NOT_FOUND.into_response(),
            Some(object) => part_of(object, &parts.headers),
        },
        _ => {
            inner.objects.remove(&path);
            StatusCode::NO_CONTENT.into_response()
        }
    }
}

fn part_of(object: &[u8], headers: &HeaderMap) -> Response {
    let Some(range) = headers.get(header::RANGE) else {
        return Body::from(object.to_vec()).into_response();
    };
    let range = range.to_str().unwrap().strip_prefix("bytes=").unwrap();
    let (first, last) = range.split_once('-').unwrap();
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    (StatusCode::PARTIAL_CONTENT, object[first..=last].to_vec()).into_response()
}

/// Signature Version 4 in the query, as the vendor's documentation describes it.
fn is_signed(method: &Method, uri: &axum::http::Uri, headers: &HeaderMap) -> bool {
    let mut pairs: Vec<&str> = uri.query().unwrap_or_default().split('&').collect();
    let value = |name: &str| {
        let found = pairs.iter().find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        found.unwrap_or_default().to_owned()
    };
    let (signature, at) = (value("X-Amz-Signature"), value("X-Amz-Date"));
    let credential = value("X-Amz-Credential").replace("%2F", "/");
    let Some(scope) = credential.strip_prefix("AKIA/") else { return false };
    if value("X-Amz-SignedHeaders") != "host" || !at.starts_with(&scope[..8]) {
        return false;
    }
    pairs.retain(|pair| !pair.starts_with("X-Amz-Signature="));
    pairs.sort_unstable();
    let host = headers[header::HOST].to_str().unwrap();
    let canonical = format!(
        "{method}\n{}\n{}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD",
        uri.path(),
        pairs.join("&")
    );
    let hashed = encode_hex(digest(&SHA256, canonical.as_bytes()).as_ref());
    let text = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashed}");
    let mac = |key: &[u8], text: &str| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
    };
    let day = mac(format!("AWS4{SECRET}").as_bytes(), &scope[..8]);
    let key = mac(&mac(&mac(&day, REGION), "s3"), "aws4_request");
    scope.ends_with(&format!("/{REGION}/s3/aws4_request"))
        && encode_hex(&mac(&key, &text)) == signature
}

struct Fixture {
    fake: Fake,
    storage: S3Storage,
    spool: Spool,
    _folder: tempfile::TempDir,
}

impl Fixture {
    async fn with_secret(secret: &str) -> Self {
        let fake = Fake::default();
        let storage = S3Storage::new(&S3Config {
            endpoint: fake.clone().start().await,
            region: REGION.to_owned(),
            bucket: BUCKET.to_owned(),
            access_key: Secret::new("AKIA"),
            secret_key: Secret::new(secret),
            path_style: true,
        });
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        Self { fake, storage: storage.unwrap(), spool, _folder: folder }
    }

    async fn put(&self, key: &FileKey) -> Result<(), StorageError> {
        let chunk = Ok::<_, io::Error>(Bytes::from_static(PDF));
        let chunks = futures_util::stream::iter([chunk]);
        let received = self.spool.receive("a.pdf", DOCUMENTS, 1000, chunks).await.unwrap();
        let path = received.path().to_owned();
        let outcome = self.storage.put(key, received).await;
        assert!(!path.exists(), "the spool is left clean");
        outcome
    }

    async fn read(&self, key: &FileKey, part: Option<Range<u64>>) -> Result<Vec<u8>, StorageError> {
        let content = self.storage.read(key, part).await?;
        let chunks: Vec<Bytes> = content.stream.try_collect().await.unwrap();
        assert_eq!(chunks.concat().len() as u64, content.bytes);
        Ok(chunks.concat())
    }
}

#[tokio::test]
async fn what_is_put_is_read_and_deleted_under_good_signatures() {
    let fixture = Fixture::with_secret(SECRET).await;
    let key = FileKey::random();
    fixture.put(&key).await.unwrap();
    let path = format!("/{BUCKET}/{}", key.sharded());
    assert_eq!(fixture.fake.0.lock().unwrap().objects.keys().collect::<Vec<_>>(), [&path]);
    assert_eq!(fixture.read(&key, None).await.unwrap(), PDF);
    assert_eq!(fixture.read(&key, Some(1..4)).await.unwrap(), b"PDF");
    fixture.storage.delete(&key).await.unwrap();
    fixture.storage.delete(&key).await.unwrap();
    let missing = fixture.read(&key, None).await;
    assert!(matches!(missing, Err(StorageError::Missing)));
}

#[tokio::test]
async fn a_wrong_key_is_refused_at_once() {
    let fixture = Fixture::with_secret("another secret").await;
    let refused = fixture.put(&FileKey::random()).await;
    assert!(matches!(refused, Err(StorageError::Status(403))), "{refused:?}");
    assert_eq!(fixture.fake.requests(), 1, "trying again would not help");
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let fixture = Fixture::with_secret(SECRET).await;
    let key = FileKey::random();
    fixture.fake.will(&[Mischief::Answer(500), Mischief::Answer(503)]);
    fixture.put(&key).await.unwrap();
    assert_eq!(fixture.fake.requests(), 3);
    fixture.fake.will(&[Mischief::Answer(429)]);
    assert_eq!(fixture.read(&key, None).await.unwrap(), PDF);
    assert_eq!(fixture.fake.requests(), 2);
    fixture.fake.will(&[Mischief::Answer(500); 3]);
    let failed = fixture.read(&key, None).await;
    assert!(matches!(failed, Err(StorageError::Status(500))), "{failed:?}");
    assert_eq!(fixture.fake.requests(), 3);
}

#[tokio::test]
async fn who_is_slow_is_given_up_in_time() {
    let fixture = Fixture::with_secret(SECRET).await;
    let key = FileKey::random();
    fixture.put(&key).await.unwrap();
    fixture.fake.will(&[Mischief::Hang; 3]);
    // From here on waiting costs nothing: time moves when nobody has anything to do.
    tokio::time::pause();
    let started = tokio::time::Instant::now();
    let late = fixture.read(&key, None).await;
    assert!(matches!(late, Err(StorageError::Timeout)), "{late:?}");
    assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());
}

#[tokio::test]
async fn nobody_there_is_an_error_without_the_address() {
    let fixture = Fixture::with_secret(SECRET).await;
    let config = S3Config {
        endpoint: "http://127.0.0.1:9".to_owned(),
        region: REGION.to_owned(),
        bucket: BUCKET.to_owned(),
        access_key: Secret::new("AKIA"),
        secret_key: Secret::new(SECRET),
        path_style: true,
    };
    let storage = S3Storage::new(&config).unwrap();
    let error = storage.delete(&FileKey::random()).await.unwrap_err();
    let text = crate::error::chain(&error);
    assert!(!text.contains("X-Amz"), "{text}");
    assert!(matches!(error, StorageError::Unreachable(_)));
    drop(fixture);
}

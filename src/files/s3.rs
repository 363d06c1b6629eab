//! Files in a bucket of an S3-compatible storage. Requests are signed by `rusty-s3` (presigned URLs,
//! Signature Version 4) and sent by our own HTTP client.

use std::{fmt, io, ops::Range, time::Duration};

use dx_actors::domain::file::FileKey;
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use reqwest::{Response, StatusCode, header};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};

use super::{Content, Received, Storage, StorageError};
use crate::{config::S3Config, outbound};

/// How long a signature is good: for one attempt, and for clocks that differ a little.
const SIGNATURE_LIFETIME: Duration = Duration::from_mins(5);
/// One upload: 20 MiB over 2 Mbit/s take 84 s. Within the 3 minutes that a request may take.
const PUT_TIMEOUT: Duration = Duration::from_secs(100);
/// The first byte of an answer; storages answer within a second or not at all.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two chunks of a file that is being read.
const CHUNK_TIMEOUT: Duration = Duration::from_secs(30);
/// Pauses before the second and third attempt: a storage that is busy, a connection that was cut.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

pub(super) struct S3Storage {
    bucket: Bucket,
    credentials: Credentials,
    http: reqwest::Client,
}

impl fmt::Debug for S3Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Storage").field("bucket", &self.bucket.name()).finish_non_exhaustive()
    }
}

/// Whether what went wrong may go right next time.
enum Failure {
    Final(StorageError),
    Passing(StorageError),
}

impl S3Storage {
    /// The text says what is wrong with the configuration.
    pub(super) fn new(config: &S3Config) -> Result<Self, String> {
        let style = if config.path_style { UrlStyle::Path } else { UrlStyle::VirtualHost };
        let endpoint = config.endpoint.parse().map_err(|_| "S3_ENDPOINT".to_owned())?;
        let (name, region) = (config.bucket.clone(), config.region.clone());
        let bucket = Bucket::new(endpoint, style, name, region)
            .map_err(|error| format!("S3_ENDPOINT, S3_BUCKET: {error}"))?;
        let key = config.access_key.reveal();
        let credentials = Credentials::new(key, config.secret_key.reveal());
        let http = outbound::http_client().map_err(|error| error.to_string())?;
        Ok(Self { bucket, credentials, http })
    }

    async fn try_put(&self, object: &str, file: &Received) -> Result<(), Failure> {
        let final_ = |error: io::Error| Failure::Final(error.into());
        let url = self.bucket.put_object(Some(&self.credentials), object).sign(SIGNATURE_LIFETIME);
        let source = tokio::fs::File::open(file.path()).await.map_err(final_)?;
        let request = self
            .http
            .put(url)
            .timeout(PUT_TIMEOUT)
            .header(header::CONTENT_LENGTH, file.bytes)
            .header(header::CONTENT_TYPE, file.kind.media_type())
            .body(source);
        judged(request.send().await.map_err(unreachable_now)?).map(drop)
    }

    async fn try_get(&self, object: &str, part: Option<&Range<u64>>) -> Result<Response, Failure> {
        let url = self.bucket.get_object(Some(&self.credentials), object).sign(SIGNATURE_LIFETIME);
        let mut request = self.http.get(url);
        if let Some(part) = part {
            let last = part.end.saturating_sub(1);
            request = request.header(header::RANGE, format!("bytes={}-{last}", part.start));
        }
        self.answer(request).await
    }

    async fn try_delete(&self, object: &str) -> Result<(), Failure> {
        let action = self.bucket.delete_object(Some(&self.credentials), object);
        let request = self.http.delete(action.sign(SIGNATURE_LIFETIME));
        match self.answer(request).await {
            Err(Failure::Final(StorageError::Missing)) => Ok(()),
            outcome => outcome.map(drop),
        }
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Response, Failure> {
        match tokio::time::timeout(ANSWER_TIMEOUT, request.send()).await {
            Ok(outcome) => judged(outcome.map_err(unreachable_now)?),
            Err(_) => Err(Failure::Passing(StorageError::Timeout)),
        }
    }
}

impl Storage for S3Storage {
    fn put<'a>(
        &'a self,
        key: &'a FileKey,
        file: Received,
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        async move {
            let object = key.sharded();
            patiently(|| self.try_put(&object, &file)).await
        }
        .boxed()
    }

    fn read<'a>(
        &'a self,
        key: &'a FileKey,
        part: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<Content, StorageError>> {
        async move {
            let object = key.sharded();
            let response = patiently(|| self.try_get(&object, part.as_ref())).await?;
            let asked = part.map(|part| part.end.saturating_sub(part.start));
            match (asked, response.content_length()) {
                // A storage that ignores the range would answer with other bytes.
                (Some(_), _) if response.status() != StatusCode::PARTIAL_CONTENT => {
                    Err(StorageError::Status(response.status().as_u16()))
                }
                (Some(asked), Some(bytes)) if asked != bytes => {
                    Err(StorageError::Status(response.status().as_u16()))
                }
                (_, Some(bytes)) => Ok(Content { bytes, stream: chunks(response) }),
                (_, None) => Err(StorageError::Status(response.status().as_u16())),
            }
        }
        .boxed()
    }

    fn delete<'a>(&'a self, key: &'a FileKey) -> BoxFuture<'a, Result<(), StorageError>> {
        async move {
            let object = key.sharded();
            patiently(|| self.try_delete(&object)).await
        }
        .boxed()
    }
}

/// Tries again what may go right next time.
async fn patiently<T, F>(attempt: impl Fn() -> F) -> Result<T, StorageError>
where
    F: Future<Output = Result<T, Failure>>,
{
    for pause in PAUSES {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(Failure::Final(error)) => return Err(error),
            Err(Failure::Passing(error)) => {
                let error = crate::error::chain(&error);
                tracing::warn!(error, "the remote storage is tried again");
                tokio::time::sleep(pause).await;
            }
        }
    }
    attempt().await.map_err(|(Failure::Final(error) | Failure::Passing(error))| error)
}

fn judged(response: Response) -> Result<Response, Failure> {
    let status = response.status();
    let error = StorageError::Status(status.as_u16());
    match status {
        _ if status.is_success() => Ok(response),
        StatusCode::NOT_FOUND => Err(Failure::Final(StorageError::Missing)),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Err(Failure::Passing(error)),
        _ if status.is_server_error() => Err(Failure::Passing(error)),
        _ => Err(Failure::Final(error)),
    }
}

/// Without the address, which holds the signature.
fn unreachable_now(error: reqwest::Error) -> Failure {
    Failure::Passing(StorageError::Unreachable(error.without_url()))
}

fn chunks(response: Response) -> stream::BoxStream<'static, io::Result<bytes::Bytes>> {
    stream::unfold(Some(response), async |response| {
        let mut response = response?;
        match tokio::time::timeout(CHUNK_TIMEOUT, response.chunk()).await {
            Ok(Ok(Some(chunk))) => Some((Ok(chunk), Some(response))),
            Ok(Ok(None)) => None,
            Ok(Err(error)) => Some((Err(io::Error::other(error.without_url())), None)),
            Err(_) => Some((Err(io::ErrorKind::TimedOut.into()), None)),
        }
    })
    .boxed()
}

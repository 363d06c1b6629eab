//! What the library asks of web servers: files, and the version of WhatsApp Web. Over the way that the
//! number takes, in pieces, and in tests to a server of their own.

use std::{io::Read, time::Duration};

use async_trait::async_trait;
use futures_util::TryStreamExt;
use reqwest::{Body, Method, RequestBuilder};
use tokio::{runtime::Handle, sync::mpsc};
use tokio_util::io::{StreamReader, SyncIoBridge};
use url::Url;
use whatsapp_rust::{
    anyhow::{self, Context},
    bytes::Bytes,
    wacore::net::{HttpClient, HttpRequest, HttpResponse, StreamingHttpResponse, UploadBody},
};

use super::proxy::Proxy;
use crate::{media::MEDIA_BYTES_MAX, outbound};

/// A server that says nothing for so long is gone.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// For one request with its whole body: 100 MB at 3 Mbit/s.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(5);
/// Answers that are read whole: pages and JSON. Files are read in pieces.
const ANSWER_BYTES_MAX: u64 = MEDIA_BYTES_MAX + 1024 * 1024;
/// Pieces of an upload that wait for the network, and how large they are.
const PIECES_MAX: usize = 4;
const PIECE_BYTES: usize = 64 * 1024;

/// The HTTP client of one number.
#[derive(Clone)]
pub(super) struct Web {
    client: reqwest::Client,
    /// Takes the place of the hosts of files.
    media_url: Option<Url>,
}

impl Web {
    pub(super) fn new(proxy: Option<&Proxy>, media_url: Option<Url>) -> reqwest::Result<Self> {
        let builder = outbound::builder().read_timeout(READ_TIMEOUT).timeout(REQUEST_TIMEOUT);
        let builder = match proxy {
            Some(proxy) => builder.proxy(proxy.for_http()?),
            // A proxy of the environment is not the number's.
            None => builder.no_proxy(),
        };
        Ok(Self { client: builder.build()?, media_url })
    }

    fn request(&self, request: &HttpRequest) -> anyhow::Result<RequestBuilder> {
        let mut url: Url = request.url.parse()?;
        if let Some(media) = &self.media_url {
            let path = url.path().to_owned();
            let query = url.query().map(str::to_owned);
            url = media.clone();
            url.set_path(&path);
            url.set_query(query.as_deref());
        }
        let method: Method = request.method.parse()?;
        let mut builder = self.client.request(method, url);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        Ok(builder)
    }

    async fn whole(response: reqwest::Response) -> anyhow::Result<HttpResponse> {
        let status_code = response.status().as_u16();
        let mut body = Vec::new();
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.try_next().await? {
            body.extend_from_slice(&piece);
            let is_small = u64::try_from(body.len()).is_ok_and(|bytes| bytes <= ANSWER_BYTES_MAX);
            anyhow::ensure!(is_small, "the answer is too large");
        }
        Ok(HttpResponse { status_code, body })
    }
}

#[async_trait]
impl HttpClient for Web {
    async fn execute(&self, mut request: HttpRequest) -> anyhow::Result<HttpResponse> {
        let body = request.body.take();
        let mut builder = self.request(&request)?;
        if let Some(body) = body {
            builder = builder.body(body);
        }
        Self::whole(builder.send().await?).await
    }

    fn supports_streaming(&self) -> bool {
        true
    }

    /// Called on a thread that may wait.
    fn execute_streaming(&self, request: HttpRequest) -> anyhow::Result<StreamingHttpResponse> {
        let runtime = Handle::try_current()?;
        let builder = self.request(&request)?;
        let response = runtime.block_on(builder.send())?;
        let status_code = response.status().as_u16();
        let pieces = response.bytes_stream().map_err(std::io::Error::other);
        let body = SyncIoBridge::new_with_handle(StreamReader::new(Box::pin(pieces)), runtime);
        Ok(StreamingHttpResponse { status_code, body: Box::new(body) })
    }

    fn supports_upload_streaming(&self) -> bool {
        true
    }

    /// Called on a thread that may wait.
    fn execute_upload(
        &self,
        request: HttpRequest,
        mut body: UploadBody,
        content_length: u64,
    ) -> anyhow::Result<HttpResponse> {
        let runtime = Handle::try_current()?;
        let builder = self.request(&request)?;
        let (sender, receiver) = mpsc::channel::<std::io::Result<Bytes>>(PIECES_MAX);
        let pieces = futures_util::stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|piece| (piece, receiver))
        });
        let builder = builder
            .header(reqwest::header::CONTENT_LENGTH, content_length)
            .body(Body::wrap_stream(pieces));
        let answer = runtime.spawn(async move { Self::whole(builder.send().await?).await });
        let mut left = content_length;
        while left > 0 {
            let mut piece = vec![0; PIECE_BYTES.min(usize::try_from(left).unwrap_or(PIECE_BYTES))];
            let read = body.read(&mut piece).context("the file ended too early")?;
            anyhow::ensure!(read > 0, "the file ended too early");
            piece.truncate(read);
            left -= u64::try_from(read)?;
            // The server has answered already, and wants no more.
            if sender.blocking_send(Ok(piece.into())).is_err() {
                break;
            }
        }
        drop(sender);
        runtime.block_on(answer)?
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use axum::{
        Router,
        extract::Request,
        http::{StatusCode, header::CONTENT_LENGTH},
    };
    use http_body_util::BodyExt;
    use tokio::net::TcpListener;

    use super::*;

    /// Says what it was asked, as an error.
    async fn server() -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(async |request: Request| {
            let length = request.headers().get(CONTENT_LENGTH).cloned();
            let length = length.map(|length| length.to_str().unwrap().to_owned());
            let asked = format!("{} {}", request.method(), request.uri());
            let body = request.into_body().collect().await.unwrap().to_bytes();
            (StatusCode::GONE, format!("{asked} {} {}", length.unwrap_or_default(), body.len()))
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        url.parse().unwrap()
    }

    const ELSEWHERE: &str = "https://mmg.whatsapp.net/v/t62?ccb=1&oh=x";

    #[tokio::test]
    async fn an_error_is_an_answer_and_hosts_of_files_can_be_replaced() {
        let web = Web::new(None, Some(server().await)).unwrap();
        let answer = web.execute(HttpRequest::get(ELSEWHERE)).await.unwrap();
        assert_eq!(answer.status_code, 410);
        assert_eq!(answer.body_string().unwrap(), "GET /v/t62?ccb=1&oh=x  0");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn files_come_and_go_in_pieces_with_their_length_named() {
        let web = Web::new(None, Some(server().await)).unwrap();
        let client = web.clone();
        let read = tokio::task::spawn_blocking(move || {
            let mut answer = client.execute_streaming(HttpRequest::get(ELSEWHERE)).unwrap();
            let mut body = String::new();
            answer.body.read_to_string(&mut body).unwrap();
            (answer.status_code, body)
        });
        assert_eq!(read.await.unwrap(), (410, "GET /v/t62?ccb=1&oh=x  0".to_owned()));
        let content = vec![7; 3 * PIECE_BYTES + 1];
        let bytes = content.len();
        let sent = tokio::task::spawn_blocking(move || {
            let length = u64::try_from(content.len()).unwrap();
            let body = Box::new(Cursor::new(content));
            web.execute_upload(HttpRequest::post(ELSEWHERE), body, length).unwrap()
        });
        let answer = sent.await.unwrap().body_string().unwrap();
        assert_eq!(answer, format!("POST /v/t62?ccb=1&oh=x {bytes} {bytes}"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_that_ends_too_early_is_not_sent_as_whole() {
        let web = Web::new(None, Some(server().await)).unwrap();
        let sent = tokio::task::spawn_blocking(move || {
            let body = Box::new(Cursor::new(vec![7; 10]));
            web.execute_upload(HttpRequest::post(ELSEWHERE), body, 11)
        });
        assert!(sent.await.unwrap().is_err());
    }
}

//! Fetches the files of messages that have come in. The rows say what is still to be fetched, so nothing
//! is forgotten by a restart; a file that does not come is tried again, then given up.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use dx_actors::{
    Hub, HubError,
    domain::{Message, MessageRowId, Timestamp},
    session::ProviderError,
};
use futures_util::{StreamExt, stream};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{MEDIA_BYTES_MAX, MediaError, details};
use crate::{
    files::{Files, ReceiveError},
    wire::content::{Content, MediaDetails},
};

/// Files that are fetched at once.
const AT_ONCE_MAX: usize = 4;
/// Rows that are read at once.
const PAGE: i64 = 200;
/// Looked at this often even when nothing new has come: for numbers that are ready again.
const TICK: Duration = Duration::from_secs(5);
/// For one file.
const FETCH_TIMEOUT: Duration = Duration::from_mins(5);
/// Chunks that wait for the disk.
const CHUNKS_MAX: usize = 16;
/// Attempts, and the wait before the second one; it is four times as long before each further one.
const ATTEMPTS_MAX: u32 = 5;
const RETRY_FIRST: Duration = Duration::from_secs(5);

/// Fetches until `stop`.
pub async fn run(hub: Hub, files: Files, stop: CancellationToken) {
    let mut fetcher = Fetcher { hub, files, tries: HashMap::new(), running: JoinSet::new() };
    loop {
        fetcher.begin().await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = fetcher.hub.sessions().media_pending().notified() => {}
            Some(ended) = fetcher.running.join_next() => fetcher.end(ended.ok()).await,
            () = tokio::time::sleep(TICK) => {}
        }
    }
}

struct Fetcher {
    hub: Hub,
    files: Files,
    /// What has been tried, or is under way.
    tries: HashMap<MessageRowId, Try>,
    running: JoinSet<(MessageRowId, Result<(), Failure>)>,
}

#[derive(Clone, Copy)]
struct Try {
    attempts: u32,
    is_running: bool,
    next_at: Timestamp,
}

/// Why a file did not come.
enum Failure {
    /// The number is not connected; that is no attempt.
    NotConnected,
    MayPass(String),
    Final(String),
}

impl Fetcher {
    /// Begins as many as may run at once.
    async fn begin(&mut self) {
        let now = self.hub.clock().now();
        let ready = self.hub.sessions().ready();
        let mut after = MessageRowId(0);
        while self.running.len() < AT_ONCE_MAX && !ready.is_empty() {
            let pending = self.hub.store().list_pending_media(&ready, after, PAGE).await;
            let pending = match pending {
                Ok(pending) => pending,
                Err(error) => return tracing::warn!(%error, "files to fetch could not be read"),
            };
            let Some(last) = pending.last() else { return };
            after = last.id;
            for message in pending {
                let tried = self.tries.get(&message.id);
                let is_due = tried.is_none_or(|tried| !tried.is_running && tried.next_at <= now);
                if is_due && self.running.len() < AT_ONCE_MAX {
                    self.start(message, now);
                }
            }
        }
    }

    fn start(&mut self, message: Message, now: Timestamp) {
        let fresh = Try { attempts: 0, is_running: true, next_at: now };
        self.tries.entry(message.id).or_insert(fresh).is_running = true;
        let (hub, files) = (self.hub.clone(), self.files.clone());
        self.running.spawn(async move {
            let fetching = tokio::time::timeout(FETCH_TIMEOUT, fetch(&hub, &files, &message));
            let late = || Err(Failure::MayPass("the network is too slow".to_owned()));
            (message.id, fetching.await.unwrap_or_else(|_| late()))
        });
    }

    async fn end(&mut self, ended: Option<(MessageRowId, Result<(), Failure>)>) {
        // A panic was logged; its message is tried again after the next start.
        let Some((id, outcome)) = ended else { return };
        let Some(tried) = self.tries.get_mut(&id) else { return };
        tried.is_running = false;
        let text = match outcome {
            Ok(()) => {
                self.tries.remove(&id);
                return;
            }
            Err(Failure::NotConnected) => {
                tried.next_at = self.hub.clock().now().plus(TICK);
                return;
            }
            Err(Failure::MayPass(text)) => {
                tried.attempts += 1;
                if tried.attempts < ATTEMPTS_MAX {
                    let wait = RETRY_FIRST * 4_u32.pow(tried.attempts - 1);
                    tried.next_at = self.hub.clock().now().plus(wait);
                    return tracing::info!(text, message.id = %id, "a file is fetched again");
                }
                text
            }
            Err(Failure::Final(text)) => text,
        };
        tracing::warn!(text, message.id = %id, "a file did not come");
        self.tries.remove(&id);
        if let Err(error) = self.hub.media_has_failed(id).await {
            tracing::warn!(%error, message.id = %id, "that a file did not come was not noted");
        }
    }
}

/// Fetches one file and stores it.
async fn fetch(hub: &Hub, files: &Files, message: &Message) -> Result<(), Failure> {
    let provider = match hub.sessions().connected(message.session_id).await {
        Ok(provider) => provider,
        Err(HubError::SessionNotReady) => return Err(Failure::NotConnected),
        Err(error) => return Err(Failure::MayPass(error.to_string())),
    };
    let (sender, mut chunks) = mpsc::channel::<Bytes>(CHUNKS_MAX);
    let (ended, end) = tokio::sync::oneshot::channel();
    let downloading = async {
        // The receiver waits for how it ended, so that half a file is not taken for a whole one.
        let _ = ended.send(provider.download(message, sender).await.map_err(Failure::from));
    };
    let chunks = stream::poll_fn(move |cx| chunks.poll_recv(cx)).map(Ok);
    let rest = stream::once(async {
        match end.await {
            Ok(Ok(())) => None,
            Ok(Err(failure)) => Some(Err(Broken(failure))),
            Err(_) => Some(Err(Broken(Failure::MayPass("the download was given up".to_owned())))),
        }
    });
    let chunks = chunks.chain(rest.filter_map(async |end| end));
    let media_type = message.media_mime_type.clone().unwrap_or_default();
    let receiving = files.receive_media(&media_type, MEDIA_BYTES_MAX, chunks);
    let (received, ()) = tokio::join!(receiving, downloading);
    let received = received.map_err(|error| match error {
        ReceiveError::Source(Broken(failure)) => failure,
        error => Failure::of(&match error {
            ReceiveError::Empty => MediaError::Empty,
            ReceiveError::TooLarge => MediaError::TooLarge,
            ReceiveError::Disk(error) => MediaError::Disk(error),
            _ => MediaError::Unfit,
        }),
    })?;
    let known = message.details.as_deref().and_then(Content::read);
    let known =
        if let Some(Content::Media(known)) = known { known } else { MediaDetails::default() };
    let (kind, path) = (received.kind, received.path().to_owned());
    let complete = tokio::task::spawn_blocking(move || details::complete(known, kind, &path));
    let complete = complete.await.map_err(|error| Failure::MayPass(error.to_string()))?;
    let details = Content::Media(complete).to_json();
    let file = files.store(received).await.map_err(|error| Failure::of(&error.into()))?;
    let kept = hub.media_is_ready(message.id, file, Some(details)).await;
    kept.map(drop).map_err(|error| Failure::MayPass(error.to_string()))
}

/// The download did not end well.
struct Broken(Failure);

impl Failure {
    fn of(error: &MediaError) -> Self {
        if error.may_pass() {
            Self::MayPass(error.to_string())
        } else {
            Self::Final(error.to_string())
        }
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Temporary { text, .. }
            | ProviderError::NotNow { text, .. }
            | ProviderError::Unknown(text) => Self::MayPass(text),
            ProviderError::Refused(text)
            | ProviderError::Unsupported(text)
            | ProviderError::ColdBlocked { text, .. } => Self::Final(text),
        }
    }
}

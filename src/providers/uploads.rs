//! Files of messages that are being handed over to a network: one upload for each message, which outlives the
//! hand-overs that wait for it.

use std::{collections::HashMap, time::Duration};

use dx_actors::{domain::MessageRowId, session::ProviderError};
use tokio::{sync::Mutex, task::JoinHandle};

/// How long a hand-over waits for its file at a time: with the message itself less than the hub's 30 s.
const WAIT: Duration = Duration::from_secs(5);
/// Until it looks again.
const PAUSE: Duration = Duration::from_secs(1);

type Running<T> = JoinHandle<Result<T, ProviderError>>;

/// By the message that they belong to. There are no more of them than chats that a number sends to at once.
#[derive(Debug)]
pub(super) struct Uploads<T> {
    running: Mutex<HashMap<MessageRowId, Running<T>>>,
    /// What is said while a file is under way, and when it broke off.
    uploading: &'static str,
    broken_off: &'static str,
}

impl<T: Send + 'static> Uploads<T> {
    pub(super) fn new(uploading: &'static str, broken_off: &'static str) -> Self {
        Self { running: Mutex::default(), uploading, broken_off }
    }

    /// The file as the network has it. One that takes longer than the hub waits goes on by itself, and the
    /// message asks again.
    pub(super) async fn get<F>(
        &self,
        id: MessageRowId,
        start: impl FnOnce() -> F,
    ) -> Result<T, ProviderError>
    where
        F: Future<Output = Result<T, ProviderError>> + Send + 'static,
    {
        let known = self.running.lock().await.remove(&id);
        let mut upload = known.unwrap_or_else(|| tokio::spawn(start()));
        match tokio::time::timeout(WAIT, &mut upload).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(ProviderError::temporary(self.broken_off)),
            Err(_) => {
                self.running.lock().await.insert(id, upload);
                Err(ProviderError::NotNow { text: self.uploading.to_owned(), wait: PAUSE })
            }
        }
    }

    /// Remembers a file that the network has, for the next attempt of its message.
    pub(super) async fn keep(&self, id: MessageRowId, file: T) {
        let done = tokio::spawn(std::future::ready(Ok(file)));
        self.running.lock().await.insert(id, done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: MessageRowId = MessageRowId(1);

    #[tokio::test(start_paused = true)]
    async fn an_upload_outlives_the_hand_over_and_is_forgotten_with_the_message() {
        let uploads = Uploads::new("indo", "caiu");
        let (done, end) = tokio::sync::oneshot::channel();
        let slow = async move { end.await.map_err(|_| ProviderError::temporary("x")) };
        let refused = uploads.get(ID, || slow).await.unwrap_err();
        assert_eq!(refused, ProviderError::NotNow { text: "indo".to_owned(), wait: PAUSE });
        done.send(7).unwrap();
        let again = || async { panic!("one upload is enough") };
        assert_eq!(uploads.get(ID, again).await, Ok(7));
        assert!(uploads.running.lock().await.is_empty(), "nobody asked to keep it");
        uploads.keep(ID, 8).await;
        assert_eq!(uploads.get(ID, || async { Ok(9) }).await, Ok(8));
        assert_eq!(uploads.get(ID, || async { Ok(9) }).await, Ok(9));
        let broken = uploads.get(ID, || async { panic!("a defect") }).await;
        assert_eq!(broken, Err(ProviderError::temporary("caiu")));
    }
}

//! The writes of one number: carried out in the order in which they were asked for, those that wait in one
//! transaction.
//!
//! The library relies on the order. What has come in is to be stored before the ratchet that has opened it:
//! to a ratchet that is ahead of its message, the copy that the network delivers again after a crash is a
//! repeat, which is dropped. So once a message that came in could not be written, nothing that was asked for
//! later is; the number begins anew with what is stored.

use std::pin::Pin;

use dx_actors::store::{Claim, RecordChange, Store, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Writes that may wait; who asks for one more waits for room.
const WAITING_MAX: usize = 64;

/// The door to the writes of one backend; they end with it.
#[derive(Debug)]
pub(super) struct Writes {
    line: mpsc::Sender<Write>,
    broken: CancellationToken,
}

enum Write {
    Change(Change),
    Alone(Work),
}

/// What is carried out by itself, and answers by itself.
type Work = Box<dyn FnOnce(Store, Claim) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

struct Change {
    changes: Vec<RecordChange>,
    keeps_messages: bool,
    reply: oneshot::Sender<Result<(), StoreError>>,
}

impl Writes {
    pub(super) fn spawn(store: Store, claim: Claim) -> Self {
        let (line, waiting) = mpsc::channel(WAITING_MAX);
        let broken = CancellationToken::new();
        let writer = Writer { store, claim, broken: broken.clone() };
        tokio::spawn(writer.run(waiting));
        Self { line, broken }
    }

    /// Carries out changes, all or none.
    pub(super) async fn change(&self, changes: Vec<RecordChange>) -> Result<(), StoreError> {
        self.submit(changes, false).await
    }

    /// Keeps messages that have come in. When that fails, or they could not even be sealed, nothing is
    /// written any more.
    pub(super) async fn keep_messages(
        &self,
        changes: Result<Vec<RecordChange>, StoreError>,
    ) -> Result<(), StoreError> {
        match changes {
            Ok(changes) => self.submit(changes, true).await,
            Err(error) => {
                self.broken.cancel();
                Err(error)
            }
        }
    }

    async fn submit(
        &self,
        changes: Vec<RecordChange>,
        keeps_messages: bool,
    ) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let (reply, answer) = oneshot::channel();
        self.wait_for(Write::Change(Change { changes, keeps_messages, reply }), answer).await
    }

    /// Carries out what needs a transaction of its own; it runs to its end even when the caller is gone.
    pub(super) async fn alone<T, F>(
        &self,
        work: impl FnOnce(Store, Claim) -> F + Send + 'static,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = |store, claim| -> Pin<Box<dyn Future<Output = ()> + Send>> {
            let outcome = work(store, claim);
            Box::pin(async move {
                // Nobody waits for it any more.
                let _ = reply.send(outcome.await);
            })
        };
        self.wait_for(Write::Alone(Box::new(work)), answer).await
    }

    async fn wait_for<T>(
        &self,
        write: Write,
        answer: oneshot::Receiver<Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.line.send(write).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Completes when a message that came in could not be written, or nobody writes any more.
    pub(super) async fn broken(&self) {
        self.broken.cancelled().await;
    }
}

struct Writer {
    store: Store,
    claim: Claim,
    broken: CancellationToken,
}

impl Writer {
    async fn run(self, mut line: mpsc::Receiver<Write>) {
        // However this ends: what is not written is not to go on unnoticed.
        let _is_over = self.broken.clone().drop_guard();
        let (mut waiting, mut together) = (Vec::new(), Vec::new());
        while line.recv_many(&mut waiting, WAITING_MAX).await > 0 {
            for write in waiting.drain(..) {
                match write {
                    Write::Change(change) => together.push(change),
                    Write::Alone(work) => {
                        self.carry_out(std::mem::take(&mut together)).await;
                        if !self.broken.is_cancelled() {
                            work(self.store.clone(), self.claim).await;
                        }
                    }
                }
            }
            self.carry_out(std::mem::take(&mut together)).await;
        }
    }

    /// In one transaction; when that is refused each has one of its own, so that a bad one fails alone. For
    /// that the values are there twice for as long as it takes.
    async fn carry_out(&self, together: Vec<Change>) {
        if self.broken.is_cancelled() || together.is_empty() {
            return;
        }
        if together.len() > 1 {
            let all = together.iter().flat_map(|change| change.changes.clone()).collect();
            let outcome = self.store.change_records(self.claim, all).await;
            let is_refused = outcome.as_ref().is_err_and(StoreError::certainly_aborted);
            if !is_refused {
                let doubt = outcome.err().map(|error| error.to_string());
                for change in together {
                    self.answer(
                        change.keeps_messages,
                        change.reply,
                        match &doubt {
                            None => Ok(()),
                            Some(doubt) => Err(StoreError::Uncertain(doubt.clone())),
                        },
                    );
                }
                return;
            }
        }
        for Change { changes, keeps_messages, reply } in together {
            if self.broken.is_cancelled() {
                return;
            }
            let outcome = self.store.change_records(self.claim, changes).await;
            self.answer(keeps_messages, reply, outcome.map(drop));
        }
    }

    fn answer(
        &self,
        keeps_messages: bool,
        reply: oneshot::Sender<Result<(), StoreError>>,
        outcome: Result<(), StoreError>,
    ) {
        if let (true, Err(error)) = (keeps_messages, &outcome)
            && !matches!(error, StoreError::Fenced)
        {
            tracing::error!(%error, session.id = %self.claim.session_id, "what came in is not kept");
            self.broken.cancel();
        }
        // Nobody waits for it any more.
        let _ = reply.send(outcome);
    }
}

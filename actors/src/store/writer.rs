//! The one task that writes: group commit.
//!
//! An fsync costs 0.5–4 ms, so one transaction per message would mean a few hundred messages a
//! second. Callers hand over a unit of work and wait for its commit; whatever arrived while the last
//! commit ran goes into the next transaction. Each unit has its own savepoint, so a refused one does
//! not take the others along. Messages, their states and new chats are folded into a few statements per batch.
//! On PostgreSQL units run side by side on the pool (its concurrency is the batching) and only the
//! folded writes pass through this task, over a connection of its own.

use std::{panic::AssertUnwindSafe, pin::Pin, sync::Arc};

use tokio::{
    runtime::{Builder, Handle, RuntimeFlavor},
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    StoreError,
    db::{Connection, Db, Kept, Pools, Tx, counted},
    fold::{self, Folded},
    outbox::{self, Recorder},
    sql::sql,
};
use crate::metrics::Commits;

/// Jobs that may wait for the writer; beyond it callers wait to hand theirs over.
const QUEUE_JOBS_MAX: usize = 4096;
/// Jobs that share one commit (measured: no gain beyond, and the first waiter waits longer).
pub(crate) const BATCH_JOBS_MAX: usize = 256;

pub(super) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a job leaves behind: whether its changes are to be kept, and whom to tell how it ended.
pub(super) struct Ran {
    pub(super) is_kept: bool,
    pub(super) finish: Finish,
}

impl Ran {
    pub(super) fn of<T: Send + 'static>(
        reply: oneshot::Sender<Result<T, StoreError>>,
        outcome: Result<T, StoreError>,
    ) -> Self {
        Self { is_kept: outcome.is_ok(), finish: finish(reply, outcome) }
    }
}

/// Tells how a job ended, once it is known how its transaction did.
pub(super) type Finish = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// A caller that is gone does not need the answer.
pub(super) fn finish<T: Send + 'static>(
    reply: oneshot::Sender<Result<T, StoreError>>,
    outcome: Result<T, StoreError>,
) -> Finish {
    Box::new(move |end| {
        let _ = reply.send(outcome.and_then(|value| end.map(|()| value)));
    })
}

type BoxUnit = Box<dyn for<'a> FnOnce(&'a mut Tx) -> BoxFuture<'a, Ran> + Send>;

enum Job {
    Unit(BoxUnit),
    Fold(Folded),
}

/// The door to the writer task.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
    /// Where units run by themselves (PostgreSQL); `None` on SQLite.
    side_by_side: Option<Db>,
    /// What other systems want to hear of.
    recorder: Arc<Recorder>,
    meters: Commits,
    close: CancellationToken,
}

impl Writer {
    /// Starts the task; it ends when it is closed or every door is gone, after the last commit.
    pub(super) fn start(pools: &Pools, recorder: Arc<Recorder>) -> (Self, JoinHandle<()>) {
        let (jobs, queue) = mpsc::channel(QUEUE_JOBS_MAX);
        let (db, side_by_side) = (pools.writer.clone(), pools.side_by_side().cloned());
        let close = CancellationToken::new();
        let meters = Commits::default();
        let callers = Callers { runtime: Handle::current(), telling: None };
        let recording = Arc::clone(&recorder);
        let writing = run(db, recording, queue, meters.clone(), close.clone(), callers);
        let task = spawn_apart(writing);
        (Self { jobs, side_by_side, recorder, meters, close }, task)
    }

    /// What is counted of commits, and how many jobs wait.
    pub(super) fn meters(&self) -> (&Commits, usize) {
        (&self.meters, self.jobs.max_capacity() - self.jobs.capacity())
    }

    /// Takes no more jobs; what is queued is still committed.
    pub(super) fn close(&self) {
        self.close.cancel();
    }

    /// Runs one unit of work in a transaction; answers after the commit. The unit runs to its end
    /// even when the caller is gone (a cancelled transaction could leak, sqlx #4393).
    pub(super) async fn unit<T, F>(&self, unit: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Tx) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let unit = erase(unit, reply);
        match &self.side_by_side {
            Some(db) => {
                let (recorder, meters) = (Arc::clone(&self.recorder), self.meters.clone());
                tokio::spawn(run_alone(db.clone(), recorder, unit, meters));
            }
            None => self.jobs.send(Job::Unit(unit)).await.map_err(|_| StoreError::Closed)?,
        }
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Queues a write that is folded with others of its kind.
    pub(super) async fn fold(&self, folded: Folded) -> Result<(), StoreError> {
        self.jobs.send(Job::Fold(folded)).await.map_err(|_| StoreError::Closed)
    }
}

/// Where there are several threads the writer has one of its own, with a runtime of its own. Among the
/// actors it would be looked at, after each statement, only when those had their turn whom the last commit
/// has woken: the database waited for them, then they for the database.
fn spawn_apart(writing: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        return tokio::spawn(writing);
    }
    tokio::task::spawn_blocking(move || match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(writing),
        // Without a writer every write is refused.
        Err(error) => tracing::error!(%error, "the writer cannot be started"),
    })
}

/// Wraps a unit so that units of all result types fit into one queue.
fn erase<T, F>(unit: F, reply: oneshot::Sender<Result<T, StoreError>>) -> BoxUnit
where
    T: Send + 'static,
    F: for<'a> FnOnce(&'a mut Tx) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'static,
{
    Box::new(move |tx| {
        Box::pin(async move {
            let outcome = CatchUnwind(AssertUnwindSafe(unit(tx))).await;
            Ran::of(reply, outcome.unwrap_or(Err(StoreError::Panicked)))
        })
    })
}

/// A future whose panic becomes `None`.
struct CatchUnwind<F>(AssertUnwindSafe<F>);

impl<F: Future + Unpin> Future for CatchUnwind<F> {
    type Output = Option<F::Output>;

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        let future = Pin::new(&mut self.0.0);
        match std::panic::catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(poll) => poll.map(Some),
            Err(_) => std::task::Poll::Ready(None),
        }
    }
}

/// PostgreSQL: one unit, one transaction.
async fn run_alone(db: Db, recorder: Arc<Recorder>, unit: BoxUnit, meters: Commits) {
    let begun = Instant::now();
    let ended = commit_one(&db, &mut Kept::default(), &recorder, Job::Unit(unit)).await;
    meters.ended(1, begun.elapsed(), ended.is_committed());
    ended.tell();
}

async fn run(
    db: Db,
    recorder: Arc<Recorder>,
    mut queue: mpsc::Receiver<Job>,
    meters: Commits,
    close: CancellationToken,
    mut callers: Callers,
) {
    let mut batch = Vec::with_capacity(BATCH_JOBS_MAX);
    let (mut kept, mut idle) = (Kept::default(), IdleCheckpoint::default());
    loop {
        let received = tokio::select! {
            received = queue.recv_many(&mut batch, BATCH_JOBS_MAX) => received,
            () = close.cancelled(), if !queue.is_closed() => {
                queue.close();
                continue;
            }
            () = idle.due() => {
                idle.checkpoint(&db, &mut kept).await;
                continue;
            }
        };
        if received == 0 {
            break;
        }
        let begun = Instant::now();
        let ended = if received == 1 {
            commit_one(&db, &mut kept, &recorder, batch.remove(0)).await
        } else {
            commit_batch(&db, &mut kept, &recorder, &mut batch).await
        };
        meters.ended(received, begun.elapsed(), ended.is_committed());
        callers.tell(ended);
        idle.written();
    }
    idle.checkpoint(&db, &mut kept).await;
}

/// How a transaction ended, and who is to be told.
enum Ended {
    Nobody,
    One(Finish, Result<(), StoreError>),
    Batch(Vec<Finish>, Result<(), String>),
}

impl Ended {
    fn is_committed(&self) -> bool {
        match self {
            Self::Nobody => false,
            Self::One(_, outcome) => outcome.is_ok(),
            Self::Batch(_, outcome) => outcome.is_ok(),
        }
    }

    fn tell(self) {
        match self {
            Self::Nobody => (),
            Self::One(finish, outcome) => finish(outcome),
            Self::Batch(told, outcome) => {
                for finish in told {
                    finish(outcome.clone().map_err(StoreError::Uncertain));
                }
            }
        }
    }
}

/// Those who wait for commits; they are told in the order of these. Those of a batch by their own runtime: on two
/// cores each of them would have his turn before the writer, who wakes him, could go on.
struct Callers {
    runtime: Handle,
    /// Of those who were told last on their own runtime.
    telling: Option<JoinHandle<()>>,
}

impl Callers {
    /// One is told at once, when nobody else is being told.
    fn tell(&mut self, ended: Ended) {
        let is_quiet = self.telling.as_ref().is_none_or(JoinHandle::is_finished);
        if is_quiet && !matches!(ended, Ended::Batch(..)) {
            return ended.tell();
        }
        let before = self.telling.take();
        self.telling = Some(self.runtime.spawn(async move {
            if let Some(before) = before {
                // A panic of one who was told was logged.
                let _ = before.await;
            }
            ended.tell();
        }));
    }
}

/// One transaction for one job. It needs no savepoint. It has failed when its end is not what the job wanted.
async fn commit_one(db: &Db, kept: &mut Kept, recorder: &Arc<Recorder>, job: Job) -> Ended {
    let mut tx = match db.begin(kept, recorder).await {
        Ok(tx) => tx,
        // Dropping the job tells its caller that nothing happened.
        Err(error) => {
            tracing::error!(%error, "cannot begin a transaction");
            return Ended::Nobody;
        }
    };
    let ran = match job {
        Job::Unit(unit) => unit(&mut tx).await,
        Job::Fold(folded) => fold::run_one(&mut tx, folded).await,
    };
    let outcome = if ran.is_kept { tx.commit(kept).await } else { tx.rollback().await };
    Ended::One(ran.finish, outcome)
}

/// One transaction for everything that waits.
async fn commit_batch(
    db: &Db,
    kept: &mut Kept,
    recorder: &Arc<Recorder>,
    batch: &mut Vec<Job>,
) -> Ended {
    let (mut folded, mut units) = (Vec::new(), Vec::new());
    for job in batch.drain(..) {
        match job {
            Job::Fold(fold) => folded.push(fold),
            Job::Unit(unit) => units.push(unit),
        }
    }
    let mut tx = match db.begin(kept, recorder).await {
        Ok(tx) => tx,
        // Dropping the jobs tells their callers that nothing happened.
        Err(error) => {
            tracing::error!(%error, "cannot begin a transaction");
            return Ended::Nobody;
        }
    };
    let mut told = Vec::with_capacity(folded.len() + units.len());
    if !folded.is_empty() {
        fold::run(&mut tx, folded, &mut told).await;
    }
    for unit in units {
        told.push(run_in_savepoint(&mut tx, unit).await);
    }
    Ended::Batch(told, tx.commit(kept).await.map_err(|error| error.to_string()))
}

async fn run_in_savepoint(tx: &mut Tx, unit: BoxUnit) -> Finish {
    let savepoint = match tx.set_savepoint().await {
        Ok(savepoint) => savepoint,
        Err(error) => {
            tracing::error!(%error, "cannot set a savepoint");
            // Without one its changes could not be taken back alone. Dropping the unit tells its caller
            // that nothing happened.
            return Box::new(|_| ());
        }
    };
    let ran = unit(tx).await;
    let kept = if ran.is_kept { tx.release().await } else { Ok(()) };
    if ran.is_kept && kept.is_ok() {
        return ran.finish;
    }
    match kept.and(tx.roll_back_to(savepoint).await) {
        Ok(()) => ran.finish,
        Err(error) => Box::new(move |_| (ran.finish)(Err(error))),
    }
}

/// Where a part of a transaction begins that can be taken back by itself.
pub(super) struct Savepoint {
    /// What had been noted for other systems by then.
    mark: usize,
}

impl Tx {
    /// Begins such a part; not within another one, which would have the same name.
    pub(super) async fn set_savepoint(&mut self) -> Result<Savepoint, StoreError> {
        let statement = sql("SAVEPOINT part");
        match &mut self.connection {
            Connection::Sqlite(tx) => tx.set_savepoint(counted(statement)),
            Connection::Postgres(_) => self.run(statement).await.map(drop)?,
        }
        Ok(Savepoint { mark: self.outbox.mark() })
    }

    /// Keeps it.
    ///
    /// # Errors
    ///
    /// What something that was put ahead in it was refused for.
    pub(super) async fn release(&mut self) -> Result<(), StoreError> {
        let statement = sql("RELEASE SAVEPOINT part");
        match &mut self.connection {
            Connection::Sqlite(tx) => tx.release(counted(statement)).await,
            Connection::Postgres(_) => self.run(statement).await.map(drop),
        }
    }

    /// Takes it back, with what it noted for other systems.
    pub(super) async fn roll_back_to(&mut self, savepoint: Savepoint) -> Result<(), StoreError> {
        self.outbox.forget_after(savepoint.mark);
        let statement = sql("ROLLBACK TO SAVEPOINT part");
        match &mut self.connection {
            Connection::Sqlite(tx) => tx.roll_back_to(counted(statement)).await,
            Connection::Postgres(_) => self.run(statement).await.map(drop),
        }
    }

    /// Writes what other systems are to be told, and commits it with the rest.
    pub(super) async fn commit(mut self, kept: &mut Kept) -> Result<(), StoreError> {
        if let Err(error) = outbox::write(&mut self).await {
            self.rollback().await?;
            return Err(error);
        }
        match self.connection {
            Connection::Sqlite(tx) => kept.0 = Some(tx.commit().await?),
            Connection::Postgres(tx) => {
                let outcome = tx.commit().await;
                outcome.map_err(|error| StoreError::Uncertain(error.to_string()))?;
            }
        }
        self.outbox.committed();
        Ok(())
    }

    async fn rollback(self) -> Result<(), StoreError> {
        match self.connection {
            Connection::Sqlite(tx) => tx.rollback().await,
            Connection::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}

/// Empties the write-ahead log when nothing has been written for a while; under constant load the automatic
/// checkpoints do. Its file stays as large as it is: to write over it syncs sooner than to make it grow.
#[derive(Default)]
struct IdleCheckpoint {
    is_dirty: bool,
}

/// Quiet time after which the log is emptied.
const IDLE_BEFORE_CHECKPOINT: std::time::Duration = std::time::Duration::from_secs(5);

impl IdleCheckpoint {
    fn written(&mut self) {
        self.is_dirty = true;
    }

    async fn due(&self) {
        if self.is_dirty {
            tokio::time::sleep(IDLE_BEFORE_CHECKPOINT).await;
        } else {
            std::future::pending::<()>().await;
        }
    }

    async fn checkpoint(&mut self, db: &Db, kept: &mut Kept) {
        self.is_dirty = false;
        kept.0 = None;
        if let Db::Sqlite(_) = db
            && let Err(error) = db.run(sql("PRAGMA wal_checkpoint(PASSIVE)")).await
        {
            tracing::debug!(%error, "checkpoint has to wait");
        }
    }
}

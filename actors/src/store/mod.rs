//! All SQL of the project: one text per statement, for SQLite and PostgreSQL.
//!
//! Reads use a pool of readers; every write goes through the `writer` and is durable when it is
//! answered. Functions are named `insert_`, `find_` (an option), `get_` (an error when absent),
//! `list_`, `update_`, `delete_`.

mod agents;
mod aliases;
mod audit;
mod chats;
mod cloud_numbers;
mod cold_contacts;
mod company_groups;
mod contacts;
#[cfg(feature = "testing")]
mod counter;
mod customer_lookup;
mod customer_merges;
mod customer_pictures;
mod customers;
mod db;
mod decisions;
mod departments;
mod dialect;
mod documents;
mod error;
#[cfg(feature = "testing")]
mod fault;
mod files;
mod fold;
mod groups;
mod latencies;
mod media;
mod merged_rows;
mod message_changes;
mod message_rows;
mod message_templates;
mod messages;
mod moves;
mod notices;
mod notifications;
mod openings;
mod outbound_queue;
mod outbox;
mod page;
mod postal_codes;
mod presence;
mod queue_entries;
mod quick_replies;
mod ratings;
mod remarks;
mod reply_windows;
mod reports;
mod revision;
mod search;
mod seed;
mod segments;
mod session_copies;
mod session_states;
mod sessions;
mod settings;
mod sql;
mod sqlite_tx;
mod ticket_changes;
mod tickets;
mod web_records;
mod webhook_deliveries;
mod webhook_endpoints;
mod writer;

#[cfg(test)]
mod customer_tests;
#[cfg(test)]
mod merge_tests;
#[cfg(test)]
mod opening_tests;
#[cfg(test)]
mod remark_tests;
#[cfg(test)]
mod report_tests;
#[cfg(test)]
mod search_tests;
#[cfg(test)]
mod session_history_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod web_record_tests;
#[cfg(test)]
mod webhook_tests;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{sync::oneshot, task::JoinHandle};

use crate::{domain::NewMessage, metrics::Commits};

use db::{Db, Tx};
use fold::{Append, Folded};
use moves::Move;
use outbox::Recorder;
pub(crate) use outbox::Subjects;
use revision::Revision;
use sql::sql;
pub(crate) use writer::BATCH_JOBS_MAX;
use writer::{BoxFuture, Writer};

pub use agents::Login;
pub use aliases::{ChatAlias, Learnt};
pub use audit::AuditFilter;
pub use chats::{ChatActivity, ChatRow, ChatSort};
pub use cold_contacts::ColdContact;
pub use company_groups::{CompanyGroupFilter, CompanyGroupSort};
pub use contacts::{
    Company, ContactFilter, ContactScope, ContactSort, ContactView, NewRegistration, Registered,
};
#[cfg(feature = "testing")]
pub use counter::count_statements;
pub use customer_merges::{MergeView, Rearranged};
pub use customers::{
    CustomerFilter, CustomerScope, CustomerSort, CustomerStats, CustomerView, Deletion,
};
pub use departments::DepartmentLoad;
pub use documents::{DocumentFilter, DocumentScope, DocumentSort};
pub use error::StoreError;
#[cfg(feature = "testing")]
pub use fault::Fault;
pub use fold::Appended;
pub use message_changes::{Outcome as ChangeOutcome, PARKED_DAYS};
pub use message_templates::TemplateFilter;
pub use messages::{LatencyStats, MessageFilter, MessageSort, SessionMetrics};
pub use moves::{Moved, StatusReport};
pub use notices::NewNotice;
pub use openings::{NewTicket, OpenedTicket, OpeningCustomer};
pub use page::{Order, Page, Slice};
pub use presence::{PresenceFilter, PresenceTotal, StoredPresence};
pub use queue_entries::{EntryEdit, QueueFilter, QueueRow, QueueSort};
pub use quick_replies::QuickReplyFilter;
pub use ratings::{RatingCredit, RatingReply};
pub use remarks::TagCount;
pub use reports::ReportFilter;
pub use search::{SEARCH_RESULTS_MAX, SearchFilter};
pub use seed::Seed;
pub use session_copies::{Restored, SessionCopy, SessionDump};
pub use sessions::{SessionFilter, SessionSort};
pub use ticket_changes::{Changed, EntryChange, NewTransfer, TicketPlan};
pub use tickets::{Assignment, Scope, TicketFilter, TicketSort};
pub use web_records::{Claim, Record, RecordChange};
pub use webhook_deliveries::{DeliveryFilter, DueDelivery, Replay, Swept};

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    reader: Db,
    writer_pool: Db,
    writer: Writer,
    writer_task: Arc<Mutex<Option<JoinHandle<()>>>>,
    recorder: Arc<Recorder>,
    /// Of which numbers there are and of what they need to reach their network.
    numbers: Revision,
    #[cfg(feature = "testing")]
    faults: fault::Faults,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("database", &self.database_name()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database at `url` (`sqlite://…` or `postgres://…`) and brings its schema up to date.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let pools = db::open(url).await?;
        pools.side_by_side().unwrap_or(&pools.writer).migrate().await?;
        let recorder = Arc::<Recorder>::default();
        let (writer, task) = Writer::start(&pools, Arc::clone(&recorder));
        let store = Self {
            reader: pools.reader,
            writer_pool: pools.writer,
            writer,
            writer_task: Arc::new(Mutex::new(Some(task))),
            recorder,
            numbers: Revision::default(),
            #[cfg(feature = "testing")]
            faults: fault::Faults::default(),
        };
        store.fill_plain_texts().await?;
        store.fill_plain_notes().await?;
        store.follow_wishes().await?;
        Ok(store)
    }

    /// What is counted of commits, and how many jobs wait for the next one.
    pub(crate) fn commits(&self) -> (&Commits, usize) {
        self.writer.meters()
    }

    /// What kind of database this is, for people.
    pub fn database_name(&self) -> &'static str {
        match self.reader {
            Db::Sqlite(_) => "sqlite",
            Db::Postgres(_) => "postgresql",
        }
    }

    /// Fails when the database does not answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let (_one,): (i64,) = self.reader.one(sql("SELECT CAST(1 AS BIGINT)")).await?;
        Ok(())
    }

    /// Waits for the last commit and closes the database; other clones get [`StoreError::Closed`].
    pub async fn close(self) {
        let Self { reader, writer_pool, writer, writer_task, .. } = self;
        writer.close();
        let task = writer_task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            // A panic in it was logged when it happened.
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, task).await;
        }
        writer_pool.close().await;
        reader.close().await;
    }

    /// Runs a unit of work in a transaction and answers after the commit.
    async fn unit<T, F>(&self, unit: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Tx) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'static,
    {
        #[cfg(feature = "testing")]
        let fault = self.faults.before(std::any::type_name::<F>())?;
        let outcome = self.writer.unit(unit).await;
        #[cfg(feature = "testing")]
        return fault::after(fault, outcome);
        #[cfg(not(feature = "testing"))]
        outcome
    }

    /// Hands over a write that is folded with others of its kind, and answers after the commit.
    async fn fold<T>(
        &self,
        write: &str,
        folded: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Folded,
    ) -> Result<T, StoreError> {
        self.queue(write, folded).await?.outcome().await
    }

    /// Hands such a write over. Those of one caller stay in their order.
    async fn queue<T>(
        &self,
        #[cfg_attr(not(feature = "testing"), expect(unused_variables, reason = "for faults"))]
        write: &str,
        folded: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Folded,
    ) -> Result<Queued<T>, StoreError> {
        #[cfg(feature = "testing")]
        let fault = self.faults.before(write)?;
        let (reply, answer) = oneshot::channel();
        self.writer.fold(folded(reply)).await?;
        Ok(Queued {
            answer,
            #[cfg(feature = "testing")]
            fault,
        })
    }

    /// Stores a message and brings its ticket up to date, together with others that arrive now.
    /// `None` says that this message (by provider's or client's id) is there already.
    pub async fn append_message(
        &self,
        message: NewMessage,
    ) -> Result<Option<Appended>, StoreError> {
        let append = |reply| Folded::Append(Box::new(Append::new(message, reply)));
        self.fold("append_message", append).await
    }

    /// Moves messages up to the statuses that the provider reported, in this order; for each report
    /// what moved, or `None` when the status would go back or the message is not known.
    pub async fn report_statuses(
        &self,
        reports: Vec<StatusReport>,
    ) -> Vec<Result<Option<Moved>, StoreError>> {
        let mut queued = Vec::with_capacity(reports.len());
        for report in reports {
            let moved = |reply| Folded::Move(Box::new(Move { report, reply }));
            queued.push(self.queue("report_statuses", moved).await);
        }
        let mut outcomes = Vec::with_capacity(queued.len());
        for one in queued {
            outcomes.push(match one {
                Ok(one) => one.outcome().await,
                Err(error) => Err(error),
            });
        }
        outcomes
    }
}

/// A write that the writer has.
struct Queued<T> {
    answer: oneshot::Receiver<Result<T, StoreError>>,
    #[cfg(feature = "testing")]
    fault: Option<Fault>,
}

impl<T> Queued<T> {
    /// What became of it, after the commit.
    async fn outcome(self) -> Result<T, StoreError> {
        let outcome = self.answer.await.map_err(|_| StoreError::Closed)?;
        #[cfg(feature = "testing")]
        return fault::after(self.fault, outcome);
        #[cfg(not(feature = "testing"))]
        outcome
    }
}

/// How long the last commit may take when the hub stops.
const CLOSE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// Writes a unit of work as a closure: `unit!(tx => { … })`.
macro_rules! unit {
    ($tx:ident => $body:expr) => {
        move |$tx: &mut $crate::store::db::Tx| Box::pin(async move { $body })
    };
}
use unit;

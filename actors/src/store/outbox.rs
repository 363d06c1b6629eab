//! The outbox: what other systems are to be told, written in the transaction of the change itself, so that
//! neither is there without the other.
//!
//! A transaction gathers its events in memory; they are written just before its commit, those of a whole
//! batch with one statement. Nobody wants to hear of a kind: nothing is gathered, and nothing written.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use tokio::sync::Notify;

use super::{
    Store, StoreError,
    db::Tx,
    fold::run_chunked,
    openings::NewTicket,
    sql::{Sql, sql},
    tickets::TICKET_VIEWS,
    unit,
};
use crate::domain::{
    AgentId, DecisionKind, DepartmentId, Direction, IntegrationEventId, List, Message,
    MessageRowId, MessageStatus, NewMessage, Ticket, TicketId, TicketView, Timestamp, Transfer,
    TransferId, WebhookId, WhatsAppSession,
    message_change::StoredChange,
    webhook::{EventKind, IntegrationEvent, NewIntegrationEvent, Subject, Wanted},
};

/// Which kinds are wanted at present, and a bell that rings after a commit with events.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    wanted: AtomicU32,
    /// Held by whoever reads the wishes anew, so that an older reading does not take a newer one's place.
    reading: tokio::sync::Mutex<()>,
    bell: Notify,
}

impl Recorder {
    fn wanted(&self) -> Wanted {
        Wanted(self.wanted.load(Ordering::Acquire))
    }
}

/// The events of one transaction.
#[derive(Debug)]
pub(crate) struct Outbox {
    recorder: Arc<Recorder>,
    /// As it was when the transaction began.
    wanted: Wanted,
    events: Vec<NewIntegrationEvent>,
}

impl Outbox {
    pub(super) fn new(recorder: &Arc<Recorder>) -> Self {
        Self { wanted: recorder.wanted(), recorder: Arc::clone(recorder), events: Vec::new() }
    }

    pub(super) fn wants(&self, kind: EventKind) -> bool {
        self.wanted.contains(kind)
    }

    /// Where a savepoint begins.
    pub(super) fn mark(&self) -> usize {
        self.events.len()
    }

    /// A savepoint is taken back.
    pub(super) fn forget_after(&mut self, mark: usize) {
        self.events.truncate(mark);
    }

    pub(super) fn committed(self) {
        if !self.events.is_empty() {
            self.recorder.bell.notify_one();
        }
    }

    fn add(&mut self, kind: EventKind, at: Timestamp, subject: Subject) {
        if self.wants(kind) {
            self.events.push(NewIntegrationEvent { kind, at, subject });
        }
    }

    /// A message has been stored: a customer's, or one that the company wrote on its phone. What goes out
    /// from here is told when it has left.
    pub(super) fn message_came(&mut self, message: &NewMessage, id: MessageRowId) {
        let (kind, message_status) = match message.direction {
            Direction::Inbound => (EventKind::MessageReceived, MessageStatus::Delivered),
            Direction::Outbound if message.is_sent => (EventKind::MessageSent, MessageStatus::Sent),
            Direction::Outbound => return,
        };
        let subject = Subject {
            session_id: Some(message.session_id),
            ticket_id: message.ticket_id,
            message_id: Some(id),
            message_status: Some(message_status),
            ..Subject::default()
        };
        self.add(kind, message.at, subject);
    }

    /// How far a message has come. That it is being handed over is nobody's business.
    pub(super) fn message_moved(&mut self, message: &Message, is_first_proof: bool, at: Timestamp) {
        if message.status == MessageStatus::Sending {
            return;
        }
        let subject = subject_of(message);
        if is_first_proof || message.status == MessageStatus::Failed {
            self.add(EventKind::MessageSent, at, subject.clone());
        }
        self.add(EventKind::MessageStatus, at, subject);
    }

    pub(super) fn message_changed(&mut self, message: &Message, change: &StoredChange) {
        let subject = Subject { change_id: Some(change.id), ..subject_of(message) };
        self.add(EventKind::MessageUpdated, change.at, subject);
    }

    pub(super) fn media_changed(&mut self, message: &Message, at: Timestamp) {
        self.add(EventKind::MediaStatus, at, subject_of(message));
    }

    pub(super) fn chat_opened(&mut self, new: &NewTicket, id: TicketId) {
        let subject = Subject {
            session_id: Some(new.key.session_id),
            ticket_id: Some(id),
            department_id: Some(new.department_id),
            ..Subject::default()
        };
        self.add(EventKind::NewChat, new.at, subject);
    }

    pub(super) fn chat_assigned(&mut self, ticket: &Ticket, at: Timestamp) {
        self.add(EventKind::ChatAssigned, at, subject_of_chat(ticket));
    }

    pub(super) fn chat_transferred(&mut self, ticket: &Ticket, transfer: &Transfer) {
        let subject = Subject { transfer_id: Some(transfer.id), ..subject_of_chat(ticket) };
        self.add(EventKind::ChatTransferred, transfer.created_at, subject);
    }

    /// What a decision about a ticket means to others, besides a hand-over; offers are nobody's business.
    pub(super) fn chat_decided(
        &mut self,
        ticket: &Ticket,
        decision: Option<DecisionKind>,
        from: Option<DepartmentId>,
        at: Timestamp,
    ) {
        let kind = match decision {
            Some(DecisionKind::Assigned | DecisionKind::Accepted) => EventKind::ChatAssigned,
            Some(DecisionKind::Requeued | DecisionKind::TransferReturned) => {
                EventKind::ChatRequeued
            }
            Some(DecisionKind::Overflowed) => EventKind::ChatOverflowed,
            Some(
                DecisionKind::Offered
                | DecisionKind::OfferDeclined
                | DecisionKind::OfferExpired
                | DecisionKind::Transferred
                | DecisionKind::Pinned,
            ) => return,
            None if ticket.status.is_open() => return,
            None if ticket.is_auto_closed => EventKind::ChatAutoClosed,
            None => EventKind::ChatClosed,
        };
        let subject = Subject { from_department_id: from, ..subject_of_chat(ticket) };
        self.add(kind, at, subject);
    }

    pub(super) fn chat_rated(&mut self, ticket: &Ticket, at: Timestamp) {
        let Ticket { rating, rated_by, .. } = ticket;
        let subject = Subject { rating: *rating, rated_by: *rated_by, ..subject_of_chat(ticket) };
        self.add(EventKind::ChatRated, at, subject);
    }

    pub(super) fn session_changed(&mut self, session: &WhatsAppSession) {
        let subject = Subject {
            session_id: Some(session.id),
            session_status: Some(session.status),
            ..Subject::default()
        };
        self.add(EventKind::SessionStatus, session.updated_at, subject);
    }
}

fn subject_of(message: &Message) -> Subject {
    Subject {
        session_id: Some(message.session_id),
        ticket_id: message.ticket_id,
        message_id: Some(message.id),
        message_status: Some(message.status),
        ..Subject::default()
    }
}

fn subject_of_chat(ticket: &Ticket) -> Subject {
    Subject {
        session_id: Some(ticket.session_id),
        ticket_id: Some(ticket.id),
        department_id: Some(ticket.department_id),
        agent_id: ticket.agent_id,
        ..Subject::default()
    }
}

/// Writes the events of a transaction, just before its commit.
pub(super) async fn write(tx: &mut Tx) -> Result<(), StoreError> {
    let events = std::mem::take(&mut tx.outbox.events);
    let written = run_chunked(tx, &events, insert).await;
    tx.outbox.events = events;
    written
}

fn insert(events: &[NewIntegrationEvent]) -> Sql {
    let values = |event: &NewIntegrationEvent| {
        let NewIntegrationEvent { kind, at, subject } = event;
        let Subject {
            session_id,
            ticket_id,
            message_id,
            change_id,
            transfer_id,
            department_id,
            from_department_id,
            agent_id,
            rated_by,
            rating,
            message_status,
            session_status,
        } = *subject;
        [
            ("event_id", new_event_id().into()),
            ("kind", (*kind).into()),
            ("at", (*at).into()),
            ("session_id", session_id.into()),
            ("ticket_id", ticket_id.into()),
            ("message_id", message_id.into()),
            ("change_id", change_id.into()),
            ("transfer_id", transfer_id.into()),
            ("department_id", department_id.into()),
            ("from_department_id", from_department_id.into()),
            ("agent_id", agent_id.into()),
            ("rated_by", rated_by.into()),
            ("rating", rating.into()),
            ("message_status", message_status.into()),
            ("session_status", session_status.into()),
        ]
    };
    sql("INSERT INTO integration_events").push_values(events.iter().map(values).collect())
}

/// A random UUID; made without asking the kernel for each event.
fn new_event_id() -> String {
    let id = uuid::Builder::from_random_bytes(rand::random()).into_uuid();
    format!("evt_{}", id.simple())
}

impl Store {
    /// Rings after a commit with events for other systems. For one listener.
    pub async fn integration_events(&self) {
        self.recorder.bell.notified().await;
    }

    /// Somebody has something to do: a delivery was made that no change stands behind.
    pub(super) fn ring(&self) {
        self.recorder.bell.notify_one();
    }

    /// Reads anew which kinds are wanted. What is committed before it returns may not have been written.
    pub(super) async fn follow_wishes(&self) -> Result<(), StoreError> {
        let _reading = self.recorder.reading.lock().await;
        let select = sql("SELECT events FROM webhook_endpoints WHERE is_active");
        let rows: Vec<(String,)> = self.reader.all(select).await?;
        let wanted = rows.into_iter().flat_map(|(events,)| List::<EventKind>::from(events).0);
        let Wanted(bits) = wanted.collect();
        self.recorder.wanted.store(bits, Ordering::Release);
        Ok(())
    }

    /// Events that have not been put together yet, in the order in which they were written.
    pub async fn list_new_events(&self, limit: i64) -> Result<Vec<IntegrationEvent>, StoreError> {
        let select =
            sql("SELECT * FROM integration_events WHERE body IS NULL ORDER BY id LIMIT $1");
        self.reader.all(select.bind(limit)).await
    }

    /// Keeps what is sent of each event, and makes a delivery for each endpoint that wants it; all or
    /// nothing. An event without a body tells of something that is not there any more: it is forgotten.
    pub async fn publish_events(
        &self,
        events: Vec<(IntegrationEvent, Option<String>)>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.unit(unit!(tx => {
            let endpoints = sql("SELECT id, events FROM webhook_endpoints WHERE is_active ORDER BY id");
            let endpoints: Vec<(WebhookId, String)> = tx.all(endpoints).await?;
            let endpoints: Vec<(WebhookId, List<EventKind>)> =
                endpoints.into_iter().map(|(id, events)| (id, events.into())).collect();
            let mut bodies = Vec::with_capacity(events.len());
            let mut deliveries = Vec::new();
            for (event, body) in events {
                let Some(body) = body else {
                    let delete = sql("DELETE FROM integration_events WHERE id = $1");
                    tx.run(delete.bind(event.id)).await?;
                    continue;
                };
                bodies.push((event.id, body));
                let wanting = endpoints.iter().filter(|(_, kinds)| kinds.contains(&event.kind));
                deliveries.extend(wanting.map(|(endpoint, _)| (*endpoint, event.id)));
            }
            keep_bodies(tx, &bodies).await?;
            insert_deliveries(tx, &deliveries, now).await
        }))
        .await
    }
}

/// The rows that some events speak of.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    pub(crate) messages: HashMap<MessageRowId, Message>,
    pub(crate) changes: HashMap<i64, StoredChange>,
    pub(crate) tickets: HashMap<TicketId, TicketView>,
    pub(crate) first_messages: HashMap<TicketId, String>,
    pub(crate) transfers: HashMap<TransferId, Transfer>,
}

impl Store {
    /// What events speak of, as it is now: a few statements, however many they are.
    pub(crate) async fn read_subjects(
        &self,
        events: &[IntegrationEvent],
    ) -> Result<Subjects, StoreError> {
        let mut found = Subjects::default();
        let of_chats = |event: &&IntegrationEvent| event.subject.message_id.is_none();
        let messages = || events.iter().filter_map(|event| event.subject.message_id);
        if messages().next().is_some() {
            let select = sql("SELECT * FROM messages WHERE id IN").push_in("", messages());
            let rows: Vec<Message> = self.reader.all(select).await?;
            found.messages = rows.into_iter().map(|row| (row.id, row)).collect();
        }
        let changes = || events.iter().filter_map(|event| event.subject.change_id);
        if changes().next().is_some() {
            let select = sql("SELECT * FROM message_changes WHERE id IN").push_in("", changes());
            let rows: Vec<StoredChange> = self.reader.all(select).await?;
            found.changes = rows.into_iter().map(|row| (row.id, row)).collect();
        }
        let tickets = || events.iter().filter(of_chats).filter_map(|event| event.subject.ticket_id);
        if tickets().next().is_some() {
            let select = sql(TICKET_VIEWS).push_in(" AND t.id IN", tickets());
            let rows: Vec<TicketView> = self.reader.all(select).await?;
            found.tickets = rows.into_iter().map(|row| (row.ticket.id, row)).collect();
            let select =
                sql("SELECT ticket_id, first_message FROM queue_entries WHERE ticket_id IN")
                    .push_in("", tickets());
            found.first_messages = self.reader.all(select).await?.into_iter().collect();
        }
        let transfers = || events.iter().filter_map(|event| event.subject.transfer_id);
        if transfers().next().is_some() {
            let select = sql("SELECT * FROM transfers WHERE id IN").push_in("", transfers());
            let rows: Vec<Transfer> = self.reader.all(select).await?;
            found.transfers = rows.into_iter().map(|row| (row.id, row)).collect();
        }
        Ok(found)
    }
}

async fn keep_bodies(
    tx: &mut Tx,
    bodies: &[(IntegrationEventId, String)],
) -> Result<(), StoreError> {
    run_chunked(tx, bodies, |chunk| {
        let update = sql("UPDATE integration_events SET body = v.column2 FROM (VALUES ")
            .push_rows(chunk, |row, (id, body)| {
                row.push_bind("", *id).push_bind(", ", body.as_str())
            });
        update.push(") AS v WHERE integration_events.id = v.column1")
    })
    .await
}

/// Deliveries to be tried at once. One that is there already stays as it is.
pub(super) async fn insert_deliveries(
    tx: &mut Tx,
    deliveries: &[(WebhookId, IntegrationEventId)],
    now: Timestamp,
) -> Result<(), StoreError> {
    run_chunked(tx, deliveries, |chunk| {
        let insert = sql("INSERT INTO webhook_deliveries (endpoint_id, event_row_id, status, \
             attempts, replays, next_attempt_at, last_error, last_answer, created_at, \
             waiting_since) VALUES ")
        .push_rows(chunk, |row, (endpoint, event)| {
            row.push_bind("", *endpoint)
                .push_bind(", ", *event)
                .push_bind(", 'pending', 0, 0, ", now)
                .push_bind(", '', '', ", now)
                .push_bind(", ", now)
        });
        insert.push(" ON CONFLICT DO NOTHING")
    })
    .await
}

/// An event of its own, with its body: a test of one endpoint.
pub(super) async fn insert_ping(
    tx: &mut Tx,
    event_id: &str,
    body: &str,
    now: Timestamp,
    by: AgentId,
) -> Result<IntegrationEventId, StoreError> {
    let insert = sql("INSERT INTO integration_events (event_id, kind, at, agent_id, body) \
         VALUES ($1, $2, $3, $4, $5) RETURNING id");
    let insert = insert.bind(event_id).bind(EventKind::Ping).bind(now).bind(by).bind(body);
    let (id,): (IntegrationEventId,) = tx.one(insert).await?;
    Ok(id)
}

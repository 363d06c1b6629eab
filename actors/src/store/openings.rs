//! Chats that begin: the customer, the ticket, its place in the queue and its first message. Those that begin at
//! the same time are written together.

use std::collections::{HashMap, HashSet};

use tokio::sync::oneshot;

use super::{
    Store, StoreError, customer_lookup as lookup, customers,
    db::Tx,
    fold::{self, Folded, in_savepoint, is_message_key, run_chunked, statement_chunks},
    queue_entries, segments,
    sql::sql,
    writer::{Finish, finish},
};
use crate::domain::{
    Customer, CustomerDetails, CustomerId, DepartmentId, Message, NewMessage, Priority, QueueEntry,
    SessionId, Ticket, TicketId, Timestamp,
    customer::placeholder_name,
    ids::ChatKey,
    queue::{Promise, STICKY_WINDOW},
    rating::RATING_WINDOW,
};

/// Whom a new ticket is for.
#[derive(Debug, Clone)]
pub enum OpeningCustomer {
    Known(CustomerId),
    /// Found by the number, or created with this name (or "Cliente" and the number when empty).
    ByPhone {
        name: String,
    },
}

/// A chat that begins: the customer wrote, or somebody put him into a queue.
#[derive(Debug, Clone)]
pub struct NewTicket {
    pub key: ChatKey,
    pub phone: String,
    pub customer: OpeningCustomer,
    pub department_id: DepartmentId,
    pub priority: Priority,
    pub first_message: String,
    /// The message that opens it; a chat opened by hand has none.
    pub message: Option<NewMessage>,
    pub promise: Promise,
    pub at: Timestamp,
}

/// What was stored for a new ticket.
#[derive(Debug, Clone)]
pub struct OpenedTicket {
    pub ticket: Ticket,
    pub customer: Customer,
    pub entry: QueueEntry,
    pub message: Option<Message>,
}

/// A chat to open, and whom to tell.
pub(super) struct Opening {
    pub(super) new: NewTicket,
    pub(super) reply: oneshot::Sender<Result<OpenedTicket, StoreError>>,
}

impl Store {
    /// Opens a ticket with its queue entry, customer and first message, all or nothing, together with others
    /// that are opened now. `None` says that the message is there already. A second open ticket of the chat is
    /// refused by the index `tickets_open_chat_key` ([`StoreError::Unique`]).
    pub async fn open_ticket(&self, new: NewTicket) -> Result<Option<OpenedTicket>, StoreError> {
        let opening = |reply| Folded::Open(Box::new(Opening { new, reply }));
        match self.fold("open_ticket", opening).await {
            Err(StoreError::Unique { constraint }) if is_message_key(&constraint) => Ok(None),
            opened => opened.map(Some),
        }
    }
}

/// Opens those whose number and chat no other one before them has; what is left is for another round. When they
/// are refused together they are tried one by one, so that a bad one fails alone.
pub(super) async fn round(
    tx: &mut Tx,
    openings: Vec<Opening>,
    told: &mut Vec<Finish>,
) -> Vec<Opening> {
    let mut seen = HashSet::new();
    let (mut round, mut later) = (Vec::new(), Vec::new());
    for opening in openings {
        let is_first = seen.insert(opening.new.phone.clone())
            & seen.insert(format!("{}/{}", opening.new.key.session_id, opening.new.key.chat_id));
        if is_first { round.push(opening) } else { later.push(opening) }
    }
    let news: Vec<&NewTicket> = round.iter().map(|opening| &opening.new).collect();
    let together = in_savepoint(tx, async |tx| open(tx, &news).await).await;
    let outcomes: Vec<_> = match together {
        Ok(opened) => opened.into_iter().map(Ok).collect(),
        Err(error) if news.len() == 1 => vec![Err(error)],
        Err(_) => {
            let mut outcomes = Vec::with_capacity(news.len());
            for new in &news {
                let one = in_savepoint(tx, async |tx| open_one(tx, new).await).await;
                outcomes.push(one);
            }
            outcomes
        }
    };
    for (opening, outcome) in round.into_iter().zip(outcomes) {
        told.push(finish(opening.reply, outcome));
    }
    later
}

pub(super) async fn open_one(tx: &mut Tx, new: &NewTicket) -> Result<OpenedTicket, StoreError> {
    open(tx, &[new]).await?.pop().ok_or(StoreError::Stale)
}

/// All or none of them; no two are of the same chat or number.
async fn open(tx: &mut Tx, news: &[&NewTicket]) -> Result<Vec<OpenedTicket>, StoreError> {
    let customers = customers_for(tx, news).await?;
    let ids = insert_tickets(tx, news, &customers).await?;
    for (new, id) in news.iter().zip(&ids) {
        // Told before its first message.
        tx.outbox.chat_opened(new, *id);
    }
    let messages = append_first(tx, news, &ids).await?;
    insert_entries(tx, news, &customers, &ids).await?;
    let mut entries = queue_entries::list_of(tx, &ids).await?;
    let mut tickets: HashMap<TicketId, Ticket> = HashMap::with_capacity(ids.len());
    for chunk in statement_chunks(&ids) {
        let select = sql("SELECT * FROM tickets WHERE ").push_in("id IN", chunk.iter().copied());
        tickets.extend(tx.all::<Ticket>(select).await?.into_iter().map(|row| (row.id, row)));
    }
    let begun = news.iter().zip(&ids).filter_map(|(new, id)| Some((tickets.get(id)?, new.at)));
    segments::follow(tx, &begun.collect::<Vec<_>>()).await?;
    let parts = ids.into_iter().zip(customers).zip(messages);
    let opened = parts.map(|((id, customer), message)| {
        let (ticket, entry) = (tickets.remove(&id), entries.remove(&id));
        let (ticket, entry) = ticket.zip(entry).ok_or(StoreError::Stale)?;
        Ok(OpenedTicket { ticket, customer, entry, message })
    });
    opened.collect()
}

/// In their order. Numbers that nobody has become customers.
async fn customers_for(tx: &mut Tx, news: &[&NewTicket]) -> Result<Vec<Customer>, StoreError> {
    let by_phone = |new: &&&NewTicket| matches!(new.customer, OpeningCustomer::ByPhone { .. });
    let phones: Vec<&str> = news.iter().filter(by_phone).map(|new| new.phone.as_str()).collect();
    let mut found = lookup::find_by_phones(tx, &phones).await?;
    let (mut unknown, mut at) = (Vec::new(), Timestamp::EPOCH);
    for new in news {
        let OpeningCustomer::ByPhone { name } = &new.customer else { continue };
        if found.contains_key(&new.phone) {
            continue;
        }
        let placeholder = placeholder_name(&new.phone);
        let name = if name.is_empty() { &placeholder } else { name };
        unknown.push(customers::known_by(name, None, Some(&new.phone)));
        at = at.max(new.at);
    }
    let unknown: Vec<&CustomerDetails> = unknown.iter().collect();
    for customer in customers::insert_all(tx, &unknown, None, at).await? {
        if let Some(phone) = customer.details.phone.clone() {
            found.insert(phone, customer);
        }
    }
    let mut customers = Vec::with_capacity(news.len());
    for new in news {
        let customer = match &new.customer {
            OpeningCustomer::ByPhone { .. } => found.remove(&new.phone).ok_or(StoreError::Stale)?,
            OpeningCustomer::Known(id) => lookup::hold(tx, *id).await?.ok_or_else(|| {
                StoreError::ForeignKey { constraint: "tickets_customer_id_fkey".to_owned() }
            })?,
        };
        customers.push(customer);
    }
    Ok(customers)
}

/// How many requests for a rating in a row these tickets come instead of an answer to, by chat; those of which
/// there is none are left out.
async fn unanswered_requests(
    tx: &mut Tx,
    news: &[&NewTicket],
) -> Result<HashMap<ChatKey, i64>, StoreError> {
    type Newest = (SessionId, String, Option<i64>, Option<Timestamp>, i64);
    let mut requests = HashMap::new();
    let at: HashMap<&ChatKey, Timestamp> = news.iter().map(|new| (&new.key, new.at)).collect();
    for chunk in statement_chunks(news) {
        let select = sql("SELECT session_id, chat_id, rating, rating_asked_at, rating_requests \
             FROM tickets WHERE id IN (SELECT MAX(id) FROM tickets WHERE ")
        .push_in("chat_id IN", chunk.iter().map(|new| new.key.chat_id.as_str()))
        .push(" GROUP BY session_id, chat_id)");
        for (session_id, chat_id, rating, asked_at, before) in tx.all::<Newest>(select).await? {
            let key = ChatKey { session_id, chat_id };
            if let (None, Some(asked_at), Some(now)) = (rating, asked_at, at.get(&key))
                && now.since(asked_at) <= RATING_WINDOW
            {
                requests.insert(key, before + 1);
            }
        }
    }
    Ok(requests)
}

async fn insert_tickets(
    tx: &mut Tx,
    news: &[&NewTicket],
    customers: &[Customer],
) -> Result<Vec<TicketId>, StoreError> {
    let requests = unanswered_requests(tx, news).await?;
    let mut ids = Vec::with_capacity(news.len());
    let rows: Vec<(&NewTicket, CustomerId)> =
        news.iter().copied().zip(customers.iter().map(|customer| customer.id)).collect();
    for chunk in statement_chunks(&rows) {
        let insert =
            sql("INSERT INTO tickets (session_id, chat_id, phone, customer_id, department_id, \
             status, priority, version, customer_messages, agent_messages, rating_comment, notes, \
             created_at, updated_at, awaiting_since, rating_requests, answer_due_at) VALUES ")
            .push_rows(chunk, |row, (new, customer_id)| {
                row.push_bind("", new.key.session_id)
                    .push_bind(", ", new.key.chat_id.as_str())
                    .push_bind(", ", new.phone.as_str())
                    .push_bind(", ", *customer_id)
                    .push_bind(", ", new.department_id)
                    .push_bind(", 'waiting', ", new.priority)
                    .push_bind(", 1, 0, 0, '', '', ", new.at)
                    .push_bind(", ", new.at)
                    .push_bind(", ", new.at)
                    .push_bind(", ", requests.get(&new.key).copied().unwrap_or_default())
                    .push_bind(", ", new.promise.due_at)
            });
        ids.extend(tx.insert_rows(insert, chunk.len()).await?.into_iter().map(TicketId));
    }
    Ok(ids)
}

/// The messages that open them; a chat that is opened by hand has none. A repeat is a [`StoreError::Unique`].
async fn append_first(
    tx: &mut Tx,
    news: &[&NewTicket],
    ids: &[TicketId],
) -> Result<Vec<Option<Message>>, StoreError> {
    let with_ticket = |(new, id): (&&NewTicket, &TicketId)| {
        let message = new.message.clone()?;
        Some(NewMessage { ticket_id: Some(*id), ..message })
    };
    let messages: Vec<NewMessage> = news.iter().zip(ids).filter_map(with_ticket).collect();
    let mut stored = fold::append_stored(tx, messages).await?.into_iter();
    Ok(news.iter().map(|new| new.message.as_ref().and_then(|_| stored.next())).collect())
}

async fn insert_entries(
    tx: &mut Tx,
    news: &[&NewTicket],
    customers: &[Customer],
    ids: &[TicketId],
) -> Result<(), StoreError> {
    let rows: Vec<_> = news.iter().zip(customers).zip(ids).collect();
    run_chunked(tx, &rows, |chunk| {
        sql("INSERT INTO queue_entries (ticket_id, department_id, customer_id, \
             chat_id, phone, first_message, priority, entered_at, sticky_agent_id, queued_at, \
             closing_at, due_at) VALUES ")
        .push_rows(chunk, |row, ((new, customer), id)| {
            row.push_bind("", **id)
                .push_bind(", ", new.department_id)
                .push_bind(", ", customer.id)
                .push_bind(", ", new.key.chat_id.as_str())
                .push_bind(", ", new.phone.as_str())
                .push_bind(", ", new.first_message.as_str())
                .push_bind(", ", new.priority)
                .push_bind(", ", new.at)
                .push_bind(", (SELECT agent_id FROM tickets WHERE customer_id = ", customer.id)
                .push_bind(
                    " AND agent_id IS NOT NULL AND updated_at >= ",
                    new.at.minus(STICKY_WINDOW),
                )
                .push_bind(" ORDER BY id DESC LIMIT 1), ", new.at)
                .push_bind(", ", new.promise.closing_at)
                .push_bind(", ", new.promise.due_at)
        })
    })
    .await
}

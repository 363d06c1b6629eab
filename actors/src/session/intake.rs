//! From a provider's events to the hub, in order and without making the number's actor wait.
//!
//! One task per connection. Messages of different customers are stored side by side, those of one
//! customer one after the other; reports of one batch share a commit and are told in their order.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{sync::mpsc, task::JoinSet};

use super::{
    customer_typing::CustomerTyping,
    provider::{ChangeDelivery, Delivery, ProviderEvent},
};
use crate::{
    chat::audience_of_message,
    domain::{MessageChange, MessageStatus, SessionId, ids::ChatKey, session::GroupRule},
    error::HubError,
    events::{Audience, ChatAudience, HubEvent},
    hub::Context,
    store::{Moved, StatusReport},
};

/// Events taken at once.
const BATCH_MAX: usize = 256;
/// How often indicators of customers are looked at while there are any.
const TYPING_TICK: Duration = Duration::from_millis(500);

/// Runs until the provider is gone. `generation` names the connection, so that what an old one still
/// tells is not taken for the new one's.
pub(super) async fn run(
    context: Arc<Context>,
    session_id: SessionId,
    generation: u64,
    mut events: mpsc::Receiver<ProviderEvent>,
) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    let mut typing = CustomerTyping::new(context.config.typing_ttl);
    loop {
        let received = tokio::select! {
            received = events.recv_many(&mut batch, BATCH_MAX) => received,
            () = tokio::time::sleep(TYPING_TICK), if !typing.is_empty() => {
                for chat_id in typing.expire(context.clock.now()) {
                    tell_typing(&context, ChatKey { session_id, chat_id }, false).await;
                }
                continue;
            }
        };
        if received == 0 {
            break;
        }
        take(&context, session_id, generation, &mut batch, &mut typing).await;
    }
    for chat_id in typing.take_all() {
        tell_typing(&context, ChatKey { session_id, chat_id }, false).await;
    }
}

async fn take(
    context: &Arc<Context>,
    session_id: SessionId,
    generation: u64,
    batch: &mut Vec<ProviderEvent>,
    typing: &mut CustomerTyping,
) {
    let mut inbound: Vec<Incoming> = Vec::new();
    let mut reports: Vec<StatusReport> = Vec::new();
    for event in batch.drain(..) {
        match event {
            ProviderEvent::Inbound(mut delivery) => {
                let address = std::mem::take(&mut delivery.message.chat_id);
                delivery.message.chat_id = context.sessions.chat_of(session_id, address).chat_id;
                // What was typed is here.
                if typing.stop(&delivery.message.chat_id) {
                    let chat_id = delivery.message.chat_id.clone();
                    tell_typing(context, ChatKey { session_id, chat_id }, false).await;
                }
                inbound.push(Incoming::Message(*delivery));
            }
            ProviderEvent::Change(delivery) => {
                let ChangeDelivery { change, stored } = *delivery;
                let ChatKey { chat_id, .. } =
                    context.sessions.chat_of(session_id, change.chat_id.clone());
                let change = MessageChange { chat_id, ..change };
                inbound.push(Incoming::Change(ChangeDelivery { change, stored }));
            }
            ProviderEvent::Alias { chat_id, alias } => {
                // What came before it belongs to the address that it had then.
                flush(context, session_id, &mut inbound, &mut reports).await;
                context.sessions.learn_alias(session_id, chat_id, alias).await;
            }
            ProviderEvent::Status { message_id, status, at, error } => {
                let network_id = None;
                let report = StatusReport { session_id, message_id, status, at, error, network_id };
                reports.push(report);
            }
            ProviderEvent::Typing { chat_id, is_typing } => {
                let ChatKey { chat_id, .. } = context.sessions.chat_of(session_id, chat_id);
                let is_news = if is_typing {
                    typing.start(&chat_id, context.clock.now())
                } else {
                    typing.stop(&chat_id)
                };
                if is_news {
                    tell_typing(context, ChatKey { session_id, chat_id }, is_typing).await;
                }
            }
            state => {
                flush(context, session_id, &mut inbound, &mut reports).await;
                context.sessions.provider_event(session_id, generation, state).await;
            }
        }
    }
    flush(context, session_id, &mut inbound, &mut reports).await;
}

async fn flush(
    context: &Arc<Context>,
    session_id: SessionId,
    inbound: &mut Vec<Incoming>,
    reports: &mut Vec<StatusReport>,
) {
    deliver(context, session_id, std::mem::take(inbound)).await;
    let early = context.sessions.early_reports();
    let due = std::mem::take(reports).into_iter().filter_map(|report| early.keep(report));
    // Logged already, and a connection cannot be told to report again.
    let _ = report(context, due.collect()).await;
}

/// Stores and routes what customers wrote. What cannot be stored now is left to the provider's own
/// redelivery; it is not acknowledged.
async fn deliver(context: &Arc<Context>, session_id: SessionId, inbound: Vec<Incoming>) {
    let mut by_chat: BTreeMap<String, Vec<Incoming>> = BTreeMap::new();
    for incoming in inbound {
        by_chat.entry(incoming.chat_id().to_owned()).or_default().push(incoming);
    }
    let mut chats = JoinSet::new();
    for incoming in by_chat.into_values() {
        let context = Arc::clone(context);
        chats.spawn(async move {
            for incoming in incoming {
                incoming.store(&context, session_id).await;
            }
        });
    }
    while chats.join_next().await.is_some() {}
}

/// Something that belongs to a chat and has to keep its order there.
enum Incoming {
    Message(Delivery),
    Change(ChangeDelivery),
}

impl Incoming {
    fn chat_id(&self) -> &str {
        match self {
            Self::Message(delivery) => &delivery.message.chat_id,
            Self::Change(delivery) => &delivery.change.chat_id,
        }
    }

    async fn store(self, context: &Arc<Context>, session_id: SessionId) {
        let is_dropped =
            context.sessions.group_rule(session_id, self.chat_id()) == Some(GroupRule::Dropped);
        let (outcome, stored) = match self {
            Self::Message(Delivery { stored, .. })
            | Self::Change(ChangeDelivery { stored, .. })
                if is_dropped =>
            {
                tracing::debug!(session.id = %session_id, "what was said in a group is not kept");
                (Ok(()), stored)
            }
            Self::Message(Delivery { message, stored }) => {
                let outcome = context.sessions.receive(&context.chats, session_id, message).await;
                (outcome.map(drop), stored)
            }
            Self::Change(ChangeDelivery { change, stored }) => {
                (context.chats.change(session_id, change).await.map(drop), stored)
            }
        };
        if let Err(error) = &outcome {
            tracing::error!(%error, session.id = %session_id, "what came in was not stored");
        }
        if let Some(stored) = stored {
            // The connection is gone: the network delivers again.
            let _ = stored.send(outcome.is_ok());
        }
    }
}

/// Moves statuses up and tells of each step, in the order of the reports. All are tried; the last
/// failure is returned.
pub(crate) async fn report(context: &Context, reports: Vec<StatusReport>) -> Result<(), HubError> {
    let mut outcome = Ok(());
    for step in context.store.report_statuses(reports).await {
        match step {
            Ok(Some(moved)) => tell_moved(context, moved).await,
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%error, "status was not stored");
                outcome = Err(error.into());
            }
        }
    }
    outcome
}

/// Tells the sender and whoever may see the chat how far a message has come; that it has been sent,
/// or never will be, is an event of its own, once.
pub(crate) async fn tell_moved(context: &Context, moved: Moved) {
    let Moved { message, is_first_proof } = moved;
    let audience = audience_of_message(context, &message).await;
    let at = context.clock.now();
    let (message_id, chat_id) = (message.message_id.clone(), message.chat_id.clone());
    let status = message.status;
    if is_first_proof || status == MessageStatus::Failed {
        context.publish(&audience, HubEvent::MessageSent { message, at });
    }
    let event = HubEvent::MessageStatusChanged { message_id, chat_id, status, at };
    context.publish(&audience, event);
}

/// A customer types: whoever may see the chat sees it.
async fn tell_typing(context: &Context, key: ChatKey, is_typing: bool) {
    let found = context.store.find_open_ticket(&key).await;
    let Ok(Some(view)) = found else { return };
    let chat_id = key.chat_id;
    let audience = Audience::Chat(ChatAudience { ..crate::chat::audience_of(&view.ticket) });
    let (from, at) = (view.ticket.phone, context.clock.now());
    let event = if is_typing {
        HubEvent::TypingStarted { chat_id, from, at }
    } else {
        HubEvent::TypingStopped { chat_id, from, at }
    };
    context.publish(&audience, event);
}

//! Of messages that were accepted and not shown to whoever had to be told: whether the hub has them all
//! the same. Events die with the hub; what it has answered must not.

use std::collections::BTreeSet;

use super::{
    api::{Api, ApiError},
    ledger::{ChatIndex, Ordinal},
    run::Run,
};

/// Pages of a chat's messages that are looked through for one of them.
const PAGES_MAX: usize = 20;

/// What the hub says of lost messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Whereabouts {
    pub(super) looked_up: u64,
    pub(super) stored: u64,
    /// Answered with success and not there.
    pub(super) missing: u64,
    /// The hub could not be asked.
    pub(super) failed: u64,
}

/// From whom the messages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Inbound,
    Outbound,
}

impl Direction {
    fn word(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }

    /// Where a row has the id that the test gave it.
    fn id_key(self) -> &'static str {
        match self {
            Self::Inbound => "message_id",
            Self::Outbound => "client_message_id",
        }
    }
}

/// Looks up the messages that are named as lost.
pub(super) async fn look_up(admin: &mut Api, run: &Run, direction: Direction) -> Whereabouts {
    let ledger = match direction {
        Direction::Inbound => &run.inbound,
        Direction::Outbound => &run.outbound,
    };
    let lost = ledger.findings().lost_named;
    let mut out = Whereabouts::default();
    let chats: BTreeSet<_> = lost.iter().map(|(chat, _)| *chat).collect();
    for chat in chats {
        let wanted: BTreeSet<_> = lost.iter().filter(|(of, _)| *of == chat).collect();
        let count = wanted.len() as u64;
        out.looked_up += count;
        let wanted = wanted.into_iter().copied().collect();
        match missing(admin, run, direction, chat, wanted).await {
            Ok(missing) => {
                out.missing += missing;
                out.stored += count - missing;
            }
            Err(error) => {
                run.meter.error("lookup", error.kind());
                out.failed += count;
            }
        }
    }
    out
}

/// How many of `wanted` are not among the chat's messages.
async fn missing(
    admin: &mut Api,
    run: &Run,
    direction: Direction,
    chat: ChatIndex,
    mut wanted: BTreeSet<(ChatIndex, Ordinal)>,
) -> Result<u64, ApiError> {
    let (number, word) = (run.id.number(chat), direction.word());
    for page in 1..=PAGES_MAX {
        let path = format!(
            "/api/v1/whatsapp/messages/?chat_id={number}&direction={word}&page_size=100&page={page}"
        );
        let answer = admin.get(&path).await?;
        let rows = answer["results"].as_array().map(Vec::as_slice).unwrap_or_default();
        for row in rows {
            let id = row[direction.id_key()].as_str();
            if let Some(message) = id.and_then(|id| run.id.parse(id)) {
                wanted.remove(&message);
            }
        }
        if wanted.is_empty() || answer["next"].is_null() {
            break;
        }
    }
    Ok(wanted.len() as u64)
}

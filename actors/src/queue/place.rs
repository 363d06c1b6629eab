//! What people are shown of a queue: who stands where, and why nobody gets it.

use super::{
    actor::State,
    distribute::{reasons_of, wanted},
};
use crate::{
    domain::{QueueEntryId, Reasons, TicketId, Timestamp, queue::ServiceLevel},
    error::HubError,
};

/// One who waits, where he stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub entry_id: QueueEntryId,
    pub ticket_id: TicketId,
    /// From 1, in the order of service.
    pub position: usize,
    pub level: ServiceLevel,
    pub due_at: Timestamp,
}

/// Why a waiting chat is where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// How it stands, and what would be thought of each member now.
    pub reasons: Reasons,
    /// How many wait here in all.
    pub waiting: usize,
    /// Somebody is being asked, until then.
    pub offered_until: Option<Timestamp>,
    /// Chats are given by themselves.
    pub is_distributing: bool,
    /// The department takes part.
    pub is_active: bool,
}

impl State {
    pub(super) fn places(&self) -> Vec<Place> {
        let now = self.context.clock.now();
        let places = (1..).zip(self.in_order()).map(|(position, entry)| Place {
            entry_id: entry.id,
            ticket_id: entry.ticket_id,
            position,
            level: entry.service_level(now),
            due_at: entry.promise.due_at,
        });
        places.collect()
    }

    pub(super) async fn explain(&self, id: TicketId) -> Result<Option<Explanation>, HubError> {
        let (Some(entry), Some(department)) = (self.waiting.get(&id), self.department()) else {
            return Ok(None);
        };
        let now = self.context.clock.now();
        let position = self.in_order().iter().position(|e| e.ticket_id == id).map(|at| at + 1);
        let wanted = wanted(entry, &department, now);
        let (considered, omitted) =
            self.context.presence.explain(self.department_id, wanted).await?;
        let reasons = Reasons { position, considered, omitted, ..Reasons::default() };
        Ok(Some(Explanation {
            reasons: reasons_of(entry, &department, now, reasons),
            waiting: self.waiting.len(),
            offered_until: entry.offered_until,
            is_distributing: self.context.distributes(),
            is_active: department.is_active,
        }))
    }
}

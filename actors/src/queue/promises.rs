//! What those who wait were promised. It is reckoned when a chat enters a queue and stored with it; as long
//! as it waits there, it follows the department's hours and target. From then on it stays.

use std::sync::Arc;

use super::actor::State;
use crate::{
    domain::{
        DepartmentId, QueueEntry, TicketId,
        queue::Promise,
        settings::{ChatSettings, OpeningHours, Settings},
    },
    error::HubError,
    hub::Context,
};

/// Entries whose promises are stored in one transaction.
const BATCH_MAX: usize = 256;

/// What promises are made of.
pub(super) struct Terms {
    settings: Arc<Settings>,
    own_hours: Option<OpeningHours>,
    target_minutes: Option<i64>,
}

impl Terms {
    fn of(context: &Context, id: DepartmentId) -> Self {
        let roster = context.roster();
        let department = roster.department(id);
        Self {
            settings: context.settings(),
            own_hours: department.and_then(|d| d.opening_hours.clone()),
            target_minutes: department.map(|d| d.response_target_minutes),
        }
    }

    fn promise_the_same_as(&self, other: &Self) -> bool {
        self.own_hours == other.own_hours
            && self.target_minutes == other.target_minutes
            && (Arc::ptr_eq(&self.settings, &other.settings)
                || has_same_calendar(&self.settings.chat, &other.settings.chat))
    }
}

fn has_same_calendar(one: &ChatSettings, other: &ChatSettings) -> bool {
    one.opening_hours == other.opening_hours
        && one.holidays == other.holidays
        && one.has_national_holidays == other.has_national_holidays
        && one.has_optional_holidays == other.has_optional_holidays
        && one.time_zone == other.time_zone
}

impl State {
    /// After a change of hours, holidays, zone or target: reckons anew for everybody who waits, and stores
    /// what differs.
    pub(super) async fn renew_promises(&mut self) -> Result<(), HubError> {
        let terms = Terms::of(&self.context, self.department_id);
        if self.terms.as_ref().is_some_and(|known| known.promise_the_same_as(&terms)) {
            return Ok(());
        }
        let renewed: Vec<(TicketId, Promise)> = self
            .waiting
            .values()
            .map(|entry| (entry, self.promise_to(entry)))
            .filter(|(entry, promise)| entry.promise != *promise)
            .map(|(entry, promise)| (entry.ticket_id, promise))
            .collect();
        for batch in renewed.chunks(BATCH_MAX) {
            self.context.store.keep_promises(batch.to_vec()).await?;
            for (id, promise) in batch {
                if let Some(entry) = self.waiting.get_mut(id) {
                    entry.promise = *promise;
                }
            }
        }
        self.is_changed |= !renewed.is_empty();
        self.terms = Some(terms);
        Ok(())
    }

    /// For a row that was just read: it may have been stored when other hours held.
    pub(super) async fn renew_promise(&self, entry: &mut QueueEntry) -> Result<(), HubError> {
        let promise = self.promise_to(entry);
        if promise != entry.promise {
            self.context.store.keep_promises(vec![(entry.ticket_id, promise)]).await?;
            entry.promise = promise;
        }
        Ok(())
    }

    fn promise_to(&self, entry: &QueueEntry) -> Promise {
        self.context.promise(self.department_id, entry.entered_at)
    }
}

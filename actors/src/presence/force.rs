//! Somebody who stands above sets an agent offline.

use super::{actor::State, live::Behind};
use crate::{
    domain::{
        AgentId, PresenceCause, PresenceStatus,
        audit::{AuditAction, AuditSubject, Differences, NewAuditEntry},
    },
    error::HubError,
};

/// As long as a text of one's own status may be.
const MESSAGE_CHARS_MAX: usize = 255;

/// Who is to be set offline, by whom, and why. Whether he may is decided before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Force {
    pub agent_id: AgentId,
    pub by: AgentId,
    pub reason: String,
}

impl State {
    /// The wish is offline from now on, whatever signs of life there are. His sockets stay, so that he
    /// hears why. The shown status before.
    pub(super) async fn force_offline(&mut self, force: Force) -> Result<PresenceStatus, HubError> {
        let Force { agent_id: id, by, reason } = force;
        let roster = self.context.roster();
        let person = roster.agent(id).ok_or_else(|| HubError::not_found("Atendente", &id))?;
        let now = self.context.clock.now();
        let before = self.live.agent_mut(id, now).clone();
        let begun = self.live.begun.len();
        let text = format!("Colocado offline por {}: {reason}", roster.agent_name(Some(by)));
        let agent = self.live.agent_mut(id, now);
        agent.wish = Some(PresenceStatus::Offline);
        agent.message = text.chars().take(MESSAGE_CHARS_MAX).collect();
        agent.reason.clone_from(&reason);
        agent.missed_offers = 0;
        agent.updated_at = now;
        let behind = Behind::Wish(PresenceCause::Forced, Some(by));
        let change = self.live.refresh(id, now, behind);
        if !change.is_new_status {
            self.live.begin(id, before.shown, now, behind);
        }
        let differences = Differences::default().field(
            "presence",
            Some(before.shown.name()),
            Some(PresenceStatus::Offline.name()),
        );
        let entry = NewAuditEntry {
            agent_id: Some(by),
            action: AuditAction::Updated,
            subject: AuditSubject::Agent,
            subject_id: Some(id.0),
            subject_name: person.name().to_owned(),
            note: reason,
            changes: differences.into_changes(),
        };
        let row = self.live.stored(id, now);
        let store = &self.context.store;
        let saved =
            store.save_forced_presence(vec![row], self.live.begun.clone(), entry, now).await;
        self.settle_commit(id, &before, begun, saved)?;
        if !change.is_any() {
            // He is told why, also when he was offline already.
            self.tell_presence(id, now);
        }
        self.tell_change(id, change, now);
        Ok(before.shown)
    }
}

//! What the actor of a number makes of what its network tells: the states, committed and told.

use std::time::Duration;

use super::{State, ToSession, UNSENT_MAX};
use crate::{
    domain::{
        SessionStatus, Timestamp, WhatsAppSession,
        group::MANAGE_SESSIONS,
        session::{COLD_REST, DisconnectReason, RECONNECT_WAITS_SECONDS},
    },
    error::HubError,
    events::{Audience, HubEvent},
    session::{Pairing, ProviderEvent},
};

/// Each wait before an attempt to come back is up to this part longer, so that many numbers do not come
/// back at the same instant.
const RECONNECT_JITTER: f64 = 0.2;

impl State {
    pub(super) async fn on_event(&mut self, event: ProviderEvent) -> Result<(), HubError> {
        match event {
            ProviderEvent::QrCode { code, expires_at } => {
                let pairing = Pairing { qr_code: Some(code.clone()), pairing_code: None };
                let (session_id, at) = (self.session.id, self.context.clock.now());
                let event = HubEvent::QrCode { session_id, code, expires_at, at };
                self.on_code(pairing, event).await
            }
            ProviderEvent::PairingCode { code, expires_at } => {
                let pairing = Pairing { qr_code: None, pairing_code: Some(code.clone()) };
                let (session_id, at) = (self.session.id, self.context.clock.now());
                let event = HubEvent::PairingCode { session_id, code, expires_at, at };
                self.on_code(pairing, event).await
            }
            ProviderEvent::Authenticated => self.enter(SessionStatus::Authenticated, |_| ()).await,
            ProviderEvent::Ready { phone_number } => self.on_ready(phone_number).await,
            ProviderEvent::Disconnected(reason) => self.on_disconnected(reason).await,
            // Handled by the intake.
            ProviderEvent::Inbound(_)
            | ProviderEvent::Change(_)
            | ProviderEvent::Alias { .. }
            | ProviderEvent::Status { .. }
            | ProviderEvent::Typing { .. } => Ok(()),
        }
    }

    async fn on_code(&mut self, pairing: Pairing, event: HubEvent) -> Result<(), HubError> {
        // A new code replaces the old one without being a new state.
        if self.session.status != SessionStatus::QrCode {
            self.enter(SessionStatus::QrCode, |_| ()).await?;
        }
        self.mirror(pairing);
        self.context.publish(&Audience::Right(MANAGE_SESSIONS), event);
        Ok(())
    }

    async fn on_ready(&mut self, phone_number: String) -> Result<(), HubError> {
        let now = self.context.clock.now();
        self.pairing = None;
        self.enter(SessionStatus::Ready, |session| {
            session.phone_number = phone_number;
            session.connected_at = Some(now);
            session.error_count = 0;
            session.last_error.clear();
            session.reconnect_attempts = 0;
        })
        .await?;
        for message in self.context.store.list_unsent(self.session.id, UNSENT_MAX).await? {
            self.take_unsent(message);
        }
        self.send_next();
        Ok(())
    }

    /// The network takes no messages to people who never wrote for a while.
    pub(super) async fn block_cold(&mut self, until: Timestamp) -> Result<(), HubError> {
        let status = self.session.status;
        self.enter(status, |session| session.cold_blocked_until = Some(until)).await
    }

    async fn on_disconnected(&mut self, reason: DisconnectReason) -> Result<(), HubError> {
        self.hang_up();
        if let DisconnectReason::BannedUntil(Some(until)) = reason {
            self.block_cold(until.plus(COLD_REST)).await?;
        }
        let attempts = usize::try_from(self.session.reconnect_attempts).unwrap_or(usize::MAX);
        let wait = RECONNECT_WAITS_SECONDS.get(attempts).copied();
        match wait {
            Some(seconds) if reason.is_transient() && self.session.auto_reconnect => {
                let error = reason.as_str();
                let entered = self.enter(SessionStatus::Connecting, |session| {
                    session.reconnect_attempts += 1;
                    error.clone_into(&mut session.last_error);
                    session.connected_at = None;
                });
                let entered = entered.await;
                // Also when the state could not be stored: the database may be what is lost.
                self.try_again_after(Duration::from_secs(seconds));
                entered
            }
            _ => self.fail(reason.as_str()).await,
        }
    }

    /// Comes back after this wait, or a little later, if nobody has made a connection by then.
    pub(super) fn try_again_after(&self, wait: Duration) {
        let generation = self.generation;
        let jitter = 1.0 + rand::random::<f64>() * RECONNECT_JITTER;
        self.me.send_after(wait.mul_f64(jitter), move || ToSession::TryAgain { generation });
    }

    pub(super) async fn fail(&mut self, error: &str) -> Result<(), HubError> {
        let now = self.context.clock.now();
        self.enter(SessionStatus::Error, |session| {
            error.clone_into(&mut session.last_error);
            session.error_count += 1;
            session.disconnected_at = Some(now);
            session.connected_at = None;
        })
        .await
    }

    /// Commits a new state, remembers it and tells everybody when the status has changed.
    pub(super) async fn enter(
        &mut self,
        status: SessionStatus,
        change: impl FnOnce(&mut WhatsAppSession),
    ) -> Result<(), HubError> {
        let before = self.session.status;
        self.keep(status, change).await?;
        self.show(before);
        Ok(())
    }

    /// Lets everybody see a state that is committed.
    pub(super) fn show(&self, before: SessionStatus) {
        self.mirror(Pairing::default());
        let (session_id, status) = (self.session.id, self.session.status);
        if status != before {
            let at = self.context.clock.now();
            let event = HubEvent::SessionStatusChanged { session_id, status, at };
            self.context.publish(&Audience::Everyone, event);
        }
    }

    /// Commits a new state and remembers it.
    async fn keep(
        &mut self,
        status: SessionStatus,
        change: impl FnOnce(&mut WhatsAppSession),
    ) -> Result<(), HubError> {
        let mut next = self.session.clone();
        next.status = status;
        next.updated_at = self.context.clock.now();
        change(&mut next);
        self.session = self.context.store.save_session_state(next).await?;
        Ok(())
    }

    /// Lets others read the state without asking.
    pub(super) fn mirror(&self, pairing: Pairing) {
        self.context.sessions.mirror(&self.session, pairing);
    }
}

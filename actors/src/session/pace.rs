//! The speed of one number: networks look at accounts that write faster than people do.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::WhatsAppSession;

/// When the next message may leave.
#[derive(Debug, Default)]
pub(super) struct Pace {
    next_at: Option<Instant>,
    /// A timer is running.
    pub(super) is_waiting: bool,
}

impl Pace {
    pub(super) fn is_due(&self, session: &WhatsAppSession) -> bool {
        session.pace().is_zero() || self.wait().is_zero()
    }

    pub(super) fn wait(&self) -> Duration {
        self.next_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(Instant::now()))
    }

    /// One has left: the next one leaves after the number's pace, up to half longer, since nobody
    /// writes like a clock.
    pub(super) fn has_sent(&mut self, session: &WhatsAppSession) {
        let pace = session.pace().mul_f64(1.0 + rand::random::<f64>() / 2.0);
        self.next_at = Some(Instant::now() + pace);
    }
}

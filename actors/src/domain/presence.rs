//! Presence that is true: what an agent wishes to be, held against signs of life.

use std::time::Duration;

use super::{AgentId, Timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum PresenceStatus {
    Online,
    Offline,
    Busy,
    Away,
}

impl PresenceStatus {
    /// As it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Busy => "busy",
            Self::Away => "away",
        }
    }
}

/// Why the shown status of an agent changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum PresenceCause {
    /// The agent said so, or came back.
    #[sqlx(rename = "self")]
    Own,
    /// No sign of life any more.
    Silence,
    /// A supervisor set the agent offline.
    Forced,
    /// Too many offers in a row were not answered.
    Offers,
    /// The person was deactivated.
    Deactivated,
}

/// A stretch of one agent's shown status.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PresencePeriod {
    pub id: i64,
    pub agent_id: AgentId,
    /// What was shown before.
    pub previous: PresenceStatus,
    pub status: PresenceStatus,
    pub message: String,
    pub reason: String,
    pub cause: PresenceCause,
    /// Who forced it.
    pub changed_by: Option<AgentId>,
    pub started_at: Timestamp,
    /// `None`: it lasts.
    pub ended_at: Option<Timestamp>,
}

/// A stretch that begins, and ends the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPresencePeriod {
    pub agent_id: AgentId,
    pub previous: PresenceStatus,
    pub status: PresenceStatus,
    pub message: String,
    pub reason: String,
    pub cause: PresenceCause,
    pub changed_by: Option<AgentId>,
    pub at: Timestamp,
}

/// The signs of life of one agent.
///
/// A heartbeat is a lease of `timeout`, whatever sockets do. Setting a status is one as well, but void
/// once the last socket closes. An open socket is a lease without end; after it, `grace` remains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Liveness {
    pub sockets: u32,
    /// The last heartbeat over HTTP or sign of life of a socket.
    pub last_seen: Option<Timestamp>,
    heartbeat_until: Option<Timestamp>,
    status_until: Option<Timestamp>,
    /// The end of the grace after the last socket closed.
    grace_until: Option<Timestamp>,
}

impl Liveness {
    /// A liveness that was stored before a restart: the last heartbeat still counts.
    pub fn restored(last_seen: Option<Timestamp>, timeout: Duration) -> Self {
        let heartbeat_until = last_seen.map(|at| at.plus(timeout));
        Self { last_seen, heartbeat_until, ..Self::default() }
    }

    pub fn heartbeat(&mut self, now: Timestamp, timeout: Duration) {
        self.last_seen = Some(now);
        self.heartbeat_until = Some(now.plus(timeout));
    }

    /// The agent has set his status.
    pub fn status_set(&mut self, now: Timestamp, timeout: Duration) {
        self.last_seen = Some(now);
        self.status_until = Some(now.plus(timeout));
    }

    pub fn socket_opened(&mut self, now: Timestamp) {
        self.sockets += 1;
        self.last_seen = Some(now);
        self.grace_until = None;
    }

    pub fn socket_closed(&mut self, now: Timestamp, grace: Duration) {
        self.recount(self.sockets.saturating_sub(1), now, grace);
    }

    /// Puts the number of open sockets right.
    pub fn recount(&mut self, sockets: u32, now: Timestamp, grace: Duration) {
        let had_any = self.sockets > 0;
        self.sockets = sockets;
        if sockets > 0 {
            self.grace_until = None;
        } else if had_any {
            self.grace_until = Some(now.plus(grace));
            self.status_until = None;
        }
    }

    /// Alive as others see it: a socket, a young heartbeat, or within the grace after the last socket.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.sockets > 0 || self.alive_until().is_some_and(|until| now < until)
    }

    fn alive_until(&self) -> Option<Timestamp> {
        self.heartbeat_until.max(self.status_until).max(self.grace_until)
    }

    /// Fit to be given new chats: alive, and not merely within the grace time.
    pub fn can_receive(&self, now: Timestamp) -> bool {
        let leased = self.heartbeat_until.max(self.status_until);
        self.sockets > 0 || leased.is_some_and(|until| now < until)
    }

    /// A socket is open, or the last one closed within the grace time.
    pub fn is_connected(&self, now: Timestamp) -> bool {
        self.sockets > 0 || self.grace_until.is_some_and(|until| now < until)
    }

    /// The last socket has closed and may come back within the grace time.
    pub fn is_reconnecting(&self, now: Timestamp) -> bool {
        self.sockets == 0 && self.is_connected(now)
    }

    /// It was the grace after the last socket that ran out, so nothing more is waited for.
    pub fn grace_is_spent(&self) -> bool {
        self.grace_until.is_some() && self.grace_until == self.alive_until()
    }
}

/// What the roster says about one agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceView {
    pub agent_id: AgentId,
    /// The wish held against the signs of life.
    pub status: PresenceStatus,
    pub message: String,
    /// Of the pause, or of whoever set the agent offline; empty when nothing was said.
    pub reason: String,
    pub is_connected: bool,
    /// The last socket has closed and the grace time runs.
    pub is_reconnecting: bool,
    pub last_seen: Option<Timestamp>,
    /// No sign of life within the timeout.
    pub is_stale: bool,
    pub status_changed_at: Timestamp,
    pub updated_at: Timestamp,
    /// Open tickets over all departments.
    pub load: usize,
}

/// The status shown: the wish, as far as there is life behind it.
pub fn effective(wish: Option<PresenceStatus>, is_alive: bool) -> PresenceStatus {
    match wish {
        Some(wish) if is_alive => wish,
        _ => PresenceStatus::Offline,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_mins(2);
    const GRACE: Duration = Duration::from_secs(15);
    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_heartbeat_keeps_alive_for_the_timeout() {
        let mut life = Liveness::default();
        assert!(!life.is_alive(at(0)), "never seen is not alive");
        life.heartbeat(at(0), TIMEOUT);
        assert!(life.can_receive(at(119)) && !life.is_alive(at(120)));
        assert!(!life.grace_is_spent());
    }

    #[test]
    fn the_last_socket_leaves_only_the_grace() {
        let mut life = Liveness::default();
        life.status_set(at(0), TIMEOUT);
        life.socket_opened(at(0));
        life.socket_opened(at(1));
        life.socket_closed(at(2), GRACE);
        assert!(life.can_receive(at(1000)), "one socket is still open");
        life.socket_closed(at(10), GRACE);
        assert!(life.is_alive(at(24)) && !life.can_receive(at(24)), "within the grace");
        assert!(!life.is_alive(at(25)), "the status set before no longer counts");
        assert!(life.grace_is_spent());
    }

    #[test]
    fn only_the_last_socket_begins_a_reconnection() {
        let mut life = Liveness::default();
        life.socket_opened(at(0));
        life.socket_opened(at(0));
        life.socket_closed(at(1), GRACE);
        assert!(!life.is_reconnecting(at(2)), "a second device is there");
        life.socket_closed(at(3), GRACE);
        assert!(life.is_reconnecting(at(17)) && !life.is_reconnecting(at(18)));
        life.socket_opened(at(10));
        assert!(!life.is_reconnecting(at(11)));
    }

    #[test]
    fn who_sends_heartbeats_is_alive_without_a_socket() {
        let mut life = Liveness::default();
        life.socket_opened(at(0));
        life.heartbeat(at(5), TIMEOUT);
        life.socket_closed(at(10), GRACE);
        assert!(life.can_receive(at(100)) && !life.is_connected(at(26)));
        assert!(!life.is_alive(at(125)));
    }

    #[test]
    fn back_within_the_grace_is_as_if_nothing_happened() {
        let mut life = Liveness::default();
        life.socket_opened(at(0));
        life.socket_closed(at(5), GRACE);
        life.socket_opened(at(9));
        assert!(life.can_receive(at(500)) && life.is_connected(at(500)));
    }

    #[test]
    fn the_wish_counts_only_with_life_behind_it() {
        use PresenceStatus::{Busy, Offline, Online};
        assert_eq!(effective(None, true), Offline);
        assert_eq!(effective(Some(Online), false), Offline);
        assert_eq!(effective(Some(Busy), true), Busy);
        assert_eq!(effective(Some(Offline), true), Offline);
    }
}

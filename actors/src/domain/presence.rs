//! Presence that is true: what an agent wishes to be, held against signs of life.

use std::{collections::HashMap, sync::Arc, time::Duration};

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

/// What a client calls the machine or browser that it runs on; nothing when it does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Device(Option<Arc<str>>);

impl Device {
    /// Characters of a name; the rest is not told apart.
    pub const CHARS_MAX: usize = 64;

    /// A name without anything in it is none.
    pub fn named(name: &str) -> Self {
        let name: String = name.trim().chars().take(Self::CHARS_MAX).collect();
        Self((!name.is_empty()).then(|| name.into()))
    }

    fn is_named(&self) -> bool {
        self.0.is_some()
    }
}

/// Devices of one agent that are told apart; more share one lease.
const DEVICES_MAX: usize = 16;

/// The signs of life of one device.
///
/// A heartbeat is a lease of `timeout`. An open socket is a lease without end; after the last one `grace`
/// remains. On a device with a name its heartbeats are void then, too: it has gone. Those of clients that do
/// not say where they run may come from elsewhere, and keep their own lease.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Lease {
    device: Device,
    sockets: u32,
    heartbeat_until: Option<Timestamp>,
    status_until: Option<Timestamp>,
    /// The end of the grace after the last socket closed.
    grace_until: Option<Timestamp>,
}

impl Lease {
    fn leased_until(&self) -> Option<Timestamp> {
        self.heartbeat_until.max(self.status_until)
    }

    fn alive_until(&self) -> Option<Timestamp> {
        self.leased_until().max(self.grace_until)
    }

    fn set_sockets(&mut self, sockets: u32, now: Timestamp, grace: Duration) {
        let had_any = self.sockets > 0;
        self.sockets = sockets;
        if sockets > 0 {
            self.grace_until = None;
        } else if had_any {
            self.grace_until = Some(now.plus(grace));
            if self.device.is_named() {
                self.heartbeat_until = None;
            }
        }
    }
}

/// The signs of life of one agent: alive is who has a living lease on any device. A status set over HTTP is a
/// lease as well, but void once the last socket of all closes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Liveness {
    /// The last heartbeat over HTTP or sign of life of a socket.
    pub last_seen: Option<Timestamp>,
    leases: Vec<Lease>,
}

impl Liveness {
    /// A liveness that was stored before a restart: the last heartbeat still counts.
    pub fn restored(last_seen: Option<Timestamp>, timeout: Duration) -> Self {
        let heartbeat_until = last_seen.map(|at| at.plus(timeout));
        Self { last_seen, leases: vec![Lease { heartbeat_until, ..Lease::default() }] }
    }

    pub fn heartbeat(&mut self, device: &Device, now: Timestamp, timeout: Duration) {
        self.last_seen = Some(now);
        self.lease(device, now).heartbeat_until = Some(now.plus(timeout));
    }

    /// The agent has set his status.
    pub fn status_set(&mut self, now: Timestamp, timeout: Duration) {
        self.last_seen = Some(now);
        self.lease(&Device::default(), now).status_until = Some(now.plus(timeout));
    }

    pub fn socket_opened(&mut self, device: &Device, now: Timestamp) {
        self.last_seen = Some(now);
        let lease = self.lease(device, now);
        lease.sockets += 1;
        lease.grace_until = None;
    }

    pub fn socket_closed(&mut self, device: &Device, now: Timestamp, grace: Duration) {
        let lease = self.lease(device, now);
        lease.set_sockets(lease.sockets.saturating_sub(1), now, grace);
        self.void_status_without_sockets();
    }

    /// Puts the number of open sockets right.
    pub fn recount(&mut self, open: &HashMap<Device, u32>, now: Timestamp, grace: Duration) {
        for device in open.keys() {
            self.lease(device, now);
        }
        for lease in &mut self.leases {
            lease.set_sockets(open.get(&lease.device).copied().unwrap_or(0), now, grace);
        }
        self.void_status_without_sockets();
    }

    fn void_status_without_sockets(&mut self) {
        if self.sockets() == 0 {
            for lease in &mut self.leases {
                lease.status_until = None;
            }
        }
    }

    /// The lease of a device. What has run out elsewhere is forgotten, and beyond so many devices the
    /// nameless one stands for the rest.
    fn lease(&mut self, device: &Device, now: Timestamp) -> &mut Lease {
        self.leases.retain(|lease| {
            let lives = lease.sockets > 0 || lease.alive_until().is_some_and(|until| now < until);
            lives || lease.device == *device
        });
        let is_known = |lease: &Lease| lease.device == *device;
        let has_room = self.leases.len() < DEVICES_MAX;
        let device = if has_room || self.leases.iter().any(is_known) {
            device.clone()
        } else {
            Device::default()
        };
        let place = self.leases.iter().position(|lease| lease.device == device);
        let place = place.unwrap_or_else(|| {
            self.leases.push(Lease { device, ..Lease::default() });
            self.leases.len() - 1
        });
        &mut self.leases[place]
    }

    /// Open sockets on all devices.
    pub fn sockets(&self) -> u32 {
        self.leases.iter().map(|lease| lease.sockets).sum()
    }

    /// Alive as others see it: a socket, a young heartbeat, or within the grace after the last socket.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.sockets() > 0 || self.alive_until().is_some_and(|until| now < until)
    }

    fn alive_until(&self) -> Option<Timestamp> {
        self.leases.iter().filter_map(Lease::alive_until).max()
    }

    fn is_in_grace(&self, now: Timestamp) -> bool {
        self.leases.iter().filter_map(|lease| lease.grace_until).any(|until| now < until)
    }

    /// Fit to be given new chats: alive, and not merely within the grace time.
    pub fn can_receive(&self, now: Timestamp) -> bool {
        let leased = self.leases.iter().filter_map(Lease::leased_until).max();
        self.sockets() > 0 || leased.is_some_and(|until| now < until)
    }

    /// A socket is open, or the last one closed within the grace time.
    pub fn is_connected(&self, now: Timestamp) -> bool {
        self.sockets() > 0 || self.is_in_grace(now)
    }

    /// The last socket has closed and may come back within the grace time; no other device is there.
    pub fn is_reconnecting(&self, now: Timestamp) -> bool {
        self.is_in_grace(now) && !self.can_receive(now)
    }

    /// It was the grace after the last socket that ran out, so nothing more is waited for.
    pub fn grace_is_spent(&self) -> bool {
        let last = self.alive_until();
        last.is_some() && self.leases.iter().any(|lease| lease.grace_until == last)
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
    /// The last socket has closed, the grace time runs, and everybody has been told.
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

    /// Clients that do not say where they run.
    fn any() -> Device {
        Device::default()
    }

    #[test]
    fn a_device_that_is_gone_takes_its_heartbeats_along() {
        let (desk, phone) = (Device::named(" desk "), Device::named("phone"));
        let mut life = Liveness::default();
        life.socket_opened(&desk, at(0));
        life.heartbeat(&desk, at(5), TIMEOUT);
        life.socket_closed(&desk, at(10), GRACE);
        assert!(life.is_reconnecting(at(11)) && !life.can_receive(at(11)), "a closed browser");
        assert!(!life.is_alive(at(25)) && life.grace_is_spent());
        life.socket_opened(&desk, at(30));
        life.heartbeat(&phone, at(31), TIMEOUT);
        life.socket_closed(&desk, at(40), GRACE);
        assert!(!life.is_reconnecting(at(41)) && life.can_receive(at(41)), "the phone is there");
        assert!(life.is_alive(at(150)) && !life.is_alive(at(151)) && !life.grace_is_spent());
    }

    #[test]
    fn tabs_of_one_device_and_of_several_are_counted_apart() {
        let (desk, phone) = (Device::named("desk"), Device::named("phone"));
        let mut life = Liveness::default();
        for device in [&desk, &desk, &phone] {
            life.socket_opened(device, at(0));
        }
        life.socket_closed(&phone, at(1), GRACE);
        life.socket_closed(&desk, at(1), GRACE);
        assert!(life.can_receive(at(500)) && !life.is_reconnecting(at(2)));
        let open = HashMap::from([(phone.clone(), 1)]);
        life.recount(&open, at(600), GRACE);
        assert_eq!(life.sockets(), 1);
        life.socket_closed(&phone, at(601), GRACE);
        assert!(life.is_reconnecting(at(602)) && !life.is_alive(at(616)));
    }

    #[test]
    fn devices_without_end_share_one_lease() {
        let mut life = Liveness::default();
        let device = |n: i64| Device::named(&n.to_string());
        for n in 0..40 {
            life.socket_opened(&device(n), at(n));
        }
        assert_eq!((life.sockets(), life.leases.len()), (40, DEVICES_MAX + 1));
        for n in 0..40 {
            life.socket_closed(&device(n), at(100), GRACE);
        }
        assert!(life.sockets() == 0 && !life.is_alive(at(115)));
        life.heartbeat(&any(), at(200), TIMEOUT);
        assert_eq!(life.leases.len(), 1, "what has run out is forgotten");
    }

    #[test]
    fn a_heartbeat_keeps_alive_for_the_timeout() {
        let mut life = Liveness::default();
        assert!(!life.is_alive(at(0)), "never seen is not alive");
        life.heartbeat(&any(), at(0), TIMEOUT);
        assert!(life.can_receive(at(119)) && !life.is_alive(at(120)));
        assert!(!life.grace_is_spent());
    }

    #[test]
    fn the_last_socket_leaves_only_the_grace() {
        let mut life = Liveness::default();
        life.status_set(at(0), TIMEOUT);
        life.socket_opened(&any(), at(0));
        life.socket_opened(&any(), at(1));
        life.socket_closed(&any(), at(2), GRACE);
        assert!(life.can_receive(at(1000)), "one socket is still open");
        life.socket_closed(&any(), at(10), GRACE);
        assert!(life.is_alive(at(24)) && !life.can_receive(at(24)), "within the grace");
        assert!(!life.is_alive(at(25)), "the status set before no longer counts");
        assert!(life.grace_is_spent());
    }

    #[test]
    fn only_the_last_socket_begins_a_reconnection() {
        let mut life = Liveness::default();
        life.socket_opened(&any(), at(0));
        life.socket_opened(&any(), at(0));
        life.socket_closed(&any(), at(1), GRACE);
        assert!(!life.is_reconnecting(at(2)), "a second device is there");
        life.socket_closed(&any(), at(3), GRACE);
        assert!(life.is_reconnecting(at(17)) && !life.is_reconnecting(at(18)));
        life.socket_opened(&any(), at(10));
        assert!(!life.is_reconnecting(at(11)));
    }

    #[test]
    fn who_sends_heartbeats_is_alive_without_a_socket() {
        let mut life = Liveness::default();
        life.socket_opened(&any(), at(0));
        life.heartbeat(&any(), at(5), TIMEOUT);
        life.socket_closed(&any(), at(10), GRACE);
        assert!(life.can_receive(at(100)) && !life.is_connected(at(26)));
        assert!(!life.is_alive(at(125)));
    }

    #[test]
    fn back_within_the_grace_is_as_if_nothing_happened() {
        let mut life = Liveness::default();
        life.socket_opened(&any(), at(0));
        life.socket_closed(&any(), at(5), GRACE);
        life.socket_opened(&any(), at(9));
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

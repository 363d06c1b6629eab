//! What reaches a person's ears and screen (preferências de notificação): one row of wishes per agent,
//! and the decision that each event frame carries.

use std::time::Duration;

use super::{AgentId, Timestamp};

/// Seconds of a day.
pub const DAY_SECONDS: i64 = 86_400;

/// How one person wants to be told. Whoever never chose has everything switched on.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "one switch per box on the person's screen")]
pub struct NotificationPreferences {
    pub agent_id: AgentId,
    pub sound_message: bool,
    pub sound_chat: bool,
    pub sound_transfer: bool,
    pub desktop_message: bool,
    pub desktop_chat: bool,
    pub desktop_transfer: bool,
    pub badge_messages: bool,
    pub badge_chats: bool,
    pub do_not_disturb: bool,
    /// First and last second of the quiet time, counted from midnight in São Paulo, both inclusive.
    /// A start after the end crosses midnight.
    pub quiet_from_second: Option<i64>,
    pub quiet_until_second: Option<i64>,
    /// `None` until something was chosen.
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
}

/// Fields to change; `None` leaves one as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotificationChanges {
    pub sound_message: Option<bool>,
    pub sound_chat: Option<bool>,
    pub sound_transfer: Option<bool>,
    pub desktop_message: Option<bool>,
    pub desktop_chat: Option<bool>,
    pub desktop_transfer: Option<bool>,
    pub badge_messages: Option<bool>,
    pub badge_chats: Option<bool>,
    pub do_not_disturb: Option<bool>,
    /// `Some(None)` takes the time away.
    pub quiet_from_second: Option<Option<i64>>,
    pub quiet_until_second: Option<Option<i64>>,
}

/// What an event is about, for those whom it may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    Message,
    /// A message that was written long before it came, as after an interruption.
    LateMessage,
    Chat,
    Transfer,
}

/// How old a message may be when it comes and still call somebody. A number that was away for a night brings
/// everything at once when it comes back: that is to be read, not to be heard.
const CALL_AGE_MAX: Duration = Duration::from_mins(10);

impl Topic {
    /// Of a message that the network dates so and that is told at `now`.
    pub fn of_message(written_at: Option<Timestamp>, now: Timestamp) -> Self {
        let is_late = written_at.is_some_and(|written_at| now.since(written_at) > CALL_AGE_MAX);
        if is_late { Self::LateMessage } else { Self::Message }
    }
}

/// Whether one event calls one person, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Notify {
    pub sound: bool,
    pub desktop: bool,
    pub badge: bool,
}

impl Notify {
    /// The event only keeps the screen up to date.
    pub const SILENT: Self = Self { sound: false, desktop: false, badge: false };
}

impl NotificationPreferences {
    /// Everything on, nothing quiet.
    pub const fn new(agent_id: AgentId) -> Self {
        Self {
            agent_id,
            sound_message: true,
            sound_chat: true,
            sound_transfer: true,
            desktop_message: true,
            desktop_chat: true,
            desktop_transfer: true,
            badge_messages: true,
            badge_chats: true,
            do_not_disturb: false,
            quiet_from_second: None,
            quiet_until_second: None,
            created_at: None,
            updated_at: None,
        }
    }

    #[must_use]
    pub fn changed(self, changes: &NotificationChanges) -> Self {
        Self {
            sound_message: changes.sound_message.unwrap_or(self.sound_message),
            sound_chat: changes.sound_chat.unwrap_or(self.sound_chat),
            sound_transfer: changes.sound_transfer.unwrap_or(self.sound_transfer),
            desktop_message: changes.desktop_message.unwrap_or(self.desktop_message),
            desktop_chat: changes.desktop_chat.unwrap_or(self.desktop_chat),
            desktop_transfer: changes.desktop_transfer.unwrap_or(self.desktop_transfer),
            badge_messages: changes.badge_messages.unwrap_or(self.badge_messages),
            badge_chats: changes.badge_chats.unwrap_or(self.badge_chats),
            do_not_disturb: changes.do_not_disturb.unwrap_or(self.do_not_disturb),
            quiet_from_second: changes.quiet_from_second.unwrap_or(self.quiet_from_second),
            quiet_until_second: changes.quiet_until_second.unwrap_or(self.quiet_until_second),
            ..self
        }
    }

    /// Do-not-disturb is on and it is the quiet time (contract §16).
    pub fn is_quiet(&self, now: Timestamp) -> bool {
        let (Some(from), Some(until)) = (self.quiet_from_second, self.quiet_until_second) else {
            return false;
        };
        let second = now.second_of_local_day();
        self.do_not_disturb
            && if until < from {
                second >= from || second <= until
            } else {
                (from..=until).contains(&second)
            }
    }

    /// How an event of this kind calls the person now. The quiet time silences sounds only.
    pub fn decide(&self, topic: Topic, now: Timestamp) -> Notify {
        let (sound, desktop, badge) = match topic {
            Topic::Message => (self.sound_message, self.desktop_message, self.badge_messages),
            Topic::LateMessage => (false, false, self.badge_messages),
            Topic::Chat => (self.sound_chat, self.desktop_chat, self.badge_chats),
            Topic::Transfer => (self.sound_transfer, self.desktop_transfer, self.badge_chats),
        };
        Notify { sound: sound && !self.is_quiet(now), desktop, badge }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This time of an ordinary day in São Paulo (three hours behind UTC).
    fn at(hour: i64, minute: i64, second: i64) -> Timestamp {
        let day = 20_000 * DAY_SECONDS;
        Timestamp::from_micros((day + (hour + 3) * 3600 + minute * 60 + second) * 1_000_000)
    }

    fn quiet(from: i64, until: i64) -> NotificationPreferences {
        NotificationPreferences {
            do_not_disturb: true,
            quiet_from_second: Some(from * 3600),
            quiet_until_second: Some(until * 3600),
            ..NotificationPreferences::new(AgentId(1))
        }
    }

    #[test]
    fn quiet_time_crosses_midnight_and_includes_both_ends() {
        let night = quiet(22, 8);
        for (now, is_quiet) in [
            (at(21, 59, 59), false),
            (at(22, 0, 0), true),
            (at(23, 59, 59), true),
            (at(0, 0, 0), true),
            (at(8, 0, 0), true),
            (at(8, 0, 1), false),
            (at(12, 0, 0), false),
        ] {
            assert_eq!(night.is_quiet(now), is_quiet, "{now:?}");
        }
        let lunch = quiet(12, 13);
        assert!(lunch.is_quiet(at(12, 0, 0)) && lunch.is_quiet(at(13, 0, 0)));
        assert!(!lunch.is_quiet(at(13, 0, 1)) && !lunch.is_quiet(at(11, 59, 59)));
    }

    #[test]
    fn without_both_times_or_the_switch_nothing_is_quiet() {
        let half = NotificationPreferences { quiet_until_second: None, ..quiet(0, 1) };
        let off = NotificationPreferences { do_not_disturb: false, ..quiet(0, 23) };
        assert!(!half.is_quiet(at(0, 30, 0)) && !off.is_quiet(at(0, 30, 0)));
    }

    #[test]
    fn what_was_written_long_ago_is_counted_and_does_not_call() {
        let (noon, limit) = (at(12, 0, 0), at(12, 10, 0));
        assert_eq!(Topic::of_message(Some(noon), limit), Topic::Message);
        assert_eq!(Topic::of_message(None, limit), Topic::Message);
        assert_eq!(Topic::of_message(Some(limit), noon), Topic::Message, "a clock that is ahead");
        let topic = Topic::of_message(Some(noon), at(12, 10, 1));
        let badge = Notify { sound: false, desktop: false, badge: true };
        assert_eq!(NotificationPreferences::new(AgentId(1)).decide(topic, limit), badge);
    }

    #[test]
    fn quiet_time_silences_sounds_and_nothing_else() {
        let all = Notify { sound: true, desktop: true, badge: true };
        let preferences = quiet(22, 8);
        for topic in [Topic::Message, Topic::Chat, Topic::Transfer] {
            assert_eq!(preferences.decide(topic, at(12, 0, 0)), all);
            assert_eq!(preferences.decide(topic, at(23, 0, 0)), Notify { sound: false, ..all });
        }
        let deaf =
            NotificationPreferences { sound_message: false, badge_chats: false, ..preferences };
        let noon = at(12, 0, 0);
        assert_eq!(deaf.decide(Topic::Message, noon), Notify { sound: false, ..all });
        assert_eq!(deaf.decide(Topic::Transfer, noon), Notify { badge: false, ..all });
    }
}

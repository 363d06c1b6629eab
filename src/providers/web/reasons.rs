//! What the end of a connection means (domain facts: table of disconnect reasons).

use std::time::Duration;

use dx_actors::domain::{Timestamp, session::DisconnectReason};
use whatsapp_rust::types::events::Event;

/// How a connection has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Known(DisconnectReason),
    /// The keys do not fit what the network knows. It may be the network's mistake: once.
    KeysRefused,
}

/// What WhatsApp's number for a failed connection means.
pub(super) const fn of_code(code: i32) -> End {
    match code {
        401 | 403 | 516 => End::Known(DisconnectReason::LoggedOut),
        402 => End::Known(DisconnectReason::BannedUntil(None)),
        405 | 415 | 418 => End::Known(DisconnectReason::Outdated),
        406 => End::Known(DisconnectReason::Banned),
        409 | 411 | 500 => End::KeysRefused,
        440 => End::Known(DisconnectReason::Replaced),
        // 408, 428, 503 and whatever is not known: the network, for now.
        _ => End::Known(DisconnectReason::ConnectionLost),
    }
}

/// Whether an event of the library is the end of its connection.
pub(super) fn of_event(event: &Event, now: Timestamp) -> Option<End> {
    Some(match event {
        Event::LoggedOut(event) => of_code(event.reason.code()),
        Event::ConnectFailure(event) => of_code(event.reason.code()),
        Event::TemporaryBan(event) => {
            let left = event.expire.to_std().unwrap_or(Duration::ZERO);
            End::Known(DisconnectReason::BannedUntil(Some(now.plus(left))))
        }
        Event::ClientOutdated(_) => End::Known(DisconnectReason::Outdated),
        Event::StreamReplaced(_) => End::Known(DisconnectReason::Replaced),
        Event::Disconnected(_) => End::Known(DisconnectReason::ConnectionLost),
        Event::PairError(_) => End::Known(DisconnectReason::PairingRefused),
        _ => return None,
    })
}

/// What the network's refusal of one message means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nack {
    /// Nobody who never wrote can be written to for a while.
    Cold,
    /// Trying again makes sense.
    Retry,
    Refused,
}

/// Codes of `<ack error="…">`.
pub(super) fn of_nack(code: &str) -> Nack {
    match code.parse::<u16>() {
        Ok(463) => Nack::Cold,
        Ok(408 | 429 | 500..) => Nack::Retry,
        _ => Nack::Refused,
    }
}

#[cfg(test)]
mod tests {
    use whatsapp_rust::{
        types::events::{
            ClientOutdated, ConnectFailure, ConnectFailureReason, LoggedOut, StreamReplaced,
            TempBanReason, TemporaryBan,
        },
        wacore::chrono,
    };

    use super::*;

    #[test]
    fn every_row_of_the_table_has_its_meaning() {
        use DisconnectReason::{
            Banned, BannedUntil, ConnectionLost, LoggedOut, Outdated, Replaced,
        };
        let rows = [
            (401, LoggedOut),
            (402, BannedUntil(None)),
            (403, LoggedOut),
            (405, Outdated),
            (406, Banned),
            (408, ConnectionLost),
            (415, Outdated),
            (418, Outdated),
            (428, ConnectionLost),
            (440, Replaced),
            (503, ConnectionLost),
            (999, ConnectionLost),
        ];
        for (code, reason) in rows {
            assert_eq!(of_code(code), End::Known(reason), "{code}");
        }
        for code in [409, 411, 500] {
            assert_eq!(of_code(code), End::KeysRefused, "{code}");
        }
    }

    #[test]
    fn only_a_lost_connection_comes_back_by_itself() {
        for code in 400..600 {
            let End::Known(reason) = of_code(code) else { continue };
            assert_eq!(reason.is_transient(), reason == DisconnectReason::ConnectionLost);
        }
    }

    #[test]
    fn events_of_the_library_are_understood() {
        let now = Timestamp::from_micros(0);
        let known = |event: Event| match of_event(&event, now) {
            Some(End::Known(reason)) => reason,
            other => panic!("{other:?}"),
        };
        let out =
            |reason| Event::LoggedOut(LoggedOut::builder().on_connect(true).reason(reason).build());
        assert_eq!(known(out(ConnectFailureReason::LoggedOut)), DisconnectReason::LoggedOut);
        assert_eq!(known(out(ConnectFailureReason::UnknownLogout)), DisconnectReason::Banned);
        let failure = ConnectFailure::builder().reason(ConnectFailureReason::ServiceUnavailable);
        let lost = known(Event::ConnectFailure(failure.build()));
        assert_eq!(lost, DisconnectReason::ConnectionLost);
        let ban = TemporaryBan::builder()
            .code(TempBanReason::SentToTooManyPeople)
            .expire(chrono::Duration::seconds(60));
        let until = now.plus(Duration::from_mins(1));
        let banned = known(Event::TemporaryBan(ban.build()));
        assert_eq!(banned, DisconnectReason::BannedUntil(Some(until)));
        let outdated = known(Event::ClientOutdated(ClientOutdated::builder().build()));
        assert_eq!(outdated, DisconnectReason::Outdated);
        let replaced = known(Event::StreamReplaced(StreamReplaced::builder().build()));
        assert_eq!(replaced, DisconnectReason::Replaced);
    }

    #[test]
    fn refusals_of_messages_are_told_apart() {
        assert_eq!(of_nack("463"), Nack::Cold);
        for code in ["408", "429", "500", "503"] {
            assert_eq!(of_nack(code), Nack::Retry, "{code}");
        }
        for code in ["400", "403", "404", "406", "421", "479", "x"] {
            assert_eq!(of_nack(code), Nack::Refused, "{code}");
        }
    }
}

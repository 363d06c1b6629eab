//! The first frame of a socket: where the user's sequence of events stands.
//!
//! Greetings use up no sequence number, so their `seq` is inside `data`.

use bytes::Bytes;
use dx_actors::{domain::AgentId, presence::outbox::Attached};
use serde::Serialize;

const VERSION: &str = "v1";

#[derive(Serialize)]
struct GreetingOut<'a> {
    #[serde(flatten)]
    event: EventOut<'a>,
    version: &'a str,
}

impl GreetingOut<'_> {
    fn encode(&self) -> Bytes {
        serde_json::to_vec(self).expect("strings and numbers always serialize").into()
    }
}

#[derive(Serialize)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
enum EventOut<'a> {
    Connected { user_id: i64, epoch: &'a str, seq: u64 },
    Resumed { recovered: bool, missed: u64, epoch: &'a str, seq: u64 },
}

/// The text that tells a client how it was attached.
pub fn greeting(agent_id: AgentId, epoch: &str, attached: Attached) -> Bytes {
    let event = match attached {
        Attached::Connected { seq } => EventOut::Connected { user_id: agent_id.0, epoch, seq },
        Attached::Resumed { recovered, missed, seq } => {
            EventOut::Resumed { recovered, missed, epoch, seq }
        }
    };
    GreetingOut { event, version: VERSION }.encode()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_are_exact() {
        assert_eq!(
            greeting(AgentId(7), "00ff", Attached::Connected { seq: 3 }),
            r#"{"event":"connected","data":{"user_id":7,"epoch":"00ff","seq":3},"version":"v1"}"#
        );
        let resumed = Attached::Resumed { recovered: true, missed: 2, seq: 5 };
        assert_eq!(
            greeting(AgentId(7), "00ff", resumed),
            concat!(
                r#"{"event":"resumed","data":{"recovered":true,"missed":2,"epoch":"00ff","seq":5},"#,
                r#""version":"v1"}"#
            )
        );
    }
}

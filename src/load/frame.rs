//! What a socket shows, as far as the test looks at it. Read in place: tens of thousands come a second.

use std::{borrow::Cow, ops::Deref};

use serde::Deserialize;

/// A frame of the hub: an event, a greeting, or the answer to a ping.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Frame<'f> {
    #[serde(borrow)]
    pub(super) event: Option<Text<'f>>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'f>>,
    #[serde(borrow, default)]
    pub(super) data: Facts<'f>,
    pub(super) seq: Option<u64>,
    #[serde(borrow)]
    pub(super) epoch: Option<Text<'f>>,
}

/// What events say; each says only some of it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Facts<'f> {
    #[serde(borrow)]
    pub(super) message_id: Option<Text<'f>>,
    #[serde(borrow)]
    pub(super) client_message_id: Option<Text<'f>>,
    #[serde(borrow)]
    pub(super) chat_id: Option<Text<'f>>,
    #[serde(borrow)]
    pub(super) status: Option<Text<'f>>,
    #[serde(rename = "atendente_id")]
    pub(super) agent_id: Option<i64>,
    #[serde(rename = "atendente_destino_id")]
    pub(super) to_agent_id: Option<i64>,
    pub(super) recovered: Option<bool>,
    #[serde(borrow)]
    pub(super) epoch: Option<Text<'f>>,
    pub(super) seq: Option<u64>,
}

/// A text that is copied only if it holds escapes.
#[derive(Debug, Deserialize)]
pub(super) struct Text<'f>(#[serde(borrow)] Cow<'f, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_in_place() {
        let text = r#"{"event":"chat_assigned","data":{"atendente_id":2,"chat_id":"55","x":{"y":[1]},
            "cliente_nome":"Zé \"1\""},"version":"v1","notify":{"sound":true},"seq":8,"epoch":"97"}"#;
        let frame: Frame<'_> = serde_json::from_str(text).unwrap();
        assert_eq!(frame.event.as_deref(), Some("chat_assigned"));
        assert_eq!((frame.data.agent_id, frame.data.chat_id.as_deref()), (Some(2), Some("55")));
        assert_eq!((frame.seq, frame.epoch.as_deref()), (Some(8), Some("97")));
        assert!(matches!(frame.data.chat_id, Some(Text(Cow::Borrowed(_)))));
    }

    #[test]
    fn greetings_pongs_and_nulls_are_read() {
        let text = r#"{"event":"resumed","data":{"recovered":true,"missed":2,"epoch":"0","seq":5},"version":"v1"}"#;
        let frame: Frame<'_> = serde_json::from_str(text).unwrap();
        assert_eq!((frame.data.recovered, frame.data.seq, frame.seq), (Some(true), Some(5), None));
        let frame: Frame<'_> = serde_json::from_str(r#"{"type":"pong"}"#).unwrap();
        assert_eq!((frame.event.is_none(), frame.kind.as_deref()), (true, Some("pong")));
        let text =
            r#"{"event":"message_sent","data":{"client_message_id":null,"atendente_id":null}}"#;
        let frame: Frame<'_> = serde_json::from_str(text).unwrap();
        assert!(frame.data.client_message_id.is_none() && frame.data.agent_id.is_none());
    }
}

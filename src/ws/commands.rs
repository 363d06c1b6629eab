//! What an agent's client may say over its socket, and the texts that answer it.
//!
//! Reads JSON and builds JSON; what an injected message does is the business of [`AgentSocket`].

use std::sync::Arc;

use bytes::Bytes;
use dx_actors::presence::outbox::{OutFrame, Outbox};
use serde::Serialize;
use serde_json::Value;

use super::connection::Commands;
pub use crate::wire::inject::{InjectIn, InjectPayloadIn};

const PONG: &[u8] = br#"{"type":"pong"}"#;
const NOT_JSON: &str = "Mensagem inválida: envie um objeto JSON.";
const NOT_TEXT: &str = "Mensagem binária não suportada: envie um objeto JSON em texto.";
const BAD_INJECT: &str =
    r#"Comando inject_incoming inválido: informe "from" (texto) e "payload" (objeto)."#;

/// What the hub does for the socket of one agent. Dropped when the socket is gone, however it went.
pub trait AgentSocket: Send {
    /// The socket is open: the place to attach the outbox.
    fn opened(&mut self, outbox: &Arc<Outbox>);
    /// The agent's client has shown a sign of life.
    fn alive(&mut self);
    /// Lets a customer's message come in; answered later with [`inject_success`] or [`inject_error`].
    fn inject(&mut self, incoming: InjectIn, outbox: &Arc<Outbox>);
}

/// Understands the commands of agents.
#[derive(Debug)]
pub struct AgentCommands<A>(pub A);

impl<A: AgentSocket> Commands for AgentCommands<A> {
    fn opened(&mut self, outbox: &Arc<Outbox>) {
        self.0.opened(outbox);
    }

    fn alive(&mut self) {
        self.0.alive();
    }

    fn on_text(&mut self, text: &str, outbox: &Arc<Outbox>) {
        let answer = match Command::parse(text) {
            Ok(Command::Ping) => Bytes::from_static(PONG),
            Ok(Command::Inject(incoming)) => return self.0.inject(*incoming, outbox),
            Ok(Command::Unknown) => return,
            Err(answer) => answer,
        };
        outbox.push(OutFrame::Text(answer));
    }

    fn on_binary(&mut self, outbox: &Arc<Outbox>) {
        outbox.push(OutFrame::Text(error(NOT_TEXT)));
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Command {
    Ping,
    Inject(Box<InjectIn>),
    /// Another JSON object: clients of the future may say more than we know.
    Unknown,
}

impl Command {
    /// Reads a command, or gives the text that says what is wrong with it.
    fn parse(text: &str) -> Result<Self, Bytes> {
        // A derived struct would accept arrays, and other objects are no mistake: hence a `Value`.
        let Ok(command @ Value::Object(_)) = serde_json::from_str(text) else {
            return Err(error(NOT_JSON));
        };
        match command["type"].as_str() {
            Some("ping") => Ok(Self::Ping),
            Some("inject_incoming") if !command["payload"].is_object() => {
                Err(inject_error(BAD_INJECT))
            }
            Some("inject_incoming") => serde_json::from_value(command)
                .map(Self::Inject)
                .map_err(|_| inject_error(BAD_INJECT)),
            _ => Ok(Self::Unknown),
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum AnswerOut<'a> {
    Error { error: &'a str },
    InjectSuccess { message_id: &'a str, chat_id: &'a str },
    InjectError { error: &'a str },
}

impl AnswerOut<'_> {
    fn encode(&self) -> Bytes {
        serde_json::to_vec(self).expect("strings always serialize").into()
    }
}

/// "What you sent cannot be understood", with a reason in Portuguese.
pub fn error(error: &str) -> Bytes {
    AnswerOut::Error { error }.encode()
}

/// The injected message is stored and routed.
pub fn inject_success(message_id: &str, chat_id: &str) -> Bytes {
    AnswerOut::InjectSuccess { message_id, chat_id }.encode()
}

/// The injected message was refused, with a reason in Portuguese.
pub fn inject_error(error: &str) -> Bytes {
    AnswerOut::InjectError { error }.encode()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Recorder {
        injected: Vec<InjectIn>,
    }

    impl AgentSocket for Recorder {
        fn opened(&mut self, _: &Arc<Outbox>) {}
        fn alive(&mut self) {}
        fn inject(&mut self, incoming: InjectIn, _: &Arc<Outbox>) {
            self.injected.push(incoming);
        }
    }

    /// The answers to one text.
    fn answers(text: &str) -> Vec<String> {
        let outbox = Arc::default();
        AgentCommands(Recorder::default()).on_text(text, &outbox);
        texts(&outbox)
    }

    fn texts(outbox: &Outbox) -> Vec<String> {
        let text = |frame| match frame {
            OutFrame::Text(text) => String::from_utf8(text.into()).unwrap(),
            other => panic!("{other:?} is no text"),
        };
        outbox.take().frames.into_iter().map(text).collect()
    }

    #[test]
    fn a_ping_is_answered_whatever_else_it_carries() {
        for ping in [r#"{"type":"ping"}"#, r#" {"ts":1,"type":"ping","type2":[{}]} "#] {
            assert_eq!(answers(ping), [r#"{"type":"pong"}"#]);
        }
    }

    #[test]
    fn objects_that_mean_nothing_here_are_ignored() {
        for text in ["{}", r#"{"type":5}"#, r#"{"type":"subscribe"}"#, r#"{"event":"ping"}"#] {
            assert_eq!(answers(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn what_is_no_object_gets_an_error() {
        let deep = "[".repeat(60_000);
        for text in ["", "ping", "{", r#"["ping"]"#, r#""ping""#, "null", "{} {}", &deep] {
            let expected = format!(r#"{{"type":"error","error":"{NOT_JSON}"}}"#);
            assert_eq!(answers(text), [expected]);
        }
    }

    #[test]
    fn a_binary_message_gets_an_error() {
        let outbox = Arc::default();
        AgentCommands(Recorder::default()).on_binary(&outbox);
        assert_eq!(texts(&outbox), [format!(r#"{{"type":"error","error":"{NOT_TEXT}"}}"#)]);
    }

    #[test]
    fn an_injection_is_handed_over() {
        let outbox = Arc::default();
        let mut commands = AgentCommands(Recorder::default());
        commands.on_text(
            r#"{"type":"inject_incoming","from":"5511999999999","extra":1,
                "payload":{"type":"text","text":"Olá","contact_name":"Ana"}}"#,
            &outbox,
        );
        let payload = InjectPayloadIn {
            kind: Some("text".into()),
            text: Some("Olá".into()),
            contact_name: Some("Ana".into()),
            ..InjectPayloadIn::default()
        };
        let expected = InjectIn { from: "5511999999999".into(), chat_id: None, payload };
        assert_eq!(commands.0.injected, [expected]);
        assert_eq!(texts(&outbox), Vec::<String>::new());
    }

    #[test]
    fn an_injection_without_sender_or_content_is_refused() {
        for rest in
            ["", r#","from":"1""#, r#","from":1,"payload":{}"#, r#","from":"1","payload":[]"#]
        {
            let answers = answers(&format!(r#"{{"type":"inject_incoming"{rest}}}"#));
            let error = serde_json::from_str::<Value>(&answers[0]).unwrap();
            assert_eq!(error["type"], "inject_error", "{rest}");
            assert_eq!(error["error"], BAD_INJECT);
        }
    }

    #[test]
    fn answers_to_injections_are_exact() {
        let success = br#"{"type":"inject_success","message_id":"m1","chat_id":"c1"}"#;
        assert_eq!(inject_success("m1", "c1"), success[..]);
        assert_eq!(inject_error("não"), r#"{"type":"inject_error","error":"não"}"#);
    }
}

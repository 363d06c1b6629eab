//! Events as they go over the socket (contract §21): the envelope `{event, data, version}`, and next
//! to it the flat keys that older clients read.

use bytes::Bytes;
use dx_actors::{
    EncodeEvent, HubEvent,
    domain::{
        IntegrationEvent, Message, Timestamp, Transfer, WebhookEndpoint, file::FileKey,
        message_change::StoredChange, webhook::EventKind,
    },
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{qr_image, time::At, words::Word};

/// Version of the envelope.
const VERSION: &str = "v1";

/// Encodes events for all sockets.
#[derive(Debug, Clone, Copy, Default)]
pub struct WireEvents;

impl EncodeEvent for WireEvents {
    fn encode(&self, event: &HubEvent) -> Bytes {
        let mut text = serde_json::to_vec(&Envelope::from(event)).unwrap_or_default();
        // The outbox appends `seq` and `epoch` and closes the object.
        text.pop();
        Bytes::from(text)
    }
}

/// The body of a webhook: the same words as over the socket, in an envelope of its own.
#[derive(Serialize)]
struct IntegrationBody<'a> {
    id: &'a str,
    event: &'static str,
    created_at: At,
    version: &'static str,
    /// Of two events of one chat the later one has the higher number.
    sequence: i64,
    data: Value,
}

/// What other systems are told of an event of the outbox.
pub fn integration_body(event: &IntegrationEvent, what: &HubEvent) -> String {
    let Envelope { event: name, data, .. } = Envelope::from(what);
    let body = IntegrationBody {
        id: &event.event_id,
        event: name,
        created_at: At(event.at),
        version: VERSION,
        sequence: event.id.0,
        data,
    };
    serde_json::to_string(&body).unwrap_or_default()
}

/// What an endpoint is told when somebody tries it out.
pub fn ping_body(event_id: &str, endpoint: &WebhookEndpoint, at: Timestamp) -> String {
    let body = IntegrationBody {
        id: event_id,
        event: EventKind::Ping.as_str(),
        created_at: At(at),
        version: VERSION,
        sequence: 0,
        data: json!({"webhook_id": endpoint.id.0, "nome": endpoint.name, "timestamp": At(at)}),
    };
    serde_json::to_string(&body).unwrap_or_default()
}

/// What is sent, in the order of its keys.
#[derive(Debug, Serialize)]
struct Envelope {
    event: &'static str,
    data: Value,
    version: &'static str,
    #[serde(flatten)]
    flat: Map<String, Value>,
}

impl Envelope {
    fn new(event: &'static str, data: Value) -> Self {
        Self { event, data, version: VERSION, flat: Map::new() }
    }

    /// Repeats what older clients read at the top level, with `type` and `ts`.
    fn with_flat(mut self, at: Timestamp, keys: &[&str]) -> Self {
        self.flat.insert("type".to_owned(), self.event.into());
        for key in keys {
            if let Some(value) = self.data.get(*key) {
                self.flat.insert((*key).to_owned(), value.clone());
            }
        }
        self.flat.insert("ts".to_owned(), json!(At(at)));
        self
    }

    fn with_sound(mut self, plays: bool) -> Self {
        self.flat.insert("play_sound".to_owned(), plays.into());
        self
    }
}

impl From<&HubEvent> for Envelope {
    fn from(event: &HubEvent) -> Self {
        match event {
            HubEvent::ChatOpened { .. }
            | HubEvent::ChatMessage { .. }
            | HubEvent::ChatAssigned { .. }
            | HubEvent::ChatOffered { .. }
            | HubEvent::ChatOfferEnded { .. }
            | HubEvent::ChatOverflowed { .. }
            | HubEvent::ChatAccepted { .. }
            | HubEvent::ChatTransferred { .. }
            | HubEvent::ChatRequeued { .. }
            | HubEvent::ChatClosed { .. }
            | HubEvent::ChatAutoClosed { .. }
            | HubEvent::ChatRated { .. }
            | HubEvent::ReplyWindowClosing { .. } => chat_event(event),
            HubEvent::ChatRead { .. }
            | HubEvent::NoteAdded { .. }
            | HubEvent::NoteRemoved { .. }
            | HubEvent::ChatTagsChanged { .. } => remark_event(event),
            HubEvent::MessageReceived { message, at, .. } => message_received(message, *at),
            HubEvent::MessageSent { message, at } => message_sent(message, *at),
            HubEvent::MediaChanged { message, at } => media_changed(message, *at),
            HubEvent::MessageChanged { message, change } => message_changed(message, change),
            HubEvent::MessageStatusChanged { message_id, chat_id, status, at } => {
                let data = json!({
                    "message_id": message_id, "chat_id": chat_id, "status": status.word(),
                    "timestamp": At(*at), "ts": At(*at),
                });
                Self::new("message_status", data)
                    .with_flat(*at, &["message_id", "chat_id", "status"])
            }
            HubEvent::QueueChanged {
                department_id,
                department_name,
                waiting,
                offered,
                late,
                oldest_entered_at,
                at,
            } => {
                let data = json!({
                    "departamento_id": department_id.0, "departamento_nome": department_name,
                    "aguardando": waiting, "oferecidos": offered, "vencidos": late,
                    "mais_antigo_em": oldest_entered_at.map(At), "timestamp": At(*at),
                });
                Self::new("queue_changed", data)
            }
            HubEvent::PresenceChanged { .. } => presence_changed(event),
            HubEvent::TypingStarted { chat_id, from, at } => {
                Self::new("typing_start", typing(chat_id, from, *at))
            }
            HubEvent::TypingStopped { chat_id, from, at } => {
                Self::new("typing_stop", typing(chat_id, from, *at))
            }
            HubEvent::WebhookFailing { .. } => webhook_failing(event),
            HubEvent::SessionStatusChanged { .. }
            | HubEvent::QrCode { .. }
            | HubEvent::PairingCode { .. } => session_event(event),
        }
    }
}

/// What becomes of a number's connection.
fn session_event(event: &HubEvent) -> Envelope {
    match event {
        HubEvent::SessionStatusChanged { session_id, status, at } => {
            let data = json!({
                "session_id": session_id.0, "status": status.word(), "timestamp": At(*at),
            });
            Envelope::new("session_status", data).with_flat(*at, &["session_id", "status"])
        }
        HubEvent::QrCode { session_id, code, expires_at, at } => {
            let data = json!({
                "session_id": session_id.0, "image_b64": qr_image::png_base64(code),
                "code": code, "expires_at": At(*expires_at), "timestamp": At(*at),
            });
            Envelope::new("qrcode", data).with_flat(*at, &["session_id", "image_b64"])
        }
        HubEvent::PairingCode { session_id, code, expires_at, at } => {
            let data = json!({
                "session_id": session_id.0, "pairing_code": code,
                "expires_at": At(*expires_at), "timestamp": At(*at),
            });
            Envelope::new("pairing_code", data).with_flat(*at, &["session_id", "pairing_code"])
        }
        // The caller hands over the three above only.
        _ => Envelope::new("unknown", Value::Null),
    }
}

fn webhook_failing(event: &HubEvent) -> Envelope {
    let data = match event {
        HubEvent::WebhookFailing { endpoint_id, name, trouble, failures, paused_until, at } => {
            json!({
                "webhook_id": endpoint_id.0, "nome": name, "motivo": trouble.word(),
                "falhas_seguidas": failures, "pausado_ate": paused_until.map(At),
                "timestamp": At(*at),
            })
        }
        _ => Value::Null,
    };
    Envelope::new("webhook_failing", data)
}

fn presence_changed(event: &HubEvent) -> Envelope {
    let data = match event {
        HubEvent::PresenceChanged { agent_id, status, message, is_reconnecting, at } => json!({
            "agent_id": agent_id.0, "status": status.word(), "message": message,
            "reconectando": is_reconnecting, "timestamp": At(*at),
        }),
        _ => Value::Null,
    };
    Envelope::new("agent_presence_changed", data)
}

/// The file of a message is there, will not come, or is fetched again.
fn media_changed(message: &Message, at: Timestamp) -> Envelope {
    let data = json!({
        "message_id": message.message_id, "chat_id": message.chat_id,
        "media_status": message.media_status.map(Word::word),
        "media_file_id": message.media_key.as_ref().map(FileKey::as_str),
        "media_type": message.media_mime_type, "media_size": message.media_size,
        "timestamp": At(at),
    });
    Envelope::new("media_status", data)
}

/// A reaction, an edit, a message taken back, or a vote.
fn message_changed(message: &Message, change: &StoredChange) -> Envelope {
    let data = json!({
        "message_id": message.message_id, "chat_id": message.chat_id,
        "atendimento_id": message.ticket_id.map(|id| id.0),
        "change": change.kind.word(), "by": change.side.word(), "value": change.value,
        "previous": change.previous, "text": message.text,
        "customer_reaction": message.customer_reaction,
        "company_reaction": message.company_reaction,
        "edited_at": message.edited_at.map(At), "deleted_at": message.deleted_at.map(At),
        "timestamp": At(change.at),
    });
    Envelope::new("message_updated", data)
}

fn typing(chat_id: &str, from: &str, at: Timestamp) -> Value {
    json!({"chat_id": chat_id, "from": from, "timestamp": At(at)})
}

fn chat_event(event: &HubEvent) -> Envelope {
    match event {
        HubEvent::ChatOpened {
            ticket_id,
            chat_id,
            phone,
            customer_id,
            customer_name,
            department_id,
            department_name,
            first_message,
            priority,
            at,
        } => {
            let data = json!({
                "chat_id": chat_id, "atendimento_id": ticket_id.0, "numero_whatsapp": phone,
                "cliente_id": customer_id.0, "cliente_nome": customer_name,
                "departamento_id": department_id.0, "departamento_nome": department_name,
                "mensagem_inicial": first_message, "criado_em": At(*at),
                "prioridade": priority.word(),
            });
            Envelope::new("new_chat", data).with_sound(true)
        }
        HubEvent::ChatMessage { ticket_id, chat_id, message_id, text, kind, phone, at } => {
            let data = json!({
                "chat_id": chat_id, "atendimento_id": ticket_id.0, "message_id": message_id,
                "texto": text, "tipo": kind.word(), "de": phone, "criado_em": At(*at),
            });
            Envelope::new("new_message", data).with_sound(false)
        }
        HubEvent::ChatAssigned {
            ticket_id,
            chat_id,
            customer_name,
            agent_id,
            agent_name,
            department_id,
            department_name,
            priority,
            first_message,
            at,
        } => Envelope::new(
            "chat_assigned",
            json!({
                "atendimento_id": ticket_id.0, "cliente_nome": customer_name, "chat_id": chat_id,
                "departamento": department_name, "departamento_id": department_id.0,
                "prioridade": priority.word(), "mensagem_inicial": first_message,
                "atendente_id": agent_id.0, "atendente_nome": agent_name, "timestamp": At(*at),
            }),
        ),
        HubEvent::ChatTransferred {
            transfer,
            chat_id,
            customer_name,
            from_agent_name,
            to_agent_name,
            at,
        } => {
            let names = [from_agent_name.as_str(), to_agent_name];
            Envelope::new(
                "chat_transferred",
                transferred(transfer, chat_id, customer_name, names, *at),
            )
        }
        HubEvent::ChatOffered { .. }
        | HubEvent::ChatOfferEnded { .. }
        | HubEvent::ChatOverflowed { .. } => routing_event(event),
        other => chat_end_event(other),
    }
}

fn routing_event(event: &HubEvent) -> Envelope {
    match event {
        HubEvent::ChatOffered {
            ticket_id,
            chat_id,
            customer_name,
            agent_id,
            agent_name,
            department_id,
            department_name,
            priority,
            first_message,
            expires_at,
            at,
        } => {
            let data = json!({
                "atendimento_id": ticket_id.0, "cliente_nome": customer_name, "chat_id": chat_id,
                "departamento": department_name, "departamento_id": department_id.0,
                "prioridade": priority.word(), "mensagem_inicial": first_message,
                "atendente_id": agent_id.0, "atendente_nome": agent_name,
                "expira_em": At(*expires_at), "timestamp": At(*at),
            });
            Envelope::new("chat_offered", data)
        }
        HubEvent::ChatOfferEnded { ticket_id, chat_id, agent_id, reason, at } => {
            let data = json!({
                "atendimento_id": ticket_id.0, "chat_id": chat_id, "atendente_id": agent_id.0,
                "motivo": reason.word(), "timestamp": At(*at),
            });
            Envelope::new("chat_offer_ended", data)
        }
        HubEvent::ChatOverflowed {
            ticket_id,
            chat_id,
            from_department_id,
            to_department_id,
            to_department_name,
            at,
        } => {
            let data = json!({
                "atendimento_id": ticket_id.0, "chat_id": chat_id,
                "departamento_origem_id": from_department_id.0,
                "departamento_id": to_department_id.0, "departamento_nome": to_department_name,
                "timestamp": At(*at),
            });
            Envelope::new("chat_overflowed", data)
        }
        // `chat_event` hands over the three above only.
        _ => Envelope::new("unknown", Value::Null),
    }
}

fn transferred(
    transfer: &Transfer,
    chat_id: &str,
    customer_name: &str,
    [from, to]: [&str; 2],
    at: Timestamp,
) -> Value {
    json!({
        "atendimento_id": transfer.ticket_id.0, "cliente_nome": customer_name, "chat_id": chat_id,
        "de": from, "motivo": transfer.reason,
        "atendente_origem_id": transfer.from_agent_id.map(|id| id.0),
        "atendente_destino_id": transfer.to_agent_id.map(|id| id.0),
        "atendente_destino_nome": to,
        "departamento_origem_id": transfer.from_department_id.0,
        "departamento_destino_id": transfer.to_department_id.0,
        "transferencia_id": transfer.id.0, "timestamp": At(at),
    })
}

fn chat_end_event(event: &HubEvent) -> Envelope {
    match event {
        HubEvent::ChatAccepted { ticket_id, chat_id, agent_id, agent_name, status, at } => {
            let data = json!({
                "chat_id": chat_id, "atendimento_id": ticket_id.0, "atendente_id": agent_id.0,
                "atendente_nome": agent_name, "status": status.word(), "timestamp": At(*at),
            });
            Envelope::new("chat_accepted", data)
        }
        HubEvent::ChatRequeued { ticket_id, chat_id, department_id, at } => {
            let data = json!({
                "chat_id": chat_id, "atendimento_id": ticket_id.0,
                "departamento_id": department_id.0, "timestamp": At(*at),
            });
            Envelope::new("chat_requeued", data)
        }
        HubEvent::ChatClosed { ticket_id, chat_id, agent_id, at } => {
            let data = json!({
                "chat_id": chat_id, "atendimento_id": ticket_id.0,
                "atendente_id": agent_id.map(|id| id.0), "finalizado_em": At(*at),
            });
            Envelope::new("chat_closed", data)
        }
        HubEvent::ChatAutoClosed { ticket_id, chat_id, customer_name, idle_minutes, at } => {
            let data = json!({
                "atendimento_id": ticket_id.0, "cliente_nome": customer_name, "chat_id": chat_id,
                "motivo": "inatividade", "tempo_inativo_minutos": idle_minutes,
                "timestamp": At(*at),
            });
            Envelope::new("chat_auto_closed", data)
        }
        HubEvent::ChatRated { ticket_id, chat_id, agent_id, rating, rated_by, at } => {
            let data = json!({
                "chat_id": chat_id, "atendimento_id": ticket_id.0,
                "atendente_id": agent_id.map(|id| id.0), "avaliacao": rating,
                "avaliado_por": rated_by.map(|id| id.0), "timestamp": At(*at),
            });
            Envelope::new("chat_rated", data)
        }
        HubEvent::ReplyWindowClosing {
            ticket_id,
            chat_id,
            customer_name,
            agent_id,
            open_until,
            at,
        } => {
            let data = json!({
                "chat_id": chat_id, "atendimento_id": ticket_id.0, "cliente_nome": customer_name,
                "atendente_id": agent_id.map(|id| id.0), "janela_aberta_ate": At(*open_until),
                "timestamp": At(*at),
            });
            Envelope::new("reply_window_closing", data)
        }
        // `chat_event` hands over the six above only.
        _ => Envelope::new("unknown", Value::Null),
    }
}

fn remark_event(event: &HubEvent) -> Envelope {
    match event {
        HubEvent::ChatRead { ticket_id, chat_id, agent_id, until, unread, cause, at } => {
            let data = json!({
                "chat_id": chat_id, "atendimento_id": ticket_id.0, "atendente_id": agent_id.0,
                "ate": until.map(|id| id.0), "mensagens_nao_lidas": unread,
                "causa": cause.word(), "timestamp": At(*at),
            });
            Envelope::new("chat_read", data)
        }
        HubEvent::NoteAdded { note, chat_id, agent_name, at } => {
            let data = json!({
                "id": note.id.0, "chat_id": chat_id, "atendimento_id": note.ticket_id.0,
                "autor": note.agent_id.0, "autor_nome": agent_name, "texto": note.text,
                "criado_em": At(note.created_at), "timestamp": At(*at),
            });
            Envelope::new("note_added", data)
        }
        HubEvent::NoteRemoved { note_id, ticket_id, chat_id, agent_id, at } => {
            let data = json!({
                "id": note_id.0, "chat_id": chat_id, "atendimento_id": ticket_id.0,
                "atendente_id": agent_id.0, "timestamp": At(*at),
            });
            Envelope::new("note_removed", data)
        }
        HubEvent::ChatTagsChanged { ticket_id, chat_id, tags, agent_id, at } => {
            let data = json!({
                "chat_id": chat_id, "atendimento_id": ticket_id.0, "etiquetas": tags,
                "atendente_id": agent_id.0, "timestamp": At(*at),
            });
            Envelope::new("chat_tags_changed", data)
        }
        // The caller hands over the four above only.
        _ => Envelope::new("unknown", Value::Null),
    }
}

fn message_received(message: &Message, at: Timestamp) -> Envelope {
    let data = json!({
        "from": message.phone, "message": message.text, "message_id": message.message_id,
        "timestamp": At(message.provider_at.unwrap_or(at)), "media_url": message.media_url,
        "media_type": message.media_mime_type, "latency_ms": message.total_latency_ms(),
        "chat_id": message.chat_id, "atendimento_id": message.ticket_id.map(|id| id.0),
        "contact_name": message.contact_name, "type": message.kind.word(),
        "database_id": message.id.0,
    });
    let mut envelope =
        Envelope::new("message_received", data).with_flat(at, &["from", "chat_id", "message_id"]);
    let payload = json!({
        "type": message.kind.word(), "text": message.text, "contact_name": message.contact_name,
        "media_url": message.media_url,
    });
    envelope.flat.insert("payload".to_owned(), payload);
    envelope
}

fn message_sent(message: &Message, at: Timestamp) -> Envelope {
    let error = (!message.error.is_empty()).then_some(&message.error);
    let data = json!({
        "message_id": message.message_id, "status": message.status.word(), "to": message.phone,
        "timestamp": At(at), "error": error, "client_message_id": message.client_message_id,
        "task_id": message.task_id, "chat_id": message.chat_id,
        "atendimento_id": message.ticket_id.map(|id| id.0), "message": message.text,
        "type": message.kind.word(), "media_url": message.media_url,
        "atendente_id": message.agent_id.map(|id| id.0), "database_id": message.id.0,
    });
    Envelope::new("message_sent", data)
}

#[cfg(test)]
mod tests {
    use dx_actors::domain::{
        IntegrationEventId, MessageStatus, SessionId, SessionStatus, webhook::Subject,
    };

    use super::*;

    fn encoded(event: &HubEvent) -> Value {
        let mut text = WireEvents.encode(event).to_vec();
        text.extend_from_slice(br#","seq":1,"epoch":"e"}"#);
        serde_json::from_slice(&text).unwrap()
    }

    const AT: Timestamp = Timestamp::from_micros(1_767_323_045_000_000);

    #[test]
    fn the_outbox_can_close_the_object() {
        let event = HubEvent::TypingStarted { chat_id: "1".into(), from: "ana".into(), at: AT };
        let expected = json!({
            "event": "typing_start",
            "data": {"chat_id": "1", "from": "ana", "timestamp": "2026-01-02T03:04:05Z"},
            "version": "v1", "seq": 1, "epoch": "e",
        });
        assert_eq!(encoded(&event), expected);
    }

    #[test]
    fn other_systems_are_told_the_same_words_in_an_envelope_of_their_own() {
        let what = HubEvent::SessionStatusChanged {
            session_id: SessionId(1),
            status: SessionStatus::Ready,
            at: AT,
        };
        let event = IntegrationEvent {
            id: IntegrationEventId(7),
            event_id: "evt_1".to_owned(),
            kind: EventKind::SessionStatus,
            at: AT,
            subject: Subject::default(),
        };
        let expected = r#"{"id":"evt_1","event":"session_status","created_at":"2026-01-02T03:04:05Z","version":"v1","sequence":7,"data":{"session_id":1,"status":"ready","timestamp":"2026-01-02T03:04:05Z"}}"#;
        assert_eq!(integration_body(&event, &what), expected);
    }

    #[test]
    fn some_events_carry_the_flat_keys_of_older_clients() {
        let status = HubEvent::SessionStatusChanged {
            session_id: SessionId(1),
            status: SessionStatus::Ready,
            at: AT,
        };
        let frame = encoded(&status);
        assert_eq!(frame["type"], "session_status");
        assert_eq!(
            (&frame["status"], &frame["data"]["status"]),
            (&json!("ready"), &json!("ready"))
        );
        assert_eq!(frame["ts"], "2026-01-02T03:04:05Z");
        let tick = HubEvent::MessageStatusChanged {
            message_id: "m".into(),
            chat_id: "c".into(),
            status: MessageStatus::Read,
            at: AT,
        };
        let frame = encoded(&tick);
        assert_eq!((&frame["message_id"], &frame["status"]), (&json!("m"), &json!("read")));
        let code = HubEvent::QrCode {
            session_id: SessionId(1),
            code: "2@x".into(),
            expires_at: AT,
            at: AT,
        };
        let frame = encoded(&code);
        assert_eq!(frame["image_b64"], frame["data"]["image_b64"]);
        assert!(frame["image_b64"].as_str().unwrap().starts_with("iVBORw0KGgo"), "a PNG");
    }
}

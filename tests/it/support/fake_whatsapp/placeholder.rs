//! Messages that a companion could not keep: the owner's phone, which wrote them, shows them once more
//! when it is asked.

use whatsapp_rust::{
    buffa::{Message as _, MessageField},
    waproto::whatsapp::{
        self as wa,
        message::{
            PeerDataOperationRequestResponseMessage, ProtocolMessage,
            peer_data_operation_request_response_message::{
                PeerDataOperationResult,
                peer_data_operation_result::PlaceholderMessageResendResponse,
            },
        },
    },
};

use super::state::{State, Writer};

impl State {
    /// A companion has written to the phone itself: what is asked for is answered if the phone has it.
    pub(super) fn on_peer_message(
        &mut self,
        device: usize,
        phone: usize,
        id: &str,
        message: &wa::Message,
    ) {
        let protocol = message.protocol_message.as_option();
        let asked = protocol.and_then(|it| it.peer_data_operation_request_message.as_option());
        let wanted = asked.map_or(&[][..], |it| &it.placeholder_message_resend_request);
        for key in wanted.iter().filter_map(|request| request.message_key.as_option()) {
            let wanted_id = key.id.clone().unwrap_or_default();
            self.asked_of_phone.push(wanted_id.clone());
            let written = self.phones[phone].written.get(&wanted_id);
            if let Some(sent) = written.and_then(|it| it.device_sent_message.as_option()).cloned() {
                let answer = shown_again(id, wanted_id, sent);
                let answer_id = self.next_message_id();
                self.send_message(Writer::Phone(phone), device, &answer_id, answer);
            }
        }
    }
}

fn shown_again(request_id: &str, id: String, sent: wa::message::DeviceSentMessage) -> wa::Message {
    let key = wa::MessageKey {
        remote_jid: sent.destination_jid,
        from_me: Some(true),
        id: Some(id),
        ..wa::MessageKey::default()
    };
    let shown = wa::WebMessageInfo {
        key: MessageField::some(key),
        message: sent.message,
        message_timestamp: Some(1_760_000_000),
        ..wa::WebMessageInfo::default()
    };
    let shown =
        PlaceholderMessageResendResponse { web_message_info_bytes: Some(shown.encode_to_vec()) };
    let result = PeerDataOperationResult {
        placeholder_message_resend_response: MessageField::some(shown),
        ..PeerDataOperationResult::default()
    };
    let answer = PeerDataOperationRequestResponseMessage {
        stanza_id: Some(request_id.to_owned()),
        peer_data_operation_result: vec![result],
        ..PeerDataOperationRequestResponseMessage::default()
    };
    let protocol = ProtocolMessage {
        peer_data_operation_request_response_message: MessageField::some(answer),
        ..ProtocolMessage::default()
    };
    wa::Message { protocol_message: MessageField::some(protocol), ..wa::Message::default() }
}

//! Reasons, spans and instants as people read them.

use std::time::Duration;

use time::{UtcOffset, macros::format_description};

use crate::domain::{Timestamp, session::DisconnectReason, time_zone::TimeZone};

/// Why a connection ended, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// As it is stored and shown as `last_error`.
    pub code: String,
    pub text: String,
    pub advice: &'static str,
}

/// What is said of each reason, and what to do.
const fn words_of(reason: DisconnectReason) -> (&'static str, &'static str) {
    match reason {
        DisconnectReason::ConnectionLost => (
            "A conexão com a rede caiu ou não pôde ser feita.",
            "Confira a internet do servidor e, no WhatsApp Web, a do celular; depois use \"reconectar\".",
        ),
        DisconnectReason::LoggedOut => (
            "O aparelho foi removido dos aparelhos conectados no celular, ou a conta foi bloqueada.",
            "Inicie o número e leia o QR code de novo com o celular.",
        ),
        DisconnectReason::QrExpired => (
            "Ninguém leu o QR code a tempo.",
            "Inicie o número de novo com o celular à mão e leia o código assim que aparecer.",
        ),
        DisconnectReason::PairingRefused => (
            "O celular ou o WhatsApp não aceitou o pareamento.",
            "Confira no celular se há lugar em aparelhos conectados, espere alguns minutos e inicie o \
             número de novo.",
        ),
        DisconnectReason::Banned => (
            "O WhatsApp baniu o número.",
            "Não fique reconectando. Peça a revisão no próprio aplicativo do WhatsApp; o histórico \
             continua guardado aqui.",
        ),
        DisconnectReason::BannedUntil(_) => (
            "O WhatsApp suspendeu o número por um tempo.",
            "Espere o fim da suspensão, reconecte e não escreva a quem nunca escreveu.",
        ),
        DisconnectReason::Outdated => {
            ("O WhatsApp não aceita mais esta versão do servidor.", "Atualize o DX Connect.")
        }
        DisconnectReason::ProxyFailed => (
            "O proxy deste número não respondeu.",
            "Confira o endereço, o usuário e a senha do proxy; depois use \"reconectar\".",
        ),
        DisconnectReason::Replaced => (
            "As mesmas credenciais foram usadas em outro lugar.",
            "Desligue o outro servidor e depois use \"reconectar\".",
        ),
        DisconnectReason::BadSession => (
            "As chaves deste aparelho não servem mais e foram apagadas.",
            "Inicie o número e leia o QR code de novo com o celular.",
        ),
        DisconnectReason::CredentialsRefused => (
            "A Meta recusou o token de acesso: está errado, expirou ou lhe falta uma permissão.",
            "Gere um novo token de usuário do sistema na Meta e grave-o no número.",
        ),
        DisconnectReason::NotConfigured => (
            "Falta um dado de acesso à Cloud API.",
            "Complete o phone_number_id, o id da conta e o token do número.",
        ),
    }
}

/// What is said of a `last_error`; one without words of its own is told as it is.
pub fn reason_words(code: &str) -> Words {
    let known = DisconnectReason::ALL.into_iter().find(|reason| reason.as_str() == code);
    let (text, advice) = match known.map(words_of) {
        Some((text, advice)) => (text.to_owned(), advice),
        None => (
            code.to_owned(),
            "Inicie o número de novo; se acontecer outra vez, procure o motivo no registro do servidor.",
        ),
    };
    Words { code: code.to_owned(), text, advice }
}

/// `40 s`, `7 min`, `3 h 20 min`, `2 dias`.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) if minutes % 60 == 0 => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (1, ..) => "1 dia".to_owned(),
        (days, ..) => format!("{days} dias"),
    }
}

/// `14:30`, or `14:30 de 12/03` on another day.
pub(super) fn instant(at: Timestamp, zone: TimeZone, now: Timestamp) -> String {
    let local = |at: Timestamp| {
        let hours = i8::try_from(zone.offset_hours()).unwrap_or_default();
        let offset = UtcOffset::from_hms(hours, 0, 0).unwrap_or(UtcOffset::UTC);
        at.to_offset_date_time().to_offset(offset)
    };
    let (at, now) = (local(at), local(now));
    let time = at.format(format_description!("[hour]:[minute]")).unwrap_or_default();
    if at.date() == now.date() {
        return time;
    }
    let day = at.format(format_description!("[day]/[month]")).unwrap_or_default();
    format!("{time} de {day}")
}

/// `1 mensagem`, `2 mensagens`.
pub(super) fn messages(number: i64) -> String {
    if number == 1 { "1 mensagem".to_owned() } else { format!("{number} mensagens") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_code_of_its_own_a_sentence_and_something_to_do() {
        for (at, reason) in DisconnectReason::ALL.into_iter().enumerate() {
            let code = reason.as_str();
            let others = &DisconnectReason::ALL[..at];
            assert!(others.iter().all(|other| other.as_str() != code), "{code} twice");
            let words = reason_words(code);
            assert!(words.text.ends_with('.') && words.advice.ends_with('.'), "{code}");
        }
        let unknown = reason_words("stream error 999");
        assert_eq!((&*unknown.text, &*unknown.code), ("stream error 999", "stream error 999"));
        assert!(!unknown.advice.is_empty());
    }

    #[test]
    fn spans_are_as_long_as_people_need() {
        let cases = [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3599, "59 min"),
            (3600, "1 h"),
            (12_059, "3 h 20 min"),
            (86_400, "1 dia"),
            (200_000, "2 dias"),
        ];
        for (seconds, text) in cases {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }
}

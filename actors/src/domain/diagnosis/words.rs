//! Reasons, spans and instants as people read them.

use std::time::Duration;

use time::{UtcOffset, macros::format_description};

use crate::domain::{Timestamp, time_zone::TimeZone};

/// Why a connection ended, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// As it is stored and shown as `last_error`.
    pub code: String,
    pub text: String,
    pub advice: &'static str,
}

/// By the codes that `DisconnectReason` stores.
const REASONS: [(&str, &str, &str); 6] = [
    (
        "conexao_perdida",
        "A rede derrubou a conexão.",
        "O sistema volta sozinho. Se não voltar, confira a internet do servidor e, no WhatsApp Web, a do \
         celular; depois use \"reconectar\".",
    ),
    (
        "desconectado_pelo_celular",
        "O aparelho foi removido dos aparelhos conectados no celular.",
        "Inicie o número e leia o QR code de novo com o celular.",
    ),
    (
        "qr_expirado",
        "Ninguém leu o QR code a tempo.",
        "Inicie o número de novo com o celular à mão e leia o código assim que aparecer.",
    ),
    (
        "numero_banido",
        "O WhatsApp baniu o número.",
        "Não fique reconectando. Peça a revisão no próprio aplicativo do WhatsApp; o histórico continua \
         guardado aqui.",
    ),
    (
        "credenciais_recusadas",
        "A Meta recusou o token de acesso: está errado, expirou ou lhe falta uma permissão.",
        "Gere um novo token de usuário do sistema na Meta e grave-o no número.",
    ),
    (
        "configuracao_incompleta",
        "Falta um dado de acesso à Cloud API.",
        "Complete o phone_number_id, o id da conta e o token do número.",
    ),
];

/// What is said of a reason; one without words of its own is told as it is.
pub fn reason_words(code: &str) -> Words {
    let known = REASONS.iter().find(|(known, ..)| *known == code);
    let (text, advice) = match known {
        Some((_, text, advice)) => ((*text).to_owned(), *advice),
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

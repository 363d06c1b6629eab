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

/// By the codes that are stored with a state; those of all networks, domain facts §3.2.
const REASONS: [(&str, &str, &str); 12] = [
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
        "pareamento_recusado",
        "O celular ou o WhatsApp não aceitou o pareamento.",
        "Confira no celular se há lugar em aparelhos conectados, e inicie o número de novo.",
    ),
    (
        "numero_banido_temporariamente",
        "O WhatsApp suspendeu o número por um tempo.",
        "Espere a suspensão acabar; depois escreva por alguns dias só a quem já escreveu.",
    ),
    (
        "versao_desatualizada",
        "O WhatsApp não aceita mais esta versão do sistema.",
        "Atualize o DX Connect e inicie o número de novo; reconectar antes não adianta.",
    ),
    (
        "proxy_indisponivel",
        "O proxy do número não deixou a conexão passar.",
        "Confira o endereço e a senha do proxy nos dados do número. O sistema continua tentando.",
    ),
    (
        "conectado_em_outro_lugar",
        "O mesmo aparelho foi aberto em outro lugar, que ficou com a conexão.",
        "Encerre o outro programa ou servidor que usa este número; depois use \"reconectar\".",
    ),
    (
        "sessao_corrompida",
        "As chaves do aparelho não são mais aceitas pelo WhatsApp.",
        "Inicie o número e leia o QR code de novo com o celular.",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_sentence_and_something_to_do() {
        for (at, (code, text, advice)) in REASONS.iter().enumerate() {
            assert!(REASONS[..at].iter().all(|(other, ..)| other != code), "{code} twice");
            assert!(text.ends_with('.') && advice.ends_with('.'), "{code}");
            assert_eq!(reason_words(code).text, *text);
        }
        let unknown = reason_words("stream error 999");
        assert_eq!(
            (unknown.text.as_str(), unknown.code.as_str()),
            ("stream error 999", "stream error 999")
        );
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

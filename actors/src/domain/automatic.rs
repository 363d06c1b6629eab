//! What the hub itself says to a customer: which texts there are, what may stand in them, and how they are
//! filled in.
//!
//! An automatic message is no answer of a person: it starts, stops and counts nothing.

use std::borrow::Cow;

use super::{
    Timestamp,
    document_template::{Malformed, Segment, scan},
    settings::ChatSettings,
    waiting_time::Estimate,
};

/// A text that customers get from the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// A chat begins.
    Greeting,
    /// The customer wrote outside the opening hours; stands instead of the two beside it.
    OutOfHours,
    /// Nobody can take the chat now.
    Absence,
    /// The customer owes an answer; the chat is about to be closed.
    Inactivity,
    /// A person has closed the chat.
    Closing,
    /// After the closing: how was it?
    RatingRequest,
    /// The customer has rated.
    RatingThanks,
}

/// Who reads it, and as which ticket it is known.
const BASE: [&str; 3] = ["nome", "departamento", "protocolo"];
const OF_ABSENCE: [&str; 5] = ["nome", "departamento", "protocolo", "posicao", "espera"];
const OF_INACTIVITY: [&str; 4] = ["nome", "departamento", "protocolo", "minutos"];

impl Notice {
    /// What may stand in double braces in this text.
    pub const fn placeholders(self) -> &'static [&'static str] {
        match self {
            Self::Absence => &OF_ABSENCE,
            Self::Inactivity => &OF_INACTIVITY,
            Self::Greeting
            | Self::OutOfHours
            | Self::Closing
            | Self::RatingRequest
            | Self::RatingThanks => &BASE,
        }
    }

    /// The text as people have set it; empty says nothing.
    pub fn text(self, settings: &ChatSettings) -> &str {
        match self {
            Self::Greeting => &settings.greeting,
            Self::OutOfHours => &settings.out_of_hours_message,
            Self::Absence => &settings.absence_message,
            Self::Inactivity => &settings.inactivity_message,
            Self::Closing => &settings.closing_message,
            Self::RatingRequest => &settings.rating_request,
            Self::RatingThanks => &settings.rating_thanks,
        }
    }

    /// Checks a text before it is kept.
    pub fn check(self, text: &str) -> Result<(), BadText> {
        for segment in scan(text) {
            match segment {
                Segment::Text(_) => {}
                Segment::Placeholder(name) if self.placeholders().contains(&name) => {}
                Segment::Placeholder(name) | Segment::Malformed(Malformed::BadName(name)) => {
                    let known = self.placeholders().iter().map(|name| format!("{{{{{name}}}}}"));
                    let known = known.collect::<Vec<_>>().join(", ");
                    return Err(BadText::Unknown { name: name.trim().to_owned(), known });
                }
                Segment::Malformed(Malformed::Unclosed | Malformed::Unopened) => {
                    return Err(BadText::Braces);
                }
            }
        }
        Ok(())
    }
}

/// Why a text cannot be kept. For the person who sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    #[error("Marcador desconhecido: {{{{{name}}}}}. Use apenas {known}.")]
    Unknown { name: String, known: String },
    #[error("Há chaves duplas sem par; um marcador se escreve {{{{nome}}}}.")]
    Braces,
}

/// What texts are filled in with. `None` is what is not known, or has no place in this text.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub name: String,
    pub department: String,
    pub protocol: String,
    pub position: Option<usize>,
    pub wait: Option<Estimate>,
    /// Until the chat is closed.
    pub minutes: Option<u64>,
}

impl Facts {
    fn value(&self, placeholder: &str) -> Option<Cow<'_, str>> {
        match placeholder {
            "nome" => Some(Cow::Borrowed(&self.name)),
            "departamento" => Some(Cow::Borrowed(&self.department)),
            "protocolo" => Some(Cow::Borrowed(&self.protocol)),
            "posicao" => Some(Cow::Owned(self.position?.to_string())),
            "espera" => Some(Cow::Owned(self.wait?.to_string())),
            "minutos" => Some(Cow::Owned(self.minutes?.to_string())),
            _ => None,
        }
    }
}

/// Fills a text in. A sentence that speaks of something that is not known is left out, so that nothing
/// untrue is said; `None` when nothing is left.
pub fn fill(text: &str, facts: &Facts) -> Option<String> {
    let filled: String =
        sentences(text).into_iter().filter_map(|part| fill_sentence(part, facts)).collect();
    let filled = filled.trim();
    (!filled.is_empty()).then(|| filled.to_owned())
}

fn fill_sentence(sentence: &str, facts: &Facts) -> Option<String> {
    let mut filled = String::with_capacity(sentence.len());
    for segment in scan(sentence) {
        match segment {
            Segment::Text(text) => filled.push_str(text),
            Segment::Placeholder(name) => filled.push_str(&facts.value(name)?),
            // Texts from before they were checked.
            Segment::Malformed(Malformed::Unclosed) => filled.push_str("{{"),
            Segment::Malformed(Malformed::Unopened) => filled.push_str("}}"),
            Segment::Malformed(Malformed::BadName(_)) => return None,
        }
    }
    Some(filled)
}

/// Pieces that end with a line, or with `.`, `!` or `?` and the blanks after it.
fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let (mut start, mut has_ended) = (0, false);
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if has_ended && !c.is_whitespace() {
            sentences.push(&text[start..at]);
            (start, has_ended) = (at, false);
        }
        let is_end = c == '\n' || (c.is_whitespace() && matches!(before, '.' | '!' | '?' | '…'));
        has_ended |= is_end;
        before = c;
    }
    sentences.push(&text[start..]);
    sentences
}

/// What a ticket's customer has been told, and asked, by the hub itself. Each stamp is written in the
/// transaction that stores the message, so that nothing is said twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Told {
    pub greeted_at: Option<Timestamp>,
    pub out_of_hours_told_at: Option<Timestamp>,
    pub absence_told_at: Option<Timestamp>,
    /// Reminded of the answer that is owed.
    pub nudged_at: Option<Timestamp>,
    /// Asked for a rating, at the closing.
    pub rating_asked_at: Option<Timestamp>,
    /// How many requests in a row, before this ticket, were answered with something else.
    pub rating_requests: i64,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn facts() -> Facts {
        Facts {
            name: "Ana".to_owned(),
            department: "Suporte".to_owned(),
            protocol: "17".to_owned(),
            ..Facts::default()
        }
    }

    #[test]
    fn texts_are_filled_in() {
        let wait = Estimate { low: Duration::from_mins(5), high: Duration::from_mins(10) };
        let all = Facts { position: Some(3), wait: Some(wait), minutes: Some(5), ..facts() };
        let text = "Olá, {{nome}}! {{ departamento }}, protocolo {{protocolo}}.\nVocê é o {{posicao}}º da fila; \
                    espera de {{espera}}.";
        let expected =
            "Olá, Ana! Suporte, protocolo 17.\nVocê é o 3º da fila; espera de 5 a 10 minutos.";
        assert_eq!(fill(text, &all).as_deref(), Some(expected));
        let braces = Facts { name: "{{espera}}".to_owned(), ..all };
        assert_eq!(fill("Oi {{nome}}", &braces).as_deref(), Some("Oi {{espera}}"), "once");
    }

    #[test]
    fn a_sentence_about_what_is_not_known_is_left_out() {
        let cases = [
            ("Olá! Espera: {{espera}}. Até já.", Some("Olá! Até já.")),
            ("Olá!\nEspera: {{espera}}\nAté já", Some("Olá!\nAté já")),
            ("Você é o {{posicao}}º! Aguarde...", Some("Aguarde...")),
            ("Veja www.x.com.br e {{espera}}", None),
            ("Espera: {{espera}}", None),
            ("{{outro}} ficou de antes. Oi", Some("Oi")),
            ("", None),
            ("  \n ", None),
            ("Sem fim {{", Some("Sem fim {{")),
        ];
        for (text, expected) in cases {
            assert_eq!(fill(text, &facts()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_text_with_what_nobody_fills_in_is_refused() {
        let check = |notice: Notice, text: &str| notice.check(text).map_err(|bad| bad.to_string());
        assert_eq!(check(Notice::Absence, "{{nome}} {{posicao}} {{espera}} {{protocolo}}"), Ok(()));
        assert_eq!(check(Notice::Inactivity, "{{minutos}} {a}"), Ok(()));
        let of_base = "Use apenas {{nome}}, {{departamento}}, {{protocolo}}.";
        for (text, name) in [("{{posicao}}", "posicao"), ("{{ Nome }}", "Nome"), ("{{é}}", "é")] {
            let expected = format!("Marcador desconhecido: {{{{{name}}}}}. {of_base}");
            assert_eq!(check(Notice::Greeting, text), Err(expected));
        }
        for text in ["Olá {{nome", "nome}}"] {
            let expected = "Há chaves duplas sem par; um marcador se escreve {{nome}}.";
            assert_eq!(check(Notice::Closing, text), Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn the_texts_of_a_fresh_installation_are_good() {
        let settings = ChatSettings::default();
        let all = [
            Notice::Greeting,
            Notice::OutOfHours,
            Notice::Absence,
            Notice::Inactivity,
            Notice::Closing,
            Notice::RatingRequest,
            Notice::RatingThanks,
        ];
        for notice in all {
            assert_eq!(notice.check(notice.text(&settings)), Ok(()), "{notice:?}");
            let all = Facts { minutes: Some(5), position: Some(1), ..facts() };
            assert!(fill(notice.text(&settings), &all).is_some(), "{notice:?}");
        }
    }
}

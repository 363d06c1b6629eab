//! The rules: each looks at one thing and says nothing when that is as it should be.

use std::time::Duration;

use super::{
    Cold, Facts, Finding, Level, SessionStatus, TimeZone, Timestamp, WhatsAppSession,
    words::{instant, messages, reason_words, span},
};
use crate::domain::{ProviderKind, session::RECONNECT_WAITS_SECONDS};

/// A connection that takes longer to come up than this hangs; networks answer within seconds.
const CONNECTING_MAX: Duration = Duration::from_mins(2);
/// A ready number whose oldest message waits for longer than this does not get rid of it: four attempts,
/// each of at most 30 s, are over by then.
const QUEUE_AGE_MAX: Duration = Duration::from_mins(2);
/// So many losses within an hour are no accident.
const LOSSES_PER_HOUR: usize = 3;
/// From this share of the budget on people are told, in per cent.
const COLD_SHARE: i64 = 80;
/// Failures that stop people from working: at least so many, and at least this share, in per cent.
const FAILURES_MIN: i64 = 5;
const FAILURES_SHARE: i64 = 20;

const HOUR: Duration = Duration::from_hours(1);

fn finding(level: Level, text: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding { level, text: text.into(), advice: advice.into() }
}

/// What is to be known, the worst first; that all is well when nothing else is.
pub(super) fn findings(
    facts: &Facts,
    cold: &Cold,
    next_attempt_at: Option<Timestamp>,
    zone: TimeZone,
    now: Timestamp,
) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(connection(facts, next_attempt_at, zone, now));
    found.extend(queue(facts, now));
    found.extend(losses(facts, now));
    found.extend(cold_contacts(cold, zone, now));
    found.extend(failures(facts));
    found.extend(templates(facts));
    if found.is_empty() {
        let text = format!("Conectado há {}, sem problemas.", span(now.since(facts.since())));
        found.push(finding(Level::Info, text, ""));
    }
    found.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    found
}

fn connection(
    facts: &Facts,
    next_attempt_at: Option<Timestamp>,
    zone: TimeZone,
    now: Timestamp,
) -> Option<Finding> {
    let (session, since) = (&facts.session, facts.since());
    let ago = span(now.since(since));
    if !session.is_active {
        let text = "O número foi desativado: não recebe nem envia; o histórico continua guardado.";
        return Some(finding(Level::Info, text, ""));
    }
    let is_slow = now.since(since) > CONNECTING_MAX;
    match session.status {
        SessionStatus::Ready => None,
        SessionStatus::Disconnected if session.phone_number.is_empty() => Some(finding(
            Level::Warning,
            "O número nunca foi conectado.",
            match session.provider {
                ProviderKind::Web => "Inicie o número e leia o QR code com o celular.",
                ProviderKind::Cloud | ProviderKind::Sandbox => "Inicie o número.",
            },
        )),
        SessionStatus::Disconnected => Some(finding(
            Level::Warning,
            format!("Parado há {ago}: alguém encerrou o número."),
            "Inicie o número para voltar a receber e enviar.",
        )),
        SessionStatus::Error => {
            let words = reason_words(&session.last_error);
            Some(finding(Level::Error, format!("Parado há {ago}. {}", words.text), words.advice))
        }
        SessionStatus::QrCode => Some(finding(
            Level::Warning,
            format!("Espera há {ago} que alguém leia o QR code."),
            "Abra o WhatsApp no celular, em aparelhos conectados, e leia o código.",
        )),
        SessionStatus::Connecting if session.reconnect_attempts > 0 => {
            Some(coming_back(session, &ago, next_attempt_at, zone, now))
        }
        SessionStatus::Connecting | SessionStatus::Authenticated if is_slow => Some(finding(
            Level::Warning,
            format!("Conectando há {ago}: a rede ainda não respondeu."),
            "Confira a internet do servidor; depois use \"reconectar\".",
        )),
        SessionStatus::Connecting | SessionStatus::Authenticated => {
            Some(finding(Level::Info, format!("Conectando há {ago}."), ""))
        }
    }
}

fn coming_back(
    session: &WhatsAppSession,
    ago: &str,
    next_attempt_at: Option<Timestamp>,
    zone: TimeZone,
    now: Timestamp,
) -> Finding {
    let words = reason_words(&session.last_error);
    let (attempt, of) = (session.reconnect_attempts, RECONNECT_WAITS_SECONDS.len());
    let next = match next_attempt_at {
        Some(at) => format!("a próxima tentativa é às {}", instant(at, zone, now)),
        None => "uma tentativa está em andamento".to_owned(),
    };
    let text = format!("Sem conexão há {ago}. {} Tentativa {attempt} de {of}; {next}.", words.text);
    let advice = format!("O sistema volta sozinho. Se não voltar: {}", words.advice);
    finding(Level::Warning, text, advice)
}

/// Why messages wait.
fn queue(facts: &Facts, now: Timestamp) -> Option<Finding> {
    let (session, total) = (&facts.session, facts.unsent.total());
    let age = now.since(facts.unsent.oldest_at?);
    if !session.is_active {
        return None;
    }
    let what = messages(total);
    let stands = format!("Fila parada há {}: {what} por enviar", span(age));
    if !session.is_connected() {
        let text = format!("{stands}, porque o número não está conectado.");
        return Some(finding(Level::Warning, text, "Saem sozinhas, em ordem, quando ele voltar."));
    }
    if age <= QUEUE_AGE_MAX {
        return None;
    }
    let pace = session.pace();
    let places = u32::try_from(total).unwrap_or(u32::MAX);
    if !pace.is_zero() && pace.saturating_mul(places) > QUEUE_AGE_MAX {
        let left = span(pace.saturating_mul(places));
        let text = format!(
            "Fila com {what}; a mais antiga espera há {}, porque o número envia uma a cada {} ms.",
            span(age),
            pace.as_millis()
        );
        let advice = format!(
            "No ritmo atual a fila leva cerca de {left}. O ritmo protege o número de bloqueios; \
             ele se muda em pace_ms."
        );
        return Some(finding(Level::Warning, text, advice));
    }
    let text = if facts.unsent.sending > 0 {
        format!("{stands}, porque a rede não confirma as que já recebeu.")
    } else {
        format!("{stands}, embora o número esteja conectado.")
    };
    Some(finding(Level::Error, text, "Use \"reconectar\": nada se perde e nada sai duas vezes."))
}

/// A connection that comes and goes.
fn losses(facts: &Facts, now: Timestamp) -> Option<Finding> {
    let recent = facts.states.windows(2).filter(|pair| {
        let [later, earlier] = pair else { return false };
        let is_recent = now.since(later.at) <= HOUR;
        is_recent && earlier.status == SessionStatus::Ready && !later.reason.is_empty()
    });
    let number = recent.count();
    (number >= LOSSES_PER_HOUR).then(|| {
        finding(
            Level::Warning,
            format!("A conexão caiu {number} vezes na última hora."),
            "Confira se a internet do servidor oscila e se outro programa usa o mesmo número.",
        )
    })
}

fn cold_contacts(cold: &Cold, zone: TimeZone, now: Timestamp) -> Option<Finding> {
    if let Some(until) = cold.blocked_until {
        let text = format!(
            "O WhatsApp bloqueou o número para contatos novos até {}.",
            instant(until, zone, now)
        );
        let advice = "Quem já escreveu continua recebendo. Até lá, espere que contatos novos escrevam, \
                      ou escreva por outro número.";
        return Some(finding(Level::Warning, text, advice));
    }
    let per_day = cold.per_day?;
    let spent = cold.spent;
    if let Some(at) = cold.frees_at {
        let at = instant(at, zone, now);
        let text = format!(
            "Os {per_day} contatos novos por dia foram usados; o próximo cabe a partir de {at}."
        );
        let advice =
            "O limite protege o número de bloqueios; ele se muda em cold_contacts_per_day.";
        return Some(finding(Level::Warning, text, advice));
    }
    (spent > 0 && spent * 100 >= per_day * COLD_SHARE).then(|| {
        let text = format!("{spent} de {per_day} contatos novos por dia já foram usados.");
        finding(Level::Info, text, "")
    })
}

fn failures(facts: &Facts) -> Option<Finding> {
    let number: i64 = facts.failures.iter().map(|failure| failure.number).sum();
    let most = facts.failures.first()?;
    let is_bad = number >= FAILURES_MIN && number * 100 >= facts.written * FAILURES_SHARE;
    let level = if is_bad { Level::Error } else { Level::Warning };
    let what = if number == 1 { "falhou" } else { "falharam" };
    let why = if most.error.is_empty() { "A rede não disse por quê." } else { &most.error };
    let text = format!("{} {what} nas últimas 24 h. Motivo mais comum: {why}", messages(number));
    Some(finding(level, text, "Corrija o motivo e reenvie as mensagens que falharam."))
}

/// Without templates nobody can be written to whose window is closed.
fn templates(facts: &Facts) -> Option<Finding> {
    (facts.approved_templates? == 0 && facts.session.is_active).then(|| {
        finding(
            Level::Info,
            "Nenhum modelo aprovado: depois de 24 horas sem mensagem do cliente não há como escrever a ele.",
            "Crie modelos no Gerenciador do WhatsApp e sincronize-os.",
        )
    })
}

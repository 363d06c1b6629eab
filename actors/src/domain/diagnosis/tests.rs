use std::time::Duration;

use super::*;
use crate::domain::{ProviderKind, SessionId};

/// 2026-01-05 15:00 in São Paulo.
const NOW: Timestamp = Timestamp::from_micros(1_767_636_000_000_000);

fn ago(span: Duration) -> Timestamp {
    NOW.minus(span)
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

fn state(status: SessionStatus, reason: &str, attempts: i64, at: Timestamp) -> SessionState {
    SessionState { status, reason: reason.to_owned(), attempts, at }
}

/// A WhatsApp Web number that has been ready for an hour.
fn ready() -> Facts {
    let at = ago(minutes(60));
    let session = WhatsAppSession {
        id: SessionId(1),
        provider: ProviderKind::Web,
        department_id: None,
        created_by: None,
        device_name: String::new(),
        phone_number: "5511900000001".to_owned(),
        status: SessionStatus::Ready,
        is_default: true,
        is_active: true,
        auto_reconnect: true,
        proxy_enabled: false,
        proxy_url: String::new(),
        messages_sent: 0,
        messages_received: 0,
        error_count: 0,
        last_error: String::new(),
        reconnect_attempts: 0,
        last_reconnect_at: None,
        last_message_at: None,
        connected_at: Some(at),
        disconnected_at: None,
        created_at: ago(Duration::from_hours(100)),
        updated_at: at,
        pace_ms: None,
        cold_contacts_per_day: None,
        keeps_groups: false,
        cold_blocked_until: None,
    };
    Facts {
        session,
        states: vec![state(SessionStatus::Ready, "", 0, at)],
        last_received_at: None,
        last_sent_at: None,
        unsent: Unsent::default(),
        cold_spent: 0,
        cold_first_at: None,
        written: 0,
        failures: Vec::new(),
        approved_templates: None,
    }
}

fn in_state(status: SessionStatus, reason: &str, attempts: i64, at: Timestamp) -> Facts {
    let mut facts = ready();
    facts.session.status = status;
    facts.session.last_error = reason.to_owned();
    facts.session.reconnect_attempts = attempts;
    facts.states.insert(0, state(status, reason, attempts, at));
    facts
}

fn diagnosis(facts: &Facts) -> Diagnosis {
    facts.diagnose(TimeZone::SaoPaulo, NOW)
}

/// The only thing that is found.
#[track_caller]
fn only(facts: &Facts) -> (Level, String, String) {
    let mut findings = diagnosis(facts).findings;
    assert_eq!(findings.len(), 1, "{findings:?}");
    let Finding { level, text, advice } = findings.remove(0);
    (level, text, advice)
}

#[track_caller]
fn says(facts: &Facts, level: Level, text: &str) {
    let found = only(facts);
    assert_eq!((found.0, found.1.as_str()), (level, text));
}

#[test]
fn a_number_that_works_is_told_so() {
    let told = diagnosis(&ready());
    assert_eq!((told.since, told.reason, told.next_attempt_at), (ago(minutes(60)), None, None));
    says(&ready(), Level::Info, "Conectado há 1 h, sem problemas.");
}

#[test]
fn every_stored_reason_has_words_and_something_to_do() {
    use crate::domain::session::DisconnectReason as Reason;
    for reason in Reason::ALL {
        let facts = in_state(SessionStatus::Error, reason.as_str(), 0, ago(minutes(5)));
        let (level, text, advice) = only(&facts);
        assert_eq!(level, Level::Error);
        assert!(text.starts_with("Parado há 5 min. ") && !text.contains('_'), "{text}");
        assert!(!advice.is_empty());
        let told = diagnosis(&facts).reason.unwrap();
        assert_eq!((told.code.as_str(), told.advice), (reason.as_str(), advice.as_str()));
    }
    let facts = in_state(SessionStatus::Error, "erro 999", 0, ago(minutes(5)));
    says(&facts, Level::Error, "Parado há 5 min. erro 999");
}

#[test]
fn whoever_comes_back_is_told_when() {
    let mut facts = in_state(SessionStatus::Connecting, "conexao_perdida", 3, ago(minutes(0)));
    facts.session.last_reconnect_at = Some(ago(minutes(1)));
    facts.states.insert(1, state(SessionStatus::Connecting, "conexao_perdida", 2, ago(minutes(2))));
    let told = diagnosis(&facts);
    assert_eq!(told.next_attempt_at, Some(NOW.plus(minutes(1))), "the third wait is a minute");
    assert_eq!(told.since, ago(minutes(2)), "of the whole run");
    let text = "Sem conexão há 2 min. A conexão com a rede caiu ou não pôde ser feita. Tentativa 3 \
                de 6; a próxima tentativa é às 15:01.";
    says(&facts, Level::Warning, text);
    facts.session.last_reconnect_at = Some(NOW);
    facts.states[0].at = ago(minutes(1));
    let text = "Sem conexão há 2 min. A conexão com a rede caiu ou não pôde ser feita. Tentativa 3 \
                de 6; uma tentativa está em andamento.";
    says(&facts, Level::Warning, text);
}

#[test]
fn each_other_state_says_what_it_waits_for() {
    let mut never = in_state(SessionStatus::Disconnected, "", 0, ago(minutes(5)));
    never.session.phone_number.clear();
    let stopped = in_state(SessionStatus::Disconnected, "", 0, ago(minutes(200)));
    let code = in_state(SessionStatus::QrCode, "", 0, ago(Duration::from_secs(40)));
    let connecting = in_state(SessionStatus::Connecting, "", 0, ago(Duration::from_secs(5)));
    let hanging = in_state(SessionStatus::Authenticated, "", 0, ago(minutes(3)));
    let mut inactive = in_state(SessionStatus::Disconnected, "", 0, ago(minutes(1)));
    inactive.session.is_active = false;
    for (facts, level, text) in [
        (never, Level::Warning, "O número nunca foi conectado."),
        (stopped, Level::Warning, "Parado há 3 h 20 min: alguém encerrou o número."),
        (code, Level::Warning, "Espera há 40 s que alguém leia o QR code."),
        (connecting, Level::Info, "Conectando há 5 s."),
        (hanging, Level::Warning, "Conectando há 3 min: a rede ainda não respondeu."),
        (
            inactive,
            Level::Info,
            "O número foi desativado: não recebe nem envia; o histórico continua guardado.",
        ),
    ] {
        says(&facts, level, text);
    }
}

#[test]
fn a_queue_that_stands_still_says_why() {
    let unsent =
        |waiting, sending, age: Duration| Unsent { waiting, sending, oldest_at: Some(ago(age)) };
    let mut facts = ready();
    facts.unsent = unsent(3, 0, minutes(1));
    says(&facts, Level::Info, "Conectado há 1 h, sem problemas.");
    facts.unsent = unsent(1, 0, minutes(7));
    let text = "Fila parada há 7 min: 1 mensagem por enviar, embora o número esteja conectado.";
    says(&facts, Level::Error, text);
    facts.unsent = unsent(0, 2, minutes(7));
    let text = "Fila parada há 7 min: 2 mensagens por enviar, porque a rede não confirma as que já \
                recebeu.";
    says(&facts, Level::Error, text);
    facts.unsent = unsent(600, 0, minutes(7));
    let text = "Fila com 600 mensagens; a mais antiga espera há 7 min, porque o número envia uma a \
                cada 800 ms.";
    says(&facts, Level::Warning, text);
    assert!(only(&facts).2.contains("8 min"), "{}", only(&facts).2);
    let mut facts = in_state(SessionStatus::Error, "numero_banido", 0, ago(minutes(5)));
    facts.unsent = unsent(2, 0, minutes(4));
    let told = diagnosis(&facts).findings;
    let texts: Vec<_> = told.iter().map(|found| (found.level, found.text.as_str())).collect();
    assert_eq!(
        texts,
        [
            (Level::Error, "Parado há 5 min. O WhatsApp baniu o número."),
            (
                Level::Warning,
                "Fila parada há 4 min: 2 mensagens por enviar, porque o número não está conectado."
            ),
        ]
    );
}

#[test]
fn what_is_blocked_says_until_when() {
    let mut facts = ready();
    facts.session.cold_blocked_until = Some(NOW.plus(Duration::from_hours(20)));
    let text = "O WhatsApp bloqueou o número para contatos novos até 11:00 de 06/01.";
    says(&facts, Level::Warning, text);
    facts.session.cold_blocked_until = Some(ago(minutes(1)));
    assert_eq!(diagnosis(&facts).cold.blocked_until, None);
    says(&facts, Level::Info, "Conectado há 1 h, sem problemas.");
    facts.cold_spent = 20;
    says(&facts, Level::Info, "20 de 25 contatos novos por dia já foram usados.");
    facts.cold_spent = 25;
    facts.cold_first_at = Some(ago(Duration::from_hours(22)));
    let text = "Os 25 contatos novos por dia foram usados; o próximo cabe a partir de 17:00.";
    says(&facts, Level::Warning, text);
    facts.session.cold_contacts_per_day = Some(100);
    says(&facts, Level::Info, "Conectado há 1 h, sem problemas.");
}

#[test]
fn a_connection_that_comes_and_goes_is_noticed() {
    let mut facts = ready();
    facts.states.clear();
    for n in 0..3 {
        let lost =
            state(SessionStatus::Connecting, "conexao_perdida", 1, ago(minutes(11 + 20 * n)));
        facts.states.push(state(SessionStatus::Ready, "", 0, ago(minutes(10 + 20 * n))));
        facts.states.push(lost);
    }
    facts.states.push(state(SessionStatus::Ready, "", 0, ago(minutes(500))));
    says(&facts, Level::Warning, "A conexão caiu 3 vezes na última hora.");
    facts.states.truncate(4);
    says(&facts, Level::Info, "Conectado há 10 min, sem problemas.");
    // Nothing is wrong now, but what was is still known.
    assert_eq!(diagnosis(&facts).reason.unwrap().code, "conexao_perdida");
}

#[test]
fn failures_are_counted_by_their_reason() {
    let failed =
        |error: &str, number| FailureCount { error: error.to_owned(), number, last_at: NOW };
    assert_eq!(failed("131047: Passaram mais de 24 horas.", 1).code(), Some("131047"));
    for text in ["", "A rede: caiu", ": x", "131047"] {
        assert_eq!(failed(text, 1).code(), None, "{text}");
    }
    let mut facts = ready();
    facts.written = 100;
    facts.failures = vec![failed("131026: Não entregue.", 1)];
    let text = "1 mensagem falhou nas últimas 24 h. Motivo mais comum: 131026: Não entregue.";
    says(&facts, Level::Warning, text);
    facts.failures = vec![failed("131026: Não entregue.", 18), failed("", 2)];
    let text = "20 mensagens falharam nas últimas 24 h. Motivo mais comum: 131026: Não entregue.";
    says(&facts, Level::Error, text);
    facts.written = 101;
    assert_eq!(only(&facts).0, Level::Warning);
}

#[test]
fn a_number_without_templates_is_told() {
    let mut facts = ready();
    facts.session.provider = ProviderKind::Cloud;
    facts.approved_templates = Some(0);
    let (level, text, _) = only(&facts);
    assert!(level == Level::Info && text.starts_with("Nenhum modelo aprovado"), "{text}");
    facts.approved_templates = Some(1);
    says(&facts, Level::Info, "Conectado há 1 h, sem problemas.");
}

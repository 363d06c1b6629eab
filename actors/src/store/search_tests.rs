//! The index of words on both databases: what is found, by whom, and what was there before it.

use std::time::{Duration, Instant};

use sqlx::migrate::Migrator;

use super::{
    tests::{Fixture, seeded},
    *,
};
use crate::{
    both_databases,
    clock::Clock,
    domain::{AgentId, DepartmentId, SearchQuery},
    testing::TestDatabase,
};

both_databases!(
    words_are_found_without_accents_as_prefix_and_as_phrase,
    only_what_somebody_may_see_is_found,
    filters_pages_and_the_bound_hold,
    a_repeated_or_refused_message_is_not_indexed,
    what_was_there_before_the_index_is_kept_and_found,
);

const ADMIN: AgentId = AgentId(1);
const SUPPORT: DepartmentId = DepartmentId(1);
const CHAT: &str = "5511988880001";
const PAGE: Page = Page { limit: 10, offset: 0 };

async fn say(
    hub: &Fixture,
    opened: &OpenedTicket,
    id: &str,
    text: &str,
) -> crate::domain::MessageRowId {
    let message = NewMessage {
        ticket_id: Some(opened.ticket.id),
        text: text.to_owned(),
        ..hub.message(&opened.ticket.chat_id, id)
    };
    hub.store.append_message(message).await.unwrap().unwrap().id
}

async fn found_by(store: &Store, scope: &Scope, who: AgentId, query: &str) -> Vec<String> {
    let query = SearchQuery::parse(query).unwrap();
    let filter = SearchFilter::default();
    let page = store.search_messages(scope, who, &query, &filter, PAGE).await.unwrap();
    assert_eq!(page.total, i64::try_from(page.rows.len()).unwrap());
    page.rows.into_iter().map(|message| message.message_id).collect()
}

async fn words_are_found_without_accents_as_prefix_and_as_phrase(database: TestDatabase) {
    let hub = seeded(&database).await;
    let opened = hub.open(CHAT, "m0").await;
    for (id, text) in [
        ("m1", "Preciso da SEGUNDA VIA do boleto, João!"),
        ("m2", "A via é segunda-feira"),
        ("m3", "CNPJ 12.345.678/0001-95 e pedido 'x' \"y\" & | ! <-> :* ( \\"),
        ("m4", "segunda\nvia"),
        ("m5", "👍"),
        ("m6", "日本語 ЖУК straße"),
    ] {
        say(&hub, &opened, id, text).await;
    }
    let cases: [(&str, &[&str]); 17] = [
        ("joao", &["m1", "m0"]),
        ("JOÃO", &["m1", "m0"]),
        ("segunda via", &["m4", "m2", "m1"]),
        ("\"segunda via\"", &["m4", "m1"]),
        ("\"via segunda\"", &[]),
        ("bol", &["m1"]),
        ("bol preciso", &[]),
        ("preciso bol", &["m1"]),
        ("\"segunda v\"", &[]),
        ("segunda-fei", &["m2"]),
        ("12345678000195", &["m3"]),
        ("12.345.678/0001-95", &["m3"]),
        ("12345678", &["m3"]),
        ("0001", &["m3"]),
        ("жук", &["m6"]),
        ("Straße", &["m6"]),
        ("nada", &[]),
    ];
    for (query, expected) in cases {
        assert_eq!(found_by(&hub.store, &Scope::All, ADMIN, query).await, expected, "{query}");
    }
}

async fn only_what_somebody_may_see_is_found(database: TestDatabase) {
    let hub = seeded(&database).await;
    let opened = hub.open(CHAT, "m0").await;
    say(&hub, &opened, "m1", "agulha").await;
    let cold = NewMessage {
        ticket_id: None,
        text: "agulha".to_owned(),
        ..hub.answer(&opened, "sent without a chat")
    };
    hub.store.append_message(cold).await.unwrap().unwrap();
    let (other, department) = (AgentId(99), DepartmentId(99));
    let cases = [
        (Scope::All, other, 2),
        (Scope::Own(other), other, 0),
        (Scope::Own(ADMIN), ADMIN, 1),
        (Scope::Departments(other, vec![SUPPORT]), other, 1),
        (Scope::Departments(other, vec![department]), other, 0),
        (Scope::OwnAndWaiting(other, Vec::new()), other, 1),
        (Scope::OwnAndWaiting(other, vec![department]), other, 0),
        (Scope::OwnAndWaiting(ADMIN, vec![SUPPORT]), ADMIN, 2),
    ];
    for (scope, who, expected) in cases {
        let found = found_by(&hub.store, &scope, who, "agulha").await;
        assert_eq!(found.len(), expected, "{scope:?} {who}");
    }
}

async fn filters_pages_and_the_bound_hold(database: TestDatabase) {
    let hub = seeded(&database).await;
    let one = hub.open(CHAT, "first").await;
    let two = hub.open("5511988880002", "second").await;
    let mut appended = tokio::task::JoinSet::new();
    for number in 0..SEARCH_RESULTS_MAX + 5 {
        let message = NewMessage {
            ticket_id: Some(one.ticket.id),
            text: "agulha".to_owned(),
            ..hub.message(CHAT, &format!("m{number}"))
        };
        let store = hub.store.clone();
        appended.spawn(async move { store.append_message(message).await.unwrap().unwrap() });
    }
    appended.join_all().await;
    hub.clock.advance(Duration::from_hours(1));
    let hour_later = hub.clock.now();
    let last = say(&hub, &two, "last", "uma agulha").await;
    let search = async |filter: SearchFilter, page| {
        let query = SearchQuery::parse("agulha").unwrap();
        hub.store.search_messages(&Scope::All, ADMIN, &query, &filter, page).await.unwrap()
    };
    let all = search(SearchFilter::default(), PAGE).await;
    assert_eq!((all.total, all.rows[0].id), (SEARCH_RESULTS_MAX, last));
    let next = search(SearchFilter::default(), Page { limit: 10, offset: 10 }).await;
    assert!(next.rows[0].id < all.rows[9].id);
    let filters = [
        (SearchFilter { chat_id: Some(two.ticket.chat_id.clone()), ..SearchFilter::default() }, 1),
        (SearchFilter { from: Some(hour_later), ..SearchFilter::default() }, 1),
        (SearchFilter { until: Some(hour_later), ..SearchFilter::default() }, SEARCH_RESULTS_MAX),
        (
            SearchFilter {
                chat_id: Some(two.ticket.chat_id.clone()),
                until: Some(hour_later),
                ..SearchFilter::default()
            },
            0,
        ),
    ];
    for (filter, expected) in filters {
        assert_eq!(search(filter.clone(), PAGE).await.total, expected, "{filter:?}");
    }
}

async fn a_repeated_or_refused_message_is_not_indexed(database: TestDatabase) {
    let hub = seeded(&database).await;
    let opened = hub.open(CHAT, "m0").await;
    say(&hub, &opened, "m1", "agulha").await;
    let again = NewMessage {
        ticket_id: Some(opened.ticket.id),
        text: "feno".to_owned(),
        ..hub.message(CHAT, "m1")
    };
    assert_eq!(hub.store.append_message(again).await.unwrap(), None);
    assert!(found_by(&hub.store, &Scope::All, ADMIN, "feno").await.is_empty());
    let orphan = NewMessage {
        ticket_id: Some(crate::domain::TicketId(999)),
        text: "feno".to_owned(),
        ..hub.message(CHAT, "m2")
    };
    assert!(hub.store.append_message(orphan).await.is_err());
    assert!(found_by(&hub.store, &Scope::All, ADMIN, "feno").await.is_empty());
    assert_eq!(found_by(&hub.store, &Scope::All, ADMIN, "agulha").await, ["m1"]);
}

/// The migrations before the index of words.
fn before_words(mut migrator: Migrator) -> Migrator {
    let older = migrator.migrations.iter().filter(|migration| migration.version < 11);
    migrator.migrations = older.cloned().collect::<Vec<_>>().into();
    migrator
}

async fn what_was_there_before_the_index_is_kept_and_found(database: TestDatabase) {
    let pools = db::open(database.url()).await.unwrap();
    match &pools.writer {
        Db::Sqlite(pool) => before_words(sqlx::migrate!("../migrations/sqlite")).run(pool).await,
        Db::Postgres(pool) => {
            before_words(sqlx::migrate!("../migrations/postgres")).run(pool).await
        }
    }
    .unwrap();
    let at = crate::testing::ManualClock::default().now();
    let mut statements = vec![
        sql("INSERT INTO agents (username, email, display_name, phone_number, role, is_active, \
             password_hash, tokens_valid_from, created_at, updated_at) \
             VALUES ('ana', '', '', '', 'agent', $2, '', $1, $1, $1)")
        .bind(at)
        .bind(true),
        sql("INSERT INTO audit_entries (at, agent_id, action, subject, subject_id, subject_name, \
             note) VALUES ($1, 1, 'created', 'department', 7, 'Vendas', '')")
        .bind(at),
        sql("INSERT INTO audit_changes (entry_id, field, old_value, new_value) \
             VALUES (1, 'name', NULL, 'Vendas')"),
        sql("INSERT INTO sessions (provider, device_name, phone_number, status, is_default, \
             is_active, auto_reconnect, proxy_enabled, proxy_url, created_at, updated_at) \
             VALUES ('sandbox', '', '', 'ready', $2, $2, $2, $3, '', $1, $1)")
        .bind(at)
        .bind(true)
        .bind(false),
    ];
    for number in 0..1203 {
        let insert =
            sql("INSERT INTO messages (session_id, chat_id, message_id, direction, kind, \
             status, status_rank, phone, contact_name, text, protocol_version, is_automatic, \
             error, created_at) VALUES (1, 'c', $2, 'inbound', 'text', 'delivered', 4, '', '', \
             $3, 'v1', $4, '', $1)")
            .bind(at)
            .bind(format!("old{number}"))
            .bind(format!("mensagem antiga {number}"))
            .bind(false);
        statements.push(insert);
    }
    let mut kept = db::Kept::default();
    let mut tx = pools.writer.begin(&mut kept, &Arc::default()).await.unwrap();
    for statement in statements {
        assert_eq!(tx.run(statement).await.unwrap(), 1);
    }
    tx.commit(&mut kept).await.unwrap();
    drop(kept);
    pools.writer.close().await;
    pools.reader.close().await;

    let store = database.open().await;
    let trail = store.list_audit_entries(AuditFilter::default(), PAGE).await.unwrap().rows;
    assert_eq!((trail.len(), trail[0].subject_name.as_str()), (1, "Vendas"));
    assert_eq!(trail[0].changes[0].new_value.as_deref(), Some("Vendas"));
    for text in ["UPDATE audit_entries SET note = 'x'", "DELETE FROM audit_changes"] {
        let changed = store.unit(unit!(tx => tx.run(sql(text)).await)).await;
        assert!(changed.is_err(), "{text}: the trail still only grows");
    }
    let found = async |query: &str| found_by(&store, &Scope::All, ADMIN, query).await;
    assert!(found("antiga 7").await.is_empty());
    assert!(store.index_older_messages().await.unwrap());
    assert_eq!(found("antiga 1202").await, ["old1202"], "the newest ones come first");
    assert!(found("\"antiga 7\"").await.is_empty());
    while store.index_older_messages().await.unwrap() {}
    assert_eq!(found("\"antiga 7\"").await, ["old7"]);
    assert!(!store.index_older_messages().await.unwrap());
}

/// Figures, not a proof: `cargo test --release -p dx-actors figures -- --ignored --nocapture`.
mod figures {
    use super::*;

    const MESSAGES: usize = 200_000;
    /// Words of which sentences are made; the first ones are frequent.
    const WORDS: [&str; 40] = [
        "o",
        "de",
        "a",
        "que",
        "não",
        "meu",
        "pedido",
        "boa",
        "tarde",
        "dia",
        "obrigado",
        "por",
        "favor",
        "preciso",
        "ajuda",
        "boleto",
        "segunda",
        "via",
        "entrega",
        "endereço",
        "rua",
        "número",
        "pagamento",
        "cartão",
        "prazo",
        "produto",
        "defeito",
        "troca",
        "garantia",
        "nota",
        "fiscal",
        "empresa",
        "sistema",
        "senha",
        "acesso",
        "cancelar",
        "assinatura",
        "desconto",
        "orçamento",
        "instalação",
    ];

    fn sentence(number: usize) -> String {
        let mut state = u64::try_from(number).unwrap().wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut words = Vec::new();
        for _ in 0..12 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let one = usize::try_from(state % 40).unwrap();
            let two = usize::try_from((state >> 20) % 40).unwrap();
            words.push(WORDS[one.min(two)].to_owned());
        }
        words.push(format!("{:x}", number.wrapping_mul(2_654_435_761) % 50_000));
        words.join(" ")
    }

    async fn write(
        hub: &Fixture,
        opened: &[OpenedTicket],
        name: &str,
        count: usize,
        text: impl Fn(usize) -> String,
    ) {
        let started = Instant::now();
        let mut running = tokio::task::JoinSet::new();
        for number in 0..count {
            let to = &opened[number % opened.len()];
            let message = NewMessage {
                ticket_id: Some(to.ticket.id),
                text: text(number),
                ..hub.message(&to.ticket.chat_id, &format!("{name}{number}"))
            };
            let store = hub.store.clone();
            if running.len() >= 256 {
                running.join_next().await;
            }
            running.spawn(async move { store.append_message(message).await.unwrap().unwrap() });
        }
        running.join_all().await;
        let rate = f64::from(u32::try_from(count).unwrap()) / started.elapsed().as_secs_f64();
        say_line(&format!("{} {name}: {count} messages, {rate:.0} /s", hub.store.database_name()));
    }

    async fn measure(database: TestDatabase) {
        let hub = seeded(&database).await;
        let mut opened = Vec::new();
        for number in 0..200 {
            opened.push(hub.open(&format!("55119888{number:05}"), &format!("o{number}")).await);
        }
        // The same lengths without a letter: nothing to index.
        let stars = |text: String| text.chars().map(|_| '*').collect::<String>();
        write(&hub, &opened, "without words", 50_000, |number| stars(sentence(number))).await;
        write(&hub, &opened, "with words", MESSAGES, sentence).await;
        if let Db::Postgres(_) = hub.store.reader {
            hub.store.reader.run(sql("ANALYZE")).await.unwrap();
        }
        let scopes = [
            ("all", Scope::All),
            ("department", Scope::Departments(ADMIN, vec![SUPPORT])),
            ("own, none", Scope::Own(AgentId(99))),
        ];
        for query in [
            "o",
            "instalação",
            "\"segunda via\"",
            "bol",
            "ent pagamento garantia nota",
            "3f2a",
            "zzz",
        ] {
            for (name, scope) in &scopes {
                let parsed = SearchQuery::parse(query).unwrap();
                let filter = SearchFilter::default();
                let started = Instant::now();
                let page =
                    hub.store.search_messages(scope, ADMIN, &parsed, &filter, PAGE).await.unwrap();
                let took = started.elapsed();
                say_line(&format!("{query:30} {name:12} {:5} found {took:?}", page.total));
            }
        }
        let chat = SearchFilter {
            chat_id: Some(opened[7].ticket.chat_id.clone()),
            ..SearchFilter::default()
        };
        let parsed = SearchQuery::parse("o pedido").unwrap();
        let started = Instant::now();
        let page = hub.store.search_messages(&Scope::All, ADMIN, &parsed, &chat, PAGE).await;
        say_line(&format!("in one chat: {} found {:?}", page.unwrap().total, started.elapsed()));
    }

    fn say_line(text: &str) {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    #[tokio::test]
    #[ignore = "a measurement: 200,000 messages"]
    async fn sqlite() {
        crate::testing::on_sqlite(measure).await;
    }

    #[tokio::test]
    #[ignore = "a measurement: 200,000 messages"]
    async fn postgres() {
        crate::testing::on_postgres(measure).await;
    }
}

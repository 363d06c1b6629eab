//! `GET /messages/busca/`: words in messages, in all chats that a person may see.

use std::time::Duration;

use axum::extract::State;
use dx_actors::{
    domain::{SearchQuery, Timestamp, phone},
    store::SearchFilter,
};

use super::{
    Listing, Query,
    fields::{REQUIRED, too_long},
    syntax,
};
use crate::{
    auth::{CurrentAgent, scope::chat_scope},
    error::ApiResult,
    openapi::schemas::PageParams,
    state::AppState,
    wire::message_search::{FoundMessageOut, SearchParams},
};

/// More than anybody types.
const QUERY_CHARS_MAX: usize = 200;
const NO_WORD: &str = "Informe ao menos uma palavra.";
/// From the midnight that a date means to the end of its day.
const REST_OF_DAY: Duration = Duration::from_micros(24 * 60 * 60 * 1_000_000 - 1);

/// `GET /messages/busca/?q=`, newest first.
#[utoipa::path(
    get,
    path = "",
    tag = "Mensagens",
    summary = "Procura palavras nas mensagens",
    description = "Nos chats que a pessoa pode ver, as mais novas primeiro. `count` para em 1000: quem \
        encontra mais do que isso precisa dizer mais.",
    params(PageParams, SearchParams),
    responses((status = 200, body = Listing<FoundMessageOut>)),
)]
pub(super) async fn search(
    State(app): State<AppState>,
    me: CurrentAgent,
    mut query: Query,
) -> ApiResult<Listing<FoundMessageOut>> {
    let wanted = wanted(&mut query);
    let filter = SearchFilter {
        chat_id: query.text("chat_id").map(phone::chat_id),
        from: query.datetime("de"),
        until: until(&mut query),
    };
    query.check()?;
    // Without words an error was noted above.
    let Some(wanted) = wanted else { return query.paginate([]) };
    let scope = chat_scope(&me);
    let fetch = |page| app.hub.store().search_messages(&scope, me.id, &wanted, &filter, page);
    let page = query.fetch(fetch).await?;
    Ok(page.map(|message| FoundMessageOut::new(message, &wanted, &me.roster)))
}

fn wanted(query: &mut Query) -> Option<SearchQuery> {
    let text = query.text("q").map(str::to_owned);
    let fault = match &text {
        None => REQUIRED.to_owned(),
        Some(text) if text.chars().count() > QUERY_CHARS_MAX => too_long(QUERY_CHARS_MAX),
        Some(text) => match SearchQuery::parse(text) {
            None => NO_WORD.to_owned(),
            wanted => return wanted,
        },
    };
    query.error("q", fault);
    None
}

/// A date alone means its whole day.
fn until(query: &mut Query) -> Option<Timestamp> {
    let is_day = query.text("ate").is_some_and(|text| syntax::date(text).is_some());
    let until = query.datetime("ate")?;
    Some(if is_day { until.plus(REST_OF_DAY) } else { until })
}

#[cfg(test)]
mod tests {
    use dx_actors::domain::AgentId;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        http::testing::{CHATS, Office, number},
        test_support::TestApp,
    };

    const SEARCH: &str = "/api/v1/messages/busca/";

    async fn count(office: &Office, who: AgentId, query: &str) -> Value {
        office.read(who, &format!("{SEARCH}?{query}")).await["count"].clone()
    }

    #[tokio::test]
    async fn what_is_found_shows_where() {
        let office = Office::open().await;
        office.receive(&number(1), "m1", "Olá! Preciso da <segunda via> do boleto, João").await;
        let page = office.read(TestApp::ADMIN, &format!("{SEARCH}?q=%22SEGUNDA+VIA%22+joa")).await;
        let mut row = page["results"][0].clone();
        assert!(row["created_at"].take().as_str().unwrap().ends_with('Z'));
        let expected = json!({
            "id": 1, "message_id": "m1", "chat_id": number(1), "atendimento_id": 1,
            "contact_number": number(1), "contact_name": "Zé", "direction": "inbound",
            "message_type": "text", "from_name": "Zé", "created_at": null,
            "trecho": "Olá! Preciso da &lt;<mark>segunda via</mark>&gt; do boleto, <mark>João</mark>",
        });
        assert_eq!((&page["count"], row), (&json!(1), expected));
    }

    #[tokio::test]
    async fn only_chats_that_one_may_see_are_searched() {
        let office = Office::open().await;
        // Goes to `Outros`, the first department by name.
        office.receive(&number(1), "m1", "agulha").await;
        for (who, expected) in
            [(office.outsider, 1), (office.ana, 0), (office.supervisor, 0), (office.manager, 1)]
        {
            assert_eq!(count(&office, who, "q=agulha").await, expected, "{who}");
        }
        office.post(office.outsider, &format!("{CHATS}{}/aceitar/", number(1)), json!({})).await;
        assert_eq!(count(&office, office.outsider, "q=agulha").await, 1);
    }

    #[tokio::test]
    async fn filters_narrow_and_wrong_ones_are_named() {
        let office = Office::open().await;
        office.receive(&number(1), "m1", "agulha").await;
        office.receive(&number(2), "m2", "agulha").await;
        // The clock of the tests stands at noon UTC of 2026-01-05.
        let cases = [
            (format!("q=agulha&chat_id=%2B{}", number(1)), 1),
            ("q=agulha&de=2026-01-05&ate=2026-01-05".to_owned(), 2),
            ("q=agulha&de=2026-01-06".to_owned(), 0),
            ("q=agulha&ate=2026-01-04".to_owned(), 0),
            ("q=agulha&ate=2026-01-05T08:59:00".to_owned(), 0),
            ("q=agulha&page_size=1&page=2".to_owned(), 2),
        ];
        for (query, expected) in cases {
            assert_eq!(count(&office, TestApp::ADMIN, &query).await, expected, "{query}");
        }
        let long = "x".repeat(201);
        for (query, field, text) in [
            ("", "q", REQUIRED.to_owned()),
            ("q=%22+-", "q", NO_WORD.to_owned()),
            (&format!("q={long}"), "q", too_long(200)),
            ("q=a&de=ontem", "de", "Informe uma data/hora válida.".to_owned()),
        ] {
            let answer = office.get(office.ana, &format!("{SEARCH}?{query}")).await;
            assert_eq!((answer.status, &answer.json()[field][0]), (400, &json!(text)), "{query}");
        }
    }
}

//! The HTTP interface: the table of paths and what surrounds every request.
//!
//! Paths are written without their trailing slash: both forms reach the same route, and [`Slash`]
//! tells a handler which one it was.

#[cfg(test)]
mod access_tests;
mod agents;
mod audit;
mod auth;
mod authz;
pub mod body;
mod change_reader;
mod chat_registration;
mod chat_remarks;
mod chats;
mod company_groups;
mod contacts;
mod cors;
mod customer_fields;
mod customer_filter;
mod customers;
mod departments;
mod docs;
mod documents;
pub mod fields;
mod health;
mod layers;
pub mod limits;
mod message_search;
mod messages;
mod notifications;
pub mod paging;
pub mod path;
mod postal_codes;
mod presence;
pub mod query;
mod queues;
mod quick_replies;
pub mod reply;
mod sandbox;
mod send;
pub mod server;
mod sessions;
mod settings;
pub mod syntax;
mod table;
pub mod target;
#[cfg(test)]
mod testing;
pub mod throttle;
mod tickets;
pub mod upload;
mod webhook;

pub use body::Body;
pub use fields::Fields;
pub use paging::Listing;
pub use path::Id;
pub use query::Query;
pub use target::{Slash, Target};

use axum::{
    Router,
    http::Method,
    middleware::from_fn_with_state,
    routing::{get, patch, post},
};
use utoipa::openapi::OpenApi;
use utoipa_axum::routes;

use self::table::Table;
use crate::{error::ApiError, state::AppState, ws::endpoint};

/// Everything that is served, ready to be handed to [`server::serve`].
pub fn router(app: &AppState) -> Router {
    let throttle = from_fn_with_state(app.clone(), throttle::per_address);
    let throttled = throttled().into_router().route_layer(throttle);
    let routes = limits::standard(throttled.merge(standard().into_router()))
        .merge(limits::upload(uploads().into_router(), app))
        .merge(limits::webhook(deliveries().into_router()))
        .merge(limits::picture(settings::picture_routes().into_router()))
        .merge(sockets().into_router())
        .fallback(async || ApiError::not_found())
        .method_not_allowed_fallback(async |method: Method| {
            ApiError::MethodNotAllowed(method.to_string())
        })
        .with_state(app.clone());
    layers::surround(routes, app)
}

/// What the handlers' annotations say about the paths below, as they are written here, and the paths
/// that are served without being documented.
pub fn documented() -> (OpenApi, Vec<String>) {
    throttled()
        .merge(standard())
        .merge(uploads())
        .merge(deliveries())
        .merge(settings::picture_routes())
        .merge(sockets())
        .into_document()
}

// The table of paths. The methods are those in the `utoipa::path` above each handler.

/// What costs work and anybody may ask: throttled per address.
fn throttled() -> Table {
    Table::new()
        .at("/api/v1/auth/token", routes!(auth::log_in))
        .at("/api/v1/auth/refresh", routes!(auth::refresh))
        .at("/api/v1/auth/token/refresh", routes!(auth::refresh))
        .at("/api/v1/auth/token/verify", routes!(auth::verify))
        .undocumented("/api/v1/integrations/cep/{cep}", get(postal_codes::find))
        .undocumented("/api/v1/clientes/chat/buscar-contato", post(chat_registration::find_contact))
        .undocumented("/api/v1/clientes/chat/dados-capturados", post(chat_registration::captured))
}

/// Routes under the ordinary limits.
fn standard() -> Table {
    health()
        .merge(people())
        .merge(rights())
        .merge(whatsapp())
        .merge(service())
        .merge(customers())
        .merge(settings::routes())
        .merge(files())
        .merge(documentation())
}

fn health() -> Table {
    Table::new()
        .at("/api/v1/health", routes!(health::summary))
        .at("/api/v1/health/live", routes!(health::live))
        .at("/api/v1/health/ready", routes!(health::ready))
}

fn people() -> Table {
    Table::new()
        .at("/api/v1/me", routes!(auth::me, auth::update_me))
        .undocumented(
            "/api/v1/me/preferencias-notificacao",
            get(notifications::show).patch(notifications::update),
        )
        .at("/api/v1/agents", routes!(agents::list, agents::create))
        .at("/api/v1/agents/{id}", routes!(agents::detail, agents::update))
        .at("/api/v1/presence", routes!(presence::list))
        .at("/api/v1/presence/me", routes!(presence::mine))
        .at("/api/v1/presence/set-status", routes!(presence::set_status))
        .at("/api/v1/presence/heartbeat", routes!(presence::heartbeat))
        .at("/api/v1/typing", routes!(presence::start_typing, presence::stop_typing))
}

/// Who may do what, and who did.
fn rights() -> Table {
    let group = get(authz::group)
        .put(authz::replace_group)
        .patch(authz::update_group)
        .delete(authz::remove_group);
    let groups_of_agent = get(authz::groups_of).patch(authz::set_groups);
    Table::new()
        .undocumented("/api/v1/authz/permissions", get(authz::permissions))
        .undocumented("/api/v1/authz/groups", get(authz::groups).post(authz::create_group))
        .undocumented("/api/v1/authz/groups/{id}", group)
        .undocumented("/api/v1/authz/agents/{id}/groups", groups_of_agent)
        .undocumented("/api/v1/auditoria", get(audit::list))
}

/// Routes that take files.
fn uploads() -> Table {
    let document = get(documents::detail)
        .put(documents::replace)
        .patch(documents::update)
        .delete(documents::remove);
    Table::new()
        .undocumented("/api/v1/documentos", get(documents::list).post(documents::create))
        .undocumented("/api/v1/documentos/{id}", document)
}

/// Routes that give files.
fn files() -> Table {
    Table::new()
        .undocumented("/api/v1/documentos/gerar-contrato", post(documents::generate::contract))
        .undocumented("/api/v1/documentos/gerar-boleto", post(documents::generate::boleto))
        .undocumented("/api/v1/config/documents/preview", post(documents::generate::preview))
        .undocumented("/api/v1/documentos/{id}/arquivo", get(documents::download))
        .undocumented("/api/v1/documentos/{id}/link", post(documents::link))
}

/// Departments, queues, tickets and chats.
fn service() -> Table {
    let service = Table::new()
        .at("/departamentos", routes!(departments::list, departments::create))
        .at(
            "/departamentos/{id}",
            routes!(
                departments::detail,
                departments::replace,
                departments::update,
                departments::remove
            ),
        )
        .at("/filas", routes!(queues::list, queues::create))
        .at("/filas/distribuir", routes!(queues::distribute))
        .at("/filas/{id}", routes!(queues::detail, queues::update, queues::remove))
        .at("/atendimentos", routes!(tickets::list, tickets::create))
        .at("/atendimentos/meus-atendimentos", routes!(tickets::mine))
        .at("/atendimentos/{id}", routes!(tickets::detail, tickets::update))
        .at("/atendimentos/{id}/finalizar", routes!(tickets::finish))
        .at("/atendimentos/{id}/transferir", routes!(tickets::transfer))
        .at("/atendimentos/{id}/avaliar", routes!(tickets::rate));
    Table::new()
        .nest("/api/v1/atendimento", service)
        .at("/api/v1/chats", routes!(chats::list))
        .at("/api/v1/chats/{chat_id}", routes!(chats::detail))
        .at("/api/v1/chats/{chat_id}/messages", routes!(chats::messages))
        .at("/api/v1/chats/{chat_id}/aceitar", routes!(chats::accept))
        .at("/api/v1/chats/{chat_id}/attend", routes!(chats::attend))
        .at("/api/v1/chats/{chat_id}/transferir", routes!(chats::transfer))
        .at("/api/v1/chats/{chat_id}/encerrar", routes!(chats::close))
        .at("/api/v1/chats/{chat_id}/lido", routes!(chat_remarks::read))
        .at("/api/v1/chats/{chat_id}/notas", routes!(chat_remarks::notes, chat_remarks::add_note))
        .at("/api/v1/chats/{chat_id}/notas/{id}", routes!(chat_remarks::remove_note))
        .at("/api/v1/chats/{chat_id}/etiquetas", routes!(chat_remarks::set_tags))
        .at("/api/v1/etiquetas", routes!(chat_remarks::known_tags))
        .at("/api/v1/messages/busca", routes!(message_search::search))
        .at("/api/v1/respostas-rapidas", routes!(quick_replies::list, quick_replies::create))
        .at(
            "/api/v1/respostas-rapidas/{id}",
            routes!(
                quick_replies::detail,
                quick_replies::replace,
                quick_replies::update,
                quick_replies::remove
            ),
        )
        .at("/api/v1/respostas-rapidas/{id}/preencher", routes!(quick_replies::fill))
}

/// Customers, their groups and their people.
fn customers() -> Table {
    let customer = get(customers::detail)
        .put(customers::replace)
        .patch(customers::update)
        .delete(customers::remove);
    let group = get(company_groups::detail)
        .put(company_groups::replace)
        .patch(company_groups::update)
        .delete(company_groups::remove);
    let contact = get(contacts::detail)
        .put(contacts::replace)
        .patch(contacts::update)
        .delete(contacts::remove);
    let routes = Table::new()
        .undocumented("/clientes", get(customers::list).post(customers::create))
        .undocumented("/clientes/search", get(customers::search))
        .undocumented("/clientes/stats", get(customers::stats))
        .undocumented("/clientes/status/{status}", get(customers::by_status))
        .undocumented("/clientes/cadastro-manual", post(chat_registration::register))
        .undocumented("/clientes/{id}", customer)
        .undocumented("/clientes/{id}/status", patch(customers::set_status))
        .undocumented("/clientes/{id}/responsavel", patch(customers::set_responsible))
        .undocumented("/clientes/{id}/historico", get(customers::history))
        .undocumented("/grupos-empresa", get(company_groups::list).post(company_groups::create))
        .undocumented("/grupos-empresa/{id}", group)
        .undocumented("/contatos", get(contacts::list).post(contacts::create))
        .undocumented("/contatos/{id}", contact);
    Table::new().nest("/api/v1", routes)
}

/// Numbers and messages. Routes in the singular are for older clients.
fn whatsapp() -> Table {
    let routes = Table::new()
        .at("/sessions", routes!(sessions::list, sessions::create))
        .at("/sessions/start", routes!(sessions::start))
        .at("/sessions/stop", routes!(sessions::stop))
        .at("/sessions/status", routes!(sessions::status))
        .at("/sessions/{id}", routes!(sessions::show, sessions::update, sessions::deactivate))
        .at("/sessions/{id}/metrics", routes!(sessions::metrics))
        .at("/sessions/{id}/reconnect", routes!(sessions::reconnect))
        .at("/session", routes!(sessions::stop_default))
        .at("/session/start", routes!(sessions::start_default))
        .at("/session/status", routes!(sessions::status_of_default))
        .at("/send", routes!(send::send))
        .at("/messages", routes!(messages::list, send::send_legacy))
        .at("/messages/latency-stats", routes!(messages::latency_stats))
        .at("/messages/high-latency", routes!(messages::high_latency))
        .at("/messages/{id}", routes!(messages::show))
        .at("/inject-incoming", routes!(webhook::inject))
        .at("/sandbox/falha", routes!(sandbox::fault));
    Table::new().nest("/api/v1/whatsapp", routes)
}

/// What networks deliver: large bodies.
fn deliveries() -> Table {
    Table::new().at("/api/v1/whatsapp/webhook", routes!(webhook::verify, webhook::receive))
}

/// Not under the limits of requests: they stay open all day.
fn sockets() -> Table {
    Table::new()
        .undocumented("/ws/whatsapp", get(endpoint::events))
        .undocumented("/ws/atendimento", get(endpoint::events))
        .undocumented("/ws/echo", get(endpoint::echo))
}

fn documentation() -> Table {
    Table::new()
        .undocumented("/api/schema", get(docs::schema))
        .undocumented("/api/docs", get(docs::swagger_ui))
        .undocumented("/api/docs/{file}", get(docs::file))
        .undocumented("/api/redoc", get(docs::redoc))
}

#[cfg(test)]
mod tests {
    use crate::test_support::TestApp;

    #[tokio::test]
    async fn unknown_paths_and_wrong_methods_answer_in_json() {
        let app = TestApp::new().await;
        for path in ["/", "/nowhere", "/api/v1/nowhere/", "/api/v1/auth"] {
            let answer = app.get(path).send().await;
            let text = "Não encontrado.";
            assert_eq!(
                (answer.status, answer.json()["error"].as_str()),
                (404, Some(text)),
                "{path}"
            );
        }
        let answer = app.get("/api/v1/auth/token/").send().await;
        assert_eq!(answer.status, 405);
        assert_eq!(answer.headers["allow"], "POST");
        assert_eq!(answer.json()["detail"], "Método \"GET\" não é permitido.");
    }

    #[tokio::test]
    async fn both_forms_of_a_path_are_served() {
        let app = TestApp::new().await;
        for path in ["/api/v1/health", "/api/v1/health/", "/api/v1/health/?x=1"] {
            assert_eq!(app.get(path).send().await.status, 200, "{path}");
        }
    }
}

//! The HTTP interface: the table of paths and what surrounds every request.
//!
//! Paths are written without their trailing slash: both forms reach the same route, and [`Slash`]
//! tells a handler which one it was.

mod agents;
mod audit;
mod auth;
mod authz;
pub mod body;
mod change_reader;
mod chat_registration;
mod chats;
mod company_groups;
mod contacts;
mod cors;
mod customer_fields;
mod customer_filter;
mod customers;
mod departments;
mod documents;
pub mod fields;
mod health;
mod layers;
pub mod limits;
mod messages;
mod notifications;
pub mod paging;
pub mod path;
mod postal_codes;
mod presence;
pub mod query;
mod queues;
pub mod reply;
mod sandbox;
mod send;
pub mod server;
mod sessions;
mod settings;
pub mod syntax;
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
    routing::{delete, get, patch, post},
};

use crate::{error::ApiError, state::AppState, ws::endpoint};

/// Everything that is served, ready to be handed to [`server::serve`].
pub fn router(app: &AppState) -> Router {
    let routes = routes(app)
        .fallback(async || ApiError::not_found())
        .method_not_allowed_fallback(async |method: Method| {
            ApiError::MethodNotAllowed(method.to_string())
        })
        .with_state(app.clone());
    layers::surround(routes, app)
}

/// The table of paths.
fn routes(app: &AppState) -> Router<AppState> {
    let webhook = post(webhook::receive).get(webhook::verify);
    let webhook = Router::new().route("/api/v1/whatsapp/webhook", webhook);
    let limited = public(app)
        .merge(account())
        .merge(people())
        .merge(rights())
        .merge(whatsapp())
        .merge(service())
        .merge(customers())
        .merge(settings::routes())
        .merge(files());
    limits::standard(limited)
        .merge(limits::upload(uploads(), app))
        .merge(limits::webhook(webhook))
        .merge(limits::picture(settings::picture_routes()))
        .merge(sockets())
}

/// Login, postal codes and health: anybody may ask; what costs work is throttled per address.
fn public(app: &AppState) -> Router<AppState> {
    let throttled = Router::new()
        .route("/api/v1/auth/token", post(auth::log_in))
        .route("/api/v1/auth/refresh", post(auth::refresh))
        .route("/api/v1/auth/token/refresh", post(auth::refresh))
        .route("/api/v1/auth/token/verify", post(auth::verify))
        .route("/api/v1/integrations/cep/{cep}", get(postal_codes::find))
        .route("/api/v1/clientes/chat/buscar-contato", post(chat_registration::find_contact))
        .route("/api/v1/clientes/chat/dados-capturados", post(chat_registration::captured))
        .route_layer(from_fn_with_state(app.clone(), throttle::per_address));
    Router::new()
        .merge(throttled)
        .route("/api/v1/health", get(health::summary))
        .route("/api/v1/health/live", get(health::live))
        .route("/api/v1/health/ready", get(health::ready))
}

fn account() -> Router<AppState> {
    let preferences = get(notifications::show).patch(notifications::update);
    Router::new()
        .route("/api/v1/me", get(auth::me).patch(auth::update_me))
        .route("/api/v1/me/preferencias-notificacao", preferences)
}

fn people() -> Router<AppState> {
    Router::new()
        .route("/api/v1/agents", get(agents::list).post(agents::create))
        .route("/api/v1/agents/{id}", get(agents::detail).patch(agents::update).put(agents::update))
        .route("/api/v1/presence", get(presence::list))
        .route("/api/v1/presence/me", get(presence::mine))
        .route("/api/v1/presence/set-status", post(presence::set_status))
        .route("/api/v1/presence/heartbeat", post(presence::heartbeat))
        .route("/api/v1/typing", post(presence::start_typing).delete(presence::stop_typing))
}

/// Who may do what, and who did.
fn rights() -> Router<AppState> {
    let group = get(authz::group)
        .put(authz::replace_group)
        .patch(authz::update_group)
        .delete(authz::remove_group);
    let groups_of_agent = get(authz::groups_of).patch(authz::set_groups);
    Router::new()
        .route("/api/v1/authz/permissions", get(authz::permissions))
        .route("/api/v1/authz/groups", get(authz::groups).post(authz::create_group))
        .route("/api/v1/authz/groups/{id}", group)
        .route("/api/v1/authz/agents/{id}/groups", groups_of_agent)
        .route("/api/v1/auditoria", get(audit::list))
}

/// Routes that take files.
fn uploads() -> Router<AppState> {
    let document = get(documents::detail)
        .put(documents::replace)
        .patch(documents::update)
        .delete(documents::remove);
    Router::new()
        .route("/api/v1/documentos", get(documents::list).post(documents::create))
        .route("/api/v1/documentos/{id}", document)
}

/// Routes that give files.
fn files() -> Router<AppState> {
    Router::new()
        .route("/api/v1/documentos/gerar-contrato", post(documents::generate::contract))
        .route("/api/v1/documentos/gerar-boleto", post(documents::generate::boleto))
        .route("/api/v1/config/documents/preview", post(documents::generate::preview))
        .route("/api/v1/documentos/{id}/arquivo", get(documents::download))
        .route("/api/v1/documentos/{id}/link", post(documents::link))
}

/// Not under the limits of requests: they stay open all day.
fn sockets() -> Router<AppState> {
    Router::new()
        .route("/ws/whatsapp", get(endpoint::events))
        .route("/ws/atendimento", get(endpoint::events))
        .route("/ws/echo", get(endpoint::echo))
}

/// Departments, queues, tickets and chats.
fn service() -> Router<AppState> {
    let departments = get(departments::list).post(departments::create);
    let department = get(departments::detail)
        .put(departments::replace)
        .patch(departments::update)
        .delete(departments::remove);
    let queue_entry =
        get(queues::detail).put(queues::update).patch(queues::update).delete(queues::remove);
    let ticket = get(tickets::detail).put(tickets::update).patch(tickets::update);
    let service = Router::new()
        .route("/departamentos", departments)
        .route("/departamentos/{id}", department)
        .route("/filas", get(queues::list).post(queues::create))
        .route("/filas/distribuir", post(queues::distribute))
        .route("/filas/{id}", queue_entry)
        .route("/atendimentos", get(tickets::list).post(tickets::create))
        .route("/atendimentos/meus-atendimentos", get(tickets::mine))
        .route("/atendimentos/{id}", ticket)
        .route("/atendimentos/{id}/finalizar", post(tickets::finish))
        .route("/atendimentos/{id}/transferir", post(tickets::transfer))
        .route("/atendimentos/{id}/avaliar", post(tickets::rate));
    Router::new()
        .nest("/api/v1/atendimento", service)
        .route("/api/v1/chats", get(chats::list))
        .route("/api/v1/chats/{chat_id}", get(chats::detail))
        .route("/api/v1/chats/{chat_id}/messages", get(chats::messages))
        .route("/api/v1/chats/{chat_id}/aceitar", post(chats::accept))
        .route("/api/v1/chats/{chat_id}/attend", post(chats::attend))
        .route("/api/v1/chats/{chat_id}/transferir", post(chats::transfer))
        .route("/api/v1/chats/{chat_id}/encerrar", post(chats::close))
}

/// Customers, their groups and their people.
fn customers() -> Router<AppState> {
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
    let routes = Router::new()
        .route("/clientes", get(customers::list).post(customers::create))
        .route("/clientes/search", get(customers::search))
        .route("/clientes/stats", get(customers::stats))
        .route("/clientes/status/{status}", get(customers::by_status))
        .route("/clientes/cadastro-manual", post(chat_registration::register))
        .route("/clientes/{id}", customer)
        .route("/clientes/{id}/status", patch(customers::set_status))
        .route("/clientes/{id}/responsavel", patch(customers::set_responsible))
        .route("/clientes/{id}/historico", get(customers::history))
        .route("/grupos-empresa", get(company_groups::list).post(company_groups::create))
        .route("/grupos-empresa/{id}", group)
        .route("/contatos", get(contacts::list).post(contacts::create))
        .route("/contatos/{id}", contact);
    Router::new().nest("/api/v1", routes)
}

/// Numbers and messages. Routes in the singular are for older clients.
fn whatsapp() -> Router<AppState> {
    let routes = Router::new()
        .route("/sessions", get(sessions::list).post(sessions::create))
        .route("/sessions/start", post(sessions::start))
        .route("/sessions/stop", post(sessions::stop))
        .route("/sessions/status", get(sessions::status))
        .route(
            "/sessions/{id}",
            get(sessions::show)
                .put(sessions::update)
                .patch(sessions::update)
                .delete(sessions::deactivate),
        )
        .route("/sessions/{id}/metrics", get(sessions::metrics))
        .route("/sessions/{id}/reconnect", post(sessions::reconnect))
        .route("/session", delete(sessions::stop_default))
        .route("/session/start", post(sessions::start_default))
        .route("/session/status", get(sessions::status_of_default))
        .route("/send", post(send::send))
        .route("/messages", get(messages::list).post(send::send_legacy))
        .route("/messages/latency-stats", get(messages::latency_stats))
        .route("/messages/high-latency", get(messages::high_latency))
        .route("/messages/{id}", get(messages::show))
        .route("/inject-incoming", post(webhook::inject))
        .route("/sandbox/falha", post(sandbox::fault));
    Router::new().nest("/api/v1/whatsapp", routes)
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

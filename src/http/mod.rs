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
mod chat_routing;
mod chats;
mod cloud_content;
mod cloud_numbers;
mod company_groups;
mod contacts;
mod content;
mod cors;
mod customer_fields;
mod customer_filter;
mod customer_merges;
mod customer_pictures;
mod customers;
mod days;
mod department_routing;
mod departments;
mod docs;
mod documents;
mod envelope;
pub mod fields;
mod file_reply;
mod health;
pub mod limits;
mod media;
mod message_actions;
mod message_search;
mod messages;
mod metrics;
mod notifications;
mod opening_hours;
pub mod paging;
pub mod path;
mod postal_codes;
mod presence;
mod presence_history;
pub mod query;
mod queue_actions;
mod queues;
mod quick_replies;
pub mod reply;
mod reports;
#[cfg(test)]
mod resume_tests;
mod sandbox;
mod send;
pub mod server;
mod session_backup;
mod session_diagnosis;
mod sessions;
mod settings;
mod skills;
pub mod syntax;
mod table;
pub mod target;
mod templates;
#[cfg(test)]
mod testing;
pub mod throttle;
mod tickets;
pub mod upload;
mod webhook;
mod webhook_deliveries;
mod webhook_endpoints;

pub use body::Body;
pub use envelope::Envelope;
pub use fields::Fields;
pub use paging::Listing;
pub use path::Id;
pub use query::Query;
pub use target::{Slash, Target};

use axum::{middleware::from_fn_with_state, routing::get};
use utoipa::openapi::OpenApi;
use utoipa_axum::routes;

use self::table::Table;
use crate::{console, error::ApiError, state::AppState, ws::endpoint};

/// Everything that is served, ready to be handed to [`server::serve`].
pub fn router(app: &AppState) -> Envelope {
    let throttle = from_fn_with_state(app.clone(), throttle::per_address);
    let throttled = throttled().into_router().route_layer(throttle);
    let routes = limits::standard(throttled.merge(standard().into_router()))
        .merge(limits::upload(uploads().into_router(), app))
        .merge(limits::pictures(customer_forms().into_router()))
        .merge(limits::webhook(deliveries().into_router()))
        .merge(limits::backup(backups().into_router()))
        .merge(limits::picture(settings::picture_routes().into_router()))
        .merge(limits::none(sockets().into_router()))
        .fallback(async || ApiError::not_found())
        .with_state(app.clone());
    Envelope::new(routes, app)
}

/// What the handlers' annotations say about the paths below, as they are written here, and the paths
/// that are served without being documented.
pub fn documented() -> (OpenApi, Vec<String>) {
    throttled()
        .merge(standard())
        .merge(uploads())
        .merge(customer_forms())
        .merge(deliveries())
        .merge(backups())
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
        .at("/api/v1/integrations/cep/{cep}", routes!(postal_codes::find))
        .at("/api/v1/clientes/chat/buscar-contato", routes!(chat_registration::find_contact))
        .at("/api/v1/clientes/chat/dados-capturados", routes!(chat_registration::captured))
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
        .merge(integrations())
        .merge(files())
        .merge(documentation())
        .merge(web_console())
}

fn health() -> Table {
    Table::new()
        .at("/api/v1/health", routes!(health::summary))
        .at("/api/v1/health/live", routes!(health::live))
        .at("/api/v1/health/ready", routes!(health::ready))
        .at("/metrics", routes!(metrics::show))
}

fn people() -> Table {
    Table::new()
        .at("/api/v1/me", routes!(auth::me, auth::update_me))
        .at(
            "/api/v1/me/preferencias-notificacao",
            routes!(notifications::show, notifications::update),
        )
        .at("/api/v1/agents", routes!(agents::list, agents::create))
        .at("/api/v1/agents/{id}", routes!(agents::detail, agents::update))
        .at("/api/v1/presence", routes!(presence::list))
        .at("/api/v1/presence/me", routes!(presence::mine))
        .at("/api/v1/presence/set-status", routes!(presence::set_status))
        .at("/api/v1/presence/heartbeat", routes!(presence::heartbeat))
        .at("/api/v1/presence/historico", routes!(presence_history::list))
        .at("/api/v1/presence/{id}/forcar-offline", routes!(presence_history::force_offline))
        .at("/api/v1/typing", routes!(presence::start_typing, presence::stop_typing))
}

/// Who may do what, and who did.
fn rights() -> Table {
    Table::new()
        .at("/api/v1/authz/permissions", routes!(authz::permissions))
        .at("/api/v1/authz/groups", routes!(authz::groups, authz::create_group))
        .at(
            "/api/v1/authz/groups/{id}",
            routes!(authz::group, authz::replace_group, authz::update_group, authz::remove_group),
        )
        .at("/api/v1/authz/agents/{id}/groups", routes!(authz::groups_of, authz::set_groups))
        .at("/api/v1/auditoria", routes!(audit::list))
}

/// Routes that take files.
fn uploads() -> Table {
    Table::new()
        .at("/api/v1/documentos", routes!(documents::list, documents::create))
        .at(
            "/api/v1/documentos/{id}",
            routes!(documents::detail, documents::replace, documents::update, documents::remove),
        )
        .at("/api/v1/whatsapp/media", routes!(media::upload))
}

/// Routes that give files.
fn files() -> Table {
    Table::new()
        .at("/api/v1/documentos/gerar-contrato", routes!(documents::generate::contract))
        .at("/api/v1/documentos/gerar-boleto", routes!(documents::generate::boleto))
        .at("/api/v1/config/documents/preview", routes!(documents::generate::preview))
        .at("/api/v1/documentos/{id}/arquivo", routes!(documents::download::download))
        .at("/api/v1/documentos/{id}/link", routes!(documents::link::create))
        .at("/api/v1/whatsapp/media/{file_id}", routes!(media::download))
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
        .at("/filas/{id}/mover", routes!(queue_actions::move_entry))
        .at("/filas/{id}/priorizar", routes!(queue_actions::pin))
        .at("/filas/{id}/atribuir", routes!(queue_actions::assign))
        .at("/relatorios", routes!(reports::show))
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
        .at("/api/v1/chats/{chat_id}/recusar", routes!(chat_routing::decline))
        .at("/api/v1/chats/{chat_id}/transferencia/aceitar", routes!(chat_routing::take_transfer))
        .at("/api/v1/chats/{chat_id}/transferencia/recusar", routes!(chat_routing::send_back))
        .at("/api/v1/chats/{chat_id}/porque", routes!(chat_routing::why))
        .at("/api/v1/chats/{chat_id}/segmentos", routes!(chat_routing::segments))
}

/// Customers, their groups and their people.
fn customers() -> Table {
    let routes = Table::new()
        .at("/clientes/search", routes!(customers::search))
        .at("/clientes/stats", routes!(customers::stats))
        .at("/clientes/status/{status}", routes!(customers::by_status))
        .at("/clientes/cadastro-manual", routes!(chat_registration::register))
        .at("/clientes/{id}/status", routes!(customers::set_status))
        .at("/clientes/{id}/responsavel", routes!(customers::set_responsible))
        .at("/clientes/{id}/historico", routes!(customers::history))
        .at("/clientes/{id}/unir", routes!(customer_merges::merge))
        .at("/clientes/{id}/separar", routes!(customer_merges::separate))
        .at("/clientes/{id}/unioes", routes!(customer_merges::list))
        .at("/clientes/{id}/logo", routes!(customer_pictures::logo))
        .at("/clientes/{id}/assinatura-digital", routes!(customer_pictures::signature))
        .at("/grupos-empresa", routes!(company_groups::list, company_groups::create))
        .at(
            "/grupos-empresa/{id}",
            routes!(
                company_groups::detail,
                company_groups::replace,
                company_groups::update,
                company_groups::remove
            ),
        )
        .at("/contatos", routes!(contacts::list, contacts::create))
        .at(
            "/contatos/{id}",
            routes!(contacts::detail, contacts::replace, contacts::update, contacts::remove),
        );
    Table::new().nest("/api/v1", routes)
}

/// Customers with the pictures in their forms.
fn customer_forms() -> Table {
    Table::new().at("/api/v1/clientes", routes!(customers::list, customers::create)).at(
        "/api/v1/clientes/{id}",
        routes!(customers::detail, customers::replace, customers::update, customers::remove),
    )
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
        .at("/sessions/{id}/diagnostico", routes!(session_diagnosis::show))
        .at("/sessions/{id}/reconnect", routes!(sessions::reconnect))
        .at("/session", routes!(sessions::stop_default))
        .at("/session/start", routes!(sessions::start_default))
        .at("/session/status", routes!(sessions::status_of_default))
        .at("/send", routes!(send::send))
        .at("/messages", routes!(messages::list, send::send_legacy))
        .at("/messages/latency-stats", routes!(messages::latency_stats))
        .at("/messages/high-latency", routes!(messages::high_latency))
        .at("/messages/{id}", routes!(messages::show))
        .at("/templates", routes!(templates::list))
        .at("/templates/sincronizar", routes!(templates::synchronise))
        .at("/messages/{id}/reacao", routes!(message_actions::react))
        .at("/messages/{id}/editar", routes!(message_actions::edit))
        .at("/messages/{id}/apagar", routes!(message_actions::take_back))
        .at("/messages/{id}/alteracoes", routes!(message_actions::changes))
        .at("/messages/{id}/cancelar", routes!(message_actions::cancel))
        .at("/messages/{id}/midia", routes!(message_actions::fetch_media))
        .at("/retry", routes!(message_actions::retry))
        .at("/inject-incoming", routes!(webhook::inject))
        .at("/sandbox/falha", routes!(sandbox::fault));
    Table::new().nest("/api/v1/whatsapp", routes)
}

/// What other systems of the company are told.
fn integrations() -> Table {
    let routes = Table::new()
        .at("", routes!(webhook_endpoints::list, webhook_endpoints::create))
        .at(
            "/{id}",
            routes!(
                webhook_endpoints::detail,
                webhook_endpoints::update,
                webhook_endpoints::remove
            ),
        )
        .at("/{id}/ping", routes!(webhook_endpoints::ping))
        .at("/{id}/segredo", routes!(webhook_endpoints::rotate))
        .at("/{id}/reativar", routes!(webhook_endpoints::resume))
        .at("/{id}/reenviar", routes!(webhook_deliveries::replay_range))
        .at("/{id}/entregas", routes!(webhook_deliveries::list))
        .at("/{id}/entregas/{delivery_id}", routes!(webhook_deliveries::detail))
        .at("/{id}/entregas/{delivery_id}/reenviar", routes!(webhook_deliveries::replay));
    Table::new().nest("/api/v1/integracoes/webhooks", routes)
}

/// What networks deliver: large bodies.
fn deliveries() -> Table {
    Table::new().at("/api/v1/whatsapp/webhook", routes!(webhook::verify, webhook::receive))
}

/// Numbers as files.
fn backups() -> Table {
    Table::new()
        .at("/api/v1/whatsapp/sessions/{id}/export", routes!(session_backup::export))
        .at("/api/v1/whatsapp/sessions/import", routes!(session_backup::import))
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

/// Pages for a browser.
fn web_console() -> Table {
    let table = Table::new()
        .undocumented("/", get(console::page))
        .undocumented("/console/{version}/{*path}", get(console::file));
    console::PAGES.iter().fold(table, |table, page| {
        table
            .undocumented(page, get(console::page))
            .undocumented(&format!("{page}/{{*rest}}"), get(console::page))
    })
}

#[cfg(test)]
mod tests {
    use crate::test_support::TestApp;

    #[tokio::test]
    async fn unknown_paths_and_wrong_methods_answer_in_json() {
        let app = TestApp::new().await;
        for path in ["/api", "/nowhere", "/api/v1/nowhere/", "/api/v1/auth"] {
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

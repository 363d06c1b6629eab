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

use self::table::{Table, handlers};
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
        .at("/api/v1/auth/token", handlers!(auth::log_in))
        .at("/api/v1/auth/refresh", handlers!(auth::refresh))
        .at("/api/v1/auth/token/refresh", handlers!(auth::refresh))
        .at("/api/v1/auth/token/verify", handlers!(auth::verify))
        .at("/api/v1/integrations/cep/{cep}", handlers!(postal_codes::find))
        .at("/api/v1/clientes/chat/buscar-contato", handlers!(chat_registration::find_contact))
        .at("/api/v1/clientes/chat/dados-capturados", handlers!(chat_registration::captured))
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
        .at("/api/v1/health", handlers!(health::summary))
        .at("/api/v1/health/live", handlers!(health::live))
        .at("/api/v1/health/ready", handlers!(health::ready))
        .at("/metrics", handlers!(metrics::show))
}

fn people() -> Table {
    Table::new()
        .at("/api/v1/me", handlers!(auth::me, auth::update_me))
        .at(
            "/api/v1/me/preferencias-notificacao",
            handlers!(notifications::show, notifications::update),
        )
        .at("/api/v1/agents", handlers!(agents::list, agents::create))
        .at("/api/v1/agents/{id}", handlers!(agents::detail, agents::update))
        .at("/api/v1/presence", handlers!(presence::list))
        .at("/api/v1/presence/me", handlers!(presence::mine))
        .at("/api/v1/presence/set-status", handlers!(presence::set_status))
        .at("/api/v1/presence/heartbeat", handlers!(presence::heartbeat))
        .at("/api/v1/presence/historico", handlers!(presence_history::list))
        .at("/api/v1/presence/{id}/forcar-offline", handlers!(presence_history::force_offline))
        .at("/api/v1/typing", handlers!(presence::start_typing, presence::stop_typing))
}

/// Who may do what, and who did.
fn rights() -> Table {
    Table::new()
        .at("/api/v1/authz/permissions", handlers!(authz::permissions))
        .at("/api/v1/authz/groups", handlers!(authz::groups, authz::create_group))
        .at(
            "/api/v1/authz/groups/{id}",
            handlers!(authz::group, authz::replace_group, authz::update_group, authz::remove_group),
        )
        .at("/api/v1/authz/agents/{id}/groups", handlers!(authz::groups_of, authz::set_groups))
        .at("/api/v1/auditoria", handlers!(audit::list))
}

/// Routes that take files.
fn uploads() -> Table {
    Table::new()
        .at("/api/v1/documentos", handlers!(documents::list, documents::create))
        .at(
            "/api/v1/documentos/{id}",
            handlers!(documents::detail, documents::replace, documents::update, documents::remove),
        )
        .at("/api/v1/whatsapp/media", handlers!(media::upload))
}

/// Routes that give files.
fn files() -> Table {
    Table::new()
        .at("/api/v1/documentos/gerar-contrato", handlers!(documents::generate::contract))
        .at("/api/v1/documentos/gerar-boleto", handlers!(documents::generate::boleto))
        .at("/api/v1/config/documents/preview", handlers!(documents::generate::preview))
        .at("/api/v1/documentos/{id}/arquivo", handlers!(documents::download::download))
        .at("/api/v1/documentos/{id}/link", handlers!(documents::link::create))
        .at("/api/v1/whatsapp/media/{file_id}", handlers!(media::download))
}

/// Departments, queues, tickets and chats.
fn service() -> Table {
    let service = Table::new()
        .at("/departamentos", handlers!(departments::list, departments::create))
        .at(
            "/departamentos/{id}",
            handlers!(
                departments::detail,
                departments::replace,
                departments::update,
                departments::remove
            ),
        )
        .at("/filas", handlers!(queues::list, queues::create))
        .at("/filas/distribuir", handlers!(queues::distribute))
        .at("/filas/{id}", handlers!(queues::detail, queues::update, queues::remove))
        .at("/filas/{id}/mover", handlers!(queue_actions::move_entry))
        .at("/filas/{id}/priorizar", handlers!(queue_actions::pin))
        .at("/filas/{id}/atribuir", handlers!(queue_actions::assign))
        .at("/relatorios", handlers!(reports::show))
        .at("/atendimentos", handlers!(tickets::list, tickets::create))
        .at("/atendimentos/meus-atendimentos", handlers!(tickets::mine))
        .at("/atendimentos/{id}", handlers!(tickets::detail, tickets::update))
        .at("/atendimentos/{id}/finalizar", handlers!(tickets::finish))
        .at("/atendimentos/{id}/transferir", handlers!(tickets::transfer))
        .at("/atendimentos/{id}/avaliar", handlers!(tickets::rate));
    Table::new()
        .nest("/api/v1/atendimento", service)
        .at("/api/v1/chats", handlers!(chats::list))
        .at("/api/v1/chats/{chat_id}", handlers!(chats::detail))
        .at("/api/v1/chats/{chat_id}/messages", handlers!(chats::messages))
        .at("/api/v1/chats/{chat_id}/aceitar", handlers!(chats::accept))
        .at("/api/v1/chats/{chat_id}/attend", handlers!(chats::attend))
        .at("/api/v1/chats/{chat_id}/transferir", handlers!(chats::transfer))
        .at("/api/v1/chats/{chat_id}/encerrar", handlers!(chats::close))
        .at("/api/v1/chats/{chat_id}/lido", handlers!(chat_remarks::read))
        .at("/api/v1/chats/{chat_id}/notas", handlers!(chat_remarks::notes, chat_remarks::add_note))
        .at("/api/v1/chats/{chat_id}/notas/{id}", handlers!(chat_remarks::remove_note))
        .at("/api/v1/chats/{chat_id}/etiquetas", handlers!(chat_remarks::set_tags))
        .at("/api/v1/etiquetas", handlers!(chat_remarks::known_tags))
        .at("/api/v1/messages/busca", handlers!(message_search::search))
        .at("/api/v1/respostas-rapidas", handlers!(quick_replies::list, quick_replies::create))
        .at(
            "/api/v1/respostas-rapidas/{id}",
            handlers!(
                quick_replies::detail,
                quick_replies::replace,
                quick_replies::update,
                quick_replies::remove
            ),
        )
        .at("/api/v1/respostas-rapidas/{id}/preencher", handlers!(quick_replies::fill))
        .at("/api/v1/chats/{chat_id}/recusar", handlers!(chat_routing::decline))
        .at("/api/v1/chats/{chat_id}/transferencia/aceitar", handlers!(chat_routing::take_transfer))
        .at("/api/v1/chats/{chat_id}/transferencia/recusar", handlers!(chat_routing::send_back))
        .at("/api/v1/chats/{chat_id}/porque", handlers!(chat_routing::why))
        .at("/api/v1/chats/{chat_id}/segmentos", handlers!(chat_routing::segments))
}

/// Customers, their groups and their people.
fn customers() -> Table {
    let routes = Table::new()
        .at("/clientes/search", handlers!(customers::search))
        .at("/clientes/stats", handlers!(customers::stats))
        .at("/clientes/status/{status}", handlers!(customers::by_status))
        .at("/clientes/cadastro-manual", handlers!(chat_registration::register))
        .at("/clientes/{id}/status", handlers!(customers::set_status))
        .at("/clientes/{id}/responsavel", handlers!(customers::set_responsible))
        .at("/clientes/{id}/historico", handlers!(customers::history))
        .at("/clientes/{id}/unir", handlers!(customer_merges::merge))
        .at("/clientes/{id}/separar", handlers!(customer_merges::separate))
        .at("/clientes/{id}/unioes", handlers!(customer_merges::list))
        .at("/clientes/{id}/logo", handlers!(customer_pictures::logo))
        .at("/clientes/{id}/assinatura-digital", handlers!(customer_pictures::signature))
        .at("/grupos-empresa", handlers!(company_groups::list, company_groups::create))
        .at(
            "/grupos-empresa/{id}",
            handlers!(
                company_groups::detail,
                company_groups::replace,
                company_groups::update,
                company_groups::remove
            ),
        )
        .at("/contatos", handlers!(contacts::list, contacts::create))
        .at(
            "/contatos/{id}",
            handlers!(contacts::detail, contacts::replace, contacts::update, contacts::remove),
        );
    Table::new().nest("/api/v1", routes)
}

/// Customers with the pictures in their forms.
fn customer_forms() -> Table {
    Table::new().at("/api/v1/clientes", handlers!(customers::list, customers::create)).at(
        "/api/v1/clientes/{id}",
        handlers!(customers::detail, customers::replace, customers::update, customers::remove),
    )
}

/// Numbers and messages. Routes in the singular are for older clients.
fn whatsapp() -> Table {
    let routes = Table::new()
        .at("/sessions", handlers!(sessions::list, sessions::create))
        .at("/sessions/start", handlers!(sessions::start))
        .at("/sessions/stop", handlers!(sessions::stop))
        .at("/sessions/status", handlers!(sessions::status))
        .at("/sessions/{id}", handlers!(sessions::show, sessions::update, sessions::deactivate))
        .at("/sessions/{id}/metrics", handlers!(sessions::metrics))
        .at("/sessions/{id}/diagnostico", handlers!(session_diagnosis::show))
        .at("/sessions/{id}/reconnect", handlers!(sessions::reconnect))
        .at("/session", handlers!(sessions::stop_default))
        .at("/session/start", handlers!(sessions::start_default))
        .at("/session/status", handlers!(sessions::status_of_default))
        .at("/send", handlers!(send::send))
        .at("/messages", handlers!(messages::list, send::send_legacy))
        .at("/messages/latency-stats", handlers!(messages::latency_stats))
        .at("/messages/high-latency", handlers!(messages::high_latency))
        .at("/messages/{id}", handlers!(messages::show))
        .at("/templates", handlers!(templates::list))
        .at("/templates/sincronizar", handlers!(templates::synchronise))
        .at("/messages/{id}/reacao", handlers!(message_actions::react))
        .at("/messages/{id}/editar", handlers!(message_actions::edit))
        .at("/messages/{id}/apagar", handlers!(message_actions::take_back))
        .at("/messages/{id}/alteracoes", handlers!(message_actions::changes))
        .at("/messages/{id}/cancelar", handlers!(message_actions::cancel))
        .at("/messages/{id}/midia", handlers!(message_actions::fetch_media))
        .at("/retry", handlers!(message_actions::retry))
        .at("/inject-incoming", handlers!(webhook::inject))
        .at("/sandbox/falha", handlers!(sandbox::fault));
    Table::new().nest("/api/v1/whatsapp", routes)
}

/// What other systems of the company are told.
fn integrations() -> Table {
    let routes = Table::new()
        .at("", handlers!(webhook_endpoints::list, webhook_endpoints::create))
        .at(
            "/{id}",
            handlers!(
                webhook_endpoints::detail,
                webhook_endpoints::update,
                webhook_endpoints::remove
            ),
        )
        .at("/{id}/ping", handlers!(webhook_endpoints::ping))
        .at("/{id}/segredo", handlers!(webhook_endpoints::rotate))
        .at("/{id}/reativar", handlers!(webhook_endpoints::resume))
        .at("/{id}/reenviar", handlers!(webhook_deliveries::replay_range))
        .at("/{id}/entregas", handlers!(webhook_deliveries::list))
        .at("/{id}/entregas/{delivery_id}", handlers!(webhook_deliveries::detail))
        .at("/{id}/entregas/{delivery_id}/reenviar", handlers!(webhook_deliveries::replay));
    Table::new().nest("/api/v1/integracoes/webhooks", routes)
}

/// What networks deliver: large bodies.
fn deliveries() -> Table {
    Table::new().at("/api/v1/whatsapp/webhook", handlers!(webhook::verify, webhook::receive))
}

/// Numbers as files.
fn backups() -> Table {
    Table::new()
        .at("/api/v1/whatsapp/sessions/{id}/export", handlers!(session_backup::export))
        .at("/api/v1/whatsapp/sessions/import", handlers!(session_backup::import))
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

//! `/me/preferencias-notificacao/`: how one wants to be told. What is chosen here decides what the
//! event frames of one's own sockets say under `notify`.

use axum::{Json, extract::State};
use dx_actors::domain::NotificationChanges;
use time::Time;

use super::{Body, Fields};
use crate::{
    auth::CurrentAgent,
    error::ApiResult,
    state::AppState,
    wire::notification::{NotificationPreferencesIn, NotificationPreferencesOut},
};

const QUIET_FROM: &str = "nao_perturbe_inicio";
const QUIET_UNTIL: &str = "nao_perturbe_fim";

/// `GET me/preferencias-notificacao/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Perfil",
    summary = "Mostra as próprias preferências de aviso",
    description = "Sons, avisos na área de trabalho, contadores e o horário de silêncio.",
    responses((status = 200, body = NotificationPreferencesOut)),
)]
pub(super) async fn show(
    State(app): State<AppState>,
    me: CurrentAgent,
) -> Json<NotificationPreferencesOut> {
    let preferences = app.hub.outboxes().preferences(me.id);
    Json(NotificationPreferencesOut::new(&preferences, app.hub.clock().now()))
}

/// `PATCH me/preferencias-notificacao/`: what is not sent stays.
#[utoipa::path(
    patch,
    path = "",
    tag = "Perfil",
    summary = "Altera as próprias preferências de aviso",
    description = "O que não vem fica como está. Decide o que os eventos do WebSocket dizem em `notify`.",
    request_body = NotificationPreferencesIn,
    responses((status = 200, body = NotificationPreferencesOut)),
)]
pub(super) async fn update(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Json<NotificationPreferencesOut>> {
    let changes = changes(body.fields())?;
    let saved = app.hub.presence().save_preferences(me.id, changes).await?;
    Ok(Json(NotificationPreferencesOut::new(&saved, app.hub.clock().now())))
}

fn changes(mut fields: Fields) -> ApiResult<NotificationChanges> {
    let changes = NotificationChanges {
        sound_message: fields.optional_bool("som_nova_mensagem"),
        sound_chat: fields.optional_bool("som_novo_atendimento"),
        sound_transfer: fields.optional_bool("som_transferencia"),
        desktop_message: fields.optional_bool("desktop_nova_mensagem"),
        desktop_chat: fields.optional_bool("desktop_novo_atendimento"),
        desktop_transfer: fields.optional_bool("desktop_transferencia"),
        badge_messages: fields.optional_bool("mostrar_badge_mensagens"),
        badge_chats: fields.optional_bool("mostrar_badge_atendimentos"),
        do_not_disturb: fields.optional_bool("modo_nao_perturbe"),
        quiet_from_second: fields
            .is_present(QUIET_FROM)
            .then(|| second_of_day(&mut fields, QUIET_FROM)),
        quiet_until_second: fields
            .is_present(QUIET_UNTIL)
            .then(|| second_of_day(&mut fields, QUIET_UNTIL)),
    };
    fields.finish(changes)
}

/// `null` takes the time away.
fn second_of_day(fields: &mut Fields, name: &str) -> Option<i64> {
    Some((fields.optional_time(name)? - Time::MIDNIGHT).whole_seconds())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::test_support::{Answer, TestApp};

    const PATH: &str = "/api/v1/me/preferencias-notificacao/";

    async fn patch(app: &TestApp, body: Value) -> Answer {
        let bearer = format!("Bearer {}", app.token_of(TestApp::AGENT));
        let call = app.request(axum::http::Method::PATCH, PATH).header("authorization", &bearer);
        call.json(&body).send().await
    }

    async fn show(app: &TestApp) -> Value {
        let bearer = format!("Bearer {}", app.token_of(TestApp::AGENT));
        let answer = app.get(PATH).header("authorization", &bearer).send().await;
        assert_eq!(answer.status, 200);
        answer.json()
    }

    #[tokio::test]
    async fn everything_is_on_until_somebody_chooses() {
        let app = TestApp::new().await;
        let expected = json!({
            "id": TestApp::AGENT.0, "usuario": TestApp::AGENT.0,
            "som_nova_mensagem": true, "som_novo_atendimento": true, "som_transferencia": true,
            "desktop_nova_mensagem": true, "desktop_novo_atendimento": true,
            "desktop_transferencia": true, "mostrar_badge_mensagens": true,
            "mostrar_badge_atendimentos": true, "modo_nao_perturbe": false,
            "nao_perturbe_inicio": null, "nao_perturbe_fim": null, "esta_em_nao_perturbe": false,
            "criado_em": null, "atualizado_em": null,
        });
        assert_eq!(show(&app).await, expected);
    }

    #[tokio::test]
    async fn the_quiet_time_is_kept_shown_and_told_from_the_clock() {
        let app = TestApp::new().await;
        let reference = json!({
            "modo_nao_perturbe": true, "nao_perturbe_inicio": "22:00:00",
            "nao_perturbe_fim": "08:00:00",
        });
        let answer = patch(&app, reference).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let row = answer.json();
        assert_eq!(row["nao_perturbe_inicio"], "22:00:00");
        assert_eq!(
            (&row["nao_perturbe_fim"], &row["som_transferencia"]),
            (&json!("08:00:00"), &json!(true))
        );
        let quiet_hours = async {
            let mut quiet = 0;
            for _ in 0..24 {
                quiet += i32::from(show(&app).await["esta_em_nao_perturbe"] == true);
                app.clock.advance(Duration::from_hours(1));
            }
            quiet
        };
        // 22:00 to 08:00, both included: ten or eleven looks at the clock, one per hour.
        let quiet = quiet_hours.await;
        assert!((10..=11).contains(&quiet), "{quiet}");
        let row = patch(&app, json!({"nao_perturbe_fim": null})).await.json();
        assert_eq!(
            (&row["nao_perturbe_fim"], &row["modo_nao_perturbe"]),
            (&Value::Null, &json!(true))
        );
        assert_eq!(show(&app).await["nao_perturbe_inicio"], "22:00:00");
    }

    #[tokio::test]
    async fn each_bad_field_is_named_and_nothing_changes() {
        let app = TestApp::new().await;
        let answer = patch(
            &app,
            json!({
                "som_nova_mensagem": "talvez", "modo_nao_perturbe": null,
                "nao_perturbe_inicio": "25:00", "nao_perturbe_fim": 8, "desktop_transferencia": false,
            }),
        )
        .await;
        assert_eq!(answer.status, 400);
        let body = answer.json();
        let mut keys: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        let expected =
            ["modo_nao_perturbe", "nao_perturbe_fim", "nao_perturbe_inicio", "som_nova_mensagem"];
        assert_eq!(keys, expected);
        assert_eq!(show(&app).await["desktop_transferencia"], true);
    }
}

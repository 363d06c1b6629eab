//! `/clientes/{id}/unir/`, `/separar/`, `/unioes/`: customers who were entered twice are made one, and
//! parted again. Whoever sees both may do it, as with deleting.

use axum::{Json, extract::State};
use dx_actors::{
    HubError,
    domain::{
        CustomerId, MergeId,
        customer_merge::{MergeRefused, NewMerge, OnDifferentTaxIds},
    },
    store::CustomerView,
};

use super::{Body, Id, Listing, Query, customers};
use crate::{
    auth::{CurrentAgent, scope::customer_scope},
    error::{ApiError, ApiResult},
    openapi::{Conflict, schemas::PageParams},
    state::AppState,
    wire::customer_merge::{MergeIn, MergeOut, SeparateIn},
};

/// Why two customers are one; a few paragraphs.
const REASON_CHARS_MAX: usize = 2000;

/// `POST clientes/{id}/unir/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Clientes",
    summary = "Une outro cliente a este",
    description = "Atendimentos, contatos e documentos do outro passam para este; os dados que faltam a este \
        vêm do outro, e o que este tem fica. O outro deixa de aparecer, mas é guardado como está: quem \
        procura por ele, ou escreve do número dele, chega a este. Nada é apagado, e `separar` desfaz. Com \
        CPF ou CNPJ diferentes é 409, a não ser com `forcar`. Chats abertos continuam como estão, cada um \
        no seu endereço.",
    request_body = MergeIn,
    responses((status = 200, body = MergeOut), Conflict),
)]
pub(super) async fn merge(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<MergeOut>> {
    let mut fields = body.fields();
    let other = CustomerId(fields.required_id("cliente_id"));
    let reason = fields.text_or("motivo", REASON_CHARS_MAX, "");
    let is_forced = fields.bool_or("forcar", false);
    let (other, reason, is_forced) = fields.finish((other, reason, is_forced))?;
    let survivor = customers::find(&app, &me, CustomerId(id)).await?.customer.id;
    if other == survivor {
        return Err(ApiError::field("cliente_id", MergeRefused::SameCustomer.to_string()));
    }
    let merged = customers::find(&app, &me, other).await?.customer.id;
    let on_different_tax_ids =
        if is_forced { OnDifferentTaxIds::Merge } else { OnDifferentTaxIds::Refuse };
    let new = NewMerge { survivor, merged, reason, on_different_tax_ids, by: me.id };
    let id = app.hub.chats().merge_customers(new, app.hub.clock().now()).await?;
    shown(&app, id).await
}

/// `POST clientes/{id}/separar/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Clientes",
    summary = "Desfaz uma união",
    description = "O outro cliente volta a aparecer, como era. Volta para ele exatamente o que passou para \
        este e ainda está com ele: atendimentos, contatos, documentos, e os dados aproveitados que não \
        foram alterados desde então. O que chegou depois fica com este. Uniões em cadeia são desfeitas da \
        última para a primeira.",
    request_body = SeparateIn,
    responses((status = 200, body = MergeOut), Conflict),
)]
pub(super) async fn separate(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<MergeOut>> {
    let mut fields = body.fields();
    let merge = MergeId(fields.required_id("uniao_id"));
    let merge = fields.finish(merge)?;
    let survivor = customers::find(&app, &me, CustomerId(id)).await?.customer.id;
    let now = app.hub.clock().now();
    app.hub.chats().separate_customers(survivor, merge, me.id, now).await?;
    shown(&app, merge).await
}

/// `GET clientes/{id}/unioes/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Clientes",
    summary = "Lista as uniões de um cliente",
    description = "Quem foi unido a ele, quando, por quem e se isso pode ser desfeito; também as uniões já \
        desfeitas e as de quem foi unido a ele. As mais novas primeiro.",
    params(PageParams),
    responses((status = 200, body = Listing<MergeOut>)),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    query: Query,
) -> ApiResult<Listing<MergeOut>> {
    let id = follow(&app, &me, CustomerId(id)).await?.customer.id;
    let fetch = |page| app.hub.store().list_customer_merges(id, page);
    Ok(query.fetch(fetch).await?.map(MergeOut::from))
}

async fn shown(app: &AppState, id: MergeId) -> ApiResult<Json<MergeOut>> {
    let view = app.hub.store().find_customer_merge(id).await?;
    Ok(Json(view.ok_or_else(|| HubError::not_found("União", &id))?.into()))
}

/// The customer, or whom he was merged into: what only reads follows.
pub(super) async fn follow(
    app: &AppState,
    me: &CurrentAgent,
    id: CustomerId,
) -> ApiResult<CustomerView> {
    let store = app.hub.store();
    if let Some(view) = store.find_customer_view(&customer_scope(me), id).await? {
        return Ok(view);
    }
    let id = store.find_merged_into(id).await?.unwrap_or(id);
    customers::find(app, me, id).await
}

/// What is said of a customer who is not found: that he was merged, to whoever may see the other.
pub(super) async fn missing(app: &AppState, me: &CurrentAgent, id: CustomerId) -> ApiError {
    let store = app.hub.store();
    let into = match store.find_merged_into(id).await {
        Ok(Some(into)) => into,
        Ok(None) => return HubError::not_found("Cliente", &id).into(),
        Err(error) => return error.into(),
    };
    match store.find_customer_view(&customer_scope(me), into).await {
        Ok(Some(_)) => {
            let detail = MergeRefused::AlreadyMerged { customer: id, into }.to_string().into();
            ApiError::NotFound { error: "Não encontrado.".into(), detail }
        }
        Ok(None) => HubError::not_found("Cliente", &id).into(),
        Err(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use dx_actors::domain::AgentId;
    use serde_json::{Value, json};

    use crate::{
        http::testing::{CHATS, Office, QUEUES, number},
        test_support::TestApp,
    };

    const ADMIN: AgentId = TestApp::ADMIN;
    const CUSTOMERS: &str = "/api/v1/clientes/";

    async fn created(office: &Office, who: AgentId, body: Value) -> i64 {
        let answer = office.post(who, CUSTOMERS, body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["id"].as_i64().unwrap()
    }

    fn path(id: i64, action: &str) -> String {
        format!("{CUSTOMERS}{id}/{action}")
    }

    async fn merge(office: &Office, survivor: i64, merged: i64) -> Value {
        let body = json!({"cliente_id": merged, "motivo": "Duas vezes"});
        let answer = office.post(ADMIN, &path(survivor, "unir/"), body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    #[tokio::test]
    async fn two_customers_are_made_one_and_parted() {
        let office = Office::open().await;
        let xyz = created(&office, ADMIN, json!({"razao_social": "Empresa XYZ Ltda"})).await;
        let body =
            json!({"razao_social": "Zé", "whatsapp": "11988887777", "email": "ze@xyz.com.br"});
        let ze = created(&office, ADMIN, body).await;
        let merged = merge(&office, xyz, ze).await;
        let expected = [
            ("cliente", json!(xyz)),
            ("cliente_nome", json!("Empresa XYZ Ltda")),
            ("unido", json!(ze)),
            ("unido_nome", json!("Zé")),
            ("unido_whatsapp_e164", json!("+5511988887777")),
            ("motivo", json!("Duas vezes")),
            ("unido_por", json!(ADMIN.0)),
            ("atendimentos", json!(0)),
            ("dados_aproveitados", json!(["email", "whatsapp"])),
            ("pode_separar", json!(true)),
            ("motivo_nao_separar", Value::Null),
            ("separado_em", Value::Null),
        ];
        for (key, value) in expected {
            assert_eq!(merged[key], value, "{key}");
        }
        // Reading follows, writing says where.
        let shown = office.read(ADMIN, &path(ze, "")).await;
        assert_eq!((&shown["id"], &shown["email"]), (&json!(xyz), &json!("ze@xyz.com.br")));
        let list = office.read(ADMIN, &path(ze, "unioes/")).await;
        assert_eq!(list["results"], json!([merged]));
        let text = format!("O cliente {ze} já foi unido ao cliente {xyz}: use o cliente {xyz}");
        for answer in [
            office.patch(ADMIN, &path(ze, ""), json!({"email": "x@xyz.com.br"})).await,
            office.delete(ADMIN, &path(ze, "")).await,
            office.post(ADMIN, &path(xyz, "unir/"), json!({"cliente_id": ze})).await,
            office.post(ADMIN, &path(ze, "separar/"), json!({"uniao_id": merged["id"]})).await,
        ] {
            assert_eq!((answer.status, &answer.json()["detail"]), (404, &json!(text)));
        }
        let found = office.read(ADMIN, &format!("{CUSTOMERS}?search=11988887777")).await;
        assert_eq!((&found["count"], &found["results"][0]["id"]), (&json!(1), &json!(xyz)));
        let history = office.read(ADMIN, &path(ze, "historico/")).await;
        let change = json!({
            "campo": "unido_a", "valor_anterior": null, "valor_novo": format!("Empresa XYZ Ltda ({xyz})"),
        });
        assert_eq!(history["results"][0]["alteracoes"], json!([change]));

        let body = json!({"uniao_id": merged["id"]});
        let answer = office.post(ADMIN, &path(xyz, "separar/"), body.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let row = answer.json();
        assert_eq!((&row["pode_separar"], &row["separado_por"]), (&json!(false), &json!(ADMIN.0)));
        let text = "Esta união já foi desfeita";
        assert_eq!(row["motivo_nao_separar"], text);
        let again = office.post(ADMIN, &path(xyz, "separar/"), body).await;
        assert_eq!((again.status, &again.json()["error"]), (400, &json!(text)));
        assert_eq!(office.read(ADMIN, &path(ze, "")).await["email"], "ze@xyz.com.br");
        assert_eq!(office.read(ADMIN, &path(xyz, "")).await["email"], Value::Null);
    }

    #[tokio::test]
    async fn each_bad_request_is_told_what_is_wrong() {
        let office = Office::open().await;
        let body = json!({"razao_social": "A", "cnpj_cpf": "11222333000181"});
        let one = created(&office, ADMIN, body).await;
        let body = json!({"razao_social": "B", "cnpj_cpf": "11144477735"});
        let other = created(&office, ADMIN, body).await;
        for (action, body, field) in [
            ("unir/", json!({}), "cliente_id"),
            ("unir/", json!({"cliente_id": one}), "cliente_id"),
            ("unir/", json!({"cliente_id": other, "motivo": "x".repeat(2001)}), "motivo"),
            ("unir/", json!({"cliente_id": other, "forcar": "talvez"}), "forcar"),
            ("separar/", json!({}), "uniao_id"),
        ] {
            let answer = office.post(ADMIN, &path(one, action), body.clone()).await;
            assert_eq!(answer.status, 400, "{body}");
            assert!(answer.json().get(field).is_some(), "{body}: {}", answer.text);
        }
        let body = json!({"cliente_id": other});
        let answer = office.post(ADMIN, &path(one, "unir/"), body).await;
        assert_eq!(answer.status, 409);
        for part in
            ["11.222.333/0001-81", "111.444.777-35", "grupo de empresas", "\"forcar\": true"]
        {
            let detail = answer.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains(part), "{part}: {detail}");
        }
        let body = json!({"cliente_id": other, "forcar": true});
        assert_eq!(office.post(ADMIN, &path(one, "unir/"), body).await.status, 200);
        let answer = office.post(ADMIN, &path(one, "separar/"), json!({"uniao_id": 999})).await;
        assert_eq!(
            (answer.status, &answer.json()["detail"]),
            (404, &json!("União 999 não existe"))
        );
        for action in ["unir/", "separar/"] {
            let body = json!({"cliente_id": one, "uniao_id": 1});
            assert_eq!(office.post(ADMIN, &path(999, action), body).await.status, 404);
        }
    }

    #[tokio::test]
    async fn chains_say_what_has_to_be_undone_first() {
        let office = Office::open().await;
        let mut ids = Vec::new();
        for name in ["A", "B", "C"] {
            ids.push(created(&office, ADMIN, json!({"razao_social": name})).await);
        }
        let first = merge(&office, ids[0], ids[1]).await;
        let second = merge(&office, ids[2], ids[0]).await;
        assert_eq!(second["clientes"], 1);
        let list = office.read(ADMIN, &path(ids[1], "unioes/")).await;
        let rows: Vec<_> =
            list["results"].as_array().unwrap().iter().map(|row| &row["id"]).collect();
        assert_eq!(rows, [&second["id"], &first["id"]]);
        let text = format!(
            "O cliente {} foi depois unido ao cliente {}: separe primeiro a união {}",
            ids[0], ids[2], second["id"]
        );
        assert_eq!(list["results"][1]["motivo_nao_separar"], text);
        let body = json!({"uniao_id": first["id"]});
        let answer = office.post(ADMIN, &path(ids[2], "separar/"), body).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!(text)));
    }

    #[tokio::test]
    async fn whoever_sees_both_may_merge_them() {
        let office = Office::open().await;
        let mine = created(&office, office.ana, json!({"razao_social": "Minha"})).await;
        let hers = created(&office, office.bia, json!({"razao_social": "Dela"})).await;
        let body = json!({"cliente_id": hers});
        let answer = office.post(office.ana, &path(mine, "unir/"), body.clone()).await;
        assert_eq!((answer.status, &answer.json()["error"]), (404, &json!("Não encontrado.")));
        assert_eq!(office.post(office.outsider, &path(mine, "unir/"), body).await.status, 404);
        let other = created(&office, office.ana, json!({"razao_social": "Minha outra"})).await;
        let body = json!({"cliente_id": other});
        assert_eq!(office.post(office.ana, &path(mine, "unir/"), body).await.status, 200);
        // Whose customer is merged still sees him, as the other one.
        let body = json!({"cliente_id": hers});
        assert_eq!(office.post(ADMIN, &path(mine, "unir/"), body).await.status, 200);
        assert_eq!(office.read(office.bia, &path(hers, "")).await["id"], mine);
        // Nobody learns of a merge whose customer he may not see.
        let answer = office.get(office.outsider, &path(other, "")).await;
        assert_eq!((answer.status, answer.text.contains("unido")), (404, false));
    }

    #[tokio::test]
    async fn chats_and_lists_show_the_survivor() {
        let office = Office::open().await;
        let chat_id = number(1);
        let row = office.enqueue(&chat_id, "normal").await;
        let merged = row["cliente"].as_i64().unwrap();
        let survivor = created(&office, ADMIN, json!({"razao_social": "Padaria"})).await;
        let done = merge(&office, survivor, merged).await;
        assert_eq!(done["atendimentos"], 1);
        let chat = office.read(ADMIN, &format!("{CHATS}{chat_id}/")).await;
        assert!(chat.to_string().contains("Padaria"), "{chat}");
        let entries = office.read(ADMIN, QUEUES).await;
        let entry = &entries["results"][0];
        assert_eq!(
            (&entry["cliente"], &entry["cliente_nome"]),
            (&json!(survivor), &json!("Padaria"))
        );
    }
}

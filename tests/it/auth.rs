//! Who gets in, who stays in, and what everybody else is told.

use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server, Socket,
    client::{assert_keys, text},
    on_both_databases,
    server::ADMIN_PASSWORD,
};

const TOKEN: &str = "/api/v1/auth/token/";
const REFRESH: &str = "/api/v1/auth/refresh/";
const VERIFY: &str = "/api/v1/auth/token/verify/";
const ME: &str = "/api/v1/me/";
const BAD_CREDENTIALS: &str = "Usuário e/ou senha incorreto(s)";

on_both_databases!(
    right_credentials_give_two_tokens,
    deactivated_person_is_out_at_once,
    me_can_be_edited_but_not_promoted,
);

async fn right_credentials_give_two_tokens(database: Database) {
    let server = Server::start(&database).await;
    let anonymous = server.anonymous();
    let body = json!({ "username": "admin", "password": ADMIN_PASSWORD });
    let tokens = anonymous.post(TOKEN, body).expect(200).await;
    let me = anonymous.with_token(text(&tokens["access"])).get(ME).expect(200).await;
    assert_eq!(me["username"], "admin");
    assert_keys(&me, &["id", "username", "email", "display_name", "phone_number"]);
    let rights = me["permissions"].as_array().unwrap();
    assert!(rights.contains(&json!("whatsapp.manage_sessions")), "{me}");

    let form = [("username", "admin"), ("password", ADMIN_PASSWORD)];
    let request = anonymous.request(reqwest::Method::POST, TOKEN).form(&form);
    assert_keys(&request.expect(200).await, &["access", "refresh"]);
}

#[tokio::test]
async fn wrong_password_and_unknown_user_get_the_same_answer() {
    let server = Server::start(&Database::Sqlite).await;
    let login = |username: &str, password: &str| {
        server.anonymous().post(TOKEN, json!({ "username": username, "password": password }))
    };
    let wrong = login("admin", "errada").expect_failure(401).await;
    let unknown = login("ninguem", ADMIN_PASSWORD).expect_failure(401).await;
    assert_eq!(wrong["detail"], BAD_CREDENTIALS);
    assert_eq!(wrong, unknown, "nobody learns which usernames exist");
}

#[tokio::test]
async fn missing_credentials_are_named() {
    let server = Server::start(&Database::Sqlite).await;
    let anonymous = server.anonymous();
    let body = anonymous.post(TOKEN, json!({})).expect_invalid("username").await;
    assert_keys(&body, &["password"]);
    let blank = json!({ "username": "", "password": "" });
    let body = anonymous.post(TOKEN, blank).expect_invalid("username").await;
    assert_keys(&body, &["password"]);
    anonymous.post(TOKEN, json!({ "username": "admin" })).expect_invalid("password").await;
    anonymous.post(REFRESH, json!({})).expect_invalid("refresh").await;
    anonymous.post(VERIFY, json!({})).expect_invalid("token").await;
}

#[tokio::test]
async fn refresh_token_gives_a_new_access_token() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    for path in [REFRESH, "/api/v1/auth/token/refresh/"] {
        let request = server.anonymous().post(path, json!({ "refresh": admin.refresh }));
        let fresh = request.expect(200).await;
        admin.with_token(text(&fresh["access"])).get(ME).expect(200).await;
    }
}

#[tokio::test]
async fn only_a_refresh_token_refreshes() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let refresh = |token: &str| admin.post(REFRESH, json!({ "refresh": token }));
    let garbage = refresh("lixo").expect_failure(401).await;
    assert_eq!(garbage["detail"], "O token é inválido ou expirado");
    assert_eq!(garbage["code"], "token_not_valid");
    let access = refresh(&admin.access).expect_failure(401).await;
    assert_eq!(access["detail"], "Token tem tipo errado");
    assert_eq!(access["code"], "token_not_valid");
}

#[tokio::test]
async fn verify_says_whether_a_token_is_valid() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    for token in [&admin.access, &admin.refresh] {
        server.anonymous().post(VERIFY, json!({ "token": token })).expect(200).await;
    }
    let answer =
        server.anonymous().post(VERIFY, json!({ "token": "lixo" })).expect_failure(401).await;
    assert_eq!(answer["code"], "token_not_valid");
}

#[tokio::test]
async fn request_without_credentials_is_asked_for_them() {
    let server = Server::start(&Database::Sqlite).await;
    let anonymous = server.anonymous();
    let other_scheme = || anonymous.get(ME).header("Authorization", "Basic YWRtaW46YWRtaW4=");
    for request in [anonymous.get(ME), other_scheme()] {
        let answer = request.send().await.expect(401);
        answer.assert_error_and_detail();
        assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="api""#);
        let detail = "As credenciais de autenticação não foram fornecidas.";
        assert_eq!(answer.body["detail"], detail);
    }
}

#[tokio::test]
async fn authorization_header_has_exactly_two_parts() {
    let server = Server::start(&Database::Sqlite).await;
    for value in ["Bearer", "Bearer a b"] {
        let request = server.anonymous().get(ME).header("Authorization", value);
        let answer = request.expect_failure(401).await;
        assert_eq!(answer["code"], "bad_authorization_header", "{value}");
    }
}

#[tokio::test]
async fn forged_tokens_and_refresh_tokens_open_nothing() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let (head, signature) = admin.access.rsplit_once('.').unwrap();
    let payload = head.rsplit_once('.').unwrap().1;
    let cases = [
        ("garbage", "lixo".to_owned(), "O token é inválido ou expirado"),
        ("signature cut", format!("{head}.{}", &signature[1..]), "O token é inválido ou expirado"),
        // {"alg":"none"}
        (
            "no signature",
            format!("eyJhbGciOiJub25lIn0.{payload}."),
            "O token é inválido ou expirado",
        ),
        ("refresh token", admin.refresh.clone(), "Token tem tipo errado"),
    ];
    for (case, token, message) in cases {
        let answer = admin.with_token(&token).get(ME).expect_failure(401).await;
        assert_eq!(answer["code"], "token_not_valid", "{case}");
        let detail = "O token informado não é válido para qualquer tipo de token";
        assert_eq!(answer["detail"], detail, "{case}");
        let expected = json!([{
            "token_class": "AccessToken", "token_type": "access", "message": message,
        }]);
        assert_eq!(answer["messages"], expected, "{case}");
    }
}

#[tokio::test]
async fn tokens_carry_the_documented_claims() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    for (token, kind, minutes) in [(&admin.access, "access", 60), (&admin.refresh, "refresh", 1440)]
    {
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(claims["token_type"], kind);
        assert_eq!(claims["user_id"], admin.id);
        assert_eq!(text(&claims["jti"]).len(), 32);
        let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert_eq!(lifetime, minutes * 60);
    }
}

async fn deactivated_person_is_out_at_once(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let mut socket = Socket::connect(&server, &ana).await;
    let path = format!("/api/v1/agents/{}/", ana.id);
    admin.patch(&path, json!({ "is_active": false })).expect(200).await;

    assert_eq!(socket.close_code().await, 4001);
    let answer = ana.get(ME).expect_failure(401).await;
    assert_eq!(answer["code"], "user_inactive");
    assert_eq!(answer["detail"], "Usuário está inativo");
    ana.post(REFRESH, json!({ "refresh": ana.refresh })).expect_failure(401).await;
    let login = json!({ "username": "ana", "password": "Senha-de-ana-2025" });
    let answer = server.anonymous().post(TOKEN, login).expect_failure(401).await;
    assert_eq!(answer["detail"], BAD_CREDENTIALS);
    let mut refused = Socket::open(&server, &format!("?token={}", ana.access), &[]).await;
    assert_eq!(refused.close_code().await, 4001);

    admin.patch(&path, json!({ "is_active": true })).expect(200).await;
    server.login("ana", "Senha-de-ana-2025").await;
}

async fn me_can_be_edited_but_not_promoted(database: Database) {
    let server = Server::start(&database).await;
    let ana: Client = server.admin().await.create_agent("ana", "atendente", &[]).await;
    let changes = json!({
        "display_name": "Ana Lúcia", "phone_number": "11988887777", "email": "ana@example.com",
        "username": "outra", "is_superuser": true, "role": "admin",
    });
    let me = ana.patch(ME, changes).expect(200).await;
    assert_eq!(me["display_name"], "Ana Lúcia");
    assert_eq!(me["email"], "ana@example.com");
    assert_eq!(me["username"], "ana", "the username stays");
    assert_eq!(ana.get(ME).expect(200).await, me);
    ana.patch(ME, json!({ "email": "sem-arroba" })).expect_invalid("email").await;
    let promoted =
        json!({ "username": "eva", "password": "Senha-de-eva-2025", "role": "atendente" });
    ana.post("/api/v1/agents/", promoted).expect_failure(403).await;
}

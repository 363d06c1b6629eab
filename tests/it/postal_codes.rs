//! Addresses by postal code, with stand-ins for the two services.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Database, Server, eventually, on_both_databases,
    postal::{FakeService, Manner, brasilapi_answer, viacep_answer},
};

const CEP: &str = "/api/v1/integrations/cep/";

on_both_databases!(an_answer_is_remembered_over_a_restart, equal_requests_share_one_look_up);

/// A server between two services.
struct Scene {
    server: Server,
    viacep: FakeService,
    brasilapi: FakeService,
}

impl Scene {
    async fn open(database: &Database, viacep: Manner, brasilapi: Manner) -> Self {
        let viacep = FakeService::start(viacep).await;
        let brasilapi = FakeService::start(brasilapi).await;
        let setup = Server::on(database)
            .env("CEP_VIACEP_URL", viacep.url())
            .env("CEP_BRASILAPI_URL", brasilapi.url());
        Self { server: setup.start().await, viacep, brasilapi }
    }

    async fn get(&self, code: &str, status: u16) -> Value {
        self.server.anonymous().get(&format!("{CEP}{code}/")).expect(status).await
    }

    fn requests(&self) -> (usize, usize) {
        (self.viacep.requests(), self.brasilapi.requests())
    }
}

fn no_such_code() -> Manner {
    Manner::Json(json!({"erro": "true"}))
}

fn broken() -> Manner {
    Manner::Text(500, "oops".to_owned())
}

async fn an_answer_is_remembered_over_a_restart(database: Database) {
    let mut scene = Scene::open(&database, viacep_answer(), broken()).await;
    let first = scene.get("01001-000", 200).await;
    let expected = json!({
        "cep": "01001-000", "logradouro": "Praça da Sé", "complemento": "lado ímpar",
        "bairro": "Sé", "cidade": "São Paulo", "estado": "SP", "localidade": "São Paulo",
        "uf": "SP", "ibge": "3550308", "gia": "1004", "ddd": "11", "siafi": "7107",
        "fonte": "viacep", "cached": false,
    });
    assert_eq!(first, expected);
    scene.server.restart().await;
    let mut remembered = scene.get("01001000", 200).await;
    assert_eq!(remembered["cached"], true);
    remembered["cached"] = json!(false);
    assert_eq!((remembered, scene.requests()), (first, (1, 0)));
}

async fn equal_requests_share_one_look_up(database: Database) {
    let held = Manner::Held(Box::new(viacep_answer()));
    let scene = Scene::open(&database, held, broken()).await;
    let client = scene.server.anonymous();
    let path = format!("{CEP}01001-000/");
    // The first caller goes away; the look-up goes on.
    let gone = tokio::spawn(client.get(&path).send());
    let viacep = &scene.viacep;
    eventually("the service is asked", async || (viacep.requests() == 1).then_some(())).await;
    gone.abort();
    let requests = (0..50).map(|_| client.get(&path).expect(200));
    let (answers, ()) = tokio::join!(join_all(requests), async { scene.viacep.release() });
    assert!(answers.iter().all(|answer| answer["bairro"] == "Sé"));
    assert_eq!(scene.requests(), (1, 0));
}

#[tokio::test]
async fn the_second_service_is_asked_when_the_first_has_no_answer() {
    let wrong = [
        broken(),
        Manner::Text(200, "<html>".to_owned()),
        Manner::Text(200, "x".repeat(100_000)),
        Manner::Text(200, r#"{"cep":"99999-999","localidade":"Erro","uf":"SP"}"#.to_owned()),
        Manner::Json(json!({"cep": ""})),
        no_such_code(),
        Manner::Json(json!({"erro": true})),
    ];
    for first in wrong {
        let scene = Scene::open(&Database::Sqlite, first.clone(), brasilapi_answer()).await;
        let answer = scene.get("01001-000", 200).await;
        assert_eq!(
            (&answer["fonte"], &answer["cidade"]),
            (&json!("brasilapi"), &json!("São Paulo"))
        );
        assert_eq!((&answer["ibge"], scene.requests()), (&json!(""), (1, 1)), "{first:?}");
    }
}

#[tokio::test]
async fn what_nobody_knows_is_not_found_and_remembered() {
    let unknown = || Manner::Text(404, r#"{"name":"CepPromiseError"}"#.to_owned());
    for (first, second) in
        [(no_such_code(), unknown()), (no_such_code(), broken()), (broken(), unknown())]
    {
        let scene = Scene::open(&Database::Sqlite, first, second).await;
        let text = "CEP não encontrado: 99999-999";
        let expected = json!({"error": "CEP não encontrado", "message": text, "detail": text});
        assert_eq!(scene.get("99999999", 404).await, expected);
        assert_eq!(scene.get("99999999", 404).await, expected);
        assert_eq!(scene.requests(), (1, 1));
    }
}

#[tokio::test]
async fn what_is_no_postal_code_is_asked_of_nobody() {
    let scene = Scene::open(&Database::Sqlite, viacep_answer(), brasilapi_answer()).await;
    let expected = json!({
        "error": "CEP inválido", "message": "CEP inválido: 123", "detail": "CEP inválido: 123",
    });
    assert_eq!(scene.get("123", 400).await, expected);
    scene.get("010010000", 400).await;
    assert_eq!(scene.requests(), (0, 0));
}

#[tokio::test]
async fn silent_services_cost_five_seconds_and_no_more() {
    let scene = Scene::open(&Database::Sqlite, Manner::Silent, brasilapi_answer()).await;
    let start = Instant::now();
    assert_eq!(scene.get("01001-000", 200).await["fonte"], "brasilapi");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    scene.brasilapi.behave(Manner::Silent);
    let start = Instant::now();
    let failure = scene.get("20040-002", 500).await;
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    assert_eq!(failure["error"], "Erro ao consultar CEP");
    assert_eq!(failure["message"], failure["detail"]);
}

#[tokio::test]
async fn a_service_that_fails_three_times_is_left_in_peace() {
    let scene = Scene::open(&Database::Sqlite, broken(), brasilapi_answer()).await;
    for number in 1..=5 {
        scene.get(&format!("0100100{number}"), 200).await;
    }
    assert_eq!(scene.requests(), (3, 5));
}

#[tokio::test]
async fn look_ups_are_throttled_per_address() {
    let viacep = FakeService::start(viacep_answer()).await;
    let server = Server::on(&Database::Sqlite)
        .env("CEP_VIACEP_URL", viacep.url())
        .env("RATE_LIMIT_PER_MINUTE", "2")
        .start()
        .await;
    let client = server.anonymous();
    client.get(&format!("{CEP}01001-000/")).expect(200).await;
    client.get(&format!("{CEP}01001-000/")).expect(200).await;
    client.get(&format!("{CEP}01001-000/")).expect_failure(429).await;
}

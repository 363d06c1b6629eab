//! Stand-ins for the postal code services: real servers on free ports whose manners a test sets.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Semaphore};

/// How a service answers.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    /// This document, with its `cep` set to the one that was asked for.
    Json(Value),
    /// This status and text.
    Text(u16, String),
    /// As the inner manner, once per [`FakeService::release`].
    Held(Box<Manner>),
    /// Takes the request and never answers.
    Silent,
}

/// One service.
#[derive(Debug, Clone)]
pub(crate) struct FakeService(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    url: String,
    manner: Mutex<Manner>,
    requests: AtomicUsize,
    gate: Semaphore,
}

impl FakeService {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener");
        let shared = Arc::new(Shared {
            url: format!("http://{address}/cep/{{cep}}/json"),
            manner: Mutex::new(manner),
            requests: AtomicUsize::new(0),
            gate: Semaphore::new(0),
        });
        let routes = Router::new().route("/cep/{cep}/json", get(answer));
        let routes = routes.with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self(shared)
    }

    /// For `CEP_…_URL`.
    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    pub(crate) fn behave(&self, manner: Manner) {
        *self.0.manner.lock().unwrap() = manner;
    }

    pub(crate) fn requests(&self) -> usize {
        self.0.requests.load(Ordering::SeqCst)
    }

    /// Lets one held request be answered.
    pub(crate) fn release(&self) {
        self.0.gate.add_permits(1);
    }
}

async fn answer(State(shared): State<Arc<Shared>>, Path(cep): Path<String>) -> Response {
    shared.requests.fetch_add(1, Ordering::SeqCst);
    let mut manner = shared.manner.lock().unwrap().clone();
    if let Manner::Held(inner) = manner {
        shared.gate.acquire().await.expect("the gate stays").forget();
        manner = *inner;
    }
    match manner {
        Manner::Json(mut document) => {
            if document.get("cep").is_some() {
                document["cep"] = json!(cep);
            }
            axum::Json(document).into_response()
        }
        Manner::Text(status, text) => {
            (StatusCode::from_u16(status).expect("a status"), text).into_response()
        }
        Manner::Held(_) | Manner::Silent => std::future::pending().await,
    }
}

/// What ViaCEP says of the reference's postal code.
pub(crate) fn viacep_answer() -> Manner {
    Manner::Json(json!({
        "cep": "01001-000", "logradouro": "Praça da Sé", "complemento": "lado ímpar",
        "unidade": "", "bairro": "Sé", "localidade": "São Paulo", "uf": "SP",
        "estado": "São Paulo", "regiao": "Sudeste", "ibge": "3550308", "gia": "1004",
        "ddd": "11", "siafi": "7107",
    }))
}

/// What BrasilAPI says of it.
pub(crate) fn brasilapi_answer() -> Manner {
    Manner::Json(json!({
        "cep": "01001000", "state": "SP", "city": "São Paulo", "neighborhood": "Sé",
        "street": "Praça da Sé", "service": "open-cep",
        "location": {"type": "Point", "coordinates": {}},
    }))
}

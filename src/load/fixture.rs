//! What a run makes in the hub and takes out of use afterwards: a department, a number of the simulated
//! network whose chats go there, and agents.

use std::{ops::Range, sync::Arc, time::Duration};

use axum::http::HeaderValue;
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::{
    api::{Api, ApiError, log_in},
    error::LoadError,
    names::RunId,
    options::{LoadArgs, Target},
    sources::Source,
};

const AGENTS: &str = "/api/v1/agents/";
const CHATS: &str = "/api/v1/chats/";
const DEPARTMENTS: &str = "/api/v1/atendimento/departamentos/";
const NUMBERS: &str = "/api/v1/whatsapp/sessions/";
/// The hub hashes two passwords at a time; two more wait.
const AGENTS_AT_ONCE: u32 = 4;
/// As many as one screen of the hub closes quickly, without starving it.
const CLOSINGS_AT_ONCE: u32 = 16;
/// The highest that a department may have: the test decides how many chats there are.
const CAPACITY: u32 = 1000;
/// The simulated network shows codes for minutes; without its delays it is ready at once.
const READY_TIMEOUT: Duration = Duration::from_secs(30);
const READY_POLL: Duration = Duration::from_millis(100);
/// Closing ten thousand chats on a busy machine.
const TEARDOWN_TIMEOUT: Duration = Duration::from_mins(2);

/// What was made, as far as it went.
#[derive(Debug)]
pub(super) struct Fixture {
    admin: Api,
    target: Arc<Target>,
    run: RunId,
    department_id: Option<i64>,
    number_id: Option<i64>,
    /// Everybody who was made, also whoever could not log in.
    people: Vec<i64>,
    pub(super) agents: Vec<Agent>,
}

#[derive(Debug, Clone)]
pub(super) struct Agent {
    pub(super) id: i64,
    /// `Bearer …`
    pub(super) bearer: HeaderValue,
}

impl Fixture {
    /// Logs in and makes sure that nothing here would reach real people.
    pub(super) async fn open(
        args: &LoadArgs,
        target: &Arc<Target>,
        run: RunId,
    ) -> Result<Self, LoadError> {
        let source = Source::nth(target, 0);
        let admin = Api::log_in(source, &args.user, &args.password).await;
        let mut admin = admin.map_err(|error| match error.status() {
            Some(401) => LoadError::BadPassword { user: args.user.clone() },
            _ => LoadError::Api { doing: "entrar", source: error },
        })?;
        refuse_real_numbers(&mut admin).await?;
        let target = Arc::clone(target);
        Ok(Self {
            admin,
            target,
            run,
            department_id: None,
            number_id: None,
            people: Vec::new(),
            agents: Vec::new(),
        })
    }

    /// Makes everything. After a failure [`Fixture::tear_down`] still knows what was made.
    pub(super) async fn make(&mut self, args: &LoadArgs) -> Result<(), LoadError> {
        let doing = |doing| move |source| LoadError::Api { doing, source };
        self.make_department().await.map_err(doing("criar o departamento"))?;
        self.make_number().await.map_err(doing("criar o número"))?;
        self.wait_until_ready().await?;
        self.make_agents(args.agents).await.map_err(|error| match error.status() {
            Some(429) => LoadError::Throttled,
            _ => LoadError::Api { doing: "criar os atendentes", source: error },
        })
    }

    /// The number that customers write to.
    pub(super) fn number_id(&self) -> i64 {
        self.number_id.unwrap_or_default()
    }

    pub(super) fn admin(&mut self) -> &mut Api {
        &mut self.admin
    }

    async fn make_department(&mut self) -> Result<(), ApiError> {
        let name = format!("Teste de carga {}", self.run.word());
        let body = json!({ "nome": name, "max_atendimentos_simultaneos": CAPACITY });
        self.department_id = Some(self.admin.make(DEPARTMENTS, &body).await?);
        Ok(())
    }

    async fn make_number(&mut self) -> Result<(), ApiError> {
        let name = format!("Teste de carga {}", self.run.word());
        let body = json!({
            "provider": "sandbox", "device_name": name, "departamento": self.department_id,
        });
        let id = self.admin.make(NUMBERS, &body).await?;
        self.number_id = Some(id);
        self.admin.post(&format!("{NUMBERS}start/"), &json!({ "session_id": id })).await?;
        Ok(())
    }

    async fn wait_until_ready(&mut self) -> Result<(), LoadError> {
        let path = format!("{NUMBERS}status/?session_id={}", self.number_id());
        let deadline = Instant::now() + READY_TIMEOUT;
        loop {
            let status = self.admin.get(&path).await;
            let status =
                status.map_err(|source| LoadError::Api { doing: "ligar o número", source })?;
            if status["status"] == "ready" {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(LoadError::NumberNotReady);
            }
            sleep(READY_POLL).await;
        }
    }

    async fn make_agents(&mut self, count: u32) -> Result<(), ApiError> {
        let share = count.div_ceil(AGENTS_AT_ONCE);
        let makers = (0..count).step_by(share as usize).map(|first| Maker {
            api: self.admin.beside(Source::nth(&self.target, 0)),
            run: self.run,
            department_id: self.department_id,
            password: Uuid::new_v4().to_string(),
            indices: first..count.min(first + share),
            people: Vec::new(),
            agents: Vec::new(),
        });
        let makers: Vec<_> = makers.map(Maker::make).collect();
        let mut outcome = Ok(());
        for (maker, made_all) in join_all(makers).await {
            self.people.extend(maker.people);
            self.agents.extend(maker.agents);
            outcome = outcome.and(made_all);
        }
        outcome
    }

    /// Closes the chats and takes everything out of use; what could not be done, in words for people.
    pub(super) async fn tear_down(&mut self, customers: u32) -> Result<(), String> {
        match timeout(TEARDOWN_TIMEOUT, self.tear_down_all(customers)).await {
            Ok(outcome) => outcome.map_err(|error| error.to_string()),
            Err(_) => Err("levou tempo demais".to_owned()),
        }
    }

    async fn tear_down_all(&mut self, customers: u32) -> Result<(), ApiError> {
        self.close_chats(customers).await?;
        for id in std::mem::take(&mut self.people) {
            let path = format!("{AGENTS}{id}/");
            self.admin.patch(&path, &json!({ "is_active": false })).await?;
        }
        if let Some(id) = self.number_id.take() {
            self.admin.delete(&format!("{NUMBERS}{id}/")).await?;
        }
        if let Some(id) = self.department_id.take() {
            // Its chats refer to it, so it cannot be deleted.
            let path = format!("{DEPARTMENTS}{id}/");
            self.admin.patch(&path, &json!({ "ativo": false })).await?;
        }
        Ok(())
    }

    async fn close_chats(&self, customers: u32) -> Result<(), ApiError> {
        let share = customers.div_ceil(CLOSINGS_AT_ONCE).max(1);
        let (run, target) = (self.run, Arc::clone(&self.target));
        let closers = (0..customers).step_by(share as usize).map(|first| {
            let mut api = self.admin.beside(Source::nth(&target, 0));
            async move {
                for chat in first..customers.min(first + share) {
                    let path = format!("{CHATS}{}/encerrar/", run.number(chat));
                    match api.post(&path, &json!({ "solicitar_avaliacao": false })).await {
                        Ok(_) => {}
                        // It was never opened, or is closed already.
                        Err(error) if matches!(error.status(), Some(400 | 404)) => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(())
            }
        });
        let closers: Vec<_> = closers.collect();
        join_all(closers).await.into_iter().collect()
    }
}

/// Makes some of the agents, one after the other.
struct Maker {
    api: Api,
    run: RunId,
    department_id: Option<i64>,
    password: String,
    indices: Range<u32>,
    people: Vec<i64>,
    agents: Vec<Agent>,
}

impl Maker {
    async fn make(mut self) -> (Self, Result<(), ApiError>) {
        for index in self.indices.clone() {
            if let Err(error) = self.make_one(index).await {
                return (self, Err(error));
            }
        }
        (self, Ok(()))
    }

    async fn make_one(&mut self, index: u32) -> Result<(), ApiError> {
        let username = format!("carga-{}-{index}", self.run.word());
        let body = json!({
            "username": username, "password": self.password, "role": "atendente",
            "display_name": format!("Carga {index}"), "departamentos": [self.department_id],
        });
        let id = self.api.make(AGENTS, &body).await?;
        self.people.push(id);
        let bearer = log_in(self.api.connection(), &username, &self.password).await?;
        self.agents.push(Agent { id, bearer });
        Ok(())
    }
}

/// A hub that is connected to a real network is in use by real people.
async fn refuse_real_numbers(admin: &mut Api) -> Result<(), LoadError> {
    let mut path = Some(format!("{NUMBERS}?is_active=true&page_size=100"));
    while let Some(page) = path {
        let answer = admin.get(&page).await;
        let answer =
            answer.map_err(|source| LoadError::Api { doing: "conferir os números", source })?;
        let rows = answer["results"].as_array().map(Vec::as_slice).unwrap_or_default();
        // What is not known to be simulated is taken for real.
        if let Some(real) = rows.iter().find(|row| row["provider"] != "sandbox") {
            let provider = real["provider"].as_str().unwrap_or("?").to_owned();
            let id = real["id"].as_i64().unwrap_or_default();
            return Err(LoadError::RealNumber { id, provider });
        }
        path = answer["next"].as_str().and_then(path_of);
    }
    Ok(())
}

/// Lists name their next page by its whole address.
fn path_of(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    Some(format!("{}?{}", url.path(), url.query()?))
}

//! Every route asked by nobody, and by one person of each role: whoever may not is told so before
//! anything else is looked at.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Value, json};

use super::{documented, testing::Office};
use crate::test_support::TestApp;

/// Nobody has this id, so that a call that is let in changes nothing.
const NOBODY: &str = "999999";

/// All paths with the methods that are served on them.
async fn routes(office: &Office) -> Vec<(Method, String)> {
    let (document, undocumented) = documented();
    let document = serde_json::to_value(document).unwrap();
    let paths = document["paths"].as_object().unwrap().keys().cloned();
    let paths = paths.chain(undocumented);
    let mut paths: Vec<String> = paths
        .map(|path| path.trim_end_matches('/').to_owned())
        .filter(|path| path.starts_with("/api/v1"))
        .collect();
    paths.sort_unstable();
    paths.dedup();
    let mut routes = Vec::new();
    for path in paths {
        let answer = office.app.request(Method::TRACE, &concrete(&path)).send().await;
        let allowed = answer.headers.get("allow").map_or("", |value| value.to_str().unwrap());
        for method in allowed.split(',').map(str::trim).filter(|name| !["HEAD", ""].contains(name))
        {
            routes.push((method.parse().unwrap(), path.clone()));
        }
    }
    routes
}

fn concrete(path: &str) -> String {
    let path = path
        .replace("{id}", NOBODY)
        .replace("{delivery_id}", NOBODY)
        .replace("{chat_id}", "5511900000000");
    path.replace("{cep}", "1").replace("{status}", "ativo")
}

#[tokio::test]
async fn each_route_lets_in_whom_the_table_names() {
    let office = Office::open().await;
    let mut seen = BTreeMap::new();
    for (method, path) in routes(&office).await {
        let body = if method == Method::GET { Value::Null } else { json!({}) };
        let call = office.app.request(method.clone(), &concrete(&path));
        let anonymous =
            if body.is_null() { call.send().await } else { call.json(&body).send().await };
        let is_public = anonymous.status != 401;
        let mut word = if is_public { "public" } else { "nobody" };
        for (role, who) in [
            ("admin", TestApp::ADMIN),
            ("gerente", office.manager),
            ("supervisor", office.supervisor),
            ("atendente", office.ana),
        ] {
            let answer = office.call(who, method.clone(), &concrete(&path), body.clone()).await;
            assert_ne!(answer.status, 401, "{method} {path} {role}");
            assert!(
                answer.status < 500 || path.contains("/cep/"),
                "{method} {path} {role}: {}",
                answer.text
            );
            if answer.status == 403 {
                break;
            }
            if !is_public {
                word = role;
            }
        }
        seen.insert(format!("{method} {path}"), word);
    }
    let told: Vec<String> = seen.iter().map(|(route, word)| format!("{word} {route}")).collect();
    let known: Vec<&str> = ROUTES.lines().filter(|line| !line.is_empty()).collect();
    let mut known: Vec<String> = known.into_iter().map(str::to_owned).collect();
    known.sort_by_key(|line| line.split_once(' ').map(|(_, route)| route.to_owned()));
    assert_eq!(told.join("\n"), known.join("\n"));
}

/// The lowest role that is let in, or `public`.
const ROUTES: &str = include_str!("access.txt");

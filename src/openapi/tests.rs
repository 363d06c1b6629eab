//! What must hold for the document as a whole.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Map, Value};

use super::json;
use crate::{console::PAGES, http, test_support::TestApp};

const SNAPSHOT: &str = include_str!("../../docs/openapi.json");
/// Sockets, which OpenAPI cannot describe, and the documentation itself; without the console's pages.
const UNDOCUMENTED: [&str; 9] = [
    "/",
    "/api/docs",
    "/api/docs/{file}",
    "/api/redoc",
    "/api/schema",
    "/console/{version}/{*path}",
    "/ws/atendimento",
    "/ws/echo",
    "/ws/whatsapp",
];

fn document() -> Value {
    serde_json::from_str(&json().unwrap()).unwrap()
}

struct Operation<'d> {
    method: String,
    path: &'d str,
    value: &'d Value,
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document["paths"].as_object().unwrap();
    let mut all = Vec::new();
    for (path, item) in paths {
        for (method, value) in item.as_object().unwrap() {
            all.push(Operation { method: method.to_uppercase(), path, value });
        }
    }
    all
}

/// Follows a reference inside the document.
fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            let target = document.pointer(reference.trim_start_matches('#'));
            resolved(document, target.unwrap_or_else(|| panic!("{reference} leads nowhere")))
        }
        None => value,
    }
}

#[test]
fn the_snapshot_is_what_the_handlers_say() {
    assert!(
        json().unwrap() == SNAPSHOT,
        "docs/openapi.json is not up to date. Renew it: cargo run -- openapi > docs/openapi.json"
    );
}

#[test]
fn only_what_is_known_is_served_without_documentation() {
    let (_, mut undocumented) = http::documented();
    undocumented.retain(|path| !PAGES.iter().any(|page| path.starts_with(page)));
    undocumented.sort_unstable();
    assert_eq!(undocumented, UNDOCUMENTED);
}

#[test]
fn every_operation_says_what_it_does_and_what_it_answers() {
    let document = document();
    let tags: BTreeSet<_> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|tag| tag["name"].as_str())
        .collect();
    let mut ids = BTreeSet::new();
    for Operation { method, path, value } in operations(&document) {
        let place = format!("{method} {path}");
        for key in ["summary", "description"] {
            assert!(value[key].as_str().is_some_and(|text| !text.is_empty()), "{place}: {key}");
        }
        let own = value["tags"].as_array().unwrap();
        assert!(own.len() == 1 && tags.contains(own[0].as_str().unwrap()), "{place}: {own:?}");
        assert!(ids.insert(value["operationId"].as_str().unwrap()), "{place}: id is not unique");
        let responses = value["responses"].as_object().unwrap();
        let mut successes = responses.iter().filter(|(status, _)| status.starts_with('2'));
        let is_told = |(status, answer): (&String, &Value)| {
            let has_body = answer["content"]
                .as_object()
                .is_some_and(|content| content.values().all(|body| body["schema"].is_object()));
            has_body != (status == "204")
        };
        assert!(successes.clone().count() > 0 && successes.all(is_told), "{place}: success");
    }
    assert!(ids.len() > 60, "{} operations", ids.len());
}

#[test]
fn every_body_has_an_example_with_the_fields_of_its_schema() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for example in examples(schema) {
            check_example(&document, name, schema, example);
        }
    }
    for Operation { method, path, value } in operations(&document) {
        let place = format!("{method} {path}");
        let answers = value["responses"].as_object().unwrap().values();
        let answers = answers.map(|answer| resolved(&document, answer));
        for holder in answers.chain([&value["requestBody"]]) {
            let Some(content) = holder["content"].as_object() else { continue };
            for body in content.values() {
                assert!(has_example(&document, body), "{place}: no example in {body}");
            }
        }
    }
}

fn examples(schema: &Value) -> Vec<&Value> {
    let list = schema["examples"].as_array().into_iter().flatten();
    list.chain(schema.get("example")).collect()
}

/// On the body itself, or on the schemas that it is made of.
fn has_example(document: &Value, body: &Value) -> bool {
    if body.get("example").is_some() || body.get("examples").is_some() {
        return true;
    }
    let schema = resolved(document, &body["schema"]);
    let parts = ["items", "properties"].map(|key| &schema[key]);
    let [items, properties] = parts;
    !examples(schema).is_empty()
        || (items.is_object() && !examples(resolved(document, items)).is_empty())
        || (properties["results"].is_object()
            && !examples(resolved(document, &properties["results"]["items"])).is_empty())
        || ["oneOf", "anyOf"].iter().any(|key| {
            let parts = schema[*key].as_array().into_iter().flatten();
            parts
                .filter(|part| part["type"] != "null")
                .any(|part| !examples(resolved(document, part)).is_empty())
        })
}

/// Every key is a property, and no required one is missing.
fn check_example(document: &Value, name: &str, schema: &Value, example: &Value) {
    let Some(example) = example.as_object() else { return };
    if schema["additionalProperties"].is_object() {
        return;
    }
    let (properties, required) = fields(document, schema);
    for key in example.keys() {
        assert!(properties.contains_key(key), "{name}: `{key}` of the example is no field");
    }
    for key in required {
        assert!(example.contains_key(&key), "{name}: the example has no `{key}`");
    }
}

/// The properties of a schema and its parts, and which of them are required.
fn fields(document: &Value, schema: &Value) -> (Map<String, Value>, BTreeSet<String>) {
    let schema = resolved(document, schema);
    let mut properties = schema["properties"].as_object().cloned().unwrap_or_default();
    let names = schema["required"].as_array().into_iter().flatten();
    let mut required: BTreeSet<_> = names.map(|name| name.as_str().unwrap().to_owned()).collect();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        let (more, needed) = fields(document, part);
        properties.extend(more);
        required.extend(needed);
    }
    (properties, required)
}

/// A path whose parameters name nothing.
fn filled(path: &str) -> String {
    [("{id}", "999999"), ("{chat_id}", "x"), ("{cep}", "x"), ("{name}", "x")]
        .iter()
        .fold(path.to_owned(), |path, (name, value)| path.replace(name, value))
}

#[tokio::test]
async fn every_documented_path_and_method_is_served() {
    let (app, document) = (TestApp::new().await, document());
    for Operation { method, path, .. } in operations(&document) {
        let served = filled(path);
        let method: Method = method.parse().unwrap();
        let answer = app.request(method.clone(), &served).send().await;
        let is_routed = answer.status != 405
            && (answer.status != 404 || answer.json()["error"] != "Não encontrado.");
        assert!(is_routed, "{method} {path} is documented, but answers {}", answer.status);
    }
}

#[tokio::test]
async fn every_served_method_is_documented() {
    let (app, document) = (TestApp::new().await, document());
    for (path, item) in document["paths"].as_object().unwrap() {
        let served = filled(path);
        // No route of ours knows this method, so the answer names those that it does know.
        let answer = app.request(Method::TRACE, &served).send().await;
        assert_eq!(answer.status, 405, "{path}");
        let allowed = answer.headers["allow"].to_str().unwrap();
        let slashless = path.trim_end_matches('/');
        let twins = document["paths"].as_object().unwrap().iter();
        let twins = twins.filter(|(twin, _)| twin.trim_end_matches('/') == slashless);
        let documented: BTreeSet<String> = twins
            .flat_map(|(_, item)| item.as_object().unwrap().keys().map(|m| m.to_uppercase()))
            .collect();
        let allowed: BTreeSet<String> =
            allowed.split(',').map(str::to_owned).filter(|method| method != "HEAD").collect();
        assert_eq!(allowed, documented, "{path} {item}");
    }
}

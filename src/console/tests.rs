//! What a browser gets.

use axum::http::Method;

use super::{PAGES, Web};
use crate::test_support::TestApp;

#[tokio::test]
async fn every_page_is_the_one_page_with_a_strict_policy() {
    let app = TestApp::new().await;
    let root = app.get("/").send().await;
    assert_eq!(root.status, 200);
    assert_eq!(root.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(root.headers["cache-control"], "no-cache");
    assert_eq!(root.headers["x-content-type-options"], "nosniff");
    assert_eq!(root.headers["referrer-policy"], "no-referrer");
    let policy = root.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    for page in PAGES {
        for path in [page.to_owned(), format!("{page}/"), format!("{page}/5511999990001")] {
            assert_eq!(app.get(&path).send().await.text, root.text, "{path}");
        }
    }
}

#[tokio::test]
async fn what_the_page_loads_is_there_and_known_copies_are_not_sent_again() {
    let app = TestApp::new().await;
    let page = app.get("/").send().await.text;
    let paths: Vec<&str> = page.split('"').filter(|part| part.starts_with("/console/")).collect();
    assert!(paths.len() > 10, "{paths:?}");
    for path in paths {
        let first = app.get(path).send().await;
        assert_eq!(first.status, 200, "{path}");
        let etag = first.headers["etag"].to_str().unwrap();
        let again = app.get(path).header("if-none-match", etag).send().await;
        assert_eq!((again.status, again.text.len()), (304, 0), "{path}");
        let packed = app.request(Method::HEAD, path).header("accept-encoding", "gzip, br");
        assert_eq!(packed.send().await.headers["content-encoding"], "gzip", "{path}");
    }
}

#[tokio::test]
async fn other_versions_and_unknown_files_are_not_found_in_json() {
    let app = TestApp::new().await;
    let page = app.get("/").send().await.text;
    let version = page.split("/console/").nth(1).unwrap().split('/').next().unwrap();
    for path in [
        "/console/0123456789abcdef/js/main.js".to_owned(),
        format!("/console/{version}/js/nothing.js"),
        format!("/console/{version}/README.md"),
        format!("/console/{version}/../mod.rs"),
        "/console".to_owned(),
        "/conversasx".to_owned(),
    ] {
        let answer = app.get(&path).send().await;
        assert_eq!((answer.status, &answer.json()["error"]), (404, &"Não encontrado.".into()));
    }
}

/// A page that the browser knows and the server does not would be lost with a reload.
#[test]
fn the_server_knows_each_page_of_the_console() {
    let routes = Web::get("js/routes.js").unwrap();
    let routes = std::str::from_utf8(&routes.data).unwrap();
    let paths: Vec<&str> = routes
        .split("path: \"")
        .skip(1)
        .filter_map(|rest| rest.split(['"', ':']).next())
        .map(|path| path.trim_end_matches('/'))
        .collect();
    assert!(paths.len() >= 2, "{paths:?}");
    for path in paths.into_iter().filter(|path| !path.is_empty()) {
        assert!(PAGES.contains(&path), "{path} is missing in PAGES");
    }
}

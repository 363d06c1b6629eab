//! A table of paths that is at the same time their documentation: a path can only be added together
//! with what [`utoipa::path`] says about its handlers.

use axum::{Router, http::Method, routing::MethodRouter};
use utoipa::openapi::{OpenApi, Paths};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::{error::ApiError, state::AppState};

/// Routes with their documentation, and the paths of those that have none on purpose.
#[derive(Default)]
pub(super) struct Table {
    routes: OpenApiRouter<AppState>,
    undocumented: Vec<String>,
}

impl Table {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Serves and documents handlers at `path`, which is written without its trailing slash. The
    /// methods are those of the handlers' annotations.
    pub(super) fn at(self, path: &str, handlers: UtoipaMethodRouter<AppState>) -> Self {
        let (schemas, documented, methods) = handlers;
        // The annotations leave the path empty, so that one handler can be served at several.
        let mut paths = Paths::new();
        for (_, item) in documented.paths {
            paths.paths.insert(path.to_owned(), item);
        }
        Self { routes: self.routes.routes((schemas, paths, methods)), ..self }
    }

    /// For what OpenAPI cannot describe, and for the documentation itself. A test knows these paths.
    pub(super) fn undocumented(mut self, path: &str, methods: MethodRouter<AppState>) -> Self {
        self.undocumented.push(path.to_owned());
        Self { routes: self.routes.route(path, methods), ..self }
    }

    pub(super) fn nest(mut self, prefix: &str, inner: Self) -> Self {
        let undocumented = inner.undocumented.into_iter();
        self.undocumented.extend(undocumented.map(|path| format!("{prefix}{path}")));
        Self { routes: self.routes.nest(prefix, inner.routes), ..self }
    }

    pub(super) fn merge(mut self, other: Self) -> Self {
        self.undocumented.extend(other.undocumented);
        Self { routes: self.routes.merge(other.routes), ..self }
    }

    /// The routes; another method than theirs is answered 405.
    pub(super) fn into_router(self) -> Router<AppState> {
        let routes: Router<AppState> = self.routes.into();
        routes.method_not_allowed_fallback(async |method: Method| {
            ApiError::MethodNotAllowed(method.to_string())
        })
    }

    /// What the annotations say, and the paths that are not in it.
    pub(super) fn into_document(self) -> (OpenApi, Vec<String>) {
        (self.routes.into_openapi(), self.undocumented)
    }
}

//! A table of paths that is at the same time their documentation: a path can only be added together
//! with what [`utoipa::path`] says about its handlers. That is put together when somebody asks for it:
//! it needs the code of every schema there is, and most hubs are never asked.

use axum::{Router, handler::Handler, http::Method, routing::MethodRouter};
use utoipa::openapi::{HttpMethod, OpenApi, Paths, RefOr, Schema};
use utoipa_axum::{
    PathItemExt,
    router::{OpenApiRouter, UtoipaMethodRouter},
};

use crate::{error::ApiError, state::AppState};

/// Schemas that are referred to, and the operations of one path.
type Said = (Vec<(String, RefOr<Schema>)>, Paths);

/// Routes with their documentation, and the paths of those that have none on purpose.
#[derive(Default)]
pub(super) struct Table {
    routes: Router<AppState>,
    documented: Vec<(String, fn() -> Said)>,
    undocumented: Vec<String>,
}

/// What serves one path, and what its annotations say.
pub(super) struct Handlers {
    methods: MethodRouter<AppState>,
    say: fn() -> Said,
}

impl Handlers {
    pub(super) fn new(say: fn() -> Said) -> Self {
        Self { methods: MethodRouter::new(), say }
    }

    pub(super) fn on<H, T>(self, methods: &[HttpMethod], handler: &H) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        let add = |routes: MethodRouter<AppState>, method: &HttpMethod| {
            routes.on(method.to_method_filter(), handler.clone())
        };
        Self { methods: methods.iter().fold(self.methods, add), ..self }
    }
}

/// `handlers!(module::handler, …)`: handlers of one path, for [`Table::at`].
macro_rules! handlers {
    ($($($part:ident)::+),+ $(,)?) => {
        $crate::http::table::Handlers::new(|| {
            $crate::http::table::said(utoipa_axum::routes!($($($part)::+),+))
        })
        $(.on(&$crate::http::table::methods!([] $($part)::+), &$($part)::+))+
    };
}
pub(super) use handlers;

/// The methods in the annotation of a handler, which stands beside it.
macro_rules! methods {
    ([$($module:ident)*] $handler:ident) => {
        utoipa_axum::paste! {
            <$($module::)* [<__path_ $handler>] as utoipa::Path>::methods()
        }
    };
    ([$($module:ident)*] $next:ident :: $($rest:ident)::+) => {
        $crate::http::table::methods!([$($module)* $next] $($rest)::+)
    };
}
pub(super) use methods;

pub(super) fn said((schemas, paths, _): UtoipaMethodRouter<AppState>) -> Said {
    (schemas, paths)
}

impl Table {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Serves and documents handlers at `path`, which is written without its trailing slash. The
    /// methods are those of the handlers' annotations.
    pub(super) fn at(mut self, path: &str, handlers: Handlers) -> Self {
        self.documented.push((path.to_owned(), handlers.say));
        Self { routes: self.routes.route(or_root(path), handlers.methods), ..self }
    }

    /// For what OpenAPI cannot describe, and for the documentation itself. A test knows these paths.
    pub(super) fn undocumented(mut self, path: &str, methods: MethodRouter<AppState>) -> Self {
        self.undocumented.push(path.to_owned());
        Self { routes: self.routes.route(path, methods), ..self }
    }

    pub(super) fn nest(mut self, prefix: &str, inner: Self) -> Self {
        let below = |path: &str| format!("{prefix}{path}");
        self.documented.extend(inner.documented.iter().map(|(path, say)| (below(path), *say)));
        self.undocumented.extend(inner.undocumented.iter().map(|path| below(path)));
        Self { routes: self.routes.nest(prefix, inner.routes), ..self }
    }

    pub(super) fn merge(mut self, other: Self) -> Self {
        self.documented.extend(other.documented);
        self.undocumented.extend(other.undocumented);
        Self { routes: self.routes.merge(other.routes), ..self }
    }

    /// The routes; another method than theirs is answered 405.
    pub(super) fn into_router(self) -> Router<AppState> {
        self.routes.method_not_allowed_fallback(async |method: Method| {
            ApiError::MethodNotAllowed(method.to_string())
        })
    }

    /// What the annotations say, and the paths that are not in it.
    pub(super) fn into_document(self) -> (OpenApi, Vec<String>) {
        let routes =
            self.documented.into_iter().fold(OpenApiRouter::new(), |routes, (path, say)| {
                let (schemas, said) = say();
                // The annotations leave the path empty, so that one handler can be served at several.
                let mut paths = Paths::new();
                for (_, item) in said.paths {
                    paths.paths.insert(path.clone(), item);
                }
                routes.routes((schemas, paths, MethodRouter::<AppState>::new()))
            });
        (routes.into_openapi(), self.undocumented)
    }
}

fn or_root(path: &str) -> &str {
    if path.is_empty() { "/" } else { path }
}

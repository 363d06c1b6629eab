//! What holds for every route of a kind and so is not repeated in annotations: slashes, parameters of
//! paths, ids of operations, and the errors that anybody can run into.

use dx_actors::domain::CustomerStatus;
use utoipa::openapi::{
    HttpMethod, Object, ObjectBuilder, Paths, Ref, RefOr, Required, Response, Schema,
    SecurityRequirement, Type,
    path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem},
};

use super::{errors, schemas::word};

/// The name of the security scheme.
pub(super) const BEARER: &str = "bearer";
/// Paths of older clients and of files, which have no trailing slash. Both forms are served; one is
/// published.
const WITHOUT_SLASH: [&str; 6] = [
    "/metrics",
    "/media/appearance/{name}",
    "/api/v1/whatsapp/session",
    "/api/v1/whatsapp/session/start",
    "/api/v1/whatsapp/session/status",
    "/api/v1/whatsapp/messages",
];

pub(super) fn bearer() -> SecurityRequirement {
    SecurityRequirement::new::<_, [&str; 0], &str>(BEARER, [])
}

/// The published form of what the table of paths and the annotations say.
pub(super) fn applied(paths: Paths) -> Paths {
    let mut published = Paths::new();
    for (path, mut item) in paths.paths {
        for (method, operation) in operations(&mut item) {
            complete(&path, &method, operation);
        }
        for (path, item) in with_slash(&path, item) {
            published.paths.insert(path, item);
        }
    }
    published
}

/// `POST messages` belongs to older clients, `GET messages/` to everybody: the only path in two forms.
fn with_slash(path: &str, item: PathItem) -> Vec<(String, PathItem)> {
    let slashed = format!("{path}/");
    if !WITHOUT_SLASH.contains(&path) {
        return vec![(slashed, item)];
    }
    let mut others = item.clone();
    match others.post.take() {
        Some(post) if others != PathItem::default() => {
            vec![(slashed, others), (path.to_owned(), PathItem::new(HttpMethod::Post, post))]
        }
        _ => vec![(path.to_owned(), item)],
    }
}

pub(super) fn operations(item: &mut PathItem) -> Vec<(HttpMethod, &mut Operation)> {
    let all = [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Patch, &mut item.patch),
        (HttpMethod::Delete, &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, slot)| Some((method, slot.as_mut()?))).collect()
}

fn complete(path: &str, method: &HttpMethod, operation: &mut Operation) {
    operation.operation_id = Some(operation_id(path, method));
    let in_path: Vec<_> = path.split('/').filter_map(path_parameter).collect();
    let has_query = operation.parameters.as_ref().is_some_and(|list| !list.is_empty());
    // A page that does not exist.
    let has_pages =
        operation.parameters.iter().flatten().any(
            |parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == "page_size"),
        );
    let mut errors = vec![errors::INTERNAL, errors::UNAVAILABLE];
    // An empty list says that no token is needed.
    if operation.security.is_none() {
        errors.push(errors::UNAUTHORIZED);
    }
    if !in_path.is_empty() || has_pages {
        errors.push(errors::NOT_FOUND);
    }
    if has_query || operation.request_body.is_some() {
        errors.push(errors::INVALID);
    }
    if operation.request_body.is_some() {
        errors.extend([errors::TOO_LARGE, errors::UNSUPPORTED_MEDIA]);
    }
    for error in errors {
        let response = || RefOr::Ref(Ref::from_response_name(error.name));
        let responses = &mut operation.responses.responses;
        responses.entry(error.status.to_owned()).or_insert_with(response);
    }
    for (status, response) in &mut operation.responses.responses {
        name_success(status, response);
    }
    let parameters = operation.parameters.get_or_insert_default();
    parameters.iter_mut().for_each(describe);
    parameters.splice(0..0, in_path.into_iter().map(RefOr::T));
}

/// What the schema of a parameter says is said of the parameter, where people look for it.
fn describe(parameter: &mut RefOr<Parameter>) {
    let RefOr::T(parameter) = parameter else { return };
    let text = match &mut parameter.schema {
        Some(RefOr::T(Schema::Object(schema))) => schema.description.take(),
        Some(RefOr::T(Schema::OneOf(schema))) => schema.description.take(),
        _ => None,
    };
    if text.is_some() {
        parameter.description = text;
    }
}

/// What a success is called where the annotation does not say it.
fn name_success(status: &str, response: &mut RefOr<Response>) {
    let RefOr::T(response) = response else { return };
    if !response.description.is_empty() {
        return;
    }
    let text = match status {
        "201" => "Criado.",
        "202" => "Aceito; acontece em segundo plano.",
        "204" => "Feito; sem corpo.",
        _ => "Sucesso.",
    };
    text.clone_into(&mut response.description);
}

fn path_parameter(segment: &str) -> Option<Parameter> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    let text = || Object::with_type(Type::String);
    let (schema, text) = match name {
        "chat_id" => (text(), "Identificador do chat (número com DDI e DDD)."),
        "cep" => (matching("^[0-9]{5}-?[0-9]{3}$"), "CEP: oito dígitos, com ou sem hífen."),
        "name" => (
            matching("^[0-9a-f]{32}\\.[a-z]+$"),
            "O nome do arquivo, como está no endereço da imagem.",
        ),
        "status" => (word::<CustomerStatus>(), "O status em que estão."),
        _ => {
            let mut id = Object::with_type(Type::Integer);
            id.minimum = Some(1.into());
            (id, "Identificador do registro.")
        }
    };
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(text))
        .schema(Some(Schema::Object(schema)));
    Some(parameter.build())
}

fn matching(pattern: &str) -> Object {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).build()
}

/// `GET /api/v1/agents/{id}` is `agents_id_get`: unique, and steady as long as the path is.
fn operation_id(path: &str, method: &HttpMethod) -> String {
    let path = path.trim_start_matches("/api/v1/");
    let words = path.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut words: Vec<&str> = words.collect();
    words.push(match method {
        HttpMethod::Get => "get",
        HttpMethod::Post => "post",
        HttpMethod::Put => "put",
        HttpMethod::Patch => "patch",
        HttpMethod::Delete => "delete",
        _ => "other",
    });
    words.join("_")
}

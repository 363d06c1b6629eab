//! Answers that many routes share. Each is described once and referred to.
//!
//! Handlers name those that depend on what they do, such as [`Forbidden`]; the rest is added to every
//! route that can answer it (see `conventions`).

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{
        Components, ContentBuilder, Ref, RefOr, Response, ResponseBuilder, Schema,
        header::HeaderBuilder,
        schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Type},
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::conventions::BEARER;

/// A shared answer: its status and its name among the components.
#[derive(Debug, Clone, Copy)]
pub(super) struct SharedError {
    pub(super) status: &'static str,
    pub(super) name: &'static str,
}

const fn shared(status: &'static str, name: &'static str) -> SharedError {
    SharedError { status, name }
}

pub(super) const INVALID: SharedError = shared("400", "Invalido");
pub(super) const UNAUTHORIZED: SharedError = shared("401", "NaoAutenticado");
const FORBIDDEN: SharedError = shared("403", "SemPermissao");
pub(super) const NOT_FOUND: SharedError = shared("404", "NaoEncontrado");
const CONFLICT: SharedError = shared("409", "Conflito");
pub(super) const TOO_LARGE: SharedError = shared("413", "GrandeDemais");
pub(super) const UNSUPPORTED_MEDIA: SharedError = shared("415", "MidiaNaoSuportada");
const NO_SUCH_RANGE: SharedError = shared("416", "IntervaloInexistente");
const LOCKED: SharedError = shared("423", "SessaoNaoPronta");
const RATE_LIMITED: SharedError = shared("429", "LimiteExcedido");
pub(super) const INTERNAL: SharedError = shared("500", "ErroInterno");
pub(super) const UNAVAILABLE: SharedError = shared("503", "Indisponivel");

macro_rules! answers {
    ($($(#[doc = $doc:literal])* $name:ident = $shared:ident;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug)]
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                let reference = RefOr::Ref(Ref::from_response_name($shared.name));
                BTreeMap::from([($shared.status.to_owned(), reference)])
            }
        }
    )*};
}

answers! {
    /// 400 of a route without a body: the rules say no.
    Refused = INVALID;
    /// 401 of a route that needs no token of its own.
    Unauthorized = UNAUTHORIZED;
    /// 403, for routes that need a right.
    Forbidden = FORBIDDEN;
    /// 404 of a route without a parameter in its path.
    Missing = NOT_FOUND;
    /// 409.
    Conflict = CONFLICT;
    /// 416, where files are given in parts.
    NoSuchRange = NO_SUCH_RANGE;
    /// 423, where a number has to be connected.
    Locked = LOCKED;
    /// 429, for throttled routes.
    TooManyRequests = RATE_LIMITED;
}

/// Every error but those of fields.
struct Problem;

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        let text =
            |about: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(about));
        let object = ObjectBuilder::new()
            .description(Some("Um erro, em palavras para pessoas."))
            .property("error", text("O que aconteceu."))
            .property("detail", text("Uma explicação; muitas vezes o mesmo texto."))
            .property("code", text("Só em erros de autenticação, para programas."))
            .property(
                "messages",
                ArrayBuilder::new().items(ObjectBuilder::new().schema_type(Type::Object)),
            )
            .required("error")
            .required("detail");
        let example = json!({"error": "Não encontrado.", "detail": "Departamento 99 não existe"});
        RefOr::T(object.examples([example]).into())
    }
}

impl ToSchema for Problem {
    fn name() -> std::borrow::Cow<'static, str> {
        "Erro".into()
    }
}

/// What is wrong with each field.
struct FieldErrors;

impl PartialSchema for FieldErrors {
    fn schema() -> RefOr<Schema> {
        let texts = ArrayBuilder::new().items(ObjectBuilder::new().schema_type(Type::String));
        let about = "Para cada campo com problema, o que há de errado com ele. \
                     `non_field_errors` diz o que não pertence a um só campo.";
        let object = ObjectBuilder::new()
            .description(Some(about))
            .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(texts.into()))));
        RefOr::T(object.examples([json!({"nome": ["Este campo é obrigatório."]})]).into())
    }
}

impl ToSchema for FieldErrors {
    fn name() -> std::borrow::Cow<'static, str> {
        "ErrosDeCampos".into()
    }
}

pub(super) fn add_to(components: &mut Components) {
    for (name, schema) in
        [(Problem::name(), Problem::schema()), (FieldErrors::name(), FieldErrors::schema())]
    {
        components.schemas.insert(name.into_owned(), schema);
    }
    for (error, response) in all() {
        components.responses.insert(error.name.to_owned(), response.into());
    }
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("O `access` que `POST /api/v1/auth/token/` devolve."));
    components
        .security_schemes
        .insert(BEARER.to_owned(), SecurityScheme::Http(scheme.build()).into());
}

fn all() -> Vec<(SharedError, Response)> {
    let same = |text: &str| json!({"error": text, "detail": text});
    vec![
        (INVALID, invalid()),
        (
            UNAUTHORIZED,
            problem(
                "Sem token, ou com um que não vale (mais).",
                &json!({
                    "error": "O token informado não é válido para qualquer tipo de token",
                    "detail": "O token informado não é válido para qualquer tipo de token",
                    "code": "token_not_valid",
                    "messages": [{
                        "token_class": "AccessToken", "token_type": "access",
                        "message": "O token é inválido ou expirado",
                    }],
                }),
            ),
        ),
        (
            FORBIDDEN,
            problem(
                "O papel da pessoa não permite isso.",
                &same("Você não tem permissão para executar essa ação."),
            ),
        ),
        (
            NOT_FOUND,
            problem(
                "Não existe, ou a pessoa não pode ver que existe.",
                &json!({"error": "Não encontrado.", "detail": "Atendimento 99 não existe"}),
            ),
        ),
        (
            CONFLICT,
            problem(
                "O estado atual não permite isso.",
                &same("O registro foi alterado nesse meio-tempo. Tente novamente."),
            ),
        ),
        (
            TOO_LARGE,
            problem("O corpo é grande demais.", &same("O corpo do pedido é grande demais.")),
        ),
        (
            UNSUPPORTED_MEDIA,
            problem(
                "O `Content-Type` não é JSON nem formulário.",
                &same("Tipo de mídia \"text/plain\" no pedido não é suportado."),
            ),
        ),
        (NO_SUCH_RANGE, no_such_range()),
        (LOCKED, problem("O número não está conectado.", &same("Sessão não está pronta"))),
        (
            RATE_LIMITED,
            retriable(
                "Pedidos demais deste endereço.",
                &json!({"error": "Pedido foi limitado.", "detail": "Tente de novo em 3 segundo(s)."}),
            ),
        ),
        (INTERNAL, problem("Um defeito do servidor.", &same("Ocorreu um erro de servidor."))),
        (
            UNAVAILABLE,
            retriable(
                "O servidor não consegue responder agora.",
                &same("Serviço indisponível no momento. Tente novamente."),
            ),
        ),
    ]
}

fn invalid() -> Response {
    let either = OneOfBuilder::new()
        .item(Ref::from_schema_name(FieldErrors::name()))
        .item(Ref::from_schema_name(Problem::name()));
    let example = json!({"nome": ["Este campo é obrigatório."]});
    let content = ContentBuilder::new().schema(Some(either)).example(Some(example));
    let about = "Há algo errado com o pedido: erros por campo, ou um erro do pedido inteiro.";
    ResponseBuilder::new().description(about).content("application/json", content.build()).build()
}

fn problem(about: &str, example: &Value) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(Problem::name())))
        .example(Some(example.clone()));
    ResponseBuilder::new().description(about).content("application/json", content.build()).build()
}

fn no_such_range() -> Response {
    let size = HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .description(Some("O tamanho, como `bytes */2560`."));
    let mut response = problem(
        "O intervalo não existe.",
        &json!({
            "error": "O intervalo pedido não existe no arquivo.",
            "detail": "O arquivo tem 2560 byte(s).",
        }),
    );
    response.headers.insert("Content-Range".to_owned(), size.build().into());
    response
}

fn retriable(about: &str, example: &Value) -> Response {
    let seconds = HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::Integer)))
        .description(Some("Segundos até que valha a pena tentar de novo."));
    let mut response = problem(about, example);
    response.headers.insert("Retry-After".to_owned(), seconds.build().into());
    response
}

//! The body of a request as a map of values: JSON, a form, or a form with files.
//!
//! What the values have to be is not decided here but in [`super::Fields`].

use std::collections::BTreeMap;

use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request, multipart::MultipartError},
    http::{HeaderValue, StatusCode, header},
};
use serde_json::{Map, Value};

use super::Fields;
use crate::error::{ApiError, ApiResult, FieldErrors};

/// Forms of the API have a few dozen fields.
pub(super) const PARTS_MAX: usize = 200;

/// How the values are spelled: forms know only texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    Json,
    Form,
}

/// What a client sent; an empty body is an empty map.
#[derive(Debug)]
pub struct Body {
    pub(super) values: Map<String, Value>,
    pub(super) files: BTreeMap<String, UploadedFile>,
    pub(super) spelling: Spelling,
}

/// A file of a multipart form.
#[derive(Debug, Clone)]
pub struct UploadedFile {
    /// As the client named it; never a path to write to.
    pub name: String,
    /// As the client says; not to be believed.
    pub content_type: String,
    pub bytes: Bytes,
}

impl Body {
    /// Starts to read the fields.
    pub fn fields(self) -> Fields {
        Fields::new(self)
    }

    /// The values as they came, for documents without a fixed shape.
    pub fn into_values(self) -> Map<String, Value> {
        self.values
    }

    /// A form without any fields yet.
    pub(super) fn empty_form() -> Self {
        Self::of(Map::new(), Spelling::Form)
    }

    fn of(values: Map<String, Value>, spelling: Spelling) -> Self {
        Self { values, files: BTreeMap::new(), spelling }
    }

    fn from_json(bytes: &[u8]) -> ApiResult<Self> {
        if bytes.trim_ascii().is_empty() {
            return Ok(Self::of(Map::new(), Spelling::Json));
        }
        let value = serde_json::from_slice(bytes)
            .map_err(|error| ApiError::refused(format!("JSON parse error - {error}")))?;
        match value {
            Value::Object(values) => Ok(Self::of(values, Spelling::Json)),
            other => {
                let kind = kind_of(&other);
                let text = format!("Dado inválido. Necessário um dicionário mas recebeu {kind}.");
                Err(ApiError::field(FieldErrors::WHOLE, text))
            }
        }
    }

    fn from_form(bytes: &[u8]) -> ApiResult<Self> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(bytes)
            .map_err(|error| ApiError::refused(format!("Formulário inválido - {error}")))?;
        let mut body = Self::of(Map::new(), Spelling::Form);
        for (name, text) in pairs {
            body.add_text(name, text);
        }
        Ok(body)
    }

    async fn from_multipart(mut form: Multipart) -> ApiResult<Self> {
        let mut body = Self::of(Map::new(), Spelling::Form);
        for _ in 0..PARTS_MAX {
            let Some(part) = form.next_field().await.map_err(|error| refuse_multipart(&error))?
            else {
                return Ok(body);
            };
            let Some(name) = part.name().map(str::to_owned) else { continue };
            let Some(file_name) = part.file_name().map(str::to_owned) else {
                let text = part.text().await.map_err(|error| refuse_multipart(&error))?;
                body.add_text(name, text);
                continue;
            };
            let content_type = part.content_type().unwrap_or_default().to_owned();
            let bytes = part.bytes().await.map_err(|error| refuse_multipart(&error))?;
            body.files.insert(name, UploadedFile { name: file_name, content_type, bytes });
        }
        Err(ApiError::refused("O formulário tem partes demais."))
    }

    /// A name that occurs again makes a list.
    pub(super) fn add_text(&mut self, name: String, text: String) {
        let text = Value::String(text);
        match self.values.get_mut(&name) {
            None => drop(self.values.insert(name, text)),
            Some(Value::Array(list)) => list.push(text),
            Some(first) => *first = Value::Array(vec![first.take(), text]),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> ApiResult<Self> {
        let header = request.headers().get(header::CONTENT_TYPE);
        let header = header.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let media = header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if media == "multipart/form-data" {
            // Read as a whole first: what looks for boundaries begins anew with each piece that comes.
            let Raw(bytes) = Raw::from_request(request, state).await?;
            return Self::from_multipart(multipart(whole(bytes, header), state).await?).await;
        }
        let Raw(bytes) = Raw::from_request(request, state).await?;
        match media.as_str() {
            "application/x-www-form-urlencoded" => Self::from_form(&bytes),
            "application/json" => Self::from_json(&bytes),
            _ if bytes.is_empty() => Ok(Self::of(Map::new(), Spelling::Json)),
            _ if media.starts_with("application/") && media.ends_with("+json") => {
                Self::from_json(&bytes)
            }
            _ => Err(ApiError::UnsupportedMedia(header)),
        }
    }
}

/// The bytes of a body as they came, for what is signed.
#[derive(Debug)]
pub struct Raw(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> ApiResult<Self> {
        let bytes = Bytes::from_request(request, state).await;
        bytes.map(Self).map_err(|error| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
            _ => ApiError::refused("O corpo do pedido não pôde ser lido."),
        })
    }
}

/// A request that has this body, which has been bounded already.
fn whole(bytes: Bytes, content_type: String) -> Request {
    let mut request = Request::new(axum::body::Body::from(bytes));
    if let Ok(value) = HeaderValue::try_from(content_type) {
        request.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    DefaultBodyLimit::disable().apply(&mut request);
    request
}

/// The parts of a form.
pub(super) async fn multipart(
    request: Request,
    state: &(impl Send + Sync),
) -> ApiResult<Multipart> {
    let form = Multipart::from_request(request, state).await;
    form.map_err(|_| {
        ApiError::refused("Multipart form parse error - falta o `boundary` no Content-Type.")
    })
}

pub(super) fn refuse_multipart(error: &MultipartError) -> ApiError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
        _ => ApiError::refused("Multipart form parse error - o formulário está incompleto."),
    }
}

/// The type of a value under the name that clients of the earlier system know.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body as HttpBody;
    use serde_json::json;

    use super::*;

    async fn read(content_type: &str, body: &str) -> ApiResult<Body> {
        let request = Request::post("/")
            .header("content-type", content_type)
            .body(HttpBody::from(body.to_owned()))
            .unwrap();
        Body::from_request(request, &()).await
    }

    #[tokio::test]
    async fn all_three_kinds_of_bodies_give_the_same_map() {
        let multipart = "--x\r\nContent-Disposition: form-data; name=\"nome\"\r\n\r\nAção\r\n\
                         --x\r\nContent-Disposition: form-data; name=\"ids\"\r\n\r\n1\r\n\
                         --x\r\nContent-Disposition: form-data; name=\"ids\"\r\n\r\n2\r\n--x--\r\n";
        let cases = [
            ("application/json; charset=utf-8", r#"{"nome":"Ação","ids":["1","2"]}"#),
            ("application/x-www-form-urlencoded", "nome=A%C3%A7%C3%A3o&ids=1&ids=2"),
            ("multipart/form-data; boundary=x", multipart),
        ];
        for (content_type, body) in cases {
            let values = Value::Object(read(content_type, body).await.unwrap().values);
            assert_eq!(values, json!({"nome": "Ação", "ids": ["1", "2"]}), "{content_type}");
        }
    }

    #[tokio::test]
    async fn a_file_keeps_its_name_type_and_bytes() {
        let form = "--x\r\nContent-Disposition: form-data; name=\"arquivo\"; filename=\"a.pdf\"\r\n\
                    Content-Type: application/pdf\r\n\r\n%PDF\r\n--x--\r\n";
        let body = read("multipart/form-data; boundary=x", form).await.unwrap();
        let file = &body.files["arquivo"];
        assert_eq!((file.name.as_str(), file.content_type.as_str()), ("a.pdf", "application/pdf"));
        assert_eq!(&file.bytes[..], b"%PDF");
    }

    #[tokio::test]
    async fn an_empty_body_is_an_empty_map() {
        for content_type in ["application/json", "application/x-www-form-urlencoded", ""] {
            assert!(read(content_type, "").await.unwrap().values.is_empty(), "{content_type}");
        }
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_refused() {
        let cases = [
            ("text/plain", "x", 415, "Tipo de mídia"),
            ("", "{}", 415, "Tipo de mídia"),
            ("application/json", "{\"a\":", 400, "JSON parse error - "),
            ("application/json", "[1]", 400, "fields"),
            ("multipart/form-data", "x", 400, "falta o `boundary`"),
            ("multipart/form-data; boundary=x", "--x\r\nbroken", 400, ""),
        ];
        for (content_type, body, status, text) in cases {
            let error = read(content_type, body).await.unwrap_err();
            assert_eq!(error.status(), status, "{content_type} {body}");
            let shown = match &error {
                ApiError::UnsupportedMedia(_) => "Tipo de mídia".to_owned(),
                other => other.to_string(),
            };
            assert!(shown.contains(text), "{shown}");
        }
    }
}

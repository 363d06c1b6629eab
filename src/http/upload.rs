//! A form with a file, read part by part: the file goes to the spool while it arrives, the texts are
//! fields like those of any other body. The parts may come in any order.

use std::marker::PhantomData;

use axum::{
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request, multipart::Field},
    http::header,
};

use super::{
    Body, Fields,
    body::{PARTS_MAX, multipart, refuse_multipart},
    fields::{EMPTY_FILE, NO_FILE},
    limits::{BODY_BYTES_MAX, DRAIN_BYTES_MAX, UPLOAD_OVERHEAD_BYTES},
};
use crate::{
    error::{ApiError, ApiResult},
    files::{
        FileKind, ReceiveError, Received,
        kind::{DOCUMENTS, Unfit},
    },
    state::AppState,
};

/// The part that holds the file.
const FILE: &str = "arquivo";
/// What file systems take.
const FILE_NAME_CHARS_MAX: usize = 200;

/// Which files a place takes.
pub trait Accepts {
    const KINDS: &'static [FileKind];
    /// What is said of all others.
    const OTHERS: &'static str;
}

/// Documents of customers.
#[derive(Debug)]
pub struct Documents;

impl Accepts for Documents {
    const KINDS: &'static [FileKind] = DOCUMENTS;
    const OTHERS: &'static str = "Tipo de arquivo não permitido. Envie pdf, doc, docx, xls, xlsx, odt, txt, csv, png, jpg ou webp.";
}

/// The fields of a form and its file.
#[derive(Debug)]
pub struct Upload<A = Documents> {
    pub fields: Fields,
    pub file: Option<UploadedFile>,
    accepts: PhantomData<A>,
}

/// A file in the spool, and what its sender calls it, fit to be shown.
#[derive(Debug)]
pub struct UploadedFile {
    pub name: String,
    pub received: Received,
}

impl<A> Upload<A> {
    /// Notes it when there is no file.
    pub fn require_file(&mut self) {
        if self.file.is_none() && !self.fields.has_error(FILE) {
            self.fields.error(FILE, NO_FILE);
        }
    }
}

impl<A: Accepts + Send> FromRequest<AppState> for Upload<A> {
    type Rejection = ApiError;

    async fn from_request(mut request: Request, app: &AppState) -> ApiResult<Self> {
        let header = request.headers().get(header::CONTENT_TYPE);
        let media = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !media.trim_start().to_ascii_lowercase().starts_with("multipart/form-data") {
            DefaultBodyLimit::max(BODY_BYTES_MAX).apply(&mut request);
            let body = Body::from_request(request, app).await?;
            return Ok(Self { fields: body.fields(), file: None, accepts: PhantomData });
        }
        let bytes_max = app.config.upload_bytes_max + UPLOAD_OVERHEAD_BYTES + DRAIN_BYTES_MAX;
        DefaultBodyLimit::max(bytes_max).apply(&mut request);
        let mut form = multipart(request, app).await?;
        match read::<A>(&mut form, app).await {
            Err(ApiError::TooLarge) => {
                // Who is still sending would not read the answer.
                while let Ok(Some(_)) = form.next_field().await {}
                Err(ApiError::TooLarge)
            }
            outcome => outcome,
        }
    }
}

async fn read<A: Accepts>(form: &mut Multipart, app: &AppState) -> ApiResult<Upload<A>> {
    let (mut body, mut file, mut fault) = (Body::empty_form(), None, None);
    let mut text_bytes_left = UPLOAD_OVERHEAD_BYTES;
    for _ in 0..PARTS_MAX {
        let Some(part) = form.next_field().await.map_err(|error| refuse_multipart(&error))? else {
            let mut fields = body.fields();
            if let Some(text) = fault {
                fields.error(FILE, text);
            }
            return Ok(Upload { fields, file, accepts: PhantomData });
        };
        let Some(name) = part.name().map(str::to_owned) else { continue };
        match part.file_name().map(harmless) {
            None => {
                let text = read_text(part, &mut text_bytes_left).await?;
                body.add_text(name, text);
            }
            Some(file_name) if name == FILE && file.is_none() && fault.is_none() => {
                match receive::<A>(app, part, &file_name).await? {
                    Ok(received) => file = Some(UploadedFile { name: file_name, received }),
                    Err(text) => fault = Some(text),
                }
            }
            Some(_) => {}
        }
    }
    Err(ApiError::refused("O formulário tem partes demais."))
}

async fn read_text(mut part: Field<'_>, bytes_left: &mut usize) -> ApiResult<String> {
    let mut text = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(|error| refuse_multipart(&error))? {
        *bytes_left = bytes_left.checked_sub(chunk.len()).ok_or(ApiError::TooLarge)?;
        text.extend_from_slice(&chunk);
    }
    String::from_utf8(text).map_err(|_| ApiError::refused("O formulário não está em UTF-8."))
}

/// The text says what is wrong with the file.
async fn receive<A: Accepts>(
    app: &AppState,
    part: Field<'_>,
    name: &str,
) -> ApiResult<Result<Received, String>> {
    let bytes_max = app.config.upload_bytes_max.try_into().unwrap_or(u64::MAX);
    let received = app.files.receive(name, A::KINDS, bytes_max, part).await;
    Ok(match received {
        Ok(received) => Ok(received),
        Err(ReceiveError::Empty) => Err(EMPTY_FILE.to_owned()),
        Err(ReceiveError::Unfit(unfit)) => Err(unfit_text::<A>(unfit)),
        Err(ReceiveError::TooLarge) => return Err(ApiError::TooLarge),
        Err(ReceiveError::Source(error)) => return Err(refuse_multipart(&error)),
        Err(ReceiveError::Disk(error)) => return Err(ApiError::internal(error)),
    })
}

/// Why a file is not accepted, for the person who sent it.
pub fn unfit_text<A: Accepts>(unfit: Unfit) -> String {
    match unfit {
        Unfit::Extension => A::OTHERS.to_owned(),
        Unfit::Content => "O conteúdo do arquivo não corresponde à extensão.".to_owned(),
        Unfit::Bomb => "O arquivo compactado se expande além do permitido.".to_owned(),
        Unfit::Macros => "Arquivos com macros não são permitidos.".to_owned(),
    }
}

/// The last part of what may be a path, without what does not belong in a name. The end is kept, for
/// the extension.
fn harmless(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let name = name.trim();
    let surplus = name.chars().count().saturating_sub(FILE_NAME_CHARS_MAX);
    name.chars().skip(surplus).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_path() {
        let cases = [
            ("Contrato ação.pdf", "Contrato ação.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\ana\\a.pdf", "a.pdf"),
            ("a\r\nX: y\".pdf", "aX: y\".pdf"),
            ("", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(harmless(name), expected);
        }
        let long = format!("{}.pdf", "é".repeat(300));
        assert_eq!(harmless(&long).chars().count(), FILE_NAME_CHARS_MAX);
        assert!(harmless(&long).ends_with("é.pdf"));
    }
}

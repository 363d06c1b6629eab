//! Runs layouts: few at a time, away from the threads that answer requests, within a time limit.

use std::{fmt, sync::Arc, time::Duration};

use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, Timestamp};

use super::{
    input::{BoletoSheet, Letter, Material},
    world::Job,
};

/// Documents laid out at once: each keeps a core busy.
const RENDERS_AT_ONCE: usize = 2;
/// Longest wait for a document, queueing included; ordinary ones take milliseconds.
const RENDER_TIMEOUT: Duration = Duration::from_secs(30);
/// Layouts after which results that nobody used again are forgotten.
const CACHE_AGE_MAX: usize = 10;

const COMMON: &str = include_str!("layout/common.typ");
const LETTER: &str = include_str!("layout/letter.typ");
const BOLETO: &str = include_str!("layout/boleto.typ");

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum TypesetError {
    #[error("document took longer than {}s", RENDER_TIMEOUT.as_secs())]
    TooSlow,
    #[error("document could not be laid out: {0}")]
    Failed(String),
}

/// Makes PDF files. Cheap to clone.
#[derive(Clone)]
pub struct Typesetter {
    places: Arc<Semaphore>,
}

impl fmt::Debug for Typesetter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Typesetter(..)")
    }
}

impl Default for Typesetter {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(RENDERS_AT_ONCE)) }
    }
}

impl Typesetter {
    /// The PDF of a contract, proposal or certificate.
    pub async fn render_letter(&self, letter: Letter) -> Result<Vec<u8>, TypesetError> {
        self.run(LETTER, move || letter.material()).await
    }

    /// The PDF of a charge.
    pub async fn render_boleto(&self, sheet: BoletoSheet) -> Result<Vec<u8>, TypesetError> {
        self.run(BOLETO, move || sheet.material()).await
    }

    async fn run(
        &self,
        layout: &'static str,
        material: impl FnOnce() -> Material + Send + 'static,
    ) -> Result<Vec<u8>, TypesetError> {
        let work = async {
            let place = Arc::clone(&self.places).acquire_owned().await;
            // The place is held until the layout ends, even when nobody waits for it any more.
            let job = move || {
                let _place = place;
                let pdf = typeset(layout, material());
                comemo::evict(CACHE_AGE_MAX);
                pdf
            };
            match tokio::task::spawn_blocking(job).await {
                Ok(result) => result,
                Err(error) => Err(TypesetError::Failed(error.to_string())),
            }
        };
        tokio::time::timeout(RENDER_TIMEOUT, work).await.unwrap_or(Err(TypesetError::TooSlow))
    }
}

/// A logo that the engine cannot read is left out; the document matters more.
fn typeset(layout: &str, material: Material) -> Result<Vec<u8>, TypesetError> {
    let Material { mut data, files, created_at } = material;
    let has_logo = data["head"]["logo"].is_string();
    match compile(layout, &data, &files, created_at) {
        Err(error) if has_logo => {
            tracing::warn!(error = %error, "document is laid out without its logo");
            data["head"]["logo"] = Value::Null;
            compile(layout, &data, &files, created_at)
        }
        result => result,
    }
}

fn compile(
    layout: &str,
    data: &Value,
    files: &[(String, Vec<u8>)],
    created_at: OffsetDateTime,
) -> Result<Vec<u8>, TypesetError> {
    let data = ("/data.json".to_owned(), data.to_string().into_bytes());
    let files = files.iter().cloned().chain([data]);
    let job = Job::new(format!("{COMMON}\n{layout}"), files);
    let document: PagedDocument = typst::compile(&job).output.map_err(|faults| failed(&faults))?;
    let options = PdfOptions {
        creator: Smart::Custom(Some("DX Connect".to_owned())),
        timestamp: timestamp(created_at),
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|faults| failed(&faults))
}

fn failed(faults: &[typst::diag::SourceDiagnostic]) -> TypesetError {
    let texts: Vec<_> = faults.iter().take(3).map(|fault| fault.message.as_str()).collect();
    TypesetError::Failed(texts.join("; "))
}

fn timestamp(at: OffsetDateTime) -> Option<Timestamp> {
    let (hour, minute, second) = at.time().as_hms();
    let datetime =
        Datetime::from_ymd_hms(at.year(), at.month().into(), at.day(), hour, minute, second)?;
    Timestamp::new_local(datetime, i32::from(at.offset().whole_minutes()))
}

//! One request to another system: only to addresses that everybody can reach, without following anybody
//! elsewhere, with a bound on time and on what is read of the answer.

use std::{error::Error, time::Duration};

use dx_actors::domain::{
    Delivery, Timestamp,
    webhook::{Attempt, Verdict},
};
use reqwest::{
    Response, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};
use tokio::time::{Instant, timeout};

use crate::{
    media::{AddressRules, Refusal, public_only},
    outbound,
};

/// From connecting to the end of the answer: who needs longer should answer first and work later.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read, and characters of it that are kept: enough for a person to see what is
/// wrong.
const ANSWER_BYTES_MAX: usize = 4096;
const ANSWER_CHARS_MAX: usize = 1000;
/// Characters of an address (what browsers and servers commonly take).
const URL_CHARS_MAX: usize = 2000;
/// How long a name may take to be resolved while somebody waits for the form.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(3);

/// Why an address cannot be entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    #[error("Informe um endereço que comece com https://.")]
    NotHttps,
    #[error("Informe um endereço que comece com http:// ou https://.")]
    NotHttp,
    #[error("O endereço não pode ter usuário nem senha.")]
    Credentials,
    #[error("O endereço não é público: redes internas não são aceitas.")]
    Private,
    #[error("Certifique-se de que o endereço não tenha mais de {URL_CHARS_MAX} caracteres.")]
    TooLong,
}

/// The address as it is kept, or why it is refused. A name that cannot be resolved now may be so later; it is
/// looked at again with each connection.
pub async fn check_url(text: &str, rules: AddressRules) -> Result<String, UrlFault> {
    let not_http = match rules {
        AddressRules::Public => UrlFault::NotHttps,
        AddressRules::Any => UrlFault::NotHttp,
    };
    let mut url = Url::parse(text).map_err(|_| not_http)?;
    let is_permitted = match url.scheme() {
        "https" => true,
        "http" => rules == AddressRules::Any,
        _ => false,
    };
    if !is_permitted {
        return Err(not_http);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlFault::Credentials);
    }
    url.set_fragment(None);
    if url.as_str().chars().count() > URL_CHARS_MAX {
        return Err(UrlFault::TooLong);
    }
    rules.check(&url).map_err(|refusal| match refusal {
        Refusal::Scheme => not_http,
        Refusal::Private => UrlFault::Private,
    })?;
    if let (AddressRules::Public, Some(host)) = (rules, url.domain()) {
        let found = timeout(RESOLVE_TIMEOUT, tokio::net::lookup_host((host, 443))).await;
        if let Ok(Ok(mut addresses)) = found
            && !addresses.any(|address| rules.permits(address.ip()))
        {
            return Err(UrlFault::Private);
        }
    }
    Ok(url.into())
}

/// Makes requests. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sender {
    client: reqwest::Client,
    rules: AddressRules,
    timeout: Duration,
}

impl Sender {
    pub fn new(rules: AddressRules, timeout: Duration) -> Result<Self, reqwest::Error> {
        // Redirects are not followed: see `outbound`.
        let client = public_only(outbound::builder(), rules).timeout(timeout).build()?;
        Ok(Self { client, rules, timeout })
    }

    pub fn rules(&self) -> AddressRules {
        self.rules
    }

    pub(super) async fn send(
        &self,
        url: &str,
        delivery: &Delivery,
        signature: String,
        body: String,
        now: Timestamp,
    ) -> Attempt {
        let begun = Instant::now();
        let Some(url) = Url::parse(url).ok().filter(|url| self.rules.check(url).is_ok()) else {
            return failed(&UrlFault::Private.to_string(), now);
        };
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("X-DX-Event", delivery.kind.as_str())
            .header("X-DX-Delivery", delivery.id.to_string())
            .header("X-DX-Attempt", (delivery.attempts + 1).to_string())
            .header("X-DX-Signature", signature)
            .body(body);
        let asking = async {
            let answer = request.send().await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            Ok((status, headers, beginning(answer).await))
        };
        let outcome = timeout(self.timeout, asking).await;
        let attempt = match outcome {
            Ok(Ok((status, headers, answer))) => judged(status, &headers, answer, now),
            Ok(Err(error)) => failed(&reason(&error, self.timeout), now),
            Err(_) => failed(&late(self.timeout), now),
        };
        Attempt { duration: begun.elapsed(), ..attempt }
    }
}

/// An attempt that did not even get an answer.
pub(super) fn failed(error: &str, at: Timestamp) -> Attempt {
    Attempt {
        verdict: Verdict::Failed { retry_after: None },
        status_code: None,
        error: error.to_owned(),
        answer: String::new(),
        duration: Duration::ZERO,
        at,
    }
}

fn judged(status: StatusCode, headers: &HeaderMap, answer: String, at: Timestamp) -> Attempt {
    let code = status.as_u16();
    let (verdict, error) = if status.is_success() {
        (Verdict::Taken, String::new())
    } else if status == StatusCode::GONE {
        (Verdict::Gone, "Respondeu 410: o destino não existe mais.".to_owned())
    } else if status.is_redirection() {
        let error = format!("Respondeu {code}: redirecionamentos não são seguidos.");
        (Verdict::Failed { retry_after: None }, error)
    } else {
        let asks_for_patience =
            matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let retry_after = asks_for_patience.then(|| patience(headers, at)).flatten();
        (Verdict::Failed { retry_after }, format!("Respondeu {code}."))
    };
    Attempt { verdict, status_code: Some(code.into()), error, answer, duration: Duration::ZERO, at }
}

/// `Retry-After`: seconds, or an instant (RFC 9110 §10.2.3).
fn patience(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    Some(Timestamp::from_offset_date_time(at).since(now))
}

/// The beginning of an answer, as a text; what cannot be read is left out.
async fn beginning(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < ANSWER_BYTES_MAX
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        bytes.extend_from_slice(&chunk);
    }
    bytes.truncate(ANSWER_BYTES_MAX);
    let text = String::from_utf8_lossy(&bytes);
    // PostgreSQL takes no NUL.
    text.chars().filter(|c| *c != '\0').take(ANSWER_CHARS_MAX).collect()
}

fn late(timeout: Duration) -> String {
    format!("Não respondeu em {} segundos.", timeout.as_secs())
}

/// For the person who reads the list of deliveries.
fn reason(error: &reqwest::Error, timeout: Duration) -> String {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.downcast_ref::<Refusal>().is_some() {
            return UrlFault::Private.to_string();
        }
        source = cause.source();
    }
    if error.is_timeout() {
        return late(timeout);
    }
    if error.is_connect() {
        return "Não foi possível conectar ao destino.".to_owned();
    }
    "A conexão foi interrompida pelo destino.".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_445_412_480_000_000);

    #[tokio::test]
    async fn only_public_addresses_over_https_are_kept() {
        let public = async |text| check_url(text, AddressRules::Public).await;
        let https = "https://8.8.8.8/dx?x=1";
        assert_eq!(public("https://8.8.8.8/dx?x=1#y").await.as_deref(), Ok(https));
        for (text, fault) in [
            ("nada", UrlFault::NotHttps),
            ("ftp://8.8.8.8/", UrlFault::NotHttps),
            ("http://8.8.8.8/", UrlFault::NotHttps),
            ("https://ana:senha@8.8.8.8/", UrlFault::Credentials),
            ("https://10.0.0.1/", UrlFault::Private),
            ("https://[::1]/", UrlFault::Private),
            ("https://169.254.169.254/latest/meta-data/", UrlFault::Private),
            ("https://0x7f.1/", UrlFault::Private),
            ("https://localhost:8001/", UrlFault::Private),
        ] {
            assert_eq!(public(text).await, Err(fault), "{text}");
        }
        let long = format!("https://8.8.8.8/{}", "x".repeat(URL_CHARS_MAX));
        assert_eq!(public(&long).await, Err(UrlFault::TooLong));
        let any = async |text| check_url(text, AddressRules::Any).await;
        assert!(any("http://127.0.0.1:9/").await.is_ok());
        assert_eq!(any("file:///etc/passwd").await, Err(UrlFault::NotHttp));
        assert_eq!(any("http://a:b@127.0.0.1/").await, Err(UrlFault::Credentials));
    }

    #[test]
    fn patience_is_asked_for_in_seconds_or_as_an_instant() {
        let asked = |status: u16, text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            let status = StatusCode::from_u16(status).unwrap();
            match judged(status, &headers, String::new(), NOW).verdict {
                Verdict::Failed { retry_after } => retry_after.map(|wait| wait.as_secs()),
                _ => None,
            }
        };
        assert_eq!(asked(429, "120"), Some(120));
        assert_eq!(asked(503, "Wed, 21 Oct 2015 07:30:00 GMT"), Some(120));
        assert_eq!(asked(503, "Wed, 21 Oct 2015 07:00:00 GMT"), Some(0));
        assert_eq!((asked(429, "logo"), asked(500, "120")), (None, None));
    }
}

//! Addresses that other people name: fetched only from the public internet. What a name resolves to is
//! checked when the connection is made, so that it cannot change in between (OWASP: server-side request
//! forgery).

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use reqwest::{
    ClientBuilder, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::CONTENT_TYPE,
    redirect::{Attempt, Policy},
};

use super::MediaError;
use crate::outbound;

const REDIRECTS_MAX: usize = 3;
/// For a whole file.
const FETCH_TIMEOUT: Duration = Duration::from_mins(2);

/// Which addresses may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressRules {
    /// Only what everybody can reach.
    Public,
    /// Also our own network: where the administrator says so.
    Any,
}

/// Why an address is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("não é um endereço http ou https.")]
    Scheme,
    #[error("ele não é público.")]
    Private,
}

impl AddressRules {
    /// Whether this one may be asked.
    pub fn permits(self, address: IpAddr) -> bool {
        self == Self::Any || is_public(address)
    }

    /// What can be said before a name is resolved.
    pub fn check(self, url: &Url) -> Result<(), Refusal> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Scheme);
        }
        let address = match url.host() {
            Some(url::Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(url::Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(url::Host::Domain(_)) => None,
            None => return Err(Refusal::Scheme),
        };
        match address {
            Some(address) if !self.permits(address) => Err(Refusal::Private),
            _ => Ok(()),
        }
    }
}

/// A client that connects to nothing else, whatever names resolve to at that moment.
pub fn public_only(builder: ClientBuilder, rules: AddressRules) -> ClientBuilder {
    // A proxy of the environment would resolve names by itself.
    builder.dns_resolver(Arc::new(Resolver(rules))).no_proxy()
}

/// Asks servers that others name.
#[derive(Debug, Clone)]
pub(super) struct Client {
    client: reqwest::Client,
    rules: AddressRules,
}

impl Client {
    pub(super) fn new(rules: AddressRules) -> Result<Self, reqwest::Error> {
        let client = public_only(outbound::builder(), rules)
            .timeout(FETCH_TIMEOUT)
            .redirect(Policy::custom(move |attempt| follow(rules, attempt)))
            .build()?;
        Ok(Self { client, rules })
    }

    /// What the server says the file is, and its bytes. Their number is not limited here.
    pub(super) async fn get(
        &self,
        url: &str,
    ) -> Result<(String, impl Stream<Item = Result<Bytes, MediaError>> + use<>), MediaError> {
        let url = Url::parse(url).map_err(|_| Refusal::Scheme)?;
        self.rules.check(&url)?;
        let answer = self.client.get(url).send().await.map_err(refused_or_unreachable)?;
        if !answer.status().is_success() {
            return Err(MediaError::Status(answer.status().as_u16()));
        }
        let media_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or_default().to_owned();
        Ok((media_type, answer.bytes_stream().map_err(MediaError::Unreachable)))
    }
}

fn follow(rules: AddressRules, attempt: Attempt<'_>) -> reqwest::redirect::Action {
    if attempt.previous().len() > REDIRECTS_MAX {
        return attempt.error("too many redirects");
    }
    match rules.check(attempt.url()) {
        Ok(()) => attempt.follow(),
        Err(refusal) => attempt.error(refusal),
    }
}

fn refused_or_unreachable(error: reqwest::Error) -> MediaError {
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        if let Some(refusal) = cause.downcast_ref::<Refusal>() {
            return MediaError::Address(*refusal);
        }
        source = cause.source();
    }
    MediaError::Unreachable(error)
}

/// Leaves out what must not be reached; nothing left is a refusal.
#[derive(Debug)]
struct Resolver(AddressRules);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted: Vec<SocketAddr> =
                found.filter(|address| rules.permits(address.ip())).collect();
            if permitted.is_empty() {
                return Err(Refusal::Private.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// An address that everybody can reach (IANA special-purpose registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        // Carriers' own networks, protocol assignments, benchmarks, the old 6to4 relays.
        || (a == 100 && b & 0xc0 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && b & 0xfe == 18)
        || (a == 192 && b == 88 && c == 99);
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    let parts = address.segments();
    match parts {
        // Translated (RFC 6052) and 6to4 addresses carry one of version 4.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        [0x2001, 0 | 0x0db8, ..] | [0x0100, 0, 0, 0, ..] => false,
        // Global unicast is 2000::/3.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_everybody_can_reach_is_public() {
        let public = ["8.8.8.8", "177.10.0.1", "100.128.0.1", "2800:3f0::1", "64:ff9b::808:808"];
        let own = [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "ff02::1",
        ];
        for address in public {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in own {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn addresses_are_judged_before_anything_is_asked() {
        let check = |url: &str| AddressRules::Public.check(&Url::parse(url).unwrap());
        assert_eq!(check("https://example.com/a.jpg"), Ok(()));
        assert_eq!(check("file:///etc/passwd"), Err(Refusal::Scheme));
        assert_eq!(check("http://[::1]:8001/"), Err(Refusal::Private));
        // Other spellings of 127.0.0.1.
        for url in ["http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://017700000001/"]
        {
            assert_eq!(check(url), Err(Refusal::Private), "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_of_our_own_machine_is_refused_when_it_is_resolved() {
        let client = Client::new(AddressRules::Public).unwrap();
        let outcome = client.get("http://localhost:9/a.jpg").await.map(drop);
        assert!(matches!(outcome, Err(MediaError::Address(Refusal::Private))), "{outcome:?}");
    }
}

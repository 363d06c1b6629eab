//! The way to WhatsApp of one number: directly, or through a proxy of its own (HTTP CONNECT or SOCKS 5).
//! Credentials are part of the proxy's address and appear nowhere else.

use std::{fmt, io, time::Duration};

use axum::http::{HeaderValue, Uri};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hyper_util::{
    client::legacy::connect::{
        HttpConnector,
        proxy::{SocksV5, Tunnel},
    },
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tower::{Service, ServiceExt};
use url::Url;

/// For the connection to the proxy and what it has to do; the library gives a whole connection 20 s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// A proxy's address.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    kind: Kind,
    url: Url,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Http,
    Socks5,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({:?})", self.kind)
    }
}

impl Proxy {
    /// `http://`, `socks5://` or `socks5h://`, with or without `user:password@`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let url: Url = text.trim().parse().ok()?;
        let kind = match url.scheme() {
            "http" => Kind::Http,
            "socks5" | "socks5h" => Kind::Socks5,
            _ => return None,
        };
        // Both schemes of SOCKS mean the same here: names are resolved by the proxy.
        let has_host = url.host_str().is_some_and(|host| !host.is_empty());
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none();
        (has_host && is_bare).then_some(Self { kind, url })
    }

    /// For HTTP clients.
    pub(super) fn for_http(&self) -> reqwest::Result<reqwest::Proxy> {
        let mut url = self.url.clone();
        if self.kind == Kind::Socks5 {
            // Fails for no name that starts with a letter.
            let _ = url.set_scheme("socks5h");
        }
        reqwest::Proxy::all(url)
    }

    fn credentials(&self) -> Option<(String, String)> {
        let user = decoded(self.url.username());
        let password = decoded(self.url.password().unwrap_or_default());
        (!user.is_empty()).then_some((user, password))
    }

    fn address(&self) -> io::Result<Uri> {
        let port = self.url.port().unwrap_or(match self.kind {
            Kind::Http => 80,
            Kind::Socks5 => 1080,
        });
        let host = self.url.host_str().unwrap_or_default();
        format!("http://{host}:{port}").parse().map_err(io::Error::other)
    }
}

fn decoded(text: &str) -> String {
    // Form encoding would also turn `+` into a blank; nothing else differs.
    let pair = format!("x={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// A connection to `host:port`, through `proxy` if there is one.
pub(super) async fn connect(proxy: Option<&Proxy>, host: &str, port: u16) -> io::Result<TcpStream> {
    let connecting = async {
        let Some(proxy) = proxy else { return TcpStream::connect((host, port)).await };
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let target: Uri = format!("https://{host}:{port}").parse().map_err(io::Error::other)?;
        let mut direct = HttpConnector::new();
        direct.enforce_http(false);
        let address = proxy.address()?;
        match (proxy.kind, proxy.credentials()) {
            (Kind::Http, credentials) => {
                let mut tunnel = Tunnel::new(address, direct);
                if let Some((user, password)) = credentials {
                    let basic = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
                    let basic = HeaderValue::from_str(&basic).map_err(io::Error::other)?;
                    tunnel = tunnel.with_auth(basic);
                }
                through(tunnel, target).await
            }
            (Kind::Socks5, None) => through(SocksV5::new(address, direct), target).await,
            (Kind::Socks5, Some((user, password))) => {
                through(SocksV5::new(address, direct).with_auth(user, password), target).await
            }
        }
    };
    match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(outcome) => outcome,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

async fn through<S>(mut way: S, target: Uri) -> io::Result<TcpStream>
where
    S: Service<Uri, Response = TokioIo<TcpStream>> + Send,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let ready = way.ready().await.map_err(io::Error::other)?;
    ready.call(target).await.map(TokioIo::into_inner).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
        net::TcpListener,
    };

    use super::*;

    #[test]
    fn only_addresses_of_proxies_are_taken() {
        for good in [
            "http://proxy:3128",
            "socks5://u:p@10.0.0.1:1080",
            " socks5h://[::1]:9 ",
            "http://u%40x:p%2B@proxy",
        ] {
            assert!(Proxy::parse(good).is_some(), "{good}");
        }
        for bad in ["", "proxy:3128", "ftp://x", "https://x", "http://", "socks5://x/y?z"] {
            assert!(Proxy::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        let proxy = Proxy::parse("http://u%40x:p%2B+@proxy").unwrap();
        assert_eq!(proxy.credentials(), Some(("u@x".to_owned(), "p++".to_owned())));
        assert_eq!(format!("{proxy:?}"), "Proxy(Http)");
        assert_eq!(Proxy::parse("http://proxy").unwrap().credentials(), None);
    }

    /// Answers whatever it is told with the same.
    async fn echo() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut word = [0; 4];
            socket.read_exact(&mut word).await.unwrap();
            socket.write_all(&word).await.unwrap();
        });
        port
    }

    async fn says_ping(mut way: TcpStream) {
        way.write_all(b"ping").await.unwrap();
        let mut answer = [0; 4];
        way.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"ping");
    }

    #[tokio::test]
    async fn a_connect_proxy_is_told_who_and_where() {
        let target = echo().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let proxy = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(socket.read_u8().await.unwrap());
            }
            socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let mut way = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
            let _ = copy_bidirectional(&mut socket, &mut way).await;
            String::from_utf8(request).unwrap()
        });
        let way = Proxy::parse(&format!("http://u:p@{address}")).unwrap();
        says_ping(connect(Some(&way), "echo.test", 443).await.unwrap()).await;
        let request = proxy.await.unwrap().to_lowercase();
        assert!(request.starts_with("connect echo.test:443 http/1.1"), "{request}");
        assert!(request.contains("proxy-authorization: basic dtpw"), "{request}");
    }

    #[tokio::test]
    async fn a_socks_proxy_resolves_the_name_itself() {
        let target = echo().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let proxy = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            // RFC 1928: methods, then RFC 1929: user and password, then the target.
            let methods = socket.read_u16().await.unwrap() & 0xff;
            let mut offered = vec![0; usize::from(methods)];
            socket.read_exact(&mut offered).await.unwrap();
            socket.write_all(&[5, 2]).await.unwrap();
            let mut credentials = [0; 5];
            socket.read_exact(&mut credentials).await.unwrap();
            socket.write_all(&[1, 0]).await.unwrap();
            let mut head = [0; 5];
            socket.read_exact(&mut head).await.unwrap();
            let mut name = vec![0; usize::from(head[4])];
            socket.read_exact(&mut name).await.unwrap();
            let port = socket.read_u16().await.unwrap();
            socket.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
            let mut way = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
            let _ = copy_bidirectional(&mut socket, &mut way).await;
            (credentials, head[3], String::from_utf8(name).unwrap(), port)
        });
        let way = Proxy::parse(&format!("socks5://u:p@{address}")).unwrap();
        says_ping(connect(Some(&way), "echo.test", 443).await.unwrap()).await;
        let (credentials, kind, name, port) = proxy.await.unwrap();
        assert_eq!(credentials, [1, 1, b'u', 1, b'p']);
        assert_eq!((kind, name.as_str(), port), (3, "echo.test", 443), "a name, not an address");
    }

    #[tokio::test]
    async fn a_proxy_that_refuses_is_an_error_without_its_password() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(socket.read_u8().await.unwrap());
            }
            socket.write_all(b"HTTP/1.1 407 Denied\r\n\r\n").await.unwrap();
        });
        let way = Proxy::parse(&format!("http://u:hunter2@{address}")).unwrap();
        let error = connect(Some(&way), "echo.test", 443).await.unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}

//! Sends e-mails through the company's own SMTP server.
//!
//! What goes wrong is told in words of the person who set the server up. Texts of the server are not
//! repeated: some echo the login, password included.

use std::{error::Error, io, time::Duration};

use dx_actors::domain::settings::{CompanySettings, EmailSettings, Section};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        self,
        authentication::Credentials,
        client::{Tls, TlsParameters},
        extension::ClientId,
    },
};

use crate::{
    outbound,
    secrets::{Place, Sealer},
};

/// Where the password of the server is sealed.
pub const PASSWORD: Place = Place { section: Section::Email.name(), key: "smtp_password" };
/// For the whole conversation, from the connection to the last answer: somebody waits for it.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// The port where TLS begins at once (RFC 8314).
const IMPLICIT_TLS_PORT: u16 = 465;
/// Ports where a conversation begins in the clear and goes over to TLS: relay, submission and their usual
/// stand-ins.
const STARTTLS_PORTS: [u16; 4] = [25, 587, 2525, 2587];
/// Replies that refuse the login (RFC 4954).
const LOGIN_CODES: [u16; 5] = [432, 530, 534, 535, 538];

/// What to send.
#[derive(Debug, Clone)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub text: String,
}

/// Why it was not sent. The texts are for people.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("A senha guardada não abre com a SECRET_KEY atual; informe a senha de novo.")]
    PasswordLost,
    #[error("O endereço \"{0}\" não pode ser usado em um e-mail.")]
    BadAddress(String),
    #[error("O servidor {0} não foi encontrado; confira smtp_host.")]
    UnknownHost(String),
    #[error("O servidor recusou a conexão em {0}; confira smtp_host e smtp_port.")]
    ConnectionRefused(String),
    #[error("O servidor não respondeu em {} segundos; confira smtp_host, smtp_port e smtp_ssl.", .0.as_secs())]
    Timeout(Duration),
    #[error(
        "Não foi possível usar TLS com o servidor; confira smtp_ssl, smtp_port e o certificado."
    )]
    Tls,
    #[error("O servidor recusou o login (código {0}); confira smtp_usuario e smtp_senha.")]
    Login(u16),
    #[error("O servidor não aceita o login que é oferecido; confira smtp_ssl e smtp_usuario.")]
    NoLogin,
    #[error("O servidor recusou a mensagem (código {0}); confira email_from e o destinatário.")]
    Refused(u16),
    #[error("O servidor pediu para tentar mais tarde (código {0}).")]
    TryLater(u16),
    #[error("A conexão com o servidor foi interrompida.")]
    Broken,
}

/// Sends `letter`, within `timeout`.
pub async fn send(
    email: &EmailSettings,
    company: &CompanySettings,
    sealer: &Sealer,
    letter: Letter,
    timeout: Duration,
) -> Result<(), MailError> {
    let message = message(email, company, letter)?;
    let transport = transport(email, sealer)?;
    match tokio::time::timeout(timeout, transport.send(message)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(explained(&error, email, timeout)),
        Err(_) => Err(MailError::Timeout(timeout)),
    }
}

fn message(
    email: &EmailSettings,
    company: &CompanySettings,
    letter: Letter,
) -> Result<Message, MailError> {
    let name = Some(company.trade_name.clone()).filter(|name| !name.is_empty());
    let from = Mailbox::new(name, address(&email.sender)?);
    let to = Mailbox::new(None, address(&letter.to)?);
    Message::builder()
        .from(from)
        .to(to)
        .subject(letter.subject)
        .header(ContentType::TEXT_PLAIN)
        .body(letter.text)
        .map_err(|_| MailError::BadAddress(email.sender.clone()))
}

fn address(text: &str) -> Result<lettre::Address, MailError> {
    text.parse().map_err(|_| MailError::BadAddress(text.to_owned()))
}

fn transport(
    email: &EmailSettings,
    sealer: &Sealer,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailError> {
    let port = port(email);
    let greeting = email.sender.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&email.smtp_host)
        .port(port)
        .tls(tls(email, port)?)
        .hello_name(ClientId::Domain(greeting.to_owned()))
        // The whole conversation has one limit.
        .timeout(None);
    if email.smtp_user.is_empty() {
        return Ok(builder.build());
    }
    let password = sealer.open(PASSWORD, email.smtp_password.as_str());
    let password = password.map_err(|_| MailError::PasswordLost)?;
    Ok(builder.credentials(Credentials::new(email.smtp_user.clone(), password)).build())
}

/// With TLS demanded it begins at once or, on the ports that are used so, after `STARTTLS`; else it is
/// used where the server offers it.
fn tls(email: &EmailSettings, port: u16) -> Result<Tls, MailError> {
    outbound::install_tls();
    let parameters = TlsParameters::new(email.smtp_host.clone()).map_err(|_| MailError::Tls)?;
    Ok(if port == IMPLICIT_TLS_PORT || (email.uses_tls && !STARTTLS_PORTS.contains(&port)) {
        Tls::Wrapper(parameters)
    } else if email.uses_tls {
        Tls::Required(parameters)
    } else {
        Tls::Opportunistic(parameters)
    })
}

fn port(email: &EmailSettings) -> u16 {
    u16::try_from(email.smtp_port).unwrap_or(IMPLICIT_TLS_PORT)
}

fn explained(error: &smtp::Error, email: &EmailSettings, timeout: Duration) -> MailError {
    if let Some(code) = error.status().map(u16::from) {
        return match code {
            login if LOGIN_CODES.contains(&login) => MailError::Login(login),
            later if error.is_transient() => MailError::TryLater(later),
            refused => MailError::Refused(refused),
        };
    }
    if error.is_client() && !email.uses_tls {
        return MailError::NoLogin;
    }
    // Before STARTTLS a server that does not know it is a client's error, too.
    if error.is_tls() || error.is_client() {
        return MailError::Tls;
    }
    let host = &email.smtp_host;
    match io_error(error) {
        Some(cause) if is_tls(cause) => MailError::Tls,
        Some(cause) => match cause.kind() {
            io::ErrorKind::ConnectionRefused => {
                MailError::ConnectionRefused(format!("{host}:{}", port(email)))
            }
            io::ErrorKind::TimedOut => MailError::Timeout(timeout),
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                MailError::UnknownHost(host.clone())
            }
            _ if cause.to_string().contains("lookup") => MailError::UnknownHost(host.clone()),
            _ => MailError::Broken,
        },
        None => MailError::Broken,
    }
}

/// The cause that the operating system gave.
fn io_error(error: &smtp::Error) -> Option<&io::Error> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref() {
            return Some(io);
        }
        source = cause.source();
    }
    None
}

/// rustls wraps its own errors into those of the system.
fn is_tls(cause: &io::Error) -> bool {
    cause.get_ref().is_some_and(|inner| inner.downcast_ref::<rustls::Error>().is_some())
}

#[cfg(test)]
mod tests {
    use dx_actors::domain::settings::Sealed;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;
    use crate::secrets::MasterKey;

    /// Long for a server on this machine, short for somebody who waits for the tests.
    const PATIENCE: Duration = Duration::from_millis(500);

    fn sealer() -> Sealer {
        Sealer::new(&MasterKey::new(b"a key of the tests"))
    }

    fn settings(port: u16, uses_tls: bool) -> EmailSettings {
        EmailSettings {
            smtp_host: "127.0.0.1".to_owned(),
            smtp_port: port.into(),
            smtp_user: "u".to_owned(),
            smtp_password: Sealed::new(sealer().seal(PASSWORD, "segredo").unwrap()),
            uses_tls,
            sender: "dx@empresa.com.br".to_owned(),
        }
    }

    async fn outcome(email: &EmailSettings, timeout: Duration) -> MailError {
        let letter =
            Letter { to: "a@b.com.br".to_owned(), subject: "x".to_owned(), text: "y".to_owned() };
        let sent = send(email, &CompanySettings::default(), &sealer(), letter, timeout).await;
        let error = sent.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("segredo"));
        error
    }

    /// A server that sends these lines, one after each that it reads, and then waits or hangs up.
    async fn server(replies: &'static [&'static str], hangs_up: bool) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            for reply in replies {
                socket.write_all(reply.as_bytes()).await.unwrap();
                let _ = socket.read(&mut [0; 1024]).await.unwrap();
            }
            if !hangs_up {
                std::future::pending::<()>().await;
            }
        });
        port
    }

    #[tokio::test]
    async fn each_failure_says_what_to_look_at() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed = listener.local_addr().unwrap().port();
        drop(listener);
        let error = outcome(&settings(closed, false), PATIENCE).await;
        assert!(matches!(error, MailError::ConnectionRefused(_)), "{error:?}");

        let silent = server(&[], false).await;
        let error = outcome(&settings(silent, false), PATIENCE).await;
        assert!(matches!(error, MailError::Timeout(_)), "{error:?}");

        let gone = server(&["220 x\r\n"], true).await;
        let error = outcome(&settings(gone, false), SEND_TIMEOUT).await;
        assert!(matches!(error, MailError::Broken), "{error:?}");

        let plain = server(&["220 x\r\n"], true).await;
        let error = outcome(&settings(plain, true), SEND_TIMEOUT).await;
        assert!(matches!(error, MailError::Tls), "{error:?}");

        let greeting = &["220 x\r\n", "250-x\r\n250 AUTH PLAIN\r\n", "535 no: segredo\r\n"];
        let port = server(greeting, true).await;
        let error = outcome(&settings(port, false), SEND_TIMEOUT).await;
        assert!(matches!(error, MailError::Login(535)), "{error:?}");

        let port = server(&["220 x\r\n", "250 x\r\n"], true).await;
        let error = outcome(&settings(port, false), SEND_TIMEOUT).await;
        assert!(matches!(error, MailError::NoLogin), "{error:?}");

        let greeting = &["220 x\r\n", "250-x\r\n250 AUTH PLAIN\r\n", "235 ok\r\n", "451 later\r\n"];
        let port = server(greeting, true).await;
        let error = outcome(&settings(port, false), SEND_TIMEOUT).await;
        assert!(matches!(error, MailError::TryLater(451)), "{error:?}");
    }

    #[tokio::test]
    async fn a_password_of_another_key_is_not_sent() {
        let other = Sealer::new(&MasterKey::new(b"another key"));
        let smtp_password = Sealed::new(other.seal(PASSWORD, "segredo").unwrap());
        let email = EmailSettings { smtp_password, ..settings(9, false) };
        let error = outcome(&email, PATIENCE).await;
        assert!(matches!(error, MailError::PasswordLost), "{error:?}");
    }

    #[test]
    fn tls_follows_the_port_and_the_switch() {
        let kind = |port, uses_tls| match tls(&settings(port, uses_tls), port).unwrap() {
            Tls::None => "none",
            Tls::Opportunistic(_) => "offered",
            Tls::Required(_) => "starttls",
            Tls::Wrapper(_) => "at once",
        };
        let cases = [
            (587, true, "starttls"),
            (25, true, "starttls"),
            (465, true, "at once"),
            (465, false, "at once"),
            (2465, true, "at once"),
            (587, false, "offered"),
            (1025, false, "offered"),
        ];
        for (port, uses_tls, expected) in cases {
            assert_eq!(kind(port, uses_tls), expected, "{port} {uses_tls}");
        }
    }
}

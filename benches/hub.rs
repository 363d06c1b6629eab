//! How fast the running hub is, measured on the real binary over loopback: messages through the
//! webhook, and what an idle socket costs.
//!
//! `cargo bench --bench hub` prints the figures next to yardsticks of the same run. SQLite in a
//! temporary folder; nothing is asserted.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Connections that write at once.
const CONNECTIONS: usize = 64;
/// Customers among whom the messages are spread.
const CUSTOMERS: u64 = 500;
/// How long messages are written.
const WRITING: Duration = Duration::from_secs(5);
/// Sockets that are opened and left alone.
const SOCKETS: usize = 2000;

fn main() {
    let hub = Hub::start();
    let per_fsync = fsyncs_per_second(hub.folder.path());
    let token = hub.token();
    let webhook = hub.write_through_webhook();
    let me = hub.requests(&get("/api/v1/me/", Some(&token)));
    let (resident, count) = hub.open_sockets(&token);
    print(&[
        format!("fsync, one after the other            {per_fsync:>10.0} /s"),
        format!("webhook, {CONNECTIONS} connections, stored+routed {webhook:>10.0} /s"),
        format!("  relative to one fsync per message   {:>10.1} x", webhook / per_fsync),
        format!("GET /me/, {CONNECTIONS} connections              {me:>10.0} /s"),
        format!("resident memory per idle socket       {resident:>10.0} bytes ({count} open)"),
    ]);
}

/// A hub of its own.
struct Hub {
    child: Child,
    address: String,
    folder: tempfile::TempDir,
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Hub {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut child = Command::new(env!("CARGO_BIN_EXE_dx-connect"))
            .arg("serve")
            .env_clear()
            .envs([("BIND_ADDR", "127.0.0.1:0"), ("ADMIN_PASSWORD", "bench-password")])
            .envs([("RATE_LIMIT_PER_MINUTE", "0"), ("WHATSAPP_SANDBOX_FAST", "1")])
            .envs([("LOG_LEVEL", "warn")])
            .env("DATA_DIR", folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the hub starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("it was asked for");
        BufReader::new(output).read_line(&mut line).expect("the hub says where it listens");
        let address = line.trim().rsplit('/').next().expect("an address").to_owned();
        Self { child, address, folder }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("the hub accepts");
        stream.set_nodelay(true).expect("a TCP option");
        stream
    }

    fn token(&self) -> String {
        let body = "username=admin&password=bench-password";
        let request = post("/api/v1/auth/token/", "application/x-www-form-urlencoded", body);
        let answer = exchange(&mut self.connect(), request.as_bytes());
        answer.split('"').nth(3).expect("a token").to_owned()
    }

    /// Messages per second whose 200 means stored and routed.
    fn write_through_webhook(&self) -> f64 {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        self.repeat(|stream| {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let customer = 5_511_970_000_000 + number % CUSTOMERS;
            let body = format!(
                r#"{{"event":"message_received","data":{{"from":"{customer}","message":"Olá, preciso de ajuda com o pedido","message_id":"b{number}"}},"version":"v1"}}"#
            );
            let request = post("/api/v1/whatsapp/webhook/", "application/json", &body);
            let answer = exchange(stream, request.as_bytes());
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        })
    }

    fn requests(&self, request: &str) -> f64 {
        self.repeat(|stream| {
            let answer = exchange(stream, request.as_bytes());
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        })
    }

    /// Runs `once` on all connections for the time of writing; completions per second.
    fn repeat(&self, once: impl Fn(&mut TcpStream) + Sync) -> f64 {
        let (done, started) = (AtomicU64::new(0), Instant::now());
        std::thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| {
                    let mut stream = self.connect();
                    while started.elapsed() < WRITING {
                        once(&mut stream);
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        f64::from(u32::try_from(done.into_inner()).unwrap_or(u32::MAX))
            / started.elapsed().as_secs_f64()
    }

    /// Growth of the resident memory per socket, and how many are open.
    fn open_sockets(&self, token: &str) -> (f64, usize) {
        let before = self.resident_bytes();
        let request = format!(
            "GET /ws/whatsapp/ HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
             Authorization: Bearer {token}\r\n\r\n"
        );
        let mut sockets = Vec::with_capacity(SOCKETS);
        for _ in 0..SOCKETS {
            let mut stream = self.connect();
            stream.write_all(request.as_bytes()).expect("the handshake is sent");
            let mut buffer = [0; 1024];
            let mut answer = Vec::new();
            while !String::from_utf8_lossy(&answer).contains("\"connected\"") {
                let read = stream.read(&mut buffer).expect("the socket opens");
                assert!(read > 0, "{}", String::from_utf8_lossy(&answer));
                answer.extend_from_slice(&buffer[..read]);
            }
            sockets.push(stream);
        }
        let grown = self.resident_bytes().saturating_sub(before);
        let count = sockets.len();
        let per_socket = f64::from(u32::try_from(grown / count as u64).unwrap_or(u32::MAX));
        (per_socket, count)
    }

    fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/statm", self.child.id());
        let statm = std::fs::read_to_string(path).expect("Linux");
        let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
        pages.expect("a number of pages") * 4096
    }
}

/// The yardstick of durable writing on this disk.
fn fsyncs_per_second(folder: &std::path::Path) -> f64 {
    let mut file = std::fs::File::create(folder.join("yardstick")).expect("a file");
    let (started, mut done) = (Instant::now(), 0_u32);
    while started.elapsed() < Duration::from_secs(1) {
        file.write_all(&[0; 512]).expect("written");
        file.sync_data().expect("synced");
        done += 1;
    }
    f64::from(done) / started.elapsed().as_secs_f64()
}

fn post(path: &str, kind: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: hub\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn get(path: &str, token: Option<&str>) -> String {
    let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
    format!("GET {path} HTTP/1.1\r\nHost: hub\r\n{}\r\n", authorization.unwrap_or_default())
}

/// Sends a request and reads its answer to the end.
fn exchange(stream: &mut TcpStream, request: &[u8]) -> String {
    stream.write_all(request).expect("the request is sent");
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).expect("the hub answers");
        assert!(read > 0, "the hub hung up");
        answer.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
            });
            if length.is_none_or(|length| body.len() >= length) {
                return text.into_owned();
            }
        }
    }
}

fn print(lines: &[String]) {
    let mut out = std::io::stdout().lock();
    for line in lines {
        // A closed pipe has no reader to tell.
        let _ = writeln!(out, "{line}");
    }
}

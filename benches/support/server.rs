//! The real binary as a child process, over loopback, and a blocking HTTP client that costs little.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use super::{
    figures::{Samples, ms, per_second, wait_until},
    in_process::cpu_time_of,
};

/// Bytes of a page of memory.
const PAGE_BYTES: u64 = 4096;
/// How long a server may take until it serves.
const START_TIME_MAX: Duration = Duration::from_mins(1);

/// A running hub; killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// On SQLite in this folder, without simulated delays and without a limit of requests.
    pub(crate) fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dx-connect"))
            .arg("serve")
            .env_clear()
            .envs([("BIND_ADDR", "127.0.0.1:0"), ("ADMIN_PASSWORD", "bench-password")])
            .envs([("RATE_LIMIT_PER_MINUTE", "0"), ("WHATSAPP_SANDBOX_FAST", "1")])
            .envs([("LOG_LEVEL", "warn")])
            .env("DATA_DIR", folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the hub starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("it was asked for");
        BufReader::new(output).read_line(&mut line).expect("the hub says where it listens");
        let address = line.trim().rsplit('/').next().expect("an address").to_owned();
        Self { child, address }
    }

    /// The same, and how long it took until a request was answered.
    pub(crate) fn start_timed(folder: &Path) -> (Self, Duration) {
        let started = Instant::now();
        let server = Self::start(folder);
        loop {
            let live = get("/api/v1/health/live/", None);
            if exchange(&mut server.connect(), live.as_bytes()).starts_with("HTTP/1.1 200") {
                return (server, started.elapsed());
            }
            assert!(started.elapsed() < START_TIME_MAX, "the hub does not serve");
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("the hub accepts");
        stream.set_nodelay(true).expect("a TCP option");
        stream
    }

    pub(crate) fn token(&self) -> String {
        let body = "username=admin&password=bench-password";
        let request = post("/api/v1/auth/token/", "application/x-www-form-urlencoded", body);
        let answer = exchange(&mut self.connect(), request.as_bytes());
        answer.split('"').nth(3).expect("a token").to_owned()
    }

    pub(crate) fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/statm", self.child.id());
        let statm = std::fs::read_to_string(path).expect("Linux");
        let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
        pages.expect("a number of pages") * PAGE_BYTES
    }

    pub(crate) fn cpu_time(&self) -> Duration {
        cpu_time_of(self.child.id())
    }

    /// As `kill -9` does.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

/// The database of a server in this folder.
pub(crate) fn database(folder: &Path) -> PathBuf {
    folder.join("dx-connect.db")
}

/// Asks on so many connections at once, each one after the other, for this long; answers per second.
pub(crate) fn saturate(
    address: &str,
    connections: usize,
    time: Duration,
    request: impl Fn(usize) -> String + Sync,
) -> f64 {
    let (number, started) = (AtomicUsize::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let mut stream = TcpStream::connect(address).expect("it accepts");
                stream.set_nodelay(true).expect("a TCP option");
                while started.elapsed() < time {
                    let request = request(number.fetch_add(1, Ordering::Relaxed));
                    let answer = exchange(&mut stream, request.as_bytes());
                    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
                }
            });
        }
    });
    per_second(number.into_inner(), started)
}

/// Asks at fixed times, whether the answers come or not (open loop): milliseconds from the time at which
/// each request was due to its answer.
pub(crate) fn at_rate(
    address: &str,
    connections: usize,
    per_second: f64,
    count: usize,
    request: impl Fn(usize) -> String + Sync,
) -> Samples {
    let (number, started) = (AtomicUsize::new(0), Instant::now());
    let lates = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..connections)
            .map(|_| {
                scope.spawn(|| {
                    let mut stream = TcpStream::connect(address).expect("it accepts");
                    stream.set_nodelay(true).expect("a TCP option");
                    let mut late = Vec::new();
                    loop {
                        let number = number.fetch_add(1, Ordering::Relaxed);
                        if number >= count {
                            return late;
                        }
                        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
                        let due = started + Duration::from_secs_f64(number as f64 / per_second);
                        wait_until(due);
                        let answer = exchange(&mut stream, request(number).as_bytes());
                        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
                        late.push(ms(due.elapsed()));
                    }
                })
            })
            .collect();
        senders.into_iter().flat_map(|sender| sender.join().expect("a sender")).collect::<Vec<_>>()
    });
    lates.into_iter().collect()
}

/// Milliseconds that each of these requests takes, one after the other.
pub(crate) fn one_by_one(
    address: &str,
    count: usize,
    request: impl Fn(usize) -> String,
) -> Samples {
    let mut stream = TcpStream::connect(address).expect("it accepts");
    stream.set_nodelay(true).expect("a TCP option");
    (0..count)
        .map(|number| {
            let request = request(number);
            let asked = Instant::now();
            let answer = exchange(&mut stream, request.as_bytes());
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            ms(asked.elapsed())
        })
        .collect()
}

/// A customer's message through the webhook.
pub(crate) fn webhook(id: &str, customer: usize) -> String {
    let body = format!(
        r#"{{"event":"message_received","data":{{"from":"55119{customer:08}","message":"Olá, preciso de ajuda com o pedido","message_id":"{id}"}},"version":"v1"}}"#
    );
    post("/api/v1/whatsapp/webhook/", "application/json", &body)
}

pub(crate) fn post(path: &str, kind: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: hub\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub(crate) fn get(path: &str, token: Option<&str>) -> String {
    let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
    format!("GET {path} HTTP/1.1\r\nHost: hub\r\n{}\r\n", authorization.unwrap_or_default())
}

/// Sends a request and reads its answer to the end.
pub(crate) fn exchange(stream: &mut TcpStream, request: &[u8]) -> String {
    stream.write_all(request).expect("the request is sent");
    let mut answer = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = stream.read(&mut buffer).expect("the hub answers");
        assert!(read > 0, "the hub hung up");
        answer.extend_from_slice(&buffer[..read]);
        let Some(head) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&answer[..head]);
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
        });
        if length.is_none_or(|length| answer.len() >= head + 4 + length) {
            return String::from_utf8_lossy(&answer).into_owned();
        }
    }
}

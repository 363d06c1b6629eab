//! How fast the running hub is, measured on the real binary over loopback: messages through the webhook,
//! requests, and the way to an agent's screen.
//!
//! `cargo bench --bench hub` prints the figures next to yardsticks of the same run. SQLite in a temporary
//! folder; nothing is asserted.

#[expect(dead_code, reason = "each bench needs a part of it")]
mod support;

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use axum::{Router, routing};
use support::{
    figures::{Samples, figure, heading, line, ms, wait_until},
    server::{Server, at_rate, exchange, get, one_by_one, saturate, webhook},
    sockets::Socket,
    yardstick::{fsyncs_per_second, paced_fsyncs},
};

const ROUNDS: usize = 5;
/// Connections that write at once.
const CONNECTIONS: usize = 64;
/// Customers among whom the messages are spread.
const CUSTOMERS: usize = 500;
/// How long one measurement asks.
const ASKING: Duration = Duration::from_secs(3);
/// Messages a second of the quiet stream to one agent's screen, and how many.
const STREAM_PER_SECOND: f64 = 100.0;
const STREAM: usize = 1_000;
/// How often the yardsticks of that are asked: one after the other, and at that pace.
const ECHOES: usize = 2_000;
const PACED: usize = 300;
/// The hub is left alone for so long.
const IDLE: Duration = Duration::from_secs(10);

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(folder.path());
    let token = server.token();
    idle(&server);
    screen(&server, &token, folder.path());
    writing(&server, folder.path());
    asking(&server, &token);
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a process, far below 2^52")]
fn idle(server: &Server) {
    let before = server.cpu_time();
    wait_until(Instant::now() + IDLE);
    let spent = server.cpu_time().saturating_sub(before);
    heading("hub: idle");
    line(&format!("  resident memory {:.1} MiB", server.resident_bytes() as f64 / 1_048_576.0));
    let share = 100.0 * spent.as_secs_f64() / IDLE.as_secs_f64();
    line(&format!("  CPU {share:.2} % of a core over {} s", IDLE.as_secs()));
}

/// From the time at which a message was due at the webhook until an agent's socket had its event.
fn screen(server: &Server, token: &str, folder: &std::path::Path) {
    heading("hub: from the webhook to an agent's socket, 100 messages a second in open chats");
    let mut stream = server.connect();
    for customer in 0..CUSTOMERS {
        exchange(&mut stream, webhook(&format!("o{customer}"), customer).as_bytes());
    }
    drop(stream);
    let mut socket = Socket::open(server.address(), token, None);
    let started = Instant::now();
    let due = |number: usize| {
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let late = Duration::from_secs_f64(number as f64 / STREAM_PER_SECOND);
        started + Duration::from_millis(200) + late
    };
    let seen: Samples = thread::scope(|scope| {
        scope.spawn(|| {
            let mut stream = server.connect();
            for number in 0..STREAM {
                wait_until(due(number));
                let request = webhook(&format!("s{number}"), number % CUSTOMERS);
                exchange(&mut stream, request.as_bytes());
            }
        });
        (0..STREAM)
            .map(|number| {
                let id = format!("\"s{number}\"");
                while !{
                    let frame = socket.next_text();
                    frame.starts_with(r#"{"event":"message_received""#) && frame.contains(&id)
                } {}
                ms(due(number).elapsed())
            })
            .collect()
    });
    let hot = 1e3 / fsyncs_per_second(folder) + loopback_echo(Duration::ZERO, ECHOES).median();
    // Whatever has slept until the message came has to be woken.
    let pause = Duration::from_secs_f64(1.0 / STREAM_PER_SECOND);
    let paced = paced_fsyncs(folder, pause, PACED).median() + loopback_echo(pause, PACED).median();
    let limits = [
        ("one fsync + one loopback echo", &one(hot)),
        ("the same, 100 times a second", &one(paced)),
    ];
    figure("p50", "ms", &one(seen.quantile(0.5)), &limits);
    figure("p99", "ms", &one(seen.quantile(0.99)), &[]);
    figure("longest", "ms", &one(seen.quantile(1.0)), &[]);
}

fn writing(server: &Server, folder: &std::path::Path) {
    heading("hub: webhook, 64 connections, answered = stored and routed");
    let (mut rates, mut fsyncs) = (Samples::default(), Samples::default());
    for round in 0..ROUNDS {
        let ask = |n: usize| webhook(&format!("w{round}-{n}"), n % CUSTOMERS);
        rates.extend([saturate(server.address(), CONNECTIONS, ASKING, ask)]);
        fsyncs.extend([fsyncs_per_second(folder)]);
    }
    figure("messages", "/s", &rates, &[("fsync, one after the other", &fsyncs)]);
    let half = rates.median() / 2.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few thousand requests"
    )]
    let count = (half * ASKING.as_secs_f64()) as usize;
    let ask = |n: usize| webhook(&format!("h{n}"), n % CUSTOMERS);
    let late = at_rate(server.address(), CONNECTIONS, half, count, ask);
    figure("at half of that, p50", "ms", &one(late.quantile(0.5)), &[]);
    figure("at half of that, p99", "ms", &one(late.quantile(0.99)), &[]);
}

fn asking(server: &Server, token: &str) {
    heading("hub: GET /me/, 64 connections");
    let me = get("/api/v1/me/", Some(token));
    let answer = exchange(&mut server.connect(), me.as_bytes());
    let (_, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let (address, constant) = constant_server(body.to_owned());
    let (mut hub, mut bare) = (Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        hub.extend([saturate(server.address(), CONNECTIONS, ASKING, |_| me.clone())]);
        let plain = |_| get("/me/", None);
        bare.extend([saturate(&address, CONNECTIONS, ASKING, plain)]);
    }
    figure("requests", "/s", &hub, &[("axum, the same text as a constant", &bare)]);
    let one_after_the_other = one_by_one(server.address(), 2_000, |_| me.clone());
    figure("one after the other", "ms", &one_after_the_other, &[]);
    drop(constant);
}

fn one(value: f64) -> Samples {
    Samples::from_iter([value])
}

/// Milliseconds of a byte there and back over loopback, between two threads, with pauses in between.
fn loopback_echo(pause: Duration, count: usize) -> Samples {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("a bound port");
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut stream, _) = listener.accept().expect("a connection");
            stream.set_nodelay(true).expect("an option");
            let mut byte = [0];
            while stream.read_exact(&mut byte).is_ok() && stream.write_all(&byte).is_ok() {}
        });
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("an option");
        let mut byte = [0];
        (0..count)
            .map(|_| {
                wait_until(Instant::now() + pause);
                let asked = Instant::now();
                stream.write_all(&byte).expect("sent");
                stream.read_exact(&mut byte).expect("answered");
                ms(asked.elapsed())
            })
            .collect()
    })
}

/// A server of the same library that says one text; it ends with the runtime that is returned.
fn constant_server(body: String) -> (String, tokio::runtime::Runtime) {
    let runtime = support::in_process::runtime();
    let address = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("a bound port").to_string();
        let headers = [("content-type", "application/json")];
        let answer = move || async move { (headers, body) };
        let router = Router::new().route("/me/", routing::get(answer));
        let listener = axum::serve::ListenerExt::tap_io(listener, |tcp| {
            let _ = tcp.set_nodelay(true);
        });
        tokio::spawn(axum::serve(listener, router).into_future());
        address
    });
    (address, runtime)
}

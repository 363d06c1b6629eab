//! Ten thousand agents' sockets on the running hub: memory, coming back all at once, and those who never
//! read.
//!
//! `cargo bench --bench sockets`; needs as many descriptors (`ulimit -n 25000`).

#[expect(dead_code, reason = "each bench needs a part of it")]
mod support;

use std::{
    net::Shutdown,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use support::{
    figures::{Samples, figure, heading, line, wait_until},
    server::{Server, exchange, saturate, webhook},
    sockets::{Position, Socket},
};

const ROUNDS: usize = 3;
const SOCKETS: usize = 10_000;
/// Threads that open sockets; more only wait for each other on two cores.
const OPENERS: usize = 8;
/// Of the sockets of the second part one in ten never reads.
const LISTENERS: usize = 1_000;
const DEAF_EVERY: usize = 10;
/// Customers among whom the messages are spread.
const CUSTOMERS: usize = 500;
/// How long messages are written while some do not read.
const WRITING: Duration = Duration::from_secs(15);
/// How often the hub's memory is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Connections that write at once; few, so that the sockets are what is measured.
const WRITERS: usize = 4;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(folder.path());
    let token = server.token();
    coming_back(&server, &token);
    drop(server);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(folder.path());
    let token = server.token();
    not_reading(&server, &token);
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a process, far below 2^52")]
fn coming_back(server: &Server, token: &str) {
    heading("sockets: 10,000 idle ones of one account, then all come back at once");
    let before = server.resident_bytes();
    let (mut sockets, took) = open_all(server, token, None);
    let grown = server.resident_bytes().saturating_sub(before);
    line(&format!("  opened in {:.2} s", took.as_secs_f64()));
    let each = Samples::from_iter([grown as f64 / SOCKETS as f64 / 1024.0]);
    figure("resident memory of the hub per socket", "KiB", &each, &[]);
    let mut back = Samples::default();
    let mut lost = 0;
    for round in 0..ROUNDS {
        let position = position_of(&sockets);
        drop(sockets);
        // Told while nobody is there: what has to come again.
        let request = webhook(&format!("gone{round}"), round);
        exchange(&mut server.connect(), request.as_bytes());
        let (again, took) = open_all(server, token, Some(&position));
        back.extend([took.as_secs_f64()]);
        lost += again.iter().filter(|socket| !socket.has_recovered).count();
        sockets = again;
    }
    figure("until all have recovered", "s", &back, &[]);
    line(&format!("  not recovered: {lost}"));
}

/// A socket, and what the hub said first.
struct Opened {
    socket: Socket,
    has_recovered: bool,
    position: Position,
}

/// Opens all, by some threads; how long until the last one had been greeted.
fn open_all(server: &Server, token: &str, from: Option<&Position>) -> (Vec<Opened>, Duration) {
    let (left, started) = (AtomicUsize::new(SOCKETS), Instant::now());
    let opened = thread::scope(|scope| {
        let openers: Vec<_> = (0..OPENERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut opened = Vec::with_capacity(SOCKETS / OPENERS);
                    let take = || {
                        let one_less = |left: usize| left.checked_sub(1);
                        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
                    };
                    while take() {
                        opened.push(open(server, token, from));
                    }
                    opened
                })
            })
            .collect();
        openers.into_iter().flat_map(|opener| opener.join().expect("an opener")).collect()
    });
    (opened, started.elapsed())
}

fn open(server: &Server, token: &str, from: Option<&Position>) -> Opened {
    let mut socket = Socket::open(server.address(), token, from);
    loop {
        let text = socket.next_text();
        let greeting: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let is_greeting = ["connected", "resumed"].iter().any(|event| greeting["event"] == *event);
        if is_greeting {
            let data = &greeting["data"];
            let position = Position {
                epoch: data["epoch"].as_str().expect("an epoch").to_owned(),
                seq: data["seq"].as_u64().expect("a position"),
            };
            let has_recovered = from.is_none() || data["recovered"] == true;
            return Opened { socket, has_recovered, position };
        }
    }
}

fn position_of(sockets: &[Opened]) -> Position {
    sockets.first().expect("some are open").position.clone()
}

/// How many events a second reach those who read, with and without some who never do.
fn not_reading(server: &Server, token: &str) {
    heading("sockets: 1,000 that read, then 1 in 10 never does");
    let alone = deliver(server, token, "a", LISTENERS, 0);
    let beside = deliver(server, token, "b", LISTENERS, LISTENERS / DEAF_EVERY);
    let rate = |delivered: &Delivered| Samples::from_iter([delivered.per_second]);
    figure("events read", "/s", &rate(&beside), &[("nobody is deaf", &rate(&alone))]);
    let memory = [
        ("resident memory per deaf socket at most", beside.kib_per_deaf),
        ("memory of the kernel per deaf socket, both ends, at most", beside.kernel_kib_per_deaf),
    ];
    for (name, kib) in memory {
        figure(name, "KiB", &Samples::from_iter([kib]), &[]);
    }
    line(&format!(
        "  deaf ones that the hub closed: {} of {}",
        beside.closed,
        LISTENERS / DEAF_EVERY
    ));
}

/// What came of one run.
struct Delivered {
    per_second: f64,
    kib_per_deaf: f64,
    kernel_kib_per_deaf: f64,
    closed: usize,
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench are far below 2^52")]
fn deliver(server: &Server, token: &str, run: &str, listeners: usize, deaf: usize) -> Delivered {
    let deaf_ones: Vec<Opened> = (0..deaf).map(|_| open(server, token, None)).collect();
    let reading: Vec<Opened> = (0..listeners).map(|_| open(server, token, None)).collect();
    let streams: Vec<_> = reading
        .iter()
        .map(|opened| opened.socket.stream().try_clone().expect("a descriptor"))
        .collect();
    let (read, before) = (AtomicUsize::new(0), server.resident_bytes());
    let (mut most, kernel_before) = (before, kernel_bytes());
    let mut kernel_most = kernel_before;
    let started = Instant::now();
    thread::scope(|scope| {
        let mut shares: Vec<Vec<Socket>> = (0..OPENERS).map(|_| Vec::new()).collect();
        for (number, opened) in reading.into_iter().enumerate() {
            shares[number % OPENERS].push(opened.socket);
        }
        for share in shares {
            let read = &read;
            scope.spawn(move || read_all(share, read));
        }
        let writing = scope.spawn(|| {
            let ask = |n: usize| webhook(&format!("{run}{n}"), n % CUSTOMERS);
            saturate(server.address(), WRITERS, WRITING, ask)
        });
        while !writing.is_finished() {
            most = most.max(server.resident_bytes());
            kernel_most = kernel_most.max(kernel_bytes());
            wait_until(Instant::now() + LOOK_EVERY);
        }
        for stream in &streams {
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
    let per_second = read.into_inner() as f64 / started.elapsed().as_secs_f64();
    let kib_per_deaf = (most - before) as f64 / deaf.max(1) as f64 / 1024.0;
    let kernel_kib_per_deaf = (kernel_most - kernel_before) as f64 / deaf.max(1) as f64 / 1024.0;
    let closed = deaf_ones.into_iter().filter_map(is_closed).count();
    Delivered { per_second, kib_per_deaf, kernel_kib_per_deaf, closed }
}

/// What the kernel holds for all TCP sockets of the machine, at both ends; pages of 4 KiB in `/proc/net/sockstat`.
fn kernel_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/net/sockstat").expect("Linux");
    let line = text.lines().find(|line| line.starts_with("TCP:")).expect("a line for TCP");
    let pages = line.split(' ').skip_while(|word| *word != "mem").nth(1).expect("its memory");
    pages.parse::<u64>().expect("a number") * 4096
}

/// Reads all of these in turn until they are shut.
fn read_all(mut sockets: Vec<Socket>, read: &AtomicUsize) {
    while !sockets.is_empty() {
        sockets.retain_mut(|socket| {
            let is_open = socket.try_next_text().is_ok();
            read.fetch_add(usize::from(is_open), Ordering::Relaxed);
            is_open
        });
    }
}

/// Reads what the kernel still has; whether the connection has ended behind it.
fn is_closed(mut opened: Opened) -> Option<()> {
    let patience = Some(Duration::from_millis(500));
    opened.socket.stream().set_read_timeout(patience).expect("an option");
    loop {
        match opened.socket.try_next_text() {
            Ok(_) => {}
            Err(error) => {
                let is_open = matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                );
                return (!is_open).then_some(());
            }
        }
    }
}

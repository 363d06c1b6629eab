//! How long lists of customers take on the running hub: 10,000 customers on SQLite, one request after
//! the other over loopback.
//!
//! `cargo bench --bench customers` prints the median and the 99th percentile; nothing is asserted.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use dx_actors::{
    domain::{CustomerChange, CustomerDetails, Timestamp, phone::Phone, tax_id::TaxId},
    store::Store,
};

const CUSTOMERS: u32 = 10_000;
/// Customers who are written at the same time, so that they share commits.
const WRITERS: usize = 200;
/// Requests of each kind; a hundred leave one beyond the 99th percentile.
const REQUESTS: usize = 200;
const CITIES: [&str; 4] = ["São Paulo", "Niterói", "Belém", "Maceió"];

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let hub = Hub::start(folder.path());
    drop(hub);
    let writing = fill(folder.path());
    let hub = Hub::start(folder.path());
    let token = hub.token();
    let cases = [
        ("list, latest first", "?page_size=20"),
        ("page of 100", "?page_size=100"),
        ("last page by name", "?ordering=razao_social&page=500"),
        ("ordered by name", "?ordering=razao_social"),
        ("ordered by update", "?ordering=-updated_at"),
        ("search, many hits", "?search=sao%20paulo"),
        ("search, one hit", "?search=empresa%209999"),
        ("search, no hit", "?search=nada%20disso"),
        ("search by CNPJ", "?search=00.009.999"),
        ("filter by city", "?cidade=niteroi&status=ativo"),
        ("statistics", "stats/"),
    ];
    let mut lines =
        vec![format!("{CUSTOMERS} customers written in {:.1} s", writing.as_secs_f64())];
    for (name, path) in cases {
        let (median, late) = hub.time(&token, path);
        lines.push(format!("{name:<20} p50 {median:>8.2} ms   p99 {late:>8.2} ms"));
    }
    let text = lines.join("\n") + "\n";
    io::stdout().write_all(text.as_bytes()).expect("somebody reads the figures");
}

/// Writes the customers; how long it took.
fn fill(folder: &Path) -> Duration {
    let url = format!("sqlite://{}", database(folder).display());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(&url).await.expect("the hub's database opens");
        let begin = Instant::now();
        let all: Vec<u32> = (0..CUSTOMERS).collect();
        for some in all.chunks(WRITERS) {
            let writes = some.iter().map(|number| {
                let now = Timestamp::from_micros(1_760_000_000_000_000 + i64::from(*number));
                store.add_customer(customer(*number), None, now)
            });
            for written in futures_util::future::join_all(writes).await {
                written.expect("the customer is new");
            }
        }
        let took = begin.elapsed();
        store.close().await;
        took
    })
}

/// The only database in the folder, whatever its name.
fn database(folder: &Path) -> std::path::PathBuf {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_database = |path: &std::path::PathBuf| {
        std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3"))
    };
    paths.find(is_database).expect("the hub made a database")
}

fn customer(number: u32) -> CustomerDetails {
    let city = CITIES[number as usize % CITIES.len()];
    let mut details = CustomerDetails::default();
    details.apply([
        CustomerChange::Name(format!("Empresa {number} Comércio e Serviços Ltda")),
        CustomerChange::TradeName(Some(format!("Loja {number}"))),
        CustomerChange::TaxId(TaxId::parse(&format!("{number:08}000190")).ok()),
        CustomerChange::Email(Some(format!("contato{number}@exemplo.com.br"))),
        CustomerChange::Phone(Phone::parse(&format!("119{number:08}"))),
        CustomerChange::City(Some(city.to_owned())),
    ]);
    details
}

/// A hub on a folder.
struct Hub {
    child: Child,
    address: String,
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Hub {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dx-connect"))
            .arg("serve")
            .env_clear()
            .envs([("BIND_ADDR", "127.0.0.1:0"), ("ADMIN_PASSWORD", "bench-password")])
            .envs([("RATE_LIMIT_PER_MINUTE", "0"), ("LOG_LEVEL", "warn")])
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

    /// Sends a request on a connection of its own; the answer.
    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("the hub accepts");
        stream.write_all(request.as_bytes()).expect("the hub reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the hub answers");
        answer
    }

    fn token(&self) -> String {
        let body = r#"{"username":"admin","password":"bench-password"}"#;
        let answer = self.ask(&format!(
            "POST /api/v1/auth/token/ HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        let (_, rest) = answer.split_once("\"access\":\"").expect("a token");
        rest.split('"').next().expect("its end").to_owned()
    }

    /// The median and the 99th percentile in milliseconds.
    fn time(&self, token: &str, path: &str) -> (f64, f64) {
        let request = format!(
            "GET /api/v1/clientes/{path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\n\r\n"
        );
        let mut took: Vec<Duration> = (0..REQUESTS)
            .map(|_| {
                let begin = Instant::now();
                let answer = self.ask(&request);
                assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
                begin.elapsed()
            })
            .collect();
        took.sort();
        let millis = |at: usize| took[at].as_secs_f64() * 1000.0;
        (millis(REQUESTS / 2), millis(REQUESTS * 99 / 100))
    }
}

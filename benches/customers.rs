//! How long lists of customers take on the running hub: 10,000 customers on SQLite, one request after
//! the other over loopback.
//!
//! `cargo bench --bench customers` prints the median and the 99th percentile; nothing is asserted.

#[expect(dead_code, reason = "each bench needs a part of it")]
mod support;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use dx_actors::{
    domain::{CustomerChange, CustomerDetails, Timestamp, phone::Phone, tax_id::TaxId},
    store::Store,
};
use support::{
    figures::{Samples, figure, heading, line},
    server::{Server, database, get, one_by_one},
};

const CUSTOMERS: u32 = 10_000;
/// Customers who are written at the same time, so that they share commits.
const WRITERS: usize = 200;
/// Requests of each kind; a hundred leave one beyond the 99th percentile.
const REQUESTS: usize = 200;
const CITIES: [&str; 4] = ["São Paulo", "Niterói", "Belém", "Maceió"];

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Server::start(folder.path()).kill();
    let writing = fill(folder.path());
    let server = Server::start(folder.path());
    let token = server.token();
    heading("customers: lists of 10,000");
    line(&format!("  written in {:.1} s", writing.as_secs_f64()));
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
    for (name, path) in cases {
        let path = format!("/api/v1/clientes/{path}");
        let took = one_by_one(server.address(), REQUESTS, |_| get(&path, Some(&token)));
        let at = |of: f64| Samples::from_iter([took.quantile(of)]);
        figure(&format!("{name}, p50"), "ms", &at(0.5), &[]);
        figure(&format!("{name}, p99"), "ms", &at(0.99), &[]);
    }
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

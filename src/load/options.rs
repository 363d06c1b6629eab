//! What a load test is asked to do: the flags, how they are written, and what is refused before
//! anything is sent. Texts are for people, so they are in Portuguese.

use std::{
    fmt,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use clap::Args;
use url::Url;

/// A hub of one machine takes 20,000 connections; three of them are more than one test needs.
pub const SOCKETS_MAX: u64 = 60_000;
/// Each is remembered until the end: 16 bytes, twice when it is answered.
pub const MESSAGES_MAX: u64 = 5_000_000;
/// Far beyond what one hub takes.
const RATE_MAX_MILLI: u64 = 100_000_000;
/// Access tokens live for an hour by default, and setting up and waiting take their part of it.
const RUN_MAX: Duration = Duration::from_mins(45);
/// What one agent may hold: the highest capacity of a department.
const CHATS_PER_AGENT_MAX: u32 = 1000;

/// The flags of `dx-connect load`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "Opções")]
pub struct LoadArgs {
    /// Endereço da central, sem TLS
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8001")]
    pub url: String,
    /// Nome de um administrador da central
    #[arg(long, value_name = "NOME", default_value = "admin")]
    pub user: String,
    /// Senha do administrador (melhor pelo ambiente: `LOAD_PASSWORD`)
    #[arg(long, value_name = "SENHA", env = "LOAD_PASSWORD", hide_env = true)]
    pub password: String,
    /// Atendentes criados para o teste
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub agents: u32,
    /// WebSockets abertos por atendente
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub tabs: u32,
    /// WebSockets a mais que nunca leem, por cem atendentes
    #[arg(long, value_name = "%", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub frozen_percent: u32,
    /// Clientes que escrevem
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub customers: u32,
    /// Conexões HTTP pelas quais os clientes escrevem
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=2000))]
    pub connections: u32,
    /// Mensagens de clientes por segundo
    #[arg(long, value_name = "N", default_value = "50")]
    pub rate: Rate,
    /// Respostas de atendentes por segundo
    #[arg(long, value_name = "N", default_value = "20")]
    pub reply_rate: Rate,
    /// Transferências por segundo
    #[arg(long, value_name = "N", default_value = "0.5")]
    pub transfer_rate: Rate,
    /// Encerramentos por segundo
    #[arg(long, value_name = "N", default_value = "0.5")]
    pub close_rate: Rate,
    /// Tempo medido
    #[arg(long, value_name = "TEMPO", default_value = "30s", value_parser = time_span)]
    pub duration: Duration,
    /// Tempo de aquecimento antes dele, conferido mas não medido
    #[arg(long, value_name = "TEMPO", default_value = "5s", value_parser = time_span)]
    pub warmup: Duration,
    /// Quanto se espera no fim pelo que ainda não chegou
    #[arg(long, value_name = "TEMPO", default_value = "15s", value_parser = time_span)]
    pub wait: Duration,
    /// De quanto em quanto tempo WebSockets caem e voltam
    #[arg(long, value_name = "TEMPO", value_parser = time_span)]
    pub storm_every: Option<Duration>,
    /// Parte deles que cai de cada vez
    #[arg(long, value_name = "%", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub storm_percent: u32,
    /// Atraso do próprio teste (p99) a partir do qual o resultado não vale
    #[arg(long, value_name = "TEMPO", default_value = "10ms", value_parser = time_span)]
    pub lag_max: Duration,
    /// Processo da central (padrão: quem escuta no endereço, se for local)
    #[arg(long, value_name = "PID")]
    pub pid: Option<u32>,
    /// Grava o resultado em JSON
    #[arg(long, value_name = "ARQUIVO")]
    pub json: Option<PathBuf>,
    /// Permite um endereço que não é desta máquina: o teste cria clientes e conversas nele
    #[arg(long)]
    pub eu_sei_que_nao_e_local: bool,
}

/// So many a second, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate {
    milli: u64,
}

impl Rate {
    pub fn is_zero(self) -> bool {
        self.milli == 0
    }

    /// When the n-th of them is due, from the start; the first one at once. Nothing is due at rate 0.
    pub fn due(self, n: u64) -> Option<Duration> {
        let nanos = u128::from(n) * 1_000_000_000_000;
        let nanos = nanos.checked_div(u128::from(self.milli))?;
        u64::try_from(nanos).ok().map(Duration::from_nanos)
    }

    /// How many are due within this time.
    pub fn within(self, time: Duration) -> u64 {
        let count = (u128::from(self.milli) * time.as_nanos()).div_ceil(1_000_000_000_000);
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate is below 2^53")]
    pub fn per_second(self) -> f64 {
        self.milli as f64 / 1000.0
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || "use um número como 100 ou 0.5, até 100000".to_owned();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(bad());
        }
        let whole: u64 = whole.parse().map_err(|_| bad())?;
        let fraction: u64 = format!("{fraction:0<3}").parse().map_err(|_| bad())?;
        let milli = whole.checked_mul(1000).and_then(|whole| whole.checked_add(fraction));
        let milli = milli.filter(|milli| *milli <= RATE_MAX_MILLI).ok_or_else(bad)?;
        Ok(Self { milli })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.per_second())
    }
}

/// `500ms`, `30s`, `2m`; a bare number is seconds.
fn time_span(text: &str) -> Result<Duration, String> {
    let bad = || "use um tempo como 500ms, 30s ou 2m".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| bad())?;
    match &text[digits.len()..] {
        "ms" => Ok(Duration::from_millis(number)),
        "" | "s" => Ok(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs).ok_or_else(bad),
        _ => Err(bad()),
    }
}

/// Where the hub is: one address, and how it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub address: SocketAddr,
    /// For the `Host` header.
    pub host: String,
}

impl Target {
    pub fn is_loopback(&self) -> bool {
        self.address.ip().to_canonical().is_loopback()
    }
}

impl LoadArgs {
    /// The hub's address, if this test may be run there; else why not, in words for people.
    pub fn target(&self) -> Result<Target, String> {
        self.check()?;
        let url = Url::parse(&self.url).map_err(|_| bad_url(&self.url))?;
        if url.scheme() != "http" {
            return Err(format!("{}: só http:// (sem TLS) é entendido.", self.url));
        }
        let (Some(host), "" | "/") = (url.host_str(), url.path()) else {
            return Err(bad_url(&self.url));
        };
        let port = url.port_or_known_default().unwrap_or(80);
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let found: Vec<_> = (name, port)
            .to_socket_addrs()
            .map_err(|error| format!("{}: endereço não encontrado ({error}).", self.url))?
            .collect();
        let address = *found.first().ok_or_else(|| bad_url(&self.url))?;
        let target = Target { address, host: format!("{host}:{port}") };
        let is_local = found.iter().all(|address| is_loopback(address.ip()));
        if !is_local && !self.eu_sei_que_nao_e_local {
            return Err(format!(
                "{} não é desta máquina. O teste cria clientes, conversas, atendentes e um número \
                 na central e a sobrecarrega; se é isso o que se quer, use --eu-sei-que-nao-e-local.",
                self.url
            ));
        }
        Ok(target)
    }

    fn check(&self) -> Result<(), String> {
        let time = self.warmup + self.duration;
        if self.duration.is_zero() || time > RUN_MAX {
            return Err(format!(
                "--duration e --warmup: mais que zero e, juntos, até {} minutos.",
                RUN_MAX.as_secs() / 60
            ));
        }
        if self.rate.is_zero() || self.rate.within(time) > MESSAGES_MAX {
            return Err(format!("--rate: mais que zero e até {MESSAGES_MAX} mensagens ao todo."));
        }
        if self.reply_rate.within(time) > MESSAGES_MAX {
            return Err(format!("--reply-rate: até {MESSAGES_MAX} respostas ao todo."));
        }
        if self.sockets() > SOCKETS_MAX {
            return Err(format!("--agents, --tabs, --frozen-percent: até {SOCKETS_MAX} ao todo."));
        }
        if self.customers > self.agents.saturating_mul(CHATS_PER_AGENT_MAX) {
            return Err(format!("--customers: até {CHATS_PER_AGENT_MAX} por atendente."));
        }
        if self.storm_every.is_some_and(|every| every < Duration::from_millis(500)) {
            return Err("--storm-every: pelo menos 500ms.".to_owned());
        }
        Ok(())
    }

    /// Sockets of agents that are never read.
    pub fn frozen(&self) -> u64 {
        (u64::from(self.agents) * u64::from(self.frozen_percent)).div_ceil(100)
    }

    /// All sockets of agents.
    pub fn sockets(&self) -> u64 {
        u64::from(self.agents) * u64::from(self.tabs) + self.frozen()
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn bad_url(url: &str) -> String {
    format!("{url}: use um endereço como http://127.0.0.1:8001.")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        load: LoadArgs,
    }

    fn args(line: &str) -> Result<LoadArgs, clap::Error> {
        let words = ["load", "--password", "x"].into_iter().chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.load)
    }

    #[test]
    fn rates_are_due_evenly_and_counted_alike() {
        let rate: Rate = "2.5".parse().unwrap();
        let due: Vec<_> = (0..4).map(|n| rate.due(n).unwrap().as_millis()).collect();
        assert_eq!(due, [0, 400, 800, 1200]);
        assert_eq!(rate.within(Duration::from_secs(2)), 5);
        assert_eq!(rate.within(Duration::from_millis(801)), 3);
        assert_eq!("0".parse::<Rate>().unwrap().due(0), None);
        for bad in ["", "-1", "x", "1.2345", "1e3", "100001", "99999999999999999999"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn times_have_units() {
        let spans = ["250ms", "3s", "4", "2m"].map(|text| time_span(text).unwrap().as_millis());
        assert_eq!(spans, [250, 3000, 4000, 120_000]);
        for bad in ["", "s", "1h", "-1s", "1.5s", "9999999999999999999m"] {
            assert!(time_span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_this_machine_is_loaded_unless_it_is_said_out_loud() {
        for url in [
            "http://127.0.0.1:8001",
            "http://localhost:80/",
            "http://[::1]:9",
            "http://127.9.9.9:1",
        ] {
            let target = args(&format!("--url {url}")).unwrap().target();
            assert!(target.unwrap().is_loopback(), "{url}");
        }
        let far = "--url http://192.0.2.7:8001";
        let refusal = args(far).unwrap().target().unwrap_err();
        assert!(refusal.contains("--eu-sei-que-nao-e-local"), "{refusal}");
        let target = args(&format!("{far} --eu-sei-que-nao-e-local")).unwrap().target().unwrap();
        assert_eq!(
            (target.address.to_string().as_str(), target.host.as_str()),
            ("192.0.2.7:8001", "192.0.2.7:8001")
        );
    }

    #[test]
    fn what_cannot_be_run_is_refused_before_anything_is_sent() {
        let cases = [
            ("--url https://127.0.0.1", "TLS"),
            ("--url http://127.0.0.1/api", "endereço como"),
            ("--url nada", "endereço como"),
            ("--duration 0s", "--duration"),
            ("--duration 46m", "--duration"),
            ("--rate 0", "--rate"),
            ("--rate 100000 --duration 60s", "--rate"),
            ("--reply-rate 100000 --duration 60s", "--reply-rate"),
            ("--agents 20000 --tabs 4", "--tabs"),
            ("--agents 1 --customers 1001", "--customers"),
            ("--storm-every 100ms", "--storm-every"),
        ];
        for (line, text) in cases {
            let refusal = args(line).unwrap().target().unwrap_err();
            assert!(refusal.contains(text), "{line}: {refusal}");
        }
        for line in ["--agents 0", "--tabs 65", "--customers 0", "--storm-percent 0", "--rate x"] {
            assert!(args(line).is_err(), "{line}");
        }
    }

    #[test]
    fn frozen_sockets_are_counted_up() {
        let args = args("--agents 7 --tabs 2 --frozen-percent 10").unwrap();
        assert_eq!((args.frozen(), args.sockets()), (1, 15));
    }
}

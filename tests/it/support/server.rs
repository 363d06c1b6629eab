//! The server under test: the real binary as a child process on a free port.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::Path,
    process::{ExitStatus, Output, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use super::{Client, Database};

pub(crate) const ADMIN_PASSWORD: &str = "Senha-do-admin-2025";
/// Migrations of an empty database on a busy machine.
const START_DEADLINE: Duration = Duration::from_mins(1);
/// What a graceful stop may take.
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// A running server. Killed when dropped; what it logged is shown when the test has failed.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) base_url: String,
    data: TempDir,
    env: BTreeMap<String, String>,
    child: Child,
    log: Arc<Mutex<String>>,
}

/// A server that is about to start.
#[derive(Debug)]
pub(crate) struct Setup {
    data: TempDir,
    env: BTreeMap<String, String>,
}

impl Setup {
    pub(crate) fn env(mut self, key: &str, value: &str) -> Self {
        self.env.insert(key.to_owned(), value.to_owned());
        self
    }

    pub(crate) async fn start(self) -> Server {
        self.start_with(&["serve"]).await
    }

    pub(crate) async fn start_without_subcommand(self) -> Server {
        self.start_with(&[]).await
    }

    async fn start_with(self, args: &[&str]) -> Server {
        let Self { data, env } = self;
        let log = Arc::default();
        let (child, base_url) = spawn(data.path(), &env, &log, args).await;
        Server { base_url, data, env, child, log }
    }

    /// Runs a subcommand before the first start.
    pub(crate) async fn command(&self, args: &[&str], stdin: &str) -> Output {
        run_command(self.data.path(), &self.env, args, stdin).await
    }
}

impl Server {
    /// Defaults of all tests: no artificial delays, no rate limit, a free port.
    pub(crate) fn on(database: &Database) -> Setup {
        let env = [
            ("BIND_ADDR", "127.0.0.1:0"),
            ("ADMIN_PASSWORD", ADMIN_PASSWORD),
            ("WHATSAPP_SANDBOX_FAST", "1"),
            ("RATE_LIMIT_PER_MINUTE", "0"),
            ("LOG_LEVEL", "warn"),
        ];
        let env = env.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let setup = Setup { data: TempDir::new().expect("a temporary folder"), env };
        match database.url() {
            Some(url) => setup.env("DATABASE_URL", url),
            None => setup,
        }
    }

    pub(crate) async fn start(database: &Database) -> Self {
        Self::on(database).start().await
    }

    /// Nobody is given a chat unless somebody asks for it.
    pub(crate) async fn start_without_auto_distribution(database: &Database) -> Self {
        Self::on(database).env("AUTO_DISTRIBUTE", "0").start().await
    }

    /// SIGTERM, and a bounded wait for the end.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        let ended = timeout(STOP_DEADLINE, self.child.wait()).await;
        ended.expect("the server stops in time after SIGTERM").expect("a child process")
    }

    /// SIGKILL: nothing is flushed, nobody is told.
    pub(crate) async fn kill9(&mut self) {
        self.signal(Signal::KILL);
        self.child.wait().await.expect("a child process");
    }

    /// Starts again, on the same data folder and database.
    pub(crate) async fn start_again(&mut self) {
        let (child, base_url) = spawn(self.data.path(), &self.env, &self.log, &["serve"]).await;
        self.child = child;
        self.base_url = base_url;
    }

    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.start_again().await;
    }

    pub(crate) fn anonymous(&self) -> Client {
        Client::anonymous(&self.base_url)
    }

    pub(crate) async fn login(&self, username: &str, password: &str) -> Client {
        self.anonymous().login(username, password).await
    }

    pub(crate) async fn admin(&self) -> Client {
        self.login("admin", ADMIN_PASSWORD).await
    }

    /// The folder of its database.
    pub(crate) fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("nobody panics while logging").clone()
    }

    /// `127.0.0.1:<port>`.
    pub(crate) fn address(&self) -> &str {
        self.base_url.strip_prefix("http://").expect("the base URL is http")
    }

    /// Runs a subcommand on this server's data folder and database, with a text on its stdin.
    pub(crate) async fn command(&self, args: &[&str], stdin: &str) -> Output {
        run_command(self.data.path(), &self.env, args, stdin).await
    }

    /// The most memory that the process has had so far, in KiB.
    pub(crate) fn memory_peak_kib(&self) -> u64 {
        let id = self.child.id().expect("the server runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.id().expect("the server runs");
        let pid = Pid::from_raw(id.try_into().expect("a process id")).expect("a process id");
        kill_process(pid, signal).expect("the server is ours");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The child itself is killed by its own `kill_on_drop`.
        if std::thread::panicking() {
            let log = self.log.lock().map_or_else(|_| String::new(), |log| log.clone());
            eprintln!("--- the server said ---\n{log}--- end ---");
        }
    }
}

async fn run_command(
    data: &Path,
    env: &BTreeMap<String, String>,
    args: &[&str],
    stdin: &str,
) -> Output {
    let mut child = command(data, env)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut pipe = child.stdin.take().expect("stdin is piped");
    // A command that refuses its arguments does not read, which is no failure of ours.
    let _ = pipe.write_all(stdin.as_bytes()).await;
    drop(pipe);
    let output = timeout(START_DEADLINE, child.wait_with_output()).await;
    output.expect("the command ends").expect("a child process")
}

/// The binary in an environment that holds nothing of the machine's but what running takes.
fn command(data: &Path, env: &BTreeMap<String, String>) -> Command {
    let inherited = ["PATH", "TMPDIR", "RUST_BACKTRACE", "LLVM_PROFILE_FILE"]
        .into_iter()
        .filter_map(|key| Some((key, std::env::var_os(key)?)));
    let mut command = Command::new(env!("CARGO_BIN_EXE_dx-connect"));
    command
        .env_clear()
        .envs(inherited)
        .envs(env)
        .env("DATA_DIR", OsString::from(data))
        .current_dir(data)
        .kill_on_drop(true);
    command
}

async fn spawn(
    data: &Path,
    env: &BTreeMap<String, String>,
    log: &Arc<Mutex<String>>,
    args: &[&str],
) -> (Child, String) {
    let mut child = command(data, env)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
    let collected = Arc::clone(log);
    tokio::spawn(async move {
        let mut line = String::new();
        while stderr.read_line(&mut line).await.is_ok_and(|read| read > 0) {
            collected.lock().expect("no panic while logging").push_str(&line);
            line.clear();
        }
    });
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
    let mut first = String::new();
    let read = timeout(START_DEADLINE, stdout.read_line(&mut first)).await;
    let logged = || log.lock().expect("no panic while logging").clone();
    read.unwrap_or_else(|_| panic!("the server did not start in time; it said:\n{}", logged()))
        .expect("stdout can be read");
    let Some(base_url) = first.trim_end().strip_prefix("Escutando em ") else {
        // Its last words may still be on their way.
        let _ = timeout(STOP_DEADLINE, child.wait()).await;
        panic!("the server's first line was {first:?}; it said:\n{}", logged());
    };
    tokio::spawn(async move { stdout.read_to_end(&mut Vec::new()).await });
    (child, base_url.to_owned())
}

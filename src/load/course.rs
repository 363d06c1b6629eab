//! The course of a run: prepare, open the sockets, send, wait for what is still on its way, look again,
//! clean up.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::json;
use tokio::{
    task::{JoinHandle, JoinSet},
    time::{MissedTickBehavior, interval, sleep, sleep_until, timeout},
};

use super::{
    alarm::Alarm,
    error::LoadError,
    fixture::Fixture,
    frozen::Frozen,
    http::{Call, Connection},
    lane::{Lane, Work},
    ledger::AgentIndex,
    meter::{Count, Hop},
    names::RunId,
    options::{LoadArgs, Target},
    process::{self, Used, Watch},
    progress,
    report::{Frozens, Machine, Report},
    run::Run,
    socket::Socket,
    sources::{Source, raise_limit},
    stored::{self, Direction},
};
use crate::shutdown::Shutdown;

/// Sockets that connect at once before the run; a storm has no such mercy.
const CONNECTS_AT_ONCE: u64 = 200;
/// For one such group, on a busy machine.
const CONNECTS_TIMEOUT: Duration = Duration::from_secs(30);
/// Connections over which agents come online.
const ARRIVALS_AT_ONCE: usize = 8;
/// How often a state is looked at that nobody tells of.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long after the end of the sending time late requests may still begin: a hiccup at the end is made
/// up for by then, a hub that is too slow for a minute of the rate is not.
const LATE_MAX: Duration = Duration::from_secs(5);
/// What sockets may take over their close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Without any answer or socket for so long the hub is gone.
const GONE_AFTER: Duration = Duration::from_secs(10);
/// Often enough for the peak of a memory that grows.
const USAGE_EVERY: Duration = Duration::from_millis(250);
/// How often the test looks at its own lateness.
const PROBE_EVERY: Duration = Duration::from_millis(10);
/// Connections of the test beside lanes and sockets: administration and arrivals.
const OTHER_CONNECTIONS: u64 = 64;

/// Runs the test as asked; the result also when it was cut short.
pub(super) async fn execute(args: LoadArgs, shutdown: &Shutdown) -> Result<Report, LoadError> {
    let target = Arc::new(args.target().map_err(LoadError::Usage)?);
    check_sockets(&args)?;
    let id = RunId::random();
    progress::say(&format!("Teste de carga {}: preparando {} atendentes", id.word(), args.agents));
    let mut fixture = Fixture::open(&args, &target, id).await?;
    let made = tokio::select! {
        made = fixture.make(&args) => made,
        () = shutdown.graceful.cancelled() => Err(LoadError::Interrupted),
    };
    let outcome = match made {
        Ok(()) => drive(args, id, target, &mut fixture, shutdown).await,
        Err(error) => Err(error),
    };
    let customers = outcome.as_ref().map_or(0, |report| report.settings.customers);
    progress::say("Limpando");
    let cleaned = tokio::select! {
        cleaned = fixture.tear_down(customers) => cleaned,
        () = shutdown.now.cancelled() => Err("interrompido".to_owned()),
    };
    if let Err(reason) = &cleaned {
        progress::say(&format!(
            "Nem tudo do teste {} foi desativado na central: {reason}",
            id.word()
        ));
    }
    let mut report = outcome?;
    report.cleanup_error = cleaned.err();
    Ok(report)
}

fn check_sockets(args: &LoadArgs) -> Result<(), LoadError> {
    let lanes = u64::from(args.connections) * 4;
    let wanted = args.sockets() + lanes + OTHER_CONNECTIONS;
    match raise_limit()? {
        Some(possible) if possible < wanted => Err(LoadError::TooManySockets { wanted, possible }),
        _ => Ok(()),
    }
}

async fn drive(
    args: LoadArgs,
    id: RunId,
    target: Arc<Target>,
    fixture: &mut Fixture,
    shutdown: &Shutdown,
) -> Result<Report, LoadError> {
    let number_id = fixture.number_id();
    let run = Arc::new(Run::new(id, args, target, fixture.agents.clone(), number_id));
    let sockets = open_sockets(&run, shutdown).await;
    let mut sockets = match sockets {
        Ok(sockets) => sockets,
        Err(error) => {
            run.sockets_end.cancel();
            return Err(error);
        }
    };
    let frozen = open_frozen(&run).await;
    come_online(&run).await;
    let machine = send(&run, shutdown).await?;
    let was_interrupted = shutdown.graceful.is_cancelled();
    wait_for_stragglers(&run, shutdown).await;
    let cut_off = frozen.iter().filter(|socket| socket.is_cut_off()).count();
    let frozens = Frozens { open: frozen.len(), cut_off };
    run.sockets_end.cancel();
    let closing = async { while sockets.join_next().await.is_some() {} };
    if timeout(CLOSE_TIMEOUT, closing).await.is_err() {
        sockets.abort_all();
    }
    let inbound = stored::look_up(fixture.admin(), &run, Direction::Inbound).await;
    let outbound = stored::look_up(fixture.admin(), &run, Direction::Outbound).await;
    Ok(Report::new(&run, machine, frozens, [inbound, outbound], was_interrupted))
}

async fn open_sockets(run: &Arc<Run>, shutdown: &Shutdown) -> Result<JoinSet<()>, LoadError> {
    let (agents, tabs) = (u64::from(run.args.agents), u64::from(run.args.tabs));
    let wanted = agents * tabs;
    progress::say(&format!("Abrindo {wanted} WebSockets"));
    let mut sockets = JoinSet::new();
    for index in 0..wanted {
        let agent = AgentIndex::try_from(index % agents).unwrap_or_default();
        let tab = u32::try_from(index / agents).unwrap_or_default();
        sockets.spawn(Socket::new(run, agent, tab, index).live());
        if (index + 1) % CONNECTS_AT_ONCE == 0 || index + 1 == wanted {
            let deadline = Instant::now() + CONNECTS_TIMEOUT;
            while run.meter.counted(Count::Sockets) < index + 1 {
                if shutdown.graceful.is_cancelled() {
                    return Err(LoadError::Interrupted);
                }
                if Instant::now() > deadline {
                    return Err(not_connected(run, wanted));
                }
                sleep(LOOK_EVERY).await;
            }
        }
    }
    Ok(sockets)
}

fn not_connected(run: &Run, wanted: u64) -> LoadError {
    let errors = run.meter.errors();
    let errors: Vec<_> = errors.iter().map(|(kind, count)| format!("{count} × {kind}")).collect();
    let open = run.meter.counted(Count::Sockets);
    LoadError::NotConnected { open, wanted, errors: errors.join(", ") }
}

async fn open_frozen(run: &Arc<Run>) -> Vec<Frozen> {
    let (agents, first) = (u64::from(run.args.agents), run.args.sockets() - run.args.frozen());
    let mut frozen = Vec::new();
    for index in 0..run.args.frozen() {
        let agent = AgentIndex::try_from(index % agents).unwrap_or_default();
        match Frozen::open(run, agent, first + index).await {
            Ok(socket) => frozen.push(socket),
            Err(error) => run.meter.error("frozen socket", &error.to_string()),
        }
    }
    frozen
}

/// Every agent says that he is there.
async fn come_online(run: &Arc<Run>) {
    let arrivals = (0..ARRIVALS_AT_ONCE).map(|first| async move {
        let mut connection = Connection::new(Source::nth(&run.target, 0));
        for agent in run.agents.iter().skip(first).step_by(ARRIVALS_AT_ONCE) {
            let body = json!({ "status": "online" }).to_string();
            let call = Call {
                method: axum::http::Method::POST,
                path: "/api/v1/presence/set-status/",
                bearer: Some(&agent.bearer),
                body: Some(body.into()),
            };
            match connection.call(call).await {
                Ok(answer) if answer.status == 200 => {}
                Ok(answer) => run.meter.error("presence", &format!("status {}", answer.status)),
                Err(error) => run.meter.error("presence", &error.to_string()),
            }
        }
    });
    join_all(arrivals).await;
}

/// The sending time; what the machine had to do meanwhile.
async fn send(run: &Arc<Run>, shutdown: &Shutdown) -> Result<Machine, LoadError> {
    let (mut lanes, alarm) = (JoinSet::new(), Alarm::start()?);
    for work in Work::ALL {
        for lane in Lane::all(run, work, &alarm) {
            lanes.spawn(lane.work());
        }
    }
    let server_pid = run.args.pid.or_else(|| {
        run.target.is_loopback().then(|| process::listener(run.target.address)).flatten()
    });
    // From here on times count; the lanes begin with their first turn.
    run.begin();
    let server = spawn_watch(run, server_pid);
    let client = spawn_watch(run, Some(std::process::id()));
    let mut helpers = JoinSet::new();
    helpers.spawn(storms(Arc::clone(run)));
    helpers.spawn(progress::show(Arc::clone(run)));
    helpers.spawn(probe(Arc::clone(run), alarm));
    let end = run.begin() + run.sending_time();
    let all_sent = async {
        join(&mut lanes, run).await;
        sleep_until(end.into()).await;
    };
    tokio::select! {
        () = all_sent => {}
        () = sleep(run.sending_time() + LATE_MAX) => {}
        () = gone(run) => run.meter.error("hub", "gone"),
        () = shutdown.graceful.cancelled() => {}
    }
    run.sending_ends.cancel();
    helpers.abort_all();
    progress::end();
    let machine = Machine {
        server: server.await.ok().flatten(),
        client: client.await.ok().flatten(),
        server_sockets: server_pid.and_then(process::sockets),
        measured: run.elapsed().min(run.sending_time()).saturating_sub(run.args.warmup),
    };
    // Requests that are on their way have a time limit of their own.
    tokio::select! {
        () = join(&mut lanes, run) => {}
        () = shutdown.now.cancelled() => {}
    }
    Ok(machine)
}

/// Waits for all tasks; may be given up and begun again.
async fn join(tasks: &mut JoinSet<()>, run: &Run) {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            run.meter.error("client", &format!("task failed: {error}"));
        }
    }
}

fn spawn_watch(run: &Arc<Run>, pid: Option<u32>) -> JoinHandle<Option<Used>> {
    let run = Arc::clone(run);
    tokio::spawn(async move {
        tokio::select! {
            () = sleep(run.args.warmup) => {}
            () = run.sending_ends.cancelled() => {}
        }
        let mut watch = Watch::begin(pid?).ok()?;
        let mut looks = interval(USAGE_EVERY);
        while !run.sending_ends.is_cancelled() {
            tokio::select! {
                _ = looks.tick() => watch.look(),
                () = run.sending_ends.cancelled() => watch.look(),
            }
        }
        Some(watch.used())
    })
}

async fn storms(run: Arc<Run>) {
    let Some(every) = run.args.storm_every else { return };
    for storm in 0.. {
        sleep(every).await;
        // Without sockets nobody is hit.
        let _ = run.storms.send(storm);
    }
}

/// How late the test's own tasks run, whatever the hub does.
async fn probe(run: Arc<Run>, alarm: Alarm) {
    let begin = run.begin();
    let mut due = Duration::ZERO;
    loop {
        due = run.elapsed().max(due) + PROBE_EVERY;
        alarm.wait_until(begin + due).await;
        run.record_since(Hop::ClientLag, due);
    }
}

/// Returns when the hub has neither answered nor kept a socket open for a while.
async fn gone(run: &Run) {
    let answered = || Work::ALL.map(|work| run.meter.recorded(work.hop()));
    let (mut before, mut since) = (answered(), Instant::now());
    let mut looks = interval(LOOK_EVERY * 10);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while since.elapsed() < GONE_AFTER {
        looks.tick().await;
        let now = answered();
        if now != before || run.meter.counted(Count::Sockets) > 0 {
            (before, since) = (now, Instant::now());
        }
    }
}

async fn wait_for_stragglers(run: &Run, shutdown: &Shutdown) {
    let deadline = Instant::now() + run.args.wait;
    let sockets = u64::from(run.args.agents) * u64::from(run.args.tabs);
    let is_waiting = || run.open() > 0 || run.meter.counted(Count::Sockets) < sockets;
    while is_waiting() && Instant::now() < deadline && !shutdown.now.is_cancelled() {
        sleep(LOOK_EVERY).await;
    }
}

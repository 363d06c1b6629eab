//! Requests at their due times. A lane is one connection with the share of one kind of work that falls to
//! it; what is due while its connection is busy starts late, and its time counts from when it was due.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::http::Method;
use bytes::Bytes;
use rand::RngExt;
use serde_json::json;

use super::{
    alarm::Alarm,
    holders::Intent,
    http::{Answer, Call, CallError, Connection},
    ledger::{AgentIndex, ChatIndex, NOBODY},
    meter::{Count, Hop},
    options::Rate,
    run::Run,
    sources::Source,
};

const WEBHOOK: &str = "/api/v1/whatsapp/webhook/";
const SEND: &str = "/api/v1/whatsapp/send/";
/// Nothing in it could be taken for a rating.
const CUSTOMER_TEXT: &str =
    "Bom dia! Queria saber quando chega o meu pedido, ainda não recebi nada.";
const AGENT_TEXT: &str = "Bom dia! Vou verificar com a transportadora e já volto com uma resposta.";
/// What one connection does for agents: even answers of 50 ms leave it free.
const PER_CONNECTION: u32 = 20;
/// Chats that are looked at for one that has an agent.
const LOOKS_MAX: u32 = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Customers,
    Answers,
    Transfers,
    Closings,
}

impl Work {
    pub(super) const ALL: [Self; 4] =
        [Self::Customers, Self::Answers, Self::Transfers, Self::Closings];

    pub(super) fn hop(self) -> Hop {
        match self {
            Self::Customers => Hop::Webhook,
            Self::Answers => Hop::Send,
            Self::Transfers => Hop::Transfer,
            Self::Closings => Hop::Close,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Customers => "webhook",
            Self::Answers => "send",
            Self::Transfers => "transfer",
            Self::Closings => "close",
        }
    }

    pub(super) fn rate(self, run: &Run) -> Rate {
        match self {
            Self::Customers => run.args.rate,
            Self::Answers => run.args.reply_rate,
            Self::Transfers => run.args.transfer_rate,
            Self::Closings => run.args.close_rate,
        }
    }
}

/// The n-th of `count` connections for a kind of work.
#[derive(Debug)]
pub(super) struct Lane {
    run: Arc<Run>,
    work: Work,
    index: u32,
    count: u32,
    connection: Connection,
    alarm: Alarm,
    /// The next of its chats.
    cursor: u32,
}

impl Lane {
    /// All lanes for this kind of work. Each has chats of its own, so that a customer's messages are
    /// sent in their order.
    pub(super) fn all(run: &Arc<Run>, work: Work, alarm: &Alarm) -> Vec<Self> {
        let rate = work.rate(run);
        if rate.is_zero() {
            return Vec::new();
        }
        let needed = match work {
            Work::Customers => run.args.connections,
            _ => needed_for(rate).min(run.args.connections),
        };
        let count = needed.min(run.args.customers);
        let lane = |index| Self {
            run: Arc::clone(run),
            work,
            index,
            count,
            connection: Connection::new(Source::nth(&run.target, 0)),
            alarm: alarm.clone(),
            cursor: 0,
        };
        (0..count).map(lane).collect()
    }

    /// Until nothing more is due or sending ends.
    pub(super) async fn work(mut self) {
        let (rate, end) = (self.work.rate(&self.run), self.run.sending_time());
        let (begin, sending_ends) = (self.run.begin(), self.run.sending_ends.clone());
        let mut turn = u64::from(self.index);
        while let Some(due) = rate.due(turn).filter(|due| *due < end) {
            let at = begin + due;
            let is_early = Instant::now() < at;
            tokio::select! {
                () = self.alarm.wait_until(at) => {}
                () = sending_ends.cancelled() => {}
            }
            if sending_ends.is_cancelled() {
                return self.run.meter.add(Count::Unsent, rest(turn, self.count, rate, end));
            }
            if is_early {
                self.run.record_since(Hop::ClientLag, due);
            } else {
                self.run.meter.count(Count::Late);
            }
            self.perform(due).await;
            turn += u64::from(self.count);
        }
    }

    async fn perform(&mut self, due: Duration) {
        match self.work {
            Work::Customers => self.write_as_customer(due).await,
            Work::Answers => self.answer(due).await,
            Work::Transfers => self.transfer(due).await,
            Work::Closings => self.close(due).await,
        }
    }

    async fn write_as_customer(&mut self, due: Duration) {
        let run = Arc::clone(&self.run);
        let chat = self.next_chat();
        let held = run.holders.held(chat);
        let ordinal = run.inbound.begin(chat, due, held.map_or(NOBODY, |held| held.agent));
        let body = json!({
            "event": "message_received", "version": "v1", "session_id": run.number_id,
            "data": {
                "from": run.id.number(chat), "message": CUSTOMER_TEXT,
                "message_id": run.id.message(chat, ordinal), "contact_name": "Cliente de teste",
            },
        });
        let body = Bytes::from(body.to_string());
        let call = Call { method: Method::POST, path: WEBHOOK, bearer: None, body: Some(body) };
        let answer = self.connection.call(call).await;
        if self.is_good(answer, due, 200) {
            let is_expected = held.is_some_and(|held| run.holders.is_still(chat, held));
            run.inbound.accepted(chat, ordinal, is_expected);
        } else {
            run.inbound.unknown(chat, ordinal);
        }
    }

    async fn answer(&mut self, due: Duration) {
        let run = Arc::clone(&self.run);
        let Some((chat, agent)) = self.next_held_chat(Intent::Keep) else { return };
        let ordinal = run.outbound.begin(chat, due, agent);
        let body = json!({
            "to": run.id.number(chat), "type": "text", "text": AGENT_TEXT,
            "client_message_id": run.id.message(chat, ordinal),
        });
        if self.ask_as(agent, SEND, body.to_string(), due, 202).await {
            run.outbound.accepted(chat, ordinal, true);
        } else {
            run.outbound.unknown(chat, ordinal);
        }
        run.holders.put_down(chat, false);
    }

    async fn transfer(&mut self, due: Duration) {
        let run = Arc::clone(&self.run);
        let colleagues = u32::try_from(run.agents.len()).unwrap_or(u32::MAX);
        if colleagues < 2 {
            return run.meter.count(Count::Idle);
        }
        let Some((chat, agent)) = self.next_held_chat(Intent::GiveAway) else { return };
        let to = (agent + rand::rng().random_range(1..colleagues)) % colleagues;
        let to_id = run.agent(to).map(|agent| agent.id);
        let path = format!("/api/v1/chats/{}/transferir/", run.id.number(chat));
        let body = json!({ "atendente_destino_id": to_id, "motivo": "Teste de carga" });
        let is_good = self.ask_as(agent, &path, body.to_string(), due, 200).await;
        run.holders.put_down(chat, !is_good);
    }

    async fn close(&mut self, due: Duration) {
        let run = Arc::clone(&self.run);
        let Some((chat, agent)) = self.next_held_chat(Intent::GiveAway) else { return };
        let path = format!("/api/v1/chats/{}/encerrar/", run.id.number(chat));
        let body = json!({ "solicitar_avaliacao": false });
        let is_good = self.ask_as(agent, &path, body.to_string(), due, 200).await;
        run.holders.put_down(chat, !is_good);
    }

    async fn ask_as(
        &mut self,
        agent: AgentIndex,
        path: &str,
        body: String,
        due: Duration,
        good: u16,
    ) -> bool {
        let run = Arc::clone(&self.run);
        let bearer = run.agent(agent).map(|agent| &agent.bearer);
        let body = Some(Bytes::from(body));
        let call = Call { method: Method::POST, path, bearer, body };
        let answer = self.connection.call(call).await;
        self.is_good(answer, due, good)
    }

    /// Records the time of a good answer and counts every other one.
    fn is_good(&self, answer: Result<Answer, CallError>, due: Duration, good: u16) -> bool {
        let (meter, name) = (&self.run.meter, self.work.name());
        match answer {
            Ok(Answer { status, .. }) if status == good => {
                self.run.record_since(self.work.hop(), due);
                return true;
            }
            Ok(Answer { status, .. }) => meter.error(name, &format!("status {status}")),
            Err(error) => meter.error(name, &error.to_string()),
        }
        false
    }

    /// The chats of a lane are those with its index modulo the number of lanes.
    fn next_chat(&mut self) -> ChatIndex {
        let own = (self.run.args.customers - self.index).div_ceil(self.count);
        let chat = self.index + (self.cursor % own) * self.count;
        self.cursor = (self.cursor + 1) % own;
        chat
    }

    fn next_held_chat(&mut self, intent: Intent) -> Option<(ChatIndex, AgentIndex)> {
        for _ in 0..LOOKS_MAX {
            let chat = self.next_chat();
            if let Some(agent) = self.run.holders.take_in_hand(chat, intent) {
                return Some((chat, agent));
            }
        }
        self.run.meter.count(Count::Idle);
        None
    }
}

fn needed_for(rate: Rate) -> u32 {
    let per_second = rate.within(Duration::from_secs(1));
    u32::try_from(per_second.div_ceil(u64::from(PER_CONNECTION))).unwrap_or(u32::MAX).max(1)
}

/// How many turns of a lane are left from this one on.
fn rest(turn: u64, lanes: u32, rate: Rate, end: Duration) -> u64 {
    rate.within(end).saturating_sub(turn).div_ceil(u64::from(lanes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_turns_of_all_lanes_are_all_that_is_due() {
        let (rate, end): (Rate, _) = ("7".parse().unwrap(), Duration::from_secs(3));
        let turns: u64 = (0..4).map(|index| rest(index, 4, rate, end)).sum();
        assert_eq!(turns, rate.within(end));
        let due = (0..1000).filter(|n| rate.due(*n).unwrap() < end).count();
        assert_eq!(turns, due as u64);
        assert_eq!(rest(21, 4, rate, end), 0);
    }

    #[test]
    fn connections_for_agents_follow_the_rate() {
        let needed = ["0.5", "20", "21", "1000"].map(|rate| needed_for(rate.parse().unwrap()));
        assert_eq!(needed, [1, 1, 2, 50]);
    }
}

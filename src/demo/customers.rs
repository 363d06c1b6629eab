//! Simulated customers: each writes, waits, reminds, answers, says thanks and comes back later.
//!
//! Bounded: one conversation per customer at a time, and nobody writes more than a few messages
//! without an answer.

use std::time::Duration;

use dx_actors::{
    domain::{Inbound, SessionId},
    session::{SandboxNetwork, SandboxSent},
};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::state::AppState;

/// Reminders without an answer, then the customer only waits.
const REMINDERS_MAX: usize = 3;
/// Before the first message and between conversations, in seconds.
const PAUSE_SECONDS: std::ops::Range<u64> = 5..45;
const COME_BACK_SECONDS: std::ops::Range<u64> = 60..240;
/// Before a reminder, in seconds.
const PATIENCE_SECONDS: std::ops::Range<u64> = 60..150;
/// Reading and typing before an answer, in seconds.
const TYPING_SECONDS: std::ops::Range<u64> = 2..7;

/// Somebody who writes to the company.
#[derive(Debug, Clone, Copy)]
pub(super) struct Customer {
    name: &'static str,
    phone: &'static str,
    opening: &'static str,
    answers: [&'static str; 3],
}

/// Everybody who writes in the demonstration.
pub(super) fn all() -> [Customer; 8] {
    let customer = |name, phone, opening, answers| Customer { name, phone, opening, answers };
    [
        customer(
            "Marina (Pão Quente)",
            "5511970000001",
            "Bom dia! Meu pedido de ontem ainda não chegou.",
            ["É o pedido 4821.", "Isso, endereço da Rua das Flores, 123.", "Perfeito, obrigada!"],
        ),
        customer(
            "João Pereira",
            "5511970000002",
            "Oi, preciso da segunda via do boleto.",
            ["CNPJ 12.345.678/0001-90.", "Vence dia 30.", "Recebi, valeu!"],
        ),
        customer(
            "Zé da Oficina",
            "5521970000003",
            "Boa tarde, vocês atendem no sábado?",
            ["Seria por volta das 10h.", "Pode ser.", "Combinado, até sábado!"],
        ),
        customer(
            "Larissa Nunes",
            "5531970000004",
            "Olá! Quero contratar o plano anual, qual o valor?",
            ["Para 12 usuários.", "Tem desconto à vista?", "Vou fechar, muito obrigada!"],
        ),
        customer(
            "Carlos Eduardo",
            "5541970000005",
            "Não consigo entrar no sistema, diz senha inválida.",
            ["Já tentei redefinir e o e-mail não chega.", "Agora chegou!", "Funcionou, obrigado!"],
        ),
        customer(
            "Dona Neusa",
            "5551970000006",
            "boa tarde moço, meu aparelho parou de funcionar",
            ["a luzinha fica vermelha", "desliguei e liguei de novo", "voltou! Deus abençoe"],
        ),
        customer(
            "Rafael Tech",
            "5561970000007",
            "Vocês têm API para integrar com nosso ERP?",
            [
                "Precisamos de webhook de pagamentos.",
                "Onde vejo a documentação?",
                "Show, obrigado.",
            ],
        ),
        customer(
            "Beatriz Alves",
            "5571970000008",
            "Quero cancelar minha assinatura, por favor.",
            ["Estou cortando custos.", "Hm, com esse desconto eu fico.", "Fechado, obrigada."],
        ),
    ]
}

/// One customer's behaviour.
pub(super) struct Script {
    network: SandboxNetwork,
    session_id: SessionId,
    customer: Customer,
    answers: broadcast::Receiver<SandboxSent>,
}

impl Script {
    pub(super) fn new(app: &AppState, session_id: SessionId, customer: Customer) -> Self {
        let network = app.network.clone();
        let answers = network.sent();
        Self { network, session_id, customer, answers }
    }

    /// Talks until the hub stops.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.live() => {}
        }
    }

    async fn live(&mut self) {
        pause(PAUSE_SECONDS).await;
        loop {
            self.converse().await;
            pause(COME_BACK_SECONDS).await;
        }
    }

    async fn converse(&mut self) {
        self.write(self.customer.opening).await;
        self.wait_for_answer().await;
        for answer in self.customer.answers {
            self.network.customer_types(self.session_id, self.chat_id(), true).await;
            pause(TYPING_SECONDS).await;
            self.network.customer_types(self.session_id, self.chat_id(), false).await;
            self.write(answer).await;
            // After the last one it is the company that closes.
            if answer != self.customer.answers[2] {
                self.wait_for_answer().await;
            }
        }
    }

    /// Waits for a message of the company, reminding it a few times.
    async fn wait_for_answer(&mut self) {
        let reminders = ["Olá?", "Tem alguém aí?", "Fico no aguardo."];
        for reminder in reminders.into_iter().take(REMINDERS_MAX) {
            tokio::select! {
                () = next_answer(&mut self.answers, self.customer.phone) => return,
                () = pause(PATIENCE_SECONDS) => {}
            }
            self.write(reminder).await;
        }
        next_answer(&mut self.answers, self.customer.phone).await;
    }

    async fn write(&self, text: &str) {
        let message_id = format!("DEMO{:032X}", rand::random::<u128>());
        let message = Inbound {
            chat_id: self.chat_id(),
            contact_name: self.customer.name.to_owned(),
            ..Inbound::text(self.customer.phone, &message_id, text)
        };
        // The number may be stopped: then the customer simply is not heard, as in life.
        self.network.customer_writes(self.session_id, message).await;
    }

    fn chat_id(&self) -> String {
        self.customer.phone.to_owned()
    }
}

/// Waits for the company's next message to this customer. Ends never when the network is gone.
async fn next_answer(answers: &mut broadcast::Receiver<SandboxSent>, phone: &str) {
    loop {
        match answers.recv().await {
            Ok(sent) if sent.chat_id == phone => return,
            // Somebody else's, or some were missed while busy.
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

async fn pause(seconds: std::ops::Range<u64>) {
    tokio::time::sleep(Duration::from_secs(rand::random_range(seconds))).await;
}

//! The stand-in of WhatsApp's network itself, driven by the client library alone: what it is good for
//! must not depend on the hub.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, mpsc},
    time::timeout,
};
use whatsapp_rust::{
    Client, InboundDurabilityHook, Jid, SendOptions, TokioRuntime, UploadOptions, anyhow,
    async_trait,
    bot::{Bot, BotHandle, EventDelivery},
    http::{HttpClient, HttpRequest, HttpResponse},
    media,
    pair_code::PairCodeOptions,
    transport::TokioWebSocketTransportFactory,
    types::{
        durability_hook::InboundMessage,
        events::{Event, EventKind},
    },
    wacore::{
        download::MediaType,
        iq::keepalive::KeepaliveSpec,
        store::InMemoryBackend,
        types::presence::{ChatPresence, ChatPresenceMedia, ReceiptType},
    },
};

use crate::support::{
    eventually,
    fake_whatsapp::{Customer, Failure, FakeWhatsapp, File, Manner, PHONE_NUMBER, text_message},
};

const MARIA: &str = "5511999990001";
const EVENT_DEADLINE: Duration = Duration::from_secs(10);

/// A companion of the library's own.
struct Companion {
    client: Arc<Client>,
    handle: BotHandle,
    events: Mutex<mpsc::UnboundedReceiver<Arc<Event>>>,
    /// What the hook was given; it says yes only while it may.
    committed: Arc<Mutex<Vec<String>>>,
    may_commit: Arc<std::sync::atomic::AtomicBool>,
}

struct Hook {
    committed: Arc<Mutex<Vec<String>>>,
    may_commit: Arc<std::sync::atomic::AtomicBool>,
}

#[async_trait]
impl InboundDurabilityHook for Hook {
    async fn on_messages(&self, _: Arc<Client>, batch: &[InboundMessage]) -> anyhow::Result<()> {
        let may = self.may_commit.load(std::sync::atomic::Ordering::SeqCst);
        anyhow::ensure!(may, "the database is away");
        // What the phone itself says to its companion is not for people.
        let from_customers = batch.iter().filter(|message| !message.info.source.is_from_me);
        self.committed.lock().await.extend(from_customers.map(|message| message.info.id.clone()));
        Ok(())
    }
}

/// Files over plain HTTP, from the host that the network names.
struct PlainHttp(reqwest::Client);

#[async_trait]
impl HttpClient for PlainHttp {
    async fn execute(&self, request: HttpRequest) -> anyhow::Result<HttpResponse> {
        let url = request.url.replacen("https://", "http://", 1);
        let method = request.method.parse()?;
        let call = self.0.request(method, url).body(request.body.unwrap_or_default());
        let answer = call.send().await?;
        Ok(HttpResponse {
            status_code: answer.status().as_u16(),
            body: answer.bytes().await?.to_vec(),
        })
    }
}

impl Companion {
    async fn start(fake: &FakeWhatsapp, store: &Arc<InMemoryBackend>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (told, events) = mpsc::unbounded_channel();
        let committed = Arc::<Mutex<Vec<String>>>::default();
        let may_commit = Arc::new(std::sync::atomic::AtomicBool::new(true));
        let hook = Hook { committed: Arc::clone(&committed), may_commit: Arc::clone(&may_commit) };
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let bot = Bot::builder()
            .with_backend_arc(store.clone())
            .with_transport_factory(TokioWebSocketTransportFactory::new().with_url(fake.url()))
            .with_http_client(PlainHttp(http))
            .with_runtime(TokioRuntime)
            .with_version((2, 3000, 1))
            .with_push_name("Loja de Testes")
            .skip_history_sync()
            .with_event_delivery(EventDelivery::Ordered { capacity: 1024 })
            .with_inbound_durability_hook(hook)
            .on_event(move |event, _| {
                let told = told.clone();
                async move {
                    let _ = told.send(event);
                }
            })
            .build()
            .await
            .expect("a bot");
        let client = bot.client();
        let events = Mutex::new(events);
        Self { client, handle: bot.spawn(), events, committed, may_commit }
    }

    /// A companion that is linked and has said that it is ready.
    async fn linked(fake: &FakeWhatsapp) -> Self {
        let companion = Self::start(fake, &Arc::new(InMemoryBackend::new())).await;
        let code = companion
            .until(|event| match event {
                Event::PairingQrCode(shown) => Some(shown.code.clone()),
                _ => None,
            })
            .await;
        fake.scan(&code);
        companion.becomes(EventKind::Connected).await;
        companion
    }

    /// Waits for an event that says what is wanted.
    async fn until<T>(&self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let mut events = self.events.lock().await;
        let mut passed = Vec::new();
        let found = timeout(EVENT_DEADLINE, async {
            loop {
                let event = events.recv().await.expect("the bot runs");
                if let Some(found) = wanted(&event) {
                    return found;
                }
                passed.push(event.kind());
            }
        });
        found.await.unwrap_or_else(|_| panic!("it did not come; what came was {passed:?}"))
    }

    async fn becomes(&self, kind: EventKind) {
        self.until(|event| (event.kind() == kind).then_some(())).await;
    }

    async fn sends(&self, to: &Jid, id: &str, text: &str) {
        let options = SendOptions::default().with_message_id(id);
        let sent = self.client.send_message_with_options(to, text_message(text), options).await;
        sent.expect("the message is on its way");
    }
}

fn number_of(customer: &Customer) -> Jid {
    format!("{}@s.whatsapp.net", customer.number()).parse().expect("an address")
}

async fn scene() -> (FakeWhatsapp, Companion, Customer) {
    let fake = FakeWhatsapp::start().await;
    let maria = fake.customer(MARIA, "Maria Souza");
    let companion = Companion::linked(&fake).await;
    (fake, companion, maria)
}

#[tokio::test]
async fn a_companion_is_linked_writes_and_is_written_to() {
    let (fake, companion, maria) = scene().await;
    assert_eq!(fake.pairings(), 1);
    let id = maria.says("Olá, preciso de ajuda").await;
    let (chat, name, text) = companion
        .until(|event| match event {
            Event::Messages(batch) => batch.iter().next().map(|it| {
                let info = &it.info;
                (info.source.chat.clone(), info.push_name.clone(), it.message.conversation.clone())
            }),
            _ => None,
        })
        .await;
    assert_eq!((name.as_str(), text.as_deref()), ("Maria Souza", Some("Olá, preciso de ajuda")));
    fake.acknowledges(&id).await;
    companion.sends(&chat, "OURS1", "Bom dia").await;
    let taken = maria.receives(1).await;
    assert_eq!((taken.id.as_str(), taken.text()), ("OURS1", "Bom dia"));
    companion.becomes(EventKind::ServerAck).await;
    maria.got("OURS1");
    maria.reads("OURS1");
    for wanted in [ReceiptType::Delivered, ReceiptType::Read] {
        companion
            .until(|event| match event {
                Event::Receipt(receipt) => (receipt.r#type == wanted).then_some(()),
                _ => None,
            })
            .await;
    }
    let copies = fake.copies();
    assert!(copies[0].device_sent_message.is_set(), "the phone shows it, too: {copies:?}");
    maria.types();
    companion
        .until(|event| match event {
            Event::ChatPresence(it) => (it.state == ChatPresence::Composing).then_some(()),
            _ => None,
        })
        .await;
    companion.client.chatstate().send_composing(&chat).await.expect("it is connected");
    eventually("the customer sees that somebody types", async || {
        (maria.chat_states() == ["composing"]).then_some(())
    })
    .await;
    companion.client.mark_as_read(&chat, None, &[id.as_str()]).await.expect("it is connected");
    eventually("the customer sees that it was read", async || {
        (fake.read() == [id.clone()]).then_some(())
    })
    .await;
    companion.handle.shutdown().await;
    fake.assert_well_used();
}

#[tokio::test]
async fn a_code_typed_on_the_phone_links_as_well() {
    let fake = FakeWhatsapp::start().await;
    let companion = Companion::start(&fake, &Arc::new(InMemoryBackend::new())).await;
    companion.becomes(EventKind::PairingQrCode).await;
    let phone_number = PHONE_NUMBER.to_owned();
    let options = PairCodeOptions { phone_number, ..PairCodeOptions::default() };
    let code = companion.client.pair_with_code(options).await.expect("a code");
    fake.types_code(&code).await;
    companion.becomes(EventKind::PairSuccess).await;
    companion.becomes(EventKind::Connected).await;
    companion.handle.shutdown().await;
    fake.assert_well_used();
}

#[tokio::test]
async fn a_cut_connection_comes_back_and_so_does_what_waited() {
    let (fake, companion, maria) = scene().await;
    fake.hold_deliveries();
    let mut ids = Vec::new();
    for n in 0..10 {
        ids.push(maria.says(&format!("mensagem {n}")).await);
    }
    let logins = fake.logins();
    fake.drop_connections();
    companion.becomes(EventKind::Disconnected).await;
    companion.becomes(EventKind::Connected).await;
    for id in &ids {
        fake.acknowledges(id).await;
    }
    assert_eq!(*companion.committed.lock().await, ids, "in order, each once");
    assert_eq!(fake.logins(), logins + 1);
    companion.handle.shutdown().await;
    fake.assert_well_used();
}

#[tokio::test]
async fn what_is_not_acknowledged_is_delivered_again() {
    let (fake, companion, maria) = scene().await;
    companion.may_commit.store(false, std::sync::atomic::Ordering::SeqCst);
    let id = maria.says("Alguém aí?").await;
    eventually("the message was delivered", async || (fake.times_sent(&id) == 1).then_some(()))
        .await;
    fake.drop_connections();
    companion.becomes(EventKind::Disconnected).await;
    assert!(!fake.is_acknowledged(&id), "nothing was committed");
    companion.may_commit.store(true, std::sync::atomic::Ordering::SeqCst);
    fake.acknowledges(&id).await;
    assert_eq!(*companion.committed.lock().await, [id]);
    companion.handle.shutdown().await;
    fake.assert_well_used();
}

#[tokio::test]
async fn a_message_reaches_the_reader_over_either_address() {
    let (fake, companion, maria) = scene().await;
    let first = maria.says("do número").await;
    let second = maria.writes_by_lid().says("do LID").await;
    fake.acknowledges(&first).await;
    fake.acknowledges(&second).await;
    let lid: Jid = format!("{}@lid", maria.lid()).parse().expect("an address");
    companion.sends(&lid, "OURS1", "para o LID").await;
    companion.sends(&number_of(&maria), "OURS2", "para o número").await;
    maria.receives(2).await;
    let texts: Vec<_> = maria.taken().iter().map(|it| it.text().to_owned()).collect();
    assert_eq!(texts, ["para o LID", "para o número"]);
    companion.handle.shutdown().await;
    fake.assert_well_used();
}

#[tokio::test]
async fn whoever_cannot_read_asks_again() {
    let (fake, companion, maria) = scene().await;
    let id = maria.says("Oi").await;
    fake.acknowledges(&id).await;
    companion.sends(&number_of(&maria), "OURS1", "um").await;
    maria.receives(1).await;
    maria.loses_sessions();
    companion.sends(&number_of(&maria), "OURS2", "dois").await;
    assert_eq!(maria.receives(2).await.text(), "dois");
    let id = maria.says("de um telefone novo").await;
    fake.acknowledges(&id).await;
    companion.handle.shutdown().await;
    fake.assert_well_used();
}

#[tokio::test]
async fn files_go_both_ways_encrypted() {
    let (fake, companion, maria) = scene().await;
    let picture = vec![7; 100_000];
    let id = maria.sends_file(File::Image { caption: "veja" }, &picture, "image/png").await;
    let image = companion
        .until(|event| match event {
            Event::Messages(batch) => {
                batch.iter().find_map(|it| it.message.image_message.as_option().cloned())
            }
            _ => None,
        })
        .await;
    fake.acknowledges(&id).await;
    assert_eq!(companion.client.download(&image).await.expect("a file"), picture);
    let uploaded = companion
        .client
        .upload(picture.clone(), MediaType::Document, UploadOptions::default())
        .await
        .expect("it is there");
    let message = media::document_message(uploaded, media::DocumentOptions::default());
    companion.client.send_message(number_of(&maria), message).await.expect("it is on its way");
    let taken = maria.receives(1).await;
    assert_eq!(maria.opens(&taken), picture);
    companion.handle.shutdown().await;
    fake.assert_well_used();
}

#[tokio::test]
async fn refusals_and_ends_say_why() {
    let (fake, companion, maria) = scene().await;
    fake.behave([Manner::Refuse(479)]);
    companion.sends(&number_of(&maria), "OURS1", "não passa").await;
    let code = companion
        .until(|event| match event {
            Event::ServerAck(ack) if ack.id == "OURS1" => Some(ack.error.clone()),
            _ => None,
        })
        .await;
    assert_eq!(code.as_deref(), Some("479"));
    assert!(maria.taken().is_empty(), "it was not taken");
    fake.refuse_logins(Some(Failure { reason: 402, ban: Some((101, 3600)) }));
    fake.drop_connections();
    companion.becomes(EventKind::TemporaryBan).await;
    companion.handle.shutdown().await;
    fake.assert_well_used();
}

#[tokio::test]
async fn signals_of_a_customer_are_told_as_they_are() {
    let (fake, companion, maria) = scene().await;
    let id = maria.says("Oi").await;
    fake.acknowledges(&id).await;
    companion.sends(&number_of(&maria), "OURS1", "um áudio").await;
    maria.receives(1).await;
    companion.client.presence().subscribe(number_of(&maria)).await.expect("it is connected");
    eventually("the network knows who asks", async || {
        (!fake.subscriptions().is_empty()).then_some(())
    })
    .await;
    maria.comes_online();
    maria.records();
    maria.plays("OURS1");
    maria.goes_offline();
    let (mut is_played, mut is_recording, mut is_away) = (false, false, Vec::new());
    while !is_played || !is_recording || is_away.len() < 2 {
        let told = companion.until(|event| match event {
            Event::Presence(it) => Some((None, None, Some(it.unavailable))),
            Event::ChatPresence(it) => {
                Some((None, Some(it.media == ChatPresenceMedia::Audio), None))
            }
            Event::Receipt(it) => Some((Some(it.r#type == ReceiptType::Played), None, None)),
            _ => None,
        });
        let (played, recording, away) = told.await;
        is_played |= played.unwrap_or_default();
        is_recording |= recording.unwrap_or_default();
        is_away.extend(away);
    }
    assert_eq!(is_away, [false, true]);
    companion.handle.shutdown().await;
    fake.assert_well_used();
}

#[tokio::test]
async fn a_deaf_network_answers_nothing() {
    let (fake, companion, _) = scene().await;
    let ping = async || {
        let ping = KeepaliveSpec::with_timeout(Duration::from_millis(200));
        companion.client.execute(ping).await
    };
    ping().await.expect("it answers");
    fake.set_deaf(true);
    ping().await.expect_err("it says nothing");
    fake.set_deaf(false);
    ping().await.expect("it answers again");
    companion.handle.shutdown().await;
    fake.assert_well_used();
}

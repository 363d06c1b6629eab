//! Who gets which chat, by itself and when asked; also when everybody asks at once.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server, Socket,
    client::{id, list, results, text},
    eventually, on_both_databases,
    wire::{CHATS, DEPARTMENTS, TICKETS, customer_number},
};

on_both_databases!(
    new_chat_goes_to_the_agent_who_is_online,
    waiting_chat_goes_to_the_first_agent_who_comes_online,
    freed_slot_takes_the_next_chat,
    more_capacity_takes_more_chats,
    urgent_chats_go_first_and_equal_ones_in_order_of_arrival,
    capacity_is_never_exceeded_by_itself,
    chats_are_spread_evenly,
    twenty_parallel_distributions_assign_every_chat_once,
    two_hundred_parallel_accepts_have_one_winner,
    twenty_parallel_first_messages_make_one_chat,
);

/// A department `Vendas` of this capacity with these agents, all online, nothing assigned by itself.
async fn manual_office(
    database: &Database,
    capacity: i64,
    names: &[&str],
) -> (Server, Client, i64, Vec<Client>) {
    let server = Server::start_without_auto_distribution(database).await;
    let (admin, department, people) = open_office(&server, capacity, names).await;
    for person in &people {
        person.set_status("online").await;
    }
    (server, admin, department, people)
}

/// The same on any server, with nobody online.
async fn open_office(server: &Server, capacity: i64, names: &[&str]) -> (Client, i64, Vec<Client>) {
    let admin = server.admin().await;
    let mut people = Vec::new();
    for name in names {
        people.push(admin.create_agent(name, "atendente", &[]).await);
    }
    let members: Vec<_> = people.iter().map(|person| person.id).collect();
    let department = admin.create_department("Vendas", capacity, &members).await;
    (admin, department, people)
}

/// The chats that a person works on.
async fn chats_of(person: &Client) -> BTreeSet<String> {
    let mine = person.get(&format!("{TICKETS}meus-atendimentos/")).expect(200).await;
    list(&mine).iter().map(|row| text(&row["chat_id"]).to_owned()).collect()
}

async fn enqueue_many(admin: &Client, department: i64, numbers: std::ops::Range<usize>) {
    for n in numbers {
        admin.enqueue(department, &customer_number(n), "normal").await;
    }
}

async fn new_chat_goes_to_the_agent_who_is_online(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let support = admin.department("Suporte").await;
    let ana = admin.create_agent("ana", "atendente", &[support]).await;
    let mut socket = Socket::connect(&server, &ana).await;
    ana.set_status("online").await;
    let number = customer_number(1);
    admin.receive(&number, "Olá?", "m1").await;
    let assigned = socket.next_event("chat_assigned").await;
    assert_eq!(assigned["chat_id"], number);
    assert_eq!(assigned["mensagem_inicial"], "Olá?");
    let chat = ana.chat(&number).await;
    assert_eq!(chat["id"], assigned["atendimento_id"]);
    assert_eq!(chat["atendente"], ana.id);
    assert_eq!(chat["status"], "em_atendimento");
    assert!(chat["iniciado_em"].is_string());
}

async fn waiting_chat_goes_to_the_first_agent_who_comes_online(database: Database) {
    let server = Server::start(&database).await;
    let (admin, department, people) = open_office(&server, 5, &["ana"]).await;
    let number = customer_number(1);
    admin.enqueue(department, &number, "normal").await;
    assert_eq!(admin.chat(&number).await["status"], "aguardando", "nobody is there");
    people[0].set_status("online").await;
    let chat = admin.chat_gets_agent(&number, people[0].id).await;
    assert_eq!(chat["status"], "em_atendimento");
}

async fn freed_slot_takes_the_next_chat(database: Database) {
    let server = Server::start(&database).await;
    let (admin, department, people) = open_office(&server, 1, &["ana"]).await;
    let ana = &people[0];
    ana.set_status("online").await;
    let [first, second] = [1, 2].map(customer_number);
    admin.enqueue(department, &first, "normal").await;
    admin.chat_gets_agent(&first, ana.id).await;
    admin.enqueue(department, &second, "normal").await;
    assert_eq!(admin.chat(&second).await["status"], "aguardando", "ana is full");
    ana.close_chat(&first).await;
    admin.chat_gets_agent(&second, ana.id).await;
}

async fn more_capacity_takes_more_chats(database: Database) {
    let server = Server::start(&database).await;
    let (admin, department, people) = open_office(&server, 1, &["ana"]).await;
    people[0].set_status("online").await;
    enqueue_many(&admin, department, 1..4).await;
    admin.chat_gets_agent(&customer_number(1), people[0].id).await;
    let path = format!("{DEPARTMENTS}{department}/");
    admin.patch(&path, json!({ "max_atendimentos_simultaneos": 2 })).expect(200).await;
    admin.chat_gets_agent(&customer_number(2), people[0].id).await;
    assert_eq!(admin.chat(&customer_number(3)).await["status"], "aguardando");
}

#[tokio::test]
async fn switch_in_the_settings_leaves_only_the_endpoint() {
    let (_server, admin, department, people) = manual_office(&Database::Sqlite, 5, &["ana"]).await;
    enqueue_many(&admin, department, 1..3).await;
    assert_eq!(chats_of(&people[0]).await.len(), 0);
    assert_eq!(admin.distribute(department).await, 2);
    assert_eq!(chats_of(&people[0]).await.len(), 2);
}

async fn urgent_chats_go_first_and_equal_ones_in_order_of_arrival(database: Database) {
    let (_server, admin, department, people) = manual_office(&database, 1, &["ana"]).await;
    let order = ["normal", "baixa", "alta", "urgente", "alta", "normal"];
    for (n, priority) in order.into_iter().enumerate() {
        admin.enqueue(department, &customer_number(n), priority).await;
    }
    // urgente, both altas, both normais, baixa.
    for n in [3, 2, 4, 0, 5, 1] {
        assert_eq!(admin.distribute(department).await, 1);
        assert_eq!(chats_of(&people[0]).await, BTreeSet::from([customer_number(n)]));
        people[0].close_chat(&customer_number(n)).await;
    }
}

async fn capacity_is_never_exceeded_by_itself(database: Database) {
    let (_server, admin, department, people) = manual_office(&database, 2, &["ana"]).await;
    enqueue_many(&admin, department, 1..6).await;
    assert_eq!(admin.distribute(department).await, 2);
    assert_eq!(admin.distribute(department).await, 0);
    // A person may take one more.
    people[0].accept(&customer_number(5)).await;
    people[0].close_chat(&customer_number(1)).await;
    assert_eq!(admin.distribute(department).await, 0, "two are left");
    people[0].close_chat(&customer_number(2)).await;
    assert_eq!(admin.distribute(department).await, 1);
}

#[tokio::test]
async fn load_counts_over_all_departments() {
    let (_server, admin, department, people) = manual_office(&Database::Sqlite, 2, &["ana"]).await;
    let other = admin.create_department("Outros", 2, &[people[0].id]).await;
    enqueue_many(&admin, department, 1..2).await;
    enqueue_many(&admin, other, 2..5).await;
    assert_eq!(admin.distribute(department).await, 1);
    assert_eq!(admin.distribute(other).await, 1);
}

async fn chats_are_spread_evenly(database: Database) {
    let (_server, admin, department, people) =
        manual_office(&database, 5, &["ana", "bia", "caio"]).await;
    enqueue_many(&admin, department, 1..10).await;
    assert_eq!(admin.distribute(department).await, 9);
    for person in &people {
        assert_eq!(chats_of(person).await.len(), 3, "{}", person.username);
    }
}

#[tokio::test]
async fn least_loaded_agent_is_chosen() {
    let (_server, admin, department, people) =
        manual_office(&Database::Sqlite, 5, &["ana", "bia"]).await;
    enqueue_many(&admin, department, 1..4).await;
    people[0].accept(&customer_number(1)).await;
    people[0].accept(&customer_number(2)).await;
    assert_eq!(admin.distribute(department).await, 1);
    assert_eq!(chats_of(&people[1]).await, BTreeSet::from([customer_number(3)]));
}

#[tokio::test]
async fn returning_customer_meets_the_same_agent() {
    let (_server, admin, department, people) =
        manual_office(&Database::Sqlite, 5, &["ana", "bia"]).await;
    let ana = &people[0];
    enqueue_many(&admin, department, 1..3).await;
    ana.accept(&customer_number(1)).await;
    ana.accept(&customer_number(2)).await;
    ana.close_chat(&customer_number(1)).await;
    // Bia has nothing to do, but ana is only one chat ahead.
    enqueue_many(&admin, department, 1..2).await;
    assert_eq!(admin.distribute(department).await, 1);
    assert!(chats_of(ana).await.contains(&customer_number(1)));
}

#[tokio::test]
async fn only_members_who_are_online_get_chats() {
    let names = ["ausente", "ocupado", "offline", "nunca", "inativo"];
    let (_server, admin, department, people) = manual_office(&Database::Sqlite, 5, &names).await;
    for (person, status) in people.iter().zip(["away", "busy", "offline"]) {
        person.set_status(status).await;
    }
    let never = admin.create_agent("novo", "atendente", &[]).await;
    let outsider = admin.create_agent("otto", "atendente", &[]).await;
    outsider.set_status("online").await;
    let members: Vec<_> = people.iter().map(|person| person.id).chain([never.id]).collect();
    admin.set_members(department, &members).await;
    for person in &people[3..] {
        let path = format!("/api/v1/agents/{}/", person.id);
        admin.patch(&path, json!({ "is_active": false })).expect(200).await;
    }
    enqueue_many(&admin, department, 1..2).await;
    assert_eq!(admin.distribute(department).await, 0);
    assert_eq!(admin.chat(&customer_number(1)).await["status"], "aguardando");
}

#[tokio::test]
async fn chats_of_an_agent_who_left_go_to_a_colleague() {
    let setup = Server::on(&Database::Sqlite).env("PRESENCE_GRACE_SECONDS", "1");
    let server = setup.start().await;
    let admin = server.admin().await;
    let support = admin.department("Suporte").await;
    let ana = admin.create_agent("ana", "atendente", &[support]).await;
    let bia = admin.create_agent("bia", "atendente", &[support]).await;
    ana.set_status("online").await;
    let number = customer_number(1);
    admin.customer_writes(&number).await;
    let before = admin.chat_gets_agent(&number, ana.id).await;
    bia.set_status("online").await;
    ana.set_status("offline").await;
    let after = admin.chat_gets_agent(&number, bia.id).await;
    assert_eq!(id(&after), id(&before), "the same ticket, with its age");
    assert_eq!(after["criado_em"], before["criado_em"]);
}

/// Every waiting or assigned chat of a department: its tickets by chat.
async fn tickets_by_chat(admin: &Client, department: i64) -> BTreeMap<String, Vec<Value>> {
    let path = format!("{TICKETS}?departamento={department}&page_size=100");
    let page = admin.get(&path).expect(200).await;
    let mut by_chat = BTreeMap::<_, Vec<_>>::new();
    for row in results(&page) {
        let detail = admin.get(&format!("{TICKETS}{}/", id(row))).expect(200).await;
        by_chat.entry(text(&detail["chat_id"]).to_owned()).or_default().push(detail);
    }
    by_chat
}

async fn twenty_parallel_distributions_assign_every_chat_once(database: Database) {
    let (_server, admin, department, people) =
        manual_office(&database, 2, &["ana", "bia", "caio"]).await;
    enqueue_many(&admin, department, 0..10).await;
    let calls = (0..20).map(|_| admin.distribute(department));
    let assigned: i64 = join_all(calls).await.into_iter().sum();
    assert_eq!(assigned, 6, "each call reports only its own");
    let mut given = BTreeSet::new();
    for person in &people {
        let mine = chats_of(person).await;
        assert_eq!(mine.len(), 2, "{} is full and not over", person.username);
        given.extend(mine);
    }
    assert_eq!(given, (0..6).map(customer_number).collect(), "first come, first served");
    let tickets = tickets_by_chat(&admin, department).await;
    assert_eq!(tickets.len(), 10);
    assert!(tickets.values().all(|of_one_chat| of_one_chat.len() == 1), "{tickets:#?}");
}

async fn two_hundred_parallel_accepts_have_one_winner(database: Database) {
    let names = ["a1", "a2", "a3", "a4", "a5"];
    let (_server, admin, department, people) = manual_office(&database, 5, &names).await;
    let number = customer_number(1);
    admin.enqueue(department, &number, "normal").await;
    let path = format!("{CHATS}{number}/aceitar/");
    let calls = people
        .iter()
        .cycle()
        .take(200)
        .map(async |person| (person.id, person.post(&path, json!({})).send().await));
    let answers = join_all(calls).await;
    let (won, lost): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|(_, answer)| answer.status == 200);
    assert_eq!(won.len(), 1);
    for (_, answer) in lost {
        let answer = answer.expect(400);
        assert_eq!(answer.body["error"], "Este chat já está em_atendimento");
    }
    assert_eq!(admin.chat(&number).await["atendente"], won[0].0);
}

async fn twenty_parallel_first_messages_make_one_chat(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let number = customer_number(1);
    let calls = (0..20).map(async |n| admin.receive(&number, "oi", &format!("m{n}")).await);
    let rows = join_all(calls).await;
    let ids: BTreeSet<_> = rows.iter().map(id).collect();
    assert_eq!(ids.len(), 20);
    eventually("all twenty are in the chat", async || {
        let chat = admin.chat_opens(&number).await;
        (chat["total_mensagens_cliente"] == 20).then_some(())
    })
    .await;
    let page = admin.get(&format!("{CHATS}{number}/messages/")).expect(200).await;
    assert_eq!(page["total"], 20);
    let tickets = admin.get(TICKETS).expect(200).await;
    assert_eq!(tickets["count"], 1);
    let status = admin.get("/api/v1/whatsapp/sessions/status/").expect(200).await;
    assert_eq!(status["total_messages_received"], 20);
}

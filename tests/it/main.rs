//! Black-box tests: the real binary as a child process, real HTTP and WebSocket clients, and for each
//! test a database of its own. One binary, because linking costs more than running.
#![cfg(test)]

mod agents_and_roles;
mod audit;
mod auth;
mod authz;
mod chats;
mod conventions;
mod customers;
mod distribution;
mod documents;
mod generated_documents;
mod notifications;
mod postal_codes;
mod presence_and_typing;
mod reports;
mod restart;
mod send;
mod sessions;
mod settings;
mod support;
mod tickets;
mod webhook_and_inject;
mod websocket;

//! Black-box tests: the real binary as a child process, real HTTP and WebSocket clients, and for each
//! test a database of its own. One binary, because linking costs more than running.
#![cfg(test)]

mod agents_and_roles;
mod audiences;
mod audit;
mod auth;
mod authz;
mod automatic_messages;
mod chats;
mod cloud;
mod cloud_kill;
mod cloud_templates;
mod conventions;
mod customers;
mod distribution;
mod documents;
mod generated_documents;
mod load;
mod message_search;
mod metrics;
mod notes_and_tags;
mod notifications;
mod one_story;
mod postal_codes;
mod presence_and_typing;
mod reading;
mod reports;
mod restart;
mod routing;
mod send;
mod session_backup;
mod sessions;
mod settings;
mod support;
mod tickets;
mod web;
mod web_crash;
mod web_sessions;
mod web_standin;
mod webhook_and_inject;
mod webhooks_out;
mod websocket;

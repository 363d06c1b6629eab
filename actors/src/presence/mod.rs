//! The roster: who is there, who may be given a chat, and the sockets of everybody.

pub mod outbox;

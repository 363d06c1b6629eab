//! What travels: one file per resource, each key renamed once where it is Portuguese.
//!
//! The doc comments of types that derive `ToSchema` are published in the API's document, so they are
//! Portuguese. Types `…In` and `…Params` only document what handlers read with `Fields` and `Query`.
//!
//! Nothing but serde, schemas and conversions; decisions belong to the hub, spelling of values to `http`.

pub mod account;
pub mod agent;
pub mod audit;
mod audit_fields;
pub mod authz;
pub mod chat;
pub mod chat_history;
pub mod cloud;
mod cloud_content;
pub mod cloud_number;
pub mod company_group;
pub mod contact;
pub mod content;
pub mod csv;
pub mod customer;
pub mod customer_history;
pub mod customer_input;
pub mod customer_merge;
pub mod department;
pub mod document;
pub mod document_template;
pub mod events;
pub mod incoming;
pub mod inject;
pub mod media;
pub mod message;
pub mod message_change;
pub mod message_search;
pub mod notification;
pub mod opening_hours;
pub mod postal;
pub mod presence;
pub mod qr_image;
pub mod queue;
pub mod quick_reply;
pub mod registration;
pub mod remark;
pub mod report;
pub mod routing;
pub mod session;
pub mod session_backup;
pub mod session_diagnosis;
pub mod settings;
pub mod settings_in;
pub mod template;
pub mod ticket;
pub mod time;
pub mod webhook;
pub mod webhook_endpoint;
pub mod words;

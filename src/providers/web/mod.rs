//! WhatsApp Web: numbers that are linked to a phone, through the crate `whatsapp-rust`.

pub mod backend;

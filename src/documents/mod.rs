//! Generated documents as PDF: contracts, letters, boletos.
//!
//! The layouts are ours (`layout/*.typ`); what people wrote reaches them as data and is never run as
//! code. The engine reads nothing but what is handed to it: no files, no network, fonts of our own.
//! Equal input gives equal bytes, the clock is part of the input.

pub mod compose;
mod engine;
mod input;
mod markdown;
mod symbols;
mod world;

pub use engine::{TypesetError, Typesetter};
pub use input::{BankSlip, BoletoSheet, Letter, Letterhead, Party, PixBox, SheetStamp};

#[cfg(test)]
mod tests;

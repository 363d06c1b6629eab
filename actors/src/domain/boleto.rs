//! Boletos: the 44 digits of the bar code, the line of 47 digits that people type, due dates and what
//! each bank writes into its free field. Rules of FEBRABAN and of the banks; nothing here is I/O.

mod bank;
mod barcode;
mod check_digit;
mod code;
mod due;

pub use bank::{Bank, BankDetails, BankField, BankGap, PayableAccount};
pub use barcode::{BAR_CODE_MODULES, WIDE_MODULES, interleaved_2_of_5};
pub use check_digit::{modulo_10, modulo_11};
pub use code::{BoletoCode, BoletoFault, FreeField};
pub use due::{due_date, due_factor};

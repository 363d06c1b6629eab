//! The company itself, as documents and charges name it.

use serde::{Deserialize, Serialize};

use super::note;
use crate::domain::audit::{Differences, FieldChange};

/// Who the company is. Empty texts are what nobody has filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CompanySettings {
    pub legal_name: String,
    pub trade_name: String,
    /// CNPJ without punctuation, letters in upper case.
    pub tax_id: String,
    pub state_registration: String,
    pub city_registration: String,
    /// `1` Simples Nacional, `2` Simples with excess, `3` regular (the codes of NF-e); or empty.
    pub tax_regime: String,
    /// CNAE, seven digits.
    pub main_activity: String,
    pub phone: String,
    pub email: String,
    pub website: String,
    pub address: Address,
    pub bank: BankAccount,
    pub pix: Pix,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// CEP, eight digits.
    pub postal_code: String,
    pub street: String,
    pub number: String,
    pub complement: String,
    pub district: String,
    pub city: String,
    /// UF, two letters.
    pub state: String,
}

/// The account that boletos are paid into.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BankAccount {
    /// Three digits, as the central bank numbers the banks.
    pub bank: String,
    pub branch: String,
    pub branch_digit: String,
    pub account: String,
    pub account_digit: String,
    /// The kind of collection that was agreed with the bank.
    pub wallet: String,
    /// The number of the agreement with the bank.
    pub agreement: String,
}

/// The key that Pix charges are paid to, with the name and city that payers are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pix {
    pub key: String,
    pub name: String,
    pub city: String,
}

impl CompanySettings {
    pub(super) fn changes_since(&self, old: &Self) -> Vec<FieldChange> {
        let own = note!(
            Differences::default(),
            old,
            self,
            [
                legal_name,
                trade_name,
                tax_id,
                state_registration,
                city_registration,
                tax_regime,
                main_activity,
                phone,
                email,
                website,
            ]
        );
        let address = note!(
            own,
            old,
            self,
            address,
            [postal_code, street, number, complement, district, city, state]
        );
        let bank = note!(
            address,
            old,
            self,
            bank,
            [bank, branch, branch_digit, account, account_digit, wallet, agreement]
        );
        note!(bank, old, self, pix, [key, name, city]).into_changes()
    }
}

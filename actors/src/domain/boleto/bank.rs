//! What each bank writes into the free field, and how it prints an account and "our number".
//!
//! Known layouts, as the banks publish them: Banco do Brasil (agreements of 7 digits), Bradesco, Itaú,
//! Santander, Caixa (SIGCB, beneficiaries of 6 digits), Sicredi, Sicoob. For any other bank, or any other
//! arrangement with one of these, the free field itself has to be given.

use super::{
    check_digit::{modulo_10, modulo_11},
    code::FreeField,
};

/// Wallets of Itaú whose free field has more parts than we are given, or whose rule is not settled.
const ITAU_WALLETS_WITH_MORE: [&str; 9] =
    ["106", "107", "112", "122", "142", "143", "195", "196", "198"];
/// Wallets of Itaú whose "our number" is checked without branch and account.
const ITAU_WALLETS_ALONE: [&str; 5] = ["126", "131", "146", "150", "168"];

/// The account that a charge is paid into, as people wrote it down. Blank where nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BankDetails {
    /// Three digits or the bank's name.
    pub bank: String,
    /// Agência; a check digit may follow a dash.
    pub branch: String,
    /// Conta; a check digit may follow a dash.
    pub account: String,
    /// Carteira.
    pub wallet: String,
    /// Convênio, also "código do beneficiário" or "código do cedente".
    pub agreement: String,
    /// Posto, only Sicredi.
    pub station: String,
    /// Nosso número, without its check digit.
    pub our_number: String,
    /// The whole free field of 25 digits; it wins over everything that it could be made of.
    pub free_field: String,
}

/// A field of [`BankDetails`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BankField {
    Bank,
    Branch,
    Account,
    Wallet,
    Agreement,
    Station,
    OurNumber,
    FreeField,
}

/// Why there is no free field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BankGap {
    /// Nothing was given.
    pub missing: Vec<BankField>,
    /// What was given does not fit; with a sentence for people.
    pub invalid: Vec<(BankField, String)>,
}

/// A bank's number, name and check digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bank {
    /// Three digits.
    pub code: String,
    /// Blank for a bank that we do not know.
    pub name: &'static str,
    /// As banks print it at the head of a boleto, `001-9`.
    pub label: String,
}

/// Code, name, check digit. The digit is modulo 11 of the code; where that gives ten, what the bank
/// prints.
const BANKS: [(&str, &str, &str); 8] = [
    ("001", "Banco do Brasil", "9"),
    ("033", "Santander", "7"),
    ("104", "Caixa Econômica Federal", "0"),
    ("237", "Bradesco", "2"),
    ("341", "Itaú", "7"),
    ("748", "Sicredi", "X"),
    ("756", "Sicoob", "0"),
    ("077", "Banco Inter", "9"),
];

impl Bank {
    /// Reads `1`, `001`, `001-9`, `001 - Banco do Brasil` or `Banco do Brasil`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        if (1..=3).contains(&digits.len()) {
            return Some(Self::of_code(format!("{digits:0>3}")));
        }
        let wanted = text.to_lowercase();
        let is_named = |name: &str| {
            let name = name.to_lowercase();
            wanted == name
                || wanted == format!("banco {name}")
                || name.strip_prefix("banco ") == Some(&wanted)
        };
        let found = BANKS.iter().find(|(_, name, _)| is_named(name));
        found.map(|(code, ..)| Self::of_code((*code).to_owned()))
    }

    fn of_code(code: String) -> Self {
        let (name, digit) = match BANKS.iter().find(|(known, ..)| *known == code) {
            Some((_, name, digit)) => (*name, (*digit).to_owned()),
            None => ("", digit_or(modulo_11(&code, 9), "0")),
        };
        let label = format!("{code}-{digit}");
        Self { code, name, label }
    }
}

/// Everything that the bank decides about a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayableAccount {
    pub bank: Bank,
    pub free_field: FreeField,
    /// "Agência/Código do beneficiário" as it is printed.
    pub branch_and_account: String,
    /// "Nosso número" as it is printed, with its check digit where the bank has one.
    pub our_number: String,
    pub wallet: String,
}

impl BankDetails {
    /// Works out the free field, or says what is missing or wrong.
    pub fn payable(&self) -> Result<PayableAccount, BankGap> {
        let mut reader = Reader { details: self, gap: BankGap::default() };
        let bank = reader.bank();
        let account = match (&bank, self.free_field.trim()) {
            (Some(bank), "") => reader.known_layout(&bank.code),
            (Some(_), given) => reader.given_free_field(given),
            (None, _) => None,
        };
        match (bank, account, reader.gap) {
            (Some(bank), Some(Account { free_field, payee, our_number }), gap)
                if gap == BankGap::default() =>
            {
                let wallet = self.wallet.trim().to_owned();
                Ok(PayableAccount {
                    bank,
                    free_field,
                    branch_and_account: payee,
                    our_number,
                    wallet,
                })
            }
            (_, _, gap) => Err(gap),
        }
    }
}

struct Account {
    free_field: FreeField,
    payee: String,
    our_number: String,
}

struct Reader<'a> {
    details: &'a BankDetails,
    gap: BankGap,
}

impl Reader<'_> {
    fn bank(&mut self) -> Option<Bank> {
        let text = &self.details.bank;
        if text.trim().is_empty() {
            self.gap.missing.push(BankField::Bank);
            return None;
        }
        let bank = Bank::parse(text);
        if bank.is_none() {
            self.invalid(BankField::Bank, "Informe o código do banco com 3 dígitos.");
        }
        bank
    }

    fn given_free_field(&mut self, text: &str) -> Option<Account> {
        let Ok(free_field) = FreeField::parse(text) else {
            self.invalid(BankField::FreeField, "O campo livre deve ter 25 dígitos.");
            return None;
        };
        let BankDetails { branch, account, agreement, our_number, .. } = self.details;
        let payee = if account.trim().is_empty() { agreement } else { account };
        let parts = [branch.trim(), payee.trim()];
        let shown: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Some(Account {
            free_field,
            payee: shown.join(" / "),
            our_number: our_number.trim().to_owned(),
        })
    }

    fn known_layout(&mut self, bank: &str) -> Option<Account> {
        let (digits, payee, our_number) = match bank {
            "001" => self.banco_do_brasil(),
            "033" => self.santander(),
            "104" => self.caixa(),
            "237" => self.bradesco(),
            "341" => self.itau(),
            "748" => self.sicredi(),
            "756" => self.sicoob(),
            _ => {
                self.gap.missing.push(BankField::FreeField);
                None
            }
        }?;
        let free_field = FreeField::parse(&digits).ok()?;
        Some(Account { free_field, payee, our_number })
    }

    /// Six zeros, agreement 7, our number 10, wallet 2.
    fn banco_do_brasil(&mut self) -> Option<(String, String, String)> {
        let agreement = self.exact(BankField::Agreement, 7);
        let our_number = self.our_number(10);
        let wallet = self.padded(BankField::Wallet, 2);
        let branch = self.padded(BankField::Branch, 4);
        let account = self.padded(BankField::Account, 8);
        let (agreement, our_number, wallet) = (agreement?, our_number?, wallet?);
        let (branch, account) = (branch?, account?);
        Some((
            format!("000000{agreement}{our_number}{wallet}"),
            self.branch_and_account(&branch, &account),
            format!("{agreement}{our_number}"),
        ))
    }

    /// 9, beneficiary 7, our number 12 and its digit, 0, wallet 3.
    fn santander(&mut self) -> Option<(String, String, String)> {
        let agreement = self.padded(BankField::Agreement, 7);
        let our_number = self.our_number(12);
        let wallet = self.padded(BankField::Wallet, 3);
        let branch = self.padded(BankField::Branch, 4);
        let (agreement, our_number) = (agreement?, our_number?);
        let (wallet, branch) = (wallet?, branch?);
        let digit = digit_or(modulo_11(&our_number, 9), "0");
        Some((
            format!("9{agreement}{our_number}{digit}0{wallet}"),
            format!("{branch} / {agreement}"),
            format!("{our_number}-{digit}"),
        ))
    }

    /// SIGCB: beneficiary 6 and its digit, our number 17 in three parts with the two digits of wallet and
    /// issuer between them, a digit over all. The issuer is 4: we print, not the bank.
    fn caixa(&mut self) -> Option<(String, String, String)> {
        let beneficiary = self.exact(BankField::Agreement, 6);
        let number = self.our_number(15);
        let wallet = self.exact(BankField::Wallet, 1);
        let branch = self.padded(BankField::Branch, 4);
        let (beneficiary, number) = (beneficiary?, number?);
        let (wallet, branch) = (wallet?, branch?);
        let beneficiary_digit = digit_or(modulo_11(&beneficiary, 9), "0");
        let (first, second, third) = (&number[..3], &number[3..6], &number[6..]);
        let body = format!("{beneficiary}{beneficiary_digit}{first}{wallet}{second}4{third}");
        let digit = digit_or(modulo_11(&body, 9), "0");
        let our_number = format!("{wallet}4{number}");
        Some((
            format!("{body}{digit}"),
            format!("{branch} / {beneficiary}-{beneficiary_digit}"),
            format!("{our_number}-{}", digit_or(modulo_11(&our_number, 9), "0")),
        ))
    }

    /// Branch 4, wallet 2, our number 11, account 7, 0.
    fn bradesco(&mut self) -> Option<(String, String, String)> {
        let branch = self.padded(BankField::Branch, 4);
        let wallet = self.padded(BankField::Wallet, 2);
        let our_number = self.our_number(11);
        let account = self.padded(BankField::Account, 7);
        let (branch, wallet) = (branch?, wallet?);
        let (our_number, account) = (our_number?, account?);
        // Weights from 2 to 7, ten is P.
        let digit = digit_or(modulo_11(&format!("{wallet}{our_number}"), 7), "P");
        Some((
            format!("{branch}{wallet}{our_number}{account}0"),
            self.branch_and_account(&branch, &account),
            format!("{wallet}/{our_number}-{digit}"),
        ))
    }

    /// Wallet 3, our number 8 and its digit, branch 4, account 5 and its digit, 000.
    fn itau(&mut self) -> Option<(String, String, String)> {
        let wallet = self.padded(BankField::Wallet, 3);
        let our_number = self.our_number(8);
        let branch = self.padded(BankField::Branch, 4);
        let account = self.padded(BankField::Account, 5);
        let (wallet, our_number) = (wallet?, our_number?);
        let (branch, account) = (branch?, account?);
        if ITAU_WALLETS_WITH_MORE.contains(&wallet.as_str()) {
            self.invalid(BankField::Wallet, "Para esta carteira do Itaú, informe o campo livre.");
            return None;
        }
        let digit = if ITAU_WALLETS_ALONE.contains(&wallet.as_str()) {
            modulo_10(&format!("{wallet}{our_number}"))
        } else {
            modulo_10(&format!("{branch}{account}{wallet}{our_number}"))
        };
        let account_digit = modulo_10(&format!("{branch}{account}"));
        let given = check_digit_of(&self.details.account);
        if !given.is_empty() && given != account_digit.to_string() {
            self.invalid(BankField::Account, "O dígito verificador da conta não confere.");
            return None;
        }
        Some((
            format!("{wallet}{our_number}{digit}{branch}{account}{account_digit}000"),
            format!("{branch} / {account}-{account_digit}"),
            format!("{wallet}/{our_number}-{digit}"),
        ))
    }

    /// Wallet 1 (1 with registration, 3 without), 1, our number 8 (year, issuer, sequence) and its digit,
    /// branch 4, station 2, beneficiary 5, 1 (there is an amount), 0, a digit over all.
    fn sicredi(&mut self) -> Option<(String, String, String)> {
        let wallet = self.exact(BankField::Wallet, 1);
        let our_number = self.exact(BankField::OurNumber, 8);
        let branch = self.padded(BankField::Branch, 4);
        let station = self.padded(BankField::Station, 2);
        let beneficiary = self.padded(BankField::Agreement, 5);
        let (wallet, our_number, branch) = (wallet?, our_number?, branch?);
        let (station, beneficiary) = (station?, beneficiary?);
        let payee = format!("{branch}{station}{beneficiary}");
        let digit = digit_or(modulo_11(&format!("{payee}{our_number}"), 9), "0");
        let body = format!("{wallet}1{our_number}{digit}{payee}10");
        Some((
            format!("{body}{}", digit_or(modulo_11(&body, 9), "0")),
            format!("{branch}.{station}.{beneficiary}"),
            format!("{}/{}-{digit}", &our_number[..2], &our_number[2..]),
        ))
    }

    /// Wallet 1, branch 4, modality 01, beneficiary 7, our number 7 and its digit, instalment 001.
    fn sicoob(&mut self) -> Option<(String, String, String)> {
        let wallet = self.exact(BankField::Wallet, 1);
        let branch = self.padded(BankField::Branch, 4);
        let beneficiary = self.padded(BankField::Agreement, 7);
        let our_number = self.our_number(7);
        let (wallet, branch) = (wallet?, branch?);
        let (beneficiary, our_number) = (beneficiary?, our_number?);
        let digit = sicoob_digit(&format!("{branch}{beneficiary:0>10}{our_number}"));
        Some((
            format!("{wallet}{branch}01{beneficiary}{our_number}{digit}001"),
            format!("{branch} / {beneficiary}"),
            format!("{our_number}-{digit}"),
        ))
    }

    /// Both as they are printed, with the check digits that were given.
    fn branch_and_account(&self, branch: &str, account: &str) -> String {
        let with_digit = |number: &str, given: &str| match check_digit_of(given) {
            "" => number.to_owned(),
            digit => format!("{number}-{digit}"),
        };
        let branch = with_digit(branch, &self.details.branch);
        format!("{branch} / {}", with_digit(account, &self.details.account))
    }

    /// Our number is never guessed: a second charge with the same one would be refused by the bank.
    fn our_number(&mut self, width: usize) -> Option<String> {
        self.padded(BankField::OurNumber, width)
    }

    /// The digits of a field, filled with zeros in front up to `width`.
    fn padded(&mut self, field: BankField, width: usize) -> Option<String> {
        let digits = self.digits(field)?;
        if digits.len() > width {
            self.invalid(field, &format!("Use no máximo {width} dígitos para este banco."));
            return None;
        }
        Some(format!("{digits:0>width$}"))
    }

    fn exact(&mut self, field: BankField, width: usize) -> Option<String> {
        let digits = self.digits(field)?;
        if digits.len() != width {
            self.invalid(field, &format!("Use exatamente {width} dígito(s) para este banco."));
            return None;
        }
        Some(digits)
    }

    /// The digits of a field without the check digit after a dash.
    fn digits(&mut self, field: BankField) -> Option<String> {
        let details = self.details;
        let text = match field {
            BankField::Bank => &details.bank,
            BankField::Branch => &details.branch,
            BankField::Account => &details.account,
            BankField::Wallet => &details.wallet,
            BankField::Agreement => &details.agreement,
            BankField::Station => &details.station,
            BankField::OurNumber => &details.our_number,
            BankField::FreeField => &details.free_field,
        };
        let number = text.split('-').next().unwrap_or_default();
        let digits: String = number.chars().filter(|c| !matches!(c, ' ' | '.' | '/')).collect();
        if digits.is_empty() {
            self.gap.missing.push(field);
            return None;
        }
        if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            self.invalid(field, "Use somente dígitos.");
            return None;
        }
        Some(digits)
    }

    fn invalid(&mut self, field: BankField, text: &str) {
        self.gap.invalid.push((field, text.to_owned()));
    }
}

/// What follows the dash of a number; blank without one.
fn check_digit_of(text: &str) -> &str {
    text.split_once('-').map_or("", |(_, digit)| digit.trim())
}

/// The check digit that a sum modulo 11 gives; ten becomes `ten`, eleven 0.
fn digit_or(sum: u32, ten: &str) -> String {
    match sum {
        10 => ten.to_owned(),
        11 => "0".to_owned(),
        digit => digit.to_string(),
    }
}

/// Weights 3, 1, 9, 7 from the left; remainders 0 and 1 give 0.
fn sicoob_digit(digits: &str) -> u32 {
    let sum: u32 = digits
        .bytes()
        .map(|digit| u32::from(digit.wrapping_sub(b'0')))
        .zip([3, 1, 9, 7].into_iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .sum();
    match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    }
}

#[cfg(test)]
mod tests;

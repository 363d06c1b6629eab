//! The 44 digits behind the bar code and the 47 of the line that people type (linha digitável).
//!
//! 44: bank 3, currency 1, check digit 1, due factor 4, amount 10, free field 25. The line holds the same
//! in another order, with a check digit for each of its first three fields.

use std::fmt;

use time::Date;

use super::{
    check_digit::{modulo_10, modulo_11},
    due::{due_date, due_factor},
};
use crate::domain::Centavos;

const CODE_DIGITS: usize = 44;
const LINE_DIGITS: usize = 47;
const FREE_FIELD_DIGITS: usize = 25;
/// The real; the only currency in use.
const CURRENCY: char = '9';
/// Weights of the check digit of the whole code run from 2 to 9.
const WEIGHT_MAX: u32 = 9;

/// Why something is no boleto.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BoletoFault {
    #[error("O código do banco deve ter 3 dígitos")]
    Bank,
    #[error("O valor deve ser de R$ 0,01 a R$ 99.999.999,99")]
    Amount,
    #[error("O vencimento não pode ser representado em um boleto")]
    DueDate,
    #[error("O campo livre deve ter 25 dígitos")]
    FreeField,
    #[error("O código de barras deve ter 44 dígitos e a linha digitável 47")]
    Length,
    #[error("O dígito verificador não confere")]
    CheckDigit,
}

/// 25 digits that each bank fills in its own way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeField(String);

impl FreeField {
    /// Reads 25 digits; blanks, dots and dashes between them are skipped.
    pub fn parse(text: &str) -> Result<Self, BoletoFault> {
        let digits = digits_of(text).ok_or(BoletoFault::FreeField)?;
        if digits.len() == FREE_FIELD_DIGITS {
            Ok(Self(digits))
        } else {
            Err(BoletoFault::FreeField)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A bar code's 44 digits, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoletoCode(String);

impl BoletoCode {
    /// Builds the code of a charge.
    pub fn new(
        bank: &str,
        due: Date,
        amount: Centavos,
        free_field: &FreeField,
    ) -> Result<Self, BoletoFault> {
        if bank.len() != 3 || !bank.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(BoletoFault::Bank);
        }
        if amount.get() == 0 || amount > Centavos::BOLETO_MAX {
            return Err(BoletoFault::Amount);
        }
        let factor = due_factor(due).ok_or(BoletoFault::DueDate)?;
        let head = format!("{bank}{CURRENCY}");
        let tail = format!("{factor:04}{:010}{}", amount.get(), free_field.0);
        let check = check_digit(&head, &tail);
        Ok(Self(format!("{head}{check}{tail}")))
    }

    /// Reads the 44 digits of a bar code.
    pub fn parse(text: &str) -> Result<Self, BoletoFault> {
        let digits = digits_of(text).ok_or(BoletoFault::Length)?;
        if digits.len() != CODE_DIGITS {
            return Err(BoletoFault::Length);
        }
        let check = check_digit(&digits[..4], &digits[5..]);
        if digits[4..5] == check.to_string() {
            Ok(Self(digits))
        } else {
            Err(BoletoFault::CheckDigit)
        }
    }

    /// Reads the line of 47 digits, with or without its dots and blanks.
    pub fn parse_line(text: &str) -> Result<Self, BoletoFault> {
        let line = digits_of(text).ok_or(BoletoFault::Length)?;
        if line.len() != LINE_DIGITS {
            return Err(BoletoFault::Length);
        }
        for (field, check) in [(0..9, 9), (10..20, 20), (21..31, 31)] {
            if line[check..=check] != modulo_10(&line[field]).to_string() {
                return Err(BoletoFault::CheckDigit);
            }
        }
        let free_field = format!("{}{}{}", &line[4..9], &line[10..20], &line[21..31]);
        Self::parse(&format!("{}{}{free_field}", &line[..4], &line[32..]))
    }

    /// The 44 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 47 digits that people type.
    pub fn line(&self) -> String {
        let code = &self.0;
        let field = |digits: String| format!("{digits}{}", modulo_10(&digits));
        format!(
            "{}{}{}{}{}",
            field(format!("{}{}", &code[..4], &code[19..24])),
            field(code[24..34].to_owned()),
            field(code[34..].to_owned()),
            &code[4..5],
            &code[5..19],
        )
    }

    /// The line as it is printed: `00190.50095 40144.816069 06809.350314 3 37370000000100`.
    pub fn printed_line(&self) -> String {
        let line = self.line();
        format!(
            "{}.{} {}.{} {}.{} {} {}",
            &line[..5],
            &line[5..10],
            &line[10..15],
            &line[15..21],
            &line[21..26],
            &line[26..32],
            &line[32..33],
            &line[33..],
        )
    }

    /// Three digits.
    pub fn bank(&self) -> &str {
        &self.0[..3]
    }

    /// The due date, of several cycles the one nearest to `today`; `None` for a code without one.
    pub fn due_date(&self, today: Date) -> Option<Date> {
        due_date(self.0[5..9].parse().ok()?, today)
    }

    pub fn amount(&self) -> Option<Centavos> {
        Centavos::new(self.0[9..19].parse().ok()?)
    }

    pub fn free_field(&self) -> FreeField {
        FreeField(self.0[19..].to_owned())
    }
}

/// The 44 digits.
impl fmt::Display for BoletoCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Modulo 11 over everything but the check digit itself; 10 and 11 (and so 0) become 1.
fn check_digit(head: &str, tail: &str) -> u32 {
    match modulo_11(&format!("{head}{tail}"), WEIGHT_MAX) {
        10 | 11 => 1,
        digit => digit,
    }
}

/// The digits of a text that holds nothing else but blanks, dots and dashes.
fn digits_of(text: &str) -> Option<String> {
    let digits: String =
        text.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '\u{a0}')).collect();
    digits.bytes().all(|b| b.is_ascii_digit()).then_some(digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::{Duration, macros::date};

    use super::*;

    const TODAY: Date = date!(2026 - 06 - 01);

    fn free_field(digits: &str) -> FreeField {
        FreeField::parse(digits).unwrap()
    }

    #[test]
    fn known_codes_and_lines_belong_together() {
        for (code, line) in [
            (
                "00193373700000001000500940144816060680935031",
                "00190500954014481606906809350314337370000000100",
            ),
            (
                "00195149400000159900500940144816060680935031",
                "00190500954014481606906809350314514940000015990",
            ),
            (
                "00193377100000135000000001238798777770016818",
                "00190000090123879877977700168188337710000013500",
            ),
            (
                "23795422300002952951172060007589645204030050",
                "23791172096000758964552040300502542230000295295",
            ),
        ] {
            let read = BoletoCode::parse(code).unwrap();
            assert_eq!(read.line(), line);
            assert_eq!(BoletoCode::parse_line(line), Ok(read.clone()));
            assert_eq!(BoletoCode::parse_line(&read.printed_line()), Ok(read));
        }
    }

    #[test]
    fn a_code_is_built_from_its_parts() {
        let field = free_field("0500940144816060680935031");
        let amount = Centavos::new(15_990).unwrap();
        let code = BoletoCode::new("001", date!(2026 - 07 - 01), amount, &field).unwrap();
        assert_eq!(code.as_str(), "00195149400000159900500940144816060680935031");
        assert_eq!(code.printed_line(), "00190.50095 40144.816069 06809.350314 5 14940000015990");
        assert_eq!(code.due_date(TODAY), Some(date!(2026 - 07 - 01)));
        assert_eq!(code.amount(), Some(amount));
        assert_eq!((code.bank(), code.free_field()), ("001", field));
    }

    #[test]
    fn what_has_no_room_is_refused() {
        let field = free_field("0500940144816060680935031");
        let build = |bank, due, centavos| {
            BoletoCode::new(bank, due, Centavos::new(centavos).unwrap(), &field)
        };
        assert_eq!(build("01", TODAY, 1), Err(BoletoFault::Bank));
        assert_eq!(build("0-1", TODAY, 1), Err(BoletoFault::Bank));
        assert_eq!(build("001", TODAY, 0), Err(BoletoFault::Amount));
        assert_eq!(build("001", TODAY, 10_000_000_000), Err(BoletoFault::Amount));
        assert!(build("001", TODAY, 9_999_999_999).is_ok());
        assert_eq!(build("001", date!(1999 - 01 - 01), 1), Err(BoletoFault::DueDate));
        assert_eq!(FreeField::parse("123"), Err(BoletoFault::FreeField));
        assert_eq!(FreeField::parse("05009401448160606809350é1"), Err(BoletoFault::FreeField));
        assert_eq!(BoletoCode::parse("1"), Err(BoletoFault::Length));
        assert_eq!(BoletoCode::parse_line(""), Err(BoletoFault::Length));
    }

    fn any_code() -> impl Strategy<Value = BoletoCode> {
        ("[0-9]{3}", 1000_i64..20_000, 1..=9_999_999_999_i64, "[0-9]{25}").prop_map(
            |(bank, days, centavos, field)| {
                let due = date!(1997 - 10 - 07) + Duration::days(days);
                let amount = Centavos::new(centavos).unwrap();
                BoletoCode::new(&bank, due, amount, &free_field(&field)).unwrap()
            },
        )
    }

    /// `digits` with the digit at `at` turned into another one.
    fn with_one_error(digits: &str, at: usize, by: u8) -> String {
        let mut bytes = digits.as_bytes().to_vec();
        bytes[at] = b'0' + (bytes[at] - b'0' + by) % 10;
        String::from_utf8(bytes).unwrap()
    }

    proptest! {
        #[test]
        fn codes_and_lines_are_read_back(code in any_code()) {
            prop_assert_eq!(code.as_str().len(), 44);
            prop_assert_eq!(BoletoCode::parse(code.as_str()), Ok(code.clone()));
            prop_assert_eq!(BoletoCode::parse_line(&code.line()), Ok(code.clone()));
            prop_assert_eq!(BoletoCode::parse_line(&code.printed_line()), Ok(code));
        }

        /// Modulo 10 finds every single wrong digit of the three fields that people type.
        #[test]
        fn one_wrong_digit_in_the_fields_of_a_line_is_found(
            code in any_code(), at in 0_usize..32, by in 1_u8..10,
        ) {
            let line = with_one_error(&code.line(), at, by);
            prop_assert_eq!(BoletoCode::parse_line(&line), Err(BoletoFault::CheckDigit));
        }

        /// Modulo 11 finds every single wrong digit, except that 0, 10 and 11 share the check digit 1.
        #[test]
        fn one_wrong_digit_in_a_code_is_found(
            code in any_code(), at in 0_usize..44, by in 1_u8..10,
        ) {
            prop_assume!(&code.as_str()[4..5] != "1" || at == 4);
            let wrong = with_one_error(code.as_str(), at, by);
            prop_assert_eq!(BoletoCode::parse(&wrong), Err(BoletoFault::CheckDigit));
        }

        #[test]
        fn no_text_breaks_the_readers(text in "\\PC{0,60}") {
            let _ = BoletoCode::parse(&text);
            let _ = BoletoCode::parse_line(&text);
            let _ = FreeField::parse(&text);
        }
    }
}

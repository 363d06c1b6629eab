//! Tax ids of Brazil: CPF of a person, CNPJ of a company, also the alphanumeric one (IN RFB
//! 2.229/2024: twelve letters or digits and two check digits).
//!
//! Check digits are told, not demanded: real registers hold wrong ones. In an alphanumeric CNPJ
//! letters whose values differ by 11 look alike to the check digits, so a valid one proves little.

/// A CPF or CNPJ without punctuation, in upper case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct TaxId(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaxIdKind {
    Cpf,
    Cnpj,
}

/// Why a text is no tax id, whatever its check digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaxIdFault {
    /// Neither 11 digits nor 14 characters of which the last two are digits.
    Shape,
    /// The same character throughout, which the check digits would let pass.
    Repeated,
}

const CPF_DIGITS: usize = 11;
const CNPJ_CHARS: usize = 14;
const CHECK_DIGITS: usize = 2;
/// The weights of a CNPJ go from 2 to 9, from the right, and begin anew.
const CNPJ_WEIGHTS: u32 = 8;

impl TaxId {
    /// With or without punctuation, lower case accepted.
    pub fn parse(written: &str) -> Result<Self, TaxIdFault> {
        let is_mark = |c: char| c.is_whitespace() || ".-/".contains(c);
        let chars = written.chars().filter(|c| !is_mark(*c));
        let text: String = chars.map(|c| c.to_ascii_uppercase()).collect();
        let is_digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
        let is_shaped = match text.as_bytes() {
            cpf if cpf.len() == CPF_DIGITS => is_digits(cpf),
            cnpj if cnpj.len() == CNPJ_CHARS => {
                let (root, check) = cnpj.split_at(CNPJ_CHARS - CHECK_DIGITS);
                root.iter().all(u8::is_ascii_alphanumeric) && is_digits(check)
            }
            _ => false,
        };
        if !is_shaped {
            return Err(TaxIdFault::Shape);
        }
        if text.bytes().all(|byte| Some(byte) == text.bytes().next()) {
            return Err(TaxIdFault::Repeated);
        }
        Ok(Self(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn kind(&self) -> TaxIdKind {
        if self.0.len() == CPF_DIGITS { TaxIdKind::Cpf } else { TaxIdKind::Cnpj }
    }

    /// The check digits are those of the rest.
    pub fn is_valid(&self) -> bool {
        let (root, check) = self.0.split_at(self.0.len().saturating_sub(CHECK_DIGITS));
        let digit = match self.kind() {
            TaxIdKind::Cpf => cpf_digit,
            TaxIdKind::Cnpj => cnpj_digit,
        };
        let mut text = root.to_owned();
        for _ in 0..CHECK_DIGITS {
            let next = digit(&text);
            text.push(next);
        }
        text.ends_with(check)
    }

    /// `111.444.777-35`, `12.ABC.345/01DE-35`.
    pub fn formatted(&self) -> String {
        let mask = match self.kind() {
            TaxIdKind::Cpf => "###.###.###-##",
            TaxIdKind::Cnpj => "##.###.###/####-##",
        };
        let mut chars = self.0.chars();
        let next = |mark| if mark == '#' { chars.next() } else { Some(mark) };
        mask.chars().map_while(next).collect()
    }
}

impl std::fmt::Display for TaxId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Weights 2, 3, 4 … from the right.
fn cpf_digit(text: &str) -> char {
    check_digit(text.bytes().rev().zip(2..))
}

fn cnpj_digit(text: &str) -> char {
    check_digit(text.bytes().rev().zip((0..).map(|at| at % CNPJ_WEIGHTS + 2)))
}

/// Modulo 11; a remainder of 0 or 1 gives 0. The value of a character is its code less that of `0`.
fn check_digit(weighted: impl Iterator<Item = (u8, u32)>) -> char {
    let sum: u32 = weighted.map(|(byte, weight)| u32::from(byte.wrapping_sub(b'0')) * weight).sum();
    let digit = if sum % 11 < 2 { 0 } else { 11 - sum % 11 };
    char::from_digit(digit, 10).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_of_the_vectors() {
        assert_eq!((cnpj_digit("12ABC34501DE"), cnpj_digit("12ABC34501DE3")), ('3', '5'));
        for (written, expected) in [
            ("12ABC34501DE35", true),
            ("12.abc.345/01de-35", true),
            ("11222333000181", true),
            ("12.345.678/0001-95", true),
            ("12345678000190", false),
            ("12ABC34501DE36", false),
            ("11144477735", true),
            ("529.982.247-25", true),
            ("52998224724", false),
        ] {
            assert_eq!(TaxId::parse(written).unwrap().is_valid(), expected, "{written}");
        }
    }

    #[test]
    fn what_cannot_be_a_tax_id_is_refused() {
        for written in ["", "123", "1114447773X", "12ABC34501DEA5", "123456780001900", "ação"] {
            assert_eq!(TaxId::parse(written), Err(TaxIdFault::Shape), "{written}");
        }
        for written in ["11111111111", "000.000.000-00", "00000000000000"] {
            assert_eq!(TaxId::parse(written), Err(TaxIdFault::Repeated), "{written}");
        }
    }

    #[test]
    fn tax_ids_are_shown_with_their_punctuation() {
        let shown = |written| TaxId::parse(written).unwrap().formatted();
        assert_eq!(shown("11144477735"), "111.444.777-35");
        assert_eq!(shown("12abc34501de35"), "12.ABC.345/01DE-35");
        assert_eq!(TaxId::parse("11144477735").unwrap().kind(), TaxIdKind::Cpf);
    }

    #[test]
    fn one_wrong_digit_of_a_numeric_cnpj_is_always_found() {
        let good = "11222333000181";
        for at in 0..good.len() {
            for digit in '0'..='9' {
                let mut wrong: Vec<char> = good.chars().collect();
                wrong[at] = digit;
                let text: String = wrong.into_iter().collect();
                assert_eq!(TaxId::parse(&text).unwrap().is_valid(), text == good, "{text}");
            }
        }
    }
}

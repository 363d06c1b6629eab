//! Amounts in reais, kept as whole centavos.

use std::fmt;

/// An amount in centavos (hundredths of a real), never negative here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Centavos(i64);

impl Centavos {
    /// Ten digits, what a boleto has room for: R$ 99.999.999,99.
    pub const BOLETO_MAX: Self = Self(9_999_999_999);

    /// `None` for negative amounts.
    pub const fn new(centavos: i64) -> Option<Self> {
        if centavos < 0 { None } else { Some(Self(centavos)) }
    }

    pub const fn get(self) -> i64 {
        self.0
    }

    /// Reads `5000`, `5000.00`, `5000,5`, `5.000,00`, `1,234.56` and `R$ 5.000,00`. A lone dot or comma
    /// before exactly three digits parts thousands (`1.500` is one thousand five hundred), as people
    /// write in Brazil; thousands do not begin with a zero, so `0,001` is no amount.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("R$").unwrap_or(text).trim_start();
        let is_allowed = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
        if !text.starts_with(|c: char| c.is_ascii_digit()) || !text.chars().all(is_allowed) {
            return None;
        }
        let (whole, fraction) = split_fraction(text)?;
        let fraction = match fraction.len() {
            0 => 0,
            1 => fraction.parse::<i64>().ok()? * 10,
            2 => fraction.parse().ok()?,
            _ => return None,
        };
        let whole = without_separators(whole)?.parse::<i64>().ok()?;
        Self::new(whole.checked_mul(100)?.checked_add(fraction)?)
    }
}

/// Parts the text at the decimal mark: the last of its dots and commas, unless that parts thousands.
fn split_fraction(text: &str) -> Option<(&str, &str)> {
    let Some(at) = text.rfind(['.', ',']) else {
        return Some((text, ""));
    };
    let (whole, fraction) = (&text[..at], &text[at + 1..]);
    let mark = &text[at..=at];
    if fraction.len() != 3 {
        return (!whole.contains(mark) && !fraction.is_empty()).then_some((whole, fraction));
    }
    let other = if mark == "." { "," } else { "." };
    (!whole.contains(other)).then_some((text, ""))
}

/// Takes out separators of thousands, if every group has three digits and the first one does not begin with a zero.
fn without_separators(whole: &str) -> Option<String> {
    let (first, groups) = whole.split_once(['.', ',']).unwrap_or((whole, ""));
    if groups.is_empty() {
        return Some(first.to_owned());
    }
    let is_first = first.len() <= 3 && !first.starts_with('0');
    let are_groups = is_first && groups.split(['.', ',']).all(|group| group.len() == 3);
    are_groups.then(|| format!("{first}{}", groups.replace(['.', ','], "")))
}

/// `R$ 5.000,00`.
impl fmt::Display for Centavos {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = (self.0 / 100).to_string();
        let mut grouped = String::with_capacity(whole.len() * 2);
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                grouped.push('.');
            }
            grouped.push(digit);
        }
        write!(out, "R$ {grouped},{:02}", self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_read_as_people_and_programs_write_them() {
        for (text, centavos) in [
            ("5000.00", 500_000),
            ("5000", 500_000),
            ("5000,5", 500_050),
            ("5.000,00", 500_000),
            ("1,234.56", 123_456),
            ("1.500", 150_000),
            ("1.234.567", 123_456_700),
            ("R$ 1.500,00", 150_000),
            (" R$0,01 ", 1),
            ("0", 0),
            ("0.5", 50),
            ("007", 700),
        ] {
            assert_eq!(Centavos::parse(text).map(Centavos::get), Some(centavos), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "",
            "a combinar",
            "-1",
            "1.23.4",
            "1..2",
            "1.2345",
            ".5",
            "5.",
            "1.50,00",
            "1234.567,00",
            "0,001",
            "0.005",
            "0.500",
            "012.345",
            "0.500,00",
            "0,001.00",
            "99999999999999999999",
            "1e3",
            "٣",
        ] {
            assert_eq!(Centavos::parse(text), None, "{text}");
        }
    }

    #[test]
    fn amounts_are_shown_the_brazilian_way() {
        let shown = |centavos| Centavos::new(centavos).unwrap().to_string();
        assert_eq!(shown(0), "R$ 0,00");
        assert_eq!(shown(500_000), "R$ 5.000,00");
        assert_eq!(shown(100_000_000_005), "R$ 1.000.000.000,05");
        assert_eq!(Centavos::new(-1), None);
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(centavos in 0..=i64::MAX) {
            let amount = Centavos::new(centavos).unwrap();
            prop_assert_eq!(Centavos::parse(&amount.to_string()), Some(amount));
        }
    }
}

//! The postal code of a request.

use std::fmt;

/// Eight digits.
const DIGITS: usize = 8;

/// A postal code that can exist.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PostalCode(String);

impl PostalCode {
    /// Whatever is not a digit is left out; eight have to remain.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(char::is_ascii_digit).take(DIGITS + 1).collect();
        (digits.len() == DIGITS).then_some(Self(digits))
    }

    /// `01001000`.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

/// `01001-000`.
impl fmt::Display for PostalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (region, rest) = self.0.split_at(5);
        write!(f, "{region}-{rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_digits_are_a_postal_code() {
        for text in ["01001-000", "01001000", " 01.001-000 "] {
            assert_eq!(PostalCode::parse(text).unwrap().to_string(), "01001-000", "{text}");
        }
        for text in ["", "123", "010010000", "abcdefgh", "０1001000"] {
            assert_eq!(PostalCode::parse(text), None, "{text}");
        }
    }
}

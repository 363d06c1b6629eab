//! Brazilian postal codes (CEP): eight digits, shown as `01234-567`.

/// Eight digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct PostalCode(String);

/// Where the hyphen stands.
const PREFIX_DIGITS: usize = 5;
const DIGITS: usize = 8;

impl PostalCode {
    /// `01234567` or `01234-567`; `None` for anything else.
    pub fn parse(written: &str) -> Option<Self> {
        let written = written.trim();
        let digits = match written.split_once('-') {
            Some((prefix, suffix)) if prefix.len() == PREFIX_DIGITS => format!("{prefix}{suffix}"),
            Some(_) => return None,
            None => written.to_owned(),
        };
        let is_code = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then_some(Self(digits))
    }

    /// The eight digits in a text, whatever stands between them; `None` for any other number of digits.
    pub fn in_text(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(char::is_ascii_digit).take(DIGITS + 1).collect();
        (digits.len() == DIGITS).then_some(Self(digits))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for PostalCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (prefix, suffix) = self.0.split_at(PREFIX_DIGITS.min(self.0.len()));
        write!(f, "{prefix}-{suffix}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_mean_the_same() {
        for written in ["01234567", "01234-567", " 01234-567 "] {
            let code = PostalCode::parse(written).unwrap();
            assert_eq!((code.as_str(), code.to_string().as_str()), ("01234567", "01234-567"));
        }
        for written in ["", "1234567", "012345678", "0123-4567", "01234 567", "0123456a", "01234-"]
        {
            assert_eq!(PostalCode::parse(written), None, "{written}");
        }
    }

    #[test]
    fn eight_digits_are_a_postal_code() {
        for text in ["01001-000", "01001000", " 01.001-000 "] {
            assert_eq!(PostalCode::in_text(text).unwrap().to_string(), "01001-000", "{text}");
        }
        for text in ["", "123", "010010000", "abcdefgh", "０1001000"] {
            assert_eq!(PostalCode::in_text(text), None, "{text}");
        }
    }
}

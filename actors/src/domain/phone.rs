//! Telephone numbers and chat ids in one canonical form: digits with the country code.
//!
//! Brazilian numbers may come with or without `+55` (ITU E.164; DDD list of Anatel). The ninth digit
//! is never added or removed by guess: whether a number has it is learnt from the network.

/// The area codes (DDD) in use.
const AREA_CODES: [u8; 67] = [
    11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 24, 27, 28, 31, 32, 33, 34, 35, 37, 38, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 51, 53, 54, 55, 61, 62, 63, 64, 65, 66, 67, 68, 69, 71, 73, 74, 75, 77,
    79, 81, 82, 83, 84, 85, 86, 87, 88, 89, 91, 92, 93, 94, 95, 96, 97, 98, 99,
];

/// Suffixes by which WhatsApp marks addresses of single persons.
const PERSON_SUFFIXES: [&str; 2] = ["@s.whatsapp.net", "@c.us"];
/// And those of groups.
const GROUP_SUFFIX: &str = "@g.us";

/// Digits with country code of a number written in any usual way; `None` when it cannot be one
/// (E.164 allows at most 15 digits; fewer than 10 are no full number).
pub fn canonical(written: &str) -> Option<String> {
    let written = written.trim();
    let is_number = |c: char| c.is_ascii_digit() || "+-() .".contains(c);
    if !written.chars().all(is_number) || written.rfind('+').is_some_and(|at| at > 0) {
        return None;
    }
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    match digits.len() {
        10 | 11 if !written.starts_with('+') && starts_with_area_code(&digits) => {
            Some(format!("55{digits}"))
        }
        10..=15 => Some(digits),
        _ => None,
    }
}

/// A number as somebody typed it, and the one form in which it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    pub canonical: String,
    pub written: String,
}

impl Phone {
    /// Punctuation and blanks do not matter; `None` when it cannot be a number.
    pub fn parse(written: &str) -> Option<Self> {
        let written = written.trim();
        Some(Self { canonical: canonical(written)?, written: written.to_owned() })
    }
}

/// The canonical form, and for a Brazilian mobile number also the one without or with the ninth digit:
/// what a *search* by a person finds. Never used to tell whose number it is.
pub fn search_forms(canonical: &str) -> Vec<String> {
    let mut forms = vec![canonical.to_owned()];
    let (Some(prefix), Some(subscriber)) = (canonical.get(..4), canonical.get(4..)) else {
        return forms;
    };
    if !prefix.strip_prefix("55").is_some_and(starts_with_area_code) {
        return forms;
    }
    match subscriber.as_bytes() {
        [b'9', rest @ ..] if rest.len() == 8 => forms.push(format!("{prefix}{}", &subscriber[1..])),
        // Landlines begin with 2 to 5.
        [b'6'..=b'9', ..] if subscriber.len() == 8 => forms.push(format!("{prefix}9{subscriber}")),
        _ => {}
    }
    forms
}

/// The chat id of an address: the canonical number of a person, anything else (groups) as it is.
pub fn chat_id(address: &str) -> String {
    let address = address.trim();
    let person = PERSON_SUFFIXES.iter().find_map(|suffix| address.strip_suffix(suffix));
    canonical(person.unwrap_or(address)).unwrap_or_else(|| address.to_owned())
}

/// Whether an address is a group's.
pub fn is_group(chat_id: &str) -> bool {
    chat_id.ends_with(GROUP_SUFFIX)
}

fn starts_with_area_code(digits: &str) -> bool {
    digits.get(..2).and_then(|ddd| ddd.parse().ok()).is_some_and(|ddd| AREA_CODES.contains(&ddd))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_one_canonical_form() {
        for written in ["5511988887777", "+5511988887777", "11988887777", "(11) 98888-7777"] {
            assert_eq!(canonical(written).as_deref(), Some("5511988887777"), "{written}");
        }
        assert_eq!(canonical("1133334444").as_deref(), Some("551133334444"), "landline");
        assert_eq!(canonical("+12025550123").as_deref(), Some("12025550123"), "abroad");
        assert_eq!(canonical("+1 202 555 0123").as_deref(), Some("12025550123"));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for written in ["", "abc", "123", "1234567890123456", "55119888+87777", "5511x88887777"] {
            assert_eq!(canonical(written), None, "{written}");
        }
    }

    #[test]
    fn a_number_is_kept_as_it_was_typed() {
        let phone = Phone::parse(" (11) 98888-7777 ").unwrap();
        assert_eq!((&*phone.canonical, &*phone.written), ("5511988887777", "(11) 98888-7777"));
        assert_eq!(Phone::parse("9999"), None);
    }

    #[test]
    fn a_search_finds_a_mobile_with_and_without_its_ninth_digit() {
        assert_eq!(search_forms("5511988887777"), ["5511988887777", "551188887777"]);
        assert_eq!(search_forms("551188887777"), ["551188887777", "5511988887777"]);
        assert_eq!(search_forms("551133334444"), ["551133334444"], "a landline");
        assert_eq!(search_forms("12025550123"), ["12025550123"], "abroad");
        assert_eq!(search_forms("1"), ["1"]);
    }

    #[test]
    fn groups_keep_their_address_and_persons_lose_the_suffix() {
        assert_eq!(chat_id("5511988887777@s.whatsapp.net"), "5511988887777");
        assert_eq!(chat_id("120363000000@g.us"), "120363000000@g.us");
        assert_eq!(chat_id("11988887777"), "5511988887777");
    }
}

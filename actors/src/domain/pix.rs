//! Pix "copia e cola": the static BR Code of the Central Bank, an EMV text of tags, lengths and values with a
//! checksum at its end. Everything in it is ASCII, so that lengths count bytes and characters alike.

use std::fmt;

use super::Centavos;

const GUI: &str = "br.gov.bcb.pix";
const NAME_CHARS_MAX: usize = 25;
const CITY_CHARS_MAX: usize = 15;
const TXID_CHARS_MAX: usize = 25;
/// The Central Bank's bound for e-mail keys.
const EMAIL_CHARS_MAX: usize = 77;
/// A tag's value has at most 99 characters; key and text share one.
const ACCOUNT_CHARS_MAX: usize = 99;
/// Stands for "no identifier".
const NO_TXID: &str = "***";

/// Why there is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PixFault {
    #[error(
        "Chave Pix inválida. Informe CPF, CNPJ, e-mail, telefone (+5511999999999) ou chave aleatória"
    )]
    Key,
    #[error("Informe o nome do recebedor do Pix")]
    Name,
    #[error("Informe a cidade do recebedor do Pix")]
    City,
    #[error("O identificador do Pix deve ter até 25 letras ou números sem acento")]
    TxId,
    #[error("O valor é grande demais para um Pix")]
    Amount,
}

/// A key of one of the five kinds, in the form that banks look it up by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PixKey {
    /// 11 digits with right check digits.
    Cpf(String),
    /// 14 characters, digits or (since 2026) letters, with right check digits.
    Cnpj(String),
    /// Lower case.
    Email(String),
    /// `+55` and area code and number.
    Phone(String),
    /// A random key: UUID, lower case.
    Random(String),
}

impl PixKey {
    /// Recognises the kind by its form. Eleven digits with the check digits of a CPF are a CPF; a phone is
    /// written with `+`.
    pub fn parse(text: &str) -> Result<Self, PixFault> {
        let text = text.trim();
        if !text.is_ascii() {
            return Err(PixFault::Key);
        }
        if text.contains('@') {
            return email(text).map(Self::Email).ok_or(PixFault::Key);
        }
        if let Some(number) = text.strip_prefix('+') {
            return phone(number).map(Self::Phone).ok_or(PixFault::Key);
        }
        if let Ok(key) = uuid::Uuid::try_parse(text) {
            return Ok(Self::Random(key.hyphenated().to_string()));
        }
        let bare: String = text.chars().filter(|c| !matches!(c, '.' | '-' | '/' | ' ')).collect();
        let bare = bare.to_ascii_uppercase();
        match bare.len() {
            11 if is_cpf(&bare) => Ok(Self::Cpf(bare)),
            14 if is_cnpj(&bare) => Ok(Self::Cnpj(bare)),
            _ => Err(PixFault::Key),
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Cpf(key)
            | Self::Cnpj(key)
            | Self::Email(key)
            | Self::Phone(key)
            | Self::Random(key) => key,
        }
    }
}

/// One static charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PixCharge {
    pub key: PixKey,
    /// Who is paid; accents are taken off and the rest is cut to 25 characters.
    pub name: String,
    /// The payee's city, cut to 15 characters.
    pub city: String,
    /// `None`: the payer says how much.
    pub amount: Option<Centavos>,
    /// Identifies the charge on the statement, letters and digits; blank for none.
    pub txid: String,
    /// A note for the payer, as far as there is room.
    pub text: String,
}

impl PixCharge {
    /// The text that people copy and that the QR code holds.
    pub fn br_code(&self) -> Result<BrCode, PixFault> {
        let name = folded(&self.name, NAME_CHARS_MAX).ok_or(PixFault::Name)?;
        let city = folded(&self.city, CITY_CHARS_MAX).ok_or(PixFault::City)?;
        let txid = match self.txid.as_str() {
            "" => NO_TXID,
            id if id.len() <= TXID_CHARS_MAX && id.bytes().all(|b| b.is_ascii_alphanumeric()) => id,
            _ => return Err(PixFault::TxId),
        };
        let mut account = tag("00", GUI) + &tag("01", self.key.as_str());
        let room = ACCOUNT_CHARS_MAX.saturating_sub(account.len() + 4);
        if let Some(text) = folded(&self.text, room) {
            account += &tag("02", &text);
        }
        let mut code =
            tag("00", "01") + &tag("26", &account) + &tag("52", "0000") + &tag("53", "986");
        if let Some(amount) = self.amount.filter(|amount| amount.get() > 0) {
            let amount = format!("{}.{:02}", amount.get() / 100, amount.get() % 100);
            // EMV gives the amount 13 characters.
            if amount.len() > 13 {
                return Err(PixFault::Amount);
            }
            code += &tag("54", &amount);
        }
        code += &(tag("58", "BR") + &tag("59", &name) + &tag("60", &city));
        code += &tag("62", &tag("05", txid));
        code += "6304";
        let checksum = crc16(code.as_bytes());
        Ok(BrCode(format!("{code}{checksum:04X}")))
    }
}

/// A finished code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrCode(String);

impl BrCode {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BrCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

fn tag(id: &str, value: &str) -> String {
    format!("{id}{:02}{value}", value.len())
}

/// CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF, nothing reflected.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc: u16, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

/// Printable ASCII: accents are taken off, what has no ASCII letter is left out, blanks are single, the
/// end is cut. `None` when nothing is left.
fn folded(text: &str, chars_max: usize) -> Option<String> {
    let mut out = String::new();
    for c in text.chars().filter_map(ascii_of) {
        if !(c == ' ' && (out.is_empty() || out.ends_with(' '))) {
            out.push(c);
        }
    }
    out.truncate(chars_max);
    let out = out.trim_end();
    (!out.is_empty()).then(|| out.to_owned())
}

/// The letters of Portuguese and its neighbours without their accents.
fn ascii_of(c: char) -> Option<char> {
    Some(match c {
        ' '..='~' => c,
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' | 'ª' => 'a',
        'Á' | 'À' | 'Â' | 'Ã' | 'Ä' | 'Å' => 'A',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'É' | 'È' | 'Ê' | 'Ë' => 'E',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'Í' | 'Ì' | 'Î' | 'Ï' => 'I',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' | 'º' => 'o',
        'Ó' | 'Ò' | 'Ô' | 'Õ' | 'Ö' => 'O',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'Ú' | 'Ù' | 'Û' | 'Ü' => 'U',
        'ç' => 'c',
        'Ç' => 'C',
        'ñ' => 'n',
        'Ñ' => 'N',
        '–' | '—' => '-',
        '\u{a0}' | '\t' | '\n' => ' ',
        _ => return None,
    })
}

fn email(text: &str) -> Option<String> {
    let (local, domain) = text.split_once('@')?;
    let is_sound = !local.is_empty()
        && domain.contains('.')
        && !domain.contains('@')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && text.len() <= EMAIL_CHARS_MAX
        && text.bytes().all(|b| b.is_ascii_graphic());
    is_sound.then(|| text.to_ascii_lowercase())
}

/// Country code 55 and 10 or 11 digits.
fn phone(number: &str) -> Option<String> {
    let digits: String = number.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect();
    let is_sound = digits.bytes().all(|b| b.is_ascii_digit())
        && digits.starts_with("55")
        && (12..=13).contains(&digits.len());
    is_sound.then(|| format!("+{digits}"))
}

fn is_cpf(text: &str) -> bool {
    let is_number = text.bytes().all(|b| b.is_ascii_digit()) && !is_repeated(text);
    // The weights run from 2 up to 11, never round.
    is_number && ends_with_checks(text, 11)
}

fn is_cnpj(text: &str) -> bool {
    let (body, checks) = text.split_at(12);
    let is_sound = body.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && checks.bytes().all(|b| b.is_ascii_digit())
        && !is_repeated(text);
    is_sound && ends_with_checks(text, 9)
}

fn is_repeated(text: &str) -> bool {
    text.bytes().all(|b| Some(&b) == text.as_bytes().first())
}

/// The last two characters are the check digits: modulo 11, a character counts as its ASCII code
/// less 48, remainders below 2 give 0 (IN RFB 2.229/2024 for letters).
fn ends_with_checks(text: &str, weight_max: u32) -> bool {
    let length = text.len();
    [length - 2, length - 1].into_iter().all(|at| {
        let sum: u32 = text[..at]
            .bytes()
            .rev()
            .zip((2..=weight_max).cycle())
            .map(|(byte, weight)| u32::from(byte.wrapping_sub(b'0')) * weight)
            .sum();
        let check = match sum % 11 {
            0 | 1 => 0,
            rest => 11 - rest,
        };
        text[at..=at] == check.to_string()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RANDOM: &str = "123e4567-e12b-12d1-a456-426655440000";

    fn charge() -> PixCharge {
        PixCharge {
            key: PixKey::parse(RANDOM).unwrap(),
            name: "Fulano de Tal".into(),
            city: "BRASILIA".into(),
            amount: None,
            txid: String::new(),
            text: String::new(),
        }
    }

    #[test]
    fn the_example_of_the_central_bank() {
        assert_eq!(
            charge().br_code().unwrap().as_str(),
            "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR\
             5913Fulano de Tal6008BRASILIA62070503***63041D3D"
        );
        assert_eq!(crc16(b"123456789"), 0x29B1);
    }

    #[test]
    fn amount_identifier_and_folded_names_are_in_their_places() {
        let code = PixCharge {
            name: "Construções São João do Açaí & Irmãos Ltda".into(),
            city: "São José do Rio Preto".into(),
            amount: Centavos::new(150_000),
            txid: "DOC42".into(),
            text: "Mensalidade 🙂 março".into(),
            ..charge()
        };
        let code = code.br_code().unwrap();
        let code = code.as_str();
        for part in [
            "0217Mensalidade marco",
            "54071500.00",
            "5925Construcoes Sao Joao do A",
            "6015Sao Jose do Rio",
            "62090505DOC42",
        ] {
            assert!(code.contains(part), "{part} in {code}");
        }
    }

    #[test]
    fn what_cannot_be_coded_is_refused() {
        assert_eq!(PixCharge { name: "🙂".into(), ..charge() }.br_code(), Err(PixFault::Name));
        assert_eq!(PixCharge { city: " ".into(), ..charge() }.br_code(), Err(PixFault::City));
        assert_eq!(PixCharge { txid: "a-b".into(), ..charge() }.br_code(), Err(PixFault::TxId));
        let amount = Centavos::new(1_000_000_000_000);
        assert_eq!(PixCharge { amount, ..charge() }.br_code(), Err(PixFault::Amount));
    }

    #[test]
    fn keys_are_recognised_and_normalised() {
        for (text, key) in [
            ("111.444.777-35", PixKey::Cpf("11144477735".into())),
            ("52998224725", PixKey::Cpf("52998224725".into())),
            ("11.222.333/0001-81", PixKey::Cnpj("11222333000181".into())),
            ("12abc34501de35", PixKey::Cnpj("12ABC34501DE35".into())),
            ("Financeiro@Empresa.com.br", PixKey::Email("financeiro@empresa.com.br".into())),
            ("+55 (11) 99999-9999", PixKey::Phone("+5511999999999".into())),
            ("123E4567-E12B-12D1-A456-426655440000", PixKey::Random(RANDOM.into())),
        ] {
            assert_eq!(PixKey::parse(text), Ok(key));
        }
        for text in [
            "",
            "11144477734",
            "11111111111",
            "11222333000182",
            "12ABC34501DE36",
            "a@b",
            "@b.c",
            "+1 555",
            "chave",
            "joão@x.com",
        ] {
            assert_eq!(PixKey::parse(text), Err(PixFault::Key), "{text}");
        }
    }

    /// Takes a code apart into tags and values.
    fn tags(mut code: &str) -> Vec<(String, String)> {
        let mut tags = Vec::new();
        while !code.is_empty() {
            let length: usize = code[2..4].parse().unwrap();
            tags.push((code[..2].to_owned(), code[4..4 + length].to_owned()));
            code = &code[4 + length..];
        }
        tags
    }

    proptest! {
        #[test]
        fn every_code_can_be_taken_apart(
            name in "\\PC{1,60}", city in "[A-Za-zçãé ]{1,30}", centavos in 1_i64..100_000_000,
            txid in "[A-Za-z0-9]{0,25}", text in "\\PC{0,120}",
        ) {
            let charge = PixCharge {
                name, city, amount: Centavos::new(centavos), txid, text, ..charge()
            };
            let Ok(code) = charge.br_code() else { return Ok(()) };
            prop_assert!(code.as_str().is_ascii());
            let tags = tags(code.as_str());
            let ids: Vec<_> = tags.iter().map(|(id, _)| id.as_str()).collect();
            prop_assert_eq!(ids, ["00", "26", "52", "53", "54", "58", "59", "60", "62", "63"]);
            let (body, crc) = code.as_str().split_at(code.as_str().len() - 4);
            prop_assert_eq!(crc, format!("{:04X}", crc16(body.as_bytes())));
            prop_assert!(tags[1].1.len() <= 99 && tags[6].1.len() <= 25 && tags[7].1.len() <= 15);
        }
    }
}

//! Reads a body into a list of changes: what was sent changes, `null` or a blank clears.

use dx_actors::domain::{
    phone::Phone,
    tax_id::{TaxId, TaxIdFault},
};

use super::Fields;

/// Long enough for an international number with its punctuation.
const PHONE_CHARS_MAX: usize = 20;
/// A CNPJ with punctuation has 18; somebody may add blanks.
const TAX_ID_CHARS_MAX: usize = 30;
pub(super) const NOT_PHONE: &str =
    "Informe um telefone válido com DDD, por exemplo 11999999999 ou +5511999999999.";
const NOT_TAX_ID: &str = "Informe um CPF com 11 dígitos ou um CNPJ com 14 caracteres.";
const REPEATED_TAX_ID: &str = "CPF ou CNPJ com todos os caracteres iguais não existe.";
const BAD_CHECK_DIGITS: &str = "Os dígitos verificadores do CPF ou CNPJ não conferem.";

/// What is made of the check digits of a tax id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckDigits {
    /// Told in the row only.
    Told,
    /// Wrong ones are refused (`STRICT_DOCUMENTS`).
    Demanded,
}

impl CheckDigits {
    pub(super) fn of(config: &crate::config::Config) -> Self {
        if config.strict_documents { Self::Demanded } else { Self::Told }
    }
}

/// The changes that the fields make so far. A name is the first of those given that was sent.
pub(super) struct ChangeReader<'f, C> {
    pub(super) fields: &'f mut Fields,
    pub(super) changes: Vec<C>,
}

impl<'f, C> ChangeReader<'f, C> {
    pub(super) fn new(fields: &'f mut Fields) -> Self {
        Self { fields, changes: Vec::new() }
    }

    /// The name under which a field was sent.
    pub(super) fn sent<'n>(&self, names: &[&'n str]) -> Option<&'n str> {
        Some(self.fields.first_present(names)).filter(|name| self.fields.is_present(name))
    }

    pub(super) fn text(
        &mut self,
        names: &[&str],
        chars_max: usize,
        change: fn(Option<String>) -> C,
    ) {
        if let Some(name) = self.sent(names) {
            let text = self.fields.optional_text(name, chars_max);
            self.changes.push(change(text.filter(|text| !text.is_empty())));
        }
    }

    pub(super) fn email(&mut self, names: &[&str], change: fn(Option<String>) -> C) {
        if let Some(name) = self.sent(names) {
            let text = self.fields.optional_email(name);
            self.changes.push(change(text.filter(|text| !text.is_empty())));
        }
    }

    pub(super) fn phone(&mut self, names: &[&str], change: fn(Option<Phone>) -> C) {
        if let Some(name) = self.sent(names) {
            let phone = optional_phone(self.fields, name);
            self.changes.push(change(phone));
        }
    }

    /// A word of a closed vocabulary, which cannot be cleared.
    pub(super) fn choice<T>(
        &mut self,
        names: &[&str],
        parse: fn(&str) -> Option<T>,
        change: fn(T) -> C,
    ) {
        if let Some(name) = self.sent(names) {
            let value = self.fields.optional_choice(name, parse);
            self.changes.extend(value.map(change));
        }
    }

    pub(super) fn switch(&mut self, name: &str, change: fn(bool) -> C) {
        let value = self.fields.optional_bool(name);
        self.changes.extend(value.map(change));
    }
}

/// Absent, `null` or blank gives `None`.
pub(super) fn optional_phone(fields: &mut Fields, name: &str) -> Option<Phone> {
    let written = fields.optional_text(name, PHONE_CHARS_MAX).filter(|text| !text.is_empty())?;
    let phone = Phone::parse(&written);
    if phone.is_none() {
        fields.error(name, NOT_PHONE);
    }
    phone
}

/// Has to be sent; `None` when it is wrong.
pub(super) fn required_phone(fields: &mut Fields, name: &str) -> Option<Phone> {
    let written = fields.required_text(name, PHONE_CHARS_MAX);
    let phone = Phone::parse(&written);
    if phone.is_none() && !fields.has_error(name) {
        fields.error(name, NOT_PHONE);
    }
    phone
}

/// Absent, `null` or blank gives `None`.
pub(super) fn optional_tax_id(
    fields: &mut Fields,
    name: &str,
    check_digits: CheckDigits,
) -> Option<TaxId> {
    let written = fields.optional_text(name, TAX_ID_CHARS_MAX).filter(|text| !text.is_empty())?;
    let fault = match TaxId::parse(&written) {
        Ok(id) if check_digits == CheckDigits::Told || id.is_valid() => return Some(id),
        Ok(_) => BAD_CHECK_DIGITS,
        Err(TaxIdFault::Shape) => NOT_TAX_ID,
        Err(TaxIdFault::Repeated) => REPEATED_TAX_ID,
    };
    fields.error(name, fault);
    None
}

/// The text for a reference to a row that is not there.
pub(super) fn no_such(id: i64) -> String {
    format!("Pk inválido \"{id}\" - objeto não existe.")
}

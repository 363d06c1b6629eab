//! Contacts: the people at a customer, each with a WhatsApp number.

use super::{
    AgentId, ContactId, CustomerId, Timestamp,
    audit::{Differences, FieldChange},
    phone::{self, Phone},
    plain,
};

/// What people enter of a contact.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ContactDetails {
    pub customer_id: CustomerId,
    pub name: String,
    pub position: Option<String>,
    pub email: Option<String>,
    /// Canonical digits with country code, see [`super::phone`].
    pub phone: Option<String>,
    /// As it was typed.
    pub phone_written: Option<String>,
    pub whatsapp: String,
    pub whatsapp_written: String,
    /// Whom to turn to first; one per customer.
    pub is_primary: bool,
    /// An inactive contact counts as deleted.
    pub is_active: bool,
}

/// A contact's row.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Contact {
    pub id: ContactId,
    #[sqlx(flatten)]
    pub details: ContactDetails,
    pub created_by: Option<AgentId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// One detail that gets another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactChange {
    Customer(CustomerId),
    Name(String),
    Position(Option<String>),
    Email(Option<String>),
    Phone(Option<Phone>),
    WhatsApp(Phone),
    Primacy(bool),
    Activity(bool),
}

impl ContactDetails {
    /// Somebody new at a customer, of whom the name and the number are known.
    pub fn new(customer_id: CustomerId, name: String, whatsapp: Phone) -> Self {
        Self {
            customer_id,
            name,
            position: None,
            email: None,
            phone: None,
            phone_written: None,
            whatsapp: whatsapp.canonical,
            whatsapp_written: whatsapp.written,
            is_primary: false,
            is_active: true,
        }
    }

    pub fn apply(&mut self, changes: impl IntoIterator<Item = ContactChange>) {
        for change in changes {
            match change {
                ContactChange::Customer(value) => self.customer_id = value,
                ContactChange::Name(value) => self.name = value,
                ContactChange::Position(value) => self.position = value,
                ContactChange::Email(value) => self.email = value,
                ContactChange::Phone(value) => {
                    (self.phone, self.phone_written) =
                        value.map(|phone| (phone.canonical, phone.written)).unzip();
                }
                ContactChange::WhatsApp(value) => {
                    (self.whatsapp, self.whatsapp_written) = (value.canonical, value.written);
                }
                ContactChange::Primacy(value) => self.is_primary = value,
                ContactChange::Activity(value) => self.is_active = value,
            }
        }
    }

    /// What a list's search looks at, besides the customer's names.
    pub fn search_text(&self) -> String {
        let numbers = [Some(&self.whatsapp), self.phone.as_ref()].into_iter().flatten();
        let forms: Vec<String> = numbers.flat_map(|number| phone::search_forms(number)).collect();
        let texts = [Some(&self.name), self.email.as_ref(), self.position.as_ref()];
        let texts = texts.into_iter().flatten().chain(&forms);
        plain::search_text(texts.map(String::as_str))
    }

    /// The columns that differ from `old`, for the audit trail; all of them when there is no `old`.
    pub fn differences_from(&self, old: Option<&Self>) -> Vec<FieldChange> {
        let was = |of: fn(&Self) -> Option<String>| old.and_then(of);
        Differences::default()
            .field("customer_id", old.map(|old| old.customer_id), Some(self.customer_id))
            .field("name", old.map(|old| &old.name), Some(&self.name))
            .field("position", was(|old| old.position.clone()), self.position.as_ref())
            .field("email", was(|old| old.email.clone()), self.email.as_ref())
            .field("phone", was(|old| old.phone_written.clone()), self.phone_written.as_ref())
            .field("whatsapp", old.map(|old| &old.whatsapp_written), Some(&self.whatsapp_written))
            .field("is_primary", old.map(|old| old.is_primary), Some(self.is_primary))
            .field("is_active", old.map(|old| old.is_active), Some(self.is_active))
            .into_changes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_numbers_are_searched_with_and_without_the_ninth_digit() {
        let whatsapp = Phone::parse("11988887777").unwrap();
        let mut joao = ContactDetails::new(CustomerId(1), "João".to_owned(), whatsapp);
        joao.apply([ContactChange::Phone(Phone::parse("(21) 3333-4444"))]);
        let expected = "joao 5511988887777 551188887777 552133334444";
        assert_eq!(joao.search_text(), expected);
        let before = joao.clone();
        joao.apply([ContactChange::Primacy(true)]);
        let changes = joao.differences_from(Some(&before));
        assert_eq!((changes.len(), changes[0].field.as_str()), (1, "is_primary"));
    }
}

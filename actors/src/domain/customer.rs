//! Customers as far as the hub needs them: whom a chat belongs to.

use super::{CustomerId, Timestamp};

/// A customer's row.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Customer {
    pub id: CustomerId,
    /// Legal name (razão social), or what WhatsApp calls the person.
    pub name: String,
    pub email: Option<String>,
    /// Canonical digits with country code, see [`super::phone`].
    pub phone: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What a ticket shows of its customer.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CustomerCard {
    pub customer_name: String,
    pub customer_email: Option<String>,
    pub customer_phone: Option<String>,
}

/// The name of a customer of whom only the number is known.
pub fn placeholder_name(phone: &str) -> String {
    format!("Cliente {phone}")
}

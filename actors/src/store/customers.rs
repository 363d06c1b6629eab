//! Customers, as far as chats need them.

use super::{Store, StoreError, db::Tx, dialect, sql::sql, unit};
use crate::domain::{Customer, CustomerId, Timestamp};

impl Store {
    pub async fn find_customer(&self, id: CustomerId) -> Result<Option<Customer>, StoreError> {
        self.reader.opt(sql("SELECT * FROM customers WHERE id = $1").bind(id)).await
    }

    pub async fn insert_customer(
        &self,
        name: String,
        email: Option<String>,
        phone: Option<String>,
        now: Timestamp,
    ) -> Result<Customer, StoreError> {
        self.unit(unit!(tx => insert(tx, &name, email.as_deref(), phone.as_deref(), now).await))
            .await
    }
}

pub(super) async fn get(tx: &mut Tx, id: CustomerId) -> Result<Option<Customer>, StoreError> {
    tx.opt(sql("SELECT * FROM customers WHERE id = $1").bind(id)).await
}

/// The oldest customer with this number. Held until the end of the transaction, so that two chats of
/// one number do not create two customers.
pub(super) async fn find_by_phone(
    tx: &mut Tx,
    phone: &str,
) -> Result<Option<Customer>, StoreError> {
    dialect::lock_text(tx, phone).await?;
    tx.opt(sql("SELECT * FROM customers WHERE phone = $1 ORDER BY id LIMIT 1").bind(phone)).await
}

pub(super) async fn insert(
    tx: &mut Tx,
    name: &str,
    email: Option<&str>,
    phone: Option<&str>,
    now: Timestamp,
) -> Result<Customer, StoreError> {
    let insert = sql("INSERT INTO customers (name, email, phone, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $4) RETURNING *");
    tx.one(insert.bind(name).bind(email).bind(phone).bind(now)).await
}

//! Answers of the postal code services, kept for a while.

use super::{Store, StoreError, sql::sql, unit};
use crate::domain::{Timestamp, address::PostalEntry};

/// Useless rows that one write removes at most: more than it adds, so that they cannot pile up, and few
/// enough not to hold up others.
const FORGOTTEN_MAX: i64 = 50;

impl Store {
    /// What is remembered of a postal code (eight digits), be it expired or not.
    pub async fn find_postal_code(&self, code: &str) -> Result<Option<PostalEntry>, StoreError> {
        let select = sql("SELECT * FROM postal_codes WHERE postal_code = $1");
        self.reader.opt(select.bind(code)).await
    }

    /// Remembers an answer in the place of the last one, and removes what is of no use any more.
    pub async fn save_postal_code(
        &self,
        entry: PostalEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.unit(unit!(tx => {
            let forget = sql("DELETE FROM postal_codes WHERE postal_code IN \
                 (SELECT postal_code FROM postal_codes WHERE forget_at <= $1 LIMIT $2)");
            tx.run(forget.bind(now).bind(FORGOTTEN_MAX)).await?;
            let address = entry.address;
            let upsert = sql("INSERT INTO postal_codes (postal_code, source, street, complement, \
                 district, city, state, ibge, gia, ddd, siafi, expires_at, forget_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
                 ON CONFLICT (postal_code) DO UPDATE SET source = excluded.source, \
                 street = excluded.street, complement = excluded.complement, \
                 district = excluded.district, city = excluded.city, state = excluded.state, \
                 ibge = excluded.ibge, gia = excluded.gia, ddd = excluded.ddd, \
                 siafi = excluded.siafi, expires_at = excluded.expires_at, \
                 forget_at = excluded.forget_at")
                .bind(entry.postal_code)
                .bind(entry.source)
                .bind(address.street)
                .bind(address.complement)
                .bind(address.district)
                .bind(address.city)
                .bind(address.state)
                .bind(address.ibge)
                .bind(address.gia)
                .bind(address.ddd)
                .bind(address.siafi)
                .bind(entry.expires_at)
                .bind(entry.forget_at);
            tx.run(upsert).await?;
            Ok(())
        }))
        .await
    }
}

//! What the postal code services know of a postal code (CEP).

use super::Timestamp;

/// The place that a postal code stands for. A code of a whole town has no street.
#[derive(Debug, Clone, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct PostalAddress {
    pub street: String,
    pub complement: String,
    pub district: String,
    pub city: String,
    /// Two letters.
    pub state: String,
    /// The town's number at the statistics office; empty where the service does not tell.
    pub ibge: String,
    /// São Paulo's tax number of the town.
    pub gia: String,
    /// The area code of telephones.
    pub ddd: String,
    /// The town's number at the treasury.
    pub siafi: String,
}

/// Who told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "lowercase")]
pub enum PostalSource {
    ViaCep,
    BrasilApi,
}

/// A remembered answer.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PostalEntry {
    /// Eight digits.
    pub postal_code: String,
    /// `None`: nobody knows this postal code.
    pub source: Option<PostalSource>,
    #[sqlx(flatten)]
    pub address: PostalAddress,
    /// Until then it is the answer; afterwards only when no service answers.
    pub expires_at: Timestamp,
    /// From then on the row is of no use to anybody.
    pub forget_at: Timestamp,
}

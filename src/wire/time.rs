//! Instants as clients read them: RFC 3339 in UTC with `Z` (contract §1).

use dx_actors::domain::Timestamp;
use serde::{Serialize, Serializer};
use time::format_description::well_known::Rfc3339;

/// An instant on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At(pub Timestamp);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(self.0))
    }
}

impl From<Timestamp> for At {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

/// The text of an instant.
pub fn rfc3339(at: Timestamp) -> String {
    // Years beyond 9999 are already cut by the calendar form.
    at.to_offset_date_time().format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_utc_with_z() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (1_767_323_045_000_000, "2026-01-02T03:04:05Z"),
            (1_767_323_045_120_000, "2026-01-02T03:04:05.12Z"),
        ];
        for (micros, expected) in cases {
            let at = At(Timestamp::from_micros(micros));
            assert_eq!(serde_json::to_value(at).unwrap(), expected);
        }
    }
}

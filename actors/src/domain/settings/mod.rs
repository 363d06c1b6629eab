//! Settings that people change while the hub runs, stored as one document per section.
//!
//! Every document has a default for every key, so that what an older version stored keeps reading.

mod appearance;
mod chat;
mod company;
mod documents;
mod email;
mod hours;
mod sealed;
mod whatsapp;

pub use appearance::AppearanceSettings;
pub use chat::ChatSettings;
pub use company::{Address, BankAccount, CompanySettings, Pix};
pub use documents::DocumentSettings;
pub use email::EmailSettings;
pub use hours::{BadInterval, Interval, OpeningHours};
pub use sealed::Sealed;
pub use whatsapp::WhatsAppSettings;

use super::{Timestamp, audit::FieldChange};

/// A section; its name is the key of its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Section {
    Company,
    Chat,
    Email,
    Appearance,
    WhatsApp,
    Documents,
}

impl Section {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Chat => "chat",
            Self::Email => "email",
            Self::Appearance => "appearance",
            Self::WhatsApp => "whatsapp",
            Self::Documents => "documents",
        }
    }
}

/// All sections at one instant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    pub company: CompanySettings,
    pub chat: ChatSettings,
    pub email: EmailSettings,
    pub appearance: AppearanceSettings,
    pub whatsapp: WhatsAppSettings,
    pub documents: DocumentSettings,
    /// The last time that anything was stored; `None` while everything is a default.
    pub updated_at: Option<Timestamp>,
}

impl Settings {
    /// The sections that are not as they were in `old`, with what differs in them.
    pub fn changes_since(&self, old: &Self) -> Vec<(Section, Vec<FieldChange>)> {
        let all = [
            (Section::Company, self.company.changes_since(&old.company)),
            (Section::Chat, self.chat.changes_since(&old.chat)),
            (Section::Email, self.email.changes_since(&old.email)),
            (Section::Appearance, self.appearance.changes_since(&old.appearance)),
            (Section::WhatsApp, self.whatsapp.changes_since(&old.whatsapp)),
            (Section::Documents, self.documents.changes_since(&old.documents)),
        ];
        all.into_iter().filter(|(_, changes)| !changes.is_empty()).collect()
    }
}

/// Notes the fields of two versions that differ, each under its own name.
macro_rules! note {
    ($differences:expr, $old:expr, $new:expr, [$($field:ident),* $(,)?]) => {
        $differences$(.field(stringify!($field), Some(&$old.$field), Some(&$new.$field)))*
    };
    ($differences:expr, $old:expr, $new:expr, $within:ident, [$($field:ident),* $(,)?]) => {
        $differences$(.field(
            concat!(stringify!($within), ".", stringify!($field)),
            Some(&$old.$within.$field),
            Some(&$new.$within.$field),
        ))*
    };
}
use note;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_sections_that_differ_are_named() {
        let old = Settings::default();
        let mut new = old.clone();
        assert_eq!(new.changes_since(&old), []);
        new.company.address.city = "Recife".to_owned();
        new.chat.inactivity_timeout_minutes = 45;
        let named: Vec<_> =
            new.changes_since(&old).into_iter().map(|(s, c)| (s, c.len())).collect();
        assert_eq!(named, [(Section::Company, 1), (Section::Chat, 1)]);
        let (_, changes) = &new.changes_since(&old)[0];
        assert_eq!(
            (changes[0].field.as_str(), changes[0].new_value.as_deref()),
            ("address.city", Some("Recife"))
        );
    }

    #[test]
    fn the_trail_never_holds_a_secret() {
        let mut old = Settings::default();
        old.email.smtp_password = Sealed::new("v1:old");
        let mut new = old.clone();
        new.email.smtp_password = Sealed::new("v1:new");
        new.whatsapp.proxy_url = Sealed::new("v1:proxy");
        let changes = new.changes_since(&old);
        let masks = ("smtp_password", Some("***"), Some("***"));
        let first = &changes[0].1[0];
        let actual = (first.field.as_str(), first.old_value.as_deref(), first.new_value.as_deref());
        assert_eq!(actual, masks);
        let proxy = &changes[1].1[0];
        assert_eq!((proxy.old_value.as_deref(), proxy.new_value.as_deref()), (None, Some("***")));
        assert!(!format!("{new:?}{changes:?}").contains("v1:"));
    }
}

//! Customers: whom a chat belongs to, with everything that is known of a company or a person.

use serde::{Deserialize, Serialize};

use super::{
    AgentId, CompanyGroupId, CustomerId, Timestamp,
    audit::{Differences, FieldChange},
    file::FileKey,
    phone::{self, Phone},
    plain,
    postal_code::PostalCode,
    tax_id::{TaxId, TaxIdKind},
};

/// A company or a natural person. Stored as JSON within a record of a merge, hence serde.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, sqlx::Type, Serialize, Deserialize)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum PersonType {
    #[default]
    Company,
    Individual,
}

impl PersonType {
    /// Who has a tax id of this kind.
    pub const fn of(kind: TaxIdKind) -> Self {
        match kind {
            TaxIdKind::Cnpj => Self::Company,
            TaxIdKind::Cpf => Self::Individual,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum CustomerStatus {
    #[default]
    Active,
    Inactive,
    Suspended,
    Blocked,
}

/// How a company is taxed; the words are those of the law.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum TaxRegime {
    #[default]
    SimplesNacional,
    LucroPresumido,
    LucroReal,
    Mei,
    Other,
}

/// What people enter of a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct CustomerDetails {
    /// Legal name (razão social), or what WhatsApp calls the person.
    pub name: String,
    pub trade_name: Option<String>,
    pub person_type: PersonType,
    pub tax_id: Option<TaxId>,
    pub email: Option<String>,
    /// Canonical digits with country code, see [`super::phone`].
    pub phone: Option<String>,
    /// As it was typed.
    pub phone_written: Option<String>,
    pub whatsapp: Option<String>,
    pub whatsapp_written: Option<String>,
    pub street: Option<String>,
    pub street_number: Option<String>,
    pub complement: Option<String>,
    pub district: Option<String>,
    pub city: Option<String>,
    /// Two letters.
    pub state: Option<String>,
    pub postal_code: Option<PostalCode>,
    pub status: CustomerStatus,
    pub company_group_id: Option<CompanyGroupId>,
    pub state_registration: Option<String>,
    pub municipal_registration: Option<String>,
    pub business_line: Option<String>,
    pub tax_regime: TaxRegime,
    pub representative_name: Option<String>,
    pub representative_cpf: Option<TaxId>,
    pub representative_position: Option<String>,
    pub notes: Option<String>,
    pub responsible_agent_id: Option<AgentId>,
    /// A picture in the storage, as is `signature`.
    pub logo: Option<FileKey>,
    pub signature: Option<FileKey>,
}

/// A customer's row.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Customer {
    pub id: CustomerId,
    #[sqlx(flatten)]
    pub details: CustomerDetails,
    pub created_by: Option<AgentId>,
    pub updated_by: Option<AgentId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// One detail that gets another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerChange {
    Name(String),
    TradeName(Option<String>),
    PersonType(PersonType),
    TaxId(Option<TaxId>),
    Email(Option<String>),
    Phone(Option<Phone>),
    WhatsApp(Option<Phone>),
    Street(Option<String>),
    StreetNumber(Option<String>),
    Complement(Option<String>),
    District(Option<String>),
    City(Option<String>),
    State(Option<String>),
    PostalCode(Option<PostalCode>),
    Status(CustomerStatus),
    CompanyGroup(Option<CompanyGroupId>),
    StateRegistration(Option<String>),
    MunicipalRegistration(Option<String>),
    BusinessLine(Option<String>),
    TaxRegime(TaxRegime),
    RepresentativeName(Option<String>),
    RepresentativeCpf(Option<TaxId>),
    RepresentativePosition(Option<String>),
    Notes(Option<String>),
    ResponsibleAgent(Option<AgentId>),
    /// A file that is pending, as for `Signature`.
    Logo(Option<FileKey>),
    Signature(Option<FileKey>),
}

impl CustomerDetails {
    pub fn apply(&mut self, changes: impl IntoIterator<Item = CustomerChange>) {
        for change in changes {
            self.set(change);
        }
    }

    fn set(&mut self, change: CustomerChange) {
        use CustomerChange as Change;
        match change {
            Change::Name(value) => self.name = value,
            Change::TradeName(value) => self.trade_name = value,
            Change::PersonType(value) => self.person_type = value,
            Change::TaxId(value) => self.tax_id = value,
            Change::Email(value) => self.email = value,
            Change::Phone(value) => (self.phone, self.phone_written) = split(value),
            Change::WhatsApp(value) => (self.whatsapp, self.whatsapp_written) = split(value),
            Change::Street(value) => self.street = value,
            Change::StreetNumber(value) => self.street_number = value,
            Change::Complement(value) => self.complement = value,
            Change::District(value) => self.district = value,
            Change::City(value) => self.city = value,
            Change::State(value) => self.state = value,
            Change::PostalCode(value) => self.postal_code = value,
            Change::Status(value) => self.status = value,
            Change::CompanyGroup(value) => self.company_group_id = value,
            Change::StateRegistration(value) => self.state_registration = value,
            Change::MunicipalRegistration(value) => self.municipal_registration = value,
            Change::BusinessLine(value) => self.business_line = value,
            Change::TaxRegime(value) => self.tax_regime = value,
            Change::RepresentativeName(value) => self.representative_name = value,
            Change::RepresentativeCpf(value) => self.representative_cpf = value,
            Change::RepresentativePosition(value) => self.representative_position = value,
            Change::Notes(value) => self.notes = value,
            Change::ResponsibleAgent(value) => self.responsible_agent_id = value,
            Change::Logo(value) => self.logo = value,
            Change::Signature(value) => self.signature = value,
        }
    }

    /// What a list's search looks at.
    pub fn search_text(&self) -> String {
        let numbers = [&self.phone, &self.whatsapp].into_iter().flatten();
        let forms: Vec<String> = numbers.flat_map(|number| phone::search_forms(number)).collect();
        let texts = [Some(&self.name), self.trade_name.as_ref(), self.email.as_ref()];
        let more = [self.city.as_ref(), self.phone_written.as_ref()];
        let texts = texts.into_iter().chain(more).flatten().map(String::as_str);
        let tax_id = self.tax_id.iter().map(TaxId::as_str);
        plain::search_text(texts.chain(tax_id).chain(forms.iter().map(String::as_str)))
    }

    /// The columns that differ from `old`, for the audit trail. Of pictures the store knows more than
    /// their keys.
    pub fn differences_from(&self, old: &Self) -> Vec<FieldChange> {
        let differences = Differences::default()
            .field("name", filled(&old.name), filled(&self.name))
            .field("trade_name", old.trade_name.as_ref(), self.trade_name.as_ref())
            .field("person_type", Some(old.person_type), Some(self.person_type))
            .field("tax_id", old.tax_id.as_ref(), self.tax_id.as_ref())
            .field("email", old.email.as_ref(), self.email.as_ref())
            .field("phone", old.phone_written.as_ref(), self.phone_written.as_ref())
            .field("whatsapp", old.whatsapp_written.as_ref(), self.whatsapp_written.as_ref())
            .field("street", old.street.as_ref(), self.street.as_ref())
            .field("street_number", old.street_number.as_ref(), self.street_number.as_ref())
            .field("complement", old.complement.as_ref(), self.complement.as_ref())
            .field("district", old.district.as_ref(), self.district.as_ref())
            .field("city", old.city.as_ref(), self.city.as_ref())
            .field("state", old.state.as_ref(), self.state.as_ref())
            .field("postal_code", old.postal_code.as_ref(), self.postal_code.as_ref())
            .field("status", Some(old.status), Some(self.status));
        self.more_differences_from(old, differences).into_changes()
    }

    fn more_differences_from(&self, old: &Self, differences: Differences) -> Differences {
        let (old_cpf, cpf) = (old.representative_cpf.as_ref(), self.representative_cpf.as_ref());
        let (old_position, position) =
            (old.representative_position.as_ref(), self.representative_position.as_ref());
        let (old_municipal, municipal) =
            (old.municipal_registration.as_ref(), self.municipal_registration.as_ref());
        differences
            .field("company_group_id", old.company_group_id, self.company_group_id)
            .field(
                "state_registration",
                old.state_registration.as_ref(),
                self.state_registration.as_ref(),
            )
            .field("municipal_registration", old_municipal, municipal)
            .field("business_line", old.business_line.as_ref(), self.business_line.as_ref())
            .field("tax_regime", Some(old.tax_regime), Some(self.tax_regime))
            .field(
                "representative_name",
                old.representative_name.as_ref(),
                self.representative_name.as_ref(),
            )
            .field("representative_cpf", old_cpf, cpf)
            .field("representative_position", old_position, position)
            .field("notes", old.notes.as_ref(), self.notes.as_ref())
            .field("responsible_agent_id", old.responsible_agent_id, self.responsible_agent_id)
    }
}

/// A row that is not there yet has no name.
fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn split(phone: Option<Phone>) -> (Option<String>, Option<String>) {
    phone.map(|Phone { canonical, written }| (canonical, written)).unzip()
}

/// The spelling of the column, which the audit trail shows too.
macro_rules! shown_as_stored {
    ($($type:ty { $($variant:ident => $text:literal),* $(,)? })*) => {$(
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $(Self::$variant => $text),* })
            }
        }
    )*};
}

shown_as_stored! {
    PersonType { Company => "company", Individual => "individual" }
    CustomerStatus {
        Active => "active", Inactive => "inactive", Suspended => "suspended", Blocked => "blocked",
    }
    TaxRegime {
        SimplesNacional => "simples_nacional", LucroPresumido => "lucro_presumido",
        LucroReal => "lucro_real", Mei => "mei", Other => "other",
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn bakery() -> CustomerDetails {
        let mut details = CustomerDetails::default();
        details.apply([
            CustomerChange::Name("Padaria São João Ltda".to_owned()),
            CustomerChange::TaxId(TaxId::parse("12.345.678/0001-95").ok()),
            CustomerChange::Phone(Phone::parse("(11) 98888-7777")),
            CustomerChange::City(Some("São Paulo".to_owned())),
            CustomerChange::Email(Some("pao@joao.com.br".to_owned())),
        ]);
        details
    }

    #[test]
    fn a_customer_is_found_by_any_spelling() {
        let text = bakery().search_text();
        let terms = ["São joão", "sao paulo", "12.345.678/0001", "11 8888-7777", "(11) 98888-7777"];
        for term in terms.into_iter().chain(["pao@joao.com.br", "+55 11 98888 7777"]) {
            let words = plain::plain(term);
            assert!(words.split(' ').all(|word| text.contains(word)), "{term}: {text}");
        }
    }

    #[test]
    fn changes_are_noted_by_column() {
        let (old, mut new) = (bakery(), bakery());
        assert!(new.differences_from(&old).is_empty());
        new.apply([
            CustomerChange::Status(CustomerStatus::Suspended),
            CustomerChange::Phone(None),
            CustomerChange::TaxRegime(TaxRegime::Mei),
        ]);
        let changes = new.differences_from(&old);
        let texts: Vec<_> = changes
            .iter()
            .map(|change| {
                (change.field.as_str(), change.old_value.as_deref(), change.new_value.as_deref())
            })
            .collect();
        let expected = [
            ("phone", Some("(11) 98888-7777"), None),
            ("status", Some("active"), Some("suspended")),
            ("tax_regime", Some("simples_nacional"), Some("mei")),
        ];
        assert_eq!(texts, expected);
    }
}

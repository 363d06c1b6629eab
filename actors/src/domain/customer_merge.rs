//! One customer who was entered twice: what the one who stays takes over from the other, and what goes
//! back when they are parted again.
//!
//! What the survivor knows wins; only what he lacks is taken. Details that make sense together only (the
//! lines of an address) are taken together or not at all.

use serde::{Deserialize, Serialize};

use super::{
    AgentId, CustomerDetails, CustomerId, MergeId, PersonType, Timestamp,
    customer::placeholder_name, file::FileKey,
};

/// Why two customers are not merged, or not parted; a sentence in pt-BR that the person can act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeRefused {
    #[error("Um cliente não pode ser unido a si mesmo")]
    SameCustomer,
    #[error("O cliente {0} não existe mais")]
    Gone(CustomerId),
    #[error("O cliente {customer} já foi unido ao cliente {into}: use o cliente {into}")]
    AlreadyMerged { customer: CustomerId, into: CustomerId },
    /// Two registrations are two companies or two people, until somebody says otherwise.
    #[error(
        "Os clientes têm documentos diferentes ({kept} e {given_up}): parecem ser dois. Para ligar \
         empresas, use um grupo de empresas. Se for mesmo um só, envie \"forcar\": true; fica valendo {kept}"
    )]
    DifferentTaxIds { kept: String, given_up: String },
    #[error("Esta união já foi desfeita")]
    AlreadySeparated,
    /// Merges are undone in the reverse order.
    #[error(
        "O cliente {survivor} foi depois unido ao cliente {into}: separe primeiro a união {by}"
    )]
    MergedFurther { survivor: CustomerId, into: CustomerId, by: MergeId },
    #[error(
        "O documento do cliente {merged} é agora do cliente {owner}: altere o documento do cliente {owner} \
         antes de separar"
    )]
    TaxIdInUse { merged: CustomerId, owner: CustomerId },
}

/// What is done about two customers with different tax ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDifferentTaxIds {
    Refuse,
    /// A person knows that they are one; the survivor's stays.
    Merge,
}

/// A person says that two customers are one.
#[derive(Debug, Clone)]
pub struct NewMerge {
    /// Who stays.
    pub survivor: CustomerId,
    /// Who is merged into him.
    pub merged: CustomerId,
    pub reason: String,
    pub on_different_tax_ids: OnDifferentTaxIds,
    pub by: AgentId,
}

/// A detail of a customer, or several that make sense together only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Name,
    TradeName,
    /// With the type of person that has it.
    TaxId,
    Email,
    Phone,
    WhatsApp,
    /// All lines.
    Address,
    CompanyGroup,
    StateRegistration,
    MunicipalRegistration,
    BusinessLine,
    /// Name, CPF and position.
    Representative,
    Notes,
    ResponsibleAgent,
    Logo,
    Signature,
}

impl Part {
    const ALL: [Self; 16] = [
        Self::Name,
        Self::TradeName,
        Self::TaxId,
        Self::Email,
        Self::Phone,
        Self::WhatsApp,
        Self::Address,
        Self::CompanyGroup,
        Self::StateRegistration,
        Self::MunicipalRegistration,
        Self::BusinessLine,
        Self::Representative,
        Self::Notes,
        Self::ResponsibleAgent,
        Self::Logo,
        Self::Signature,
    ];

    fn copy(self, from: &CustomerDetails, to: &mut CustomerDetails) {
        match self {
            Self::Name => to.name.clone_from(&from.name),
            Self::TradeName => to.trade_name.clone_from(&from.trade_name),
            Self::TaxId => {
                to.tax_id.clone_from(&from.tax_id);
                to.person_type = from.person_type;
            }
            Self::Email => to.email.clone_from(&from.email),
            Self::Phone => {
                to.phone.clone_from(&from.phone);
                to.phone_written.clone_from(&from.phone_written);
            }
            Self::WhatsApp => {
                to.whatsapp.clone_from(&from.whatsapp);
                to.whatsapp_written.clone_from(&from.whatsapp_written);
            }
            Self::Address => copy_address(from, to),
            Self::CompanyGroup => to.company_group_id = from.company_group_id,
            Self::StateRegistration => to.state_registration.clone_from(&from.state_registration),
            Self::MunicipalRegistration => {
                to.municipal_registration.clone_from(&from.municipal_registration);
            }
            Self::BusinessLine => to.business_line.clone_from(&from.business_line),
            Self::Representative => {
                to.representative_name.clone_from(&from.representative_name);
                to.representative_cpf.clone_from(&from.representative_cpf);
                to.representative_position.clone_from(&from.representative_position);
            }
            Self::Notes => to.notes.clone_from(&from.notes),
            Self::ResponsibleAgent => to.responsible_agent_id = from.responsible_agent_id,
            Self::Logo => to.logo.clone_from(&from.logo),
            Self::Signature => to.signature.clone_from(&from.signature),
        }
    }

    fn is_same(self, one: &CustomerDetails, other: &CustomerDetails) -> bool {
        let mut copy = one.clone();
        self.copy(other, &mut copy);
        copy == *one
    }

    /// Nothing is known of it.
    fn is_empty(self, details: &CustomerDetails) -> bool {
        match self {
            Self::Name => {
                let phone = details.phone.as_deref();
                details.name.is_empty()
                    || phone.is_some_and(|phone| details.name == placeholder_name(phone))
            }
            // Everybody is of some type.
            Self::TaxId => details.tax_id.is_none(),
            part => part.is_same(details, &CustomerDetails::default()),
        }
    }
}

fn copy_address(from: &CustomerDetails, to: &mut CustomerDetails) {
    to.street.clone_from(&from.street);
    to.street_number.clone_from(&from.street_number);
    to.complement.clone_from(&from.complement);
    to.district.clone_from(&from.district);
    to.city.clone_from(&from.city);
    to.state.clone_from(&from.state);
    to.postal_code.clone_from(&from.postal_code);
}

/// What a merge did, so that it can be undone. Stored as JSON, hence serde; numbers are ids of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MergeRecord {
    pub tickets: Vec<i64>,
    pub queue_entries: Vec<i64>,
    pub contacts: Vec<i64>,
    /// Contacts that came over and ceased to be whom to turn to first.
    pub demoted_contacts: Vec<i64>,
    /// Contacts that stay with the merged customer: the survivor has somebody with the same number.
    pub repeated_contacts: Vec<i64>,
    pub documents: Vec<i64>,
    /// Customers who had been merged into the merged one.
    pub customers: Vec<i64>,
    /// What the survivor took over.
    pub parts: Vec<Part>,
    /// What he was called before, if he took over the name.
    pub name_before: String,
    /// What he was before, if he took over the tax id.
    pub person_type_before: PersonType,
    /// The pictures that changed hands: a file belongs to one row.
    pub logo: Option<String>,
    pub signature: Option<String>,
}

/// Fills what the survivor lacks. The record names what was taken, and no rows yet.
pub fn take_over(
    survivor: &CustomerDetails,
    merged: &CustomerDetails,
) -> (CustomerDetails, MergeRecord) {
    let mut after = survivor.clone();
    let is_taken = |part: &Part| part.is_empty(survivor) && !part.is_empty(merged);
    let parts: Vec<Part> = Part::ALL.into_iter().filter(is_taken).collect();
    for part in &parts {
        part.copy(merged, &mut after);
    }
    let picture = |part: Part, key: Option<&FileKey>| {
        key.filter(|_| parts.contains(&part)).map(|key| key.as_str().to_owned())
    };
    let record = MergeRecord {
        logo: picture(Part::Logo, merged.logo.as_ref()),
        signature: picture(Part::Signature, merged.signature.as_ref()),
        name_before: survivor.name.clone(),
        person_type_before: survivor.person_type,
        parts,
        ..MergeRecord::default()
    };
    (after, record)
}

/// What the survivor gives back: whatever he took over and has not been changed since. The survivor and
/// the other, as they are afterwards.
pub fn give_back(
    survivor: &CustomerDetails,
    merged: &CustomerDetails,
    record: &MergeRecord,
) -> (CustomerDetails, CustomerDetails) {
    let (mut stays, mut returns) = (survivor.clone(), merged.clone());
    let before = CustomerDetails {
        name: record.name_before.clone(),
        person_type: record.person_type_before,
        ..CustomerDetails::default()
    };
    for part in &record.parts {
        let picture = match part {
            Part::Logo => Some((survivor.logo.as_ref(), &record.logo)),
            Part::Signature => Some((survivor.signature.as_ref(), &record.signature)),
            _ => None,
        };
        let is_unchanged = match picture {
            Some((key, recorded)) => key.map(FileKey::as_str) == recorded.as_deref(),
            None => part.is_same(survivor, merged),
        };
        if is_unchanged {
            part.copy(survivor, &mut returns);
            part.copy(&before, &mut stays);
        }
    }
    (stays, returns)
}

/// A merge as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CustomerMerge {
    pub id: MergeId,
    pub survivor_id: CustomerId,
    pub merged_id: CustomerId,
    pub reason: String,
    #[sqlx(json)]
    pub record: MergeRecord,
    pub merged_by: Option<AgentId>,
    pub merged_at: Timestamp,
    pub separated_by: Option<AgentId>,
    pub separated_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{CompanyGroupId, phone::Phone, postal_code::PostalCode, tax_id::TaxId};

    /// Whether each detail is known, and which of two values it has.
    fn details() -> impl Strategy<Value = CustomerDetails> {
        prop::collection::vec(prop::option::of(any::<bool>()), 16).prop_map(|known| {
            let text =
                |at: usize| known[at].map(|first| if first { "um" } else { "dois" }.to_owned());
            let phone = |at: usize| {
                known[at].map(|first| if first { "11988880001" } else { "11988880002" })
            };
            let (phone_known, whatsapp) = (phone(1), phone(2));
            let canonical = |written: Option<&str>| Some(Phone::parse(written?)?.canonical);
            let number = canonical(phone_known);
            let placeholder = number.as_deref().map(placeholder_name).unwrap_or_default();
            let key = |at: usize, digit: &str| {
                known[at].map(|_| FileKey::try_from(digit.repeat(16)).unwrap())
            };
            CustomerDetails {
                name: text(0).unwrap_or(placeholder),
                phone: number,
                phone_written: phone_known.map(str::to_owned),
                whatsapp: canonical(whatsapp),
                whatsapp_written: whatsapp.map(str::to_owned),
                trade_name: text(3),
                tax_id: known[4].map(|first| {
                    TaxId::parse(if first { "11144477735" } else { "11222333000181" }).unwrap()
                }),
                person_type: if known[4] == Some(true) {
                    PersonType::Individual
                } else {
                    PersonType::Company
                },
                email: text(5),
                street: text(6),
                city: text(7),
                postal_code: known[8].and_then(|_| PostalCode::parse("01234567")),
                company_group_id: known[9].map(|first| CompanyGroupId(i64::from(first))),
                business_line: text(10),
                representative_name: text(11),
                representative_position: text(12),
                notes: text(13),
                logo: key(14, "ab"),
                signature: key(15, "cd"),
                ..CustomerDetails::default()
            }
        })
    }

    /// What the store leaves on the merged row: pictures that went over are gone from it.
    fn left(merged: &CustomerDetails, record: &MergeRecord) -> CustomerDetails {
        let mut left = merged.clone();
        left.logo = left.logo.filter(|_| record.logo.is_none());
        left.signature = left.signature.filter(|_| record.signature.is_none());
        left
    }

    proptest! {
        #[test]
        fn merging_and_parting_changes_nothing(survivor in details(), merged in details()) {
            let (after, record) = take_over(&survivor, &merged);
            let (stays, returns) = give_back(&after, &left(&merged, &record), &record);
            prop_assert_eq!(stays, survivor);
            prop_assert_eq!(returns, merged);
        }

        #[test]
        fn what_the_survivor_knows_wins(survivor in details(), merged in details()) {
            let (after, record) = take_over(&survivor, &merged);
            for part in Part::ALL {
                if part.is_empty(&survivor) {
                    let is_taken = !part.is_empty(&merged);
                    prop_assert_eq!(is_taken, record.parts.contains(&part));
                    prop_assert!(!is_taken || part.is_same(&after, &merged), "{:?}", part);
                } else {
                    prop_assert!(part.is_same(&after, &survivor), "{:?}", part);
                }
            }
        }

        #[test]
        fn what_was_changed_since_stays(
            survivor in details(), merged in details(), later in details()
        ) {
            let (_, record) = take_over(&survivor, &merged);
            let (stays, returns) = give_back(&later, &left(&merged, &record), &record);
            for part in Part::ALL.into_iter().filter(|part| !part.is_same(&later, &merged)) {
                prop_assert!(part.is_same(&stays, &later), "{:?}", part);
            }
            let pictures = [Part::Logo, Part::Signature];
            for part in Part::ALL.into_iter().filter(|part| !pictures.contains(part)) {
                prop_assert!(part.is_same(&returns, &merged), "{:?}", part);
            }
        }
    }

    #[test]
    fn an_address_is_never_made_of_two() {
        let text = |text: &str| Some(text.to_owned());
        let survivor = CustomerDetails { city: text("Niterói"), ..CustomerDetails::default() };
        let merged = CustomerDetails {
            street: text("Rua das Flores"),
            city: text("São Paulo"),
            ..CustomerDetails::default()
        };
        let (after, record) = take_over(&survivor, &merged);
        assert_eq!(after, survivor);
        assert_eq!(record.parts, []);
    }
}

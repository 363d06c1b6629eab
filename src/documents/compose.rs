//! From a template, a customer, the company's settings and what a request says to the input of a layout.

use std::collections::BTreeMap;

use dx_actors::domain::{
    Centavos, Customer, DocumentTemplate,
    boleto::{BankDetails, BankField, BoletoCode},
    customer::CustomerDetails,
    document_template::{ClientFacts, CompanyFacts, Facts, Filled, fill},
    pix::{PixCharge, PixFault, PixKey},
    postal_code::PostalCode,
    settings::CompanySettings,
    tax_id::TaxId,
};
use time::{
    Date, OffsetDateTime, PrimitiveDateTime, format_description::BorrowedFormatItem,
    macros::format_description,
};

use super::input::{BankSlip, BoletoSheet, Letter, Letterhead, Party, PixBox, SheetStamp};

const ISO_DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
/// Lines for witnesses of a contract (Código de Processo Civil art. 784, III).
const WITNESSES: u8 = 2;

/// A request's values by placeholder; `None` is null.
pub type Values = BTreeMap<String, Option<String>>;

/// What is to be made, and of what.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    pub template: &'a DocumentTemplate,
    pub company: &'a CompanySettings,
    /// The company's logo, see [`Letterhead::logo`].
    pub logo: Option<Vec<u8>>,
    pub customer: &'a Customer,
    pub data: &'a Values,
    /// Now, in the company's time zone.
    pub now: OffsetDateTime,
    pub stamp: SheetStamp,
}

/// The input of a layout, and what is told about it.
#[derive(Debug, Clone)]
pub struct Composed<D> {
    pub document: D,
    /// Every value as it is shown, by placeholder.
    pub values: BTreeMap<String, String>,
    /// What had no value, by placeholder or setting.
    pub missing: Vec<String>,
}

/// Values of a charge that no bank takes: field of the request and a sentence.
pub type Faults = Vec<(&'static str, String)>;

/// A contract, proposal or certificate.
pub fn letter(order: Order<'_>) -> Composed<Letter> {
    let Filled { content, values, missing } = filled(&order, order.data);
    let letterhead = letterhead(order.company, order.logo);
    let document = Letter {
        title: order.template.name.clone(),
        content,
        signatures: vec![
            ("CONTRATADA".to_owned(), payee(&letterhead)),
            ("CONTRATANTE".to_owned(), payer(&order.customer.details)),
        ],
        witnesses: WITNESSES,
        letterhead,
        created_at: order.now,
        stamp: order.stamp,
    };
    Composed { document, values, missing }
}

/// A charge. `number` tells it apart from all others; it is the bank's "nosso número" unless the request
/// names one.
pub fn charge(order: Order<'_>, number: i64) -> Result<Composed<BoletoSheet>, Faults> {
    let amount = amount(order.data)?;
    let due = due_date(order.data);
    let bank = bank_details(order.company, order.data, number);
    let data = with_bank(order.data, &bank);
    let Filled { content, mut values, mut missing } = filled(&order, &data);
    let slip = slip(&bank, due, amount, &mut missing)?;
    let pix = pix(order.company, order.data, amount, number, &mut missing);
    if let Some(slip) = &slip {
        values.insert("linha_digitavel".to_owned(), slip.code.printed_line());
        values.insert("codigo_barras".to_owned(), slip.code.as_str().to_owned());
        values.insert("nosso_numero".to_owned(), slip.account.our_number.clone());
    }
    if let Some(pix) = &pix {
        values.insert("pix_copia_e_cola".to_owned(), pix.code.as_str().to_owned());
    }
    let letterhead = letterhead(order.company, order.logo);
    let description = order.data.get("descricao_servicos").cloned().flatten();
    let document = BoletoSheet {
        title: order.template.name.clone(),
        content,
        payee: payee(&letterhead),
        payer: payer(&order.customer.details),
        due,
        amount,
        instructions: description.into_iter().collect(),
        document_number: number.to_string(),
        slip,
        pix,
        letterhead,
        created_at: order.now,
        stamp: order.stamp,
    };
    Ok(Composed { document, values, missing })
}

/// The date of `data_vencimento` when it is one.
pub fn due_date(data: &Values) -> Option<Date> {
    Date::parse(text(data, "data_vencimento").trim(), ISO_DATE).ok()
}

/// The company's letterhead.
pub fn letterhead(company: &CompanySettings, logo: Option<Vec<u8>>) -> Letterhead {
    let contact = [&company.phone, &company.email, &company.website];
    let contact: Vec<&str> =
        contact.into_iter().map(String::as_str).filter(|t| !t.is_empty()).collect();
    Letterhead {
        name: company_name(company),
        tax_id: pretty_tax_id(&company.tax_id),
        address: company_address(company),
        contact: contact.join("\n"),
        logo,
    }
}

fn filled(order: &Order<'_>, data: &Values) -> Filled {
    let details = &order.customer.details;
    let facts = Facts {
        client: ClientFacts {
            name: details.name.clone(),
            tax_id: details.tax_id.as_ref().map(TaxId::formatted).unwrap_or_default(),
            address: customer_address(details),
            email: details.email.clone().unwrap_or_default(),
            phone: details
                .phone_written
                .clone()
                .or_else(|| details.phone.clone())
                .unwrap_or_default(),
        },
        company: CompanyFacts {
            legal_name: company_name(order.company),
            tax_id: pretty_tax_id(&order.company.tax_id),
            address: company_address(order.company),
        },
        now: PrimitiveDateTime::new(order.now.date(), order.now.time()),
    };
    fill(order.template, &facts, data)
}

fn text<'a>(data: &'a Values, name: &str) -> &'a str {
    data.get(name).and_then(Option::as_deref).unwrap_or_default()
}

/// `None` when nothing is said; a fault when it is no amount.
fn amount(data: &Values) -> Result<Option<Centavos>, Faults> {
    let written = text(data, "valor_total").trim();
    if written.is_empty() {
        return Ok(None);
    }
    match Centavos::parse(written) {
        Some(amount) if amount.get() > 0 && amount <= Centavos::BOLETO_MAX => Ok(Some(amount)),
        _ => Err(vec![("valor_total", "Informe um valor entre 0,01 e 99.999.999,99.".to_owned())]),
    }
}

/// The account of the settings; what the request says wins.
fn bank_details(company: &CompanySettings, data: &Values, number: i64) -> BankDetails {
    let bank = &company.bank;
    let or = |name: &str, setting: String| match text(data, name).trim() {
        "" => setting,
        said => said.to_owned(),
    };
    BankDetails {
        bank: or("banco", bank.bank.clone()),
        branch: or("agencia", with_digit(&bank.branch, &bank.branch_digit)),
        account: or("conta", with_digit(&bank.account, &bank.account_digit)),
        wallet: or("carteira", bank.wallet.clone()),
        agreement: or("convenio", bank.agreement.clone()),
        station: or("posto", String::new()),
        our_number: or("nosso_numero", number.to_string()),
        free_field: or("campo_livre", String::new()),
    }
}

fn with_digit(number: &str, digit: &str) -> String {
    if number.is_empty() || digit.is_empty() {
        number.to_owned()
    } else {
        format!("{number}-{digit}")
    }
}

/// So that a template that prints the account shows the one that is charged.
fn with_bank(data: &Values, bank: &BankDetails) -> Values {
    let mut data = data.clone();
    if !bank.bank.is_empty() {
        for (name, value) in [
            ("banco", &bank.bank),
            ("agencia", &bank.branch),
            ("conta", &bank.account),
            ("nosso_numero", &bank.our_number),
        ] {
            data.insert(name.to_owned(), Some(value.clone()));
        }
    }
    data
}

/// The part that a bank takes; without it, what is missing for it is noted.
fn slip(
    bank: &BankDetails,
    due: Option<Date>,
    amount: Option<Centavos>,
    missing: &mut Vec<String>,
) -> Result<Option<BankSlip>, Faults> {
    let account = match bank.payable() {
        Ok(account) => account,
        Err(gap) if gap.invalid.is_empty() => {
            gap.missing.into_iter().for_each(|field| note(missing, field_name(field)));
            return Ok(None);
        }
        Err(gap) => {
            let faults = gap.invalid.into_iter();
            return Err(faults.map(|(field, text)| (field_name(field), text)).collect());
        }
    };
    let (Some(due), Some(amount)) = (due, amount) else {
        for (is_absent, name) in
            [(due.is_none(), "data_vencimento"), (amount.is_none(), "valor_total")]
        {
            if is_absent {
                note(missing, name);
            }
        }
        return Ok(None);
    };
    match BoletoCode::new(&account.bank.code, due, amount, &account.free_field) {
        Ok(code) => Ok(Some(BankSlip { account, code })),
        Err(fault) => Err(vec![("data_vencimento", fault.to_string())]),
    }
}

/// Each name once, in the order in which they were missed.
fn note(missing: &mut Vec<String>, name: &str) {
    if !missing.iter().any(|known| known == name) {
        missing.push(name.to_owned());
    }
}

const fn field_name(field: BankField) -> &'static str {
    match field {
        BankField::Bank => "banco",
        BankField::Branch => "agencia",
        BankField::Account => "conta",
        BankField::Wallet => "carteira",
        BankField::Agreement => "convenio",
        BankField::Station => "posto",
        BankField::OurNumber => "nosso_numero",
        BankField::FreeField => "campo_livre",
    }
}

/// The part that is paid by Pix, when the settings name a key.
fn pix(
    company: &CompanySettings,
    data: &Values,
    amount: Option<Centavos>,
    number: i64,
    missing: &mut Vec<String>,
) -> Option<PixBox> {
    if company.pix.key.is_empty() {
        note(missing, "pix.chave");
        return None;
    }
    let first = |texts: [&String; 2]| texts.into_iter().find(|text| !text.is_empty()).cloned();
    let charge = PixKey::parse(&company.pix.key).map(|key| PixCharge {
        key,
        name: first([&company.pix.name, &company_name(company)]).unwrap_or_default(),
        city: first([&company.pix.city, &company.address.city]).unwrap_or_default(),
        amount,
        txid: format!("DX{number}"),
        text: text(data, "descricao_servicos").to_owned(),
    });
    match charge.and_then(|charge| charge.br_code()) {
        Ok(code) => Some(PixBox { code }),
        Err(fault) => {
            let name = match fault {
                PixFault::Name => "pix.nome",
                PixFault::City => "pix.cidade",
                PixFault::Key | PixFault::TxId | PixFault::Amount => "pix.chave",
            };
            note(missing, name);
            None
        }
    }
}

fn payee(letterhead: &Letterhead) -> Party {
    let Letterhead { name, tax_id, address, .. } = letterhead.clone();
    Party { name, tax_id, address }
}

fn payer(details: &CustomerDetails) -> Party {
    Party {
        name: details.name.clone(),
        tax_id: details.tax_id.as_ref().map(TaxId::formatted).unwrap_or_default(),
        address: customer_address(details),
    }
}

/// What contracts call us when nobody has filled in a name (contract §8).
const COMPANY_WITHOUT_NAME: &str = "Empresa";

fn company_name(company: &CompanySettings) -> String {
    let names = [company.legal_name.as_str(), company.trade_name.as_str(), COMPANY_WITHOUT_NAME];
    names.into_iter().find(|name| !name.is_empty()).unwrap_or_default().to_owned()
}

fn pretty_tax_id(tax_id: &str) -> String {
    TaxId::parse(tax_id).map_or_else(|_| tax_id.to_owned(), |tax_id| tax_id.formatted())
}

fn customer_address(details: &CustomerDetails) -> String {
    let get = |text: &Option<String>| text.clone().unwrap_or_default();
    let postal_code = details.postal_code.as_ref().map(ToString::to_string).unwrap_or_default();
    address_line(
        &get(&details.street),
        &get(&details.street_number),
        [&get(&details.complement), &get(&details.district)],
        [&get(&details.city), &get(&details.state)],
        &postal_code,
    )
}

fn company_address(company: &CompanySettings) -> String {
    let address = &company.address;
    let postal_code = PostalCode::parse(&address.postal_code);
    let postal_code = postal_code.map(|code| code.to_string()).unwrap_or_default();
    address_line(
        &address.street,
        &address.number,
        [&address.complement, &address.district],
        [&address.city, &address.state],
        &postal_code,
    )
}

/// `Rua das Flores, 123 - Centro, São Paulo/SP, CEP 01234-567`. People write the number into the street
/// as well; it is shown once.
fn address_line(
    street: &str,
    number: &str,
    places: [&str; 2],
    [city, state]: [&str; 2],
    postal_code: &str,
) -> String {
    let has_number = number.is_empty() || street.ends_with(&format!(", {number}"));
    let street = if has_number { street.to_owned() } else { format!("{street}, {number}") };
    let near = [street.as_str(), places[0], places[1]].into_iter().filter(|text| !text.is_empty());
    let city =
        [city, state].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("/");
    let postal_code =
        if postal_code.is_empty() { String::new() } else { format!("CEP {postal_code}") };
    let parts = [near.collect::<Vec<_>>().join(" - "), city, postal_code];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

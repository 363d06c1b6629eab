//! A template with made-up values, stamped as a preview, for the person who is writing it.

use std::collections::BTreeMap;

use dx_actors::domain::{
    Centavos, DocumentTemplate,
    document_template::{ClientFacts, CompanyFacts, Facts, fill, placeholders},
};
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::input::{BankSlip, BoletoSheet, Letter, Letterhead, Party, PixBox, SheetStamp};

const AMOUNT: &str = "1500.00";
/// A due date that no reader of a preview takes for a late one.
const DUE_IN: Duration = Duration::days(10);

/// The charge of a preview, as far as the settings know how it would be paid.
#[derive(Debug, Clone, Default)]
pub struct SampleCharge {
    pub slip: Option<BankSlip>,
    pub pix: Option<PixBox>,
}

/// The preview of a contract, proposal or certificate. `now` is in the company's time zone.
pub fn preview_letter(
    template: &DocumentTemplate,
    letterhead: Letterhead,
    now: OffsetDateTime,
) -> Letter {
    let facts = facts(&letterhead, now);
    let content = fill(template, &facts, &data(template, now)).content;
    let company = payee(&letterhead);
    let client = payer();
    Letter {
        title: template.name.clone(),
        content,
        signatures: vec![("CONTRATADA".to_owned(), company), ("CONTRATANTE".to_owned(), client)],
        witnesses: 2,
        letterhead,
        created_at: now,
        stamp: SheetStamp::Preview,
    }
}

/// The preview of a charge. `now` is in the company's time zone.
pub fn preview_boleto(
    template: &DocumentTemplate,
    letterhead: Letterhead,
    charge: SampleCharge,
    now: OffsetDateTime,
) -> BoletoSheet {
    let facts = facts(&letterhead, now);
    let content = fill(template, &facts, &data(template, now)).content;
    BoletoSheet {
        title: template.name.clone(),
        content,
        payee: payee(&letterhead),
        payer: payer(),
        due: Some((now + DUE_IN).date()),
        amount: Centavos::parse(AMOUNT),
        instructions: vec!["Descrição dos serviços".to_owned()],
        document_number: "0000".to_owned(),
        slip: charge.slip,
        pix: charge.pix,
        letterhead,
        created_at: now,
        stamp: SheetStamp::Preview,
    }
}

fn payee(letterhead: &Letterhead) -> Party {
    let Letterhead { name, tax_id, address, .. } = letterhead.clone();
    Party { name, tax_id, address }
}

fn payer() -> Party {
    let client = client();
    Party { name: client.name, tax_id: client.tax_id, address: client.address }
}

fn client() -> ClientFacts {
    ClientFacts {
        name: "Cliente de Exemplo Ltda".to_owned(),
        tax_id: "11.222.333/0001-81".to_owned(),
        address: "Rua das Acácias, 100 – Centro, São Paulo/SP".to_owned(),
        email: "cliente@exemplo.com.br".to_owned(),
        phone: "(11) 99999-0000".to_owned(),
    }
}

fn facts(letterhead: &Letterhead, now: OffsetDateTime) -> Facts {
    Facts {
        client: client(),
        company: CompanyFacts {
            legal_name: letterhead.name.clone(),
            tax_id: letterhead.tax_id.clone(),
            address: letterhead.address.clone(),
        },
        now: PrimitiveDateTime::new(now.date(), now.time()),
    }
}

/// A value for every placeholder: an amount, a date, a term, else the name itself.
fn data(template: &DocumentTemplate, now: OffsetDateTime) -> BTreeMap<String, Option<String>> {
    let value = |name: &str| match name {
        _ if name.starts_with("valor") => AMOUNT.to_owned(),
        _ if name.starts_with("data_") => (now + DUE_IN).date().to_string(),
        _ if name.starts_with("prazo") => "12 meses".to_owned(),
        "descricao_servicos" => "Descrição dos serviços".to_owned(),
        _ => format!("[{name}]"),
    };
    placeholders(&template.content)
        .into_iter()
        .map(|name| (name.to_owned(), Some(value(name))))
        .collect()
}

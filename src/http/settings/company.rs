//! `/config/company/`: who the company is, with its bank account and Pix key.

use axum::{Json, extract::State};
use dx_actors::domain::{
    settings::{Address, BankAccount, CompanySettings, Pix},
    tax_id::{TaxId, TaxIdKind},
};

use super::{digits, set, set_aliased};
use crate::{
    auth::{CurrentAgent, Permission},
    error::ApiResult,
    http::{Body, Fields, change_reader::CheckDigits},
    openapi::Forbidden,
    state::AppState,
    wire::{settings::CompanyOut, settings_in::CompanyIn},
};

const NAME_CHARS_MAX: usize = 100;
const REGISTRATION_CHARS_MAX: usize = 20;
const PHONE_CHARS_MAX: usize = 20;
const URL_CHARS_MAX: usize = 200;
const STREET_CHARS_MAX: usize = 200;
/// Number, complement, district, city.
const ADDRESS_PART_CHARS_MAX: usize = 100;
/// A CNPJ as people write it has 18 characters.
const TAX_ID_CHARS_MAX: usize = 32;
const BAD_TAX_ID: &str = "CNPJ inválido.";
/// The codes of the electronic invoice (CRT).
const TAX_REGIMES: [&str; 4] = ["", "1", "2", "3"];
const MAIN_ACTIVITY_DIGITS: usize = 7;
const POSTAL_CODE_DIGITS: usize = 8;
const STATES: [&str; 27] = [
    "AC", "AL", "AP", "AM", "BA", "CE", "DF", "ES", "GO", "MA", "MT", "MS", "MG", "PA", "PB", "PR",
    "PE", "PI", "RJ", "RN", "RS", "RO", "RR", "SC", "SP", "SE", "TO",
];
const BANK_DIGITS: usize = 3;
const BRANCH_DIGITS_MAX: usize = 5;
const ACCOUNT_DIGITS_MAX: usize = 12;
/// Some banks have two.
const CHECK_DIGIT_CHARS_MAX: usize = 2;
const WALLET_CHARS_MAX: usize = 5;
const AGREEMENT_DIGITS_MAX: usize = 20;
/// The central bank's manual of the Pix initiation standards.
const PIX_KEY_CHARS_MAX: usize = 77;
const PIX_NAME_CHARS_MAX: usize = 25;
const PIX_CITY_CHARS_MAX: usize = 15;

/// `GET company/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Configurações",
    summary = "Mostra os dados da empresa",
    description = "Também a conta e a chave Pix com que boletos são gerados.",
    responses((status = 200, body = CompanyOut), Forbidden),
)]
pub(super) async fn show(
    State(app): State<AppState>,
    me: CurrentAgent,
) -> ApiResult<Json<CompanyOut>> {
    me.require(Permission::ViewConfig)?;
    Ok(Json(CompanyOut::new(app.hub.settings().company.clone())))
}

/// `PATCH company/`.
#[utoipa::path(
    patch,
    path = "",
    tag = "Configurações",
    summary = "Altera os dados da empresa",
    description = "Só muda o que vem; `endereco`, `dados_bancarios` e `pix` são mesclados. Vazio ou `null` apaga um texto. \
        De início para gerentes.",
    request_body = CompanyIn,
    responses((status = 200, body = CompanyOut), Forbidden),
)]
pub(super) async fn change(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Json<CompanyOut>> {
    me.require(Permission::ManageConfigCompany)?;
    let mut fields = body.fields();
    let settings = app.hub.change_settings(Some(me.id), |settings| {
        read(&mut fields, CheckDigits::of(&app.config), &mut settings.company);
        fields.finish(())
    });
    Ok(Json(CompanyOut::new(settings.await?.company.clone())))
}

/// Takes over what was sent.
pub(super) fn read(fields: &mut Fields, check_digits: CheckDigits, company: &mut CompanySettings) {
    let CompanySettings {
        legal_name,
        trade_name,
        tax_id,
        state_registration,
        city_registration,
        tax_regime,
        main_activity,
        phone,
        email,
        website,
        address,
        bank,
        pix,
    } = company;
    set(legal_name, fields.cleared_text("razao_social", NAME_CHARS_MAX));
    let name = |fields: &mut Fields, name: &str| fields.cleared_text(name, NAME_CHARS_MAX);
    set_aliased(trade_name, fields, &["nome_fantasia", "nome"], name);
    set(tax_id, normalised_tax_id(fields, check_digits));
    set(state_registration, fields.cleared_text("inscricao_estadual", REGISTRATION_CHARS_MAX));
    set(city_registration, fields.cleared_text("inscricao_municipal", REGISTRATION_CHARS_MAX));
    set(tax_regime, choice(fields, "regime_tributario", &TAX_REGIMES));
    set(
        main_activity,
        digits(fields, "cnae_principal", MAIN_ACTIVITY_DIGITS..=MAIN_ACTIVITY_DIGITS),
    );
    set(phone, fields.cleared_text("telefone", PHONE_CHARS_MAX));
    set(email, fields.optional_email("email"));
    set(website, fields.optional_url("site", URL_CHARS_MAX));
    fields.within("endereco", |fields| read_address(fields, address));
    fields.within("dados_bancarios", |fields| read_bank(fields, bank));
    fields.within("pix", |fields| read_pix(fields, pix));
}

fn read_address(fields: &mut Fields, address: &mut Address) {
    let Address { postal_code, street, number, complement, district, city, state } = address;
    set(postal_code, digits(fields, "cep", POSTAL_CODE_DIGITS..=POSTAL_CODE_DIGITS));
    set(street, fields.cleared_text("logradouro", STREET_CHARS_MAX));
    set(number, fields.cleared_text("numero", ADDRESS_PART_CHARS_MAX));
    set(complement, fields.cleared_text("complemento", ADDRESS_PART_CHARS_MAX));
    set(district, fields.cleared_text("bairro", ADDRESS_PART_CHARS_MAX));
    set(city, fields.cleared_text("cidade", ADDRESS_PART_CHARS_MAX));
    let Some(sent) = fields.cleared_text("uf", ADDRESS_PART_CHARS_MAX) else { return };
    let upper = sent.to_uppercase();
    if upper.is_empty() || STATES.contains(&upper.as_str()) {
        *state = upper;
    } else {
        fields.error("uf", format!("\"{sent}\" não é um escolha válido."));
    }
}

fn read_bank(fields: &mut Fields, account: &mut BankAccount) {
    let BankAccount { bank, branch, branch_digit, account, account_digit, wallet, agreement } =
        account;
    set(bank, digits(fields, "banco", BANK_DIGITS..=BANK_DIGITS));
    set(branch, digits(fields, "agencia", 1..=BRANCH_DIGITS_MAX));
    set(branch_digit, code(fields, "agencia_digito", CHECK_DIGIT_CHARS_MAX));
    set(account, digits(fields, "conta", 1..=ACCOUNT_DIGITS_MAX));
    set(account_digit, code(fields, "conta_digito", CHECK_DIGIT_CHARS_MAX));
    set(wallet, code(fields, "carteira", WALLET_CHARS_MAX));
    set(agreement, digits(fields, "convenio", 1..=AGREEMENT_DIGITS_MAX));
}

fn read_pix(fields: &mut Fields, pix: &mut Pix) {
    let Pix { key, name, city } = pix;
    set(key, fields.cleared_text("chave", PIX_KEY_CHARS_MAX));
    set(name, fields.cleared_text("nome", PIX_NAME_CHARS_MAX));
    set(city, fields.cleared_text("cidade", PIX_CITY_CHARS_MAX));
}

/// Letters and digits in upper case: a check digit may be an X, a kind of collection has letters.
fn code(fields: &mut Fields, name: &str, chars_max: usize) -> Option<String> {
    let text = fields.cleared_text(name, chars_max)?.to_ascii_uppercase();
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Some(text);
    }
    fields.error(name, "Use apenas letras e dígitos.");
    None
}

/// A number that is sent for its word counts as the word.
fn choice(fields: &mut Fields, name: &str, words: &[&str]) -> Option<String> {
    let sent = fields.cleared_text(name, NAME_CHARS_MAX)?;
    if words.contains(&sent.as_str()) {
        return Some(sent);
    }
    fields.error(name, format!("\"{sent}\" não é um escolha válido."));
    None
}

fn normalised_tax_id(fields: &mut Fields, check_digits: CheckDigits) -> Option<String> {
    let sent = fields.cleared_text("cnpj", TAX_ID_CHARS_MAX)?;
    if sent.is_empty() {
        return Some(sent);
    }
    let id = TaxId::parse(&sent).ok().filter(|id| id.kind() == TaxIdKind::Cnpj);
    if id.as_ref().is_none_or(|id| check_digits == CheckDigits::Demanded && !id.is_valid()) {
        fields.error("cnpj", BAD_TAX_ID);
    }
    id.map(|id| id.as_str().to_owned())
}

//! Codes published by the banks' users: what several open libraries agree on.

use super::*;

fn details(bank: &str, branch: &str, account: &str, wallet: &str) -> BankDetails {
    BankDetails {
        bank: bank.into(),
        branch: branch.into(),
        account: account.into(),
        wallet: wallet.into(),
        ..BankDetails::default()
    }
}

/// Free field, printed account, printed number.
fn printed(details: &BankDetails) -> (String, String, String) {
    let PayableAccount { free_field, branch_and_account, our_number, .. } =
        details.payable().unwrap();
    (free_field.as_str().to_owned(), branch_and_account, our_number)
}

fn owned(texts: (&str, &str, &str)) -> (String, String, String) {
    (texts.0.to_owned(), texts.1.to_owned(), texts.2.to_owned())
}

#[test]
fn banco_do_brasil() {
    let mut known = details("001", "4042-8", "61900-0", "18");
    known.agreement = "1238798".into();
    known.our_number = "7777700168".into();
    assert_eq!(
        printed(&known),
        owned(("0000001238798777770016818", "4042-8 / 00061900-0", "12387987777700168"))
    );
    known.agreement = "7777777".into();
    known.our_number = "87654".into();
    assert_eq!(printed(&known).0, "0000007777777000008765418");
}

#[test]
fn bradesco() {
    let mut known = details("237", "1172", "0403005", "06");
    known.our_number = "75896452".into();
    assert_eq!(printed(&known).0, "1172060007589645204030050");
    let mut with_digits = details("Bradesco", "278-0", "039232-4", "6");
    with_digits.our_number = "2125525".into();
    assert_eq!(printed(&with_digits).0, "0278060000212552500392320");
    assert_eq!(printed(&with_digits).1, "0278-0 / 0039232-4");
    for (wallet, number, shown) in [
        ("06", "525", "06/00000000525-P"),
        ("09", "1", "09/00000000001-1"),
        ("19", "2", "19/00000000002-8"),
        ("19", "6", "19/00000000006-0"),
        ("19", "1", "19/00000000001-P"),
    ] {
        let mut known = details("237", "4042", "61900", wallet);
        known.our_number = number.into();
        assert_eq!(printed(&known).2, shown);
    }
}

#[test]
fn itau() {
    for (branch, account, wallet, number, field) in [
        ("0810", "53678", "175", "12345678", "1751234567840810536789000"),
        ("0810", "53678-9", "175", "258281", "1750025828170810536789000"),
        ("0057", "12345-7", "110", "12345678", "1101234567880057123457000"),
        ("0293", "01328", "109", "157", "1090000015710293013280000"),
    ] {
        let mut known = details("Itaú", branch, account, wallet);
        known.our_number = number.into();
        assert_eq!(printed(&known).0, field);
    }
    // Wallet and number alone: modulo 10 of 168 and 00258281 is 0.
    let mut alone = details("341", "0810", "53678", "168");
    alone.our_number = "258281".into();
    assert_eq!(printed(&alone).2, "168/00258281-0");
    let mut wrong = details("341", "0810", "53678-1", "175");
    wrong.our_number = "1".into();
    assert_eq!(wrong.payable().unwrap_err().invalid[0].0, BankField::Account);
    let mut other = details("341", "0810", "53678", "198");
    other.our_number = "1".into();
    assert_eq!(other.payable().unwrap_err().invalid[0].0, BankField::Wallet);
}

#[test]
fn santander() {
    let mut known = details("033", "1333", "", "102");
    known.agreement = "0707077".into();
    known.our_number = "1234567".into();
    assert_eq!(
        printed(&known),
        owned(("9070707700000123456790102", "1333 / 0707077", "000001234567-9"))
    );
    for (number, shown) in [
        ("566612457800", "566612457800-2"),
        ("90002720", "000090002720-7"),
        ("1961005", "000001961005-0"),
    ] {
        known.our_number = number.into();
        assert_eq!(printed(&known).2, shown);
    }
}

#[test]
fn caixa() {
    let mut known = details("104", "1825", "", "1");
    known.agreement = "245274".into();
    known.our_number = "1".into();
    assert_eq!(
        printed(&known),
        owned(("2452740000100040000000017", "1825 / 245274-0", "14000000000000001-4"))
    );
    known.agreement = "654321".into();
    known.branch = "2030".into();
    assert_eq!(printed(&known).1, "2030 / 654321-9");
}

#[test]
fn sicredi() {
    let mut known = details("748", "0710", "", "3");
    known.station = "65".into();
    known.agreement = "129".into();
    known.our_number = "16208879".into();
    assert_eq!(
        printed(&known),
        owned(("3116208879307106500129105", "0710.65.00129", "16/208879-3"))
    );
    known.wallet = "1".into();
    for (number, field) in [
        ("16208879", "1116208879307106500129101"),
        ("16208902", "1116208902107106500129100"),
        ("16209048", "1116209048807106500129103"),
    ] {
        known.our_number = number.into();
        assert_eq!(printed(&known).0, field);
    }
}

#[test]
fn sicoob() {
    let mut known = details("756", "4327", "", "1");
    known.agreement = "229385".into();
    known.our_number = "2".into();
    assert_eq!(
        printed(&known),
        owned(("1432701022938500000024001", "4327 / 0229385", "0000002-4"))
    );
    let digits: Vec<String> = (1..=13)
        .map(|number: u32| {
            known.our_number = number.to_string();
            printed(&known).2[8..].to_owned()
        })
        .collect();
    assert_eq!(digits.concat(), "7419630853085");
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    assert_eq!(BankDetails::default().payable().unwrap_err().missing, [BankField::Bank]);

    let bradesco = details("237", "", "12345678", "x");
    let gap = bradesco.payable().unwrap_err();
    assert_eq!(gap.missing, [BankField::Branch, BankField::OurNumber]);
    let invalid: Vec<_> = gap.invalid.into_iter().map(|(field, _)| field).collect();
    assert_eq!(invalid, [BankField::Wallet, BankField::Account]);

    let unknown = details("Banco da Esquina", "", "", "");
    assert_eq!(unknown.payable().unwrap_err().invalid[0].0, BankField::Bank);
    let inter = details("077", "0001", "123456-7", "112");
    assert_eq!(inter.payable().unwrap_err().missing, [BankField::FreeField]);
}

#[test]
fn a_given_free_field_serves_every_bank() {
    let mut inter = details("77", "0001", "123456-7", "112");
    inter.free_field = "0500940144816060680935031".into();
    inter.our_number = "42".into();
    let payable = inter.payable().unwrap();
    assert_eq!(payable.free_field.as_str(), "0500940144816060680935031");
    assert_eq!(payable.bank.label, "077-9");
    assert_eq!(payable.branch_and_account, "0001 / 123456-7");
    inter.free_field = "1".into();
    assert_eq!(inter.payable().unwrap_err().invalid[0].0, BankField::FreeField);
}

#[test]
fn banks_are_known_by_number_and_name() {
    for (text, label) in [
        ("1", "001-9"),
        ("001-9", "001-9"),
        ("001 - Banco do Brasil", "001-9"),
        ("banco do brasil", "001-9"),
        ("ITAÚ", "341-7"),
        ("Banco Itaú", "341-7"),
        ("Inter", "077-9"),
        ("104", "104-0"),
        ("748", "748-X"),
        ("422", "422-7"),
    ] {
        assert_eq!(Bank::parse(text).unwrap().label, label, "{text}");
    }
    assert_eq!(Bank::parse("12345"), None);
    assert_eq!(Bank::parse(""), None);
}

//! What a document is made of, and its form as data for the layouts.

use dx_actors::domain::{
    Centavos,
    boleto::{BoletoCode, PayableAccount},
    document_template::without_double_braces,
    pix::BrCode,
};
use serde_json::{Value, json};
use time::{Date, OffsetDateTime, macros::format_description};

use super::{markdown, symbols, world};

/// Longest text of a field that has one line.
const LINE_CHARS_MAX: usize = 160;
/// Longer texts (about thirty pages) are broken into lines one by one and not hyphenated: choosing the
/// best breaks of a whole paragraph takes too long when a paragraph has no end.
const FINE_TYPESETTING_BYTES_MAX: usize = 60_000;
/// A longer run without a blank may be broken anywhere; no line has room for it.
const WORD_CHARS_MAX: usize = 60;
/// Larger logos are left out.
const LOGO_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Wider or higher logos are left out: decoded they would take hundreds of megabytes.
const LOGO_SIDE_MAX: u32 = 4096;

/// Lets a line end here and shows nothing.
const ZERO_WIDTH_SPACE: char = '\u{200b}';

const DATE: &[time::format_description::BorrowedFormatItem<'_>] =
    format_description!("[day]/[month]/[year]");

/// Our company as it appears at the head of every page. Blank where nothing is known.
#[derive(Debug, Clone, Default)]
pub struct Letterhead {
    pub name: String,
    /// CNPJ with its punctuation.
    pub tax_id: String,
    pub address: String,
    /// Phone, e-mail, site; each with its own line break.
    pub contact: String,
    /// PNG, JPEG or SVG. A logo that cannot be read is left out.
    pub logo: Option<Vec<u8>>,
}

/// A person or company with its CPF or CNPJ, punctuated.
#[derive(Debug, Clone, Default)]
pub struct Party {
    pub name: String,
    pub tax_id: String,
    pub address: String,
}

/// What is printed across a document that is not meant to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SheetStamp {
    None,
    Preview,
}

/// Contracts, proposals, certificates: a title, a text, signatures.
#[derive(Debug, Clone)]
pub struct Letter {
    pub letterhead: Letterhead,
    pub title: String,
    /// Filled in template: Markdown.
    pub content: String,
    /// Who signs, with the role (`CONTRATADA`).
    pub signatures: Vec<(String, Party)>,
    /// Lines for witnesses below the signatures.
    pub witnesses: u8,
    /// Now, in the company's time zone.
    pub created_at: OffsetDateTime,
    pub stamp: SheetStamp,
}

/// The part of a charge that a bank takes.
#[derive(Debug, Clone)]
pub struct BankSlip {
    pub account: PayableAccount,
    pub code: BoletoCode,
}

/// The part of a charge that is paid by Pix.
#[derive(Debug, Clone)]
pub struct PixBox {
    pub code: BrCode,
}

/// A charge: notice, Pix and bank slip, as far as there are data for them.
#[derive(Debug, Clone)]
pub struct BoletoSheet {
    pub letterhead: Letterhead,
    pub title: String,
    /// Filled in template: Markdown.
    pub content: String,
    pub payee: Party,
    pub payer: Party,
    pub due: Option<Date>,
    pub amount: Option<Centavos>,
    /// What the charge is for; printed as the slip's instructions.
    pub instructions: Vec<String>,
    /// Our own number of the charge.
    pub document_number: String,
    /// `None`: a notice that says that no bank takes it.
    pub slip: Option<BankSlip>,
    pub pix: Option<PixBox>,
    /// Now, in the company's time zone.
    pub created_at: OffsetDateTime,
    pub stamp: SheetStamp,
}

/// A layout's data and the files that it shows.
pub(super) struct Material {
    pub(super) data: Value,
    pub(super) files: Vec<(String, Vec<u8>)>,
    pub(super) created_at: OffsetDateTime,
}

impl Letter {
    pub(super) fn material(self) -> Material {
        let Self { letterhead, title, content, signatures, witnesses, created_at, stamp } = self;
        let (head, files) = letterhead.material();
        let signatures: Vec<Value> = signatures
            .into_iter()
            .map(|(role, party)| json!({ "role": line(&role), "party": party.data() }))
            .collect();
        let data = json!({
            "head": head,
            "title": line(&title),
            "is_long": is_long(&content),
            "body": markdown::parse(&content),
            "signatures": signatures,
            "witnesses": witnesses,
            "date": date(created_at.date()),
            "stamp": stamp.text(),
        });
        Material { data, files, created_at }
    }
}

impl BoletoSheet {
    pub(super) fn material(self) -> Material {
        let Self { letterhead, title, content, payee, payer, due, amount, .. } = self;
        let (head, mut files) = letterhead.material();
        let slip = self.slip.and_then(|slip| {
            let BankSlip { account, code } = slip;
            files.push(("/bar-code.svg".to_owned(), symbols::bar_code(&code)?.into_bytes()));
            Some(json!({
                "bank": account.bank.label,
                "bank_name": account.bank.name,
                "line": code.printed_line(),
                "account": line(&account.branch_and_account),
                "our_number": line(&account.our_number),
                "wallet": line(&account.wallet),
            }))
        });
        let pix = self.pix.and_then(|pix| {
            let code = pix.code.as_str();
            files.push(("/pix.svg".to_owned(), symbols::qr_code(code)?.into_bytes()));
            Some(json!({ "code": code }))
        });
        let instructions: Vec<String> =
            self.instructions.iter().take(6).map(|text| line(text)).collect();
        let data = json!({
            "head": head,
            "title": line(&title),
            "is_long": is_long(&content),
            "body": markdown::parse(&content),
            "payee": payee.data(),
            "payer": payer.data(),
            "due": due.map(date).unwrap_or_default(),
            "amount": amount.map(|amount| amount.to_string()).unwrap_or_default(),
            "instructions": instructions,
            "number": line(&self.document_number),
            "slip": slip,
            "pix": pix,
            "date": date(self.created_at.date()),
            "stamp": self.stamp.text(),
        });
        Material { data, files, created_at: self.created_at }
    }
}

impl Letterhead {
    fn material(self) -> (Value, Vec<(String, Vec<u8>)>) {
        let logo = self.logo.and_then(|bytes| Some((logo_name(&bytes)?, bytes)));
        let contact: Vec<String> = self.contact.lines().take(4).map(line).collect();
        let head = json!({
            "name": line(&self.name),
            "tax_id": line(&self.tax_id),
            "address": line(&self.address),
            "contact": contact,
            "logo": logo.as_ref().map(|(name, _)| *name),
        });
        (head, logo.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect())
    }
}

impl Party {
    fn data(&self) -> Value {
        json!({
            "name": line(&self.name),
            "tax_id": line(&self.tax_id),
            "address": line(&self.address),
        })
    }
}

impl SheetStamp {
    fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Preview => "PRÉ-VISUALIZAÇÃO",
        }
    }
}

fn is_long(content: &str) -> bool {
    content.len() > FINE_TYPESETTING_BYTES_MAX
}

fn date(date: Date) -> String {
    date.format(DATE).unwrap_or_default()
}

/// One line of bounded length.
fn line(text: &str) -> String {
    let text = without_double_braces(&printable(text));
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= LINE_CHARS_MAX {
        return text;
    }
    let kept: String = text.chars().take(LINE_CHARS_MAX - 1).collect();
    format!("{kept}…")
}

/// Without emojis and other signs that our fonts cannot show; letters of other scripts stay, as the
/// empty boxes that tell the reader that something is there.
pub(super) fn printable(text: &str) -> String {
    let is_shown = |c: &char| world::is_printable(*c) || c.is_alphanumeric();
    let mut run = 0;
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(is_shown) {
        run = if c.is_whitespace() { 0 } else { run + 1 };
        if run > WORD_CHARS_MAX {
            out.push(ZERO_WIDTH_SPACE);
            run = 1;
        }
        out.push(c);
    }
    out
}

/// The file name that tells the engine the picture's kind; `None` for what is no sound logo.
fn logo_name(bytes: &[u8]) -> Option<&'static str> {
    if bytes.len() > LOGO_BYTES_MAX {
        return None;
    }
    let is_bearable = |(width, height): (u32, u32)| {
        (1..=LOGO_SIDE_MAX).contains(&width) && (1..=LOGO_SIDE_MAX).contains(&height)
    };
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        let side = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
        return is_bearable((side(16)?, side(20)?)).then_some("/logo.png");
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        return is_bearable(jpeg_size(bytes)?).then_some("/logo.jpg");
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let is_svg =
        text.trim_start_matches('\u{feff}').trim_start().starts_with('<') && text.contains("<svg");
    is_svg.then_some("/logo.svg")
}

/// Width and height from the frame header, found by walking over the segments before it.
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let [marker, kind, high, low] = *bytes.get(at..at + 4)? else { return None };
        if marker != 0xff {
            return None;
        }
        let is_frame = matches!(kind, 0xc0..=0xcf) && !matches!(kind, 0xc4 | 0xc8 | 0xcc);
        if is_frame {
            let [h1, h0, w1, w0] = *bytes.get(at + 5..at + 9)? else { return None };
            let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
            return Some((side(w1, w0), side(h1, h0)));
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
    }
}

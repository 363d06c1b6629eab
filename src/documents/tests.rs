//! The documents as a reader sees them: their text by `pdftotext`, their bar code and QR code by
//! `zbarimg` from pages that `pdftoppm` has drawn.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, Write as _},
    path::Path,
    process::Command,
};

use dx_actors::domain::{
    Centavos,
    boleto::{BankDetails, BoletoCode},
    document_template::{
        ClientFacts, CompanyFacts, DEFAULT_BOLETO, DEFAULT_CONTRACT, Facts, built_in, fill,
    },
    pix::{PixCharge, PixKey},
};
use tempfile::TempDir;
use time::{
    OffsetDateTime, PrimitiveDateTime,
    macros::{date, datetime},
};

use super::{input::SheetStamp, *};

const NOW: OffsetDateTime = datetime!(2025-11-20 14:30 -3);
/// A small picture.
const LOGO: &[u8] = include_bytes!("tests/logo.png");

/// poppler-utils and zbar-tools, the readers that are not ours. Says that a test is skipped without
/// them, unless `DX_REQUIRE_TOOLS=1`.
fn has_readers() -> bool {
    let is_here = |tool: &str| Command::new(tool).arg("--help").output().is_ok();
    let missing: Vec<_> =
        ["pdftotext", "pdftoppm", "zbarimg"].into_iter().filter(|tool| !is_here(tool)).collect();
    if missing.is_empty() {
        return true;
    }
    assert!(
        env::var("DX_REQUIRE_TOOLS").as_deref() != Ok("1"),
        "missing: {missing:?}, but DX_REQUIRE_TOOLS is set"
    );
    // Past the capture of the test harness: a skipped test has to be seen.
    let _ = writeln!(io::stderr(), "skipped: missing {missing:?}");
    false
}

struct Pdf(TempDir);

impl Pdf {
    fn new(bytes: &[u8]) -> Self {
        assert!(bytes.starts_with(b"%PDF-"));
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.pdf"), bytes).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, tool: &str, arguments: &[&str]) -> String {
        let output = Command::new(tool).args(arguments).current_dir(self.path()).output().unwrap();
        assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn text(&self) -> String {
        self.run("pdftotext", &["-layout", "a.pdf", "-"])
    }

    /// The text with all blanks as single ones, for sentences that run over lines.
    fn flowing_text(&self) -> String {
        let text = self.run("pdftotext", &["a.pdf", "-"]);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What an independent reader finds on the first page: `I2/5:…`, `QR-Code:…`.
    fn symbols(&self) -> Vec<String> {
        self.run("pdftoppm", &["-r", "300", "-gray", "-l", "1", "-png", "a.pdf", "page"]);
        let mut pages: Vec<_> = fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("page"))
            .collect();
        pages.sort();
        let found = self.run("zbarimg", &["-q", "-Si25.enable", &pages[0]]);
        found.lines().map(str::to_owned).collect()
    }
}

fn letterhead() -> Letterhead {
    Letterhead {
        name: "Soluções Ágeis Ltda".into(),
        tax_id: "11.222.333/0001-81".into(),
        address: "Av. São João, 1000 – Centro – São Paulo/SP – CEP 01035-000".into(),
        contact: "(11) 3333-4444\ncontato@solucoes.com.br".into(),
        logo: Some(LOGO.to_vec()),
    }
}

fn facts(client: &str) -> Facts {
    Facts {
        client: ClientFacts {
            name: client.into(),
            tax_id: "12.345.678/0001-90".into(),
            address: "Rua das Acácias, 100 – Centro, Campinas/SP".into(),
            email: "joao@xyz.com.br".into(),
            phone: "(19) 99999-0000".into(),
        },
        company: CompanyFacts {
            legal_name: "Soluções Ágeis Ltda".into(),
            tax_id: "11.222.333/0001-81".into(),
            address: "Av. São João, 1000 – Centro – São Paulo/SP".into(),
        },
        now: PrimitiveDateTime::new(NOW.date(), NOW.time()),
    }
}

fn party(name: &str) -> Party {
    Party {
        name: name.into(),
        tax_id: "12.345.678/0001-90".into(),
        address: "Rua das Acácias, 100 – Centro, Campinas/SP".into(),
    }
}

fn letter(content: String) -> Letter {
    Letter {
        letterhead: letterhead(),
        title: "Contrato de Prestação de Serviços".into(),
        content,
        signatures: vec![
            ("CONTRATADA".into(), party("Soluções Ágeis Ltda")),
            ("CONTRATANTE".into(), party("Empresa XYZ Ltda")),
        ],
        witnesses: 2,
        created_at: NOW,
        stamp: SheetStamp::None,
    }
}

fn contract(client: &str) -> Letter {
    let data: BTreeMap<String, Option<String>> = [
        ("valor_servico", "5000.00"),
        ("data_inicio", "2025-01-01"),
        ("data_fim", "2025-12-31"),
        ("prazo_contrato", "12 meses"),
    ]
    .map(|(name, value)| (name.to_owned(), Some(value.to_owned())))
    .into();
    letter(fill(&built_in()[DEFAULT_CONTRACT], &facts(client), &data).content)
}

fn slip(amount: Centavos) -> BankSlip {
    let details = BankDetails {
        bank: "237".into(),
        branch: "1172-0".into(),
        account: "0403005-2".into(),
        wallet: "06".into(),
        our_number: "75896452".into(),
        ..BankDetails::default()
    };
    let account = details.payable().unwrap();
    let due = date!(2025 - 11 - 30);
    let code = BoletoCode::new(&account.bank.code, due, amount, &account.free_field).unwrap();
    BankSlip { account, code }
}

fn pix(amount: Centavos) -> PixBox {
    let charge = PixCharge {
        key: PixKey::parse("financeiro@solucoes.com.br").unwrap(),
        name: "Soluções Ágeis Ltda".into(),
        city: "São Paulo".into(),
        amount: Some(amount),
        txid: "DOC42".into(),
        text: "Mensalidade Novembro 2025".into(),
    };
    PixBox { code: charge.br_code().unwrap() }
}

fn sheet(slip: Option<BankSlip>, pix: Option<PixBox>) -> BoletoSheet {
    let data = [
        ("valor_total", "1500.00"),
        ("data_vencimento", "2025-11-30"),
        ("descricao_servicos", "Mensalidade Novembro 2025"),
    ]
    .map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
    let filled = fill(&built_in()[DEFAULT_BOLETO], &facts("Empresa XYZ Ltda"), &data.into());
    BoletoSheet {
        letterhead: letterhead(),
        title: "Boleto de Cobrança".into(),
        content: filled.content,
        payee: party("Soluções Ágeis Ltda"),
        payer: party("Empresa XYZ Ltda"),
        due: Some(date!(2025 - 11 - 30)),
        amount: Centavos::parse("1500.00"),
        instructions: vec!["Mensalidade Novembro 2025".into()],
        document_number: "42".into(),
        slip,
        pix,
        created_at: NOW,
        stamp: SheetStamp::None,
    }
}

/// Writes to `DX_KEEP_DOCUMENTS`, for a person to look at.
fn keep(name: &str, pdf: &[u8]) {
    if let Ok(folder) = env::var("DX_KEEP_DOCUMENTS") {
        fs::write(Path::new(&folder).join(name), pdf).unwrap();
    }
}

async fn rendered_letter(letter: Letter) -> Vec<u8> {
    Typesetter::default().render_letter(letter).await.unwrap()
}

async fn rendered_boleto(sheet: BoletoSheet) -> Vec<u8> {
    Typesetter::default().render_boleto(sheet).await.unwrap()
}

#[tokio::test]
async fn a_contract_says_what_the_template_says() {
    let bytes = rendered_letter(contract("Empresa XYZ Comércio & Irmãos Ltda")).await;
    keep("contrato.pdf", &bytes);
    if !has_readers() {
        return;
    }
    let pdf = Pdf::new(&bytes);
    let text = pdf.flowing_text();
    for part in [
        "Contrato de Prestação de Serviços",
        "Soluções Ágeis Ltda",
        "CNPJ 11.222.333/0001-81",
        "Empresa XYZ Comércio & Irmãos Ltda",
        "R$ 5.000,00",
        "01/01/2025",
        "Cláusula 1ª – Do objeto",
        "Data: 20/11/2025",
        "Testemunhas",
        "Página 1 de",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    for part in ["{{", "}}", "None", "**", "##"] {
        assert!(!text.contains(part), "{part} in {text}");
    }
    let info = pdf.run("pdfinfo", &["a.pdf"]);
    for part in ["Contrato de Prestação de Serviços", "Soluções Ágeis Ltda", "DX Connect"] {
        assert!(info.contains(part), "{part} in {info}");
    }
}

#[tokio::test]
async fn pages_are_numbered_to_the_last() {
    if !has_readers() {
        return;
    }
    let clause = "## Cláusula\n\nA CONTRATADA obriga-se a prestar os serviços. ".to_owned()
        + &"As partes observarão as condições, prazos e valores aqui pactuados. ".repeat(12)
        + "\n\n";
    let text = Pdf::new(&rendered_letter(letter(clause.repeat(24))).await).text();
    let pages = text.matches("Página").count();
    assert!(pages >= 5, "{pages}");
    for page in 1..=pages {
        assert!(text.contains(&format!("Página {page} de {pages}")), "{page}");
    }
}

#[tokio::test]
async fn equal_input_gives_equal_bytes() {
    let first = rendered_letter(contract("Empresa XYZ Ltda")).await;
    assert_eq!(first, rendered_letter(contract("Empresa XYZ Ltda")).await);
    let amount = Centavos::parse("1500.00").unwrap();
    let boleto = || sheet(Some(slip(amount)), Some(pix(amount)));
    assert_eq!(rendered_boleto(boleto()).await, rendered_boleto(boleto()).await);
}

#[tokio::test]
async fn an_independent_reader_decodes_the_bar_code_and_the_qr_code() {
    let amount = Centavos::parse("1500.00").unwrap();
    let (slip, pix) = (slip(amount), pix(amount));
    let (code, payload) = (slip.code.clone(), pix.code.clone());
    let bytes = rendered_boleto(sheet(Some(slip), Some(pix))).await;
    keep("boleto.pdf", &bytes);
    if !has_readers() {
        return;
    }
    let pdf = Pdf::new(&bytes);
    let found = pdf.symbols();
    assert!(found.contains(&format!("I2/5:{code}")), "{found:?}");
    assert!(found.contains(&format!("QR-Code:{payload}")), "{found:?}");

    let text = pdf.flowing_text();
    for part in [
        code.printed_line().as_str(),
        "237-2",
        "06/00075896452-",
        "1172-0 / 0403005-2",
        "30/11/2025",
        "R$ 1.500,00",
        "Recibo do pagador",
        "Ficha de compensação",
        "Página 1 de 1",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let without_blanks: String =
        text.chars().filter(|c| !c.is_whitespace() && *c != '\u{200b}').collect();
    let copied: String = payload.as_str().chars().filter(|c| !c.is_whitespace()).collect();
    assert!(without_blanks.contains(&copied), "{copied} in {without_blanks}");
}

#[tokio::test]
async fn without_bank_data_the_notice_says_so_and_has_no_bar_code() {
    let amount = Centavos::parse("1500.00").unwrap();
    let pix = pix(amount);
    let payload = pix.code.clone();
    let bytes = rendered_boleto(sheet(None, Some(pix))).await;
    keep("aviso.pdf", &bytes);
    let plain = rendered_boleto(sheet(None, None)).await;
    if !has_readers() {
        return;
    }
    let pdf = Pdf::new(&bytes);
    assert_eq!(pdf.symbols(), [format!("QR-Code:{payload}")]);
    assert!(pdf.flowing_text().contains("Não pagável em banco."));
    let text = Pdf::new(&plain).flowing_text();
    assert!(text.contains("Não pagável em banco.") && text.contains("R$ 1.500,00"), "{text}");
    assert!(!text.contains("Pix"), "{text}");
}

#[tokio::test]
async fn hostile_text_is_only_text() {
    let hostile = "#eval(\"1\") $x$ \\ * _ ` @a <b> #read(\"/etc/passwd\") {{x}} 🙂 日本";
    let mut letter = contract(hostile);
    letter.title = hostile.into();
    letter.letterhead.name = hostile.into();
    let bytes = rendered_letter(letter).await;
    let raw = rendered_letter(self::letter(format!("{hostile}\n\n# {hostile}\n\n- {hostile}")));
    let raw = raw.await;
    let amount = Centavos::parse("99999999.99").unwrap();
    let mut boleto = sheet(Some(slip(amount)), Some(pix(amount)));
    boleto.amount = Some(amount);
    boleto.payer = party(&hostile.repeat(50));
    boleto.instructions = vec![hostile.repeat(50); 50];
    let boleto = rendered_boleto(boleto).await;
    keep("hostil.pdf", &boleto);
    if !has_readers() {
        return;
    }
    let text = Pdf::new(&bytes).flowing_text();
    assert!(text.contains("#eval(\"1\") $x$ \\ * _ ` @a <b> #read(\"/etc/passwd\") {x}"), "{text}");
    assert!(!text.contains("root:") && !text.contains("{{"), "{text}");
    assert!(Pdf::new(&raw).flowing_text().contains("#read(\"/etc/passwd\")"));
    let text = Pdf::new(&boleto).flowing_text();
    assert!(text.contains("R$ 99.999.999,99") && text.contains("Página 1 de 1"), "{text}");
}

#[tokio::test]
async fn very_long_values_still_make_a_document() {
    let words = "palavra ".repeat(25_000);
    assert_eq!(words.len(), 200_000);
    let bytes = rendered_letter(contract(&words)).await;
    let unbroken = rendered_letter(letter("x".repeat(200_000))).await;
    if !has_readers() {
        return;
    }
    assert!(Pdf::new(&bytes).text().contains("Página 1 de"));
    assert!(Pdf::new(&unbroken).text().contains("Página 1 de"));
}

#[tokio::test]
async fn a_broken_logo_does_not_break_the_document() {
    let mut cut = LOGO.to_vec();
    cut.truncate(40);
    let broken: [&[u8]; 6] = [
        b"",
        b"not a picture",
        b"<svg",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff",
        &cut,
    ];
    for logo in broken {
        let mut letter = letter("Texto".into());
        letter.letterhead.logo = Some(logo.to_vec());
        assert!(rendered_letter(letter).await.starts_with(b"%PDF-"), "{logo:?}");
    }
    let mut letter = letter("Texto".into());
    let svg =
        br#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 3"><path d="M0 0h9v3z"/></svg>"#;
    letter.letterhead.logo = Some(svg.to_vec());
    assert!(rendered_letter(letter).await.starts_with(b"%PDF-"));
}

#[tokio::test]
async fn a_preview_says_on_every_page_that_it_is_none_to_use() {
    let mut preview = contract("Empresa XYZ Ltda");
    preview.stamp = SheetStamp::Preview;
    let mut charge = sheet(None, None);
    charge.stamp = SheetStamp::Preview;
    let (preview, charge) = (rendered_letter(preview).await, rendered_boleto(charge).await);
    keep("previa.pdf", &preview);
    if !has_readers() {
        return;
    }
    for bytes in [preview, charge] {
        let text = Pdf::new(&bytes).flowing_text();
        let pages = text.matches("Página ").count();
        assert_eq!(text.matches("PRÉ-VISUALIZAÇÃO SEM VALIDADE").count(), pages, "{text}");
        assert!(pages > 0);
    }
}

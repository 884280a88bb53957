//! Tests the layout of receipts in every language and format, and the receipt that the API returns to each user.

use app::receipt::{Call, Destination, Due, Format, Item, Locale, Receipt, Refund};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use billing::money::Micros;
use billing::statement::PaymentMethod;
use chrono::{DateTime, TimeZone as _, Utc};
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use tests::shop::{Shop, text, unique};
use tests::{Backend, on_both};

fn at(day: u32, hour: u32, minute: u32, second: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, day, hour, minute, second).single().expect("an instant")
}

fn call(number: &str, destination: &str, started_at: DateTime<Utc>, seconds: u64, micros: i64) -> Call {
    Call {
        number: number.to_owned(),
        destination: destination.to_owned(),
        country: country(destination),
        started_at,
        seconds,
        amount: Micros(micros),
    }
}

/// The country of a destination in these tests.
fn country(destination: &str) -> Option<String> {
    let code =
        [("Portugal", "PT"), ("Germany", "DE")].into_iter().find(|(name, _)| destination.starts_with(name));
    code.map(|(_, code)| code.to_owned())
}

fn destination(name: &str, calls: u32, seconds: u64, micros: i64) -> Destination {
    Destination { name: name.to_owned(), country: country(name), calls, seconds, amount: Micros(micros) }
}

fn item(description: &str, quantity: u32, unit_price: i64) -> Item {
    let amount = Micros(unit_price * i64::from(quantity));
    Item { description: description.to_owned(), quantity, unit_price: Micros(unit_price), amount }
}

/// A receipt with content in every section.
fn full() -> Receipt {
    Receipt {
        shop: "Lan House & Telefonia São Jorge da Boa Vista Ltda.".to_owned(),
        tax_id: "12.345.678/0001-90".to_owned(),
        address: "Rua Augusta, 1.500\n01304-001 São Paulo - SP".to_owned(),
        number: 1042,
        reprint: true,
        settled_at: at(23, 17, 5, 9),
        time_zone: chrono_tz::America::Sao_Paulo,
        attendant: "João da Conceição".to_owned(),
        cabin: "3 - Janela".to_owned(),
        customer: "María Ñandú <mãe>".to_owned(),
        currency: "BRL".to_owned(),
        calls: vec![
            call("+351 912 *** *78", "Portugal Mobile", at(23, 16, 40, 0), 61, 380_000),
            call("+49 1512 345* **21", "Germany Mobile", at(23, 16, 45, 30), 31, 48_000),
            call("+351 912 *** *78", "Portugal Mobile", at(23, 16, 50, 0), 3_725, 23_712_345),
        ],
        destinations: vec![
            destination("Portugal Mobile", 2, 3_786, 24_092_345),
            destination("Germany Mobile", 1, 31, 48_000),
        ],
        items: vec![item("Fotocópia", 2, 250_000), item("Água mineral", 1, 3_000_000)],
        discounts: vec![item("cliente frequente", 1, 1_000_000)],
        calls_total: Micros(24_140_345),
        total: Micros(26_640_000),
        deposit: Micros(20_000_000),
        deposit_references: vec!["NSU 000099".to_owned()],
        payments: vec![(PaymentMethod::Cash, Micros(3_650_000)), (PaymentMethod::Pix, Micros(3_000_000))],
        references: vec![(PaymentMethod::Pix, "E60701190202611231705DY5".to_owned())],
        due: None,
        change: Some(Micros(1_350_000)),
        cash_rounding: Micros(10_000),
        refunds: vec![Refund {
            at: at(23, 18, 0, 0),
            method: PaymentMethod::Cash,
            amount: Micros(380_000),
            reason: "a chamada caiu logo no começo e o cliente reclamou".to_owned(),
            reference: "E60701190202611231800R1".to_owned(),
        }],
        footer: "Obrigado pela preferência!\nReclamações: 0800 123 4567".to_owned(),
    }
}

/// A minimal receipt, for a session with at most one call, paid in cash.
fn small(calls: Vec<Call>, total: i64) -> Receipt {
    Receipt {
        shop: "Callshop".to_owned(),
        tax_id: String::new(),
        address: String::new(),
        number: 1,
        reprint: false,
        settled_at: at(23, 2, 30, 0),
        time_zone: chrono_tz::America::Sao_Paulo,
        attendant: "Somebody".to_owned(),
        cabin: "1".to_owned(),
        customer: String::new(),
        currency: "BRL".to_owned(),
        calls,
        destinations: Vec::new(),
        items: Vec::new(),
        discounts: Vec::new(),
        calls_total: Micros(total),
        total: Micros(total),
        deposit: Micros::ZERO,
        deposit_references: Vec::new(),
        payments: vec![(PaymentMethod::Cash, Micros(total))]
            .into_iter()
            .filter(|(_, paid)| paid.0 > 0)
            .collect(),
        references: Vec::new(),
        due: None,
        change: None,
        cash_rounding: Micros::ZERO,
        refunds: Vec::new(),
        footer: String::new(),
    }
}

fn rendered(receipt: &Receipt, format: Format, locale: &str) -> String {
    String::from_utf8(receipt.render(format, Locale::parse(locale))).expect("UTF-8")
}

#[test]
fn receipts_in_every_language_and_format() {
    for locale in ["pt-BR", "en", "es"] {
        for (name, format) in [("text58", Format::Text58), ("text80", Format::Text80), ("html", Format::Html)]
        {
            insta::assert_snapshot!(format!("{locale}_{name}"), rendered(&full(), format, locale));
        }
    }
}

#[test]
fn the_least_receipt_has_no_empty_parts() {
    let one = small(vec![call("+1 305 555 0123", "United States", at(23, 2, 20, 0), 60, 60_000)], 60_000);
    insta::assert_snapshot!("least_one_call", rendered(&one, Format::Text58, "en"));
    insta::assert_snapshot!("least_no_calls", rendered(&small(Vec::new(), 0), Format::Text58, "fr-FR"));
}

#[test]
fn a_call_that_was_corrected_after_the_payment_shows_as_a_line_of_its_own() {
    let mut receipt =
        small(vec![call("+1 305 555 0123", "United States", at(23, 2, 20, 0), 70, 70_000)], 60_000);
    receipt.reprint = true;
    let text = rendered(&receipt, Format::Text58, "en");
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    for line in ["Calls in total 0.07", "Corrected after payment -0.01", "TOTAL R$ 0.06"] {
        assert!(lines.contains(&line.split(' ').collect()), "{line}\n{text}");
    }
}

#[test]
fn no_line_is_wider_than_the_paper_and_no_word_is_lost() {
    let mut receipt = full();
    receipt.shop = "Comércio".repeat(20);
    receipt.calls[0].destination =
        "Territórios Britânicos do Oceano Índico e dependências ultramarinas".to_owned();
    receipt.items[0].description = "x".repeat(100);
    for (format, columns) in [(Format::Text58, 32), (Format::Text80, 48)] {
        let text = rendered(&receipt, format, "pt-BR");
        assert!(text.lines().all(|line| line.chars().count() <= columns), "{text}");
        let squeezed: String = text.split_whitespace().collect();
        for part in [&receipt.shop, &receipt.calls[0].destination] {
            assert!(squeezed.contains(&part.replace(' ', "")), "{part}\n{text}");
        }
        let exes = |line: &str| line.chars().take_while(|letter| *letter == 'x').count();
        assert_eq!(text.lines().map(exes).sum::<usize>(), 100, "{text}");
    }
}

#[test]
fn what_people_typed_is_neither_markup_nor_a_printers_command() {
    let mut receipt = full();
    receipt.customer = "<script>alert(1)</script>\u{1b}@\r\n\"'&".to_owned();
    let html = rendered(&receipt, Format::Html, "en");
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{html}");
    assert!(!html.contains("<script"), "{html}");
    for format in [Format::Text58, Format::Text80, Format::Html] {
        let text = rendered(&receipt, format, "en");
        assert!(text.chars().all(|letter| letter == '\n' || !letter.is_control()), "{text:?}");
    }
}

const PIX: &str = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5913Fulano de Tal\
    6008BRASILIA62070503***63041D3D";

/// The bill of a session that is not paid.
fn bill() -> Receipt {
    let mut bill = full();
    (bill.reprint, bill.change, bill.refunds) = (false, None, Vec::new());
    (bill.payments, bill.references, bill.cash_rounding) = (Vec::new(), Vec::new(), Micros::ZERO);
    bill.due = Some(Due { amount: Micros(6_640_000), pix: Some(PIX.to_owned()) });
    bill
}

#[test]
fn a_bill_shows_what_is_to_pay_and_how() {
    insta::assert_snapshot!("bill_pt-BR_text58", rendered(&bill(), Format::Text58, "pt-BR"));
    let page = rendered(&bill(), Format::Html, "es");
    assert!(page.contains("<title>CUENTA</title>") && page.contains("<svg ") && page.contains(PIX), "{page}");
    // if the deposit pays for everything, nothing is left to pay, and the bill has no Pix code
    let mut paid = bill();
    paid.due = Some(Due { amount: Micros::ZERO, pix: None });
    let text = rendered(&paid, Format::Text58, "en");
    assert!(text.contains("TO PAY                   R$ 0.00") && !text.contains("Pix"), "{text}");
}

#[test]
fn a_pdf_draws_the_code() {
    let pdf = bill().render(Format::Pdf, Locale::parse("en"));
    let squares = |pdf: &[u8]| String::from_utf8_lossy(pdf).matches(" re\n").count();
    assert!(squares(&pdf) > 500, "{}", squares(&pdf));
    assert_eq!(squares(&full().render(Format::Pdf, Locale::parse("en"))), 0);
    let text: String = shown(&pdf).concat().split_whitespace().collect();
    assert!(
        text.contains(&PIX.replace(' ', "")),
        "the text must contain the code, so that it can be copied: {text}"
    );
}

/// The text lines in a printer's commands; the commands without a text are left out.
fn printed(bytes: &[u8]) -> Vec<String> {
    let lines = bytes.split(|byte| *byte == b'\n');
    let text = |line: &[u8]| {
        let rest = [&b"\x1bE\0"[..], b"\x1bE\x01"].into_iter().find_map(|bold| {
            let at = line.windows(3).position(|window| window == bold)?;
            Some(&line[at + 3..])
        })?;
        Some(rest.iter().map(|byte| char::from(*byte)).collect::<String>())
    };
    lines.filter_map(text).collect()
}

#[test]
fn a_printer_gets_the_lines_of_the_text_the_code_and_a_cut() {
    for (format, text, columns) in
        [(Format::EscPos58, Format::Text58, 32), (Format::EscPos80, Format::Text80, 48)]
    {
        let bytes = full().render(format, Locale::parse("pt-BR"));
        assert!(bytes.starts_with(b"\x1b@") && bytes.ends_with(b"\x1dVB\0"), "{bytes:?}");
        let lines = printed(&bytes);
        let expected = rendered(&full(), text, "pt-BR");
        let ascii = |text: &str| {
            text.chars().map(|letter| if letter.is_ascii() { letter } else { '#' }).collect::<String>()
        };
        assert_eq!(
            lines.iter().map(|line| ascii(line)).collect::<Vec<_>>(),
            expected.lines().map(ascii).collect::<Vec<_>>()
        );
        assert!(lines.iter().all(|line| line.chars().count() <= columns));
        // ç is 0x87 in code page 850
        assert!(lines.iter().any(|line| line.contains("Concei\u{87}")), "{lines:?}");
    }
    let bytes = bill().render(Format::EscPos80, Locale::parse("pt-BR"));
    let store = [
        &b"\x1d(k"[..],
        &u16::try_from(PIX.len() + 3).expect("a length").to_le_bytes(),
        b"1P0",
        PIX.as_bytes(),
    ]
    .concat();
    assert!(bytes.windows(store.len()).any(|part| part == store), "the printer must draw the code itself");
    assert!(!printed(&bytes).concat().contains("0014br.gov"), "the printer must not print the code as text");
}

#[test]
fn no_input_becomes_a_printers_command() {
    let mut receipt = full();
    receipt.customer = "\u{1b}p\0\x19\u{1d}V\0 \u{9b}".to_owned();
    receipt.footer = "a\u{1b}b\nc".to_owned();
    let bytes = receipt.render(Format::EscPos58, Locale::parse("en"));
    let plain = full().render(Format::EscPos58, Locale::parse("en"));
    let commands = |bytes: &[u8]| bytes.iter().filter(|byte| matches!(byte, 0x1b | 0x1d)).count();
    let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
    // each line sets or clears bold with one command
    assert_eq!(commands(&bytes) - lines(&bytes), commands(&plain) - lines(&plain));
}

/// The text that an uncompressed PDF shows, from its lines read as Latin-1.
fn shown(pdf: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = pdf;
    while let Some(end) = rest.windows(3).position(|window| window == b" Tj") {
        lines.push(literal(&rest[..end]));
        rest = &rest[end + 3..];
    }
    lines
}

/// The last string operand: `(literal)` or `<hexadecimal>` (ISO 32000-1, 7.3.4).
fn literal(before: &[u8]) -> String {
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let operand = &before[start..];
    if let Some(hex) = operand.strip_prefix(b"<") {
        let hex = std::str::from_utf8(hex.strip_suffix(b">").expect("an end")).expect("hexadecimal");
        let byte = |at| char::from(u8::from_str_radix(&hex[at..at + 2], 16).expect("a byte"));
        return (0..hex.len()).step_by(2).map(byte).collect();
    }
    let inner = operand.strip_prefix(b"(").and_then(|inner| inner.strip_suffix(b")"));
    let mut bytes = inner.unwrap_or_else(|| panic!("a string: {operand:?}")).iter();
    let mut text = String::new();
    while let Some(byte) = bytes.next() {
        let byte = if *byte == b'\\' { bytes.next().expect("an escaped byte") } else { byte };
        text.push(char::from(*byte));
    }
    text
}

#[test]
fn the_pdf_says_what_the_text_says() {
    let pdf = full().render(Format::Pdf, Locale::parse("pt-BR"));
    assert!(pdf.starts_with(b"%PDF-"));
    let text = rendered(&full(), Format::Text80, "pt-BR");
    assert_eq!(shown(&pdf), text.lines().collect::<Vec<_>>());
    insta::assert_snapshot!("pt-BR_pdf_text", shown(&pdf).join("\n"));
}

/// Writes a receipt as a PDF file. Returns the folder and the file.
fn pdf_file(receipt: &Receipt, locale: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("receipt.pdf");
    std::fs::write(&path, receipt.render(Format::Pdf, Locale::parse(locale))).expect("a file");
    (dir, path)
}

#[test]
fn a_pdf_contains_the_letters_that_readers_may_lack() {
    let names = ["Łukasz Żółć", "Ольга Жукова", "Γιώργος Ωνάσης", "محمد الشريف", "Արամ", "გიორგი"];
    let mut receipt = full();
    receipt.footer = names.join("\n");
    receipt.items[0].description = "قهوة عربية".to_owned();
    receipt.items[1].description = "Кофе со сливками".to_owned();
    let (_dir, pdf) = pdf_file(&receipt, "pt-BR");
    let fonts = poppler("pdffonts", &[], &pdf);
    for font in ["+DejaVuSansMono ", "+DejaVuSansMono-Bold "] {
        let line =
            fonts.lines().find(|line| line.contains(font)).unwrap_or_else(|| panic!("{font} in {fonts}"));
        // the columns `emb`, `sub` and `uni`: embedded, incomplete, and readable as text
        assert!(line.contains("yes yes yes"), "{fonts}");
    }
    assert!(!fonts.contains("Courier"), "{fonts}");
    let text = poppler("pdftotext", &["-layout"], &pdf);
    for name in names.into_iter().chain(["قهوة عربية", "Кофе со сливками", "Alemanha Mobile"])
    {
        assert!(text.contains(name), "{name} in {text}");
    }
    assert!(!text.contains('?'), "{text}");
    // the amount stays on the right of a name that runs from right to left
    let line = text.lines().find(|line| line.contains("قهوة")).expect("the item");
    assert!(line.trim_end().ends_with("0,50"), "{line}");
}

/// The left and right edges of the words of a PDF, in points.
fn edges(pdf: &std::path::Path) -> Vec<(f64, f64, String)> {
    let boxes = poppler("pdftotext", &["-bbox"], pdf);
    let number =
        |line: &str, name: &str| -> Option<f64> { line.split_once(name)?.1.split('"').next()?.parse().ok() };
    let word = |line: &str| {
        let text = line.split_once('>')?.1.split('<').next()?.to_owned();
        Some((number(line, "xMin=\"")?, number(line, "xMax=\"")?, text))
    };
    boxes.lines().filter(|line| line.contains("<word ")).filter_map(word).collect()
}

#[test]
fn a_pdf_keeps_amounts_in_place_beside_marks_and_joiners() {
    // in the font, this mark is as wide as a letter; a joiner and a variation have no width
    for name in ["a\u{336}".repeat(43), "☺\u{fe0f}".repeat(40), "می\u{200c}خواهم".to_owned()] {
        let mut receipt = full();
        receipt.items[0].description = name.clone();
        let (_dir, pdf) = pdf_file(&receipt, "en");
        let words = edges(&pdf);
        assert!(words.len() > 20, "{words:?}");
        let right = words.iter().map(|(_, right, _)| *right).fold(0.0, f64::max);
        // 48 columns of 0.602 times 7 points, after a margin of 12 points
        assert!((213.0..215.0).contains(&right), "{name}: {right} in {words:?}");
        let amount = words.iter().filter(|(.., text)| text == "0.50").map(|(_, right, _)| *right);
        assert!(amount.into_iter().any(|at| at > 213.0), "{name}: {words:?}");
    }
}

#[test]
fn a_pdf_says_that_it_cannot_show_a_letter() {
    let mut receipt = small(Vec::new(), 0);
    receipt.customer = "Łukasz 山田 €".to_owned();
    let (_dir, pdf) = pdf_file(&receipt, "en");
    let text = poppler("pdftotext", &["-layout"], &pdf);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("Łukasz ? ? €"), "{text}");
    assert!(words.ends_with("? = a letter that this PDF cannot show; the HTML receipt shows it."), "{text}");
}

#[test]
fn a_long_receipt_has_pages() {
    let calls: Vec<Call> = (0..5_000)
        .map(|n| call(&format!("+1 305 555 {n:04}"), "United States", at(23, 2, 20, 0), 60, 60_000))
        .collect();
    let pdf = small(calls, 300_000_000).render(Format::Pdf, Locale::parse("en"));
    assert_eq!(shown(&pdf).iter().filter(|line| line.starts_with("+1 305")).count(), 5_000);
    let text = String::from_utf8_lossy(&pdf);
    assert_eq!(text.matches("/MediaBox").count(), 11, "15,000 lines and a little");
}

/// The amounts in the page's column of amounts.
fn sums(html: &str) -> Vec<&str> {
    html.split("<span class=\"sum\">").skip(1).filter_map(|rest| rest.split('<').next()).collect()
}

#[test]
fn amounts_are_in_minor_units_and_add_up() {
    let mut receipt = full();
    for (currency, decimals, calls) in [
        ("BRL", 2, ["0,38", "0,05", "23,71"]),
        ("JPY", 0, ["0", "0", "24"]),
        ("KWD", 3, ["0,380", "0,048", "23,712"]),
    ] {
        receipt.currency = currency.to_owned();
        let html = rendered(&receipt, Format::Html, "pt-BR");
        let sums = sums(&html);
        assert_eq!(sums[..3], calls, "{html}");
        assert!(sums.len() > 10, "{html}");
        for sum in &sums {
            assert_eq!(sum.rsplit_once(',').map_or(0, |(_, minor)| minor.len()), decimals, "{sums:?}");
        }
        for format in [Format::Text58, Format::Text80] {
            let text = rendered(&receipt, format, "pt-BR");
            assert!(sums.iter().all(|sum| text.lines().any(|line| line.ends_with(sum))), "{sums:?}\n{text}");
        }
    }
    // for many small calls, the difference between the total and the lines is printed as rounding on a line of its own
    let calls = vec![call("+1 305 555 0123", "United States", at(23, 2, 20, 0), 4, 4_000); 10];
    let text = rendered(&small(calls, 40_000), Format::Text58, "en");
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    for line in ["Calls in total 0.00", "Rounding 0.04", "TOTAL R$ 0.04"] {
        assert!(lines.contains(&line.split(' ').collect()), "{line}\n{text}");
    }
}

/// A receipt with long names and large amounts.
fn large() -> Receipt {
    let mut receipt = full();
    receipt.address =
        "Avenida Presidente Juscelino Kubitschek de Oliveira, 12.345, loja 6\n04543-011 São Paulo - SP"
            .to_owned();
    receipt.calls[0].amount = Micros(9_234_567_890_123);
    receipt.calls[1].number = "+55 11 98765-4321 ramal 1234567890".to_owned();
    receipt.items[0].description = "Fotocópiascoloridasemtamanhogrande".repeat(3);
    receipt.total = Micros(9_234_567_890_000_000);
    receipt.payments = vec![(PaymentMethod::Card, receipt.total)];
    receipt.change = None;
    receipt
}

/// Prints a page with Chromium. Returns the folder and the PDF.
fn chromium(receipt: &Receipt, locale: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let (page, pdf) = (dir.path().join("receipt.html"), dir.path().join("receipt.pdf"));
    std::fs::write(&page, rendered(receipt, Format::Html, locale)).expect("a file");
    let mut browser = std::process::Command::new("chromium");
    browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]);
    browser.arg(format!("--user-data-dir={}", dir.path().join("profile").display()));
    browser.arg(format!("--print-to-pdf={}", pdf.display())).arg(format!("file://{}", page.display()));
    let done = browser.output().expect("chromium: apt-get install chromium");
    assert!(pdf.exists(), "{done:?}");
    (dir, pdf)
}

fn poppler(program: &str, arguments: &[&str], pdf: &std::path::Path) -> String {
    let mut command = std::process::Command::new(program);
    command.args(arguments).arg(pdf);
    if program == "pdftotext" {
        command.arg("-");
    }
    let done = command.output().expect("pdfinfo and pdftotext: apt-get install poppler-utils");
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).expect("UTF-8")
}

#[test]
fn chromium_prints_the_page_on_a_roll_of_80_mm() {
    let mut many = large();
    many.calls = vec![many.calls[0].clone(); 80];
    for (receipt, locale) in [(full(), "en"), (large(), "pt-BR"), (many, "es")] {
        let (_dir, pdf) = chromium(&receipt, locale);
        let info = poppler("pdfinfo", &[], &pdf);
        let value = |name: &str| {
            let line = info
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap_or_else(|| panic!("{name} in {info}"));
            line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(value("Pages:"), ["1"], "{info}");
        // the width is in points; 80 mm are 226.77 points
        let width: f64 = value("Page size:")[0].parse().expect("a width");
        assert!((226.0..228.0).contains(&width), "{info}");
        let text = poppler("pdftotext", &["-layout"], &pdf);
        let html = rendered(&receipt, Format::Html, locale);
        let sums = sums(&html);
        assert!(sums.len() > 5, "{html}");
        for sum in sums {
            assert!(text.lines().any(|line| line.trim_end().ends_with(sum)), "{sum} is broken:\n{text}");
        }
        // the page ends soon after the text
        let height: f64 = value("Page size:")[2].parse().expect("a height");
        let boxes = poppler("pdftotext", &["-bbox"], &pdf);
        let bottom =
            boxes.split("yMax=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse::<f64>().ok());
        let bottom = bottom.fold(0.0, f64::max);
        assert!(bottom > 0.7 * height, "the text ends at {bottom} of {height}");
    }
}

on_both!(a_shop_prints_its_address_in_its_countrys_language, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let address = "Rua Augusta, 1.500\n01304-001 São Paulo - SP";
    let input = json!({ "callshopId": shop.id, "address": address });
    let changed = shop
        .owner
        .did("updateCallshopSettings", "UpdateCallshopSettingsInput", input, "callshop { address locale }")
        .await;
    assert_eq!(changed["callshop"], json!({ "address": address, "locale": "pt-BR" }));
    // omitted fields stay unchanged
    let input = json!({ "callshopId": shop.id, "taxId": "123" });
    let changed = shop
        .owner
        .did("updateCallshopSettings", "UpdateCallshopSettingsInput", input, "callshop { address }")
        .await;
    assert_eq!(changed["callshop"]["address"], address);
    shop.open_register().await;
    let session = shop.open_cabin(0).await;
    shop.call(0, "+13055550123", 60_000).await;
    shop.close_cabin(0).await;
    settle(&shop, &session, &unique("key")).await;
    for (format, lines) in
        [("TEXT_58", address.lines().collect::<Vec<_>>()), ("HTML", address.lines().collect())]
    {
        let query = "query($s: ID!, $format: ReceiptFormat!) { receipt(sessionId: $s, format: $format) { locale text } }";
        let variables = json!({ "s": session, "format": format });
        let receipt = shop.attendant.ok(query, variables).await["receipt"].take();
        assert_eq!(receipt["locale"], "pt-BR");
        assert!(lines.iter().all(|line| text(&receipt["text"]).contains(line)), "{receipt}");
    }
    // a branch in another country uses that country's language
    let mut input = json!({ "name": unique("branch"), "currency": "MXN", "country": "MX", "timeZone": "America/Mexico_City" });
    input["user"] = tests::shop::person();
    let made =
        shop.admin.did("createDistributor", "CreateDistributorInput", input, "account { locale }").await;
    assert_eq!(made["account"]["locale"], "es-MX");
    shop.finish().await;
});

/// Settles a session with a banknote of 50. Returns the payload with the original receipt.
async fn settle(shop: &Shop, session: &str, key: &str) -> Value {
    let input = json!({ "sessionId": session, "payments": [{ "method": "CASH", "amount": "50" }], "idempotencyKey": key });
    let fields = "change { amount } receipt(format: TEXT_58, locale: \"pt-BR\") { number reprint locale mediaType text }";
    shop.attendant.did("settleSession", "SettleSessionInput", input, fields).await
}

on_both!(the_original_is_given_once_and_every_later_one_is_a_copy, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    let session = shop.open_cabin(0).await;
    shop.call(0, "+13055550123", 60_000).await;
    let receipt = "query($s: ID!, $f: ReceiptFormat!, $l: String) { receipt(sessionId: $s, format: $f, locale: $l) \
        { number reprint locale mediaType text base64 } }";
    let wanted = |format: &str| json!({ "s": session, "f": format, "l": "es-AR" });
    let refused = shop.owner.send(receipt, wanted("TEXT_58")).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "ILLEGAL_STATE", "{refused}");
    shop.close_cabin(0).await;
    let key = unique("key");
    let settled = settle(&shop, &session, &key).await;
    let original = text(&settled["receipt"]["text"]);
    assert_eq!(settled["receipt"]["reprint"], json!(false));
    assert!(!original.contains("2ª VIA"), "{original}");
    for line in [
        "+1 305 555-0123             0,06",
        "TOTAL                    R$ 0,06",
        "Dinheiro                   50,00",
        "Troco                      49,94",
    ] {
        assert!(original.contains(line), "{line}\n{original}");
    }
    assert_eq!(settle(&shop, &session, &key).await, settled, "the same key must return the original again");
    // the callshop sets its own name and masking
    let mask = "UPDATE callshop SET mask_numbers = true, legal_name = 'Bar & Fone Ltda.', tax_id = '123', receipt_footer = 'Obrigado!'";
    let conn = shop.server.app.store.reader();
    conn.execute_raw(Statement::from_string(conn.get_database_backend(), mask)).await.expect("settings");
    for client in [&shop.attendant, &shop.owner, &shop.reseller, &shop.distributor, &shop.admin] {
        let copy = client.ok(receipt, wanted("TEXT_80")).await["receipt"].take();
        let said = text(&copy["text"]);
        assert_eq!((&copy["reprint"], &copy["locale"]), (&json!(true), &json!("es")));
        for part in
            ["DUPLICADO", "Bar & Fone Ltda.", "ID fiscal: 123", "+1 305 5**-**23", "Efectivo", "Obrigado!"]
        {
            assert!(said.contains(part), "{part}\n{said}");
        }
        assert!(!said.contains("Cambio"), "a copy must not show the change: {said}");
        assert_eq!(STANDARD.decode(text(&copy["base64"])).expect("base64"), said.as_bytes());
    }
    let page = shop.owner.ok(receipt, wanted("HTML")).await["receipt"].take();
    assert_eq!(page["mediaType"], "text/html; charset=utf-8");
    assert!(text(&page["text"]).contains("<h1>Bar &amp; Fone Ltda.</h1>"), "{page}");
    let pdf = shop.owner.ok(receipt, wanted("PDF")).await["receipt"].take();
    assert_eq!((&pdf["mediaType"], &pdf["text"]), (&json!("application/pdf"), &Value::Null));
    let lines = shown(&STANDARD.decode(text(&pdf["base64"])).expect("base64"));
    assert!(lines.contains(&"                   DUPLICADO".to_owned()), "{lines:?}");
    shop.finish().await;
});

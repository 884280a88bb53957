//! Renders receipts as PDF pages 80 mm wide and as long as needed, in fonts that every reader has.

use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};

use super::layout::{Block, blocks};
use super::qr::BORDER;
use super::text::{self, Line};
use super::{COLUMNS_80, Locale, Qr, Receipt};

/// 80 mm in points.
const PAGE_WIDTH: u16 = 227;
/// Left and right margin in points; 48 Courier characters at [`FONT_SIZE`] are 201.6 points wide.
const MARGIN: u16 = 12;
/// Font size in points. The width of a Courier character is 0.6 times the font size.
const FONT_SIZE: u16 = 7;
/// Distance between lines in points.
const LINE_HEIGHT: u16 = 9;
/// Size of a QR code's module in points.
const MODULE: u16 = 3;
/// Rows of modules per line of text: [`LINE_HEIGHT`] / [`MODULE`].
const MODULES_PER_LINE: usize = 3;
/// Maximum number of lines per page. Readers are not required to show more than 14,400 points (ISO 32000-1, annex C).
const MAX_LINES: usize = 1500;
const REGULAR: Name = Name(b"F1");
const BOLD: Name = Name(b"F2");

pub(super) fn render(receipt: &Receipt, locale: Locale) -> Vec<u8> {
    let words = locale.words();
    let (mut lines, codes) = placed(receipt, locale);
    if lines.iter().any(|line| line.text.chars().any(|letter| win_ansi(letter).is_none())) {
        let rule = Line { text: "-".repeat(COLUMNS_80), strong: false };
        let note = text::wrapped(words.unprintable, COLUMNS_80);
        lines.push(rule);
        lines.extend(note.into_iter().map(|text| Line { text, strong: false }));
    }
    let mut ids = (1..).map(Ref::new);
    let mut next = || ids.next().unwrap_or(Ref::new(1));
    let (catalog, tree, info, regular, bold) = (next(), next(), next(), next(), next());
    let pages: Vec<(Ref, Ref, &[Line])> =
        lines.chunks(MAX_LINES).map(|lines| (next(), next(), lines)).collect();
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree).lang(TextStr(locale.tag()));
    pdf.document_info(info).title(TextStr(&receipt.title(locale)));
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids(pages.iter().map(|(page, _, _)| *page)).count(count);
    for (font, name) in [(regular, "Courier"), (bold, "Courier-Bold")] {
        let mut font = pdf.type1_font(font);
        font.base_font(Name(name.as_bytes())).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for (index, (id, content_id, lines)) in pages.into_iter().enumerate() {
        let height = page_height(lines.len());
        let mut page = pdf.page(id);
        page.media_box(Rect::new(0.0, 0.0, f32::from(PAGE_WIDTH), f32::from(height)));
        page.parent(tree).contents(content_id);
        page.resources().fonts().pair(REGULAR, regular).pair(BOLD, bold);
        page.finish();
        pdf.stream(content_id, &content(lines, &codes, index * MAX_LINES, height));
    }
    pdf.finish()
}

fn page_height(lines: usize) -> u16 {
    u16::try_from(lines).unwrap_or(u16::MAX).saturating_mul(LINE_HEIGHT).saturating_add(2 * MARGIN)
}

/// The receipt's lines and its QR codes. Each code comes with the number of the first line of the space that is left for it.
fn placed(receipt: &Receipt, locale: Locale) -> (Vec<Line>, Vec<(usize, Qr)>) {
    let (mut lines, mut codes) = (Vec::new(), Vec::new());
    for block in blocks(receipt, locale) {
        if let Block::Code(code) = &block
            && let Ok(qr) = Qr::new(code)
        {
            let height = (qr.width() + 2 * BORDER).div_ceil(MODULES_PER_LINE);
            codes.push((lines.len(), qr));
            lines.extend(vec![Line { text: String::new(), strong: false }; height]);
        }
        lines.extend(text::block_lines(&block, COLUMNS_80));
    }
    (lines, codes)
}

/// Draws the part of the QR codes that falls on the page whose first line is `first`. The rows of modules are aligned with the lines of text, so a
/// code may continue on the next page.
fn draw(codes: &[(usize, Qr)], first: usize, lines: usize, height: u16, content: &mut Content) {
    for (start, qr) in codes {
        let left = PAGE_WIDTH.saturating_sub(points(qr.width())) / 2;
        for (row, column, length) in qr.runs() {
            let row = row + BORDER;
            let line = start + row / MODULES_PER_LINE;
            if !(first..first + lines).contains(&line) {
                continue;
            }
            let below = usize::from(LINE_HEIGHT) * (line - first)
                + usize::from(MODULE) * (row % MODULES_PER_LINE + 1);
            let bottom =
                height.saturating_sub(MARGIN).saturating_sub(u16::try_from(below).unwrap_or(u16::MAX));
            let x = left.saturating_add(points(column));
            content.rect(f32::from(x), f32::from(bottom), f32::from(points(length)), f32::from(MODULE));
        }
        content.fill_nonzero();
    }
}

/// Converts a number of modules to points.
fn points(modules: usize) -> u16 {
    u16::try_from(modules).unwrap_or(u16::MAX).saturating_mul(MODULE)
}

fn content(lines: &[Line], codes: &[(usize, Qr)], first: usize, height: u16) -> Vec<u8> {
    let mut content = Content::new();
    draw(codes, first, lines.len(), height, &mut content);
    content.begin_text();
    content.set_leading(f32::from(LINE_HEIGHT));
    content.next_line(f32::from(MARGIN), f32::from(height.saturating_sub(MARGIN + FONT_SIZE)));
    for line in lines {
        content.set_font(if line.strong { BOLD } else { REGULAR }, f32::from(FONT_SIZE));
        content.show(Str(&encoded(line.text.trim_end())));
        content.next_line_using_leading();
    }
    content.end_text();
    content.finish().to_vec()
}

fn encoded(text: &str) -> Vec<u8> {
    text.chars().map(|letter| win_ansi(letter).unwrap_or(b'?')).collect()
}

/// Encodes a character in WinAnsiEncoding (ISO 32000-1, annex D); `None` if that encoding does not include it.
fn win_ansi(letter: char) -> Option<u8> {
    const FROM_128: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’',
        '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    match letter {
        ' '..='~' | '\u{a0}'..='ÿ' => u8::try_from(u32::from(letter)).ok(),
        '\0' => None,
        _ => {
            let at = FROM_128.iter().position(|known| *known == letter)?;
            u8::try_from(128 + at).ok()
        }
    }
}

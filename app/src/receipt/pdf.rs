//! Renders receipts as PDF, 80 mm wide and as long as needed, and other documents as A4 pages.

mod typeface;

use pdf_writer::{Content, Finish as _, Pdf, Rect, Ref, TextStr};

use super::layout::{Block, blocks};
use super::qr::BORDER;
use super::text::{self, Line};
use super::{COLUMNS_80, Locale, Qr, Receipt};
use typeface::{BOLD, REGULAR, Typeface};

/// The size of a page and its text, in points. The width of a character is 0.6 times the font size.
struct Sheet {
    width: u16,
    /// `None` for a page as long as its lines.
    height: Option<u16>,
    margin: u16,
    font_size: u16,
    line_height: u16,
    /// Characters per line.
    columns: usize,
    /// Maximum number of lines per page.
    lines: usize,
}

/// Paper 80 mm wide; 48 characters are 201.6 points wide. Readers are not required to show more than 14,400 points (ISO 32000-1, annex C).
const ROLL: Sheet = Sheet {
    width: 227,
    height: None,
    margin: 12,
    font_size: 7,
    line_height: 9,
    columns: COLUMNS_80,
    lines: 1500,
};

/// A4; 84 characters of 10 points are 504 points wide.
const A4: Sheet = Sheet {
    width: 595,
    height: Some(842),
    margin: 45,
    font_size: 10,
    line_height: 12,
    columns: 84,
    lines: 62,
};

/// Size of a QR code's module in points.
const MODULE: u16 = 3;
/// Rows of modules per line of text on a roll: the roll's line height divided by [`MODULE`].
const MODULES_PER_LINE: usize = 3;

pub(super) fn render(receipt: &Receipt, locale: Locale) -> Vec<u8> {
    let (lines, codes) = placed(receipt, locale);
    document(&ROLL, (lines, &codes), &receipt.title(locale), locale)
}

/// A document of these blocks on A4 pages. QR codes are written as text.
pub(super) fn pages(blocks: &[Block], title: &str, locale: Locale) -> Vec<u8> {
    let lines = blocks.iter().flat_map(|block| text::block_lines(block, A4.columns)).collect();
    document(&A4, (lines, &[]), title, locale)
}

fn document(
    sheet: &Sheet,
    (mut lines, codes): (Vec<Line>, &[(usize, Qr)]),
    title: &str,
    locale: Locale,
) -> Vec<u8> {
    let mut typeface = Typeface::of(&lines);
    if !lines.iter().all(|line| typeface.has(line)) {
        lines.push(Line::plain("-".repeat(sheet.columns)));
        let note = text::wrapped(locale.words().unprintable, sheet.columns);
        lines.extend(note.into_iter().map(Line::plain));
    }
    let mut ids = (1..).map(Ref::new);
    let mut next = || ids.next().unwrap_or(Ref::new(1));
    let (catalog, tree, info, regular, bold) = (next(), next(), next(), next(), next());
    let pages: Vec<(Ref, Ref, &[Line])> =
        lines.chunks(sheet.lines).map(|lines| (next(), next(), lines)).collect();
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree).lang(TextStr(locale.tag()));
    pdf.document_info(info).title(TextStr(title));
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids(pages.iter().map(|(page, _, _)| *page)).count(count);
    for (index, (id, content_id, lines)) in pages.into_iter().enumerate() {
        let height = sheet.height.unwrap_or_else(|| roll_height(lines.len()));
        let mut page = pdf.page(id);
        page.media_box(Rect::new(0.0, 0.0, f32::from(sheet.width), f32::from(height)));
        page.parent(tree).contents(content_id);
        page.resources().fonts().pair(REGULAR, regular).pair(BOLD, bold);
        page.finish();
        let content = content(sheet, lines, &mut typeface, (codes, index * sheet.lines), height);
        pdf.stream(content_id, &content);
    }
    typeface.write(&mut pdf, regular, bold, &mut next);
    pdf.finish()
}

/// The height of a roll page with this many lines of text, in points.
fn roll_height(lines: usize) -> u16 {
    let text = u16::try_from(lines).unwrap_or(u16::MAX).saturating_mul(ROLL.line_height);
    text.saturating_add(2 * ROLL.margin)
}

/// The receipt's lines and its QR codes. Each code is paired with the number of the first line that is reserved for the code.
fn placed(receipt: &Receipt, locale: Locale) -> (Vec<Line>, Vec<(usize, Qr)>) {
    let (mut lines, mut codes) = (Vec::new(), Vec::new());
    for block in blocks(receipt, locale) {
        if let Block::Code(code) = &block
            && let Ok(qr) = Qr::new(code)
        {
            let height = (qr.width() + 2 * BORDER).div_ceil(MODULES_PER_LINE);
            codes.push((lines.len(), qr));
            lines.extend(vec![Line::plain(String::new()); height]);
        }
        lines.extend(text::block_lines(&block, COLUMNS_80));
    }
    (lines, codes)
}

/// Draws the part of the QR codes that falls on the page whose first line is `first`. The rows of modules are aligned with the lines of text, so a
/// code may continue on the next page.
fn draw(codes: &[(usize, Qr)], first: usize, lines: usize, height: u16, content: &mut Content) {
    for (start, qr) in codes {
        let left = ROLL.width.saturating_sub(points(qr.width())) / 2;
        for (row, column, length) in qr.runs() {
            let row = row + BORDER;
            let line = start + row / MODULES_PER_LINE;
            if !(first..first + lines).contains(&line) {
                continue;
            }
            let below = usize::from(ROLL.line_height) * (line - first)
                + usize::from(MODULE) * (row % MODULES_PER_LINE + 1);
            let bottom =
                height.saturating_sub(ROLL.margin).saturating_sub(u16::try_from(below).unwrap_or(u16::MAX));
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

fn content(
    sheet: &Sheet,
    lines: &[Line],
    typeface: &mut Typeface,
    (codes, first): (&[(usize, Qr)], usize),
    height: u16,
) -> Vec<u8> {
    let mut content = Content::new();
    draw(codes, first, lines.len(), height, &mut content);
    content.begin_text();
    content.set_leading(f32::from(sheet.line_height));
    let top = height.saturating_sub(sheet.margin + sheet.font_size);
    content.next_line(f32::from(sheet.margin), f32::from(top));
    for line in lines {
        typeface.show(line, sheet.font_size, &mut content);
        content.next_line_using_leading();
    }
    content.end_text();
    content.finish().to_vec()
}

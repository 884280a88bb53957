//! Receipts as self-contained HTML pages that print on a paper roll.

use super::layout::{Block, blocks};
use super::text::{pair, wrapped};
use super::{Locale, Qr, Receipt};

/// Page margin.
const MARGIN_MM: usize = 4;
/// Maximum length of a page, in millimeters. PDF readers are not required to show more than 200 inches.
const MAX_MM: usize = 5_000;

/// The style sheet. The `@page` rule before the style sheet has a fixed height: browsers ignore a page size whose length is `auto`.
const STYLE: &str = include_str!("receipt.css");
/// Height of a QR code in pixels: 45 mm.
const QR_PIXELS: usize = 170;

pub(super) fn render(receipt: &Receipt, locale: Locale) -> String {
    let title = receipt.title(locale);
    let blocks = blocks(receipt, locale);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n<style>\n@page {{ size: 80mm {}mm; margin: {MARGIN_MM}mm }}\n{STYLE}</style>\n</head>\n<body>\n",
        locale.tag(),
        escaped(&title),
        length_mm(&blocks),
    );
    for (index, block) in blocks.into_iter().enumerate() {
        page.push_str(&element(&block, index == 0));
        page.push('\n');
    }
    page.push_str("</body>\n</html>\n");
    page
}

/// Length of paper that a receipt needs. The estimate is generous, because the browser's fonts are unknown. A receipt longer than a PDF page
/// continues on the next page.
fn length_mm(blocks: &[Block]) -> usize {
    let pixels: usize = blocks
        .iter()
        .map(|block| match block {
            Block::Title(text) => 4 + 21 * wrapped(text, 26).len(),
            Block::Centre(text) => 19 * wrapped(text, 36).len(),
            Block::Heading(text) => 6 + 19 * wrapped(text, 34).len(),
            Block::Pair(left, right) | Block::Sum(left, right) => 19 * pair(left, right, 36).len(),
            Block::StrongSum(left, right) => 4 + 24 * pair(left, right, 24).len(),
            Block::Note(text) => 17 * wrapped(text, 36).len(),
            Block::Code(code) => QR_PIXELS + 13 * code.len().div_ceil(36),
            Block::Rule => 13,
        })
        .sum();
    (2 * MARGIN_MM + 5 + pixels * 254 / 960).min(MAX_MM)
}

fn element(block: &Block, first: bool) -> String {
    let pair = |class: &str, left: &str, right: &str, of_right: &str| {
        let (left, right) = (escaped(left), escaped(right));
        format!("<div class=\"{class}\"><span>{left}</span><span{of_right}>{right}</span></div>")
    };
    let sum = " class=\"sum\"";
    match block {
        Block::Title(text) if first => format!("<h1>{}</h1>", escaped(text)),
        Block::Title(text) => format!("<h2>{}</h2>", escaped(text)),
        Block::Centre(text) => format!("<p>{}</p>", escaped(text)),
        Block::Heading(text) => format!("<h3>{}</h3>", escaped(text)),
        Block::Pair(left, right) => pair("pair named", left, right, ""),
        Block::Sum(left, right) => pair("pair", left, right, sum),
        Block::StrongSum(left, right) => pair("pair total", left, right, sum),
        Block::Note(text) => format!("<p class=\"note\">{}</p>", escaped(text)),
        Block::Code(code) => {
            // a text that is too long for a QR code is shown as text only; a BR Code is never that long
            let svg = Qr::new(code).map(|qr| qr.svg()).unwrap_or_default();
            format!("<div class=\"code\">{svg}</div><p class=\"copy\">{}</p>", escaped(code))
        }
        Block::Rule => "<hr>".to_owned(),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

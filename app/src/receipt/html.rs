//! Receipts as self-contained HTML pages that print on a paper roll. `maud` escapes all texts; only the style sheet and the QR code are not escaped.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::layout::{Block, blocks};
use super::text::{pair, wrapped};
use super::{Locale, Qr, Receipt};

/// Page margin.
const MARGIN_MM: usize = 4;
/// Maximum length of a page, in millimeters. PDF readers need not show pages longer than 200 inches (5,080 mm).
const MAX_MM: usize = 5_000;

/// The style sheet. The `@page` rule before the style sheet has a fixed height, because browsers ignore a page size with the height `auto`.
const STYLE: &str = include_str!("receipt.css");
/// Height of a QR code in pixels, equal to 45 mm.
const QR_PIXELS: usize = 170;

/// Each element is on a line of its own.
const NEWLINE: PreEscaped<&str> = PreEscaped("\n");

pub(super) fn render(receipt: &Receipt, locale: Locale) -> String {
    let blocks = blocks(receipt, locale);
    let height = length_mm(&blocks);
    let style = format!("\n@page {{ size: 80mm {height}mm; margin: {MARGIN_MM}mm }}\n{STYLE}");
    let page = html! {
        (DOCTYPE) (NEWLINE)
        html lang=(locale.tag()) { (NEWLINE)
            head { (NEWLINE)
                meta charset="utf-8"; (NEWLINE)
                meta name="viewport" content="width=device-width"; (NEWLINE)
                title { (receipt.title(locale)) } (NEWLINE)
                style { (PreEscaped(style)) } (NEWLINE)
            } (NEWLINE)
            body { (NEWLINE)
                @for (index, block) in blocks.iter().enumerate() {
                    (element(block, index == 0)) (NEWLINE)
                }
            } (NEWLINE)
        } (NEWLINE)
    };
    page.into_string()
}

/// Length of paper that a receipt needs, in millimeters. The estimate is generous, because the browser's fonts are unknown. A receipt longer than a
/// PDF page continues on the next page.
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

fn element(block: &Block, first: bool) -> Markup {
    match block {
        Block::Title(text) if first => html! { h1 { (text) } },
        Block::Title(text) => html! { h2 { (text) } },
        Block::Centre(text) => html! { p { (text) } },
        Block::Heading(text) => html! { h3 { (text) } },
        Block::Pair(left, right) => html! { div class="pair named" { span { (left) } span { (right) } } },
        Block::Sum(left, right) => {
            html! { div class="pair" { span { (left) } span class="sum" { (right) } } }
        }
        Block::StrongSum(left, right) => {
            html! { div class="pair total" { span { (left) } span class="sum" { (right) } } }
        }
        Block::Note(text) => html! { p class="note" { (text) } },
        Block::Code(code) => {
            // a text that is too long for a QR code is shown as text only; a BR Code is never that long
            let svg = Qr::new(code).map(|qr| qr.svg()).unwrap_or_default();
            html! { div class="code" { (PreEscaped(svg)) } p class="copy" { (code) } }
        }
        Block::Rule => html! { hr; },
    }
}

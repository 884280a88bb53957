//! Receipts as a page that stands alone and prints on a roll.

use super::layout::{Block, blocks};
use super::{Locale, Receipt};

const STYLE: &str = "@page{size:80mm auto;margin:4mm}\
*{box-sizing:border-box}\
body{width:72mm;max-width:100%;margin:6mm auto;padding:0 1mm;font:13px/1.4 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:#111;background:#fff;overflow-wrap:anywhere}\
h1,h2{font-size:15px;margin:2px 0;text-align:center}\
h3{font-size:13px;margin:4px 0 2px}\
p{margin:0;text-align:center}\
.pair{display:flex;justify-content:space-between;gap:1em}\
.pair span:last-child{text-align:right;white-space:pre-wrap;font-variant-numeric:tabular-nums}\
.total{font-size:17px;font-weight:700;margin:2px 0}\
.note{text-align:left;padding-left:1em;font-size:12px;color:#444;white-space:pre-wrap}\
hr{border:0;border-top:1px dashed #666;margin:6px 0}\
@media print{body{width:auto;margin:0;padding:0}.note{color:#000}}";

pub(super) fn render(receipt: &Receipt, locale: Locale) -> String {
    let title = format!("{} {}", locale.words().receipt, receipt.number);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        locale.tag(),
        escaped(&title),
    );
    for (index, block) in blocks(receipt, locale).into_iter().enumerate() {
        page.push_str(&element(&block, index == 0));
        page.push('\n');
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn element(block: &Block, first: bool) -> String {
    let pair = |class: &str, left: &str, right: &str| {
        format!("<div class=\"{class}\"><span>{}</span><span>{}</span></div>", escaped(left), escaped(right))
    };
    match block {
        Block::Title(text) if first => format!("<h1>{}</h1>", escaped(text)),
        Block::Title(text) => format!("<h2>{}</h2>", escaped(text)),
        Block::Centre(text) => format!("<p>{}</p>", escaped(text)),
        Block::Heading(text) => format!("<h3>{}</h3>", escaped(text)),
        Block::Pair(left, right) => pair("pair", left, right),
        Block::StrongPair(left, right) => pair("pair total", left, right),
        Block::Note(text) => format!("<p class=\"note\">{}</p>", escaped(text)),
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

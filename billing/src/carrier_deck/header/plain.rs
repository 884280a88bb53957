//! Removes notes from the names of columns.

use super::super::header_words::{TAX_NOTES, TAXES};
use super::{Words, words};

/// A column's name without notes that say nothing about its meaning: texts in brackets, long texts in parentheses, and notes about taxes.
pub(in crate::carrier_deck) fn plain(name: &str) -> String {
    let mut text = without_notes(name, '[', ']', 0);
    text = without_notes(&text, '(', ')', 4);
    if !text.chars().any(char::is_alphanumeric) {
        name.clone_into(&mut text);
    }
    unabbreviated(&untaxed(&text))
}

/// The text with "additional" in place of "add'l", whose apostrophe would separate two words.
fn unabbreviated(text: &str) -> String {
    const SHORT: &[&str] = &["add'l", "add’l", "addn'l", "addn’l", "add'nl", "add’nl"];
    let lower = text.to_lowercase();
    match SHORT.iter().find_map(|short| lower.find(short).map(|at| (at, short.len()))) {
        Some((at, length)) if lower.len() == text.len() => {
            format!("{}additional{}", &lower[..at], &lower[at + length..])
        }
        _ => text.to_owned(),
    }
}

/// The text without parts between `open` and `close` that have more than `most` words.
fn without_notes(text: &str, open: char, close: char, most: usize) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        kept.push_str(before);
        let (note, left) = after.split_once(close).unwrap_or((after, ""));
        if words(note).len() <= most {
            kept.extend([&open.to_string(), note, &close.to_string()]);
        } else {
            kept.push(' ');
        }
        rest = left;
    }
    kept.push_str(rest);
    kept
}

/// The text without notes like "excl. VAT". If the name of a tax has no word like "excl." or "incl." beside it, the column has amounts or rates of
/// tax.
fn untaxed(text: &str) -> String {
    let parts: Vec<&str> = text.split_inclusive(|letter: char| !letter.is_alphanumeric()).collect();
    let word = |at: usize| parts.get(at).map(|part| words(part)).unwrap_or_default();
    let is = |at: usize, list: &[&str]| word(at).iter().any(|word| list.contains(&word.as_str()));
    let blank = |at: usize| word(at).is_empty();
    let Some(tax) = (0..parts.len()).find(|at| is(*at, TAXES)) else { return text.to_owned() };
    let (mut from, mut to, mut noted) = (tax, tax + 1, false);
    while from > 0 && (blank(from - 1) || is(from - 1, TAX_NOTES)) {
        from -= 1;
        noted |= !blank(from);
    }
    while to < parts.len() && (blank(to) || is(to, TAX_NOTES)) {
        noted |= !blank(to);
        to += 1;
    }
    if !noted {
        return text.to_owned();
    }
    let kept = [&parts[..from], &parts[to..]].concat().join(" ");
    if words(&kept).is_empty() { text.to_owned() } else { kept }
}

/// Whether the name of a price column says that taxes are included.
pub(in crate::carrier_deck) fn is_gross(name: &str) -> bool {
    let words = Words::of(name);
    let excluded = words.any(&[
        "excl",
        "excluding",
        "ex",
        "exclusive",
        "not",
        "sin",
        "sem",
        "escl",
        "esclusa",
        "hors",
        "ohne",
        "without",
        "zzgl",
        "plus",
        "net",
        "netto",
        "без",
        "bez",
        "ilman",
        "uden",
        "uten",
        "exkl",
        "utan",
        "zonder",
        "χωρις",
        "fara",
        "nelkul",
        "haric",
        "不含税",
        "税抜",
        "税別",
        "بدون",
    ]);
    let included = words.any(&[
        "incl",
        "including",
        "included",
        "inclusive",
        "inc",
        "inkl",
        "inclusa",
        "incluso",
        "incluido",
        "con",
        "com",
        "avec",
        "mit",
        "with",
        "с",
        "s",
        "z",
        "med",
        "cu",
        "sis",
        "sisaltaa",
        "με",
        "dahil",
        "включая",
        "вкл",
        "含税",
        "税込",
        "شامل",
        "ttc",
        "brutto",
        "bruto",
        "brut",
        "lordo",
        "brut",
        "gross",
    ]);
    let added = name.contains('+');
    (words.any(TAXES) && (included || added) || words.any(&["ttc", "brutto", "gross"])) && !excluded
}

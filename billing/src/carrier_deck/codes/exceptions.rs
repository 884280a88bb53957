//! Exceptions: longer codes that a code does not include, as in `53 (except 535)`.

use crate::fold::fold;

/// Words that come before exceptions.
const EXCEPT: &[&str] = &[
    "except",
    "excepting",
    "excluding",
    "exclude",
    "excl",
    "exc",
    "without",
    "w/o",
    "but",
    "not",
    "sauf",
    "hors",
    "sans",
    "excepto",
    "salvo",
    "exceto",
    "menos",
    "sin",
    "sem",
    "ohne",
    "ausser",
    "auser",
    "ausgenommen",
    "eccetto",
    "tranne",
    "escluso",
    "esclusi",
    "senza",
    "кроме",
    "bez",
    "behalve",
    "haric",
    "uitgezonderd",
];

/// Splits a cell into its codes and its exceptions; `None` if the cell has no exceptions.
pub(in crate::carrier_deck) fn exceptions(cell: &str) -> Option<(&str, &str)> {
    let from = cell.find(char::is_alphabetic)?;
    let rest = cell.get(from..)?;
    let to = from + rest.find(|letter: char| letter.is_ascii_digit() || letter == '+')?;
    let words = fold(cell.get(from..to)?);
    let mut words = words
        .split(|letter: char| letter.is_whitespace() || matches!(letter, '.' | ':' | '(' | '['))
        .filter(|word| !word.is_empty());
    let first = words.next()?;
    let other = |word: &str| matches!(word, "for" | "code" | "codes" | "the" | "of" | "prefix" | "prefixes");
    if !EXCEPT.contains(&first) || !words.all(other) {
        return None;
    }
    let head = cell.get(..from)?.trim_end_matches([' ', '(', '[', ',', ';', '-', '–']);
    let tail = cell.get(to..)?.trim_end_matches([' ', ')', ']', '.']);
    let digits = |text: &str| {
        text.contains(|letter: char| letter.is_ascii_digit()) && !text.contains(char::is_alphabetic)
    };
    (digits(head) && digits(tail)).then_some((head, tail))
}

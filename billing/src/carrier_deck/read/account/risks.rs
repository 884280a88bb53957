//! What a text may change, according to its words alone.

use super::super::super::cells::{is_minute, is_second};
use super::super::super::header::{Words, words};
use super::super::super::header_words::{
    BILLS, CODE, DELIVERED, KEEP, LISTED, LOWER, MOBILE, PAYS, PRICE, QUALITY, STATUS, TAXES,
};
use super::super::super::increments::{is_usual, times};

/// A longer time than this many minutes is not an increment.
const MAX_MINUTES: u32 = 10;

/// Whether a text is about payments, the quality of the traffic, its callers, or destinations that the deck does not list. A tariff has none of these.
pub(super) fn is_harmless(text: &str) -> bool {
    let words = Words(words(text));
    words.any(LISTED) || words.any(QUALITY) || words.any(DELIVERED)
}

/// The words of a text; digits and letters that are written together are separate words.
fn parts(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in words(text) {
        let digits = word.len() - word.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let (number, rest) = word.split_at(digits);
        found.extend([number, rest].into_iter().filter(|part| !part.is_empty()).map(str::to_owned));
    }
    found
}

fn number(word: Option<&String>) -> Option<u32> {
    word.filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

/// Whether a text names a length of time that may be an increment: "60 sec", "minimum one minute", "billed per second".
pub(super) fn has_time(text: &str) -> bool {
    let parts = parts(text);
    let bounded = Words(parts.clone()).any(LOWER);
    let timed = |word: &str| word == "s" || is_second(word) || is_minute(word);
    let counted = parts.iter().enumerate().any(|(at, word)| {
        let count = at.checked_sub(1).and_then(|before| number(parts.get(before)));
        match count {
            Some(count) if word == "s" || is_second(word) => count > 0,
            Some(count) => is_minute(word) && (1..=MAX_MINUTES).contains(&count),
            None => false,
        }
    });
    let billed = parts.iter().any(|word| BILLS.contains(&word.as_str()))
        && parts.iter().any(|word| word != "s" && timed(word));
    !bounded && (counted || billed)
}

/// The increments that a text may name.
pub(super) fn increments(text: &str) -> Option<(u32, u32)> {
    let found = match times(&parts(text), false)?.as_slice() {
        [(both, _)] => (*both, *both),
        [(first, _), (next, _)] => (*first.max(next), *first.min(next)),
        _ => return None,
    };
    (is_usual(found.0) && is_usual(found.1)).then_some(found)
}

/// Whether a text has a percentage that is neither a tax nor about payments.
pub(super) fn has_percent(text: &str) -> bool {
    const WORDS: &[&str] = &["percent", "prozent", "pct"];
    // "MwSt" is one word
    let all = Words(words(&text.to_lowercase()));
    let phrase =
        all.phrase(&["per", "cent"]) || all.phrase(&["por", "ciento"]) || all.phrase(&["por", "cento"]);
    let marked = text.contains('%') || all.any(WORDS) || phrase;
    // a surcharge for short calls depends on the traffic
    let short = all.any(LOWER) && all.0.iter().any(|word| is_second(word));
    marked
        && !short
        && text.contains(|letter: char| letter.is_ascii_digit())
        && !all.any(TAXES)
        && !all.any(PAYS)
}

/// The change of the prices, in hundredths of a percent, that a text may name. The change is an increase unless the text has a word for a decrease.
pub(in crate::carrier_deck) fn change(text: &str) -> Option<i32> {
    const LOWERS: &[&str] = &[
        "discount",
        "rebate",
        "reduced",
        "reduction",
        "lowered",
        "less",
        "rabatt",
        "nachlass",
        "descuento",
        "desconto",
        "remise",
        "reduction",
        "sconto",
        "decrease",
        "decreased",
        "rebaja",
    ];
    let at = text.find('%').or_else(|| text.find("percent")).or_else(|| text.find("per cent"))?;
    let head = text.get(..at)?.trim_end();
    let number =
        head.rsplit(|letter: char| !letter.is_ascii_digit() && !matches!(letter, '.' | ',')).next()?;
    let (whole, part) = number.split_once(['.', ',']).unwrap_or((number, ""));
    let part = format!("{part:0<2}");
    let digits = [whole, part.get(..2)?].concat();
    let change: i32 = digits.parse().ok().filter(|change| (1..=9_999).contains(change) && part.len() == 2)?;
    Some(if Words(words(text)).any(LOWERS) { -change } else { change })
}

/// Whether a text says that prices are doubled or halved.
pub(super) fn has_multiple(text: &str) -> bool {
    const MULTIPLES: &[&str] = &[
        "half",
        "halved",
        "double",
        "doubled",
        "twice",
        "triple",
        "mitad",
        "doble",
        "metade",
        "dobro",
        "moitie",
        "double",
        "meta",
        "doppio",
        "halfte",
        "halber",
        "halbe",
        "doppelt",
        "doppelte",
        "doppelter",
        "половина",
        "половину",
        "вдвое",
        "двоинои",
    ];
    // a tariff has no prices that depend on the caller's number
    const CALLERS: &[&str] = &[
        "cli",
        "ani",
        "anumber",
        "caller",
        "calling",
        "origin",
        "originating",
        "spoofed",
        "invalid",
        "invalido",
        "invalida",
    ];
    let words = Words(words(text));
    let caller = words.any(CALLERS) || words.phrase(&["a", "number"]);
    words.any(MULTIPLES) && (words.any(PRICE) || words.any(BILLS)) && !caller
}

/// Whether a text has a number with decimals that may be a price, such as 0.25.
pub(super) fn has_decimals(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let digit = |at: usize| letters.get(at).is_some_and(char::is_ascii_digit);
    (1..letters.len()).any(|at| {
        let whole = letters
            .get(..at)
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(|letter| letter.is_ascii_digit())
            .count();
        let part = letters
            .get(at + 1..)
            .unwrap_or_default()
            .iter()
            .take_while(|letter| letter.is_ascii_digit())
            .count();
        let next = letters.get(at + 1 + part).copied().unwrap_or(' ');
        matches!(letters[at], '.' | ',')
            && digit(at - 1)
            && whole <= 4
            && (2..=6).contains(&part)
            && !matches!(next, '.' | ',' | '/' | '-')
    })
}

/// Whether a remark only says how a price changed, such as "+5 %" or "increase of 0.002".
pub(super) fn describes_change(text: &str) -> bool {
    let words = Words(words(text));
    !text.contains(char::is_alphabetic) || words.any(KEEP) || words.any(STATUS)
}

/// Whether a text says that digits must be put before or after the codes.
pub(super) fn changes_codes(text: &str) -> bool {
    const ADDS: &[&str] = &[
        "add",
        "added",
        "append",
        "prepend",
        "prepended",
        "begin",
        "begins",
        "start",
        "starts",
        "starting",
        "precede",
        "preceded",
        "insert",
        "anteponer",
        "agregar",
        "adicionar",
        "acrescentar",
        "empiezan",
        "iniciados",
        "iniciam",
        "commencent",
        "commencant",
        "ajouter",
        "beginnen",
        "vorangestellt",
        "iniziano",
        "aggiungere",
    ];
    const NUMBERS: &[&str] =
        &["number", "numbers", "numeros", "numero", "nummern", "numeri", "digits", "digit"];
    let all = words(text);
    let listed = Words(all.clone());
    let digits = all.iter().any(|word| word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_digit()));
    digits && listed.any(ADDS) && (listed.any(MOBILE) || listed.any(NUMBERS) || listed.any(CODE))
}

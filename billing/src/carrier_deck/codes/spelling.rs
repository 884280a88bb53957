//! The spellings of codes and lists of codes.

use std::borrow::Cow;

use super::super::MAX_CELL_BYTES;
use super::all_digits;

use super::exceptions::exceptions;
use crate::number::calling_code;

/// Whether an area code says that the row is for the whole country.
pub(in crate::carrier_deck) fn is_whole_country(text: &str) -> bool {
    const WHOLE: &[&str] = &[
        "",
        "-",
        "all",
        "any",
        "proper",
        "n/a",
        "na",
        "none",
        "rest",
        "other",
        "others",
        "national",
        "todos",
        "tous",
        "alle",
        "resto",
        "otros",
        "otras",
        "outros",
        "outras",
        "autres",
        "autre",
        "andere",
        "ubrige",
        "übrige",
        "altri",
        "altre",
        "resto del pais",
        "rest of country",
        "rest of the country",
        "roc",
        "all other",
        "all others",
        "все",
        "остальные",
        "прочие",
        "其他",
        "default",
        "whole country",
        "entire country",
        "diğer",
        "inne",
        "ostatní",
        "övriga",
        "øvrige",
        "overige",
    ];
    let marks = |letter: char| matches!(letter, '*' | '#' | 'x' | 'X' | '–' | '—');
    text.chars().all(marks) || WHOLE.contains(&text.to_lowercase().as_str())
}

/// The cell with its lists and ranges in a standard spelling: `70 & 71` and `70 and 71` become `70,71`, `70 to 75` becomes `70-75`, and `1(242)`
/// becomes `1-242`.
pub(in crate::carrier_deck) fn normal(text: &str) -> Cow<'_, str> {
    const SPELLINGS: &[(&str, &str)] = &[
        (" / ", ","),
        (" & ", ","),
        ("&", ","),
        ("\nand ", ","),
        (" to and including ", "-"),
        (" tot en met ", "-"),
        (" through ", "-"),
        (" fino a ", "-"),
        (" hasta ", "-"),
        (" until ", "-"),
        (" thru ", "-"),
        (" till ", "-"),
        (" bis ", "-"),
        (" até ", "-"),
        (" ate ", "-"),
        (" t/m ", "-"),
        (" tot ", "-"),
        (" til ", "-"),
        (" έως ", "-"),
        (" eos ", "-"),
        (" إلى ", "-"),
        (" الى ", "-"),
        (" to ", "-"),
        (" до ", "-"),
        (" al ", "-"),
        (" au ", "-"),
        (" ao ", "-"),
        (" по ", "-"),
        (" do ", "-"),
        (" a ", "-"),
        (" à ", "-"),
        (" and ", ","),
        (" y ", ","),
        (" et ", ","),
        (" und ", ","),
        (" e ", ","),
        (" ed ", ","),
        (" och ", ","),
        (" og ", ","),
        (" ve ", ","),
        (" и ", ","),
        (" oraz ", ","),
        (" en ", ","),
        (" ou ", ","),
        (" o ", ","),
        (" or ", ","),
        (" u. ", ","),
        (" i ", ","),
        (" ja ", ","),
        (" és ", ","),
        (" si ", ","),
        (" și ", ","),
        (" και ", ","),
        (" sowie ", ","),
        (" as well as ", ","),
        (" plus ", ","),
        ("~", "-"),
        ("..", "-"),
        ("～", "-"),
        ("〜", "-"),
        ("…", "-"),
        ("÷", "-"),
        ("至", "-"),
        ("到", "-"),
        ("から", "-"),
        ("、", ","),
        ("，", ","),
        ("；", ","),
        ("和", ","),
        ("及", ","),
    ];
    if all_digits(text) {
        return Cow::Borrowed(text);
    }
    if let Some(expanded) = bracketed(text) {
        return Cow::Owned(expanded);
    }
    let opens = text.find('(').is_some_and(|at| at > 0) && !text.contains([',', ';', '|', '\n']);
    let inner = text.trim_start_matches('+');
    let plus = inner.contains('+') && inner.split('+').all(|part| part.len() >= 3 && all_digits(part));
    if plus {
        return Cow::Owned(inner.replace('+', ","));
    }
    // `2162 + 2165`; `1 + 242` may be one code
    let added: Vec<&str> = text.split(" + ").map(str::trim).collect();
    let country = added.first().and_then(|part| calling_code(part));
    let listed = |part: &&str| part.len() > 2 && all_digits(part) && calling_code(part) == country;
    if added.len() > 1
        && country.is_some_and(|country| country.len() < added[0].len())
        && added.iter().all(listed)
    {
        return Cow::Owned(added.join(","));
    }
    let spelled = opens || !text.is_ascii() || text.contains([' ', '&', '~', '.', '\n']);
    if !spelled || text.len() > MAX_CELL_BYTES {
        return Cow::Borrowed(text);
    }
    let folded = match text.contains(char::is_uppercase) {
        true => Cow::Owned(text.to_lowercase()),
        false => Cow::Borrowed(text),
    };
    let worded = folded.starts_with(char::is_alphabetic);
    if !opens && !worded && !SPELLINGS.iter().any(|(from, _)| folded.contains(from)) {
        return Cow::Borrowed(text);
    }
    let mut normal = opened(&folded);
    for (from, to) in SPELLINGS {
        if normal.contains(from) {
            normal = normal.replace(from, to);
        }
    }
    if opens {
        normal = normal.replace(" (", "(").replace(") ", ")").replace(['(', ')'], "-").replace("--", "-");
        normal.truncate(normal.trim_end_matches('-').len());
    }
    Cow::Owned(normal)
}

/// The text without the words that begin its ranges: `from 70 to 75` becomes `70 to 75`, and `between 70 and 75` becomes `70-75`.
fn opened(text: &str) -> String {
    const FROM: &[&str] = &[
        "from", "von", "vom", "de", "da", "dal", "del", "desde", "du", "van", "от", "с", "od", "fra", "från",
        "din", "de la", "από", "من",
    ];
    const BETWEEN: &[&str] =
        &["between", "entre", "zwischen", "tra", "mellan", "mellem", "tussen", "między", "между"];
    const AND: &[&str] = &[" and ", " y ", " et ", " und ", " e ", " och ", " og ", " en ", " a ", " и "];
    let first = |part: &str| part.starts_with(|letter: char| letter.is_ascii_digit() || letter == '+');
    let part = |part: &str| {
        let text = part.trim();
        let rest = |words: &[&str]| {
            let rests = words.iter().filter_map(|word| text.strip_prefix(word)?.strip_prefix(' '));
            rests.map(str::trim).find(|rest| first(rest)).map(str::to_owned)
        };
        if let Some(rest) = rest(BETWEEN) {
            let (from, to) = AND.iter().find_map(|and| rest.split_once(and))?;
            return Some(format!("{from}-{to}"));
        }
        rest(FROM)
    };
    let parts = text.split(',').map(|found| part(found).unwrap_or_else(|| found.to_owned()));
    parts.collect::<Vec<_>>().join(",")
}

/// The codes of `8801[3-9]` or `93(70,71-73)` as a plain list: the digits before the bracket belong to each part between the brackets.
pub(in crate::carrier_deck) fn bracketed(text: &str) -> Option<String> {
    let (open, close) = if text.contains('[') { ('[', ']') } else { ('(', ')') };
    let (head, list) = match text.split_once(open) {
        Some((head, rest)) => (head, rest.strip_suffix(close)?),
        // `33: 6, 7`
        None => text.split_once(": ").filter(|(head, _)| calling_code(head) == Some(*head))?,
    };
    let head = head.trim();
    let plain = list.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, ',' | '-' | ' '));
    let several = list.contains([',', '-']);
    if head.is_empty() || !all_digits(head) || !plain || !several || list.len() > 1_000 {
        return None;
    }
    let part = |part: &str| match part.trim().split_once('-') {
        Some((from, to)) => format!("{head}{}-{head}{}", from.trim(), to.trim()),
        None => format!("{head}{}", part.trim()),
    };
    Some(list.split(',').map(part).collect::<Vec<_>>().join(","))
}

/// Removes the characters that keep a spreadsheet from changing a code: `'351` and `="351"`.
pub(in crate::carrier_deck) fn unprotect(cell: &str) -> &str {
    let inner = cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    let cell = inner.or_else(|| cell.strip_prefix('\'')).unwrap_or(cell).trim();
    // some switches write codes as patterns: `^33`, `33.*$`, `_33X.`
    let begins = cell.strip_prefix(['^', '_']).unwrap_or(cell);
    let code = begins.strip_suffix('$').unwrap_or(begins).trim_end_matches(".*").trim_end_matches("X.");
    if begins.len() < cell.len() { code } else { unbracketed(code) }
}

/// Codes without the brackets around all of them: `(65, 75)`. In a pattern, `[67]` means 6 or 7.
fn unbracketed(cell: &str) -> &str {
    let inside = |open, close| cell.strip_prefix(open)?.strip_suffix(close);
    let Some(inner) = inside('(', ')').or_else(|| inside('[', ']')) else { return cell };
    let listed = inner.bytes().all(|byte| byte.is_ascii_digit() || b",;/| -".contains(&byte));
    let inner = inner.trim();
    let several = inner.contains([',', ';', '/', '|', ' ', '-']);
    let single = cell.starts_with('(') && !inner.is_empty();
    if listed && (several || single) { inner } else { cell }
}

/// Whether a cell contains only characters that occur in codes, and at least one digit. The codes in the cell may still be invalid.
pub(in crate::carrier_deck) fn looks_like_codes(cell: &str) -> bool {
    if all_digits(cell) {
        return !cell.is_empty();
    }
    // most names have no digits
    if !cell.bytes().any(|byte| byte.is_ascii_digit()) {
        return false;
    }
    if let Some((codes, except)) = exceptions(cell) {
        return looks_like_codes(codes) && looks_like_codes(except);
    }
    let normal = normal(unprotect(cell));
    // an X stands for any digit
    let text = normal.trim_end_matches(['x', 'X']);
    // a country code may be in parentheses
    let text = text
        .strip_prefix('(')
        .filter(|rest| rest.split_once(')').is_some_and(|(code, _)| all_digits(code)))
        .unwrap_or(text);
    let (mut digits, mut others) = (0u32, 0u32);
    for letter in text.chars() {
        match letter {
            '0'..='9' => digits += 1,
            '+' | '-' | ',' | ';' | '|' | ' ' | '/' | '\n' | '\r' | '*' | '\u{a0}' | ')' | '‐'..='―' => {}
            _ => others += 1,
        }
    }
    digits > 0 && others == 0
}

//! The spellings of codes and lists of codes.

use std::borrow::Cow;

use super::super::MAX_CELL_BYTES;
use super::all_digits;
use super::exceptions::exceptions;

/// Whether an area code says that the row is for the whole country.
pub(in crate::carrier_deck) fn is_whole_country(text: &str) -> bool {
    const WHOLE: &[&str] = &[
        "", "-", "all", "any", "proper", "n/a", "na", "none", "rest", "other", "others", "national", "todos",
        "tous", "alle", "resto",
    ];
    WHOLE.contains(&text.to_lowercase().as_str())
}

/// The cell with its lists and ranges in a standard spelling: `70 & 71` and `70 and 71` become `70,71`, `70 to 75` becomes `70-75`, and `1(242)`
/// becomes `1-242`.
pub(in crate::carrier_deck) fn normal(text: &str) -> Cow<'_, str> {
    const SPELLINGS: &[(&str, &str)] = &[
        (" / ", ","),
        (" & ", ","),
        ("&", ","),
        ("\nand ", ","),
        (" and ", ","),
        (" y ", ","),
        (" et ", ","),
        (" und ", ","),
        (" to ", "-"),
        (" bis ", "-"),
        (" a ", "-"),
        (" à ", "-"),
        ("~", "-"),
        ("..", "-"),
    ];
    if let Some(expanded) = bracketed(text) {
        return Cow::Owned(expanded);
    }
    let opens = text.find('(').is_some_and(|at| at > 0) && !text.contains([',', ';', '|', '\n']);
    let inner = text.trim_start_matches('+');
    let plus = inner.contains('+') && inner.split('+').all(|part| part.len() >= 3 && all_digits(part));
    if plus {
        return Cow::Owned(inner.replace('+', ","));
    }
    if !opens && !SPELLINGS.iter().any(|(from, _)| text.contains(from)) || text.len() > MAX_CELL_BYTES {
        return Cow::Borrowed(text);
    }
    let mut normal = text.to_owned();
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

/// The codes of `8801[3-9]` or `93(70,71-73)` as a plain list: the digits before the bracket belong to each part between the brackets.
pub(in crate::carrier_deck) fn bracketed(text: &str) -> Option<String> {
    let (open, close) = if text.contains('[') { ('[', ']') } else { ('(', ')') };
    let (head, rest) = text.split_once(open)?;
    let list = rest.strip_suffix(close)?;
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
    begins.strip_suffix('$').unwrap_or(begins).trim_end_matches(".*").trim_end_matches("X.")
}

/// Whether a cell contains only characters that occur in codes, and at least one digit. The codes in the cell may still be invalid.
pub(in crate::carrier_deck) fn looks_like_codes(cell: &str) -> bool {
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

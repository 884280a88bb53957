//! Codes without their country code.

use super::all_digits;
use crate::number::calling_code;

/// Whether an international number can begin with the code. In North America, the digit after the 1 is 2 to 9.
pub(in crate::carrier_deck) fn is_assigned(code: &str) -> bool {
    if code.starts_with('1') {
        return code.as_bytes().get(1).is_none_or(|digit| *digit >= b'2');
    }
    calling_code(code).is_some()
}

/// Whether codes are probably area codes without a country code: all have the same small number of digits, and not all of them are country codes.
pub(in crate::carrier_deck) fn look_national<'a>(codes: impl Iterator<Item = &'a str> + Clone) -> bool {
    let Some(length) = codes.clone().next().map(str::len) else { return false };
    let same = codes.clone().all(|code| code.len() == length);
    let count = codes.clone().take(3).count();
    let countries = codes.clone().all(|code| calling_code(code) == Some(code));
    match length {
        2 | 3 => same && count >= 3 && !countries,
        6 => count >= 2 && { codes }.all(is_npanxx),
        _ => false,
    }
}

/// Whether a code is a North American area code followed by an exchange, without the country code 1.
fn is_npanxx(code: &str) -> bool {
    let digit = |at: usize| code.as_bytes().get(at).is_some_and(|digit| (b'2'..=b'9').contains(digit));
    code.len() == 6 && all_digits(code) && digit(0) && digit(3)
}

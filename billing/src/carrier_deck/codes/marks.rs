//! Hyphens and spaces whose meaning is certain.

use super::spelling::{normal, unprotect};
use super::{HyphenRule, SpaceRule, all_digits};
use crate::number::calling_code;

/// The meaning of the spaces between the parts; `None` unless only one meaning is possible. A part that does not begin with a country code cannot
/// stand alone. Parts that all begin with the same country code, and are longer than it, cannot be joined.
pub(in crate::carrier_deck) fn certain_space(country: &str, parts: &[&str]) -> Option<SpaceRule> {
    let first = parts.first()?;
    let begins = calling_code(first).filter(|_| country.is_empty())?;
    let rest = parts.get(1..).unwrap_or_default();
    match () {
        () if begins == *first && rest.iter().any(|part| calling_code(part).is_none()) => {
            Some(SpaceRule::Joint)
        }
        () if begins != *first
            && rest.iter().all(|part| calling_code(part) == Some(begins) && part.len() > begins.len()) =>
        {
            Some(SpaceRule::List)
        }
        () => None,
    }
}

/// The meaning of the hyphens between digits; `None` unless only one meaning is possible. Both ends of a range have the same length, or the second
/// end has only the last digits, and these are higher than the last digits of the first end. A code with hyphens inside begins with a country code.
pub(in crate::carrier_deck) fn certain_hyphen(parts: &[&str]) -> Option<HyphenRule> {
    let [from, rest @ ..] = parts else { return None };
    let starts = calling_code(from) == Some(*from);
    match rest {
        [to] => {
            let rising = from.len() == to.len() && from < to;
            let short =
                from.len() > to.len() && from.get(from.len() - to.len()..).is_some_and(|tail| tail < *to);
            match (rising, starts) {
                (true, _) if from.len() >= 3 && from.get(..1) == to.get(..1) => Some(HyphenRule::Range),
                (false, true) if !short => Some(HyphenRule::Joint),
                _ => None,
            }
        }
        [_, ..] if starts => Some(HyphenRule::Joint),
        _ => None,
    }
}

/// Whether hyphens join the parts of codes in a column, and whether spaces do. Each result is true if some cells can be read in no other way, and no
/// cell proves the opposite.
pub(in crate::carrier_deck) fn evidence<'a>(cells: impl Iterator<Item = &'a str>) -> (bool, bool) {
    let (mut hyphens, mut spaces) = ([0usize; 2], [0usize; 2]);
    for cell in cells.filter(|cell| cell.contains(['-', ' ', '('])) {
        let normal = normal(unprotect(cell));
        // if each item of a list begins with the same country code, the hyphens are not ranges
        let tokens: Vec<&str> = normal.split([',', ';', '|', '/', '\n']).map(str::trim).collect();
        let heads: Vec<&str> =
            tokens.iter().filter_map(|token| token.split_once('-')).map(|(head, _)| head).collect();
        let repeated =
            heads.len() > 1 && heads.iter().all(|head| *head == heads[0] && calling_code(head) == Some(head));
        hyphens[0] += usize::from(repeated);
        let spaced: Vec<&str> =
            tokens.iter().filter_map(|token| token.split_once(' ')).map(|(head, _)| head).collect();
        let first = |head: &&str| *head == spaced[0] && calling_code(head) == Some(head);
        spaces[0] += usize::from(spaced.len() > 1 && spaced.iter().all(first));
        for token in normal.split([',', ';', '|', '/', '\n']).map(str::trim) {
            let token = token.trim_start_matches('+');
            let token = token.strip_prefix("00").unwrap_or(token);
            let digits = |parts: &[&str]| {
                parts.len() > 1 && parts.iter().all(|part| !part.is_empty() && all_digits(part))
            };
            let (hyphened, spaced): (Vec<&str>, Vec<&str>) =
                (token.split('-').collect(), token.split(' ').collect());
            if digits(&hyphened) {
                match certain_hyphen(&hyphened) {
                    Some(HyphenRule::Joint) => hyphens[0] += 1,
                    Some(HyphenRule::Range) => hyphens[1] += 1,
                    None => {}
                }
            } else if digits(&spaced) {
                match certain_space("", &spaced) {
                    Some(SpaceRule::Joint) => spaces[0] += 1,
                    Some(SpaceRule::List) => spaces[1] += 1,
                    None => {}
                }
            }
        }
    }
    (hyphens[0] > 0 && hyphens[1] == 0, spaces[0] > 0 && spaces[1] == 0)
}

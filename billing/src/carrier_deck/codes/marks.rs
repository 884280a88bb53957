//! Hyphens and spaces whose meaning is certain.

use super::spelling::{normal, unprotect};
use super::{HyphenRule, SpaceRule, all_digits};
use crate::number::calling_code;

/// The meaning of the spaces between the parts; `None` unless only one meaning is possible. `complete` says whether the codes begin with country codes.
/// If they do, a part that does not begin with a country code cannot stand alone. Parts that all begin with the same country code, and are longer than it, cannot be joined.
pub(in crate::carrier_deck) fn certain_space(complete: bool, parts: &[&str]) -> Option<SpaceRule> {
    if !complete {
        return are_areas(parts).then_some(SpaceRule::List);
    }
    let first = parts.first()?;
    // no code begins with the digits of the second part
    if let [head, part] = parts
        && calling_code(head).is_some()
        && all_digits(part)
        && !part.starts_with('0')
        && calling_code(part).is_none()
    {
        return Some(SpaceRule::Joint);
    }
    let begins = calling_code(first)?;
    let rest = parts.get(1..).unwrap_or_default();
    match () {
        () if begins == *first
            && rest.iter().any(|part| calling_code(part).is_none())
            && (rest.len() == 1 || !rest.iter().any(|part| is_calling_code(part))) =>
        {
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

/// Whether a part is a complete country code of more than one digit.
fn is_calling_code(part: &str) -> bool {
    part.len() > 1 && calling_code(part) == Some(part)
}

/// Whether the parts of a cell can only be a list of area codes: one of the parts is a range, or three parts have the same length.
fn are_areas(parts: &[&str]) -> bool {
    let ends = |part: &str| part.split('-').map(str::to_owned).collect::<Vec<_>>();
    let all: Vec<Vec<String>> = parts.iter().map(|part| ends(part)).collect();
    let digits = all.iter().flatten().all(|end| !end.is_empty() && all_digits(end));
    let length = all.first().and_then(|ends| ends.first()).map_or(0, String::len);
    let same = all.iter().flatten().all(|end| end.len() == length);
    let ranged = all.iter().rev().skip(1).any(|ends| ends.len() == 2);
    digits && all.iter().all(|ends| ends.len() <= 2) && (ranged || same && parts.len() > 2 && length > 1)
}

/// Whether a cell can only be a list of area codes that are separated by spaces.
pub(in crate::carrier_deck) fn is_spaced_list(cell: &str) -> bool {
    let parts: Vec<&str> = cell.split(' ').filter(|part| !part.is_empty()).collect();
    parts.len() > 1 && are_areas(&parts)
}

/// Whether a cell is a list in which the country code stands only before the first code: `0043-660,699`, `63 (8, 9)`, `00381-60-66,68`.
pub(in crate::carrier_deck) fn is_headed_list(cell: &str) -> bool {
    let cell = unprotect(cell);
    let text = cell.trim_start_matches('+');
    let text = text.strip_prefix("00").unwrap_or(text);
    let Some(at) = text.find(|letter: char| !letter.is_ascii_digit()) else { return false };
    let (head, rest) = text.split_at(at);
    let list = match rest.trim_start().strip_prefix('(') {
        Some(inner) => inner.strip_suffix(')'),
        None => rest.strip_prefix('-'),
    };
    let Some(list) = list.filter(|_| calling_code(head) == Some(head)) else { return false };
    let items: Vec<&str> = list.split([',', '/', ';']).map(str::trim).collect();
    let item = |item: &&str| {
        let ends: Vec<&str> = item.split('-').collect();
        let digits = ends.iter().all(|end| !end.is_empty() && all_digits(end));
        digits && (ends.len() == 1 || ends.len() == 2 && ends[0].len() == ends[1].len() && ends[0] < ends[1])
    };
    // `34-36,38` may be a range and a code
    let range = text.len() == cell.len()
        && rest.starts_with('-')
        && items.first().is_some_and(|first| first.len() == head.len() && head < *first);
    items.len() > 1 && items.iter().all(item) && !range
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
                // `40-7`: a range of country codes does not leave out digits
                (false, true) => {
                    Some(HyphenRule::Joint).filter(|_| !short || calling_code(from) == Some(*from))
                }
                _ => None,
            }
        }
        [_, ..] if starts => Some(HyphenRule::Joint),
        _ => None,
    }
}

/// Whether the first of two parts is a country code, and the other part has one or two digits that neither begin with this country code nor are a
/// complete country code, as in `36 70`. If these parts were separate codes, they would belong to different countries.
fn names_countries(parts: &[&str]) -> bool {
    match parts {
        [head, area] => {
            calling_code(head) == Some(*head)
                && area.split('-').all(|end| {
                    (1..=2).contains(&end.len())
                        && all_digits(end)
                        && calling_code(end) != Some(*head)
                        && calling_code(end) != Some(end)
                })
        }
        _ => false,
    }
}

/// Whether a cell has more than two parts, each of them a complete country code: `33 34 39`.
fn lists_countries(parts: &[&str]) -> bool {
    parts.len() > 2 && parts.iter().all(|part| calling_code(part) == Some(*part))
}

/// Whether hyphens join the parts of codes in a column, and whether spaces do. Each result is true if some cells can be read in no other way, and no
/// cell proves the opposite. A list like `0043-660,699` proves that hyphens join.
pub(in crate::carrier_deck) fn evidence<'a>(cells: impl Iterator<Item = &'a str>) -> (bool, bool) {
    let (mut hyphens, mut spaces) = ([0usize; 2], [0usize; 2]);
    // cells like `36 70`, which would name codes of several countries if the space separated two codes
    let mut several = 0usize;
    for cell in cells.filter(|cell| cell.contains(['-', ' ', '('])) {
        if is_headed_list(cell) {
            hyphens[0] += usize::from(!cell.contains('('));
            continue;
        }
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
            } else if digits(&spaced) || names_countries(&spaced) {
                match certain_space(true, &spaced) {
                    Some(SpaceRule::Joint) => spaces[0] += 1,
                    Some(SpaceRule::List) => spaces[1] += 1,
                    None if lists_countries(&spaced) => spaces[1] += 1,
                    None => several += usize::from(names_countries(&spaced)),
                }
            }
        }
    }
    (hyphens[0] > 0 && hyphens[1] == 0, (spaces[0] > 0 || several > 1) && spaces[1] == 0)
}

//! Reads a deck's codes: lists and ranges in a cell, country and area codes in two columns, and international prefixes.

use serde::{Deserialize, Serialize};

use super::table::Kind;
use super::{CellError, MAX_CODES_PER_CELL};
use crate::number::calling_code;
use crate::tariff::check_prefix;

mod exceptions;
mod marks;
mod national;
mod ranges;
mod spelling;

pub(super) use exceptions::exceptions;
use marks::certain_space;
pub(super) use marks::{evidence, is_headed_list, is_spaced_list};
pub(super) use national::{is_assigned, look_national};
use ranges::range_codes;
pub(super) use spelling::{is_whole_country, looks_like_codes};
use spelling::{normal, unprotect};

/// The meaning of a hyphen between two codes that do not clearly form a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HyphenRule {
    /// `1-242` means the code 1242.
    Joint,
    /// `34-36` means the codes 34, 35 and 36.
    Range,
}

/// The meaning of a space between two codes without a plus sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpaceRule {
    /// `351 21` means the code 35121. In `351 21, 22`, the country code 351 applies to the whole list.
    Joint,
    /// `351 352` means two codes.
    List,
}

/// The meaning of slashes, and of commas that may separate thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListRule {
    /// `1,242` and `1/242` each mean two codes.
    List,
    /// `1,242` and `1/242` each mean the code 1242.
    Joint,
}

/// The treatment of a 0 at the beginning of an area code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrunkZero {
    /// The 0 is dialed only within the country, so it is left out.
    Strip,
    /// The 0 is part of the international number.
    Keep,
}

/// The rules by which codes are read.
#[derive(Clone, Debug, Default)]
pub(super) struct CodeRules {
    pub(super) hyphen: Option<HyphenRule>,
    pub(super) space: Option<SpaceRule>,
    pub(super) list_marks: Option<ListRule>,
    pub(super) trunk_zero: Option<TrunkZero>,
    /// Digits to put before every code.
    pub(super) before: String,
    /// Whether the codes follow a country code that is in another column.
    pub(super) partial: bool,
    /// Whether codes begin with a 0 that is only dialed within their country, which is in `before`.
    pub(super) national: bool,
    /// The country code of the codes that begin with a 0, if other codes have an international prefix; otherwise empty.
    pub(super) home: String,
    /// Whether hyphens with spaces around them separate the codes of a list.
    pub(super) dashed_lists: bool,
    /// Whether `201-202` is the area code 201 and the exchange 202.
    pub(super) exchanges: bool,
    /// Whether some cells have lists in which the country code stands only before the first code, as in `0043-660,699` and `63 (8, 9)`.
    pub(super) headed: bool,
    /// Whether 011 is the beginning of an area code, and not the prefix for international calls.
    pub(super) keeps_011: bool,
    /// Whether the codes are area codes without a country code.
    pub(super) areas: bool,
    /// The meaning of hyphens according to the mapping.
    pub(super) hyphen_answer: Option<HyphenRule>,
}

/// The country code that the codes of a list share, and the number of digits that follow it in the list's first code.
#[derive(Debug, Default)]
struct Carried {
    code: String,
    digits: usize,
}

/// Why a cell with codes was not read.
#[derive(Debug)]
pub(super) enum CodeDoubt {
    Hyphen,
    Space,
    List,
    TrunkZero,
    Error(CellError),
}

/// The countries whose numbers keep a 0 after the country code.
const KEEPS_ZERO: &[&str] = &["39", "378", "379", "225", "229", "241", "242"];

/// The codes that a cell contains, in order.
#[derive(Debug, Default)]
pub(super) struct Codes {
    pub(super) codes: Vec<String>,
    /// Exceptions: codes that begin with one of `codes`, but that the row does not price.
    pub(super) except: Vec<String>,
}

fn error(code: &'static str, message: &'static str) -> CodeDoubt {
    CodeDoubt::Error(CellError::new(code, message, "Give each code in digits, separated by commas."))
}

/// Reads a country code from a cell: its digits, without the plus sign or international prefix.
pub(super) fn country(cell: &str, kind: Kind) -> Result<String, CodeDoubt> {
    let text = unprotect(cell);
    check_unbroken(text, kind)?;
    let (digits, _) = international(text, &CodeRules::default());
    // country codes in North America are written like 1-242 or 1 242
    let digits: String = digits.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    if digits.is_empty() || !all_digits(&digits) || digits.starts_with('0') {
        return Err(error("COUNTRY_CODE_INVALID", "The country code must consist of digits."));
    }
    Ok(digits)
}

/// Reads the codes of a cell. `country` is the country code from another column, or empty.
pub(super) fn read(country: &str, cell: &str, kind: Kind, rules: &CodeRules) -> Result<Codes, CodeDoubt> {
    if let Some((cell, except)) = exceptions(unprotect(cell)) {
        let mut found = read(country, cell, kind, rules)?;
        found.except = read_except(country, except, &found.codes, rules)?;
        return Ok(found);
    }
    let mut found = Codes::default();
    let listed;
    let mut cell = cell;
    if rules.dashed_lists && cell.contains(" - ") {
        listed = cell.replace(" - ", ",");
        cell = &listed;
    }
    let normal = normal(unprotect(cell));
    let text = normal.as_ref();
    check_unbroken(text, kind)?;
    if rules.partial && is_whole_country(text) {
        push(&mut found, &[rules.before.as_str(), country].concat())?;
        return Ok(found);
    }
    // the country code of a list like `351 21, 22`
    let mut carried = Carried::default();
    let joined;
    let mut text = text;
    let hyphens = rules.headed || rules.hyphen != Some(HyphenRule::Range);
    if let Some(list) = listed_after_hyphen(country, text).filter(|_| hyphens) {
        joined = list;
        text = &joined;
    } else if is_doubtful_list(country, text) {
        match rules.list_marks {
            None => return Err(CodeDoubt::List),
            Some(ListRule::List) => {}
            Some(ListRule::Joint) => {
                joined = text.replace([',', '/'], "");
                text = &joined;
            }
        }
    }
    for token in text.split([',', ';', '|', '/', '\n', '\r']).map(str::trim) {
        if !token.is_empty() {
            token_codes(country, token, rules, &mut carried, &mut found)?;
        }
    }
    match found.codes.is_empty() {
        true => Err(error("CODE_MISSING", "The row has no code.")),
        false => Ok(found),
    }
}

/// The codes of an exception. If the cell has only one code, its exceptions may be written without that code in front: `53 (except 5)`.
fn read_except(
    country: &str,
    cell: &str,
    codes: &[String],
    rules: &CodeRules,
) -> Result<Vec<String>, CodeDoubt> {
    let begins = |found: &[String]| {
        found
            .iter()
            .all(|except| codes.iter().any(|code| except.starts_with(code.as_str()) && except != code))
    };
    let found = read(country, cell, Kind::Text, rules)?.codes;
    if begins(&found) {
        return Ok(found);
    }
    match codes {
        [code] => {
            let partial = CodeRules { partial: true, before: String::new(), ..rules.clone() };
            let found = read(code, cell, Kind::Text, &partial)?.codes;
            if begins(&found) {
                Ok(found)
            } else {
                Err(error("CODE_INVALID", "An exception does not begin with its code."))
            }
        }
        _ => Err(error("CODE_INVALID", "An exception does not begin with its code.")),
    }
}

/// Whether the slashes or commas in a cell may be something other than separators of codes. `1,242` may be one code that a spreadsheet shows with a
/// thousands separator, unless both parts belong to the same country.
fn is_doubtful_list(country: &str, text: &str) -> bool {
    let parts: Vec<&str> = text.split([',', '/']).collect();
    if parts.len() < 2 || !parts.iter().all(|part| all_digits(part) && !part.is_empty()) {
        // `881-6/881-7`: both parts begin with the same country code
        let joined: Vec<String> = parts.iter().map(|part| part.replace(['-', ' '], "")).collect();
        let begins = |part: &String| calling_code(part).is_some_and(|code| part.len() > code.len());
        let heads = parts.iter().filter_map(|part| part.split('-').next()).collect::<Vec<_>>();
        let same = joined.iter().all(|part| all_digits(part) && begins(part))
            && heads.iter().all(|head| *head == heads[0] && calling_code(head) == Some(*head));
        if country.is_empty() && same {
            return false;
        }
        return text.contains('/') && text.matches('/').count() < 2;
    }
    // `70/71` and `7/8/9` can only be lists
    let long = parts.iter().all(|part| part.len() == parts[0].len() && (part.len() > 1 || parts.len() > 2));
    if text.contains('/') && !text.contains(',') && (long || parts.len() > 2) {
        return false;
    }
    let (first, rest) = (parts[0], parts.get(1..).unwrap_or_default());
    let grouped = first.len() <= 3 && rest.iter().all(|part| part.len() == 3);
    let same_country =
        |part: &&str| calling_code(first).is_some() && calling_code(part) == calling_code(first);
    let is_list = if country.is_empty() { rest.iter().all(same_country) } else { first.len() == 3 };
    text.contains('/') || (grouped && !is_list)
}

/// The complete codes of a list like `0043-660/699`, in which the country code stands only before the first code.
fn listed_after_hyphen(country: &str, text: &str) -> Option<String> {
    let (first, rest) = text.split_once(['/', ','])?;
    let (head, area) = first.split_once('-')?;
    let (head, _) = international(head.trim(), &CodeRules::default());
    let is_area = |part: &str| {
        let ends: Vec<&str> = part.trim().split('-').collect();
        let digits = ends.iter().all(|end| !end.is_empty() && all_digits(end));
        digits && (ends.len() == 1 || ends.len() == 2 && ends[0].len() == ends[1].len() && ends[0] < ends[1])
    };
    let known = country.is_empty() && calling_code(head) == Some(head);
    let rest = || rest.split(['/', ',']).map(str::trim).filter(|part| !part.is_empty());
    if !known || !is_area(area) || !rest().all(is_area) {
        return None;
    }
    let complete = |part: &str| match part.split_once('-') {
        Some((from, to)) => format!("{head}{from}-{head}{to}"),
        None => format!("{head}{part}"),
    };
    Some(std::iter::once(area).chain(rest()).map(complete).collect::<Vec<_>>().join(","))
}

/// Refuses codes that a spreadsheet has changed to a rounded number or a date.
fn check_unbroken(text: &str, kind: Kind) -> Result<(), CodeDoubt> {
    if kind == Kind::Date {
        return Err(error("CODE_BROKEN", "The spreadsheet changed this code to a date."));
    }
    let is_number = |text: &str| text.contains(|letter: char| letter.is_ascii_digit());
    if is_number(text) && text.to_ascii_uppercase().contains("E+") {
        return Err(error("CODE_BROKEN", "The spreadsheet rounded this code."));
    }
    if text.contains('.') {
        return Err(error("CODE_BROKEN", "A code must not have a decimal point."));
    }
    Ok(())
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Removes a plus sign, 00 or 011 from the beginning of the text. Also returns whether there was one. If the codes begin with a 0 that is only dialed
/// within their country, 011 is the beginning of an area code.
fn international<'t>(token: &'t str, rules: &CodeRules) -> (&'t str, bool) {
    let american = || token.strip_prefix("011").filter(|_| !rules.keeps_011);
    let rest = token.strip_prefix('+').or_else(|| token.strip_prefix("00")).or_else(american);
    match rest {
        Some(rest) => (rest.trim_start_matches([' ', '-']), true),
        None => (token, false),
    }
}

fn push(found: &mut Codes, code: &str) -> Result<(), CodeDoubt> {
    if found.codes.len() >= MAX_CODES_PER_CELL {
        return Err(error("TOO_MANY_CODES", "The cell has too many codes."));
    }
    check_prefix(code).map_err(|refusal| {
        CodeDoubt::Error(CellError::new(refusal.code, refusal.message, "Correct the code."))
    })?;
    found.codes.push(code.to_owned());
    Ok(())
}

fn token_codes(
    country: &str,
    token: &str,
    rules: &CodeRules,
    carried: &mut Carried,
    found: &mut Codes,
) -> Result<(), CodeDoubt> {
    let token = token
        .trim_end_matches(['*', '%', 'x', 'X'])
        .replace(['‐', '‑', '‒', '–', '—', '―'], "-")
        .replace('\u{a0}', " ");
    // `(1) 809` has its country code in parentheses
    let parts = token.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let joined = parts
        .filter(|(code, _)| all_digits(code) && calling_code(code) == Some(*code))
        .map(|(code, rest)| format!("+{code} {}", rest.trim()));
    let token = joined.unwrap_or(token);
    if let Some((from, to)) = complete_ends(&token, rules).filter(|_| country.is_empty()) {
        let rules = CodeRules { hyphen: Some(HyphenRule::Range), ..rules.clone() };
        return range_codes(&rules.before, &format!("{from}-{to}"), &rules, found);
    }
    let (text, is_international) =
        if country.is_empty() { international(&token, rules) } else { (token.as_str(), false) };
    let spaced: Vec<&str> = text.split(' ').filter(|part| !part.is_empty()).collect();
    // in `0033 0034 0039`, each part is a complete code
    let begins = |part: &&str| part.len() > 2 && part.starts_with("00") || part.starts_with('+');
    if is_international && spaced.len() > 1 && spaced.iter().skip(1).all(begins) {
        return spaced.into_iter().try_for_each(|part| {
            token_codes(country, international(part, rules).0, rules, &mut Carried::default(), found)
        });
    }
    match (is_international, spaced.as_slice()) {
        (_, []) => Err(error("CODE_INVALID", "The code has no digits.")),
        (true, parts) => {
            check_parts(parts)?;
            *carried = Carried::default();
            if let [first, area, ..] = parts {
                *carried = Carried { code: (*first).to_owned(), digits: first_end(area) };
            }
            let (last, head) = parts.split_last().unwrap_or((&"", &[]));
            range_codes(&[rules.before.as_str(), head.concat().as_str()].concat(), last, rules, found)
        }
        (false, [single]) => plain_codes(country, single, rules, carried, found),
        // `201 - 203` is written with spaces around the hyphen
        (false, [from, "-", to]) => plain_codes(country, &format!("{from}-{to}"), rules, carried, found),
        (false, parts) => spaced_codes(country, parts, rules, carried, found),
    }
}

/// The ends of a range of complete codes whose digits are in groups, such as `00 33 1-00 33 5` or `33 1-33 5`.
fn complete_ends(token: &str, rules: &CodeRules) -> Option<(String, String)> {
    let (from, to) = token.split_once('-')?;
    let ((from, marked), (to, both)) = (international(from.trim(), rules), international(to.trim(), rules));
    let head = |end: &str| end.split_once(' ').map(|(head, _)| calling_code(head) == Some(head));
    let grouped = head(from) == Some(true) && from.split_once(' ')?.0 == to.split_once(' ')?.0;
    if !(marked && both && (from.contains(' ') || to.contains(' ')) || grouped) {
        return None;
    }
    let (from, to) = (from.replace(' ', ""), to.replace(' ', ""));
    let ends = all_digits(&from) && all_digits(&to) && from.len() == to.len() && from < to;
    (ends && calling_code(&from) == calling_code(&to)).then_some((from, to))
}

/// Reads a token without spaces. After `351 21` in the same cell, the country code 351 also applies to this token.
fn plain_codes(
    country: &str,
    token: &str,
    rules: &CodeRules,
    carried: &Carried,
    found: &mut Codes,
) -> Result<(), CodeDoubt> {
    let mut head = carried.code.as_str();
    if !head.is_empty() && token.starts_with(head) && first_end(token) != carried.digits {
        // in `+244 2, 24493`, the second code is complete; many area codes within country 7 begin with 7
        if head == "7" || first_end(token) < carried.digits + head.len() {
            let message =
                "It is unclear whether the code begins with the country code of the preceding code.";
            return Err(error("CODE_AMBIGUOUS", message));
        }
        head = "";
    }
    if !rules.home.is_empty() && token.starts_with('0') {
        let keeps = KEEPS_ZERO.contains(&rules.home.as_str());
        let bare: Vec<&str> = token
            .split('-')
            .map(|end| end.trim().strip_prefix('0').filter(|_| !keeps).unwrap_or(end))
            .collect();
        return range_codes(&rules.home, &bare.join("-"), rules, found);
    }
    if rules.national && !KEEPS_ZERO.contains(&rules.before.as_str()) {
        let bare: Vec<&str> =
            token.split('-').map(|end| end.trim().strip_prefix('0').unwrap_or(end)).collect();
        return range_codes(&rules.before, &bare.join("-"), rules, found);
    }
    let area = trunk(country, token, rules)?;
    range_codes(&[rules.before.as_str(), country, head].concat(), area, rules, found)
}

/// The number of digits of a code, or of the first code of a range.
fn first_end(token: &str) -> usize {
    token.bytes().take_while(u8::is_ascii_digit).count()
}

fn spaced_codes(
    country: &str,
    parts: &[&str],
    rules: &CodeRules,
    carried: &mut Carried,
    found: &mut Codes,
) -> Result<(), CodeDoubt> {
    let complete = country.is_empty() && rules.before.is_empty() && !rules.areas;
    let rule = rules.space.or_else(|| certain_space(complete, parts));
    if rule != Some(SpaceRule::List) {
        check_parts(parts)?;
    }
    match rule {
        None => Err(CodeDoubt::Space),
        Some(SpaceRule::List) => {
            for part in parts {
                range_codes(
                    &[rules.before.as_str(), country].concat(),
                    trunk(country, part, rules)?,
                    rules,
                    found,
                )?;
            }
            Ok(())
        }
        Some(SpaceRule::Joint) => {
            let (last, head) = parts.split_last().unwrap_or((&"", &[]));
            if country.is_empty() && calling_code(parts[0]) == Some(parts[0]) {
                let digits = parts.get(1).map_or(0, |area| first_end(area));
                *carried = Carried { code: parts[0].to_owned(), digits };
            }
            range_codes(
                &[rules.before.as_str(), country, head.concat().as_str()].concat(),
                last,
                rules,
                found,
            )
        }
    }
}

/// Every part except the last must be digits; the last may be a range.
fn check_parts(parts: &[&str]) -> Result<(), CodeDoubt> {
    let digits = parts.iter().rev().skip(1).all(|part| all_digits(part));
    if digits { Ok(()) } else { Err(not_digits()) }
}

/// An area code without the 0 that is only dialed within the country.
fn trunk<'a>(country: &str, area: &'a str, rules: &CodeRules) -> Result<&'a str, CodeDoubt> {
    if country.is_empty() || !area.starts_with('0') || KEEPS_ZERO.contains(&country) {
        return Ok(area);
    }
    match rules.trunk_zero {
        None => Err(CodeDoubt::TrunkZero),
        Some(TrunkZero::Keep) => Ok(area),
        Some(TrunkZero::Strip) => Ok(area.trim_start_matches('0')),
    }
}

/// The error of a code with other characters.
pub(super) fn not_digits() -> CodeDoubt {
    error("CODE_INVALID", "The code must consist of digits.")
}

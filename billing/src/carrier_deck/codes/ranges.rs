//! Reads codes with hyphens: ranges, and codes that consist of parts.

use super::super::MAX_RANGE;
use super::marks::certain_hyphen;
use super::{CodeDoubt, CodeRules, Codes, HyphenRule, all_digits, error, push};
use crate::number::calling_code;

/// One code or a range of codes after `head`.
pub(super) fn range_codes(
    head: &str,
    token: &str,
    rules: &CodeRules,
    found: &mut Codes,
) -> Result<(), CodeDoubt> {
    let parts: Vec<&str> = token.split('-').map(str::trim).collect();
    let [from, to, ..] = parts.as_slice() else {
        return push(found, &[head, token].concat());
    };
    let digits = parts.iter().all(|part| !part.is_empty() && all_digits(part));
    if rules.exchanges && digits {
        return push(found, &[head, parts.concat().as_str()].concat());
    }
    let headed = rules.headed && digits && head.is_empty() && calling_code(from) == Some(*from);
    if let Some(read) = after_country(headed, &parts, rules, found) {
        return read;
    }
    let certain = certain_hyphen(&parts);
    if digits && head.is_empty() && rules.hyphen.is_none() && certain == Some(HyphenRule::Joint)
        || digits && parts.len() > 2 && (rules.hyphen == Some(HyphenRule::Joint) || certain.is_some())
    {
        return push(found, &[head, parts.concat().as_str()].concat());
    }
    if parts.len() > 2 || !digits {
        return Err(error("CODE_INVALID", "The code must consist of digits."));
    }
    let is_rising = rises(from, to);
    // without `head`, the hyphen may join a country code and an area code; after `head`, it can only form a range
    let is_clear = is_rising && (!head.is_empty() || (from.len() >= 3 && from.get(..1) == to.get(..1)));
    match (rules.hyphen, is_clear) {
        (_, true) | (Some(HyphenRule::Range), false) if is_rising => expand(head, from, to, found),
        (Some(HyphenRule::Joint), _) => push(found, &[head, from, to].concat()),
        (Some(HyphenRule::Range), _) => Err(error(
            "CODE_RANGE_INVALID",
            "Both ends of a range must have the same number of digits, and the second end must be higher.",
        )),
        (None, _) => Err(CodeDoubt::Hyphen),
    }
}

/// The codes of `0041-75-79` in a column with lists like `0043-660,699`. The last hyphen may form a range, so the user is asked. If the answer is a
/// range, the hyphen in `0036-5` still joins a country code and an area code, and `0043-66` is doubtful. `None` if the general rules apply.
fn after_country(
    headed: bool,
    parts: &[&str],
    rules: &CodeRules,
    found: &mut Codes,
) -> Option<Result<(), CodeDoubt>> {
    match (rules.hyphen_answer, parts) {
        _ if !headed => None,
        (None, [_, from, to]) if rises(from, to) => Some(Err(CodeDoubt::Hyphen)),
        (Some(HyphenRule::Range), [country, from, to]) if rises(from, to) => {
            Some(expand(country, from, to, found))
        }
        (Some(HyphenRule::Range), [from, to]) if !rises(from, to) => Some(push(found, &parts.concat())),
        (Some(HyphenRule::Range), [from, to]) if from.len() < 3 || from.get(..1) != to.get(..1) => {
            Some(Err(CodeDoubt::Hyphen))
        }
        _ => None,
    }
}

/// Whether two codes can be the ends of a range.
fn rises(from: &str, to: &str) -> bool {
    from.len() == to.len() && from < to
}

fn expand(head: &str, from: &str, to: &str, found: &mut Codes) -> Result<(), CodeDoubt> {
    let invalid = || error("CODE_RANGE_INVALID", "The range has too many codes.");
    let (first, last): (u64, u64) = match (from.parse(), to.parse()) {
        (Ok(first), Ok(last)) => (first, last),
        _ => return Err(invalid()),
    };
    if last.saturating_sub(first) >= MAX_RANGE {
        return Err(invalid());
    }
    let width = from.len();
    (first..=last).try_for_each(|code| push(found, &format!("{head}{code:0width$}")))
}

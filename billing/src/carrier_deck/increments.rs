//! Billing increments: one number, two (`60/1`) or three (`30/6/3`) in a cell.

use serde::{Deserialize, Serialize};

use super::cells::{is_minute, is_second, unit};
use super::header::words;
use super::header_words::{FILLERS, FIRST, NEXT};
use super::table::Kind;
use super::{CellError, MAX_WORDS_IN_CELL, dates};
use crate::tariff::MAX_INCREMENT;

/// The order of three increments in a cell, if the numbers do not show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncrementOrder {
    /// First increment, next increment, free seconds.
    InitialNextFree,
    /// Free seconds, first increment, next increment.
    FreeInitialNext,
    /// Minimum duration, first increment, next increment. The longer of the first two times becomes the first increment.
    MinimumInitialNext,
}

/// The increments of a row in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Increments {
    pub(super) initial: u32,
    pub(super) next: u32,
    pub(super) free: Option<u32>,
}

/// Why a cell with increments was not read.
#[derive(Debug)]
pub(super) enum Doubt {
    /// The user must choose the order.
    Order,
    Error(CellError),
}

fn invalid() -> Doubt {
    let message = "The cell does not contain one, two or three numbers of seconds.";
    Doubt::Error(CellError::new("INCREMENT_INVALID", message, "Write the increments like 60/60."))
}

/// The largest number of free seconds that carriers grant. A larger number is a first or next increment.
const MAX_TOLERANCE: u32 = 5;

impl Increments {
    pub(super) fn read(cell: &str, kind: Kind, order: Option<IncrementOrder>) -> Result<Increments, Doubt> {
        if let Some(found) = undated(cell, kind) {
            return Ok(found);
        }
        if kind == Kind::Date {
            let message = "The spreadsheet changed these increments to a date.";
            let error = CellError::new("INCREMENT_INVALID", message, "Format the column as text.");
            return Err(Doubt::Error(error));
        }
        if let Some(both) = named(cell) {
            return Ok(Increments { initial: both, next: both, free: None });
        }
        let Some(numbers) = numbers(cell) else {
            let (initial, next) = spoken(cell).or_else(|| block(cell)).ok_or_else(invalid)?;
            return Increments { initial, next, free: None }.checked();
        };
        let found = match *numbers.as_slice() {
            [both] => Increments { initial: both, next: both, free: None },
            [initial, next] if initial >= next => Increments { initial, next, free: None },
            [initial, next] if order.is_some() => Increments { initial, next, free: None },
            [_, _] => return Err(Doubt::Order),
            [first, second, third] => three([first, second, third], order)?,
            _ => return Err(invalid()),
        };
        found.checked()
    }

    fn checked(self) -> Result<Increments, Doubt> {
        let fits = |seconds: u32| (1..=MAX_INCREMENT).contains(&seconds);
        if fits(self.initial) && fits(self.next) { Ok(self) } else { Err(invalid()) }
    }
}

/// Whether a number of seconds is a usual increment.
pub(super) fn is_usual(seconds: u32) -> bool {
    matches!(seconds, 1 | 5 | 6 | 10 | 12 | 15 | 18 | 20 | 30 | 60 | 120 | 180)
}

/// Increments that a spreadsheet changed to a date: `6-Jun` was 6/6, and `30-Jun` was 30/6. The first increment is never shorter than the next one, so
/// the order of day and month does not matter.
fn undated(cell: &str, kind: Kind) -> Option<Increments> {
    let (day, month) = dates::day_and_month(cell, kind == Kind::Date)?;
    let (initial, next) = (day.max(month), day.min(month));
    (is_usual(initial) && is_usual(next)).then_some(Increments { initial, next, free: None })
}

/// One or two increments in words: `1 min / 1 s`, `first 30 sec, then 6 sec`, `60 1`, `per second after the first minute`. `None` if the text has
/// words without a known meaning.
pub(super) fn spoken(cell: &str) -> Option<(u32, u32)> {
    if cell.len() > MAX_WORDS_IN_CELL || has_decimals(cell) {
        return None;
    }
    match times(&words(cell), true)?.as_slice() {
        [(both, _)] => Some((*both, *both)),
        [(next, Part::Any | Part::Next), (first, Part::First)] if first >= next => Some((*first, *next)),
        [(first, _), (next, _)] if first >= next => Some((*first, *next)),
        _ => None,
    }
}

/// Whether a text has a number with decimals, such as `0.1 min`.
fn has_decimals(cell: &str) -> bool {
    let letters: Vec<char> = cell.chars().collect();
    letters
        .windows(3)
        .any(|part| part[0].is_ascii_digit() && matches!(part[1], '.' | ',') && part[2].is_ascii_digit())
}

/// The increments of a short text with unknown words and only one time, such as `anticipata 30 s`: calls are billed in blocks of this length.
pub(super) fn block(cell: &str) -> Option<(u32, u32)> {
    let all = words(cell);
    if cell.len() > MAX_WORDS_IN_CELL
        || all.len() > 4
        || has_decimals(cell)
        || !cell.contains(|letter: char| letter.is_ascii_digit())
    {
        return None;
    }
    match times(&all, false)?.as_slice() {
        [(time, _)] if is_usual(*time) => Some((*time, *time)),
        _ => None,
    }
}

/// Whether the text has two increments in words.
pub(super) fn is_spoken_pair(cell: &str) -> bool {
    cell.len() <= MAX_WORDS_IN_CELL
        && cell.contains(char::is_alphabetic)
        && spoken(cell).is_some()
        && times(&words(cell), true).is_some_and(|times| times.len() == 2)
}

/// The part of a call to which a time in a text applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Any,
    First,
    Next,
}

/// The times in seconds that the words name, in order. If `strict`, every word must be known; otherwise, other words are skipped, and a number needs
/// a unit.
pub(super) fn times(words: &[String], strict: bool) -> Option<Vec<(u32, Part)>> {
    let mut found: Vec<(u32, Part)> = Vec::new();
    let mut number: Option<u32> = None;
    let mut part = Part::Any;
    for word in words.iter().flat_map(|word| apart(word)) {
        let word = word.as_str();
        let digits = word.bytes().all(|byte| byte.is_ascii_digit());
        if digits {
            if let (Some(before), true) = (number, strict) {
                found.push((before, std::mem::replace(&mut part, Part::Any)));
            }
            number = Some(word.parse().ok().filter(|number| *number <= 99_999)?);
        } else if word == "min" || word == "mn" {
            match number {
                Some(minutes @ 1..=3) => {
                    number = None;
                    found.push((minutes * 60, std::mem::replace(&mut part, Part::Any)));
                }
                // "30 min" is a minimum of 30 seconds
                Some(_) | None => part = Part::First,
            }
        } else if word == "s" || is_second(word) {
            let seconds = number.take().unwrap_or(1);
            found.push((seconds, std::mem::replace(&mut part, Part::Any)));
        } else if is_minute(word) {
            let minutes = number.take().unwrap_or(1);
            found.push((minutes.checked_mul(60)?, std::mem::replace(&mut part, Part::Any)));
        } else if FIRST.contains(&word) {
            // in "30 sec minimum", "minimum" belongs to the time before it
            match found.last_mut() {
                Some(last) if number.is_none() && word.starts_with("minim") => last.1 = Part::First,
                _ => part = Part::First,
            }
        } else if NEXT.contains(&word) {
            part = Part::Next;
        } else if !strict {
            number = None;
        } else if !FILLERS.contains(&word) {
            return None;
        }
    }
    if let (Some(last), true) = (number, strict) {
        found.push((last, part));
    }
    let swapped = matches!(
        found.as_slice(),
        [(next, Part::Any | Part::Next), (first, Part::First)] if first >= next
    );
    if swapped && !strict {
        found.swap(0, 1);
    }
    (!found.is_empty()).then_some(found)
}

/// A number and its unit that are written together, such as `60s`.
fn apart(word: &str) -> Vec<String> {
    let digits = word.len() - word.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let (number, unit) = word.split_at(digits);
    if number.is_empty() || unit.is_empty() || FIRST.contains(&word) || NEXT.contains(&word) {
        return vec![word.to_owned()];
    }
    vec![number.to_owned(), unit.to_owned()]
}

fn three(numbers: [u32; 3], order: Option<IncrementOrder>) -> Result<Increments, Doubt> {
    let [first, second, third] = numbers;
    let tolerance = |free: u32| free != 1 && free <= MAX_TOLERANCE;
    let guess = match order {
        Some(order) => order,
        None if first >= second && second > third && tolerance(third) => IncrementOrder::InitialNextFree,
        None if first < second && second >= third && tolerance(first) => IncrementOrder::FreeInitialNext,
        None => return Err(Doubt::Order),
    };
    Ok(match guess {
        IncrementOrder::InitialNextFree => Increments { initial: first, next: second, free: Some(third) },
        IncrementOrder::FreeInitialNext => Increments { initial: second, next: third, free: Some(first) },
        IncrementOrder::MinimumInitialNext => {
            Increments { initial: first.max(second), next: third, free: None }
        }
    })
}

/// Billing by the second or by the minute, written in words.
fn named(cell: &str) -> Option<u32> {
    if cell.len() > MAX_WORDS_IN_CELL || cell.contains(|letter: char| letter.is_ascii_digit()) {
        return None;
    }
    unit(cell)
}

/// The numbers in a cell. Only separators and words for seconds may stand between the numbers.
fn numbers(cell: &str) -> Option<Vec<u32>> {
    if cell.len() > MAX_WORDS_IN_CELL {
        return None;
    }
    let lower = unbracketed(cell).to_lowercase();
    let separates = |letter: char| matches!(letter, '/' | '-' | '+' | ':' | 'x' | '\\' | '|' | '–');
    lower.split(separates).map(|part| seconds(part.trim())).collect::<Option<_>>().or_else(|| listed(&lower))
}

/// A cell without the brackets around it, as in `[60/60]`.
pub(super) fn unbracketed(cell: &str) -> &str {
    let inside = |open, close| cell.strip_prefix(open)?.strip_suffix(close);
    inside('[', ']').or_else(|| inside('(', ')')).map_or(cell, str::trim)
}

/// Two usual increments with a comma or a semicolon between them: `60,60`.
pub(super) fn listed(cell: &str) -> Option<Vec<u32>> {
    let numbers: Vec<u32> = cell.split([',', ';']).map(|part| seconds(part.trim())).collect::<Option<_>>()?;
    (numbers.len() == 2 && numbers.iter().all(|number| is_usual(*number))).then_some(numbers)
}

fn seconds(part: &str) -> Option<u32> {
    let digits = part.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    // spreadsheets write whole numbers with decimals
    let whole = digits.strip_suffix(".0").or_else(|| digits.strip_suffix(".00")).unwrap_or(digits);
    let unit = part.get(digits.len()..)?.trim().trim_end_matches('.');
    let known = [
        "", "s", "sec", "secs", "second", "seconds", "seg", "segundos", "sek", "sekunden", "secondi",
        "secondes", "\"",
    ];
    (known.contains(&unit) && whole.len() <= 5).then(|| whole.parse().ok()).flatten()
}

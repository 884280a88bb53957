//! Billing increments: one number, two (`60/1`) or three (`30/6/3`) in a cell.

use serde::{Deserialize, Serialize};

use super::cells::unit;
use super::table::Kind;
use super::{CellError, MAX_WORDS_IN_CELL};
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
        if kind == Kind::Date {
            let message = "The spreadsheet changed these increments to a date.";
            let error = CellError::new("INCREMENT_INVALID", message, "Format the column as text.");
            return Err(Doubt::Error(error));
        }
        if let Some(both) = named(cell) {
            return Ok(Increments { initial: both, next: both, free: None });
        }
        let numbers = numbers(cell).ok_or_else(invalid)?;
        let found = match *numbers.as_slice() {
            [both] => Increments { initial: both, next: both, free: None },
            [initial, next] if initial >= next => Increments { initial, next, free: None },
            [initial, next] if order.is_some() => Increments { initial, next, free: None },
            [_, _] => return Err(Doubt::Order),
            [first, second, third] => three([first, second, third], order)?,
            _ => return Err(invalid()),
        };
        let fits = |seconds: u32| (1..=MAX_INCREMENT).contains(&seconds);
        if fits(found.initial) && fits(found.next) { Ok(found) } else { Err(invalid()) }
    }
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
    let lower = cell.to_lowercase();
    let separates = |letter: char| matches!(letter, '/' | '-' | '+' | ':' | 'x' | '\\' | '|' | '–');
    lower.split(separates).map(|part| seconds(part.trim())).collect()
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

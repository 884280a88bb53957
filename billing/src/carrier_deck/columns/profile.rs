//! Counts the kinds of content in a column's cells.

use std::collections::BTreeSet;

use super::super::codes::looks_like_codes;
use super::super::dates::Date;
use super::super::increments::{block, is_spoken_pair, is_usual, listed, spoken, unbracketed};
use super::super::numbers::decimal;
use super::super::table::Kind;

/// The kind of content in a column's cells.
#[derive(Clone, Debug, Default)]
pub(super) struct Profile {
    pub(super) filled: usize,
    pub(super) codes: usize,
    pub(super) decimals: usize,
    pub(super) nonzero: usize,
    pub(super) integers: usize,
    pub(super) dates: usize,
    pub(super) pairs: usize,
    pub(super) texts: usize,
    /// Texts that name a single unit of time, such as "per second".
    pub(super) timed: usize,
    /// Times of the day, such as 23:59:59.
    pub(super) clocks: usize,
    /// Codes that may be increments: `30-6`.
    pub(super) hyphened: usize,
    pub(super) text_length: usize,
    pub(super) largest: u64,
    pub(super) distinct: BTreeSet<String>,
}

impl Profile {
    pub(super) fn is_mostly(&self, count: usize) -> bool {
        self.filled > 0 && count * 5 >= self.filled * 4
    }

    /// Whether all values are usual increments.
    pub(super) fn looks_like_increments(&self) -> bool {
        const USUAL: &[&str] = &["1", "5", "6", "10", "12", "15", "18", "20", "30", "60", "120", "180"];
        self.filled >= 2 && self.distinct.iter().all(|value| USUAL.contains(&value.as_str()))
    }

    pub(super) fn see(&mut self, cell: &str, kind: Kind) {
        self.filled += 1;
        if self.distinct.len() < 64 && cell.len() <= 64 {
            self.distinct.insert(cell.to_owned());
        }
        let all_digits = cell.bytes().all(|byte| byte.is_ascii_digit());
        let has_digit = cell.contains(|letter: char| letter.is_ascii_digit());
        if let Some(nonzero) = decimal(cell, kind) {
            self.decimals += 1;
            self.nonzero += usize::from(nonzero);
        } else if kind == Kind::Date || (!all_digits && has_digit && is_date(cell)) {
            self.dates += 1;
        } else if all_digits {
            self.integers += 1;
            self.codes += usize::from(!cell.starts_with('0') || cell.starts_with("00"));
            self.largest = self.largest.max(cell.parse().unwrap_or(u64::MAX));
        } else if is_clock(cell) {
            self.clocks += 1;
        } else if is_pair(cell) {
            self.pairs += 1;
        } else if looks_like_codes(cell) {
            self.codes += 1;
            self.hyphened += usize::from(is_hyphened(cell));
        } else if is_spoken_pair(cell) {
            self.pairs += 1;
        } else {
            let timed = spoken(cell).is_some() || block(cell).is_some();
            self.timed += usize::from(cell.contains(char::is_alphabetic) && timed);
            self.texts += 1;
            self.text_length += cell.len();
        }
    }
}

fn is_date(cell: &str) -> bool {
    matches!(Date::read(cell), Ok(Date::Known(_) | Date::Numeric(..)))
}

/// Two usual increments with a hyphen or a space between them.
fn is_hyphened(cell: &str) -> bool {
    let number = |text: &str| text.trim().parse::<u32>().ok().filter(|number| is_usual(*number));
    let pair = cell.split_once(['-', ' ']).and_then(|(first, next)| Some((number(first)?, number(next)?)));
    pair.is_some_and(|(first, next)| first >= next)
}

/// A time of the day, with two digits in each part.
fn is_clock(cell: &str) -> bool {
    // "00:00 HKT", "00:00 GMT+8"
    let cell = match cell.split_once(' ') {
        Some((time, zone)) if time.contains(':') && zone.starts_with(char::is_alphabetic) => time,
        _ => cell,
    };
    let parts: Vec<&str> = cell.split(':').collect();
    let two = |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let early = parts.first().is_some_and(|hour| *hour <= "24");
    early && parts.iter().all(two) && (parts.len() == 3 || parts.len() == 2 && cell.contains('0'))
}

/// Two or three small numbers with a slash or plus sign between them, or two usual increments in brackets: `[60,60]`.
fn is_pair(cell: &str) -> bool {
    let inside = unbracketed(cell);
    if inside.len() < cell.len() && listed(inside).is_some() {
        return true;
    }
    let cell = inside;
    // all hours of all days
    if matches!(cell, "24/7" | "7/24") {
        return false;
    }
    let parts: Vec<&str> = cell.split(['/', '+', ':']).map(str::trim).collect();
    let small = |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    (2..=3).contains(&parts.len()) && parts.iter().all(small)
}

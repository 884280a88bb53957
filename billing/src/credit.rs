//! What a call sets aside before it rings and while it runs, and how long that lasts (domain: Prepaid credit).
//!
//! A call has one purse a level: the account's credit, or at the customer's level his deposit or spending limit. It takes
//! a slice of what they cover, holds its price at every level, and takes the next slice before the first is used up. With
//! plenty left slices are long, so that a server that restarts cuts nobody; near the end they shrink to one increment.

use chrono::{DateTime, Utc};

use crate::money::Micros;
use crate::rating::{self, Pricing};

/// A slice is this part of what is left, so that calls which begin later find something too.
const SHARE: u32 = 4;
/// The next slice is taken this many seconds before the end of the last one, at least: time for the proxy to be told.
pub const SHORTEST_LEAD: u32 = 3;
/// And at most, however long the slice.
const LONGEST_LEAD: u32 = 600;

/// What one level of a call is paid from.
#[derive(Clone, Copy, Debug)]
pub struct Purse<'a> {
    /// The level's price.
    pub pricing: &'a Pricing,
    /// What may be held for this call, what it holds already included; [`Micros::MAX`] is unlimited.
    pub available: Micros,
}

/// When the call is answered: at `from` or up to `ring_seconds` later.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The first instant.
    pub from: DateTime<Utc>,
    /// 0 once the answer is known.
    pub ring_seconds: u32,
}

/// What a call is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Seconds of talk that may be billed, from the answer on.
    pub covered: u32,
    /// What is held for them, by level.
    pub holds: Vec<Micros>,
}

/// Seconds that every purse pays for, at most `cap`; the first level that pays for none as an error.
pub fn reach(purses: &[Purse<'_>], answer: Answer, cap: u32) -> Result<u32, usize> {
    let mut reach = cap;
    for (level, purse) in purses.iter().enumerate() {
        reach =
            rating::covered_seconds(purse.pricing, answer.from, answer.ring_seconds, purse.available, reach);
        if reach == 0 {
            return Err(level);
        }
    }
    Ok(reach)
}

/// The next slice of a call that is covered for `covered` seconds (0 before it rings) and could be for `reach`: at least
/// one increment, at most `longest` seconds if that is more, never past `reach`. Without `longest` it takes all.
///
/// Holds are for whole increments, so what is covered may be more than the slice: all that the holds pay for.
pub fn grant(purses: &[Purse<'_>], answer: Answer, covered: u32, reach: u32, longest: Option<u32>) -> Grant {
    let left = reach.saturating_sub(covered);
    let increment = purses.iter().map(|purse| increment(purse.pricing, covered)).max().unwrap_or(1).max(1);
    let slice = match longest {
        Some(longest) => (left / SHARE).min(longest).max(increment).min(left),
        None => left,
    };
    let target = covered.saturating_add(slice);
    let holds: Vec<Micros> = purses
        .iter()
        .map(|purse| rating::max_charge(purse.pricing, answer.from, answer.ring_seconds, target))
        .collect();
    let paid = purses.iter().zip(&holds).map(|(purse, hold)| {
        rating::covered_seconds(purse.pricing, answer.from, answer.ring_seconds, *hold, reach.max(target))
    });
    Grant { covered: paid.min().unwrap_or(target), holds }
}

fn increment(pricing: &Pricing, covered: u32) -> u32 {
    if covered == 0 { pricing.rate.initial_increment } else { pricing.rate.increment }
}

/// Seconds before the end of what is covered at which to look again, after a slice of `slice` seconds.
pub fn lead(slice: u32) -> u32 {
    (slice / 2).clamp(SHORTEST_LEAD, LONGEST_LEAD)
}

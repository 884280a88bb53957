//! How much credit a call holds before it rings and while it runs, and the talk time that this covers; see docs/money.md.
//!
//! At each level a call draws on one balance ([`FundingSource`]): the account's credit, or the customer's deposit or spending
//! limit. The call gets a slice of the talk time that all balances cover, holds the slice's price at every level, and gets
//! the next slice before the current one is used up. Slices are long while plenty is left, so that a server restart cuts
//! no call; near the end they shrink to one increment.

use chrono::{DateTime, Utc};

use crate::money::Micros;
use crate::rating::{self, Pricing};

/// A slice is one fourth of the remaining time, so that credit is left for calls that begin later.
const SHARE: u32 = 4;
/// The next slice is due at least this many seconds before the current one ends: time to notify the proxy.
pub const SHORTEST_LEAD: u32 = 3;
/// The next slice is due at most this many seconds before the current one ends, however long that is.
const LONGEST_LEAD: u32 = 600;

/// The balance that pays one level of a call.
#[derive(Clone, Copy, Debug)]
pub struct FundingSource<'a> {
    /// The level's price.
    pub pricing: &'a Pricing,
    /// The most that this call may hold, including what it already holds; [`Micros::MAX`] is unlimited.
    pub available: Micros,
}

/// The time of the answer: between `from` and `ring_seconds` later.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The earliest possible answer, or the actual one.
    pub from: DateTime<Utc>,
    /// How long the call may still ring; 0 once it is answered.
    pub ring_seconds: u32,
}

/// The talk time and the holds granted to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Total seconds of talk that may be billed, counted from the answer.
    pub covered: u32,
    /// The amount held for them at each level.
    pub holds: Vec<Micros>,
}

/// The seconds that every balance covers, at most `cap`. Fails with the first level that covers none.
pub fn reach(purses: &[FundingSource<'_>], answer: Answer, cap: u32) -> Result<u32, usize> {
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

/// Grants the next slice to a call that is covered for `covered` seconds (0 before it rings) and can be for at most
/// `reach`. A slice is at least one increment, otherwise at most `longest` seconds, and never goes past `reach`. Without
/// `longest`, it is all of the remaining time.
///
/// Holds pay for whole increments. The call is covered for all that they pay for, which may be more than the slice.
pub fn grant(
    purses: &[FundingSource<'_>],
    answer: Answer,
    covered: u32,
    reach: u32,
    longest: Option<u32>,
) -> Grant {
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

/// How many seconds before the end of the covered time the next slice is due, after a slice of `slice` seconds.
pub fn lead(slice: u32) -> u32 {
    (slice / 2).clamp(SHORTEST_LEAD, LONGEST_LEAD)
}

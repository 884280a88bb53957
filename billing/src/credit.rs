//! Computes how much credit a call reserves before it rings and while it runs, and the talk time that this covers; see docs/money.md.
//!
//! At each level a call draws on one balance ([`FundingSource`]): the account's credit, or the customer's deposit or spending limit. The call
//! gets a slice of the talk time that all balances cover, reserves the slice's price at every level, and gets the next slice before the current
//! slice is used up. Slices are long while plenty of credit is left, so that a server restart ends no call. Near the end, slices shrink to one
//! increment.

use chrono::{DateTime, Utc};

use crate::money::Micros;
use crate::rating::{self, Pricing};

/// A slice is one fourth of the remaining time, so that credit is left for calls that begin later.
const SHARE: u32 = 4;
/// The next slice is due at least this many seconds before the current slice ends, so that there is time to notify the proxy.
pub const SHORTEST_LEAD: u32 = 3;
/// The next slice is due at most this many seconds before the current slice ends, no matter how long the current slice is.
const LONGEST_LEAD: u32 = 600;

/// The balance that pays for one level of a call.
#[derive(Clone, Copy, Debug)]
pub struct FundingSource<'a> {
    /// The level's price.
    pub pricing: &'a Pricing,
    /// The most that this call may reserve in total, including its current hold; [`Micros::MAX`] means unlimited.
    pub available: Micros,
}

/// The time of the answer: between `from` and `ring_seconds` later.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The earliest possible time of the answer, or its actual time.
    pub from: DateTime<Utc>,
    /// How many seconds the call may still ring; 0 once it is answered.
    pub ring_seconds: u32,
}

/// The talk time and the holds granted to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Total seconds of talk that may be billed, counted from the answer.
    pub covered: u32,
    /// The amount reserved for this talk time at each level.
    pub holds: Vec<Micros>,
}

/// The talk time in seconds that every balance covers, at most `cap`. Fails with the index of the first level that covers no time.
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

/// Grants the next slice to a call that is paid for `covered` seconds (0 before it rings) and can be paid for `reach` seconds. A slice has at
/// most `longest` seconds but at least one increment, and never exceeds the remaining time. If `longest` is `None`, the slice is all of the
/// remaining time.
///
/// Holds pay for whole increments, so the granted time may be longer than the slice.
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

/// The time between the moment when the next slice is due and the end of the covered time, in seconds. `slice` is the length of the current slice.
pub fn lead(slice: u32) -> u32 {
    (slice / 2).clamp(SHORTEST_LEAD, LONGEST_LEAD)
}

//! Computes how much credit a call reserves, before the phone rings and during the call, and how much talk time the reserved credit pays for; see
//! docs/money.md.
//!
//! At each level, a call draws on one balance ([`FundingSource`]): the account's credit, or the customer's deposit or spending limit. A call reserves
//! credit in slices. A slice is a part of the talk time that all balances can pay for. The call reserves the slice's price at every level, and gets
//! the next slice before the current slice is used up. Slices are long while plenty of credit is left, so that a server restart ends no call. When
//! little credit is left, slices shrink to one billing increment.

use chrono::{DateTime, Utc};

use crate::money::Micros;
use crate::rating::{self, Pricing};

/// A call reserves one fourth of its remaining time in one step (a slice), so that credit is left for calls that begin later.
const SHARE: u32 = 4;
/// A call's next slice of reserved time is due at least this many seconds before the current slice ends, so that the proxy can be notified in time.
pub const SHORTEST_LEAD: u32 = 3;
/// A call's next slice of reserved time is due at most this many seconds before the current slice ends, even if the current slice is long.
const LONGEST_LEAD: u32 = 600;

/// The balance that pays for one level of a call.
#[derive(Clone, Copy, Debug)]
pub struct FundingSource<'a> {
    /// The level's price.
    pub pricing: &'a Pricing,
    /// The most that this call may reserve in total, including its current hold; [`Micros::MAX`] means unlimited.
    pub available: Micros,
}

/// The range of possible answer times: it begins at `from` and ends `ring_seconds` later.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The earliest possible time of the answer; for an answered call, the actual time of the answer.
    pub from: DateTime<Utc>,
    /// How many seconds the call may still ring; 0 once the call is answered.
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

/// The talk time in seconds that every balance can pay for, at most `cap`. On failure, the error has the index of the first level whose balance pays
/// for no time.
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

/// Grants the next slice of talk time to a call. The call has reserved money for `covered` seconds (0 before the phone rings), and its balances can
/// pay for `reach` seconds. A slice is at least one billing increment and at most `longest` seconds, and never exceeds the remaining time. If
/// `longest` is `None`, the slice is all of the remaining time.
///
/// A reserved amount pays for whole billing increments, so the granted time may be longer than the slice.
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

/// How many seconds before the end of the covered time the call's next slice is due. `slice` is the length of the current slice in seconds.
pub fn lead(slice: u32) -> u32 {
    (slice / 2).clamp(SHORTEST_LEAD, LONGEST_LEAD)
}

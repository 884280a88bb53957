//! The frozen prices of a call, level by level.

use billing::money::Micros;
use billing::rating::{self, Pricing};
use chrono::{DateTime, Utc};
use entity::call;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use base::error::{OrFault as _, Result};

/// One level of a call's chain: who pays whom, and by which rate. Level 0 is the customer paying the callshop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Who pays; at level 0 the callshop, whose customer it is.
    pub account_id: Uuid,
    /// Who is paid.
    pub payee_id: Uuid,
    /// The tariff version that the rate is from.
    pub version_id: Uuid,
    /// The rate and all else that the charge depends on.
    pub pricing: Pricing,
}

/// The charge of one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelCharge {
    /// Seconds billed.
    pub billed_seconds: u32,
    /// What is paid.
    pub amount: Micros,
}

/// The levels that were frozen on a call; none for an emergency call or a refused one.
///
/// # Errors
/// A fault when the column does not hold them.
pub fn levels(call: &call::Model) -> Result<Vec<Level>> {
    Vec::deserialize(&call.pricing).or_fault()
}

/// What a level pays for `talk` seconds from `answered_at`.
pub fn charge(level: &Level, answered_at: DateTime<Utc>, talk: u32) -> LevelCharge {
    LevelCharge {
        billed_seconds: rating::billed_seconds(&level.pricing.rate, talk),
        amount: rating::amount(&level.pricing, answered_at, talk),
    }
}

/// How long a live call has lasted at `now`, and what the customer pays if it ended then.
///
/// # Errors
/// A fault when the call's frozen prices do not parse.
pub fn so_far(call: &call::Model, now: DateTime<Utc>) -> Result<(u32, Micros)> {
    let Some(answered_at) = call.answered_at else { return Ok((0, Micros::ZERO)) };
    if call.ended_at.is_some() {
        return Ok((u32::try_from(call.talk_seconds).unwrap_or(0), call.charge.into()));
    }
    let covered = u32::try_from(call.covered).unwrap_or(0);
    let elapsed = if now > answered_at { rating::talk_seconds(answered_at, now).min(covered) } else { 0 };
    let cost = levels(call)?.first().map_or(Micros::ZERO, |level| charge(level, answered_at, elapsed).amount);
    Ok((elapsed, cost))
}

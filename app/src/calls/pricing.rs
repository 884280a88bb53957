//! The prices that are stored with a call, for each level.

use billing::money::Micros;
use billing::rating::{self, Pricing};
use chrono::{DateTime, TimeDelta, Utc};
use entity::call;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use base::error::{Error, OrFault as _, Result};

/// One level of a call's payment chain, with payer, payee and rate. At level 0, the customer pays the callshop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// The paying account. The paying account of level 0 is the callshop, because the customer has no account.
    pub account_id: Uuid,
    /// The payee.
    pub payee_id: Uuid,
    /// The tariff version that contains the rate.
    pub version_id: Uuid,
    /// The rate and everything else that determines the charge.
    pub pricing: Pricing,
}

/// The charge of one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelCharge {
    /// Seconds billed.
    pub billed_seconds: u32,
    /// Amount paid.
    pub amount: Micros,
}

/// The levels that are stored with a call. The list is empty for emergency calls and may be incomplete for refused calls.
///
/// # Errors
/// Fails with a fault if the column does not parse.
pub fn levels(call: &call::Model) -> Result<Vec<Level>> {
    Vec::deserialize(&call.pricing).or_fault()
}

/// Like [`levels`], but for a call's view.
///
/// # Errors
/// Fails with a fault if the prices were not read or do not parse.
pub fn levels_of_view(call: &call::View) -> Result<Vec<Level>> {
    let pricing =
        call.pricing.as_ref().ok_or_else(|| Error::fault("the prices of this call were not read"))?;
    Vec::deserialize(pricing).or_fault()
}

/// The customer's level of a call; `None` if the call has no rate.
///
/// # Errors
/// See [`levels_of_view`].
pub fn retail(call: &call::View) -> Result<Option<Level>> {
    Ok(levels_of_view(call)?.into_iter().next())
}

/// The charge of one level for `talk` seconds of talk that begin at `answered_at`.
pub fn charge(level: &Level, answered_at: DateTime<Utc>, talk: u32) -> LevelCharge {
    LevelCharge {
        billed_seconds: rating::billed_seconds(&level.pricing.rate, talk),
        amount: rating::amount(&level.pricing, answered_at, talk),
    }
}

/// The last instant at which [`so_far`] returns what it returns at `now`, unless an event changes the call; `None` if only events change it.
pub fn holds_until(call: &call::View, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let answered_at = call.answered_at.filter(|_| call.ended_at.is_none())?;
    let elapsed = if now > answered_at { rating::talk_seconds(answered_at, now) } else { 0 };
    let is_covered = i64::from(elapsed) < i64::from(call.covered);
    is_covered.then(|| answered_at + TimeDelta::seconds(elapsed.into()))
}

/// A call's talk seconds until `now`, and the customer's price if the call ended at `now`. For an ended call, the final talk seconds and price are
/// returned.
///
/// # Errors
/// Fails with a fault if the call's stored prices do not parse.
pub fn so_far(call: &call::View, now: DateTime<Utc>) -> Result<(u32, Micros)> {
    let Some(answered_at) = call.answered_at else { return Ok((0, Micros::ZERO)) };
    if call.ended_at.is_some() {
        return Ok((u32::try_from(call.talk_seconds).or_fault()?, call.charge.into()));
    }
    let covered = u32::try_from(call.covered).or_fault()?;
    let elapsed = if now > answered_at { rating::talk_seconds(answered_at, now).min(covered) } else { 0 };
    let cost = retail(call)?.map_or(Micros::ZERO, |level| charge(&level, answered_at, elapsed).amount);
    Ok((elapsed, cost))
}

//! The prices of calls. The row of a call contains the keys of the call's rates, one for each level, but not the rates. This module looks up the
//! rates ([`RateCache::pricings`]).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use billing::money::Micros;
use billing::rating::{self, Pricing};
use chrono::{DateTime, TimeDelta, Utc};
use entity::call::{self, Retail, ShownPrice};
use entity::{LevelKey, Levels, Prefix, RateKey};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::rates::RateCache;
use base::error::{Error, OrFault as _, Result};

/// One level of a call's payment chain, with payer, payee and rate. At level 0, the customer pays the callshop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// The paying account. The paying account of level 0 is the callshop, because the customer has no account.
    pub account_id: Uuid,
    /// The payee.
    pub payee_id: Uuid,
    /// The tariff version that contains the rate.
    pub version_id: Uuid,
    /// The rate and everything else that determines the charge.
    pub pricing: Arc<Pricing>,
}

/// The price of a call at one level, computed from the call's rate. The amount that is charged may be lower than this price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rated {
    /// Seconds billed.
    pub billed_seconds: u32,
    /// The price.
    pub amount: Micros,
}

/// The levels of a call of this callshop as a column value.
///
/// # Errors
/// Fails with a fault if a level's payer is not the payee of the level below.
pub fn column(callshop_id: Uuid, levels: &[Level]) -> Result<Levels> {
    let key = |level: &Level| {
        let prefix = Prefix::parse(&level.pricing.rate.prefix)?;
        let rate = RateKey { version_id: level.version_id, prefix };
        Some(LevelKey { account_id: level.account_id, payee_id: level.payee_id, rate })
    };
    let keys: Option<Vec<LevelKey>> = levels.iter().map(key).collect();
    keys.and_then(|keys| Levels::new(callshop_id, &keys))
        .ok_or_else(|| Error::fault("the levels of a call are not a chain of payers"))
}

/// The paying accounts of these levels.
pub fn payers(levels: &[Level]) -> impl Iterator<Item = Uuid> {
    levels.iter().map(|level| level.account_id)
}

/// The levels that are stored with a call, without their prices. The list is empty for emergency calls and may be incomplete for refused calls.
///
/// # Errors
/// Fails with a fault if the column cannot be read.
pub fn keys(call: &call::Model) -> Result<Vec<LevelKey>> {
    call.levels.read(call.callshop_id).ok_or_else(|| unreadable(call.id))
}

fn unreadable(call: Uuid) -> Error {
    Error::fault(format!("the levels of the call {call} cannot be read"))
}

fn without_rates(call: Uuid) -> Error {
    Error::fault(format!("the rates of the call {call} do not exist"))
}

/// The levels of some calls with their prices.
#[derive(Debug, Default)]
pub struct Prices(HashMap<Uuid, Vec<Level>>);

impl Prices {
    /// Looks up the prices of calls. A call whose levels cannot be read, or whose rates do not exist, gets no prices. [`Prices::of`] then fails only
    /// for this call, so one damaged call does not affect the other calls of a batch.
    ///
    /// # Errors
    /// See [`RateCache::pricings`].
    pub async fn load<'a>(
        rates: &RateCache,
        conn: &impl ConnectionTrait,
        calls: impl IntoIterator<Item = &'a call::Model>,
    ) -> Result<Self> {
        let stored =
            calls.into_iter().filter_map(|call| Some((call.id, call.levels.read(call.callshop_id)?)));
        Self::of_keys(rates, conn, stored.collect()).await
    }

    async fn of_keys(
        rates: &RateCache,
        conn: &impl ConnectionTrait,
        stored: Vec<(Uuid, Vec<LevelKey>)>,
    ) -> Result<Self> {
        let wanted = stored.iter().flat_map(|(_, keys)| keys).map(|key| key.rate).collect();
        let found = rates.pricings(conn, wanted).await?;
        let level = |key: LevelKey| {
            let LevelKey { account_id, payee_id, rate } = key;
            let pricing = found.get(&rate)?.clone();
            Some(Level { account_id, payee_id, version_id: rate.version_id, pricing })
        };
        let of_call = |(id, keys): (Uuid, Vec<LevelKey>)| {
            Some((id, keys.into_iter().map(level).collect::<Option<Vec<Level>>>()?))
        };
        Ok(Self(stored.into_iter().filter_map(of_call).collect()))
    }

    /// The levels of a call, the customer's level first. The list is empty for emergency calls and may be incomplete for refused calls.
    ///
    /// # Errors
    /// Fails with a fault if the levels of the call cannot be read, or if one of its rates does not exist.
    pub fn of(&self, call: &call::Model) -> Result<&[Level]> {
        match self.0.get(&call.id) {
            Some(levels) => Ok(levels),
            None if call.levels.is_empty() => Ok(&[]),
            None => Err(without_rates(call.id)),
        }
    }

    /// The customer's price of a call; `None` if the call has no rate.
    pub fn retail(&self, call: &call::Model) -> Option<&Arc<Pricing>> {
        Some(&self.0.get(&call.id)?.first()?.pricing)
    }

    /// The view of a call, with the customer's price.
    pub fn view(&self, call: &call::Model) -> call::View {
        let retail = self.retail(call).map_or(Retail::None, |price| Retail::Rate(price.clone()));
        call::View { retail, ..call::View::of(call) }
    }
}

/// The levels of a call with their prices, for a call's view.
///
/// # Errors
/// Fails with a fault if the levels were not read or cannot be read, or if a rate does not exist. May also fail with database errors.
pub async fn levels_of_view(
    rates: &RateCache,
    conn: &impl ConnectionTrait,
    call: &call::View,
) -> Result<Vec<Level>> {
    let keys = call.levels.as_ref().and_then(|levels| levels.read(call.callshop_id));
    let keys = keys.ok_or_else(|| unreadable(call.id))?;
    let mut found = Prices::of_keys(rates, conn, vec![(call.id, keys)]).await?;
    found.0.remove(&call.id).ok_or_else(|| without_rates(call.id))
}

/// Looks up the price that the customer pays for each call whose levels were read. If a price is not found, any field that needs the price fails.
///
/// # Errors
/// See [`RateCache::pricings`].
pub async fn show<'a>(
    rates: &RateCache,
    conn: &impl ConnectionTrait,
    calls: impl IntoIterator<Item = &'a mut call::View>,
) -> Result<()> {
    let mut wanted = BTreeSet::new();
    let mut priced = Vec::new();
    for call in calls {
        match call.levels.as_ref().map(|levels| levels.read(call.callshop_id)) {
            Some(Some(keys)) => match keys.first().map(|key| key.rate) {
                Some(rate) => {
                    wanted.insert(rate);
                    priced.push((rate, call));
                }
                None => call.retail = Retail::None,
            },
            Some(None) => {
                tracing::error!(call = %call.id, "the levels of the call cannot be read; run `callshop audit`")
            }
            None => {}
        }
    }
    let found = rates.pricings(conn, wanted).await?;
    for (rate, call) in priced {
        match found.get(&rate) {
            Some(price) => call.retail = Retail::Rate(price.clone()),
            None => {
                tracing::error!(call = %call.id, ?rate, "the rate of the call does not exist; run `callshop audit`")
            }
        }
    }
    Ok(())
}

/// The customer's price of a call, without its cost so far; `None` if the call has no rate.
///
/// # Errors
/// Fails with a fault if the price was not read.
pub fn retail(call: &call::View) -> Result<Option<ShownPrice>> {
    match &call.retail {
        Retail::None => Ok(None),
        Retail::Shown(price) => Ok(Some(*price)),
        Retail::Rate(price) => Ok(Some(shown(price, Micros::ZERO))),
        Retail::Unread => Err(unread(call)),
    }
}

fn unread(call: &call::View) -> Error {
    Error::fault(format!("the price of the call {} was not read", call.id))
}

/// The price as stored in an activity.
pub fn shown(price: &Pricing, cost: Micros) -> ShownPrice {
    let rate = &price.rate;
    ShownPrice {
        price_per_minute: rate.price_per_minute.into(),
        connection_fee: rate.connection_fee.into(),
        initial_price: rate.initial_price.map(Into::into),
        increments: (rate.initial_increment, rate.increment),
        minimum_charge: rate.minimum_charge.into(),
        free_seconds: rate.free_seconds,
        cost: cost.into(),
    }
}

/// The charge of one level for `talk` seconds of talk that begin at `answered_at`.
pub fn charge(level: &Level, answered_at: DateTime<Utc>, talk: u32) -> Rated {
    Rated {
        billed_seconds: rating::billed_seconds(&level.pricing.rate, talk),
        amount: rating::amount(&level.pricing, answered_at, talk),
    }
}

/// The last instant at which [`so_far`] still returns the same result as at `now`, provided that no event changes the call. `None` if only an event
/// can change the result.
pub fn holds_until(call: &call::View, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let answered_at = call.answered_at.filter(|_| call.ended_at.is_none())?;
    let elapsed = if now > answered_at { rating::talk_seconds(answered_at, now) } else { 0 };
    let is_covered = i64::from(elapsed) < i64::from(call.covered);
    is_covered.then(|| answered_at + TimeDelta::seconds(elapsed.into()))
}

/// A call's talk seconds until `now`, and the price that the customer would pay if the call ended at `now`. For an ended call, the final talk seconds
/// and price are returned. The call in an activity has only its cost at the time of the activity; for such a call, `now` must be that time.
///
/// # Errors
/// Fails with a fault if the call is live and its price was not read.
pub fn so_far(call: &call::View, now: DateTime<Utc>) -> Result<(u32, Micros)> {
    let Some(answered_at) = call.answered_at else { return Ok((0, Micros::ZERO)) };
    if call.ended_at.is_some() {
        return Ok((u32::try_from(call.talk_seconds).or_fault()?, call.charge.into()));
    }
    let covered = u32::try_from(call.covered).or_fault()?;
    let elapsed = if now > answered_at { rating::talk_seconds(answered_at, now).min(covered) } else { 0 };
    let cost = match &call.retail {
        Retail::Rate(price) => rating::amount(price, answered_at, elapsed),
        Retail::Shown(price) => price.cost.into(),
        Retail::None => Micros::ZERO,
        Retail::Unread => return Err(unread(call)),
    };
    Ok((elapsed, cost))
}

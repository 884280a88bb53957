//! The financial impact of a draft: the calls of the last thirty days, rated at the draft's prices. This module also finds a version's prices that
//! are below cost.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use billing::money::Micros;
use billing::rating;
use chrono::{DateTime, TimeDelta, Utc};
use entity::CallState;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{Version, find, find_version, permit};
use crate::App;
use crate::auth::Actor;
use crate::margin::{self, Margins};
use crate::rates::{LoadedVersion, pricing};
use base::error::{OrFault as _, Result};
use store::tariff_versions::{self as rows, PastCall, PricedShop};

/// Age of the oldest calls that are rated.
const DAYS: i64 = 30;
/// Maximum number of callshops whose calls are rated.
const MAX_SHOPS: u64 = 2_000;
/// Maximum number of attempts that are read.
const MAX_ATTEMPTS: usize = 200_000;
/// Number of attempts that one query reads.
const PAGE: u64 = 2_000;
/// Maximum number of destinations that are compared with their cost.
const MAX_DESTINATIONS: usize = 20_000;
/// Maximum time for reading and rating the calls.
const MAX_TIME: Duration = Duration::from_secs(8);

/// Limits the number of versions whose calls are rated at the same time. A single request may ask for many versions.
static RATED: Semaphore = Semaphore::const_new(2);
/// Limits the number of versions that are compared with their costs at the same time.
static COMPARED: Semaphore = Semaphore::const_new(2);

/// The amounts that the calls of the last thirty days would have brought at a draft's prices. The amounts are those of the seller, which is the
/// account that charges this tariff's prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// Calls that were authorized before this time are not included.
    pub since: DateTime<Utc>,
    /// Number of answered calls.
    pub calls: u64,
    /// Number of answered calls for which the draft has no rate. These calls would have been refused.
    pub unrated: u64,
    /// Sum of the charges at the draft's prices.
    pub retail: Micros,
    /// Sum that the seller paid for the same calls.
    pub cost: Micros,
    /// `retail` minus `cost`.
    pub margin: Micros,
    /// `margin` minus the margin of all calls at the prices that were charged.
    pub margin_change: Micros,
    /// Number of destinations for which the seller, or all accounts directly below the seller together, would have sold calls below cost. Fees,
    /// increments and minimum charges are taken into account.
    pub destinations_below_cost: u64,
    /// Whether a limit was reached: on the number of callshops, calls or destinations, or on the time. In this case, some callshops, calls or
    /// destinations were left out. The oldest calls are left out first.
    pub is_partial: bool,
}

/// Rates the calls to which the tariff applies, at this version's prices. Changes nothing.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`, with `OVERLOADED` if too many versions are rated at the same time, and with a fault if a sum is out of
/// range. May also fail with database errors.
pub async fn impact_of_version(app: &App, actor: &Actor, version: &Version) -> Result<Impact> {
    let found = find_version(app, actor, version.version.id).await?;
    let loaded = app.rates.get(app.store.reader(), found.version.id).await?;
    rate_calls(app, found.tariff.id, &loaded).await
}

/// The prices that are below cost while this version is in force: from now on or, for a scheduled version, from its beginning.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`, and with `OVERLOADED` if too many versions are compared at the same time. May also fail with database errors.
pub async fn margins_of_version(app: &App, actor: &Actor, version: &Version) -> Result<Margins> {
    let found = find_version(app, actor, version.version.id).await?;
    let _permit = permit(&COMPARED, "too many tariff versions are being compared with costs").await?;
    let loaded = app.rates.get(app.store.reader(), found.version.id).await?;
    let now = app.clock.now();
    let at = found.version.active_from.map_or(now, |from| from.max(now));
    Ok(margin::of_version(app, found.tariff.id, &loaded, at).await?.margins)
}

/// Like [`impact_of_version`], but for a draft, which need not be stored.
///
/// # Errors
/// See [`impact_of_version`].
pub async fn impact_of_draft(
    app: &App,
    actor: &Actor,
    tariff_id: Uuid,
    draft: &LoadedVersion,
) -> Result<Impact> {
    let tariff = find(app, actor, tariff_id).await?;
    rate_calls(app, tariff.id, draft).await
}

async fn rate_calls(app: &App, tariff_id: Uuid, draft: &LoadedVersion) -> Result<Impact> {
    let _permit = permit(&RATED, "the calls of too many tariff versions are being rated").await?;
    let (conn, begun) = (app.store.reader(), Instant::now());
    let since = app.clock.now() - TimeDelta::days(DAYS);
    let shops = rows::priced_shops(conn, tariff_id, MAX_SHOPS).await?;
    let mut sums = Sums { is_partial: shops.len() as u64 >= MAX_SHOPS, ..Sums::default() };
    let (oldest, mut left) = (store::first_id(since), MAX_ATTEMPTS);
    // each round reads the next older page of each callshop, so that the calls that are left out are the oldest of all callshops
    let mut waiting: Vec<(&PricedShop, Uuid)> = shops.iter().map(|shop| (shop, Uuid::max())).collect();
    'rounds: while !waiting.is_empty() {
        for (shop, before) in std::mem::take(&mut waiting) {
            if left == 0 || begun.elapsed() > MAX_TIME {
                sums.is_partial = true;
                break 'rounds;
            }
            let attempts = rows::past_calls(conn, shop.callshop_id, (oldest, before), PAGE).await?;
            let Some(last) = attempts.last().map(|last| last.id) else { continue };
            left = left.saturating_sub(attempts.len());
            if attempts.len() as u64 == PAGE {
                waiting.push((shop, last));
            }
            let calls: Vec<PastCall> = attempts.into_iter().filter(is_charged).collect();
            let ids: Vec<Uuid> = calls.iter().map(|call| call.id).collect();
            let charges = rows::charges(conn, &ids).await?;
            for call in &calls {
                sums.add(draft, shop, call, &charges)?;
            }
        }
    }
    sums.impact(since)
}

fn is_charged(call: &PastCall) -> bool {
    call.state == CallState::Ended && call.answered_at.is_some()
}

/// The income from some sales, and their cost. Amounts are micros.
#[derive(Clone, Copy, Debug, Default)]
struct Sales {
    income: i128,
    cost: i128,
}

impl Sales {
    fn add(&mut self, income: Micros, cost: Micros) {
        self.income += i128::from(income.0);
        self.cost += i128::from(cost.0);
    }
}

#[derive(Debug, Default)]
struct Sums {
    calls: u64,
    unrated: u64,
    /// The seller's sales at the draft's prices.
    drafted: Sales,
    /// The seller's sales as they were charged.
    charged: Sales,
    /// For each destination, the seller's sales and the sales of the level below. For the level below, the draft's price is the cost.
    destinations: HashMap<String, [Sales; 2]>,
    is_partial: bool,
}

impl Sums {
    /// Adds one call. A level without a charge has no account that pays: the platform pays nobody, and the customers sell to nobody.
    fn add(
        &mut self,
        draft: &LoadedVersion,
        shop: &PricedShop,
        call: &PastCall,
        charges: &HashMap<(Uuid, i32), Micros>,
    ) -> Result<()> {
        let charged = |level: i32| charges.get(&(call.id, level)).copied();
        let Some(answered_at) = call.answered_at else { return Ok(()) };
        // only emergency calls, which are free, have no charges
        let Some(before) = charged(shop.level) else { return Ok(()) };
        self.calls += 1;
        let cost = charged(shop.level + 1);
        self.charged.add(before, cost.unwrap_or_default());
        let Some(rate) = draft.table.find(&call.number) else {
            self.unrated += 1;
            return Ok(());
        };
        let talk = u32::try_from(call.talk_seconds).or_fault()?;
        let amount = rating::amount(&pricing(&draft.terms, rate), answered_at, talk);
        self.drafted.add(amount, cost.unwrap_or_default());
        let below = match shop.level {
            0 => None,
            1 if shop.is_retail => Some(amount),
            level => charged(level - 1),
        };
        if self.destinations.len() >= MAX_DESTINATIONS && !self.destinations.contains_key(&rate.destination) {
            self.is_partial = true;
            return Ok(());
        }
        let [sold, resold] = self.destinations.entry(rate.destination.clone()).or_default();
        if let Some(cost) = cost {
            sold.add(amount, cost);
        }
        if let Some(income) = below {
            resold.add(income, amount);
        }
        Ok(())
    }

    fn impact(&self, since: DateTime<Utc>) -> Result<Impact> {
        let sum = |amount: i128| i64::try_from(amount).map(Micros).or_fault();
        let margin = |sales: &Sales| sales.income - sales.cost;
        let is_below = |sides: &&[Sales; 2]| sides.iter().any(|sales| sales.income < sales.cost);
        Ok(Impact {
            since,
            calls: self.calls,
            unrated: self.unrated,
            retail: sum(self.drafted.income)?,
            cost: sum(self.drafted.cost)?,
            margin: sum(margin(&self.drafted))?,
            margin_change: sum(margin(&self.drafted) - margin(&self.charged))?,
            destinations_below_cost: self.destinations.values().filter(is_below).count() as u64,
            is_partial: self.is_partial,
        })
    }
}

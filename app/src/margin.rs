//! The margin guard finds prices at which a callshop's customers, or the accounts below a reseller, pay less than the seller pays. The guard only
//! warns, and never refuses a change.

use std::collections::BTreeSet;
use std::sync::Arc;

use billing::money::Micros;
use billing::rating::flat_sixtieths;
use billing::tariff::{BandPrice, Rate, RateTable};
use chrono::{DateTime, Utc};
use entity::{AccountKind, account};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::rates::LoadedVersion;
use super::{App, access};
use base::error::{OrFault as _, Result};
use store::tariff_versions::{resales, resales_of};
use store::tariffs::{self, Spread};

/// Maximum number of warnings in the list. The total counts all warnings.
pub const MAX_WARNINGS: usize = 100;
/// Maximum number of tariff pairs (cost and retail) that are compared for each kind of sale: to callshops' customers, and to accounts. The pairs used
/// by the most callshops are compared first.
const MAX_SPREADS: usize = 20;
/// Talk times in seconds for which the charges are compared, in addition to the last free second: a minute, the first increment, the increment after
/// a minute, and a long call.
const TALKS: [u32; 4] = [60, 1, 61, 3_601];

/// A price below cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarginWarning {
    /// Prefix of the dialed numbers.
    pub prefix: String,
    /// Destination of the prefix.
    pub destination: String,
    /// The buyer's price per minute or, if only fees, increments, minimum charges or free seconds cause the loss, the buyer's charge for a call of
    /// `seconds`.
    pub retail_per_minute: Micros,
    /// The seller's price per minute or, if `seconds` is set, the seller's charge for a call of that length.
    pub cost_per_minute: Micros,
    /// Talk time of the call whose charges are given; `None` for prices per minute.
    #[serde(default)]
    pub seconds: Option<u32>,
    /// Number of accounts that use this pair of tariffs.
    pub callshops: i64,
}

/// The prices below cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Margins {
    /// The first warnings, at most [`MAX_WARNINGS`].
    pub warnings: Vec<MarginWarning>,
    /// Number of all warnings.
    pub total: u64,
    /// Whether there are more than [`MAX_SPREADS`] pairs of tariffs, so that some were not compared.
    #[serde(default)]
    pub is_partial: bool,
}

/// Warnings, with the versions that were compared.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The warnings.
    pub margins: Margins,
    basis: Basis,
}

/// The versions to compare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Basis {
    pairs: Vec<Pair>,
    is_partial: bool,
}

/// Two tariff versions: buyers pay the prices of `retail`, and sellers pay the prices of `cost`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    retail: Uuid,
    cost: Uuid,
    accounts: i64,
}

/// Returns the warnings as if this version were in force at `at`. The warnings cover all accounts that buy or sell at this tariff: callshops and
/// their customers, and resellers and the accounts below them.
///
/// # Errors
/// May fail with database errors.
pub async fn of_version(
    app: &App,
    tariff_id: Uuid,
    own: &Arc<LoadedVersion>,
    at: DateTime<Utc>,
) -> Result<Compared> {
    let basis = basis_of(app, tariff_id, own, at).await?;
    let margins = compare(app, &basis, Some(own)).await?;
    Ok(Compared { margins, basis })
}

/// The warnings of [`of_version`], after the version was put in force at `at`. If another tariff changed between the comparison and the commit, the
/// prices are compared again. If the prices cannot be compared again, returns the earlier warnings, because the version is already in force.
pub async fn rechecked(
    app: &App,
    tariff_id: Uuid,
    own: &Arc<LoadedVersion>,
    at: DateTime<Utc>,
    before: Compared,
) -> Margins {
    let again = async {
        let basis = basis_of(app, tariff_id, own, at).await?;
        if basis == before.basis { Ok(None) } else { compare(app, &basis, Some(own)).await.map(Some) }
    };
    match again.await {
        Ok(found) => found.unwrap_or(before.margins),
        Err(error) => {
            tracing::warn!(%error, "the prices were not compared again after an activation");
            before.margins
        }
    }
}

/// Returns the warnings for sales in which the account takes part: by the account's parent to the account, and by the account to the accounts below
/// it or to a callshop's customers. A sale is left out if the seller or the buyer has no tariff.
///
/// # Errors
/// May fail with database errors.
pub async fn of_account(app: &App, account: &account::Model, at: DateTime<Utc>) -> Result<Margins> {
    let conn = app.store.reader();
    let mut spreads = match account.kind {
        AccountKind::Callshop => spread(account.cost_tariff_id, account.retail_tariff_id),
        _ => resales_of(conn, account.id, limit()).await?,
    };
    if let Some(id) = account.parent_id {
        let parent = access::by_id(conn, id).await?;
        spreads.extend(spread(parent.cost_tariff_id, account.cost_tariff_id));
    }
    let is_partial = spreads.len() > MAX_SPREADS;
    spreads.truncate(MAX_SPREADS);
    let pairs = pairs(app, spreads, None, at).await?;
    compare(app, &Basis { pairs, is_partial }, None).await
}

/// The pair of a cost tariff and a retail tariff; empty if one of them is missing.
fn spread(cost: Option<Uuid>, retail: Option<Uuid>) -> Vec<Spread> {
    let pair = cost.zip(retail);
    let spread =
        |(cost_tariff_id, retail_tariff_id)| Spread { cost_tariff_id, retail_tariff_id, callshops: 1 };
    pair.map(spread).into_iter().collect()
}

/// Number of pairs to read. One more pair is read than compared, to find out whether there are more pairs.
fn limit() -> u64 {
    MAX_SPREADS as u64 + 1
}

async fn basis_of(app: &App, tariff_id: Uuid, own: &Arc<LoadedVersion>, at: DateTime<Utc>) -> Result<Basis> {
    let conn = app.store.reader();
    let (customers, accounts) =
        (tariffs::spreads(conn, tariff_id, limit()).await?, resales(conn, tariff_id, limit()).await?);
    let is_partial = [&customers, &accounts].iter().any(|spreads| spreads.len() > MAX_SPREADS);
    let spreads = [customers, accounts].into_iter().flat_map(|spreads| spreads.into_iter().take(MAX_SPREADS));
    let pairs = pairs(app, spreads.collect(), Some((tariff_id, own.version_id)), at).await?;
    Ok(Basis { pairs, is_partial })
}

/// The versions of these tariffs that are in force at `at`. `own` replaces the version of its tariff. Pairs without versions are left out.
async fn pairs(
    app: &App,
    mut spreads: Vec<Spread>,
    own: Option<(Uuid, Uuid)>,
    at: DateTime<Utc>,
) -> Result<Vec<Pair>> {
    spreads.retain(|spread| spread.cost_tariff_id != spread.retail_tariff_id);
    let ids: BTreeSet<Uuid> =
        spreads.iter().flat_map(|spread| [spread.cost_tariff_id, spread.retail_tariff_id]).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let in_force = tariffs::effective_versions(app.store.reader(), &ids, at).await?;
    let version = |tariff_id: Uuid| match own {
        Some((own_tariff, own_version)) if own_tariff == tariff_id => Some(own_version),
        _ => in_force.get(&tariff_id).map(|(version_id, _)| *version_id),
    };
    let pair = |spread: Spread| {
        let (retail, cost) = (version(spread.retail_tariff_id)?, version(spread.cost_tariff_id)?);
        Some(Pair { retail, cost, accounts: spread.callshops })
    };
    Ok(spreads.into_iter().filter_map(pair).collect())
}

async fn compare(app: &App, basis: &Basis, own: Option<&Arc<LoadedVersion>>) -> Result<Margins> {
    let load = async |id: Uuid| match own {
        Some(own) if own.version_id == id => Ok(own.clone()),
        _ => app.rates.get(app.store.reader(), id).await,
    };
    let mut margins = Margins { is_partial: basis.is_partial, ..Margins::default() };
    for pair in &basis.pairs {
        let (retail, cost, accounts) = (load(pair.retail).await?, load(pair.cost).await?, pair.accounts);
        let compare = move || {
            add_warnings(&mut margins, &retail.table, &cost.table, accounts);
            margins
        };
        margins = spawn_blocking(compare).await.or_fault()?;
    }
    Ok(margins)
}

/// For every prefix in either table, compares the rate with the matching rate of the other table.
fn add_warnings(margins: &mut Margins, retail: &RateTable, cost: &RateTable, callshops: i64) {
    let own = retail.iter().filter_map(|rate| Some((rate, rate, cost.find(&rate.prefix)?)));
    // prefixes of the cost table for which the retail table has only a shorter prefix
    let finer = cost.iter().filter_map(|cost| {
        let rate = retail.find(&cost.prefix)?;
        (rate.prefix != cost.prefix).then_some((cost, rate, cost))
    });
    for (place, retail, cost) in own.chain(finer) {
        let Some(loss) = loss(retail, cost) else { continue };
        margins.total += 1;
        if margins.warnings.len() < MAX_WARNINGS {
            margins.warnings.push(MarginWarning {
                prefix: place.prefix.clone(),
                destination: place.destination.clone(),
                retail_per_minute: loss.retail,
                cost_per_minute: loss.cost,
                seconds: loss.seconds,
                callshops,
            });
        }
    }
}

/// The amounts of a sale below cost, as in [`MarginWarning`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Loss {
    retail: Micros,
    cost: Micros,
    seconds: Option<u32>,
}

/// If calls are sold below cost, returns the prices per minute or, if only fees, increments, minimum charges and free seconds cause the loss, the
/// charges for a call. The call's talk time is the first one in [`TALKS`] that causes a loss; if none of them causes a loss, the talk time is the
/// last free second. The comparison covers the prices outside the bands and in each band of either rate. A band is compared with the other rate's
/// band of the same name or, without such a band, with the other rate's price outside the bands.
fn loss(retail: &Rate, cost: &Rate) -> Option<Loss> {
    let names: BTreeSet<&String> = retail.band_prices.keys().chain(cost.band_prices.keys()).collect();
    let bands = names.into_iter().map(|name| (retail.band_prices.get(name), cost.band_prices.get(name)));
    let places: Vec<_> = std::iter::once((None, None)).chain(bands).collect();
    let per_minute = |rate: &Rate, band: Option<&BandPrice>| {
        band.map_or(rate.price_per_minute, |band| band.price_per_minute)
    };
    let prices = places.iter().map(|(own, other)| (per_minute(retail, *own), per_minute(cost, *other)));
    if let Some((retail, cost)) = prices.clone().find(|(retail, cost)| retail < cost) {
        return Some(Loss { retail, cost, seconds: None });
    }
    let whole = |sixtieths: i128| Micros(i64::try_from(sixtieths / 60).unwrap_or(i64::MAX));
    let free = Some(retail.free_seconds.saturating_sub(1)).filter(|seconds| *seconds > 0);
    TALKS.into_iter().chain(free).find_map(|talk| {
        let charges = places
            .iter()
            .map(|(own, other)| (flat_sixtieths(retail, *own, talk), flat_sixtieths(cost, *other, talk)));
        let (retail, cost) = charges.into_iter().find(|(retail, cost)| retail < cost)?;
        Some(Loss { retail: whole(retail), cost: whole(cost), seconds: Some(talk) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(prefix: &str, price: i64) -> Rate {
        Rate {
            prefix: prefix.to_owned(),
            destination: format!("Place {prefix}"),
            price_per_minute: Micros(price),
            initial_price: None,
            connection_fee: Micros::ZERO,
            initial_increment: 1,
            increment: 1,
            minimum_charge: Micros::ZERO,
            free_seconds: 0,
            band_prices: Default::default(),
        }
    }

    fn warnings(retail: Vec<Rate>, cost: Vec<Rate>) -> Margins {
        let mut margins = Margins::default();
        add_warnings(&mut margins, &RateTable::build(retail).unwrap(), &RateTable::build(cost).unwrap(), 3);
        margins
    }

    #[test]
    fn warns_at_prefixes_of_either_side() {
        let margins = warnings(
            vec![rate("55", 100), rate("5511", 50), rate("44", 10), rate("33", 1)],
            vec![rate("55", 80), rate("5521", 120), rate("44", 10)],
        );
        let found: Vec<_> = margins
            .warnings
            .iter()
            .map(|warning| (warning.prefix.as_str(), warning.cost_per_minute.0))
            .collect();
        // prefix 5511 sells at 50 and costs 80, which is the cost rate of prefix 55
        // prefix 5521 costs 120 and sells at 100, which is the retail rate of prefix 55
        // prefix 33 has no cost rate, so no warning is possible
        assert_eq!(found, [("5511", 80), ("5521", 120)]);
        assert_eq!((margins.total, margins.warnings[0].callshops), (2, 3));
    }

    #[test]
    fn a_band_is_compared_with_its_namesake() {
        let night = |price| {
            billing::tariff::BandPrices::from([(
                "night".to_owned(),
                BandPrice { price_per_minute: Micros(price), initial_price: None, connection_fee: None },
            )])
        };
        let retail = Rate { band_prices: night(40), ..rate("55", 100) };
        let cost = Rate { band_prices: night(30), ..rate("55", 80) };
        assert_eq!(warnings(vec![retail.clone()], vec![cost]).total, 0);
        assert_eq!(warnings(vec![retail], vec![rate("55", 80)]).total, 1);
        // the customers pay the price outside the bands, while the cost is higher at night
        let cost = Rate { band_prices: night(110), ..rate("55", 80) };
        assert_eq!(warnings(vec![rate("55", 100)], vec![cost]).total, 1);
    }

    #[test]
    fn short_and_long_calls_count() {
        let found = |retail: Rate, cost: Rate| loss(&retail, &cost).map(|loss| loss.seconds);
        let whole_minutes = |price| Rate { initial_increment: 60, increment: 60, ..rate("55", price) };
        let free = |price, free_seconds| Rate { free_seconds, ..rate("55", price) };
        assert_eq!(found(rate("55", 6_000), rate("55", 6_000)), None);
        // the seller pays for a whole minute if a call lasts one second
        assert_eq!(found(rate("55", 12_000), whole_minutes(6_000)), Some(Some(1)));
        // the buyer pays for at least thirty seconds
        let half = Rate { initial_increment: 30, ..rate("55", 12_000) };
        assert_eq!(found(half, Rate { initial_increment: 60, increment: 60, ..rate("55", 6_000) }), None);
        assert_eq!(found(free(12_000, 5), rate("55", 6_000)), Some(Some(1)));
        assert_eq!(found(free(12_000, 50), free(6_000, 20)), Some(Some(49)));
        assert_eq!(found(free(12_000, 20), free(6_000, 20)), None);
        // the minimum charge makes up for the connection fee on calls of up to one minute, but not on longer calls
        let fee = Rate { connection_fee: Micros(1_000), ..rate("55", 6_000) };
        let minimum = Rate { minimum_charge: Micros(7_000), ..rate("55", 6_000) };
        assert_eq!(found(minimum, fee), Some(Some(61)));
    }

    #[test]
    fn fees_and_minimums_count() {
        let fee = |price, fee| Rate { connection_fee: Micros(fee), ..rate("55", price) };
        let minimum = |price, minimum| Rate { minimum_charge: Micros(minimum), ..rate("55", price) };
        let found = warnings(vec![rate("55", 100)], vec![fee(80, 21)]);
        let amounts =
            |found: &Margins| (found.warnings[0].retail_per_minute.0, found.warnings[0].cost_per_minute.0);
        assert_eq!(amounts(&found), (100, 101));
        assert_eq!(amounts(&warnings(vec![rate("55", 100)], vec![minimum(80, 150)])), (100, 150));
        // a long call is below cost, although the fee covers the first minute
        assert_eq!(amounts(&warnings(vec![fee(80, 500)], vec![rate("55", 100)])), (80, 100));
        let night = |price, fee| {
            let price = BandPrice {
                price_per_minute: Micros(price),
                initial_price: None,
                connection_fee: Some(Micros(fee)),
            };
            Rate { band_prices: [("night".to_owned(), price)].into(), ..rate("55", 100) }
        };
        assert_eq!(amounts(&warnings(vec![night(50, 0)], vec![night(50, 1)])), (50, 51));
    }

    #[test]
    fn the_list_is_bounded_and_the_count_is_not() {
        let many = |price| (100..400).map(|prefix| rate(&prefix.to_string(), price)).collect();
        let margins = warnings(many(1), many(2));
        assert_eq!((margins.warnings.len(), margins.total), (MAX_WARNINGS, 300));
    }
}

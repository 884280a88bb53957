//! The margin guard finds prices at which a callshop's customers, or the accounts below a reseller, pay less than the seller pays. The guard only
//! warns, and never refuses a change.

use std::sync::Arc;

use billing::money::Micros;
use billing::rating::minute_sixtieths;
use billing::tariff::{BandPrice, Rate, RateTable};
use chrono::{DateTime, Utc};
use entity::account;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::App;
use super::rates::LoadedVersion;
use base::error::{OrFault as _, Result};
use store::tariff_versions::resales;
use store::tariffs;

/// Maximum number of warnings in the list. The total counts all warnings.
pub const MAX_WARNINGS: usize = 100;
/// Maximum number of tariff pairs (cost and retail) that are compared. The pairs used by the most callshops are compared first.
const MAX_SPREADS: u64 = 20;

/// A price below cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarginWarning {
    /// Prefix of the dialed numbers.
    pub prefix: String,
    /// Destination of the prefix.
    pub destination: String,
    /// Price per minute for the buyer. If only fees, increments or minimum charges make the loss, this is the charge of a call of one minute.
    pub retail_per_minute: Micros,
    /// The seller's cost: a price per minute or the charge of a call of one minute, as in `retail_per_minute`.
    pub cost_per_minute: Micros,
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
}

/// Returns the warnings for all accounts that buy or sell at this tariff, as if this version were in force at `at`: callshops and their customers,
/// and resellers and the accounts below them.
///
/// # Errors
/// May fail with database errors.
pub async fn of_version(
    app: &App,
    tariff_id: Uuid,
    own: &Arc<LoadedVersion>,
    at: DateTime<Utc>,
) -> Result<Margins> {
    let mut margins = Margins::default();
    let conn = app.store.reader();
    let mut spreads = tariffs::spreads(conn, tariff_id, MAX_SPREADS).await?;
    spreads.extend(resales(conn, tariff_id, MAX_SPREADS).await?);
    for spread in spreads {
        let sells = spread.retail_tariff_id == tariff_id;
        let other_id = if sells { spread.cost_tariff_id } else { spread.retail_tariff_id };
        if other_id == tariff_id {
            continue;
        }
        if let Some(other) = in_force(app, other_id, at).await? {
            let (retail, cost) = if sells { (own.clone(), other) } else { (other, own.clone()) };
            margins = compared(margins, retail, cost, spread.callshops).await?;
        }
    }
    Ok(margins)
}

/// Returns the warnings for a callshop's cost and retail tariffs. The list is empty if the callshop lacks one of the two tariffs.
///
/// # Errors
/// May fail with database errors.
pub async fn of_callshop(app: &App, callshop: &account::Model, at: DateTime<Utc>) -> Result<Margins> {
    let (Some(cost), Some(retail)) = (callshop.cost_tariff_id, callshop.retail_tariff_id) else {
        return Ok(Margins::default());
    };
    if cost == retail {
        return Ok(Margins::default());
    }
    match (in_force(app, retail, at).await?, in_force(app, cost, at).await?) {
        (Some(retail), Some(cost)) => compared(Margins::default(), retail, cost, 1).await,
        _ => Ok(Margins::default()),
    }
}

async fn in_force(app: &App, tariff_id: Uuid, at: DateTime<Utc>) -> Result<Option<Arc<LoadedVersion>>> {
    let conn = app.store.reader();
    match tariffs::effective_versions(conn, &[tariff_id], at).await?.get(&tariff_id) {
        Some((version_id, _)) => Ok(Some(app.rates.get(conn, *version_id).await?)),
        None => Ok(None),
    }
}

async fn compared(
    mut margins: Margins,
    retail: Arc<LoadedVersion>,
    cost: Arc<LoadedVersion>,
    callshops: i64,
) -> Result<Margins> {
    let compare = move || {
        add_warnings(&mut margins, &retail.table, &cost.table, callshops);
        margins
    };
    spawn_blocking(compare).await.or_fault()
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
        let Some((retail, cost)) = loss(retail, cost) else { continue };
        margins.total += 1;
        if margins.warnings.len() < MAX_WARNINGS {
            margins.warnings.push(MarginWarning {
                prefix: place.prefix.clone(),
                destination: place.destination.clone(),
                retail_per_minute: retail,
                cost_per_minute: cost,
                callshops,
            });
        }
    }
}

/// If calls are sold below cost, returns the retail amount and the cost amount. The amounts are the prices per minute or, if only fees, increments
/// and minimum charges make the loss, the charges of a call of one minute. The comparison covers the prices outside the bands and in each band of the
/// retail rate. A retail band is compared with the cost band of the same name. If the cost rate has no band of that name, the retail band is compared
/// with the cost price outside the bands.
fn loss(retail: &Rate, cost: &Rate) -> Option<(Micros, Micros)> {
    let bands = retail.band_prices.iter().map(|(name, price)| (Some(price), cost.band_prices.get(name)));
    let places = || std::iter::once((None, None)).chain(bands.clone());
    let per_minute = |rate: &Rate, band: Option<&BandPrice>| {
        band.map_or(rate.price_per_minute, |band| band.price_per_minute)
    };
    let mut prices = places().map(|(own, other)| (per_minute(retail, own), per_minute(cost, other)));
    let whole = |sixtieths: i128| Micros(i64::try_from(sixtieths / 60).unwrap_or(i64::MAX));
    let mut minutes =
        places().map(|(own, other)| (minute_sixtieths(retail, own), minute_sixtieths(cost, other)));
    prices.find(|(retail, cost)| retail < cost).or_else(|| {
        let (retail, cost) = minutes.find(|(retail, cost)| retail < cost)?;
        Some((whole(retail), whole(cost)))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
            band_prices: BTreeMap::new(),
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
        // prefix 5511 sells at 50 and costs 80, by the cost rate of prefix 55
        // prefix 5521 costs 120 and sells at 100, by the retail rate of prefix 55
        // prefix 33 has no cost rate, so no warning is possible
        assert_eq!(found, [("5511", 80), ("5521", 120)]);
        assert_eq!((margins.total, margins.warnings[0].callshops), (2, 3));
    }

    #[test]
    fn a_band_is_compared_with_its_namesake() {
        let night = |price| {
            BTreeMap::from([(
                "night".to_owned(),
                BandPrice { price_per_minute: Micros(price), initial_price: None, connection_fee: None },
            )])
        };
        let retail = Rate { band_prices: night(40), ..rate("55", 100) };
        let cost = Rate { band_prices: night(30), ..rate("55", 80) };
        assert_eq!(warnings(vec![retail.clone()], vec![cost]).total, 0);
        assert_eq!(warnings(vec![retail], vec![rate("55", 80)]).total, 1);
    }

    #[test]
    fn fees_and_minimums_count() {
        let fee = |price, fee| Rate { connection_fee: Micros(fee), ..rate("55", price) };
        let minimum = |price, minimum| Rate { minimum_charge: Micros(minimum), ..rate("55", price) };
        assert_eq!(warnings(vec![rate("55", 100)], vec![fee(80, 20)]).total, 0);
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
            Rate { band_prices: BTreeMap::from([("night".to_owned(), price)]), ..rate("55", 100) }
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

//! The margin guard finds prices at which a callshop's customers pay less than the callshop pays. The guard only warns, and never refuses a change.

use std::sync::Arc;

use billing::money::Micros;
use billing::tariff::{Rate, RateTable};
use chrono::{DateTime, Utc};
use entity::account;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::App;
use super::rates::LoadedVersion;
use base::error::{OrFault as _, Result};
use store::tariffs;

/// Maximum number of warnings in the list. The total counts all warnings.
pub const MAX_WARNINGS: usize = 100;
/// Maximum number of tariff pairs (cost and retail) that are compared. The pairs that most callshops use are compared first.
const MAX_SPREADS: u64 = 20;

/// A price below cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarginWarning {
    /// Prefix of the dialed numbers.
    pub prefix: String,
    /// Destination of the prefix.
    pub destination: String,
    /// Price per minute for the customer.
    pub retail_per_minute: Micros,
    /// Price per minute for the callshop.
    pub cost_per_minute: Micros,
    /// Number of callshops that use this pair of tariffs.
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

/// Returns the warnings for all callshops that use this tariff, as if this version were in force at `at`.
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
    for spread in tariffs::spreads(app.store.reader(), tariff_id, MAX_SPREADS).await? {
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

/// Compares the rates at every prefix of each table with the matching rate of the other table.
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

/// Returns the prices per minute, retail and cost, if the retail price is lower than the cost. The comparison covers the prices outside the bands and
/// in each band of the retail rate. A retail band is compared with the cost band of the same name. If the cost rate has no band of that name, the
/// retail band is compared with the cost price outside the bands. Fees and increments are ignored.
fn loss(retail: &Rate, cost: &Rate) -> Option<(Micros, Micros)> {
    let base = (retail.price_per_minute, cost.price_per_minute);
    let bands = retail.band_prices.iter().map(|(name, price)| {
        let cost = cost.band_prices.get(name).map_or(cost.price_per_minute, |price| price.price_per_minute);
        (price.price_per_minute, cost)
    });
    std::iter::once(base).chain(bands).find(|(retail, cost)| retail < cost)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use billing::tariff::BandPrice;

    use super::*;

    fn rate(prefix: &str, price: i64) -> Rate {
        Rate {
            prefix: prefix.to_owned(),
            destination: format!("Place {prefix}"),
            price_per_minute: Micros(price),
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
                BandPrice { price_per_minute: Micros(price), connection_fee: None },
            )])
        };
        let retail = Rate { band_prices: night(40), ..rate("55", 100) };
        let cost = Rate { band_prices: night(30), ..rate("55", 80) };
        assert_eq!(warnings(vec![retail.clone()], vec![cost]).total, 0);
        assert_eq!(warnings(vec![retail], vec![rate("55", 80)]).total, 1);
    }

    #[test]
    fn the_list_is_bounded_and_the_count_is_not() {
        let many = |price| (100..400).map(|prefix| rate(&prefix.to_string(), price)).collect();
        let margins = warnings(many(1), many(2));
        assert_eq!((margins.warnings.len(), margins.total), (MAX_WARNINGS, 300));
    }
}

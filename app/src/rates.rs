//! Keeps rates in memory. A tariff version never changes, so each node reads a version once and matches numbers without database queries.

mod used;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use billing::country::country_of;
use billing::country_names::{Named, Naming, named};
use billing::fold::fold;
use billing::money::Rounding;
use billing::rating::Pricing;
use billing::tariff::{BandPrices, Rate, RateTable, TimeBand};
use chrono::NaiveDate;
use chrono_tz::Tz;
use entity::{rate, tariff, tariff_version};
use moka::future::Cache;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::used::UsedRates;
use base::error::{Error, OrFault as _, Result};
use store::Listed;
use store::page::Total;
use store::rate_writer::NewRate;
use store::tariffs::{self, RateFilter, RatePage};

/// Number of rates read per query.
const READ_AHEAD: u64 = 10_000;

/// The part of a tariff version that applies to all rates of the version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Rounding of charges.
    pub rounding: Rounding,
    /// Time zone of the bands and holidays.
    pub time_zone: Tz,
    /// Time bands. If several bands match, the first one applies.
    pub bands: Vec<TimeBand>,
    /// Holidays, as dates in `time_zone`.
    pub holidays: BTreeSet<NaiveDate>,
}

impl Terms {
    /// The terms of a tariff version.
    ///
    /// # Errors
    /// Fails with a fault if the stored terms cannot be parsed.
    pub fn of(version: &tariff_version::Model) -> Result<Self> {
        let decimals = u8::try_from(version.rounding_decimals).or_fault()?;
        Ok(Self {
            rounding: Rounding::new(decimals, version.rounding_mode.into()).or_fault()?,
            time_zone: version.time_zone.parse().or_fault()?,
            bands: Vec::deserialize(&version.bands).or_fault()?,
            holidays: BTreeSet::deserialize(&version.holidays).or_fault()?,
        })
    }

    /// The terms that the tariff gives to its first version.
    ///
    /// # Errors
    /// Fails with a fault if the stored terms cannot be parsed.
    pub fn first(tariff: &tariff::Model) -> Result<Self> {
        Self::deserialize(&tariff.first_terms).or_fault()
    }
}

/// A tariff version, ready to match numbers.
#[derive(Debug)]
pub struct LoadedVersion {
    /// Id of the version.
    pub version_id: Uuid,
    /// The version's rounding, bands and holidays.
    pub terms: Terms,
    /// The version's rates.
    pub table: RateTable,
}

/// Caches recently used versions, up to a limit in bytes, and the rates of recent calls.
#[derive(Clone, Debug)]
pub struct RateCache {
    versions: Cache<Uuid, Arc<LoadedVersion>>,
    used: UsedRates,
}

impl RateCache {
    /// Creates a cache of about `bytes` bytes. A table that is larger than the cache is loaded each time it is used.
    pub fn new(bytes: u64) -> Self {
        let weight = |_: &Uuid, version: &Arc<LoadedVersion>| {
            u32::try_from(version.table.size_bytes()).unwrap_or(u32::MAX)
        };
        let versions = Cache::builder().max_capacity(bytes).weigher(weight).build();
        Self { versions, used: UsedRates::new() }
    }

    /// Number of cached tariff versions, and the size of all cached versions in bytes.
    pub async fn size(&self) -> (u64, u64) {
        // the cache updates its counters only when pending tasks run
        self.versions.run_pending_tasks().await;
        (self.versions.entry_count(), self.versions.weighted_size())
    }

    /// Whether a version is in memory.
    pub fn has(&self, version_id: Uuid) -> bool {
        self.versions.contains_key(&version_id)
    }

    /// Adds a version that was just written, so that no call has to load it.
    pub async fn put(&self, version: Arc<LoadedVersion>) {
        self.versions.insert(version.version_id, version).await;
    }

    /// Returns a tariff version's table of rates. A table that is not cached is read from the database; concurrent requests for the same table
    /// share one read.
    ///
    /// Inside a transaction, pass the connection of the transaction as `conn`. If each transaction waited for a second connection, a pool without
    /// free connections could deadlock.
    ///
    /// # Errors
    /// Fails with a fault if the stored rates are not a valid table. May also fail with database errors.
    pub async fn get(&self, conn: &impl ConnectionTrait, version_id: Uuid) -> Result<Arc<LoadedVersion>> {
        if let Some(version) = self.versions.get(&version_id).await {
            return Ok(version);
        }
        let loaded = self.versions.try_get_with(version_id, Box::pin(load(conn, version_id))).await;
        // if only one transaction waits for the table, that transaction gets the original error, which it may need for a retry
        loaded.map_err(|error| Arc::try_unwrap(error).unwrap_or_else(Error::fault))
    }
}

/// A search for rates of a tariff version. All given criteria must match.
#[derive(Clone, Debug, Default)]
pub struct RateSearch {
    /// Filter by prefix or number.
    pub filter: RateFilter,
    /// Text contained in the destination, ignoring case and accents ([`fold`]), or a country's name in English, Portuguese or Spanish.
    pub destination: Option<String>,
}

impl RateCache {
    /// Lists one page of matching rates, sorted by prefix. Destinations are matched in memory, because databases fold accents differently.
    ///
    /// # Errors
    /// See [`RateCache::get`].
    pub async fn search(
        &self,
        conn: &impl ConnectionTrait,
        version_id: Uuid,
        search: &RateSearch,
        page: RatePage,
    ) -> Result<Listed<Rate>> {
        let Some(text) = &search.destination else {
            let rows = tariffs::rates(conn, version_id, &search.filter, page).await?;
            return Ok(Listed {
                total: rows.total,
                rows: rows.rows.into_iter().map(from_row).collect::<Result<_>>()?,
            });
        };
        let (version, wanted, filter) =
            (self.get(conn, version_id).await?, Wanted::new(text), search.filter.clone());
        let matching = move || {
            let matches = |rate: &&Rate| {
                filter.prefix.as_ref().is_none_or(|prefix| rate.prefix.starts_with(prefix))
                    && filter.number.as_ref().is_none_or(|number| number.starts_with(&rate.prefix))
                    && wanted.rank(rate).is_some()
            };
            let fits = |rate: &&Rate| {
                page.after.as_ref().is_none_or(|after| rate.prefix > *after)
                    && page.before.as_ref().is_none_or(|before| rate.prefix < *before)
                    && matches(rate)
            };
            let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
            let found = || version.table.iter().filter(matches).count();
            let total = page.counted.then(|| Total::of(u64::try_from(found()).unwrap_or(u64::MAX)));
            let rates = version.table.iter();
            let rows = if page.descending {
                rates.rev().filter(fits).take(limit).cloned().collect()
            } else {
                rates.filter(fits).take(limit).cloned().collect()
            };
            Listed { rows, total }
        };
        tokio::task::spawn_blocking(matching).await.or_fault()
    }

    /// Returns at most `limit` rates whose destinations match `text`, best first, with one rate for each destination. Destinations that are equal to
    /// `text` come first. Then come destinations in a country whose name in some language is `text`, destinations that begin with `text`,
    /// destinations in a country whose name begins with `text`, and destinations that contain `text`, in this order. Among equally good matches, the
    /// shortest prefix comes first.
    ///
    /// # Errors
    /// See [`RateCache::get`].
    pub async fn by_destination(
        &self,
        conn: &impl ConnectionTrait,
        version_id: Uuid,
        text: &str,
        limit: usize,
    ) -> Result<Vec<Rate>> {
        let (version, wanted) = (self.get(conn, version_id).await?, Wanted::new(text));
        let best = move || -> Vec<Rate> {
            let mut found: BTreeMap<&str, (u8, usize, &Rate)> = BTreeMap::new();
            for rate in version.table.iter() {
                let Some(rank) = wanted.rank(rate) else { continue };
                let place = (rank, rate.prefix.len(), rate);
                let best = found.entry(&rate.destination).or_insert(place);
                if (place.0, place.1) < (best.0, best.1) {
                    *best = place;
                }
            }
            let mut found: Vec<(u8, usize, &Rate)> = found.into_values().collect();
            found.sort_by(|one, other| {
                (one.0, one.1, &one.2.prefix).cmp(&(other.0, other.1, &other.2.prefix))
            });
            found.into_iter().take(limit).map(|(_, _, rate)| rate.clone()).collect()
        };
        tokio::task::spawn_blocking(best).await.or_fault()
    }
}

/// A destination that a person searches for, in any of three languages.
struct Wanted {
    text: String,
    countries: Vec<Named>,
}

impl Wanted {
    fn new(text: &str) -> Self {
        let text = fold(text);
        Self { countries: named(&text), text }
    }

    /// How well the rate matches, where 0 is best; `None` if it does not match.
    fn rank(&self, rate: &Rate) -> Option<u8> {
        let name = fold(&rate.destination);
        if name == self.text {
            return Some(0);
        }
        let of_country = country_of(&rate.prefix);
        let by_country = self.countries.iter().filter_map(|country| {
            let is_its_name = country.names.contains(&name);
            match country.naming {
                Naming::Whole if is_its_name => Some(1),
                Naming::Whole if of_country == Some(country.code) => Some(2),
                Naming::Beginning if is_its_name || of_country == Some(country.code) => Some(4),
                _ => None,
            }
        });
        let by_text = name.find(&self.text).map(|at| if at == 0 { 3 } else { 5 });
        by_country.chain(by_text).min()
    }
}

async fn load(conn: &impl ConnectionTrait, version_id: Uuid) -> Result<Arc<LoadedVersion>> {
    let version = tariffs::version(conn, version_id).await?;
    let version = version.ok_or_else(|| Error::fault(format!("version {version_id} does not exist")))?;
    let terms = Terms::of(&version)?;
    let rates = read_all(conn, version_id).await?;
    let table = tokio::task::spawn_blocking(move || RateTable::build(rates)).await.or_fault()?;
    let table =
        table.map_err(|error| Error::fault(format!("stored rates of version {version_id}: {error}")))?;
    Ok(Arc::new(LoadedVersion { version_id, terms, table }))
}

/// Reads all rates of a version, sorted by prefix.
///
/// # Errors
/// Fails with a fault for an invalid row. May also fail with database errors.
pub async fn read_all(conn: &impl ConnectionTrait, version_id: Uuid) -> Result<Vec<Rate>> {
    let mut rates = Vec::new();
    let mut after = None;
    loop {
        let page = RatePage { after, limit: READ_AHEAD, ..RatePage::default() };
        let rows = tariffs::rates(conn, version_id, &RateFilter::default(), page).await?.rows;
        let last = (rows.len() as u64) < READ_AHEAD;
        after = rows.last().map(|row| row.prefix.clone());
        for row in rows {
            rates.push(from_row(row)?);
        }
        if last {
            return Ok(rates);
        }
    }
}

/// The row of a rate.
///
/// # Errors
/// Fails with a fault if a number of seconds does not fit in its column. Valid rates always fit.
pub fn new_row(rate: &Rate) -> Result<NewRate<'_>> {
    let seconds = |seconds: u32| i32::try_from(seconds).or_fault();
    let bands = (!rate.band_prices.is_empty()).then(|| serde_json::to_string(&rate.band_prices));
    Ok(NewRate {
        prefix: &rate.prefix,
        destination: &rate.destination,
        price_per_minute: rate.price_per_minute.0,
        initial_price: rate.initial_price.map(|price| price.0),
        connection_fee: rate.connection_fee.0,
        initial_increment: seconds(rate.initial_increment)?,
        increment: seconds(rate.increment)?,
        minimum_charge: rate.minimum_charge.0,
        free_seconds: seconds(rate.free_seconds)?,
        band_prices: bands.transpose().or_fault()?,
    })
}

/// Converts a row to its rate.
///
/// # Errors
/// Fails with a fault for an invalid row.
pub fn from_row(row: rate::Model) -> Result<Rate> {
    let seconds = |seconds: i32| u32::try_from(seconds).or_fault();
    Ok(Rate {
        price_per_minute: row.price_per_minute.into(),
        initial_price: row.initial_price.map(Into::into),
        connection_fee: row.connection_fee.into(),
        initial_increment: seconds(row.initial_increment)?,
        increment: seconds(row.increment)?,
        minimum_charge: row.minimum_charge.into(),
        free_seconds: seconds(row.free_seconds)?,
        band_prices: BandPrices::deserialize(&row.band_prices).or_fault()?,
        prefix: row.prefix,
        destination: row.destination,
    })
}

/// Copies everything that determines the charges at `rate`: the rate, the rounding, and the bands and holidays that the rate uses.
pub fn pricing(terms: &Terms, rate: &Rate) -> Pricing {
    Pricing::freeze(rate, terms.rounding, &terms.bands, &terms.holidays, terms.time_zone)
}

/// Whether `number` (E.164 digits) begins with one of the `blocked_prefixes` of a tariff or callshop. The lists are short, so a scan is faster
/// than building a [`billing::tariff::PrefixSet`] for a single number.
///
/// # Errors
/// Fails with a fault if the stored value is not a list of strings, because a block list must never fail open.
pub fn is_blocked(blocked_prefixes: &serde_json::Value, number: &str) -> Result<bool> {
    let prefixes = Vec::<&str>::deserialize(blocked_prefixes).or_fault()?;
    Ok(prefixes.iter().any(|prefix| number.starts_with(prefix)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn version() -> tariff_version::Model {
        tariff_version::Model {
            id: Uuid::now_v7(),
            tariff_id: Uuid::now_v7(),
            number: 1,
            starts_later: false,
            active_from: None,
            rounding_decimals: 2,
            rounding_mode: entity::RoundingMode::Up,
            time_zone: "America/Sao_Paulo".to_owned(),
            bands: json!([
                { "name": "night", "weekdays": ["Mon", "Sun"], "from": "20:00:00", "to": "06:00:00", "holidays": true },
                { "name": "noon", "weekdays": ["Mon"], "from": "12:00:00", "to": "13:00:00", "holidays": false },
            ]),
            holidays: json!(["2026-12-25"]),
            rate_count: 1,
            note: String::new(),
            base_version_id: None,
            source_version_id: None,
            source_revision: None,
            created_at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    fn rate() -> Rate {
        Rate {
            prefix: "5511".to_owned(),
            destination: "São Paulo".to_owned(),
            price_per_minute: billing::money::Micros(80_000),
            initial_price: None,
            connection_fee: billing::money::Micros(10_000),
            initial_increment: 30,
            increment: 6,
            minimum_charge: billing::money::Micros(5),
            free_seconds: 3,
            band_prices: Default::default(),
        }
    }

    #[test]
    fn a_rate_survives_its_row() {
        let mut rate = rate();
        let night = billing::tariff::BandPrice {
            price_per_minute: billing::money::Micros(40_000),
            initial_price: None,
            connection_fee: None,
        };
        rate.band_prices.insert("night".to_owned(), night);
        let new = new_row(&rate).unwrap();
        let row = rate::Model {
            version_id: Uuid::now_v7(),
            prefix: new.prefix.to_owned(),
            destination: new.destination.to_owned(),
            price_per_minute: entity::Micros(new.price_per_minute),
            initial_price: new.initial_price.map(entity::Micros),
            connection_fee: entity::Micros(new.connection_fee),
            initial_increment: new.initial_increment,
            increment: new.increment,
            minimum_charge: entity::Micros(new.minimum_charge),
            free_seconds: new.free_seconds,
            band_prices: serde_json::from_str(&new.band_prices.unwrap()).unwrap(),
        };
        assert_eq!(from_row(row).unwrap(), rate);
    }

    #[test]
    fn pricing_freezes_what_the_rate_needs() {
        let (terms, mut rate) = (Terms::of(&version()).unwrap(), rate());
        let plain = pricing(&terms, &rate);
        assert_eq!((plain.bands.len(), plain.holidays.len()), (0, 0));
        assert_eq!(plain.rounding, Rounding::new(2, billing::money::RoundingMode::Up).unwrap());
        assert_eq!(plain.time_zone, chrono_tz::America::Sao_Paulo);
        let night = billing::tariff::BandPrice {
            price_per_minute: billing::money::Micros(40_000),
            initial_price: None,
            connection_fee: None,
        };
        rate.band_prices.insert("night".to_owned(), night);
        let banded = pricing(&terms, &rate);
        assert_eq!(banded.bands.iter().map(|band| band.name.as_str()).collect::<Vec<_>>(), ["night"]);
        assert_eq!(banded.holidays.len(), 1);
    }

    #[test]
    fn blocked_prefixes_begin_the_number() {
        let blocked = json!(["5590", "88"]);
        let is_blocked = |list: &serde_json::Value, number| super::is_blocked(list, number).ok();
        assert_eq!(is_blocked(&blocked, "559012345678"), Some(true));
        assert_eq!(is_blocked(&blocked, "88"), Some(true));
        assert_eq!(is_blocked(&blocked, "5589012345678"), Some(false));
        assert_eq!(is_blocked(&blocked, "8"), Some(false));
        assert_eq!(is_blocked(&json!([]), "559012345678"), Some(false));
        for broken in [json!(null), json!({ "5590": true }), json!(["5590", 88])] {
            assert_eq!(is_blocked(&broken, "559012345678"), None, "{broken}");
        }
    }
}

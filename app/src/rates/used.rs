//! Looks up the rates of calls by their keys. When calls are ended, extended or listed, a few of their rates are needed, and the versions of these
//! rates might no longer be in memory. Therefore, these rates are read individually, without their versions.

use std::collections::{BTreeSet, HashMap};
use std::mem::size_of;
use std::sync::Arc;

use billing::rating::Pricing;
use billing::tariff::{Rate, TimeBand};
use entity::{Prefix, RateKey};
use moka::future::Cache;
use sea_orm::ConnectionTrait;

use super::{LoadedVersion, RateCache, Terms, from_row, pricing};
use base::error::{OrFault as _, Result};
use store::tariffs;

/// Approximate size of the cache in bytes. A rate without bands takes about 350 bytes.
const BYTES: u64 = 8 * 1024 * 1024;
/// Approximate size in bytes of an entry without its texts.
const ENTRY: usize = size_of::<Pricing>() + 160;
/// Maximum number of rates per statement.
const AT_ONCE: usize = 512;

/// Recently used rates.
#[derive(Clone, Debug)]
pub(super) struct UsedRates(Cache<RateKey, Arc<Pricing>>);

impl UsedRates {
    pub(super) fn new() -> Self {
        let weight = |_: &RateKey, pricing: &Arc<Pricing>| u32::try_from(size(pricing)).unwrap_or(u32::MAX);
        Self(Cache::builder().max_capacity(BYTES).weigher(weight).build())
    }
}

fn size(pricing: &Pricing) -> usize {
    let Rate { prefix, destination, band_prices, .. } = &pricing.rate;
    let prices: usize = band_prices.keys().map(|name| name.len() + 64).sum();
    let bands: usize = pricing.bands.iter().map(|band| band.name.len() + size_of::<TimeBand>()).sum();
    ENTRY + prefix.len() + destination.len() + prices + bands + pricing.holidays.len() * 16
}

impl RateCache {
    /// The pricing for a rate of this version, shared by all calls with this rate.
    ///
    /// # Errors
    /// Fails with a fault if the rate's prefix does not consist of digits, which should never happen.
    pub async fn pricing(&self, version: &LoadedVersion, rate: &Rate) -> Result<Arc<Pricing>> {
        let prefix = Prefix::parse(&rate.prefix).ok_or("a prefix is not digits").or_fault()?;
        let key = RateKey { version_id: version.version_id, prefix };
        if let Some(found) = self.used.0.get(&key).await {
            return Ok(found);
        }
        let pricing = Arc::new(pricing(&version.terms, rate));
        self.used.0.insert(key, pricing.clone()).await;
        Ok(pricing)
    }

    /// The pricings of these rates. Rates that do not exist are left out. Rates that are not in memory are read in statements of at most 512 rates
    /// each, without loading the rates' versions.
    ///
    /// Inside a transaction, pass the connection of the transaction as `conn`, as for [`RateCache::get`].
    ///
    /// # Errors
    /// Fails with a fault if a stored rate or its version's terms cannot be parsed. May also fail with database errors.
    pub async fn pricings(
        &self,
        conn: &impl ConnectionTrait,
        wanted: BTreeSet<RateKey>,
    ) -> Result<HashMap<RateKey, Arc<Pricing>>> {
        let mut found = HashMap::with_capacity(wanted.len());
        let mut missing = Vec::new();
        for key in wanted {
            match self.in_memory(key).await? {
                Some(pricing) => {
                    found.insert(key, pricing);
                }
                None => missing.push(key),
            }
        }
        for some in missing.chunks(AT_ONCE) {
            for (rate, version) in tariffs::used_rates(conn, some).await? {
                let (terms, rate) = (Terms::of(&version)?, from_row(rate)?);
                let prefix = Prefix::parse(&rate.prefix).ok_or("a stored prefix is not digits").or_fault()?;
                let key = RateKey { version_id: version.id, prefix };
                let pricing = Arc::new(pricing(&terms, &rate));
                self.used.0.insert(key, pricing.clone()).await;
                found.insert(key, pricing);
            }
        }
        Ok(found)
    }

    /// The pricing for a rate that was used recently, or whose version is in memory.
    async fn in_memory(&self, key: RateKey) -> Result<Option<Arc<Pricing>>> {
        if let Some(found) = self.used.0.get(&key).await {
            return Ok(Some(found));
        }
        let Some(version) = self.versions.get(&key.version_id).await else { return Ok(None) };
        let prefix = key.prefix.to_string();
        match version.table.find(&prefix).filter(|rate| rate.prefix == prefix) {
            Some(rate) => self.pricing(&version, rate).await.map(Some),
            None => Ok(None),
        }
    }
}

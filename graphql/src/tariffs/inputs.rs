//! What mutations of tariffs are given.

use std::collections::BTreeMap;

use async_graphql::{ID, InputObject};
use billing::money::Micros;
use billing::tariff::{BandPrice, Rate, TimeBand};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::types::{DAYS, DayOfWeek, RoundingMode, TariffAssignment, TariffImportMode};
use crate::scalars::{CurrencyCode, Decimal};

/// A part of the week, in the tariff's time zone.
#[derive(InputObject)]
pub struct TimeBandInput {
    /// The name that rates refer to, 1 to 40 characters.
    pub name: String,
    /// Days on which it begins.
    pub weekdays: Vec<DayOfWeek>,
    /// Its first second, local time.
    pub from: NaiveTime,
    /// The second after its last; at or before `from` it runs over midnight.
    pub to: NaiveTime,
    /// Whether it begins on holidays too; a holiday is never the weekday it falls on.
    #[graphql(default)]
    pub holidays: bool,
}

impl From<TimeBandInput> for TimeBand {
    fn from(input: TimeBandInput) -> Self {
        let weekdays =
            DAYS.iter().filter(|(day, _)| input.weekdays.contains(day)).map(|(_, day)| *day).collect();
        Self { name: input.name, weekdays, from: input.from, to: input.to, holidays: input.holidays }
    }
}

/// A new tariff.
#[derive(InputObject)]
pub struct CreateTariffInput {
    /// Whose it is; the caller's own account when left out.
    pub account_id: Option<ID>,
    /// For people.
    pub name: String,
    /// Currency of its prices; the account's when left out.
    pub currency: Option<CurrencyCode>,
    /// Decimals that a charge is rounded to, 0 to 6.
    #[graphql(default = 4)]
    pub rounding_decimals: i32,
    /// How a charge is rounded.
    #[graphql(default_with = "RoundingMode::HalfUp")]
    pub rounding_mode: RoundingMode,
    /// IANA time zone of the bands; the account's when left out.
    pub time_zone: Option<String>,
    /// Parts of the week that rates may price apart, at most 16; the first that fits wins.
    #[graphql(default)]
    pub bands: Vec<TimeBandInput>,
    /// Local dates that count as holidays, at most 1000.
    #[graphql(default)]
    pub holidays: Vec<NaiveDate>,
}

/// Rates as a CSV.
#[derive(InputObject)]
pub struct ImportTariffInput {
    /// Into which tariff.
    pub tariff_id: ID,
    /// The file's text: a header, comma separated, with the columns prefix, destination, rate_per_minute, connection_fee, initial_increment,
    /// increment and, optionally, minimum_charge and free_seconds; for each time band of the tariff, optionally, `rate_per_minute:BAND` and
    /// `connection_fee:BAND`. A prefix is one code: digits, with + or 00 before them at most. At most 500000 rows, and what the server takes
    /// as a request, 2 MiB unless its `limits.body_bytes` says otherwise: `callshop tariff import` takes files of up to 64 MiB.
    pub csv: String,
    /// The version that it builds on: a draft, or one that is scheduled or in force; the one in force when left out.
    pub base_version_id: Option<ID>,
    /// Whether the file is the whole version.
    #[graphql(default_with = "TariffImportMode::Replace")]
    pub mode: TariffImportMode,
    /// Only say what would happen.
    #[graphql(default)]
    pub dry_run: bool,
    /// What it is, for people.
    #[graphql(default)]
    pub note: String,
}

/// The price within one time band.
#[derive(InputObject)]
pub struct BandPriceInput {
    /// Name of the tariff's band.
    pub band: String,
    /// Price of sixty seconds.
    pub price_per_minute: Decimal,
    /// Fee of a call that is answered in the band; the rate's own when left out.
    pub connection_fee: Option<Decimal>,
}

/// One prefix's price.
#[derive(InputObject)]
pub struct RateInput {
    /// E.164 digits, 1 to 15.
    pub prefix: String,
    /// For people.
    pub destination: String,
    /// Price of sixty seconds.
    pub price_per_minute: Decimal,
    /// Charged once per answered call; nothing when left out.
    pub connection_fee: Option<Decimal>,
    /// Seconds billed at least.
    #[graphql(default = 1)]
    pub initial_increment: u32,
    /// Seconds of each further step.
    #[graphql(default = 1)]
    pub increment: u32,
    /// What an answered call costs at least; nothing when left out.
    pub minimum_charge: Option<Decimal>,
    /// Calls shorter than this cost nothing.
    #[graphql(default)]
    pub free_seconds: u32,
    /// Prices within the tariff's time bands.
    #[graphql(default)]
    pub band_prices: Vec<BandPriceInput>,
}

impl From<RateInput> for Rate {
    fn from(input: RateInput) -> Self {
        let amount = |amount: Option<Decimal>| amount.map_or(Micros::ZERO, |amount| amount.0);
        let band = |input: BandPriceInput| {
            let connection_fee = input.connection_fee.map(|fee| fee.0);
            (input.band, BandPrice { price_per_minute: input.price_per_minute.0, connection_fee })
        };
        Self {
            prefix: input.prefix,
            destination: input.destination,
            price_per_minute: input.price_per_minute.0,
            connection_fee: amount(input.connection_fee),
            initial_increment: input.initial_increment,
            increment: input.increment,
            minimum_charge: amount(input.minimum_charge),
            free_seconds: input.free_seconds,
            band_prices: input.band_prices.into_iter().map(band).collect::<BTreeMap<_, _>>(),
        }
    }
}

/// Rates to add or change.
#[derive(InputObject)]
pub struct UpsertRatesInput {
    /// Of which tariff.
    pub tariff_id: ID,
    /// 1 to 1000 rates; each takes the place of its prefix's whole rate.
    pub rates: Vec<RateInput>,
    /// The version that it builds on: a draft, or one that is scheduled or in force; the one in force when left out.
    pub base_version_id: Option<ID>,
    /// What the new version is, for people.
    #[graphql(default)]
    pub note: String,
}

/// Rates to take out.
#[derive(InputObject)]
pub struct DeleteRatesInput {
    /// Of which tariff.
    pub tariff_id: ID,
    /// 1 to 1000 prefixes of the version that it builds on.
    pub prefixes: Vec<String>,
    /// The version that it builds on: a draft, or one that is scheduled or in force; the one in force when left out.
    pub base_version_id: Option<ID>,
    /// What the new version is, for people.
    #[graphql(default)]
    pub note: String,
}

/// A version to go back to.
#[derive(InputObject)]
pub struct CopyTariffVersionInput {
    /// Which.
    pub version_id: ID,
    /// What the new version is, for people; names its source when left out.
    #[graphql(default)]
    pub note: String,
}

/// A draft to put in force.
#[derive(InputObject)]
pub struct ActivateTariffVersionInput {
    /// Which.
    pub version_id: ID,
    /// From when on; now when left out.
    pub at: Option<DateTime<Utc>>,
}

/// Who pays by which tariff.
#[derive(InputObject)]
pub struct AssignTariffInput {
    /// A child of the caller's account.
    pub account_id: ID,
    /// A tariff of the account's parent, of the same currency; null takes the assignment away.
    pub tariff_id: Option<ID>,
    /// What it is for.
    pub kind: TariffAssignment,
}

/// Numbers to refuse, or not to refuse any more.
#[derive(InputObject)]
pub struct BlockDestinationInput {
    /// For everyone whose calls are charged by this tariff; give this or `callshopId`.
    pub tariff_id: Option<ID>,
    /// For one callshop, a child of the caller's account; give this or `tariffId`.
    pub callshop_id: Option<ID>,
    /// E.164 digits that the numbers begin with.
    pub prefix: String,
}

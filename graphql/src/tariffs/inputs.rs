//! Inputs of the tariff mutations.

use async_graphql::{ID, InputObject};
use billing::money::Micros;
use billing::tariff::{BandPrice, Rate, TimeBand};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use graphql_macros::object;

use super::types::{DAYS, DayOfWeek, RoundingMode, TariffAssignment, TariffImportMode};
use crate::roles::ADMIN;
use crate::scalars::{CurrencyCode, Decimal};

/// A recurring part of the week, in the tariff's time zone.
#[derive(InputObject)]
pub struct TimeBandInput {
    /// Name of the band, 1 to 40 characters. Rates refer to the band by this name.
    pub name: String,
    /// Days on which the band begins.
    pub weekdays: Vec<DayOfWeek>,
    /// First second of the band, local time.
    pub from: NaiveTime,
    /// End of the band (exclusive), local time. If the end is equal to or earlier than `from`, the band runs past midnight.
    pub to: NaiveTime,
    /// Whether the band also begins on holidays. A holiday never counts as the weekday on which it falls.
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
#[object]
#[derive(InputObject)]
pub struct CreateTariffInput {
    /// Owner of the tariff; the caller's own account if omitted. Visible to the platform only.
    #[field(roles = ADMIN)]
    pub account_id: Option<ID>,
    /// Display name.
    pub name: String,
    /// Currency of the tariff's prices; the account's currency if omitted.
    pub currency: Option<CurrencyCode>,
    /// Number of decimals to which a charge is rounded, 0 to 6.
    #[graphql(default = 4)]
    pub rounding_decimals: i32,
    /// How a charge is rounded.
    #[graphql(default_with = "RoundingMode::HalfUp")]
    pub rounding_mode: RoundingMode,
    /// IANA time zone of the bands; the account's time zone if omitted.
    pub time_zone: Option<String>,
    /// Parts of the week with their own prices, at most 16. The first matching band applies.
    #[graphql(default)]
    pub bands: Vec<TimeBandInput>,
    /// Local dates that count as holidays, at most 1000.
    #[graphql(default)]
    pub holidays: Vec<NaiveDate>,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// A file of rates to import.
#[derive(InputObject)]
pub struct ImportTariffInput {
    /// The tariff to import into.
    pub tariff_id: ID,
    /// A carrier's rate deck as text, or comma-separated text in the server's own format. The server detects the layout of a carrier's deck. The
    /// server reports its guesses in `detected`, and asks in `questions` about everything that it cannot decide. The server's own format has a
    /// header. Required columns: prefix, destination, rate_per_minute, connection_fee, initial_increment, increment. Optional columns:
    /// minimum_charge, free_seconds, initial_price, and for each time band of the tariff `rate_per_minute:BAND`, `connection_fee:BAND` and
    /// `initial_price:BAND`. A prefix is a single code: digits, optionally after + or 00. The text has at most 1000000 rows, and must not exceed the
    /// server's limit on the size of a request, which is 2 MiB unless `limits.body_bytes` is configured. `callshop tariff import` accepts files of up
    /// to 128 MiB.
    pub csv: String,
    /// Answers to `questions` and corrections of `detected`, as JSON. If given, the file is read as a carrier's deck. At most 100000 bytes.
    pub mapping: Option<String>,
    /// A saved mapping of the tariff's account. `mapping` completes or corrects the saved mapping.
    pub mapping_id: Option<ID>,
    /// Version to start from: a draft, a scheduled version, or the active version; the active version if omitted.
    pub base_version_id: Option<ID>,
    /// Whether the file replaces all rates or is merged into them.
    #[graphql(default_with = "TariffImportMode::Replace")]
    pub mode: TariffImportMode,
    /// Whether to create one version for each date in a carrier's deck, and to schedule each version at the beginning of its day in the tariff's time
    /// zone. Rows without a date, or with a date in the past, take effect immediately. Either all of these versions are scheduled, or none are. At
    /// most 20 versions.
    #[graphql(default)]
    pub by_date: bool,
    /// Whether the import only reports the changes that it would make.
    #[graphql(default)]
    pub dry_run: bool,
    /// Description of the new version.
    #[graphql(default)]
    pub note: String,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// dry run and an import with errors change nothing, so they do not use up the key. A key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// The price within one time band.
#[derive(InputObject)]
pub struct BandPriceInput {
    /// Name of one of the tariff's bands.
    pub band: String,
    /// Price of 60 seconds.
    pub price_per_minute: Decimal,
    /// Price of 60 seconds for the seconds of the initial increment that are in the band; `pricePerMinute` if omitted.
    pub initial_price: Option<Decimal>,
    /// Connection fee of a call that is answered in the band; the rate's own fee if omitted.
    pub connection_fee: Option<Decimal>,
}

/// The price of one prefix.
#[derive(InputObject)]
pub struct RateInput {
    /// E.164 digits, 1 to 15, without "+".
    pub prefix: String,
    /// Display name.
    pub destination: String,
    /// Price of 60 seconds, in the tariff's currency.
    pub price_per_minute: Decimal,
    /// Price of 60 seconds that applies to the initial increment, outside the time bands; `pricePerMinute` if omitted.
    pub initial_price: Option<Decimal>,
    /// Fee that is charged once per answered call; zero if omitted.
    pub connection_fee: Option<Decimal>,
    /// Minimum number of seconds billed.
    #[graphql(default = 1)]
    pub initial_increment: u32,
    /// Size in seconds of each billing step after the initial increment.
    #[graphql(default = 1)]
    pub increment: u32,
    /// Minimum charge of an answered call; zero if omitted.
    pub minimum_charge: Option<Decimal>,
    /// Calls shorter than this many seconds are free.
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
            let price = BandPrice {
                price_per_minute: input.price_per_minute.0,
                initial_price: input.initial_price.map(|price| price.0),
                connection_fee: input.connection_fee.map(|fee| fee.0),
            };
            (input.band, price)
        };
        Self {
            prefix: input.prefix,
            destination: input.destination,
            price_per_minute: input.price_per_minute.0,
            initial_price: input.initial_price.map(|price| price.0),
            connection_fee: amount(input.connection_fee),
            initial_increment: input.initial_increment,
            increment: input.increment,
            minimum_charge: amount(input.minimum_charge),
            free_seconds: input.free_seconds,
            band_prices: input.band_prices.into_iter().map(band).collect(),
        }
    }
}

/// Rates to add or change.
#[derive(InputObject)]
pub struct UpsertRatesInput {
    /// The tariff to change.
    pub tariff_id: ID,
    /// 1 to 1000 rates. Each rate replaces the complete rate of its prefix.
    pub rates: Vec<RateInput>,
    /// Version to start from: a draft, a scheduled version, or the active version; the active version if omitted.
    pub base_version_id: Option<ID>,
    /// Description of the new version.
    #[graphql(default)]
    pub note: String,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// Rates to delete.
#[derive(InputObject)]
pub struct DeleteRatesInput {
    /// The tariff to change.
    pub tariff_id: ID,
    /// 1 to 1000 prefixes. Each prefix must have a rate of its own in the version to start from.
    pub prefixes: Vec<String>,
    /// Version to start from: a draft, a scheduled version, or the active version; the active version if omitted.
    pub base_version_id: Option<ID>,
    /// Description of the new version.
    #[graphql(default)]
    pub note: String,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// A version to copy.
#[derive(InputObject)]
pub struct CopyTariffVersionInput {
    /// The version to copy.
    pub version_id: ID,
    /// Description of the new version; if omitted, the description names the source version.
    #[graphql(default)]
    pub note: String,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// A draft to activate.
#[derive(InputObject)]
pub struct ActivateTariffVersionInput {
    /// The draft to activate.
    pub version_id: ID,
    /// When the version becomes active; now if omitted.
    pub at: Option<DateTime<Utc>>,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// Assigns a tariff to an account.
#[derive(InputObject)]
pub struct AssignTariffInput {
    /// A child of the caller's account.
    pub account_id: ID,
    /// A tariff of the account's parent, in the same currency; null removes the assignment.
    pub tariff_id: Option<ID>,
    /// Whether to assign the tariff as the account's cost tariff or as its retail tariff.
    pub kind: TariffAssignment,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// A prefix to block or unblock.
#[derive(InputObject)]
pub struct BlockDestinationInput {
    /// Tariff in which the prefix is blocked or unblocked. Give either `tariffId` or `callshopId`.
    pub tariff_id: Option<ID>,
    /// Callshop for which the prefix is blocked or unblocked. The callshop must be a child of the caller's account. Give either `callshopId` or
    /// `tariffId`.
    pub callshop_id: Option<ID>,
    /// E.164 digits without "+".
    pub prefix: String,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

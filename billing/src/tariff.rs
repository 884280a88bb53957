//! Rates, time bands and longest-prefix matching.

mod band_prices;
mod bands;
mod tables;
mod trie;

use serde::{Deserialize, Serialize};

pub use band_prices::BandPrices;
pub use bands::{TimeBand, Weekdays};
pub use tables::{PrefixSet, RateTable, TableError};

use crate::money::Micros;

/// Maximum number of digits in an E.164 number, and therefore in a prefix.
pub const MAX_PREFIX_DIGITS: usize = 15;
/// Maximum number of characters in a destination name.
pub const MAX_DESTINATION_CHARS: usize = 100;
/// The highest price or fee: a million currency units. This limit keeps the charge of any call of up to 17 years within [`Micros`].
pub const MAX_PRICE: Micros = Micros(1_000_000_000_000);
/// The longest billing increment: a day.
pub const MAX_INCREMENT: u32 = 86_400;
/// The highest [`Rate::free_seconds`]: a day.
pub const MAX_FREE_SECONDS: u32 = 86_400;
/// Maximum number of time bands in a tariff.
pub const MAX_BANDS: usize = 16;
/// Maximum number of characters in a band name.
pub const MAX_BAND_NAME_CHARS: usize = 40;
/// Maximum number of rates in a table.
pub const MAX_RATES: usize = 2_000_000;

/// The price of one prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// E.164 digits, 1 to 15, no plus sign.
    pub prefix: String,
    /// The destination's name, as the customer sees it.
    pub destination: String,
    /// Price of sixty seconds, outside the time bands in `band_prices`.
    pub price_per_minute: Micros,
    /// Price of sixty seconds that applies to the initial increment, outside the time bands in `band_prices`; if `None`, `price_per_minute` applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_price: Option<Micros>,
    /// Fee charged once per answered call.
    pub connection_fee: Micros,
    /// Minimum billed seconds of an answered call.
    pub initial_increment: u32,
    /// Billing step in seconds after the initial increment.
    pub increment: u32,
    /// Minimum charge of an answered call.
    #[serde(default)]
    pub minimum_charge: Micros,
    /// A call that is shorter than this number of seconds costs nothing.
    #[serde(default)]
    pub free_seconds: u32,
    /// Prices within time bands, by the band's name in the tariff.
    #[serde(default, skip_serializing_if = "BandPrices::is_empty")]
    pub band_prices: BandPrices,
}

/// The price of a rate within one time band.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandPrice {
    /// Price of sixty seconds.
    pub price_per_minute: Micros,
    /// Price of sixty seconds for the part of the initial increment that is within the band; if `None`, the band's `price_per_minute` applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_price: Option<Micros>,
    /// Connection fee for a call answered within the band; if `None`, the rate's fee applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_fee: Option<Micros>,
}

/// Why a rate or a time band is invalid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{field}: {message}")]
pub struct RateError {
    /// The stable code.
    pub code: &'static str,
    /// The name of the field, as in the canonical CSV.
    pub field: &'static str,
    /// The message as a sentence for a person to read.
    pub message: String,
}

impl RateError {
    pub(crate) fn new(code: &'static str, field: &'static str, message: impl Into<String>) -> RateError {
        RateError { code, field, message: message.into() }
    }
}

impl Rate {
    /// The price per minute that applies to the initial increment: the price in `band`, or the price outside all bands if `band` is `None`.
    pub fn first_price(&self, band: Option<&BandPrice>) -> Micros {
        match band {
            Some(band) => band.initial_price.unwrap_or(band.price_per_minute),
            None => self.initial_price.unwrap_or(self.price_per_minute),
        }
    }

    /// Whether the rate or one of its bands has a price of its own for the initial increment.
    pub fn has_initial_price(&self) -> bool {
        self.initial_price.is_some() || self.band_prices.values().any(|band| band.initial_price.is_some())
    }

    /// Checks every field against its range and reports the first error.
    pub fn validate(&self) -> Result<(), RateError> {
        check_prefix(&self.prefix)?;
        check_destination(&self.destination)?;
        check_price("rate_per_minute", self.price_per_minute)?;
        check_price("initial_price", self.initial_price.unwrap_or_default())?;
        check_price("connection_fee", self.connection_fee)?;
        check_price("minimum_charge", self.minimum_charge)?;
        check_increment("initial_increment", self.initial_increment)?;
        check_increment("increment", self.increment)?;
        check_free_seconds(self.free_seconds)?;
        if self.band_prices.len() > MAX_BANDS {
            let message = format!("A rate can have at most {MAX_BANDS} band prices.");
            return Err(RateError::new("TOO_MANY_BANDS", "band_prices", message));
        }
        for (name, price) in self.band_prices.iter() {
            check_band_name(name)?;
            check_price("band_prices", price.price_per_minute)?;
            check_price("band_prices", price.initial_price.unwrap_or_default())?;
            check_price("band_prices", price.connection_fee.unwrap_or_default())?;
        }
        Ok(())
    }
}

/// Checks that a prefix has 1 to 15 digits and does not begin with 0, because no country code does.
pub fn check_prefix(prefix: &str) -> Result<(), RateError> {
    let field = "prefix";
    if prefix.is_empty() {
        return Err(RateError::new("PREFIX_MISSING", field, "The prefix is empty; enter 1 to 15 digits."));
    }
    if !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(RateError::new("PREFIX_INVALID", field, "A prefix must be digits only."));
    }
    if prefix.len() > MAX_PREFIX_DIGITS {
        let message = format!("A prefix can have at most {MAX_PREFIX_DIGITS} digits.");
        return Err(RateError::new("PREFIX_TOO_LONG", field, message));
    }
    if prefix.starts_with('0') {
        let message = "A prefix must begin with a country code, which never begins with 0.";
        return Err(RateError::new("PREFIX_INVALID", field, message));
    }
    Ok(())
}

pub(crate) fn check_destination(destination: &str) -> Result<(), RateError> {
    let field = "destination";
    if destination.trim().is_empty() {
        return Err(RateError::new("DESTINATION_MISSING", field, "The destination is empty; enter a name."));
    }
    if destination.chars().count() > MAX_DESTINATION_CHARS {
        let message = format!("A destination can have at most {MAX_DESTINATION_CHARS} characters.");
        return Err(RateError::new("DESTINATION_TOO_LONG", field, message));
    }
    if !crate::text::is_line(destination) {
        let message = "A destination must be one line without control characters.";
        return Err(RateError::new("DESTINATION_INVALID", field, message));
    }
    Ok(())
}

pub(crate) fn check_price(field: &'static str, price: Micros) -> Result<(), RateError> {
    if price.is_negative() {
        return Err(RateError::new("PRICE_NEGATIVE", field, "A price must not be negative."));
    }
    if price > MAX_PRICE {
        let message = format!("A price can be at most {MAX_PRICE}.");
        return Err(RateError::new("PRICE_TOO_HIGH", field, message));
    }
    Ok(())
}

pub(crate) fn check_increment(field: &'static str, seconds: u32) -> Result<(), RateError> {
    if !(1..=MAX_INCREMENT).contains(&seconds) {
        let message = format!("An increment must be between 1 and {MAX_INCREMENT} seconds.");
        return Err(RateError::new("INCREMENT_OUT_OF_RANGE", field, message));
    }
    Ok(())
}

pub(crate) fn check_free_seconds(seconds: u32) -> Result<(), RateError> {
    if seconds > MAX_FREE_SECONDS {
        let message = format!("Free seconds can be at most {MAX_FREE_SECONDS}.");
        return Err(RateError::new("FREE_SECONDS_OUT_OF_RANGE", "free_seconds", message));
    }
    Ok(())
}

pub(crate) fn check_band_name(name: &str) -> Result<(), RateError> {
    let fits = (1..=MAX_BAND_NAME_CHARS).contains(&name.chars().count());
    if !fits || name.trim() != name || !crate::text::is_line(name) {
        let message = format!(
            "A band name must be 1 to {MAX_BAND_NAME_CHARS} characters, without leading or trailing spaces."
        );
        return Err(RateError::new("BAND_NAME_INVALID", "band", message));
    }
    Ok(())
}

//! Derives the rates of a tariff from the rates of another tariff. The rule has a percentage, an addition, a minimum margin, and either a price
//! ending or a price step.
//!
//! All prices are rounded up, once, so a derived price is never below the exact result of its rule. A derived rate keeps the
//! source's increments, free seconds and bands. Therefore, both tariffs bill the same seconds of a call, and the minimum margin holds for each
//! second.

use serde::{Deserialize, Serialize};

use crate::money::Micros;
use crate::tariff::{BandPrice, MAX_PRICE, Rate, RateError};

/// One hundred percent in micros; a percentage has six decimals.
const WHOLE: i128 = 100_000_000;
/// The lowest percentage: prices become 0.
pub const MIN_PERCENT: Micros = Micros(-100_000_000);
/// The highest percentage: prices become 101 times as high.
pub const MAX_PERCENT: Micros = Micros(10_000_000_000);
/// A price ending or a price step must be below this amount: 1,000 currency units.
pub const MAX_ENDING: Micros = Micros(1_000_000_000);

/// How prices are derived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DerivationRule {
    /// The percentage that is added to each amount, with up to six decimals; negative to subtract.
    pub percent: Micros,
    /// Added to each price per minute, after the percentage; negative to subtract.
    pub addition: Micros,
    /// Minimum by which each price per minute must exceed the source's price. A minimum margin also ensures that no fee or minimum charge is below
    /// the source's.
    pub minimum_margin: Option<Micros>,
    /// The last digits of each price per minute, from the first digit that is not 0: 0.09 turns 1.234 into 1.29, and 0.99 turns 1.234 into 1.99.
    pub price_ending: Option<Micros>,
    /// Each price per minute is a multiple of this amount: 0.01 turns 0.294 into 0.30. A rule with a price step cannot have a price ending.
    pub price_step: Option<Micros>,
}

/// Why a rule is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleError {
    /// The percentage is out of range.
    Percent,
    /// The addition is out of range.
    Addition,
    /// The minimum margin is out of range.
    MinimumMargin,
    /// The price ending is out of range.
    PriceEnding,
    /// The price step is out of range.
    PriceStep,
    /// The rule has both a price ending and a price step.
    EndingAndStep,
}

impl DerivationRule {
    /// Checks the range of each number.
    pub fn validate(&self) -> Result<(), RuleError> {
        let margin = self.minimum_margin.unwrap_or_default();
        if !(MIN_PERCENT..=MAX_PERCENT).contains(&self.percent) {
            return Err(RuleError::Percent);
        }
        if !(Micros(-MAX_PRICE.0)..=MAX_PRICE).contains(&self.addition) {
            return Err(RuleError::Addition);
        }
        if !(Micros::ZERO..=MAX_PRICE).contains(&margin) {
            return Err(RuleError::MinimumMargin);
        }
        let is_out = |amount: Micros| amount <= Micros::ZERO || amount >= MAX_ENDING;
        match (self.price_ending, self.price_step) {
            (Some(_), Some(_)) => Err(RuleError::EndingAndStep),
            (Some(ending), _) if is_out(ending) => Err(RuleError::PriceEnding),
            (_, Some(step)) if is_out(step) => Err(RuleError::PriceStep),
            _ => Ok(()),
        }
    }

    /// The rate that follows from a rate of the source.
    ///
    /// # Errors
    /// Fails if an amount would be above [`MAX_PRICE`].
    pub fn rate(&self, source: &Rate) -> Result<Rate, RateError> {
        let price = |price| self.price(price);
        let band = |band: &BandPrice| {
            Ok(BandPrice {
                price_per_minute: self.price(band.price_per_minute)?,
                initial_price: band.initial_price.map(price).transpose()?,
                connection_fee: band.connection_fee.map(|fee| self.fee("connection_fee", fee)).transpose()?,
            })
        };
        let bands = source.band_prices.iter().map(|(name, price)| Ok((name.clone(), band(price)?)));
        Ok(Rate {
            price_per_minute: self.price(source.price_per_minute)?,
            initial_price: source.initial_price.map(price).transpose()?,
            connection_fee: self.fee("connection_fee", source.connection_fee)?,
            minimum_charge: self.fee("minimum_charge", source.minimum_charge)?,
            band_prices: bands.collect::<Result<_, RateError>>()?,
            ..source.clone()
        })
    }

    /// A price per minute.
    fn price(&self, source: Micros) -> Result<Micros, RateError> {
        let exact = self.hundredths(source) + i128::from(self.addition.0) * WHOLE;
        let least = self.minimum_margin.map_or(0, |margin| i128::from(source.0) + i128::from(margin.0));
        let price = ceiling(exact).max(least).max(0);
        let price = self.price_ending.map_or(price, |ending| with_ending(price, ending));
        checked("rate_per_minute", self.price_step.map_or(price, |step| to_step(price, step)))
    }

    /// A fee or a minimum charge. The addition, the price ending and the price step do not apply to these amounts.
    fn fee(&self, field: &'static str, source: Micros) -> Result<Micros, RateError> {
        let least = self.minimum_margin.map_or(0, |_| i128::from(source.0));
        checked(field, ceiling(self.hundredths(source)).max(least).max(0))
    }

    /// The amount after the percentage is added, in fractions of [`WHOLE`].
    fn hundredths(&self, source: Micros) -> i128 {
        i128::from(source.0) * (WHOLE + i128::from(self.percent.0))
    }
}

/// Rounds fractions of [`WHOLE`] up.
fn ceiling(exact: i128) -> i128 {
    exact.div_euclid(WHOLE) + i128::from(exact.rem_euclid(WHOLE) != 0)
}

/// The lowest price at or above `price` with this ending. A price of 0 stays 0, so that a free destination stays free.
fn with_ending(price: i128, ending: Micros) -> i128 {
    if price == 0 {
        return 0;
    }
    let ending = i128::from(ending.0);
    let mut step = 10;
    while step <= ending {
        step *= 10;
    }
    price + (ending - price).rem_euclid(step)
}

/// The lowest multiple of a step at or above `price`. The step is positive.
fn to_step(price: i128, step: Micros) -> i128 {
    price + (-price).rem_euclid(i128::from(step.0))
}

fn checked(field: &'static str, amount: i128) -> Result<Micros, RateError> {
    match i64::try_from(amount).map(Micros) {
        Ok(amount) if amount <= MAX_PRICE => Ok(amount),
        _ => {
            let message = format!("The derived price is above {MAX_PRICE}.");
            Err(RateError::new("PRICE_TOO_HIGH", field, message))
        }
    }
}

//! Computes a call's charge, its highest possible charge, and the talk time that an amount pays for.
//!
//! All sums are exact. Prices are micros per minute, so the price of a second is a whole number of *sixtieths of a micro*. The sixtieths of a micro
//! are added up in `i128` and rounded once, at the end, by the tariff's rule.
//!
//! Time bands begin and end on whole seconds. Second *k* of a call is priced by the band that contains answer + *k*. Fractions of a second never
//! change the band, so only the whole second of the answer matters. Therefore, the code in this module works on integer Unix seconds without losing
//! precision.

mod answer_window;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use self::answer_window::AnswerWindow;
use crate::money::{Micros, Rounding, RoundingMode, divide_rounded, unit_micros};
use crate::tariff::{BandPrice, Rate, TimeBand};

/// All inputs of a charge other than the times of the call, for one level of the call's account chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pricing {
    /// The rate that matched.
    pub rate: Rate,
    /// The tariff's rounding.
    #[serde(default)]
    pub rounding: Rounding,
    /// The time bands, in the tariff's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bands: Vec<TimeBand>,
    /// The tariff's holidays, as dates in `time_zone`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub holidays: BTreeSet<NaiveDate>,
    /// The tariff's time zone, which applies to bands and holidays.
    pub time_zone: Tz,
}

/// The charge of one call at one level of the account chain, with its explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// Seconds billed.
    pub billed_seconds: u32,
    /// The charge, rounded.
    pub amount: Micros,
    /// The steps of the computation, in order.
    pub steps: Vec<ChargeStep>,
}

/// One line of the explanation of a charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChargeStep {
    /// The call was shorter than the rate's free seconds, so it costs nothing.
    Free {
        /// Seconds of talk.
        talk_seconds: u32,
        /// The rate's free seconds.
        free_seconds: u32,
    },
    /// The fee for an answered call.
    ConnectionFee {
        /// The time band that sets the fee: the band at the time of the answer; `None` if the rate's own fee applies.
        band: Option<String>,
        /// The fee.
        amount: Micros,
    },
    /// A run of billed seconds at one price, within the initial increment or after it. The exact cost of the run is `price_per_minute * seconds /
    /// 60`.
    Time {
        /// The time band's name; `None` if the rate has no price for the band at that time.
        band: Option<String>,
        /// The first second of the run, counted from the answer.
        first_second: u32,
        /// Length of the run in seconds.
        seconds: u32,
        /// Price of sixty seconds.
        price_per_minute: Micros,
    },
    /// The sum was below the minimum charge and was raised to the minimum charge.
    MinimumCharge {
        /// The minimum charge.
        amount: Micros,
    },
    /// The only rounding, at the end of the computation.
    Rounding {
        /// Number of decimals after rounding.
        decimals: u8,
        /// The rounding direction.
        mode: RoundingMode,
        /// The rounded charge.
        amount: Micros,
    },
}

/// Seconds from answer to end, rounded up to whole seconds, at microsecond resolution. The result is 0 if the end is at or before the answer.
pub fn talk_seconds(answered: DateTime<Utc>, ended: DateTime<Utc>) -> u32 {
    let micros = ended.timestamp_micros().saturating_sub(answered.timestamp_micros()).max(0);
    let seconds = micros / 1_000_000 + i64::from(micros % 1_000_000 != 0);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

/// Billed seconds for `talk` seconds: the initial increment, plus whole increments (30/7 at 31 s bills 37). The result is 0 if `talk` is 0 or less
/// than the rate's free seconds.
pub fn billed_seconds(rate: &Rate, talk: u32) -> u32 {
    if talk == 0 || talk < rate.free_seconds {
        return 0;
    }
    let beyond = u64::from(talk.saturating_sub(rate.initial_increment));
    let increment = u64::from(rate.increment.max(1));
    let billed = u64::from(rate.initial_increment) + beyond.div_ceil(increment) * increment;
    u32::try_from(billed).unwrap_or(u32::MAX)
}

/// The charge, with its explanation, of a call answered at `answered_at` that lasted `talk` seconds.
pub fn charge(pricing: &Pricing, answered_at: DateTime<Utc>, talk: u32) -> Charge {
    let rate = &pricing.rate;
    if talk == 0 {
        return Charge { billed_seconds: 0, amount: Micros::ZERO, steps: Vec::new() };
    }
    if talk < rate.free_seconds {
        let free = ChargeStep::Free { talk_seconds: talk, free_seconds: rate.free_seconds };
        return Charge { billed_seconds: 0, amount: Micros::ZERO, steps: vec![free] };
    }
    let billed = billed_seconds(rate, talk);
    let first = answered_at.timestamp();
    let mut steps = vec![fee_step(pricing, first)];
    let mut exact = sixtieths(pricing.span_at(first).fee);
    pricing.walk(first, billed, |offset, seconds, span| {
        exact += i128::from(seconds) * i128::from(span.price.0);
        push_time(&mut steps, pricing, offset, seconds, span);
    });
    if exact < sixtieths(rate.minimum_charge) {
        steps.push(ChargeStep::MinimumCharge { amount: rate.minimum_charge });
    }
    let amount = pricing.finish(exact);
    let Rounding { decimals, mode } = pricing.rounding;
    steps.push(ChargeStep::Rounding { decimals, mode, amount });
    Charge { billed_seconds: billed, amount, steps }
}

/// The amount of [`charge`], without the explanation and without allocating.
///
/// The amount is at most [`Micros::MAX`]. Rates that pass [`Rate::validate`] reach this limit only after 17 years of talk.
pub fn amount(pricing: &Pricing, answered_at: DateTime<Utc>, talk: u32) -> Micros {
    let rate = &pricing.rate;
    if talk == 0 || talk < rate.free_seconds {
        return Micros::ZERO;
    }
    let billed = billed_seconds(rate, talk);
    if !pricing.is_banded() {
        return pricing.finish(pricing.flat_cost(billed));
    }
    let first = answered_at.timestamp();
    let mut exact = sixtieths(pricing.span_at(first).fee);
    pricing.walk(first, billed, |_, seconds, span| exact += i128::from(seconds) * i128::from(span.price.0));
    pricing.finish(exact)
}

/// The exact charge of a call of `talk` seconds, in sixtieths of a micro, with the connection fee, the increments, the free seconds and the minimum
/// charge. The whole call is priced by `band` or, if `band` is `None`, by the prices outside the bands.
pub fn flat_sixtieths(rate: &Rate, band: Option<&BandPrice>, talk: u32) -> i128 {
    let billed = billed_seconds(rate, talk);
    if billed == 0 {
        return 0;
    }
    let (price, fee) = match band {
        Some(band) => (band.price_per_minute, band.connection_fee.unwrap_or(rate.connection_fee)),
        None => (rate.price_per_minute, rate.connection_fee),
    };
    let exact = sixtieths(fee) + time_cost(rate, (rate.first_price(band), price), billed);
    exact.max(sixtieths(rate.minimum_charge))
}

/// The highest charge for any talk time up to `t` seconds. The call is answered no earlier than `authorized_at` and no later than
/// `ring_timeout_secs` seconds after it; both bounds are inclusive. The result never decreases as `t` grows.
pub fn max_charge(pricing: &Pricing, authorized_at: DateTime<Utc>, ring_timeout_secs: u32, t: u32) -> Micros {
    let mut window = AnswerWindow::new(pricing, authorized_at, ring_timeout_secs);
    match window.highest_cost(t) {
        Some(exact) => pricing.finish(exact),
        None => Micros::ZERO,
    }
}

/// The largest `t` up to `cap` whose [`max_charge`] is at most `available`; 0 if there is none.
///
/// An `available` of [`Micros::MAX`] means unlimited.
pub fn covered_seconds(
    pricing: &Pricing,
    authorized_at: DateTime<Utc>,
    ring_timeout_secs: u32,
    available: Micros,
    cap: u32,
) -> u32 {
    if available.is_negative() {
        return 0;
    }
    if available == Micros::MAX || is_free(pricing) {
        return cap;
    }
    let limit = pricing.highest_cost_within(available);
    let mut window = AnswerWindow::new(pricing, authorized_at, ring_timeout_secs);
    let mut fits = |t: u32| window.highest_cost(t).is_none_or(|exact| exact <= limit);
    // Double the candidate first; this way, prices are computed for at most twice the resulting talk time.
    let (mut good, mut step) = (0u32, 1u32);
    let mut bad = loop {
        let next = good.saturating_add(step).min(cap);
        if next == good {
            return cap;
        }
        if !fits(next) {
            break next;
        }
        good = next;
        step = step.saturating_mul(2);
    };
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if fits(middle) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    good
}

/// True if calls at this price are always free.
pub fn is_free(pricing: &Pricing) -> bool {
    let rate = &pricing.rate;
    let zero = |amount: Micros| amount.0 <= 0;
    zero(rate.price_per_minute)
        && zero(rate.first_price(None))
        && zero(rate.connection_fee)
        && zero(rate.minimum_charge)
        && pricing.bands.iter().filter_map(|band| rate.band_prices.get(&band.name)).all(|price| {
            zero(price.price_per_minute)
                && zero(rate.first_price(Some(price)))
                && zero(price.connection_fee.unwrap_or_default())
        })
}

/// The prices of a call that is answered at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PricesAt {
    /// Fee for the call.
    pub connection_fee: Micros,
    /// Price of sixty seconds that applies to the initial increment at that instant; `None` if `price_per_minute` applies from the beginning.
    pub initial_price: Option<Micros>,
    /// Price of sixty seconds that applies after the initial increment at that instant.
    pub price_per_minute: Micros,
}

/// The prices of a call that is answered at `at`.
pub fn prices_at(pricing: &Pricing, at: DateTime<Utc>) -> PricesAt {
    let span = pricing.span_at(at.timestamp());
    PricesAt {
        connection_fee: span.fee,
        initial_price: (span.first != span.price).then_some(span.first),
        price_per_minute: span.price,
    }
}

/// A run of seconds with the same prices, from the requested second to `until` (exclusive).
#[derive(Clone, Copy, Debug)]
struct Span {
    band: Option<usize>,
    /// The price within the initial increment.
    first: Micros,
    /// The price after the initial increment.
    price: Micros,
    fee: Micros,
    until: i64,
}

impl Pricing {
    /// The pricing according to one rate of a tariff version. The pricing has only the bands for which the rate has a price, and has holidays only if
    /// there are such bands. Leaving out the other bands does not change the charge.
    pub fn freeze(
        rate: &Rate,
        rounding: Rounding,
        bands: &[TimeBand],
        holidays: &BTreeSet<NaiveDate>,
        time_zone: Tz,
    ) -> Pricing {
        let bands: Vec<TimeBand> =
            bands.iter().filter(|band| rate.band_prices.contains_key(&band.name)).cloned().collect();
        let holidays = if bands.is_empty() { BTreeSet::new() } else { holidays.clone() };
        Pricing { rate: rate.clone(), rounding, bands, holidays, time_zone }
    }

    fn is_banded(&self) -> bool {
        !self.bands.is_empty() && !self.rate.band_prices.is_empty()
    }

    /// Exact cost of `billed` seconds without bands, in sixtieths of a micro.
    fn flat_cost(&self, billed: u32) -> i128 {
        let rate = &self.rate;
        sixtieths(rate.connection_fee)
            + time_cost(rate, (rate.first_price(None), rate.price_per_minute), billed)
    }

    /// Converts an exact cost to the charge by applying the minimum charge and then rounding once.
    fn finish(&self, exact: i128) -> Micros {
        let exact = exact.max(sixtieths(self.rate.minimum_charge)).max(0);
        let unit = unit_micros(self.rounding.decimals);
        let rounded = divide_rounded(exact, unit * 60, self.rounding.mode) * unit;
        Micros(i64::try_from(rounded).unwrap_or(i64::MAX))
    }

    /// The highest exact cost for which the charge from [`Pricing::finish`] is at most `available`. The result is -1 if the minimum charge alone
    /// exceeds `available`. `available` must not be negative.
    fn highest_cost_within(&self, available: Micros) -> i128 {
        if self.finish(0) > available {
            return -1;
        }
        let unit = unit_micros(self.rounding.decimals);
        let (whole, unit) = (i128::from(available.0) / unit, unit * 60);
        match self.rounding.mode {
            RoundingMode::HalfUp => whole * unit + unit / 2 - 1,
            RoundingMode::Up => whole * unit,
            RoundingMode::Down => whole * unit + unit - 1,
        }
    }

    /// The price at a Unix second, and a later time up to which that price is known to apply.
    fn span_at(&self, second: i64) -> Span {
        let rate = &self.rate;
        let base = Span {
            band: None,
            first: rate.first_price(None),
            price: rate.price_per_minute,
            fee: rate.connection_fee,
            until: i64::MAX,
        };
        if !self.is_banded() {
            return base;
        }
        let offset = self.utc_offset(second);
        let Some(local) = DateTime::from_timestamp(second + offset, 0) else { return base };
        let second_of_day = (second + offset).rem_euclid(86_400) as u32;
        let until = self.same_offset_until(second, self.seconds_to_edge(second_of_day), offset);
        let holiday = |date: NaiveDate| self.holidays.contains(&date);
        let date = local.date_naive();
        let found = self.bands.iter().enumerate().find_map(|(index, band)| {
            let price = rate.band_prices.get(&band.name)?;
            band.contains(date, second_of_day, holiday).then_some((index, price))
        });
        match found {
            Some((index, price)) => Span {
                band: Some(index),
                first: rate.first_price(Some(price)),
                price: price.price_per_minute,
                fee: price.connection_fee.unwrap_or(rate.connection_fee),
                until,
            },
            None => Span { until, ..base },
        }
    }

    /// Seconds of local time until the next start or end of a band, or until the next midnight. Midnight counts, because a holiday or another weekday
    /// may begin then.
    fn seconds_to_edge(&self, second_of_day: u32) -> i64 {
        let edges = self.bands.iter().flat_map(|band| {
            let (from, to) = band.seconds();
            [from, to]
        });
        let next = edges.filter(|edge| *edge > second_of_day).min().unwrap_or(86_400);
        i64::from(next - second_of_day)
    }

    /// The end of the longest run from `second` during which the UTC offset does not change. The run has at most `length` seconds.
    fn same_offset_until(&self, second: i64, length: i64, offset: i64) -> i64 {
        let (mut same, mut other) = (second, second + length);
        if self.utc_offset(other - 1) == offset {
            return other;
        }
        while other - same > 1 {
            let middle = same + (other - same) / 2;
            if self.utc_offset(middle) == offset {
                same = middle;
            } else {
                other = middle;
            }
        }
        other
    }

    /// The number of seconds by which local time is ahead of UTC at this Unix time.
    fn utc_offset(&self, second: i64) -> i64 {
        let Some(utc) = DateTime::from_timestamp(second, 0) else { return 0 };
        i64::from(self.time_zone.offset_from_utc_datetime(&utc.naive_utc()).fix().local_minus_utc())
    }

    /// Splits `billed` seconds from `first` into runs of one price, and calls `visit(offset, seconds, span)` for each run. The span's `price` is the
    /// price of the run.
    fn walk(&self, first: i64, billed: u32, mut visit: impl FnMut(u32, u32, &Span)) {
        let initial = self.rate.initial_increment;
        let mut offset = 0u32;
        while offset < billed {
            let at = first + i64::from(offset);
            let mut span = self.span_at(at);
            let mut end = billed;
            if offset < initial {
                end = billed.min(initial);
                span.price = span.first;
            }
            let seconds = u32::try_from(span.until - at).unwrap_or(u32::MAX).min(end - offset);
            visit(offset, seconds, &span);
            offset += seconds;
        }
    }

    fn band_name(&self, band: Option<usize>) -> Option<String> {
        band.and_then(|index| self.bands.get(index)).map(|band| band.name.clone())
    }
}

/// An amount in sixtieths of a micro.
fn sixtieths(amount: Micros) -> i128 {
    i128::from(amount.0) * 60
}

/// Exact cost of `billed` seconds at one price for the initial increment and one for the rest, in sixtieths of a micro.
fn time_cost(rate: &Rate, (first, price): (Micros, Micros), billed: u32) -> i128 {
    let initial = billed.min(rate.initial_increment);
    i128::from(first.0) * i128::from(initial) + i128::from(price.0) * i128::from(billed - initial)
}

fn fee_step(pricing: &Pricing, first: i64) -> ChargeStep {
    let span = pricing.span_at(first);
    let own = pricing.band_name(span.band).filter(|name| {
        pricing.rate.band_prices.get(name).is_some_and(|price| price.connection_fee.is_some())
    });
    ChargeStep::ConnectionFee { band: own, amount: span.fee }
}

/// Adds a run of seconds to the explanation; extends the previous line if that line has the same band and price.
fn push_time(steps: &mut Vec<ChargeStep>, pricing: &Pricing, offset: u32, length: u32, span: &Span) {
    let name = pricing.band_name(span.band);
    if let Some(ChargeStep::Time { band, seconds, price_per_minute, .. }) = steps.last_mut()
        && *band == name
        && *price_per_minute == span.price
    {
        *seconds += length;
        return;
    }
    steps.push(ChargeStep::Time {
        band: name,
        first_second: offset,
        seconds: length,
        price_per_minute: span.price,
    });
}

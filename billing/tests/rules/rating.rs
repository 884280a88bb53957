//! Tests charges, maximum charges, and the talk time that an amount pays for, against worked examples and a second-by-second count.

use std::collections::BTreeSet;

use billing::money::{Micros, Rounding, RoundingMode};
use billing::rating::{
    Charge, ChargeStep, Pricing, amount, billed_seconds, charge, covered_seconds, flat_sixtieths, is_free,
    max_charge, prices_at, talk_seconds,
};
use billing::tariff::{BandPrice, Rate, TimeBand, Weekdays};
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Timelike, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn rate(price: i64, fee: i64, initial: u32, increment: u32) -> Rate {
    Rate {
        prefix: "55".to_owned(),
        destination: "Brazil".to_owned(),
        price_per_minute: Micros(price),
        initial_price: None,
        connection_fee: Micros(fee),
        initial_increment: initial,
        increment,
        minimum_charge: Micros::ZERO,
        free_seconds: 0,
        band_prices: Default::default(),
    }
}

fn flat(rate: Rate) -> Pricing {
    Pricing {
        rate,
        rounding: Rounding::default(),
        bands: Vec::new(),
        holidays: BTreeSet::new(),
        time_zone: Tz::America__Sao_Paulo,
    }
}

fn exact(pricing: Pricing) -> Pricing {
    Pricing { rounding: Rounding { decimals: 6, mode: RoundingMode::HalfUp }, ..pricing }
}

fn band(name: &str, weekdays: Weekdays, from: (u32, u32), to: (u32, u32), holidays: bool) -> TimeBand {
    let time = |(hour, minute)| NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
    TimeBand { name: name.to_owned(), weekdays, from: time(from), to: time(to), holidays }
}

fn price(per_minute: i64, fee: Option<i64>) -> BandPrice {
    BandPrice { price_per_minute: Micros(per_minute), initial_price: None, connection_fee: fee.map(Micros) }
}

/// A pricing of 0.60 per minute by day and 0.06 per minute at night (20:00 to 06:00 on all days, including holidays).
fn day_and_night(time_zone: Tz) -> Pricing {
    let mut rate = rate(600_000, 0, 1, 1);
    rate.band_prices.insert("night".to_owned(), price(60_000, None));
    let bands = vec![band("night", Weekdays::ALL, (20, 0), (6, 0), true)];
    exact(Pricing { bands, time_zone, ..flat(rate) })
}

/// The billed seconds for a given talk time and increments. All values are in seconds.
struct Offset {
    initial: u32,
    increment: u32,
    talk: u32,
    billed: u32,
}

#[test]
fn billed_seconds_follow_the_offset_rule() {
    for Offset { initial, increment, talk, billed } in [
        Offset { initial: 30, increment: 7, talk: 31, billed: 37 },
        Offset { initial: 30, increment: 7, talk: 30, billed: 30 },
        Offset { initial: 30, increment: 7, talk: 1, billed: 30 },
        Offset { initial: 30, increment: 7, talk: 37, billed: 37 },
        Offset { initial: 30, increment: 7, talk: 38, billed: 44 },
        Offset { initial: 30, increment: 7, talk: 0, billed: 0 },
        Offset { initial: 1, increment: 1, talk: 61, billed: 61 },
        Offset { initial: 60, increment: 60, talk: 61, billed: 120 },
        Offset { initial: 30, increment: 6, talk: 36, billed: 36 },
        Offset { initial: 30, increment: 6, talk: 37, billed: 42 },
        Offset { initial: 6, increment: 6, talk: 7, billed: 12 },
        Offset { initial: 86_400, increment: 1, talk: 5, billed: 86_400 },
        Offset { initial: 60, increment: 60, talk: u32::MAX, billed: u32::MAX },
    ] {
        let seconds = billed_seconds(&rate(0, 0, initial, increment), talk);
        assert_eq!(seconds, billed, "{initial}/{increment} at {talk}");
    }
    let free = Rate { free_seconds: 5, ..rate(0, 0, 30, 6) };
    assert_eq!((billed_seconds(&free, 4), billed_seconds(&free, 5)), (0, 30));
}

#[test]
fn talk_is_whole_seconds_rounded_up() {
    let answered = at("2026-11-22T12:00:00.250000Z");
    for (ended, talk) in [
        ("2026-11-22T12:00:00.250000Z", 0),
        ("2026-11-22T12:00:00.250001Z", 1),
        ("2026-11-22T12:00:01.250000Z", 1),
        ("2026-11-22T12:00:01.250001Z", 2),
        ("2026-11-22T11:00:00.000000Z", 0),
        ("2500-01-01T00:00:00Z", u32::MAX),
    ] {
        assert_eq!(talk_seconds(answered, at(ended)), talk, "{ended}");
    }
}

#[test]
fn charges_by_hand() {
    let noon = at("2026-11-23T15:00:00Z");
    let with = |decimals, mode| Rounding { decimals, mode };
    use RoundingMode::{Down, HalfUp, Up};
    for (rate, rounding, talk, micros) in [
        // 31 s are billed as 37 s (increments 30/7), which cost 0.074 at 0.12 per minute
        (rate(120_000, 0, 30, 7), with(6, HalfUp), 31, 74_000),
        // the charge is the fee of 0.05 plus 61 s at 0.0424 per minute: 0.0424 * 61 / 60 = 0.043106666…
        (rate(42_400, 50_000, 1, 1), with(6, HalfUp), 61, 93_107),
        (rate(42_400, 50_000, 1, 1), with(6, Down), 61, 93_106),
        (rate(42_400, 50_000, 1, 1), with(4, HalfUp), 61, 93_100),
        (rate(42_400, 50_000, 1, 1), with(4, Up), 61, 93_200),
        (rate(42_400, 50_000, 1, 1), with(2, Up), 61, 100_000),
        // an amount that ends in exactly half of the fourth decimal is rounded up, so 0.00045 becomes 0.0005
        (rate(27_000, 0, 1, 1), with(4, HalfUp), 1, 500),
        (rate(27_000, 0, 1, 1), with(4, Down), 1, 400),
        (Rate { minimum_charge: Micros(100_000), ..rate(120_000, 0, 30, 6) }, with(4, HalfUp), 1, 100_000),
        (Rate { minimum_charge: Micros(100_000), ..rate(120_000, 0, 30, 6) }, with(4, HalfUp), 61, 132_000),
        // a minimum charge is rounded only once, like any other charge
        (Rate { minimum_charge: Micros(5_001), ..rate(0, 0, 1, 1) }, with(2, HalfUp), 1, 10_000),
        (Rate { free_seconds: 5, ..rate(120_000, 50_000, 30, 6) }, with(4, HalfUp), 4, 0),
        (Rate { free_seconds: 5, ..rate(120_000, 50_000, 30, 6) }, with(4, HalfUp), 5, 110_000),
        (Rate { minimum_charge: Micros(9), ..rate(120_000, 50_000, 30, 6) }, with(4, HalfUp), 0, 0),
        // the first 30 s cost 0.60 per minute, and the rest 0.12 per minute
        (
            Rate { initial_price: Some(Micros(600_000)), ..rate(120_000, 0, 30, 6) },
            with(6, HalfUp),
            1,
            300_000,
        ),
        (
            Rate { initial_price: Some(Micros(600_000)), ..rate(120_000, 0, 30, 6) },
            with(6, HalfUp),
            31,
            312_000,
        ),
        (Rate { initial_price: Some(Micros(0)), ..rate(120_000, 0, 30, 6) }, with(6, HalfUp), 31, 12_000),
    ] {
        let pricing = Pricing { rounding, ..flat(rate) };
        assert_eq!(amount(&pricing, noon, talk), Micros(micros), "{pricing:?} at {talk}");
        assert_eq!(charge(&pricing, noon, talk).amount, Micros(micros));
    }
}

#[test]
fn the_dearest_rates_saturate_instead_of_wrapping() {
    let pricing = flat(rate(i64::MAX, i64::MAX, 1, 1));
    assert_eq!(amount(&pricing, at("2026-11-23T15:00:00Z"), u32::MAX), Micros::MAX);
    assert_eq!(max_charge(&pricing, at("2026-11-23T15:00:00Z"), 60, u32::MAX), Micros::MAX);
}

#[test]
fn seconds_are_priced_where_they_fall() {
    let pricing = day_and_night(Tz::America__Sao_Paulo);
    // the call is answered at 19:59:50 local time, so ten seconds have the day price, and the rest has the night price
    let answered = at("2026-11-23T22:59:50.900Z");
    let told = charge(&pricing, answered, 70);
    let steps = vec![
        ChargeStep::ConnectionFee { band: None, amount: Micros::ZERO },
        ChargeStep::Time { band: None, first_second: 0, seconds: 10, price_per_minute: Micros(600_000) },
        ChargeStep::Time {
            band: Some("night".to_owned()),
            first_second: 10,
            seconds: 60,
            price_per_minute: Micros(60_000),
        },
        ChargeStep::Rounding { decimals: 6, mode: RoundingMode::HalfUp, amount: Micros(160_000) },
    ];
    assert_eq!(told, Charge { billed_seconds: 70, amount: Micros(160_000), steps });
    assert_eq!(amount(&pricing, answered, 70), Micros(160_000));
    // a call that crosses midnight has one night segment, not two
    let told = charge(&pricing, at("2026-11-24T02:59:30Z"), 60);
    assert_eq!(told.steps.len(), 3);
    assert_eq!(told.amount, Micros(60_000));
}

#[test]
fn the_initial_increment_has_a_price_in_each_band() {
    let mut pricing = day_and_night(Tz::UTC);
    pricing.rate.initial_increment = 30;
    pricing.rate.increment = 30;
    pricing.rate.initial_price = Some(Micros(1_200_000));
    let first = BandPrice { initial_price: Some(Micros(300_000)), ..price(60_000, None) };
    pricing.rate.band_prices.insert("night".to_owned(), first);
    let run = |band: Option<&str>, first_second, seconds, price| ChargeStep::Time {
        band: band.map(str::to_owned),
        first_second,
        seconds,
        price_per_minute: Micros(price),
    };
    // ten seconds at the day price, then the night prices
    let answered = at("2026-11-23T19:59:50Z");
    let told = charge(&pricing, answered, 31);
    let runs = [
        run(None, 0, 10, 1_200_000),
        run(Some("night"), 10, 20, 300_000),
        run(Some("night"), 30, 30, 60_000),
    ];
    assert_eq!(told.steps[1..4], runs);
    assert_eq!(told.amount, Micros(200_000 + 100_000 + 30_000));
    let prices = |instant: &str| {
        let found = prices_at(&pricing, at(instant));
        (found.initial_price, found.price_per_minute)
    };
    assert_eq!(prices("2026-11-23T19:59:59Z"), (Some(Micros(1_200_000)), Micros(600_000)));
    assert_eq!(prices("2026-11-23T20:00:00Z"), (Some(Micros(300_000)), Micros(60_000)));
    // the most expensive answer keeps all of the initial increment in the day band
    assert_eq!(max_charge(&pricing, at("2026-11-23T19:59:20Z"), 60, 30), Micros(600_000));
    let by_minute = Rate { initial_price: Some(Micros(600_000)), ..rate(120_000, 50_000, 30, 6) };
    assert_eq!(flat_sixtieths(&by_minute, None, 60), 60 * (50_000 + 300_000 + 60_000));
}

#[test]
fn the_fee_is_that_of_the_band_at_answer() {
    let mut pricing = day_and_night(Tz::UTC);
    pricing.rate.connection_fee = Micros(500_000);
    pricing.rate.band_prices.insert("night".to_owned(), price(60_000, Some(10_000)));
    assert_eq!(amount(&pricing, at("2026-11-23T19:59:59Z"), 2), Micros(500_000 + 10_000 + 1_000));
    assert_eq!(amount(&pricing, at("2026-11-23T20:00:00Z"), 2), Micros(10_000 + 2_000));
    assert_eq!(
        charge(&pricing, at("2026-11-23T20:00:00Z"), 2).steps[0],
        ChargeStep::ConnectionFee { band: Some("night".to_owned()), amount: Micros(10_000) }
    );
}

#[test]
fn weekdays_holidays_and_mornings_after() {
    let mut rate = rate(600_000, 0, 1, 1);
    rate.band_prices.insert("weekend".to_owned(), price(60_000, None));
    rate.band_prices.insert("friday".to_owned(), price(120_000, None));
    let bands = vec![
        band("weekend", Weekdays::WEEKEND, (0, 0), (0, 0), true),
        band("friday", [chrono::Weekday::Fri].into_iter().collect(), (22, 0), (6, 0), false),
        band("unpriced", Weekdays::ALL, (0, 0), (0, 0), true),
    ];
    let holidays = [NaiveDate::from_ymd_opt(2026, 12, 25).unwrap()].into_iter().collect();
    let pricing = exact(Pricing { bands, holidays, time_zone: Tz::UTC, ..flat(rate) });
    for (instant, per_second) in [
        ("2026-11-27T21:59:59Z", 10_000), // Friday
        ("2026-11-27T22:00:00Z", 2_000),
        ("2026-11-28T00:00:00Z", 1_000), // Saturday: the first band in order wins
        ("2026-11-29T23:59:59Z", 1_000),
        ("2026-11-30T00:00:00Z", 10_000),
        ("2026-12-25T12:00:00Z", 1_000), // a holiday on a Friday
        ("2026-12-25T22:30:00Z", 1_000), // does not count as a Friday
    ] {
        assert_eq!(amount(&pricing, at(instant), 1), Micros(per_second), "{instant}");
    }
    let frozen = Pricing::freeze(&pricing.rate, pricing.rounding, &pricing.bands, &pricing.holidays, Tz::UTC);
    assert_eq!((frozen.bands.len(), frozen.holidays.len()), (2, 1));
    assert_eq!(
        amount(&frozen, at("2026-12-25T12:00:00Z"), 90),
        amount(&pricing, at("2026-12-25T12:00:00Z"), 90)
    );
}

#[test]
fn changed_clocks_neither_lose_nor_double_a_second() {
    // In New York on 2026-11-01, 02:00 EDT becomes 01:00 EST at 06:00Z. The night band is 01:30 to 01:45 local time, so it occurs twice.
    let mut rate = rate(600_000, 0, 1, 1);
    rate.band_prices.insert("short".to_owned(), price(0, None));
    let bands = vec![band("short", Weekdays::ALL, (1, 30), (1, 45), true)];
    let pricing = exact(Pricing { bands, time_zone: Tz::America__New_York, ..flat(rate) });
    let from = at("2026-11-01T05:00:00Z");
    assert_eq!(amount(&pricing, from, 7_200), Micros((7_200 - 2 * 900) * 10_000));
    // On 2026-03-08, 02:00 becomes 03:00 at 07:00Z. A band within the missing hour never occurs.
    let missing =
        Pricing { bands: vec![band("short", Weekdays::ALL, (2, 15), (2, 45), true)], ..pricing.clone() };
    assert_eq!(amount(&missing, at("2026-03-08T06:30:00Z"), 3_600), Micros(3_600 * 10_000));
    // a band that starts in the missing hour starts after the clock change
    let begins = Pricing { bands: vec![band("short", Weekdays::ALL, (2, 30), (4, 0), true)], ..pricing };
    assert_eq!(amount(&begins, at("2026-03-08T06:59:00Z"), 120), Micros(60 * 10_000));
}

#[test]
fn pricings_survive_json() {
    let mut pricing = day_and_night(Tz::America__Sao_Paulo);
    pricing.holidays.insert(NaiveDate::from_ymd_opt(2026, 12, 25).unwrap());
    let json = serde_json::to_string(&pricing).unwrap();
    assert_eq!(serde_json::from_str::<Pricing>(&json).unwrap(), pricing);
    let plain = flat(rate(1, 2, 3, 4));
    let json = serde_json::to_string(&plain).unwrap();
    assert!(!json.contains("bands") && json.contains("America/Sao_Paulo"), "{json}");
    assert_eq!(serde_json::from_str::<Pricing>(&json).unwrap(), plain);
    let told = charge(&day_and_night(Tz::UTC), at("2026-11-23T19:59:50Z"), 70);
    assert_eq!(serde_json::from_str::<Charge>(&serde_json::to_string(&told).unwrap()).unwrap(), told);
}

#[test]
fn free_means_free_whenever() {
    assert!(is_free(&flat(rate(0, 0, 1, 1))));
    assert!(!is_free(&flat(rate(1, 0, 1, 1))));
    assert!(!is_free(&flat(rate(0, 1, 1, 1))));
    assert!(!is_free(&flat(Rate { initial_price: Some(Micros(1)), ..rate(0, 0, 1, 1) })));
    assert!(!is_free(&flat(Rate { initial_price: Some(Micros(0)), ..rate(1, 0, 1, 1) })));
    assert!(!is_free(&flat(Rate { minimum_charge: Micros(1), ..rate(0, 0, 1, 1) })));
    let mut banded = day_and_night(Tz::UTC);
    banded.rate.price_per_minute = Micros::ZERO;
    assert!(!is_free(&banded));
    banded.rate.band_prices.insert("night".to_owned(), price(0, None));
    assert!(is_free(&banded));
    let first = BandPrice { initial_price: Some(Micros(1)), ..price(0, None) };
    banded.rate.band_prices.insert("night".to_owned(), first);
    assert!(!is_free(&banded));
}

#[test]
fn cover_by_hand() {
    let now = at("2026-11-23T15:00:00Z");
    let cover =
        |rate: Rate, available: i64| covered_seconds(&exact(flat(rate)), now, 60, Micros(available), 3_600);
    assert_eq!(cover(rate(600_000, 0, 60, 60), 599_999), 0);
    assert_eq!(cover(rate(600_000, 0, 60, 60), 600_000), 60);
    assert_eq!(cover(rate(600_000, 0, 30, 6), 600_000), 60);
    assert_eq!(cover(rate(600_000, 0, 30, 7), 370_000), 37);
    assert_eq!(cover(rate(600_000, 0, 30, 7), 439_999), 37);
    assert_eq!(cover(rate(600_000, 100_000, 1, 1), 100_000), 0);
    assert_eq!(cover(rate(600_000, 100_000, 1, 1), 110_000), 1);
    assert_eq!(cover(rate(600_000, 0, 1, 1), 1_000_000_000), 3_600);
    assert_eq!(cover(rate(0, 100_000, 1, 1), 100_000), 3_600);
    assert_eq!(cover(rate(0, 100_000, 1, 1), 99_999), 0);
    assert_eq!(cover(rate(0, 0, 1, 1), 0), 3_600);
    assert_eq!(cover(rate(0, 0, 1, 1), -1), 0);
    assert_eq!(cover(Rate { free_seconds: 10, ..rate(600_000, 0, 60, 60) }, 0), 9);
    assert_eq!(cover(Rate { minimum_charge: Micros(700_000), ..rate(600_000, 0, 60, 60) }, 699_999), 0);
    assert_eq!(cover(rate(i64::MAX, 0, 60, 60), i64::MAX), 3_600);
    // the first 30 s cost 0.30, and each further 6 s cost 0.01
    let first = Rate { initial_price: Some(Micros(600_000)), ..rate(100_000, 0, 30, 6) };
    assert_eq!((cover(first.clone(), 299_999), cover(first.clone(), 300_000)), (0, 30));
    assert_eq!((cover(first.clone(), 309_999), cover(first, 310_000)), (30, 36));
    // one second costs 0.00045, which is rounded by default to 0.0005
    let rounded =
        |available| covered_seconds(&flat(rate(27_000, 0, 1, 1)), now, 60, Micros(available), 3_600);
    assert_eq!((rounded(400), rounded(499), rounded(500), rounded(900)), (0, 0, 1, 2));
}

#[test]
fn the_hold_covers_the_dearest_answer_instant() {
    // the call is authorized half a second before 19:59:30 and rings for up to a minute; the earliest answer is the most expensive, because it has
    // the day price
    let mut pricing = day_and_night(Tz::UTC);
    let authorized = at("2026-11-23T19:59:29.500Z");
    assert_eq!(max_charge(&pricing, authorized, 60, 60), Micros(31 * 10_000 + 29 * 1_000));
    // shortly before the day band begins, the latest answer is the most expensive answer
    let authorized = at("2026-11-23T05:59:29.500Z");
    assert_eq!(
        max_charge(&pricing, authorized, 60, 60),
        Micros(2 * 1_000 + 58 * 10_000).max(Micros(600_000))
    );
    assert_eq!(max_charge(&pricing, authorized, 30, 10), Micros(1_000 + 9 * 10_000));
    // if the night has a fee, an answer in the first second of the night is the most expensive answer
    pricing.rate.band_prices.insert("night".to_owned(), price(0, Some(5_000_000)));
    assert_eq!(max_charge(&pricing, at("2026-11-23T19:59:30Z"), 60, 20), Micros(5_000_000));
    assert_eq!(max_charge(&pricing, at("2026-11-23T19:58:30Z"), 60, 20), Micros(200_000));
    // the fee matters even if the price per minute is the same by day and at night
    pricing.rate.band_prices.insert("night".to_owned(), price(600_000, Some(5_000_000)));
    assert_eq!(max_charge(&pricing, at("2026-11-23T19:59:30Z"), 60, 20), Micros(5_200_000));
}

#[test]
fn the_dearest_answer_may_lie_within_the_window() {
    // a minute at the peak price precedes a cheap band, so the most expensive call ends when the peak ends, and does not start at the edge of a band
    let mut rate = rate(600_000, 0, 1, 1);
    rate.band_prices.insert("peak".to_owned(), price(1_200_000, None));
    rate.band_prices.insert("cheap".to_owned(), price(60_000, None));
    let bands = vec![
        band("peak", Weekdays::ALL, (12, 0), (12, 1), true),
        band("cheap", Weekdays::ALL, (12, 1), (12, 30), true),
    ];
    let pricing = exact(Pricing { bands, time_zone: Tz::UTC, ..flat(rate) });
    let highest = max_charge(&pricing, at("2026-11-23T11:59:00.7Z"), 90, 90);
    assert_eq!(highest, Micros(30 * 10_000 + 60 * 20_000));
    assert_eq!(highest, amount(&pricing, at("2026-11-23T11:59:30Z"), 90));
}

/// The charge by its definition, which rates each second separately.
fn counted(pricing: &Pricing, answered: DateTime<Utc>, talk: u32) -> Micros {
    let rate = &pricing.rate;
    if talk == 0 || talk < rate.free_seconds {
        return Micros::ZERO;
    }
    let mut billed = rate.initial_increment;
    while billed < talk {
        billed += rate.increment;
    }
    let at_second = |k: u32| {
        let local = (answered + chrono::Duration::seconds(i64::from(k))).with_timezone(&pricing.time_zone);
        let (date, time) = (local.date_naive(), local.time().with_nanosecond(0).unwrap());
        let day_fits = |band: &TimeBand, day: NaiveDate| {
            if pricing.holidays.contains(&day) {
                band.holidays
            } else {
                band.weekdays.contains(day.weekday())
            }
        };
        let inside = |band: &&TimeBand| {
            let yesterday = date.pred_opt().unwrap();
            let over_midnight = band.to <= band.from;
            let today = time >= band.from && (over_midnight || time < band.to) && day_fits(band, date);
            today || (over_midnight && time < band.to && day_fits(band, yesterday))
        };
        let priced =
            pricing.bands.iter().filter(|band| rate.band_prices.contains_key(&band.name)).find(inside);
        priced.map(|band| &rate.band_prices[band.name.as_str()])
    };
    let fee = at_second(0).and_then(|price| price.connection_fee).unwrap_or(rate.connection_fee);
    let mut sixtieths = i128::from(fee.0) * 60;
    for k in 0..billed {
        let (first, next) = match at_second(k) {
            Some(price) => (price.initial_price, price.price_per_minute),
            None => (rate.initial_price, rate.price_per_minute),
        };
        let price = if k < rate.initial_increment { first.unwrap_or(next) } else { next };
        sixtieths += i128::from(price.0);
    }
    sixtieths = sixtieths.max(i128::from(rate.minimum_charge.0) * 60);
    let unit = 10i128.pow(6 - u32::from(pricing.rounding.decimals));
    let rounded = match pricing.rounding.mode {
        RoundingMode::HalfUp => (sixtieths + unit * 30).div_euclid(unit * 60),
        RoundingMode::Up => (sixtieths + unit * 60 - 1).div_euclid(unit * 60),
        RoundingMode::Down => sixtieths.div_euclid(unit * 60),
    };
    Micros(i64::try_from(rounded * unit).unwrap())
}

fn any_rounding() -> impl Strategy<Value = Rounding> {
    let mode = prop::sample::select(vec![RoundingMode::HalfUp, RoundingMode::Up, RoundingMode::Down]);
    (0u8..=6, mode).prop_map(|(decimals, mode)| Rounding { decimals, mode })
}

fn any_band_price() -> impl Strategy<Value = BandPrice> {
    (0i64..2_000_000, any_initial_price(), prop::option::of(0i64..2_000_000))
        .prop_map(|(per_minute, initial_price, fee)| BandPrice { initial_price, ..price(per_minute, fee) })
}

fn any_band(name: &'static str) -> impl Strategy<Value = TimeBand> {
    let time = || (0u32..24, 0u32..60);
    let days = prop::collection::vec(0u8..7, 0..6).prop_map(|days| {
        days.into_iter().map(|day| chrono::Weekday::try_from(day).unwrap()).collect::<Weekdays>()
    });
    (days, time(), time(), any::<bool>())
        .prop_map(move |(weekdays, from, to, holidays)| band(name, weekdays, from, to, holidays))
}

/// Half of the rates have no price of their own for the initial increment.
fn any_initial_price() -> impl Strategy<Value = Option<Micros>> {
    prop::option::of(prop::sample::select(vec![0i64, 1, 40_000, 1_999_999]).prop_map(Micros))
}

fn any_pricing() -> impl Strategy<Value = Pricing> {
    let increments = || prop::sample::select(vec![1u32, 6, 7, 30, 60]);
    let base =
        (0i64..2_000_000, prop::sample::select(vec![0i64, 1, 50_000, 999_999]), increments(), increments());
    let extra = (
        prop::sample::select(vec![0i64, 0, 70_001]),
        prop::sample::select(vec![0u32, 0, 5, 61]),
        any_initial_price(),
    );
    let bands = (any_band("a"), any_band("b"), any_band_price(), any_band_price(), 0usize..3);
    let zone = prop::sample::select(vec![Tz::America__Sao_Paulo, Tz::America__New_York, Tz::Asia__Kathmandu]);
    (base, extra, bands, any_rounding(), zone).prop_map(
        |(base, (minimum, free, initial), (a, b, pa, pb, used), rounding, zone)| {
            let mut rate = rate(base.0, base.1, base.2, base.3);
            rate.minimum_charge = Micros(minimum);
            rate.free_seconds = free;
            rate.initial_price = initial;
            rate.band_prices = [("a".to_owned(), pa), ("b".to_owned(), pb)].into_iter().take(used).collect();
            let holidays = ["2026-11-01", "2026-03-09"].iter().map(|day| day.parse().unwrap()).collect();
            Pricing { rate, rounding, bands: vec![a, b], holidays, time_zone: zone }
        },
    )
}

/// Instants around both clock changes of New York, with fractions of a second.
fn any_instant() -> impl Strategy<Value = DateTime<Utc>> {
    let start = prop::sample::select(vec!["2026-10-31T12:00:00Z", "2026-03-07T12:00:00Z"]);
    (start, 0i64..172_800_000_000)
        .prop_map(|(start, micros)| at(start) + chrono::Duration::microseconds(micros))
}

/// An instant near an edge of the pricing's first band.
fn near_an_edge() -> impl Strategy<Value = (Pricing, DateTime<Utc>)> {
    (any_pricing(), any_instant(), -200i64..200, any::<bool>()).prop_map(
        |(pricing, instant, seconds, at_edge)| {
            if !at_edge {
                return (pricing, instant);
            }
            let local =
                instant.with_timezone(&pricing.time_zone).date_naive().and_time(pricing.bands[0].from);
            let edge =
                local.and_local_timezone(pricing.time_zone).earliest().map(|edge| edge.with_timezone(&Utc));
            let fraction = i64::from(instant.timestamp_subsec_micros());
            let moved =
                edge.unwrap_or(instant) + chrono::Duration::microseconds(seconds * 1_000_000 + fraction);
            (pricing, moved)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_charge_is_what_counting_each_second_gives((pricing, instant) in near_an_edge(), talk in 0u32..900) {
        let counted = counted(&pricing, instant, talk);
        prop_assert_eq!(amount(&pricing, instant, talk), counted);
        let told = charge(&pricing, instant, talk);
        prop_assert_eq!(told.amount, counted);
        prop_assert_eq!(told.billed_seconds, billed_seconds(&pricing.rate, talk));
        let explained: u32 = told.steps.iter().map(|step| match step {
            ChargeStep::Time { seconds, .. } => *seconds,
            _ => 0,
        }).sum();
        prop_assert_eq!(explained, told.billed_seconds);
        let frozen = Pricing::freeze(
            &pricing.rate, pricing.rounding, &pricing.bands, &pricing.holidays, pricing.time_zone,
        );
        prop_assert_eq!(amount(&frozen, instant, talk), counted);
    }

    /// A longer call never costs less, even with free seconds: calls within the free seconds cost nothing, and all longer calls are charged in full.
    #[test]
    fn longer_never_costs_less_and_nothing_is_negative(
        (pricing, instant) in near_an_edge(), talk in 0u32..20_000, more in 0u32..20_000,
    ) {
        let shorter = amount(&pricing, instant, talk);
        prop_assert!(shorter >= Micros::ZERO);
        prop_assert!(amount(&pricing, instant, talk + more) >= shorter);
    }

    #[test]
    fn an_edge_between_equal_prices_changes_nothing((pricing, instant) in near_an_edge(), talk in 0u32..90_000) {
        let mut pricing = pricing;
        let same = price(pricing.rate.price_per_minute.0, None);
        let same = BandPrice { initial_price: pricing.rate.initial_price, ..same };
        pricing.rate.band_prices = [("a".to_owned(), same.clone()), ("b".to_owned(), same)].into();
        let mut plain = pricing.clone();
        plain.rate.band_prices.clear();
        prop_assert_eq!(amount(&pricing, instant, talk), amount(&plain, instant, talk));
    }

    #[test]
    fn the_hold_is_exactly_the_dearest_charge(
        (pricing, instant) in near_an_edge(), ring in 0u32..150, talk in 0u32..400,
    ) {
        // charges change only at whole seconds, so it is enough to test answers at whole seconds
        let whole = instant.timestamp();
        let first_whole = DateTime::from_timestamp(whole + 1, 0).unwrap();
        let last = instant + chrono::Duration::seconds(i64::from(ring));
        let mut dearest = amount(&pricing, instant, talk);
        let mut answer = first_whole;
        while answer <= last {
            dearest = dearest.max(amount(&pricing, answer, talk));
            answer += chrono::Duration::seconds(1);
        }
        prop_assert_eq!(max_charge(&pricing, instant, ring, talk), dearest);
    }

    #[test]
    fn the_hold_dominates_every_charge(
        (pricing, instant) in near_an_edge(), ring in 0u32..180, wait in 0u64..=1_000_000, talk in 0u32..9_000, more in 0u32..500,
    ) {
        let waited = (u64::from(ring) * wait) as i64;
        let answered = instant + chrono::Duration::microseconds(waited);
        prop_assert!(amount(&pricing, answered, talk) <= max_charge(&pricing, instant, ring, talk + more));
    }

    #[test]
    fn cover_is_exactly_the_greatest(
        (pricing, instant) in near_an_edge(), ring in 0u32..150, available in 0i64..60_000_000, cap in 0u32..20_000,
    ) {
        let available = Micros(available);
        let covered = covered_seconds(&pricing, instant, ring, available, cap);
        prop_assert!(covered <= cap);
        prop_assert!(max_charge(&pricing, instant, ring, covered) <= available);
        if covered < cap {
            prop_assert!(max_charge(&pricing, instant, ring, covered + 1) > available);
        }
    }

    #[test]
    fn pricings_round_trip((pricing, _) in near_an_edge()) {
        let json = serde_json::to_string(&pricing).unwrap();
        prop_assert_eq!(serde_json::from_str::<Pricing>(&json).unwrap(), pricing);
    }
}

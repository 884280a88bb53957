//! Benchmarks of the call path: finding a rate in a table of fifty thousand rates, building that table, charging a call, and computing the talk time
//! that an amount pays for. Run `cargo bench -p billing`; docs/performance.md has the limits.
#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark may panic on unexpected results; criterion's macros generate public functions"
)]

use std::collections::{BTreeSet, HashSet};
use std::hint::black_box;

use billing::deck::{DeckLimits, parse_deck};
use billing::money::{Micros, Rounding};
use billing::rating::{Pricing, amount, covered_seconds};
use billing::tariff::{BandPrice, MAX_PREFIX_DIGITS, Rate, RateTable, TimeBand, Weekdays};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

const PREFIXES: usize = 50_000;
/// Number of phone numbers that are matched in turn. The branch predictor cannot learn so many numbers.
const NUMBERS: usize = 4_096;

/// The ten thousand prefixes of the example deck, plus longer prefixes as in operators' real decks. Each prefix is extended by one digit, then
/// by another, until there are enough prefixes.
fn deck() -> Vec<Rate> {
    let world = include_bytes!("../../examples/decks/world-10k.csv");
    let mut rates = parse_deck(world, &DeckLimits::default()).rates;
    let mut known: HashSet<String> = rates.iter().map(|rate| rate.prefix.clone()).collect();
    let mut at = 0;
    while rates.len() < PREFIXES {
        let parent = rates[at].clone();
        at += 1;
        if parent.prefix.len() == MAX_PREFIX_DIGITS {
            continue;
        }
        for digit in 0..=9 {
            let prefix = format!("{}{digit}", parent.prefix);
            if rates.len() < PREFIXES && known.insert(prefix.clone()) {
                rates.push(Rate { prefix, ..parent.clone() });
            }
        }
    }
    rates
}

/// Numbers spread over the whole table: evenly spaced prefixes, each extended to thirteen digits.
fn numbers(rates: &[Rate]) -> Vec<String> {
    let chosen = rates.iter().step_by(rates.len() / NUMBERS).take(NUMBERS).enumerate();
    chosen.map(|(at, rate)| format!("{}{:07}", rate.prefix, at * 2_437).chars().take(13).collect()).collect()
}

fn matching(criterion: &mut Criterion) {
    let rates = deck();
    let numbers = numbers(&rates);
    let table = RateTable::build(rates.clone()).expect("a table");
    assert!(numbers.iter().all(|number| table.find(number).is_some()), "every number has a rate");
    let mut turn = numbers.iter().cycle();
    criterion.bench_function("match a number, 50,000 prefixes", |bencher| {
        bencher.iter(|| table.find(black_box(turn.next().expect("a cycle"))));
    });
    criterion.bench_function("build the table of 50,000 prefixes", |bencher| {
        bencher.iter_batched(|| rates.clone(), RateTable::build, BatchSize::LargeInput);
    });
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn pricing(banded: bool) -> Pricing {
    let mut rate = Rate {
        prefix: "5511".to_owned(),
        destination: "São Paulo".to_owned(),
        price_per_minute: Micros(89_900),
        initial_price: None,
        connection_fee: Micros(25_000),
        initial_increment: 30,
        increment: 6,
        minimum_charge: Micros::ZERO,
        free_seconds: 3,
        band_prices: Default::default(),
    };
    let night = TimeBand {
        name: "night".to_owned(),
        weekdays: Weekdays::ALL,
        from: NaiveTime::from_hms_opt(20, 0, 0).expect("a time"),
        to: NaiveTime::from_hms_opt(6, 0, 0).expect("a time"),
        holidays: true,
    };
    if banded {
        let price = BandPrice { price_per_minute: Micros(45_000), initial_price: None, connection_fee: None };
        rate.band_prices.insert(night.name.clone(), price);
    }
    let christmas = NaiveDate::from_ymd_opt(2026, 12, 25).expect("a date");
    let holidays = BTreeSet::from([christmas]);
    Pricing::freeze(&rate, Rounding::default(), &[night], &holidays, chrono_tz::America::Sao_Paulo)
}

fn rating(criterion: &mut Criterion) {
    // 22:59:15 UTC is 45 seconds before the night band begins in São Paulo, so the banded call continues into that band
    let answered = at("2026-11-20T22:59:15Z");
    for (name, pricing) in [("one price", pricing(false)), ("two bands", pricing(true))] {
        criterion.bench_function(&format!("charge 90 s, {name}"), |bencher| {
            bencher.iter(|| amount(black_box(&pricing), answered, black_box(90)));
        });
        criterion.bench_function(&format!("seconds that 10.00 covers, {name}"), |bencher| {
            let credit = Micros(10_000_000);
            bencher
                .iter(|| covered_seconds(black_box(&pricing), answered, 120, black_box(credit), 4 * 3_600));
        });
    }
}

criterion_group!(benches, matching, rating);
criterion_main!(benches);

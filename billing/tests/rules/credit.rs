//! Tests how much credit a call reserves at a time, with worked examples and for all kinds of prices.

use std::collections::BTreeSet;

use billing::credit::{Answer, FundingSource, Grant, grant, lead, reach};
use billing::money::{Micros, Rounding, RoundingMode};
use billing::rating::{self, Pricing};
use billing::tariff::Rate;
use chrono::{DateTime, Utc};
use proptest::prelude::*;

fn pricing(price: i64, fee: i64, (initial, increment): (u32, u32), minimum: i64) -> Pricing {
    Pricing {
        rate: Rate {
            prefix: "55".to_owned(),
            destination: "Brazil".to_owned(),
            price_per_minute: Micros(price),
            initial_price: None,
            connection_fee: Micros(fee),
            initial_increment: initial,
            increment,
            minimum_charge: Micros(minimum),
            free_seconds: 0,
            band_prices: Default::default(),
        },
        rounding: Rounding { decimals: 6, mode: RoundingMode::HalfUp },
        bands: Vec::new(),
        holidays: BTreeSet::new(),
        time_zone: chrono_tz::America::Sao_Paulo,
    }
}

fn noon() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

const RINGING: u32 = 120;

fn before_ringing() -> Answer {
    Answer { from: noon(), ring_seconds: RINGING }
}

fn purse(pricing: &Pricing, available: i64) -> FundingSource<'_> {
    FundingSource { pricing, available: Micros(available) }
}

#[test]
fn a_quarter_of_what_is_left_is_taken_and_paid_for_at_every_level() {
    // the price is 0.06 per minute, billed by the second, so 40,000 micros pay for 40 s; the level with the price 0.04 per minute has unlimited
    // credit
    let (retail, cost) = (pricing(60_000, 0, (1, 1), 0), pricing(40_000, 0, (1, 1), 0));
    let purses = [purse(&retail, 40_000), purse(&cost, i64::MAX)];
    assert_eq!(reach(&purses, before_ringing(), 3600), Ok(40));
    let first = grant(&purses, before_ringing(), 0, 40, Some(600));
    assert_eq!(first, Grant { covered: 10, holds: vec![Micros(10_000), Micros(6_667)] });
    assert_eq!(grant(&purses, before_ringing(), 10, 40, Some(600)).covered, 17);
    assert_eq!(grant(&purses, before_ringing(), 39, 40, Some(600)).covered, 40, "one increment at the end");
    assert_eq!(grant(&purses, before_ringing(), 40, 40, Some(600)).covered, 40, "nothing is left");
    assert_eq!(grant(&purses, before_ringing(), 0, 40, None).covered, 40, "all at once");
}

#[test]
fn slices_are_long_while_there_is_plenty() {
    let price = pricing(60_000, 0, (1, 1), 0);
    let purses = [purse(&price, i64::MAX)];
    let first = grant(&purses, before_ringing(), 0, 14_400, Some(600));
    assert_eq!((first.covered, lead(600)), (600, 300), "extended after five minutes");
    assert_eq!(grant(&purses, before_ringing(), 14_000, 14_400, Some(600)).covered, 14_100);
    assert_eq!((lead(1), lead(10), lead(86_400)), (3, 5, 600));
}

#[test]
fn a_slice_is_never_less_than_the_first_increment_and_covers_all_it_pays() {
    let (retail, cost) = (pricing(60_000, 0, (30, 6), 0), pricing(40_000, 0, (60, 60), 0));
    let purses = [purse(&retail, 100_000), purse(&cost, 40_000)];
    // the callshop has credit for one minute, and sells in increments of 30/6
    assert_eq!(reach(&purses, before_ringing(), 3600), Ok(60));
    let all = grant(&purses, before_ringing(), 0, 60, Some(600));
    assert_eq!(all, Grant { covered: 60, holds: vec![Micros(60_000), Micros(40_000)] });
}

#[test]
fn the_minimum_charge_is_held_before_the_first_increment() {
    // the minimum charge already pays for 50 s
    let price = pricing(60_000, 0, (1, 1), 50_000);
    assert_eq!(reach(&[purse(&price, 49_999)], before_ringing(), 3600), Err(0));
    let purses = [purse(&price, 60_000)];
    assert_eq!(reach(&purses, before_ringing(), 3600), Ok(60));
    assert_eq!(
        grant(&purses, before_ringing(), 0, 60, Some(600)),
        Grant { covered: 50, holds: vec![Micros(50_000)] }
    );
}

#[test]
fn the_level_that_pays_for_nothing_is_named() {
    let price = pricing(60_000, 10_000, (60, 60), 0);
    let (rich, poor) = (purse(&price, i64::MAX), purse(&price, 69_999));
    assert_eq!(reach(&[rich, poor, rich], before_ringing(), 3600), Err(1));
    assert_eq!(reach(&[rich, rich, poor], before_ringing(), 3600), Err(2));
    assert_eq!(reach(&[rich, rich], before_ringing(), 0), Err(0), "a cap of 0 allows no second");
}

fn any_pricing() -> impl Strategy<Value = Pricing> {
    (0_i64..500_000, 0_i64..50_000, (1_u32..90, 1_u32..90), 0_i64..100_000)
        .prop_map(|(price, fee, increments, minimum)| pricing(price, fee, increments, minimum))
}

proptest! {
    /// For any prices, each grant adds talk time until no credit is left. A grant never exceeds the available credit, and reserves the cost of every
    /// granted second at every level.
    #[test]
    fn slices_go_on_to_the_end_of_the_purse_and_not_beyond(
        levels in prop::collection::vec((any_pricing(), 1_i64..5_000_000), 1..4),
        longest in 1_u32..1_000,
        cap in 1_u32..5_000,
    ) {
        let purses: Vec<FundingSource<'_>> = levels.iter().map(|(pricing, available)| purse(pricing, *available)).collect();
        let Ok(most) = reach(&purses, before_ringing(), cap) else { return Ok(()) };
        let mut covered = 0;
        for round in 0.. {
            prop_assert!(round < 6_000, "no progress at {covered} of {most}");
            let next = grant(&purses, before_ringing(), covered, most, Some(longest));
            prop_assert!(next.covered > covered && next.covered <= most);
            for (purse, hold) in purses.iter().zip(&next.holds) {
                prop_assert!(*hold <= purse.available);
                for late in [0, RINGING] {
                    let answered = noon() + chrono::TimeDelta::seconds(i64::from(late));
                    prop_assert!(rating::amount(purse.pricing, answered, next.covered) <= *hold);
                }
            }
            covered = next.covered;
            if covered == most {
                break;
            }
        }
    }
}

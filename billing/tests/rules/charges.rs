//! Tests the charges in `../data/charges.csv`. The tests of `web/client`, which computes the costs of live calls by itself, read this file, too.

use std::collections::BTreeSet;

use billing::money::{Micros, Rounding, RoundingMode};
use billing::rating::{Pricing, amount};
use billing::tariff::Rate;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

fn pricing(cells: &[&str]) -> Pricing {
    let money = |index: usize| Micros::parse(cells[index]).unwrap();
    let number = |index: usize| cells[index].parse::<u32>().unwrap();
    let mode = match cells[8] {
        "HALF_UP" => RoundingMode::HalfUp,
        "UP" => RoundingMode::Up,
        other => {
            assert_eq!(other, "DOWN");
            RoundingMode::Down
        }
    };
    let rate = Rate {
        prefix: "55".to_owned(),
        destination: "Brazil".to_owned(),
        price_per_minute: money(0),
        initial_price: (!cells[1].is_empty()).then(|| money(1)),
        connection_fee: money(2),
        initial_increment: number(4),
        increment: number(5),
        minimum_charge: money(3),
        free_seconds: number(6),
        band_prices: Default::default(),
    };
    let rounding = Rounding { decimals: cells[7].parse().unwrap(), mode };
    Pricing { rate, rounding, bands: Vec::new(), holidays: BTreeSet::new(), time_zone: Tz::UTC }
}

#[test]
fn the_listed_charges_are_those_of_the_rules() {
    let answered: DateTime<Utc> = "2026-11-30T10:00:00Z".parse().unwrap();
    let rows: Vec<&str> =
        include_str!("../data/charges.csv").lines().filter(|line| !line.starts_with('#')).skip(1).collect();
    assert!(rows.len() > 50, "{}", rows.len());
    for row in rows {
        let cells: Vec<&str> = row.split(',').collect();
        let charge = amount(&pricing(&cells), answered, cells[9].parse().unwrap());
        assert_eq!(charge, Micros::parse(cells[10]).unwrap(), "{row}");
    }
}

//! Tests prefix matching, and the allowed range of each field of a rate.

use std::collections::HashMap;

use billing::deck::{DeckLimits, parse_deck};
use billing::money::Micros;
use billing::tariff::{BandPrice, MAX_PRICE, PrefixSet, Rate, RateTable, TableError, TimeBand, Weekdays};
use chrono::{NaiveTime, Weekday};
use proptest::prelude::*;

fn rate(prefix: &str) -> Rate {
    Rate {
        prefix: prefix.to_owned(),
        destination: format!("to {prefix}"),
        price_per_minute: Micros(100_000),
        initial_price: None,
        connection_fee: Micros::ZERO,
        initial_increment: 30,
        increment: 6,
        minimum_charge: Micros::ZERO,
        free_seconds: 0,
        band_prices: Default::default(),
    }
}

fn world() -> Vec<Rate> {
    let deck = parse_deck(include_bytes!("../../../examples/decks/world-10k.csv"), &DeckLimits::default());
    assert!(deck.is_clean() && deck.fixed == 0, "{:?}", deck.problems.first());
    deck.rates
}

#[test]
fn the_whole_world_matches_like_brute_force() {
    let rates = world();
    assert!(rates.len() > 9_000);
    let table = RateTable::build(rates.clone()).unwrap();
    assert_eq!(table.len(), rates.len());
    let by_prefix: HashMap<&str, &Rate> = rates.iter().map(|rate| (rate.prefix.as_str(), rate)).collect();
    let longest =
        |number: &str| (1..=number.len()).rev().find_map(|end| by_prefix.get(&number[..end]).copied());
    for rate in &rates {
        let prefix = &rate.prefix;
        let mut numbers = vec![prefix.clone(), prefix[..prefix.len() - 1].to_owned()];
        numbers.extend((0..10).map(|digit| format!("{prefix}{digit}")));
        numbers.extend(["000000", "987654", "55555"].map(|tail| format!("{prefix}{tail}")));
        for number in numbers {
            assert_eq!(table.find(&number), longest(&number), "{number}");
        }
    }
    let sorted: Vec<&str> = table.iter().map(|rate| rate.prefix.as_str()).collect();
    assert!(sorted.is_sorted());
    // the index itself is small compared with the rates
    let rates_alone = rates.len() * (size_of::<Rate>() + 8);
    assert!(table.size_bytes() > rates_alone && table.size_bytes() < rates_alone * 2);
}

#[test]
fn the_longest_prefix_wins() {
    let table = RateTable::build(["55", "5511", "1", "55119"].map(rate).to_vec()).unwrap();
    for (number, prefix) in [
        ("5511987654321", Some("55119")),
        ("551133334444", Some("5511")),
        ("5521987654321", Some("55")),
        ("13055551234", Some("1")),
        ("5", None),
        ("", None),
        ("442079460958", None),
        ("55x1", Some("55")),
        ("é", None),
    ] {
        assert_eq!(table.find(number).map(|rate| rate.prefix.as_str()), prefix, "{number}");
    }
    let empty = RateTable::build(Vec::new()).unwrap();
    assert!(empty.is_empty() && empty.find("55").is_none());
}

#[test]
fn tables_refuse_duplicates_and_bad_rates() {
    let twice = RateTable::build(vec![rate("55"), rate("1"), rate("55")]).unwrap_err();
    assert_eq!(twice, TableError::DuplicatePrefix { prefix: "55".to_owned() });
    assert_eq!(RateTable::build(vec![rate("5a")]).unwrap_err().code(), "PREFIX_INVALID");
}

#[test]
fn blocked_prefixes_cover_what_they_begin() {
    let blocked = PrefixSet::build(["8816", "900", "900"].map(str::to_owned)).unwrap();
    assert_eq!(blocked.iter().collect::<Vec<_>>(), ["8816", "900"]);
    assert!(blocked.covers("88161234") && blocked.covers("900"));
    assert!(!blocked.covers("881") && !blocked.covers("55") && !blocked.covers(""));
    assert!(!PrefixSet::default().covers("55") && PrefixSet::default().is_empty());
    assert!(PrefixSet::build([String::new()]).is_err());
}

#[test]
fn each_field_has_its_range() {
    type Damage = fn(&mut Rate);
    let damages: [(&str, Damage); 15] = [
        ("PREFIX_MISSING", |rate| rate.prefix.clear()),
        ("PREFIX_INVALID", |rate| rate.prefix = "+55".to_owned()),
        ("PREFIX_INVALID", |rate| rate.prefix = "055".to_owned()),
        ("PREFIX_TOO_LONG", |rate| rate.prefix = "1".repeat(16)),
        ("DESTINATION_MISSING", |rate| rate.destination = "  ".to_owned()),
        ("DESTINATION_TOO_LONG", |rate| rate.destination = "x".repeat(101)),
        ("DESTINATION_INVALID", |rate| rate.destination = "a\0b".to_owned()),
        ("PRICE_NEGATIVE", |rate| rate.price_per_minute = Micros(-1)),
        ("PRICE_TOO_HIGH", |rate| rate.connection_fee = Micros(MAX_PRICE.0 + 1)),
        ("PRICE_NEGATIVE", |rate| rate.minimum_charge = Micros(-1)),
        ("INCREMENT_OUT_OF_RANGE", |rate| rate.initial_increment = 0),
        ("INCREMENT_OUT_OF_RANGE", |rate| rate.increment = 86_401),
        ("FREE_SECONDS_OUT_OF_RANGE", |rate| rate.free_seconds = u32::MAX),
        ("BAND_NAME_INVALID", |rate| {
            let price =
                BandPrice { price_per_minute: Micros::ZERO, initial_price: None, connection_fee: None };
            rate.band_prices.insert(" ".to_owned(), price);
        }),
        ("PRICE_NEGATIVE", |rate| {
            let price = BandPrice {
                price_per_minute: Micros::ZERO,
                initial_price: None,
                connection_fee: Some(Micros(-1)),
            };
            rate.band_prices.insert("night".to_owned(), price);
        }),
    ];
    rate("55").validate().unwrap();
    for (code, damage) in damages {
        let mut damaged = rate("55");
        damage(&mut damaged);
        assert_eq!(damaged.validate().unwrap_err().code, code);
    }
}

#[test]
fn bands_have_rules_too() {
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap();
    let band = TimeBand {
        name: "noon".to_owned(),
        weekdays: Weekdays::WORKING,
        from: noon,
        to: noon,
        holidays: false,
    };
    band.validate().unwrap();
    let never = TimeBand { weekdays: Weekdays::NONE, ..band.clone() };
    assert_eq!(never.validate().unwrap_err().code, "BAND_NEVER");
    let fraction = TimeBand { to: NaiveTime::from_hms_milli_opt(12, 0, 0, 1).unwrap(), ..band.clone() };
    assert_eq!(fraction.validate().unwrap_err().code, "BAND_TIME_INVALID");
    let twice = TimeBand::validate_all(&[band.clone(), band.clone()]).unwrap_err();
    assert_eq!(twice.code, "BAND_NAME_TAKEN");
    assert_eq!(TimeBand::validate_all(&vec![band.clone(); 17]).unwrap_err().code, "TOO_MANY_BANDS");
    let json = serde_json::to_string(&band).unwrap();
    assert!(json.contains(r#""weekdays":["Mon","Tue","Wed","Thu","Fri"]"#), "{json}");
    assert_eq!(serde_json::from_str::<TimeBand>(&json).unwrap(), band);
    assert_eq!([Weekday::Sun, Weekday::Sat].into_iter().collect::<Weekdays>(), Weekdays::WEEKEND);
}

proptest! {
    #[test]
    fn any_table_matches_like_brute_force(
        prefixes in prop::collection::btree_set("[1-9][0-9]{0,5}", 0..60),
        numbers in prop::collection::vec("[0-9]{0,9}", 40),
    ) {
        let table = RateTable::build(prefixes.iter().map(|prefix| rate(prefix)).collect()).unwrap();
        let set = PrefixSet::build(prefixes.iter().cloned()).unwrap();
        for number in numbers {
            let longest = (1..=number.len()).rev().map(|end| &number[..end]).find(|head| prefixes.contains(*head));
            prop_assert_eq!(table.find(&number).map(|rate| rate.prefix.as_str()), longest);
            prop_assert_eq!(set.covers(&number), longest.is_some());
        }
    }
}

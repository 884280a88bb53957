//! Reads a file as a rate deck, as imports do. The first byte chooses the answers to the questions that reading the deck raises.
//!
//! Besides panics, hangs and excessive memory use, this target finds rates that a tariff cannot hold, and rates that change when they are written in
//! the canonical format and read back.

#![no_main]

use billing::carrier_deck::{Mapping, Options, read_carrier_deck};
use billing::deck::{DeckLimits, is_canonical, parse_deck, write_deck};
use billing::tariff::Rate;
use chrono::NaiveDate;
use libfuzzer_sys::fuzz_target;

const LIMITS: DeckLimits = DeckLimits { max_bytes: 1 << 20, max_rows: 20_000, max_problems: 100 };

fuzz_target!(|data: &[u8]| {
    let Some((choice, file)) = data.split_first() else { return };
    let deck = parse_deck(file, &LIMITS);
    assert!(deck.problems.len() <= LIMITS.max_problems, "too many problems are listed");
    if deck.is_clean() && !deck.rates.is_empty() {
        check(&deck.rates);
        assert!(is_canonical(file) || deck.rates.is_empty(), "a file with rates does not look canonical");
        assert_eq!(parse_deck(write_deck(&deck.rates).as_bytes(), &LIMITS).rates, deck.rates);
    }
    let mapping = mapping(*choice);
    let options = Options {
        limits: &LIMITS,
        mapping: &mapping,
        currency: (choice & 64 != 0).then_some("USD"),
        today: NaiveDate::from_ymd_opt(2026, 11, 29),
    };
    let deck = read_carrier_deck(file, &options);
    assert!(deck.problems.len() <= LIMITS.max_problems, "too many problems are listed");
    assert!(deck.questions.is_empty() || deck.rates.is_empty(), "rates were read in spite of a question");
    for day in [None, options.today] {
        let (rates, _) = deck.on(day);
        check(&rates);
    }
});

/// Checks that a tariff can hold every rate that was read.
fn check(rates: &[Rate]) {
    for rate in rates {
        if let Err(error) = rate.validate() {
            panic!("{rate:?} was read, but is invalid: {error}");
        }
    }
}

/// Answers to the most common questions, chosen by the bits of a byte.
fn mapping(choice: u8) -> Mapping {
    let text = |bit: u8, one: &str, other: &str| (if choice & bit == 0 { one } else { other }).to_owned();
    if choice & 32 == 0 {
        return Mapping::default();
    }
    let json = format!(
        r#"{{"decimal_mark":"{}","date_order":"{}","code_hyphen":"{}","code_space":"{}","trunk_zero":"{}"}}"#,
        text(1, "point", "comma"),
        text(2, "dmy", "mdy"),
        text(4, "joint", "range"),
        text(8, "joint", "list"),
        text(16, "strip", "keep"),
    );
    serde_json::from_str(&json).expect("a mapping")
}

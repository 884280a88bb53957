//! Tests derived rates against worked examples, and checks that the minimum margin holds for every call.

use billing::derived::{DerivationRule, RuleError};
use billing::money::{Micros, Rounding, RoundingMode};
use billing::rating::{Pricing, amount, billed_seconds};
use billing::tariff::{BandPrice, MAX_PRICE, Rate};
use chrono::{DateTime, Utc};
use proptest::prelude::*;

fn m(text: &str) -> Micros {
    Micros::parse(text).unwrap()
}

fn rate(price: &str) -> Rate {
    Rate {
        prefix: "55".to_owned(),
        destination: "Brazil".to_owned(),
        price_per_minute: m(price),
        initial_price: None,
        connection_fee: Micros::ZERO,
        initial_increment: 30,
        increment: 6,
        minimum_charge: Micros::ZERO,
        free_seconds: 3,
        band_prices: Default::default(),
    }
}

fn rule(percent: &str, addition: &str, margin: Option<&str>, ending: Option<&str>) -> DerivationRule {
    DerivationRule {
        percent: m(percent),
        addition: m(addition),
        minimum_margin: margin.map(m),
        price_ending: ending.map(m),
        price_step: None,
    }
}

/// A rule that only rounds prices up to multiples of `step`.
fn step(step: &str) -> DerivationRule {
    DerivationRule { price_step: Some(m(step)), ..DerivationRule::default() }
}

#[test]
fn prices_by_hand() {
    for (source, rule, expected) in [
        ("0.10", rule("20", "0", None, None), "0.12"),
        ("0.10", rule("0", "0.015", None, None), "0.115"),
        ("0.10", rule("20", "0.01", None, None), "0.13"),
        // 0.000001 * 1.01 is rounded up
        ("0.000001", rule("1", "0", None, None), "0.000002"),
        ("0.10", rule("-20", "0", None, None), "0.08"),
        ("0.10", rule("-20", "0", Some("0.005"), None), "0.105"),
        ("0.10", rule("0", "-0.5", None, None), "0"),
        ("0.10", rule("20", "0", Some("0.05"), None), "0.15"),
        ("1.234", rule("0", "0", None, Some("0.09")), "1.29"),
        ("1.29", rule("0", "0", None, Some("0.09")), "1.29"),
        ("1.290001", rule("0", "0", None, Some("0.09")), "1.39"),
        ("1.234", rule("0", "0", None, Some("0.99")), "1.99"),
        ("1.234", rule("0", "0", None, Some("0.009")), "1.239"),
        ("1.96", rule("0", "0", None, Some("0.95")), "2.95"),
        ("123.4", rule("0", "0", None, Some("9")), "129"),
        // a free destination stays free, unless the rule adds a price
        ("0", rule("50", "0", None, Some("0.09")), "0"),
        ("0", rule("50", "0.01", None, Some("0.09")), "0.09"),
        ("1", rule("0", "0", None, Some("0.10")), "1.1"),
        ("0.294", step("0.01"), "0.3"),
        ("0.3", step("0.01"), "0.3"),
        ("1.210001", step("0.05"), "1.25"),
        ("1.01", step("2"), "2"),
        ("0", step("0.01"), "0"),
    ] {
        assert_eq!(rule.rate(&rate(source)).unwrap().price_per_minute, m(expected), "{source} {rule:?}");
    }
}

#[test]
fn everything_else_follows_the_source() {
    let night = BandPrice {
        price_per_minute: m("0.05"),
        initial_price: Some(m("0.06")),
        connection_fee: Some(m("0.01")),
    };
    let source = Rate {
        initial_price: Some(m("0.2")),
        connection_fee: m("0.04"),
        minimum_charge: m("0.1"),
        band_prices: [("night".to_owned(), night)].into(),
        ..rate("0.1")
    };
    let derived = rule("50", "0.001", None, None).rate(&source).unwrap();
    let night = BandPrice {
        price_per_minute: m("0.076"),
        initial_price: Some(m("0.091")),
        connection_fee: Some(m("0.015")),
    };
    let expected = Rate {
        price_per_minute: m("0.151"),
        initial_price: Some(m("0.301")),
        connection_fee: m("0.06"),
        minimum_charge: m("0.15"),
        band_prices: [("night".to_owned(), night)].into(),
        ..rate("0.1")
    };
    assert_eq!(derived, expected);
    // with a minimum margin, no fee is below the source's
    let cheaper = rule("-50", "0", Some("0"), None).rate(&source).unwrap();
    assert_eq!(cheaper, source);
}

#[test]
fn limits() {
    assert_eq!(rule("-100.000001", "0", None, None).validate(), Err(RuleError::Percent));
    assert_eq!(rule("10000.1", "0", None, None).validate(), Err(RuleError::Percent));
    assert_eq!(rule("0", "-1000001", None, None).validate(), Err(RuleError::Addition));
    assert_eq!(rule("0", "0", Some("-0.01"), None).validate(), Err(RuleError::MinimumMargin));
    assert_eq!(rule("0", "0", None, Some("0")).validate(), Err(RuleError::PriceEnding));
    assert_eq!(rule("0", "0", None, Some("1000")).validate(), Err(RuleError::PriceEnding));
    assert_eq!(rule("-100", "0", Some("0"), Some("999.999999")).validate(), Ok(()));
    assert_eq!(step("0").validate(), Err(RuleError::PriceStep));
    assert_eq!(step("1000").validate(), Err(RuleError::PriceStep));
    assert_eq!(step("999.999999").validate(), Ok(()));
    let both = DerivationRule { price_ending: Some(m("0.09")), ..step("0.01") };
    assert_eq!(both.validate(), Err(RuleError::EndingAndStep));
    let high = Rate { price_per_minute: MAX_PRICE, ..rate("0") };
    assert_eq!(rule("0", "0.01", None, None).rate(&high).unwrap_err().code, "PRICE_TOO_HIGH");
    assert_eq!(rule("0", "0", None, None).rate(&high).unwrap(), high);
}

fn any_rule() -> impl Strategy<Value = DerivationRule> {
    let ending = prop::sample::select(vec!["0.09", "0.99", "0.009", "0.5", "9", "0.000007"]);
    let percent = -100_000_000i64..500_000_000;
    (percent, -50_000i64..50_000, 0i64..40_000, prop::option::of(ending)).prop_map(
        |(percent, addition, margin, ending)| DerivationRule {
            percent: Micros(percent),
            addition: Micros(addition),
            minimum_margin: Some(Micros(margin)),
            price_ending: ending.map(m),
            price_step: None,
        },
    )
}

proptest! {
    #[test]
    fn the_minimum_margin_holds_for_every_call(
        rule in any_rule(), price in 0i64..3_000_000, initial in prop::option::of(0i64..3_000_000),
        fees in (0i64..100_000, 0i64..100_000), talk in 0u32..2_000,
    ) {
        prop_assert_eq!(rule.validate(), Ok(()));
        let source = Rate {
            price_per_minute: Micros(price),
            initial_price: initial.map(Micros),
            connection_fee: Micros(fees.0),
            minimum_charge: Micros(fees.1),
            ..rate("0")
        };
        let derived = rule.rate(&source).unwrap();
        let margin = rule.minimum_margin.unwrap();
        let least = source.price_per_minute.checked_add(margin).unwrap();
        prop_assert!(derived.price_per_minute >= least);
        if let Some(ending) = rule.price_ending.filter(|_| derived.price_per_minute > Micros::ZERO) {
            prop_assert!(derived.price_per_minute.to_string().ends_with(ending.to_string().trim_start_matches("0.").trim_start_matches('0')));
        }
        let exact = Rounding { decimals: 6, mode: RoundingMode::Down };
        let priced = |rate: &Rate| Pricing::freeze(rate, exact, &[], &Default::default(), chrono_tz::UTC);
        let at: DateTime<Utc> = "2026-11-23T15:00:00Z".parse().unwrap();
        let (cost, retail) = (amount(&priced(&source), at, talk), amount(&priced(&derived), at, talk));
        prop_assert!(retail >= cost, "{} < {}", retail, cost);
        // a source with a minimum charge may charge more than the price of the seconds; therefore, the margin is checked only if there is no minimum
        // charge
        if source.minimum_charge == Micros::ZERO {
            let seconds = i64::from(billed_seconds(&source, talk));
            prop_assert!(retail.0 + 1 >= cost.0 + margin.0 * seconds / 60);
        }
    }
}

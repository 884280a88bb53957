//! Tests money: text form, decimals, rounding.

use billing::money::{Currency, Micros, MoneyError, Rounding, RoundingMode, minor_unit_decimals, round_to};
use proptest::prelude::*;
use rust_decimal::Decimal;

#[test]
fn shows_plain_decimals() {
    for (micros, text) in [
        (42_400, "0.0424"),
        (12_000_000, "12"),
        (-1_500_000, "-1.5"),
        (0, "0"),
        (1, "0.000001"),
        (-1, "-0.000001"),
        (i64::MAX, "9223372036854.775807"),
        (i64::MIN, "-9223372036854.775808"),
    ] {
        assert_eq!(Micros(micros).to_string(), text);
        assert_eq!(Micros::parse(text), Ok(Micros(micros)));
    }
    assert_eq!(format!("{:>8}", Micros(1_500_000)), "     1.5");
}

#[test]
fn refuses_what_is_no_plain_decimal() {
    use MoneyError::{NotANumber, Overflow, TooManyDecimals};
    for text in [
        "",
        "-",
        ".",
        ".5",
        "5.",
        "+1",
        "1e2",
        "1,5",
        "1,234.50",
        " 1",
        "1 ",
        "--1",
        "1.2.3",
        "0x1",
        "١",
        "NaN",
        "1_0",
        "1.-5",
        "1.5e1",
        "\u{2212}1",
    ] {
        assert_eq!(Micros::parse(text), Err(NotANumber), "{text:?}");
    }
    assert_eq!(Micros::parse("0.12345678"), Err(TooManyDecimals));
    assert_eq!(Micros::parse("0.0000001"), Err(TooManyDecimals));
    assert_eq!(Micros::parse("0.12000000"), Ok(Micros(120_000)));
    assert_eq!(Micros::parse("9223372036854.775808"), Err(Overflow));
    assert_eq!(Micros::parse(&"9".repeat(10_000)), Err(Overflow));
    assert_eq!(Micros::parse(&"0".repeat(10_000)), Ok(Micros::ZERO));
}

#[test]
fn decimals_keep_six_places() {
    let decimal = |text: &str| text.parse::<Decimal>().unwrap();
    assert_eq!(Micros::from_decimal(decimal("0.1200000000")), Ok(Micros(120_000)));
    assert_eq!(Micros::from_decimal(decimal("0.1234567")), Err(MoneyError::TooManyDecimals));
    assert_eq!(Micros::from_decimal(Decimal::MAX), Err(MoneyError::Overflow));
    assert_eq!(Micros::from_decimal(Decimal::MIN), Err(MoneyError::Overflow));
    assert_eq!(Micros(i64::MIN).to_decimal().to_string(), "-9223372036854.775808");
}

#[test]
fn sums_overflow_with_an_error_and_only_at_the_end() {
    assert_eq!(Micros::MAX.checked_add(Micros(1)), Err(MoneyError::Overflow));
    assert_eq!(Micros(i64::MIN).checked_sub(Micros(1)), Err(MoneyError::Overflow));
    assert_eq!(Micros(i64::MIN).checked_neg(), Err(MoneyError::Overflow));
    assert_eq!(Micros::try_sum([Micros::MAX, Micros(1)]), Err(MoneyError::Overflow));
    assert_eq!(Micros::try_sum([Micros::MAX, Micros(1), Micros(-1)]), Ok(Micros::MAX));
    assert_eq!(Micros::try_sum([]), Ok(Micros::ZERO));
}

#[test]
fn rounds_by_mode_and_mirrors_negatives() {
    use RoundingMode::{Down, HalfUp, Up};
    for (amount, decimals, mode, rounded) in [
        (5_000, 2, HalfUp, 10_000),
        (4_999, 2, HalfUp, 0),
        (1, 2, Up, 10_000),
        (9_999, 2, Down, 0),
        (-5_000, 2, HalfUp, -10_000),
        (-4_999, 2, HalfUp, 0),
        (-1, 2, Up, -10_000),
        (-9_999, 2, Down, 0),
        (123_456, 6, Up, 123_456),
        (123_456, 9, Up, 123_456),
        (500_000, 0, HalfUp, 1_000_000),
    ] {
        assert_eq!(
            round_to(Micros(amount), decimals, mode),
            Ok(Micros(rounded)),
            "{amount} {decimals} {mode:?}"
        );
    }
    assert_eq!(round_to(Micros::MAX, 0, Up), Err(MoneyError::Overflow));
    assert_eq!(Rounding::new(7, Up), Err(MoneyError::TooManyDecimals));
    assert!(serde_json::from_str::<Rounding>(r#"{"decimals":7,"mode":"UP"}"#).is_err());
    assert_eq!(
        serde_json::from_str::<Rounding>(r#"{"decimals":4,"mode":"HALF_UP"}"#).unwrap(),
        Rounding::default()
    );
}

#[test]
fn currencies_are_three_capitals() {
    assert_eq!(Currency::parse("BRL").unwrap().to_string(), "BRL");
    for text in ["", "BR", "brl", "BRLX", "B1L", "R$ ", "ÃB"] {
        assert!(Currency::parse(text).is_err(), "{text:?}");
    }
    assert_eq!(serde_json::to_string(&Currency::parse("BRL").unwrap()).unwrap(), r#""BRL""#);
    assert!(serde_json::from_str::<Currency>(r#""brl""#).is_err());
    for (currency, decimals) in [("BRL", 2), ("PYG", 0), ("JPY", 0), ("CLP", 0), ("KWD", 3), ("CLF", 4)] {
        assert_eq!(minor_unit_decimals(currency), decimals);
        assert_eq!(Currency::parse(currency).unwrap().minor_unit_decimals(), decimals);
    }
}

proptest! {
    #[test]
    fn text_and_decimals_round_trip(micros: i64) {
        let amount = Micros(micros);
        prop_assert_eq!(Micros::parse(&amount.to_string()), Ok(amount));
        prop_assert_eq!(Micros::from_decimal(amount.to_decimal()), Ok(amount));
        prop_assert_eq!(amount.to_decimal().to_string(), amount.to_string());
    }

    #[test]
    fn any_text_is_answered(text in ".*") {
        if let Ok(amount) = Micros::parse(&text) {
            prop_assert_eq!(Some(amount.to_decimal()), text.parse::<Decimal>().ok().map(|value| value.normalize()));
        }
    }

    #[test]
    fn half_up_is_nearest(micros in -1_000_000_000_000i64..1_000_000_000_000, decimals in 0u8..=6) {
        let rounded = round_to(Micros(micros), decimals, RoundingMode::HalfUp).unwrap().0;
        let unit = 10i64.pow(6 - u32::from(decimals));
        prop_assert_eq!(rounded % unit, 0);
        prop_assert!((rounded - micros).abs() * 2 <= unit);
    }
}

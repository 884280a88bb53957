//! Tests the country of numbers and prefixes.

use billing::country::{common_country, country_of, country_of_number};
use proptest::prelude::*;

#[test]
fn numbers_and_prefixes_have_a_country() {
    let cases = [
        ("5511987654321", "BR"),
        ("55", "BR"),
        ("351912345678", "PT"),
        ("13055550123", "US"),
        ("1416", "CA"),
        ("18765550123", "JM"),
        ("17875550123", "PR"),
        ("1809", "DO"),
        ("74951234567", "RU"),
        ("7", "RU"),
        ("77011234567", "KZ"),
        ("44", "GB"),
        ("441624", "IM"),
        ("442071838750", "GB"),
        ("3906698", "VA"),
        ("390612345678", "IT"),
        ("599", "CW"),
        ("5997", "BQ"),
        ("262639", "YT"),
        ("383", "XK"),
        ("247", "SH"),
        ("998", "UZ"),
    ];
    for (digits, country) in cases {
        assert_eq!(country_of(digits), Some(country), "{digits}");
    }
}

#[test]
fn what_belongs_to_no_single_country_has_none() {
    let none = [
        "",
        "1",
        "130",
        "18005550123",
        "1900",
        "1911",
        "1500",
        "870",
        "881612345678",
        "883",
        "800",
        "979",
        "210",
        "190",
        "+55",
        "5a",
    ];
    for digits in none {
        assert_eq!(country_of(digits), None, "{digits}");
    }
}

#[test]
fn a_short_number_has_no_country() {
    // 40 is Romania's calling code
    assert_eq!((country_of("4004"), country_of_number("4004")), (Some("RO"), None));
    assert_eq!(country_of_number("6834001"), Some("NU"));
}

#[test]
fn a_destination_has_a_country_if_its_numbers_agree() {
    assert_eq!(common_country(["13055550123", "12125550123"]), Some("US"));
    assert_eq!(common_country(["13055550123", "14165550123"]), None);
    assert_eq!(common_country(["881612345678", "5511987654321"]), None);
    assert_eq!(common_country([]), None);
}

proptest! {
    #[test]
    fn a_country_is_two_capital_letters(digits in "[0-9]{0,16}") {
        if let Some(country) = country_of(&digits) {
            prop_assert!(country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()));
        }
    }
}

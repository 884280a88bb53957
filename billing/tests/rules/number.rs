//! Tests the normalization of dialed numbers.

use billing::number::{DialPlan, Dialed, E164, NumberError, format_international};
use proptest::prelude::*;

fn number(e164: &str, carrier: Option<&str>) -> Result<Dialed, NumberError> {
    Ok(Dialed::Number { e164: E164::parse(e164).unwrap(), carrier: carrier.map(str::to_owned) })
}

#[test]
fn brazil_reads_every_way_to_dial() {
    let plan = DialPlan::brazil("11");
    plan.validate().unwrap();
    for (dialed, e164, carrier) in [
        ("+5511987654321", "5511987654321", None),
        (" +55 (11) 98765-4321", "5511987654321", None),
        ("+55.21.3333/4444", "552133334444", None),
        ("98765-4321", "5511987654321", None),
        ("3333-4444", "551133334444", None),
        ("21987654321", "5521987654321", None),
        ("2133334444", "552133334444", None),
        ("021 98765-4321", "5521987654321", None),
        ("02133334444", "552133334444", None),
        ("0 21 11 98765-4321", "5511987654321", Some("21")),
        ("0 41 11 3333-4444", "551133334444", Some("41")),
        ("0 55 55 3333-4444", "555533334444", Some("55")),
        ("0800 123 4567", "558001234567", None),
        ("5511987654321", "5511987654321", None),
        ("551133334444", "551133334444", None),
        ("55 3333-4444", "555533334444", None),
        ("00 21 1 305 555 1234", "13055551234", Some("21")),
        ("00 14 44 20 7946 0958", "442079460958", Some("14")),
        ("00 31 55 11 98765-4321", "5511987654321", Some("31")),
        // these numbers have no carrier code: some belong to the plan's own country; the others would be invalid if two of their digits were read as
        // a carrier code
        ("00 55 11 98765-4321", "5511987654321", None),
        ("00 55 31 98765-4321", "5531987654321", None),
        ("00 1 305 555 1234", "13055551234", None),
        ("+1 305 555 1234", "13055551234", None),
        ("+595 21 123456", "59521123456", None),
    ] {
        assert_eq!(plan.normalize(dialed), number(e164, carrier), "{dialed}");
    }
}

#[test]
fn short_and_emergency_numbers_match_exactly_and_first() {
    let plan = DialPlan::brazil("11");
    assert_eq!(plan.normalize("190"), Ok(Dialed::Emergency { number: "190".to_owned() }));
    assert_eq!(plan.normalize("1-9-0"), Ok(Dialed::Emergency { number: "190".to_owned() }));
    assert!(matches!(plan.normalize("188"), Ok(Dialed::Short { number, .. }) if number == "188"));
    // the number +1 90… is not an emergency number, and neither is a longer number that begins with 190
    assert_eq!(plan.normalize("+190"), Err(NumberError::TooShort));
    assert_eq!(plan.normalize("1901"), Err(NumberError::TooShort));
    assert_eq!(plan.normalize("0190"), Err(NumberError::TooShort));
    let spain = DialPlan::for_country("ES");
    assert_eq!(spain.normalize("061"), Ok(Dialed::Emergency { number: "061".to_owned() }));
    let mut own = DialPlan::brazil("11");
    own.short.insert("*9".to_owned(), "Balcão".to_owned());
    own.validate().unwrap();
    assert!(matches!(own.normalize("*9"), Ok(Dialed::Short { name, .. }) if name == "Balcão"));
}

#[test]
fn brazil_refuses_garbage() {
    use NumberError::{Empty, InvalidCharacter, InvalidNational, TooLong, TooShort, UnknownCountryCode};
    let plan = DialPlan::brazil("11");
    for (dialed, error) in [
        ("", Empty),
        ("  -  ", Empty),
        ("+", Empty),
        ("abc", InvalidCharacter),
        ("11 98765-432a", InvalidCharacter),
        ("98765\n4321", InvalidCharacter),
        ("98765\0", InvalidCharacter),
        ("٩٨٧٦٥٤٣٢١", InvalidCharacter),
        ("55+11987654321", InvalidCharacter),
        ("++5511987654321", InvalidCharacter),
        ("*31#98765432", InvalidCharacter),
        ("+1234567890123456", TooLong),
        ("+551198765432100", TooLong),
        ("+55119", TooShort),
        ("+0551198765", UnknownCountryCode),
        ("+999 12345678", UnknownCountryCode),
        ("+1 205 155 1234", InvalidNational),
        ("+55 10 98765-4321", InvalidNational),
        ("01", TooShort),
        ("7654321", TooShort),
        ("187654321", InvalidNational),
    ] {
        assert_eq!(plan.normalize(dialed), Err(error), "{dialed:?}");
    }
    assert_eq!(plan.normalize(&"9".repeat(65)), Err(TooLong));
    let mut no_area = plan;
    no_area.area_code = None;
    assert_eq!(no_area.normalize("98765-4321"), Err(NumberError::AreaCodeMissing));
}

#[test]
fn other_countries() {
    for (country, area, dialed, e164) in [
        ("US", None, "305 555 1234", "13055551234"),
        ("US", None, "1 305 555 1234", "13055551234"),
        ("US", Some("305"), "555 1234", "13055551234"),
        ("US", None, "011 55 11 98765 4321", "5511987654321"),
        ("US", None, "00 55 11 98765 4321", "5511987654321"),
        ("GB", None, "020 7946 0958", "442079460958"),
        ("GB", Some("20"), "7946 0958", "442079460958"),
        ("PT", None, "912 345 678", "351912345678"),
        ("PT", None, "00351912345678", "351912345678"),
        ("PY", None, "0981 123456", "595981123456"),
        ("AR", Some("11"), "4321 1234", "541143211234"),
        ("IT", None, "06 1234 5678", "390612345678"),
        ("ZZ", None, "5511987654321", "5511987654321"),
        ("ZZ", None, "+5511987654321", "5511987654321"),
        ("ZZ", None, "00 55 11 98765 4321", "5511987654321"),
    ] {
        let mut plan = DialPlan::for_country(country);
        plan.area_code = area.map(str::to_owned);
        plan.validate().unwrap();
        assert_eq!(plan.normalize(dialed), number(e164, None), "{country} {dialed}");
    }
    assert_eq!(DialPlan::for_country("ZZ").normalize("1234"), Err(NumberError::TooShort));
    assert_eq!(DialPlan::for_country("US").normalize("5551234"), Err(NumberError::AreaCodeMissing));
}

/// The carrier codes are 5, 7, 9, 414, 444 and 456; each follows 00.
#[test]
fn colombia_reads_the_codes_of_its_carriers() {
    let plan = DialPlan::for_country("CO");
    for (dialed, e164) in [
        ("005 1 305 555 1234", "13055551234"),
        ("007 34 912 345 678", "34912345678"),
        ("009 1 305 555 1234", "13055551234"),
        ("009 57 601 234 5678", "576012345678"),
        ("00414 44 20 7946 0958", "442079460958"),
        ("00444 51 987 654 321", "51987654321"),
        ("00456 1 312 345 6789", "13123456789"),
        ("005 7 495 123 4567", "74951234567"),
        // these numbers have no carrier code: no code matches their first digits, no valid number would remain after a matching code, or the number
        // belongs to the plan's own country
        ("00 1 305 555 1234", "13055551234"),
        ("00 51 987 654 321", "51987654321"),
        ("00 44 20 7946 0958", "442079460958"),
        ("00 57 601 234 5678", "576012345678"),
        ("00 57 310 123 4567", "573101234567"),
        ("310 123 4567", "573101234567"),
        ("601 234 5678", "576012345678"),
    ] {
        assert_eq!(plan.normalize(dialed), number(e164, None), "{dialed}");
    }
    assert_eq!(plan.normalize("005"), Err(NumberError::Empty));
    assert_eq!(plan.normalize("201 234 5678"), Err(NumberError::InvalidNational));
}

/// Numbers that were replaced or never activated are not emergency numbers; numbers that libphonenumber or an authority names are emergency numbers.
#[test]
fn emergency_numbers_are_those_in_service() {
    for (country, emergency, others) in [
        ("AO", &["111", "112", "115"][..], &["110"][..]),
        ("BO", &["110", "118", "119"], &["911"]),
        ("BR", &["190", "192", "193"], &["128"]),
        ("CL", &["131", "133", "911"], &[]),
        ("CO", &["112", "119", "123", "125", "132", "156"], &[]),
        ("ES", &["061", "062", "080", "085", "112"], &["088"]),
        ("IN", &["100", "108", "112"], &["1298", "2611"]),
        ("MX", &["911"], &["060", "061", "065", "066", "068", "080"]),
        ("PE", &["105", "106", "116", "117"], &[]),
        ("PT", &["112", "117"], &["115"]),
        ("UY", &["104", "128", "911"], &[]),
    ] {
        let plan = DialPlan::for_country(country);
        let is_emergency = |dialed: &&str| matches!(plan.normalize(dialed), Ok(Dialed::Emergency { .. }));
        assert!(emergency.iter().all(&is_emergency), "{country}");
        assert!(!others.iter().any(&is_emergency), "{country}");
    }
}

#[test]
fn every_known_plan_is_valid_and_round_trips() {
    for country in [
        "AO", "AR", "BO", "BR", "CA", "CL", "CO", "DE", "ES", "FR", "GB", "IN", "IT", "MX", "PE", "PT", "PY",
        "US", "UY", "ZZ",
    ] {
        let plan = DialPlan::for_country(country);
        plan.validate().unwrap();
        assert_eq!(plan.country_code.is_empty(), country == "ZZ");
        let json = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<DialPlan>(&json).unwrap(), plan);
        for number in &plan.emergency {
            assert_eq!(plan.normalize(number), Ok(Dialed::Emergency { number: number.clone() }));
        }
    }
}

#[test]
fn bad_plans_are_refused() {
    type Damage = fn(&mut DialPlan);
    let damages: [(&str, Damage); 9] = [
        ("country", |plan| plan.country = "br".to_owned()),
        ("country_code", |plan| plan.country_code = "999".to_owned()),
        ("area_code", |plan| plan.area_code = Some("1a".to_owned())),
        ("international_prefixes", |plan| plan.international_prefixes = vec![String::new()]),
        ("trunk_prefix", |plan| plan.trunk_prefix = Some(String::new())),
        ("carrier_code_digits", |plan| plan.carrier_code_digits = 9),
        ("max_national", |plan| plan.max_national = 14),
        ("emergency", |plan| _ = plan.emergency.insert("nine".to_owned())),
        ("short", |plan| _ = plan.short.insert("1".to_owned(), String::new())),
    ];
    for (field, damage) in damages {
        let mut plan = DialPlan::brazil("11");
        damage(&mut plan);
        assert_eq!(plan.validate().unwrap_err().field, field);
    }
}

#[test]
fn formats_for_people() {
    for (digits, text) in [
        ("5511987654321", "+55 11 98765-4321"),
        ("551133334444", "+55 11 3333-4444"),
        ("558001234567", "+55 800 123-4567"),
        ("13055551234", "+1 305 555-1234"),
        ("442079460958", "+44 2079460958"),
        ("59521123456", "+595 21123456"),
        ("999123", "+999123"),
        ("55", "+55"),
    ] {
        assert_eq!(format_international(&E164::parse(digits).unwrap()), text);
    }
    assert_eq!(E164::parse("5511").unwrap().to_string(), "+5511");
    assert!(serde_json::from_str::<E164>(r#""+5511""#).is_err());
    assert!(serde_json::from_str::<E164>(r#""1234567890123456""#).is_err());
}

proptest! {
    #[test]
    fn whatever_is_dialled_is_answered(dialed in ".*", country in prop::sample::select(vec!["BR", "US", "DE", "ZZ"])) {
        let mut plan = DialPlan::for_country(country);
        plan.area_code = Some("11".to_owned());
        if let Ok(Dialed::Number { e164, .. }) = plan.normalize(&dialed) {
            prop_assert!(E164::parse(e164.as_str()).is_ok());
            prop_assert!(e164.as_str().len() >= 7);
        }
    }

    #[test]
    fn digits_and_separators_are_answered(dialed in "[+]?[0-9 ()./*#-]{0,30}") {
        let plan = DialPlan::brazil("11");
        if let Ok(Dialed::Number { e164, .. }) = plan.normalize(&dialed) {
            // normalizing a normalized number does not change it
            let again = plan.normalize(&e164.to_string());
            prop_assert_eq!(again, Ok(Dialed::Number { e164: e164.clone(), carrier: None }));
            prop_assert!(format_international(&e164).starts_with('+'));
        }
    }
}

//! The country of a number, from its first digits.
//!
//! The tables come from the ITU's list of assigned codes and the North American area codes. The phonenumber crate has the same data, but it answers
//! only for complete valid numbers, whereas a price list has prefixes.

use crate::number::{MIN_INTERNATIONAL_DIGITS, calling_code};

/// Country calling codes, sorted by code, each with the country that has most of its numbers. Kosovo has the user-assigned code XK, as in CLDR. The
/// codes 247 and 290 belong to the same ISO 3166-1 country. North America (1) and the global services are missing.
const COUNTRIES: &[(&str, &str)] = &[
    ("20", "EG"),
    ("211", "SS"),
    ("212", "MA"),
    ("213", "DZ"),
    ("216", "TN"),
    ("218", "LY"),
    ("220", "GM"),
    ("221", "SN"),
    ("222", "MR"),
    ("223", "ML"),
    ("224", "GN"),
    ("225", "CI"),
    ("226", "BF"),
    ("227", "NE"),
    ("228", "TG"),
    ("229", "BJ"),
    ("230", "MU"),
    ("231", "LR"),
    ("232", "SL"),
    ("233", "GH"),
    ("234", "NG"),
    ("235", "TD"),
    ("236", "CF"),
    ("237", "CM"),
    ("238", "CV"),
    ("239", "ST"),
    ("240", "GQ"),
    ("241", "GA"),
    ("242", "CG"),
    ("243", "CD"),
    ("244", "AO"),
    ("245", "GW"),
    ("246", "IO"),
    ("247", "SH"),
    ("248", "SC"),
    ("249", "SD"),
    ("250", "RW"),
    ("251", "ET"),
    ("252", "SO"),
    ("253", "DJ"),
    ("254", "KE"),
    ("255", "TZ"),
    ("256", "UG"),
    ("257", "BI"),
    ("258", "MZ"),
    ("260", "ZM"),
    ("261", "MG"),
    ("262", "RE"),
    ("263", "ZW"),
    ("264", "NA"),
    ("265", "MW"),
    ("266", "LS"),
    ("267", "BW"),
    ("268", "SZ"),
    ("269", "KM"),
    ("27", "ZA"),
    ("290", "SH"),
    ("291", "ER"),
    ("297", "AW"),
    ("298", "FO"),
    ("299", "GL"),
    ("30", "GR"),
    ("31", "NL"),
    ("32", "BE"),
    ("33", "FR"),
    ("34", "ES"),
    ("350", "GI"),
    ("351", "PT"),
    ("352", "LU"),
    ("353", "IE"),
    ("354", "IS"),
    ("355", "AL"),
    ("356", "MT"),
    ("357", "CY"),
    ("358", "FI"),
    ("359", "BG"),
    ("36", "HU"),
    ("370", "LT"),
    ("371", "LV"),
    ("372", "EE"),
    ("373", "MD"),
    ("374", "AM"),
    ("375", "BY"),
    ("376", "AD"),
    ("377", "MC"),
    ("378", "SM"),
    ("380", "UA"),
    ("381", "RS"),
    ("382", "ME"),
    ("383", "XK"),
    ("385", "HR"),
    ("386", "SI"),
    ("387", "BA"),
    ("389", "MK"),
    ("39", "IT"),
    ("40", "RO"),
    ("41", "CH"),
    ("420", "CZ"),
    ("421", "SK"),
    ("423", "LI"),
    ("43", "AT"),
    ("44", "GB"),
    ("45", "DK"),
    ("46", "SE"),
    ("47", "NO"),
    ("48", "PL"),
    ("49", "DE"),
    ("500", "FK"),
    ("501", "BZ"),
    ("502", "GT"),
    ("503", "SV"),
    ("504", "HN"),
    ("505", "NI"),
    ("506", "CR"),
    ("507", "PA"),
    ("508", "PM"),
    ("509", "HT"),
    ("51", "PE"),
    ("52", "MX"),
    ("53", "CU"),
    ("54", "AR"),
    ("55", "BR"),
    ("56", "CL"),
    ("57", "CO"),
    ("58", "VE"),
    ("590", "GP"),
    ("591", "BO"),
    ("592", "GY"),
    ("593", "EC"),
    ("594", "GF"),
    ("595", "PY"),
    ("596", "MQ"),
    ("597", "SR"),
    ("598", "UY"),
    ("599", "CW"),
    ("60", "MY"),
    ("61", "AU"),
    ("62", "ID"),
    ("63", "PH"),
    ("64", "NZ"),
    ("65", "SG"),
    ("66", "TH"),
    ("670", "TL"),
    ("672", "NF"),
    ("673", "BN"),
    ("674", "NR"),
    ("675", "PG"),
    ("676", "TO"),
    ("677", "SB"),
    ("678", "VU"),
    ("679", "FJ"),
    ("680", "PW"),
    ("681", "WF"),
    ("682", "CK"),
    ("683", "NU"),
    ("685", "WS"),
    ("686", "KI"),
    ("687", "NC"),
    ("688", "TV"),
    ("689", "PF"),
    ("690", "TK"),
    ("691", "FM"),
    ("692", "MH"),
    ("7", "RU"),
    ("81", "JP"),
    ("82", "KR"),
    ("84", "VN"),
    ("850", "KP"),
    ("852", "HK"),
    ("853", "MO"),
    ("855", "KH"),
    ("856", "LA"),
    ("86", "CN"),
    ("880", "BD"),
    ("886", "TW"),
    ("90", "TR"),
    ("91", "IN"),
    ("92", "PK"),
    ("93", "AF"),
    ("94", "LK"),
    ("95", "MM"),
    ("960", "MV"),
    ("961", "LB"),
    ("962", "JO"),
    ("963", "SY"),
    ("964", "IQ"),
    ("965", "KW"),
    ("966", "SA"),
    ("967", "YE"),
    ("968", "OM"),
    ("970", "PS"),
    ("971", "AE"),
    ("972", "IL"),
    ("973", "BH"),
    ("974", "QA"),
    ("975", "BT"),
    ("976", "MN"),
    ("977", "NP"),
    ("98", "IR"),
    ("992", "TJ"),
    ("993", "TM"),
    ("994", "AZ"),
    ("995", "GE"),
    ("996", "KG"),
    ("998", "UZ"),
];

/// Parts of a calling code that belong to a different country than the rest of the code.
const PARTS: &[(&str, &str)] = &[
    ("2125288", "EH"),
    ("2125289", "EH"),
    ("262269", "YT"),
    ("262639", "YT"),
    ("35818", "AX"),
    ("3906698", "VA"),
    ("441481", "GG"),
    ("441534", "JE"),
    ("441624", "IM"),
    ("447509", "JE"),
    ("447524", "IM"),
    ("447624", "IM"),
    ("447781", "GG"),
    ("447797", "JE"),
    ("447829", "JE"),
    ("447839", "GG"),
    ("447924", "IM"),
    ("447937", "JE"),
    ("4779", "SJ"),
    ("5993", "BQ"),
    ("5994", "BQ"),
    ("5997", "BQ"),
    ("6189162", "CC"),
    ("6189164", "CX"),
    ("6721", "AQ"),
    ("76", "KZ"),
    ("77", "KZ"),
];

/// The ISO 3166-1 alpha-2 code of the country to which a number or prefix belongs. `digits` are E.164 digits without "+".
///
/// Returns `None` if no single country is certain: for satellite and other global services, for short numbers, for the prefix 1 without an area code,
/// and for North American numbers that are not tied to a place. If several countries share a code, such as 44, the result is the largest of these
/// countries, unless further digits determine the country.
pub fn country_of(digits: &str) -> Option<&'static str> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let code = calling_code(digits)?;
    if code == "1" {
        return north_american(digits.get(1..4)?.parse().ok()?);
    }
    if let Some((_, country)) = PARTS.iter().find(|(prefix, _)| digits.starts_with(prefix)) {
        return Some(country);
    }
    let at = COUNTRIES.binary_search_by_key(&code, |(code, _)| code).ok()?;
    COUNTRIES.get(at).map(|(_, country)| *country)
}

/// The calling codes of a country; empty if they are not known.
pub(crate) fn calling_codes(country: &str) -> Vec<&'static str> {
    let listed = COUNTRIES.iter().chain(PARTS).filter(|(_, of)| *of == country);
    let mut found: Vec<&str> = listed.filter_map(|(prefix, _)| calling_code(prefix)).collect();
    if (200..1000).any(|area| north_american(area) == Some(country)) {
        found.push("1");
    }
    found
}

/// Like [`country_of`], but for the number of a call. The result is also `None` for emergency and short numbers, which are not E.164.
pub fn country_of_number(digits: &str) -> Option<&'static str> {
    country_of(digits).filter(|_| digits.len() >= MIN_INTERNATIONAL_DIGITS)
}

/// The country of these calls' numbers, if all the numbers belong to the same country.
pub fn common_country<'a>(numbers: impl IntoIterator<Item = &'a str>) -> Option<&'static str> {
    let mut countries = numbers.into_iter().map(country_of_number);
    let first = countries.next()??;
    countries.all(|country| country == Some(first)).then_some(first)
}

/// The country of a North American area code. An area code that can be geographic but is not listed belongs to the United States.
fn north_american(area: u16) -> Option<&'static str> {
    Some(match area {
        204 | 226 | 236 | 249 | 250 | 257 | 263 | 289 | 306 | 343 | 354 | 365 | 367 | 368 | 382 | 403
        | 416 | 418 | 428 | 431 | 437 | 438 | 450 | 468 | 474 | 506 | 514 | 519 | 548 | 579 | 581 | 584
        | 587 | 604 | 613 | 639 | 647 | 672 | 683 | 705 | 709 | 742 | 753 | 778 | 780 | 782 | 807 | 819
        | 825 | 867 | 873 | 879 | 902 | 905 | 942 => "CA",
        242 => "BS",
        246 => "BB",
        264 => "AI",
        268 => "AG",
        284 => "VG",
        340 => "VI",
        345 => "KY",
        441 => "BM",
        473 => "GD",
        649 => "TC",
        658 | 876 => "JM",
        664 => "MS",
        670 => "MP",
        671 => "GU",
        684 => "AS",
        721 => "SX",
        758 => "LC",
        767 => "DM",
        784 => "VC",
        787 | 939 => "PR",
        809 | 829 | 849 => "DO",
        868 => "TT",
        869 => "KN",
        _ if is_geographic(area) => "US",
        _ => return None,
    })
}

/// Whether an area code can be geographic. Toll-free, personal, premium and special services have codes of their own, and N11, N9X, 37X and 96X are
/// not area codes.
fn is_geographic(area: u16) -> bool {
    let (second, last_two) = (area / 10 % 10, area % 100);
    let is_code = (200..1000).contains(&area) && last_two != 11 && second != 9;
    let is_service = matches!(
        area,
        370..=379 | 456 | 500 | 521..=529 | 532 | 533 | 544 | 566 | 577 | 588 | 600 | 622 | 633 | 700 | 710 | 800
            | 822 | 833 | 844 | 855 | 866 | 877 | 880..=889 | 900 | 960..=969
    );
    is_code && !is_service
}

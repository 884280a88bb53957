//! Converts dialed digits to the E.164 number that is rated.
//!
//! The rules in this list are tried in order, and the first rule that matches decides:
//!
//! 1. Separators (space, `-`, `.`, `(`, `)`, `/`) are removed; any other non-digit is an error.
//! 2. Emergency and short numbers match only exactly, never as a prefix of a longer number.
//! 3. After `+`, the digits are an E.164 number.
//! 4. After an international prefix (`00`, `011`), the digits are an E.164 number. Where callers choose a carrier (Brazil), the carrier's two digits
//!    come between prefix and number: `00 21 1 305…`. A number without a carrier code is accepted if the plan's own country code and a complete
//!    national number follow (`00 55 11 9…`). A number without a carrier code is also accepted if reading two of its digits as a carrier code leaves
//!    no valid number. Where carrier codes differ in length (Colombia), the plan has a prefix for each carrier (`005`, `00456`). If several prefixes
//!    match, the longest prefix that leaves a valid number counts, unless a different prefix is followed by the plan's own country code and a
//!    complete national number.
//! 5. After a trunk prefix, the digits are a national number; in Brazil, a carrier code may come between them. The length shows whether there is a
//!    carrier code. Without a carrier code, a two-digit area code and a number of eight or nine digits have 10 or 11 digits; with a carrier code,
//!    they have 12 or 13 digits.
//! 6. If there is no prefix, the length identifies a national number. If a number is shorter than a national number, it is a local number and gets
//!    the shop's area code. A number that starts with the plan's country code and continues with a complete national number is E.164.
//!
//! Plans without national rules ([`DialPlan::for_country`] for a country that is not in the table) read all digits as E.164.
//!
//! This crate has its own table of countries, because the phonenumber crate cannot provide all of the table's data. The phonenumber crate has no
//! emergency numbers. The international prefixes of phonenumber are regular expressions, but a shop edits literal prefixes. The number lengths of
//! phonenumber cover all kinds of numbers together. Therefore, these lengths cannot distinguish a local number from a complete number. In addition,
//! all matches in the phonenumber crate share one lock, and every call attempt would have to take that lock.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// Maximum length of a dial string in bytes.
pub const MAX_DIALED_BYTES: usize = 64;
/// Number of digits of the longest E.164 number.
pub const MAX_E164_DIGITS: usize = 15;
/// Number of digits of the shortest international number, country code included (Niue: 683 and four digits).
pub(crate) const MIN_INTERNATIONAL_DIGITS: usize = 7;
/// Maximum number of entries in each table of a dial plan.
const MAX_PLAN_ENTRIES: usize = 200;

/// An E.164 number: 1 to 15 digits without the plus sign. `Display` adds the plus sign.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct E164(String);

impl E164 {
    /// Parses 1 to 15 digits that do not begin with 0.
    pub fn parse(digits: &str) -> Result<E164, NumberError> {
        if digits.is_empty() {
            return Err(NumberError::Empty);
        }
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NumberError::InvalidCharacter);
        }
        if digits.len() > MAX_E164_DIGITS {
            return Err(NumberError::TooLong);
        }
        if digits.starts_with('0') {
            return Err(NumberError::UnknownCountryCode);
        }
        Ok(E164(digits.to_owned()))
    }

    /// The digits without the plus sign, in the form that rate prefixes match.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The country calling code, if the ITU has assigned it.
    pub fn country_code(&self) -> Option<&str> {
        calling_code(&self.0)
    }
}

impl TryFrom<String> for E164 {
    type Error = NumberError;

    fn try_from(digits: String) -> Result<E164, NumberError> {
        E164::parse(&digits)
    }
}

impl From<E164> for String {
    fn from(number: E164) -> String {
        number.0
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

/// Why a number cannot be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum NumberError {
    /// Nothing was dialed.
    #[error("No number was dialed.")]
    Empty,
    /// The number has more than fifteen digits, or more than the country allows.
    #[error("The number is too long.")]
    TooLong,
    /// The number has fewer digits than the country allows.
    #[error("The number is too short.")]
    TooShort,
    /// The number has a character that is neither a digit nor a separator.
    #[error("The number has a character that cannot be dialed.")]
    InvalidCharacter,
    /// No country has this calling code.
    #[error("No country has this calling code.")]
    UnknownCountryCode,
    /// A local number was dialed, but the shop has no area code.
    #[error("The area code is missing; dial it before the number.")]
    AreaCodeMissing,
    /// The digits are not a valid number of the country.
    #[error("The number is not valid in this country.")]
    InvalidNational,
}

impl NumberError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            NumberError::Empty => "NUMBER_EMPTY",
            NumberError::TooLong => "NUMBER_TOO_LONG",
            NumberError::TooShort => "NUMBER_TOO_SHORT",
            NumberError::InvalidCharacter => "NUMBER_INVALID_CHARACTER",
            NumberError::UnknownCountryCode => "UNKNOWN_COUNTRY_CODE",
            NumberError::AreaCodeMissing => "AREA_CODE_MISSING",
            NumberError::InvalidNational => "INVALID_NATIONAL_NUMBER",
        }
    }
}

/// Why a dial plan is rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct DialPlanError {
    /// The name of the invalid field of [`DialPlan`].
    pub field: &'static str,
    /// The message as a sentence for a person to read.
    pub message: String,
}

impl DialPlanError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        "INVALID_DIAL_PLAN"
    }
}

/// How a dialed number was classified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Dialed {
    /// An emergency number, which is free and may always be called, from any phone.
    Emergency {
        /// The number as dialed, without separators.
        number: String,
    },
    /// A short number of the plan.
    Short {
        /// The number as dialed, without separators.
        number: String,
        /// The service's name in the plan.
        name: String,
    },
    /// Any other number.
    Number {
        /// The number in E.164.
        e164: E164,
        /// The carrier code that the caller dialed, if the plan has carrier codes.
        carrier: Option<String>,
    },
}

/// The dialing rules of a shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialPlan {
    /// The country, ISO 3166 (two capital letters).
    pub country: String,
    /// The country's calling code; empty in a plan that accepts only international numbers.
    pub country_code: String,
    /// The shop's area code, added to local numbers.
    #[serde(default)]
    pub area_code: Option<String>,
    /// Prefixes of international numbers.
    pub international_prefixes: Vec<String>,
    /// Prefix of national numbers.
    #[serde(default)]
    pub trunk_prefix: Option<String>,
    /// Number of digits of a carrier code, which follows the trunk or international prefix; 0 if the country has no carrier codes.
    #[serde(default)]
    pub carrier_code_digits: u8,
    /// Number of digits of the shortest national number, area code included.
    pub min_national: u8,
    /// Number of digits of the longest national number, area code included.
    pub max_national: u8,
    /// Emergency numbers.
    pub emergency: BTreeSet<String>,
    /// Short numbers and their names.
    #[serde(default)]
    pub short: BTreeMap<String, String>,
}

/// A country's dialing rules: ISO code, calling code, international prefixes, trunk prefix, minimum and maximum digits of a national number,
/// emergency numbers. The prefixes and lengths come from the ITU's national numbering plans.
type CountryRule =
    (&'static str, &'static str, &'static [&'static str], &'static str, u8, u8, &'static [&'static str]);

/// The emergency numbers come from libphonenumber's short numbers (release 9.0.33), except where a comment names another source. A number that was
/// replaced, or that was never activated, is left out; a shop can add numbers to its own plan.
const COUNTRIES: &[CountryRule] = &[
    // 111: Ministério do Interior, 2020
    ("AO", "244", &["00"], "", 9, 9, &["111", "112", "113", "115"]),
    ("AR", "54", &["00"], "0", 10, 11, &["100", "101", "107", "911"]),
    ("BO", "591", &["00"], "0", 8, 8, &["110", "118", "119"]),
    // Anatel, Serviços Públicos de Emergência; 128 (Mercosul) was never activated
    (
        "BR",
        "55",
        &["00"],
        "0",
        10,
        11,
        &["112", "190", "191", "192", "193", "194", "197", "198", "199", "911"],
    ),
    ("CA", "1", &["011", "00"], "1", 10, 10, &["112", "911"]),
    // 134 and 137: Servicio Nacional de Turismo
    ("CL", "56", &["00"], "", 9, 9, &["131", "132", "133", "134", "137", "911"]),
    // 125: ambulances. Each international prefix except 00 includes the code of a carrier (Comisión de Regulación de Comunicaciones)
    (
        "CO",
        "57",
        &["00", "00414", "00444", "00456", "005", "007", "009"],
        "0",
        10,
        10,
        &["112", "119", "123", "125", "132", "156"],
    ),
    ("DE", "49", &["00"], "0", 6, 12, &["110", "112"]),
    // 061, 062, 080, 091 and 092: Plan Nacional de Numeración; 088 became 112 in 2008
    ("ES", "34", &["00"], "", 9, 9, &["061", "062", "080", "085", "091", "092", "112"]),
    // 114: ARCEP, numéros d'urgence
    ("FR", "33", &["00"], "0", 9, 9, &["112", "114", "15", "17", "18"]),
    ("GB", "44", &["00"], "0", 9, 10, &["112", "999"]),
    // without 1298 and 2611, which work only in parts of the country
    ("IN", "91", &["00"], "0", 10, 10, &["100", "101", "102", "108", "112"]),
    ("IT", "39", &["00"], "", 6, 12, &["112", "113", "115", "118"]),
    // 060, 061, 065, 066, 068 and 080 became 911 (Diario Oficial, December 2, 2015)
    ("MX", "52", &["00"], "", 10, 10, &["911"]),
    // 106: Decreto Legislativo 1590
    ("PE", "51", &["00"], "0", 8, 9, &["105", "106", "116", "117"]),
    // 115 became 112 (Decreto-Lei 73/97); 117: ANACOM, forest fires
    ("PT", "351", &["00"], "", 9, 9, &["112", "117"]),
    // 132: Bomberos Voluntarios; 141: Ministerio de Salud Pública
    ("PY", "595", &["00"], "0", 8, 9, &["128", "132", "141", "911"]),
    ("US", "1", &["011", "00"], "1", 10, 10, &["112", "911"]),
    // 104 and 109: Ministerio del Interior; 105: ambulances
    ("UY", "598", &["00"], "0", 8, 8, &["104", "105", "109", "128", "911"]),
];

/// Brazilian short numbers that every network routes.
const BRAZIL_SHORT: [(&str, &str); 5] = [
    ("100", "Direitos Humanos"),
    ("156", "Prefeitura"),
    ("180", "Central de Atendimento à Mulher"),
    ("181", "Disque Denúncia"),
    ("188", "Centro de Valorização da Vida"),
];

impl DialPlan {
    /// Brazil's plan, with the area code of the shop (`11`).
    pub fn brazil(area_code: &str) -> DialPlan {
        DialPlan { area_code: Some(area_code.to_owned()), ..DialPlan::for_country("BR") }
    }

    /// The plan of a country (ISO 3166, two capital letters). A country that is not in the table gets a plan that accepts
    /// only 112 and international numbers, with or without `+` or `00`.
    pub fn for_country(iso: &str) -> DialPlan {
        let rule = COUNTRIES.iter().find(|rule| rule.0 == iso);
        let (_, code, international, trunk, min, max, emergency) =
            *rule.unwrap_or(&("", "", &["00"], "", 0, 0, &["112"]));
        let is_brazil = iso == "BR";
        let short: &[(&str, &str)] = if is_brazil { &BRAZIL_SHORT } else { &[] };
        DialPlan {
            country: iso.to_owned(),
            country_code: code.to_owned(),
            area_code: None,
            international_prefixes: owned(international),
            trunk_prefix: (!trunk.is_empty()).then(|| trunk.to_owned()),
            carrier_code_digits: if is_brazil { 2 } else { 0 },
            min_national: min,
            max_national: max,
            emergency: owned(emergency),
            short: short.iter().map(|(number, name)| ((*number).to_owned(), (*name).to_owned())).collect(),
        }
    }

    /// Checks a dial plan received from a client.
    pub fn validate(&self) -> Result<(), DialPlanError> {
        let fault = |field, message: &str| Err(DialPlanError { field, message: message.to_owned() });
        let digits = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let short = |text: &str| {
            (1..=8).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_digit() || b"*#".contains(&byte))
        };
        if self.country.len() != 2 || !self.country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return fault("country", "The country must be two capital letters (ISO 3166).");
        }
        if !self.country_code.is_empty() && calling_code(&self.country_code) != Some(&self.country_code) {
            return fault("country_code", "No country has this calling code.");
        }
        if self.area_code.as_ref().is_some_and(|area| !digits(area, 5)) {
            return fault("area_code", "The area code must be 1 to 5 digits.");
        }
        if self.international_prefixes.len() > 8
            || !self.international_prefixes.iter().all(|prefix| digits(prefix, 5))
        {
            return fault("international_prefixes", "Give at most 8 prefixes of 1 to 5 digits each.");
        }
        if self.trunk_prefix.as_ref().is_some_and(|trunk| !digits(trunk, 3)) {
            return fault("trunk_prefix", "The trunk prefix must be 1 to 3 digits.");
        }
        if self.carrier_code_digits > 4 {
            return fault("carrier_code_digits", "A carrier code can have at most 4 digits.");
        }
        let longest = MAX_E164_DIGITS - self.country_code.len();
        if self.min_national > self.max_national || usize::from(self.max_national) > longest {
            return fault(
                "max_national",
                "max_national must be at least min_national, and at most 15 digits with the country code.",
            );
        }
        if self.emergency.len() > MAX_PLAN_ENTRIES || !self.emergency.iter().all(|number| short(number)) {
            return fault("emergency", "Give at most 200 emergency numbers of 1 to 8 digits each.");
        }
        let named = |name: &str| (1..=80).contains(&name.chars().count()) && crate::text::is_line(name);
        if self.short.len() > MAX_PLAN_ENTRIES
            || !self.short.iter().all(|(number, name)| short(number) && named(name))
        {
            return fault(
                "short",
                "Give at most 200 numbers of 1 to 8 digits, with names up to 80 characters.",
            );
        }
        Ok(())
    }

    /// Classifies a dial string.
    pub fn normalize(&self, dialed: &str) -> Result<Dialed, NumberError> {
        let cleaned = clean(dialed)?;
        if self.emergency.contains(&cleaned) {
            return Ok(Dialed::Emergency { number: cleaned });
        }
        if let Some(name) = self.short.get(&cleaned) {
            return Ok(Dialed::Short { number: cleaned, name: name.clone() });
        }
        if cleaned.contains(['*', '#']) {
            return Err(NumberError::InvalidCharacter);
        }
        if let Some(digits) = cleaned.strip_prefix('+') {
            return self.international(digits).map(|e164| Dialed::Number { e164, carrier: None });
        }
        if let Some(number) = self.after_international_prefix(&cleaned) {
            return number;
        }
        if self.country_code.is_empty() {
            return self.international(&cleaned).map(|e164| Dialed::Number { e164, carrier: None });
        }
        self.national(&cleaned)
    }

    /// Reads a number that starts with an international prefix; `None` if it starts with none.
    fn after_international_prefix(&self, digits: &str) -> Option<Result<Dialed, NumberError>> {
        let matching =
            self.international_prefixes.iter().filter_map(|prefix| digits.strip_prefix(prefix.as_str()));
        let mut rests: Vec<&str> = matching.collect();
        // the longest prefix leaves the shortest rest
        rests.sort_unstable_by_key(|rest| rest.len());
        let own = rests.iter().find(|rest| self.is_own_number(rest)).copied();
        let mut read = own.into_iter().chain(rests).map(|rest| self.abroad(rest));
        let longest = read.next()?;
        Some(longest.or_else(|error| read.find(Result::is_ok).unwrap_or(Err(error))))
    }

    /// Reads the digits after an international prefix: either a number, or a carrier code and a number.
    fn abroad(&self, rest: &str) -> Result<Dialed, NumberError> {
        let direct = self.international(rest);
        let carrier_digits = usize::from(self.carrier_code_digits);
        if carrier_digits == 0 || rest.len() <= carrier_digits || self.is_own_number(rest) {
            return direct.map(|e164| Dialed::Number { e164, carrier: None });
        }
        let (carrier, number) = rest.split_at(carrier_digits);
        match (self.international(number), direct) {
            (Ok(e164), _) => Ok(Dialed::Number { e164, carrier: Some(carrier.to_owned()) }),
            (Err(_), Ok(e164)) => Ok(Dialed::Number { e164, carrier: None }),
            (Err(error), Err(_)) => Err(error),
        }
    }

    fn is_own_number(&self, digits: &str) -> bool {
        !self.country_code.is_empty()
            && digits.strip_prefix(&self.country_code).is_some_and(|rest| self.check_national(rest).is_ok())
    }

    /// Checks a number that starts with its country code.
    fn international(&self, digits: &str) -> Result<E164, NumberError> {
        let number = E164::parse(digits)?;
        let code = number.country_code().ok_or(NumberError::UnknownCountryCode)?;
        let national = &digits[code.len()..];
        if code == self.country_code {
            self.check_national(national)?;
        } else if code == "1" {
            check_north_american(national)?;
        } else if digits.len() < MIN_INTERNATIONAL_DIGITS {
            return Err(NumberError::TooShort);
        }
        Ok(number)
    }

    /// Reads a number without an international prefix.
    fn national(&self, digits: &str) -> Result<Dialed, NumberError> {
        let trunk = self.trunk_prefix.as_deref().filter(|trunk| !trunk.is_empty());
        if let Some(rest) = trunk.and_then(|trunk| digits.strip_prefix(trunk)) {
            return self.after_trunk(rest);
        }
        let shortest = usize::from(self.min_national);
        let whole = self.check_national(digits);
        if whole.is_ok() {
            return self.own(digits, None);
        }
        if self.is_own_number(digits) {
            return E164::parse(digits).map(|e164| Dialed::Number { e164, carrier: None });
        }
        if digits.len() < shortest {
            return self.local(digits);
        }
        whole.and_then(|()| self.own(digits, None))
    }

    fn local(&self, digits: &str) -> Result<Dialed, NumberError> {
        let area = self.area_code.as_deref().unwrap_or_default();
        let longest_area = usize::from(self.max_national).saturating_sub(digits.len());
        if area.is_empty() {
            // without an area code, only a plausible length distinguishes a local number from an incomplete number
            let local = digits.len() >= 5 && longest_area <= 5;
            return Err(if local { NumberError::AreaCodeMissing } else { NumberError::TooShort });
        }
        let national = format!("{area}{digits}");
        self.check_national(&national)?;
        self.own(&national, None)
    }

    fn after_trunk(&self, rest: &str) -> Result<Dialed, NumberError> {
        let plain = self.check_national(rest);
        if plain.is_ok() {
            return self.own(rest, None);
        }
        let carrier_digits = usize::from(self.carrier_code_digits);
        if carrier_digits > 0 && rest.len() > carrier_digits {
            let (carrier, national) = rest.split_at(carrier_digits);
            if self.check_national(national).is_ok() {
                return self.own(national, Some(carrier));
            }
        }
        plain.and_then(|()| self.own(rest, None))
    }

    fn own(&self, national: &str, carrier: Option<&str>) -> Result<Dialed, NumberError> {
        let e164 = E164::parse(&format!("{}{national}", self.country_code))?;
        Ok(Dialed::Number { e164, carrier: carrier.map(str::to_owned) })
    }

    /// Checks that the digits can be a complete national number of the plan's country.
    fn check_national(&self, national: &str) -> Result<(), NumberError> {
        if national.len() < usize::from(self.min_national) {
            return Err(NumberError::TooShort);
        }
        if national.len() > usize::from(self.max_national) {
            return Err(NumberError::TooLong);
        }
        match self.country_code.as_str() {
            "1" => check_north_american(national),
            "55" => check_brazilian(national),
            "57" => check_colombian(national),
            _ => Ok(()),
        }
    }
}

fn owned<T: FromIterator<String>>(texts: &[&str]) -> T {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Removes separators: returns the digits, `*` and `#`, and a leading `+` if there is one.
fn clean(dialed: &str) -> Result<String, NumberError> {
    if dialed.len() > MAX_DIALED_BYTES {
        return Err(NumberError::TooLong);
    }
    let mut cleaned = String::with_capacity(dialed.len());
    for letter in dialed.chars() {
        match letter {
            '0'..='9' | '*' | '#' => cleaned.push(letter),
            '+' if cleaned.is_empty() => cleaned.push(letter),
            ' ' | '-' | '.' | '(' | ')' | '/' => {}
            _ => return Err(NumberError::InvalidCharacter),
        }
    }
    if cleaned.is_empty() || cleaned == "+" { Err(NumberError::Empty) } else { Ok(cleaned) }
}

/// In a North American number, area code and exchange must begin with 2 to 9.
fn check_north_american(national: &str) -> Result<(), NumberError> {
    match national.len() {
        0..10 => return Err(NumberError::TooShort),
        10 => {}
        _ => return Err(NumberError::TooLong),
    }
    let digits = national.as_bytes();
    if digits[0] < b'2' || digits[3] < b'2' { Err(NumberError::InvalidNational) } else { Ok(()) }
}

/// A Brazilian number is a two-digit area code without zeros, followed by eight digits, or by a 9 and eight digits. A Brazilian number may also be
/// 300, 500, 800 or 900, followed by seven digits.
fn check_brazilian(national: &str) -> Result<(), NumberError> {
    let digits = national.as_bytes();
    if let [b'3' | b'5' | b'8' | b'9', b'0', b'0', ..] = digits {
        return if digits.len() == 10 { Ok(()) } else { Err(NumberError::InvalidNational) };
    }
    match digits {
        [b'1'..=b'9', b'1'..=b'9', b'2'..=b'9', rest @ ..] if rest.len() == 7 => Ok(()),
        [b'1'..=b'9', b'1'..=b'9', b'9', rest @ ..] if rest.len() == 8 => Ok(()),
        _ => Err(NumberError::InvalidNational),
    }
}

/// A Colombian number begins with 3 (mobile) or 60 (fixed).
fn check_colombian(national: &str) -> Result<(), NumberError> {
    if national.starts_with('3') || national.starts_with("60") {
        Ok(())
    } else {
        Err(NumberError::InvalidNational)
    }
}

/// All country calling codes of two digits. (The one-digit codes are 1 and 7.)
const TWO_DIGIT_CODES: &[&str] = &[
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
    "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
    "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

/// The country calling code at the start of `digits`, from the ITU's list of assigned codes (E.164 annex, including
/// global services).
pub(crate) fn calling_code(digits: &str) -> Option<&str> {
    if digits.starts_with(['1', '7']) {
        return digits.get(..1);
    }
    let two = digits.get(..2)?;
    if TWO_DIGIT_CODES.contains(&two) {
        return Some(two);
    }
    let three = digits.get(..3)?;
    let assigned = matches!(
        three.parse::<u16>().ok()?,
        211..=213 | 216 | 218 | 220..=258 | 260..=269 | 290 | 291 | 297..=299 | 350..=359 | 370..=378 | 380..=383
            | 385..=387 | 389 | 420 | 421 | 423 | 500..=509 | 590..=599 | 670 | 672..=683 | 685..=692 | 800 | 808
            | 850 | 852 | 853 | 855 | 856 | 870 | 878 | 880..=883 | 886 | 888 | 960..=968 | 970..=977 | 979
            | 992..=996 | 998
    );
    assigned.then_some(three)
}

/// Formats a number for people: `+55 11 98765-4321` for Brazil, `+1 305 555-1234` for North America, otherwise the calling code, a space and the
/// remaining digits.
pub fn format_international(number: &E164) -> String {
    let digits = number.as_str();
    let Some(code) = number.country_code() else { return format!("+{digits}") };
    let national = &digits[code.len()..];
    match (code, national.len()) {
        ("55", 10 | 11) if check_brazilian(national).is_ok() => {
            let area_digits = if national.as_bytes()[1] == b'0' { 3 } else { 2 };
            let (area, rest) = national.split_at(area_digits);
            let (head, tail) = rest.split_at(rest.len() - 4);
            format!("+55 {area} {head}-{tail}")
        }
        ("1", 10) => format!("+1 {} {}-{}", &national[..3], &national[3..6], &national[6..]),
        (_, 0) => format!("+{code}"),
        _ => format!("+{code} {national}"),
    }
}

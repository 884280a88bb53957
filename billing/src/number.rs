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
//!    carrier code. Without a carrier code, a two-digit area code and a number of eight or nine digits have 10 or 11 digits in total; with a carrier
//!    code, the total is 12 or 13 digits.
//! 6. If there is no prefix, the length identifies a national number. If a number is shorter than a national number, it is a local number and gets
//!    the shop's area code. A number that starts with the plan's country code and continues with a complete national number is E.164.
//!
//! Plans without national rules ([`DialPlan::for_country`] for a country that is not in the table) read all digits as E.164.
//!
//! This crate has its own table of countries, because the phonenumber crate cannot provide all of the table's data. The phonenumber crate has no
//! emergency numbers. The international prefixes of phonenumber are regular expressions, but a shop edits literal prefixes. For the length of a
//! number, the phonenumber crate has only one set of values for all kinds of numbers together. Therefore, these lengths cannot distinguish a local
//! number from a complete number. In addition, all matches in the phonenumber crate share one lock, and every call attempt would have to take that
//! lock.

mod calling_codes;
mod countries;
mod reading;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use calling_codes::calling_code;
use reading::check_brazilian;

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
    /// An emergency number, which is free and may always be called from any phone.
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

impl DialPlan {
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

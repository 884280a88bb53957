//! Exact money: integers of 10⁻⁶ currency units, their text form, and rounding to ISO 4217 minor units.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Decimal places of a [`Micros`].
pub const MICROS_DECIMALS: u8 = 6;

/// An amount of money in 10⁻⁶ currency units, without its currency.
///
/// An amount is serialized as an integer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub i64);

/// Why an amount could not be parsed or computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not a plain decimal. A plain decimal consists of digits, at most one point, and an optional leading minus sign.
    #[error("Not a plain decimal number; write it like 12 or -0.5.")]
    NotANumber,
    /// There are digits beyond the sixth decimal.
    #[error("An amount can have at most six decimals.")]
    TooManyDecimals,
    /// The value does not fit into an `i64` of micros.
    #[error("The amount is out of range.")]
    Overflow,
}

impl MoneyError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            MoneyError::NotANumber => "NOT_A_NUMBER",
            MoneyError::TooManyDecimals => "TOO_MANY_DECIMALS",
            MoneyError::Overflow => "AMOUNT_OUT_OF_RANGE",
        }
    }
}

impl Micros {
    /// Zero.
    pub const ZERO: Micros = Micros(0);
    /// The largest amount, 9,223,372,036,854.775807.
    pub const MAX: Micros = Micros(i64::MAX);

    /// Adds two amounts; fails with `Overflow` if the sum is out of range.
    pub fn checked_add(self, other: Micros) -> Result<Micros, MoneyError> {
        self.0.checked_add(other.0).map(Micros).ok_or(MoneyError::Overflow)
    }

    /// Subtracts `other`; fails with `Overflow` if the difference is out of range.
    pub fn checked_sub(self, other: Micros) -> Result<Micros, MoneyError> {
        self.0.checked_sub(other.0).map(Micros).ok_or(MoneyError::Overflow)
    }

    /// Negates the amount; fails with `Overflow` for the smallest possible amount.
    pub fn checked_neg(self) -> Result<Micros, MoneyError> {
        self.0.checked_neg().map(Micros).ok_or(MoneyError::Overflow)
    }

    /// Multiplies the amount; fails with `Overflow` if the product is out of range.
    pub fn checked_mul(self, times: u32) -> Result<Micros, MoneyError> {
        self.0.checked_mul(i64::from(times)).map(Micros).ok_or(MoneyError::Overflow)
    }

    /// Adds up `amounts`; fails with `Overflow` if the result is out of range. Intermediate sums may exceed the range of an amount.
    pub fn try_sum(amounts: impl IntoIterator<Item = Micros>) -> Result<Micros, MoneyError> {
        let mut sum = 0i128;
        for amount in amounts {
            sum = sum.checked_add(i128::from(amount.0)).ok_or(MoneyError::Overflow)?;
        }
        Micros::from_i128(sum)
    }

    /// Converts a decimal. Zeros beyond the sixth decimal are ignored; any other digit beyond the sixth decimal is an error.
    pub fn from_decimal(value: Decimal) -> Result<Micros, MoneyError> {
        let value = value.normalize();
        let missing =
            u32::from(MICROS_DECIMALS).checked_sub(value.scale()).ok_or(MoneyError::TooManyDecimals)?;
        let micros = value.mantissa().checked_mul(10i128.pow(missing)).ok_or(MoneyError::Overflow)?;
        Micros::from_i128(micros)
    }

    /// The amount as a decimal without trailing zeros.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, u32::from(MICROS_DECIMALS)).normalize()
    }

    /// Parses a plain decimal: `12`, `0.0424`, `-1.5`. An exponent, a thousands separator, a plus sign, a space, or a point without a digit on each
    /// side is an error. Zeros beyond the sixth decimal are ignored.
    pub fn parse(text: &str) -> Result<Micros, MoneyError> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (unsigned, None),
        };
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(whole) || !fraction.is_none_or(all_digits) {
            return Err(MoneyError::NotANumber);
        }
        let fraction = fraction.unwrap_or("").trim_end_matches('0');
        if fraction.len() > usize::from(MICROS_DECIMALS) {
            return Err(MoneyError::TooManyDecimals);
        }
        let mut micros = 0i128;
        let padding = std::iter::repeat_n(b'0', usize::from(MICROS_DECIMALS) - fraction.len());
        for digit in whole.bytes().chain(fraction.bytes()).chain(padding) {
            micros = micros * 10 + i128::from(digit - b'0');
            if micros > i128::from(u64::MAX) {
                return Err(MoneyError::Overflow);
            }
        }
        Micros::from_i128(if negative { -micros } else { micros })
    }

    /// True if the amount is below zero.
    pub fn is_negative(self) -> bool {
        self.0 < 0
    }

    fn from_i128(micros: i128) -> Result<Micros, MoneyError> {
        i64::try_from(micros).map(Micros).map_err(|_| MoneyError::Overflow)
    }
}

impl FromStr for Micros {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Micros, MoneyError> {
        Micros::parse(text)
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Digits::default();
        let (mut rest, mut decimals) = (self.0.unsigned_abs(), 6);
        while decimals > 0 && rest.is_multiple_of(10) {
            (rest, decimals) = (rest / 10, decimals - 1);
        }
        for _ in 0..decimals {
            text.digit(&mut rest);
        }
        if decimals > 0 {
            text.put(b'.');
        }
        text.digit(&mut rest);
        while rest > 0 {
            text.digit(&mut rest);
        }
        if self.0 < 0 {
            text.put(b'-');
        }
        f.pad(text.as_str())
    }
}

/// The text of an amount, written from its last digit to its first. The text has at most 20 digits, a decimal point and a sign.
#[derive(Default)]
struct Digits {
    bytes: [u8; 24],
    length: usize,
}

impl Digits {
    fn put(&mut self, byte: u8) {
        self.length += 1;
        let at = self.bytes.len().saturating_sub(self.length);
        self.bytes[at] = byte;
    }

    /// Writes the last digit of `rest`, and removes it from `rest`.
    fn digit(&mut self, rest: &mut u64) {
        self.put(b"0123456789"[usize::try_from(*rest % 10).unwrap_or_default()]);
        *rest /= 10;
    }

    fn as_str(&self) -> &str {
        let text = &self.bytes[self.bytes.len().saturating_sub(self.length)..];
        // the text has only ASCII characters
        std::str::from_utf8(text).unwrap_or_default()
    }
}

/// The direction in which an amount is rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RoundingMode {
    /// Rounds to the nearest value; halves are rounded away from zero, so that a refund mirrors its charge.
    #[default]
    HalfUp,
    /// Away from zero.
    Up,
    /// Toward zero.
    Down,
}

/// A tariff's rounding rule, applied once per call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawRounding")]
pub struct Rounding {
    /// Number of decimals after rounding, 0 to 6.
    pub decimals: u8,
    /// The rounding direction.
    pub mode: RoundingMode,
}

#[derive(Deserialize)]
struct RawRounding {
    decimals: u8,
    mode: RoundingMode,
}

impl TryFrom<RawRounding> for Rounding {
    type Error = MoneyError;

    fn try_from(raw: RawRounding) -> Result<Rounding, MoneyError> {
        Rounding::new(raw.decimals, raw.mode)
    }
}

impl Rounding {
    /// A rule that rounds to `decimals` decimals, 0 to 6.
    pub fn new(decimals: u8, mode: RoundingMode) -> Result<Rounding, MoneyError> {
        if decimals > MICROS_DECIMALS {
            return Err(MoneyError::TooManyDecimals);
        }
        Ok(Rounding { decimals, mode })
    }
}

impl Default for Rounding {
    /// The default rule rounds half up to four decimals.
    fn default() -> Rounding {
        Rounding { decimals: 4, mode: RoundingMode::HalfUp }
    }
}

/// The micros in one unit of the last decimal place. `decimals` above six count as six.
pub(crate) fn unit_micros(decimals: u8) -> i128 {
    10i128.pow(u32::from(MICROS_DECIMALS.saturating_sub(decimals)))
}

/// Divides `numerator` by `denominator` and rounds to an integer. `denominator` must be positive.
pub(crate) fn divide_rounded(numerator: i128, denominator: i128, mode: RoundingMode) -> i128 {
    let (quotient, remainder) = (numerator / denominator, numerator % denominator);
    let away = match mode {
        RoundingMode::HalfUp => remainder.abs() * 2 >= denominator,
        RoundingMode::Up => remainder != 0,
        RoundingMode::Down => false,
    };
    if away { quotient + numerator.signum() } else { quotient }
}

/// Rounds `amount` to `decimals` decimals; six or more decimals leave the amount unchanged.
pub fn round_to(amount: Micros, decimals: u8, mode: RoundingMode) -> Result<Micros, MoneyError> {
    let unit = unit_micros(decimals);
    Micros::from_i128(divide_rounded(i128::from(amount.0), unit, mode) * unit)
}

/// Rounds `amount` to the nearest multiple of `step`, which must be positive; halves are rounded away from zero.
pub(crate) fn round_to_step(amount: Micros, step: Micros) -> Result<Micros, MoneyError> {
    let step = i128::from(step.0);
    Micros::from_i128(divide_rounded(i128::from(amount.0), step, RoundingMode::HalfUp) * step)
}

/// Number of decimals of a currency's minor unit. The list has only the currency codes whose minor unit does not have 2 decimals in ISO 4217; every
/// other code, even an unknown one, gets 2. The iso_currency crate (0.7) is not used, because it has the same 26 codes and returns nothing for
/// unknown codes.
pub fn minor_unit_decimals(currency: &str) -> u8 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    }
}

/// A currency code: three capital letters, as in ISO 4217.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// The text is not three capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A currency code must be three capital letters, like EUR.")]
pub struct CurrencyError;

impl CurrencyError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        "INVALID_CURRENCY"
    }
}

impl Currency {
    /// Parses a currency code; lower-case letters are an error.
    pub fn parse(text: &str) -> Result<Currency, CurrencyError> {
        let letters: [u8; 3] = text.as_bytes().try_into().map_err(|_| CurrencyError)?;
        if !letters.iter().all(u8::is_ascii_uppercase) {
            return Err(CurrencyError);
        }
        Ok(Currency(letters))
    }

    /// The three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Number of decimals of the currency's minor unit.
    pub fn minor_unit_decimals(&self) -> u8 {
        minor_unit_decimals(self.as_str())
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Currency, CurrencyError> {
        Currency::parse(text)
    }
}

impl TryFrom<String> for Currency {
    type Error = CurrencyError;

    fn try_from(text: String) -> Result<Currency, CurrencyError> {
        Currency::parse(&text)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

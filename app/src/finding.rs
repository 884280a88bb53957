//! Checks the texts and ranges used to search lists.

use billing::words::{self, SearchError};
use chrono::{DateTime, Utc};

use base::error::{Error, Result};
use store::Within;

/// Maximum number of digits in a number, or in the beginning of a number.
const MAX_DIGITS: usize = 20;
/// Maximum length of a destination name, in characters.
const MAX_DESTINATION: usize = 100;

/// The words of a search text. The list is empty if there is no text.
///
/// # Errors
/// Fails with `INVALID_INPUT`, naming `field`.
pub fn words(field: &str, text: Option<&str>) -> Result<Vec<String>> {
    let Some(text) = text else { return Ok(Vec::new()) };
    words::wanted(text).map_err(|error| {
        let message = match error {
            SearchError::TooLong => {
                base::message!("Use at most {max} characters.", max = words::MAX_SEARCH)
            }
            SearchError::TooManyWords => base::message!("Use at most {max} words.", max = words::MAX_WORDS),
            SearchError::NoWord => "Use at least one letter or digit.".into(),
        };
        Error::invalid(field, message)
    })
}

/// A range of time from `from` (inclusive) to `to` (exclusive).
///
/// # Errors
/// Fails with `INVALID_INPUT`, naming `field`, if the range is empty.
pub fn within(field: &str, from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>) -> Result<Within> {
    match (from, to) {
        (Some(from), Some(to)) if from >= to => Err(Error::invalid(field, "`from` must be before `to`.")),
        _ => Ok(Within { from, to }),
    }
}

/// Checks the beginning of a number, and returns its digits without a leading "+" or separators.
///
/// # Errors
/// Fails with `INVALID_INPUT`, naming `field`.
pub fn number(field: &str, text: &str) -> Result<String> {
    let text = text.trim();
    let separators = [' ', '-', '.', '(', ')', '/'];
    let digits: String = text
        .strip_prefix('+')
        .unwrap_or(text)
        .chars()
        .filter(|letter| !separators.contains(letter))
        .collect();
    let is_good =
        (1..=MAX_DIGITS).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_good {
        return Ok(digits);
    }
    let message = base::message!(
        "Give the first 1 to {max} digits of the number, with the country code.",
        max = MAX_DIGITS
    );
    Err(Error::invalid(field, message))
}

/// Checks the length of a destination name.
///
/// # Errors
/// Fails with `INVALID_INPUT`, naming `field`.
pub fn destination(field: &str, text: String) -> Result<String> {
    if text.chars().count() <= MAX_DESTINATION {
        return Ok(text);
    }
    Err(Error::invalid(field, base::message!("Use at most {max} characters.", max = MAX_DESTINATION)))
}

/// Parses a receipt number, which must be above zero.
///
/// # Errors
/// Fails with `INVALID_INPUT`, naming `field`.
pub fn receipt_number(field: &str, text: &str) -> Result<i64> {
    let number = text.trim().parse::<i64>().ok().filter(|number| *number > 0);
    number.ok_or_else(|| Error::invalid(field, "A receipt number has only digits."))
}

/// Checks the number of values in a list filter. Returns the values sorted, without duplicates.
///
/// # Errors
/// Fails with `INVALID_INPUT`, naming `field`, for more than 50 values.
pub fn few<T: Ord>(field: &str, mut values: Vec<T>) -> Result<Vec<T>> {
    if values.len() > 50 {
        return Err(Error::invalid(field, "Give at most 50 values."));
    }
    values.sort_unstable();
    values.dedup();
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits() {
        for (text, digits) in [("+351 912-34", "35191234"), ("55 (11) ", "5511"), ("190", "190")] {
            assert_eq!(number("number", text).expect("digits"), digits);
        }
        for bad in ["", "+", "12a", "++1", "123456789012345678901", "%"] {
            assert!(number("number", bad).is_err(), "{bad}");
        }
    }
}

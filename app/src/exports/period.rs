//! The period of an export.

use billing::day;
use chrono::{DateTime, Months, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::finding;
use base::error::{Error, Result};
use store::Within;

/// The range from `from` to `to` in an account's time zone. A bound is a day (`2026-11-30`), a month (`2026-11`) or an instant in RFC 3339. The range
/// includes the day or month of `to`, but not the instant of `to`. Without a bound, the range is open on that side.
///
/// # Errors
/// Fails with `INVALID_INPUT` for a malformed bound and for an empty range.
pub fn period(zone: Tz, from: Option<&str>, to: Option<&str>) -> Result<Within> {
    let from = from.map(|text| bound("from", text, zone)).transpose()?.map(|(begins, _)| begins);
    let to = to.map(|text| bound("to", text, zone)).transpose()?.map(|(_, ends)| ends);
    finding::within("from", from, to)
}

/// The first instant of a day or month, and the first instant after that day or month. If `text` is an instant, returns this instant twice.
fn bound(field: &str, text: &str, zone: Tz) -> Result<(DateTime<Utc>, DateTime<Utc>)> {
    let malformed = || {
        let message = "Use a day such as 2026-11-30, a month such as 2026-11, or a time with an offset such as 2026-11-30T12:00:00Z.";
        Error::invalid(field, message)
    };
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        let at = at.with_timezone(&Utc);
        return Ok((at, at));
    }
    // the parser also accepts signs, and numbers with fewer digits
    let is_plain = text.bytes().enumerate().all(|(at, letter)| match at {
        4 | 7 => letter == b'-',
        _ => letter.is_ascii_digit(),
    });
    if !is_plain {
        return Err(malformed());
    }
    let day = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let (first, last) = match text.len() {
        10 => (day(text), day(text)),
        7 => {
            let first = day(&format!("{text}-01"));
            let next = first.and_then(|first| first.checked_add_months(Months::new(1)));
            (first, next.and_then(|next| next.pred_opt()))
        }
        _ => (None, None),
    };
    let begins = first.and_then(|first| day::bounds(zone, first));
    let ends = last.and_then(|last| day::bounds(zone, last));
    let ((begins, _), (_, ends)) = begins.zip(ends).ok_or_else(malformed)?;
    Ok((begins, ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(from: Option<&str>, to: Option<&str>) -> [Option<String>; 2] {
        let within = period(chrono_tz::America::Sao_Paulo, from, to).expect("a period");
        [within.from, within.to].map(|at| at.map(|at| at.to_rfc3339()))
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn days_and_months_are_those_of_the_time_zone_and_whole() {
        let november = [some("2026-11-01T03:00:00+00:00"), some("2026-12-01T03:00:00+00:00")];
        assert_eq!(shown(Some("2026-11-01"), Some("2026-11-30")), november);
        assert_eq!(shown(Some("2026-11"), Some("2026-11")), november);
        let instants = [some("2026-11-01T11:00:00+00:00"), some("2026-11-01T12:00:00+00:00")];
        assert_eq!(shown(Some("2026-11-01T12:00:00+01:00"), Some("2026-11-01T12:00:00Z")), instants);
        assert_eq!(shown(None, None), [None, None]);
    }

    #[test]
    fn other_texts_are_refused() {
        let zone = chrono_tz::UTC;
        for text in
            ["", "2026", "2026-13", "2026-11-31", "yesterday", "2026-11-30T12:00:00", "+2026-1", "2026-1-001"]
        {
            assert!(period(zone, Some(text), None).is_err(), "{text}");
            assert!(period(zone, None, Some(text)).is_err(), "{text}");
        }
        assert!(period(zone, Some("2026-11-02"), Some("2026-11-01")).is_err());
    }
}

//! Writes scalars and lists as JSON.

use std::io::Write as _;

use async_graphql::{ID, Result};
use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, Timelike as _, Utc};

use super::{Below, Output};
use crate::payload::top_level;
use crate::scalars::{CurrencyCode, Decimal};
use base::error::Error;

/// Appends null.
///
/// # Errors
/// This function never fails, but has the signature of a writer.
pub fn null(out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(b"null");
    Ok(())
}

pub(super) fn json(value: impl serde::Serialize, out: &mut Vec<u8>) -> Result<()> {
    serde_json::to_writer(out, &value).map_err(|error| top_level(Error::fault(error)))
}

/// Implements [`Output`] for scalars. The expression after `=>` converts a scalar to a value that serde writes as the executor would.
macro_rules! scalars {
    ($($type:ty: $value:ident => $json:expr;)+) => {
        $(impl Output for $type {
            type Plan = ();

            fn compile(_: &Below<'_>) -> Option<()> {
                Some(())
            }

            fn write(&self, (): &(), out: &mut Vec<u8>) -> Result<()> {
                let $value = self;
                json($json, out)
            }
        })+
    };
}

scalars! {
    bool: value => value;
    i32: value => value;
    u32: value => value;
    i64: value => value;
    u64: value => value;
    str: value => value;
    String: value => value;
    ID: value => value.as_str();
    CurrencyCode: value => &value.0;
    NaiveDate: value => value.to_string();
    NaiveTime: value => value.format("%H:%M:%S%.f").to_string();
}

impl Output for DateTime<Utc> {
    type Plan = ();

    fn compile(_: &Below<'_>) -> Option<()> {
        Some(())
    }

    fn write(&self, (): &(), out: &mut Vec<u8>) -> Result<()> {
        time(self, out).map_or_else(|| json(self.to_rfc3339(), out), Ok)
    }
}

/// Appends a time in the format of [`DateTime::to_rfc3339`], but faster than that function. Appends nothing and returns `None` if the time is a leap
/// second, or if its year has more or less than four digits.
fn time(at: &DateTime<Utc>, out: &mut Vec<u8>) -> Option<()> {
    let (date, time) = (at.date_naive(), at.time());
    let year = u32::try_from(date.year()).ok().filter(|year| (1_000..10_000).contains(year))?;
    let nanos = Some(time.nanosecond()).filter(|nanos| *nanos < 1_000_000_000)?;
    let mut put = |value: u32, width: usize, after: &str| {
        let mut digits = [b'0'; 9];
        let mut rest = value;
        for digit in digits[..width].iter_mut().rev() {
            *digit = b"0123456789"[usize::try_from(rest % 10).unwrap_or_default()];
            rest /= 10;
        }
        out.extend_from_slice(&digits[..width]);
        out.extend_from_slice(after.as_bytes());
    };
    put(0, 0, "\"");
    put(year, 4, "-");
    put(date.month(), 2, "-");
    put(date.day(), 2, "T");
    put(time.hour(), 2, ":");
    put(time.minute(), 2, ":");
    put(time.second(), 2, if nanos == 0 { "" } else { "." });
    match nanos {
        0 => {}
        millis if millis.is_multiple_of(1_000_000) => put(millis / 1_000_000, 3, ""),
        micros if micros.is_multiple_of(1_000) => put(micros / 1_000, 6, ""),
        nanos => put(nanos, 9, ""),
    }
    put(0, 0, "+00:00\"");
    Some(())
}

impl Output for Decimal {
    type Plan = ();

    fn compile(_: &Below<'_>) -> Option<()> {
        Some(())
    }

    fn write(&self, (): &(), out: &mut Vec<u8>) -> Result<()> {
        Ok(write!(out, "\"{}\"", self.0)?)
    }
}

impl<T: Output + ?Sized> Output for &T {
    type Plan = T::Plan;

    fn compile(below: &Below<'_>) -> Option<Self::Plan> {
        T::compile(below)
    }

    fn write(&self, plan: &Self::Plan, out: &mut Vec<u8>) -> Result<()> {
        (**self).write(plan, out)
    }
}

impl<T: Output> Output for Option<T> {
    type Plan = T::Plan;

    fn compile(below: &Below<'_>) -> Option<Self::Plan> {
        T::compile(below)
    }

    fn write(&self, plan: &Self::Plan, out: &mut Vec<u8>) -> Result<()> {
        match self {
            Some(value) => value.write(plan, out),
            None => null(out),
        }
    }
}

impl<T: Output> Output for Result<T> {
    type Plan = T::Plan;

    fn compile(below: &Below<'_>) -> Option<Self::Plan> {
        T::compile(below)
    }

    fn write(&self, plan: &Self::Plan, out: &mut Vec<u8>) -> Result<()> {
        self.as_ref().map_err(Clone::clone)?.write(plan, out)
    }
}

impl<T: Output> Output for [T] {
    type Plan = T::Plan;

    fn compile(below: &Below<'_>) -> Option<Self::Plan> {
        T::compile(below)
    }

    fn write(&self, plan: &Self::Plan, out: &mut Vec<u8>) -> Result<()> {
        write_list(self.iter(), plan, out)
    }
}

/// Appends a list.
///
/// # Errors
/// Fails if a value is an error.
pub fn write_list<'a, T: Output + 'a>(
    values: impl Iterator<Item = &'a T>,
    plan: &T::Plan,
    out: &mut Vec<u8>,
) -> Result<()> {
    out.push(b'[');
    for (at, value) in values.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        value.write(plan, out)?;
    }
    out.push(b']');
    Ok(())
}

impl<T: Output> Output for Vec<T> {
    type Plan = T::Plan;

    fn compile(below: &Below<'_>) -> Option<Self::Plan> {
        T::compile(below)
    }

    fn write(&self, plan: &Self::Plan, out: &mut Vec<u8>) -> Result<()> {
        self.as_slice().write(plan, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_like_the_executors() {
        for text in [
            "2026-11-30T07:08:09Z",
            "2026-11-30T23:59:59.5Z",
            "2026-01-02T00:00:00.000001Z",
            "2026-01-02T00:00:00.120000Z",
            "1970-01-01T00:00:00.123456789Z",
            "9999-12-31T23:59:59.999Z",
            "1000-01-01T00:00:00.01Z",
            // another writer
            "0999-12-31T00:00:00.1Z",
            "2016-12-31T23:59:60.25Z",
            "+12026-01-01T00:00:00Z",
        ] {
            let at: DateTime<Utc> = text.parse().expect("a time");
            let mut out = Vec::new();
            at.write(&(), &mut out).expect("written");
            assert_eq!(String::from_utf8(out).expect("text"), format!("\"{}\"", at.to_rfc3339()));
        }
    }
}

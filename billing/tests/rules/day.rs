//! Tests local days at changes of the clocks.

use billing::day::bounds;
use chrono::NaiveDate;
use chrono_tz::{America, Pacific, Tz};

fn day(zone: Tz, year: i32, month: u32, day: u32) -> (String, i64) {
    let day = NaiveDate::from_ymd_opt(year, month, day).unwrap();
    let (from, to) = bounds(zone, day).unwrap();
    (from.to_rfc3339_opts(chrono::SecondsFormat::Secs, true), (to - from).num_hours())
}

#[test]
fn a_day_begins_at_the_shops_midnight() {
    assert_eq!(day(America::Sao_Paulo, 2026, 11, 29), ("2026-11-29T03:00:00Z".to_owned(), 24));
    assert_eq!(day(Tz::UTC, 2026, 11, 29), ("2026-11-29T00:00:00Z".to_owned(), 24));
}

#[test]
fn days_with_a_change_of_the_clocks_are_shorter_or_longer() {
    // in 2018, Brazil's clocks went from 00:00 to 01:00
    assert_eq!(day(America::Sao_Paulo, 2018, 11, 4), ("2018-11-04T03:00:00Z".to_owned(), 23));
    assert_eq!(day(America::Sao_Paulo, 2018, 2, 17), ("2018-02-17T02:00:00Z".to_owned(), 25));
    // Samoa had no December 30 in 2011
    assert_eq!(day(Pacific::Apia, 2011, 12, 30).1, 0);
    assert_eq!(day(Pacific::Apia, 2011, 12, 31).1, 24);
}

//! Local days as ranges of instants.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

/// Step size of the search for the beginning of a day whose midnight does not exist.
const STEP: TimeDelta = TimeDelta::minutes(15);
/// Number of steps; they cover two days, because a time zone may skip a whole day.
const STEPS: i32 = 192;

/// The first instant of a local day, and the first instant after that day. A day has 23 or 25 hours if the clocks change. A day that the time zone
/// skipped is empty. Returns `None` for days outside chrono's range.
pub fn bounds(zone: Tz, day: NaiveDate) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    Some((beginning(zone, day)?, beginning(zone, day.succ_opt()?)?))
}

/// The first instant of the local day, or of the next day that exists. If the clocks are put forward at midnight, the day begins later. Returns
/// `None` for days outside chrono's range.
pub fn beginning(zone: Tz, day: NaiveDate) -> Option<DateTime<Utc>> {
    let midnight = day.and_time(NaiveTime::MIN);
    let after = |step| midnight.checked_add_signed(STEP * step);
    let found = (0..STEPS).find_map(|step| zone.from_local_datetime(&after(step)?).earliest());
    Some(found?.with_timezone(&Utc))
}

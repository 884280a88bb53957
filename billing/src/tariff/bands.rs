//! Time bands: recurring parts of the week in which a rate may have other prices.

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike, Weekday};
use serde::{Deserialize, Serialize};

use super::{MAX_BANDS, RateError, check_band_name};

/// A set of weekdays. The set is serialized as a list (`["Mon", "Tue"]`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Weekday>", into = "Vec<Weekday>")]
pub struct Weekdays(u8);

impl Weekdays {
    /// No day.
    pub const NONE: Weekdays = Weekdays(0);
    /// Every day.
    pub const ALL: Weekdays = Weekdays(0b111_1111);
    /// Monday to Friday.
    pub const WORKING: Weekdays = Weekdays(0b001_1111);
    /// Saturday and Sunday.
    pub const WEEKEND: Weekdays = Weekdays(0b110_0000);

    /// True if the set contains `day`.
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.num_days_from_monday()) != 0
    }

    /// True if the set contains no day.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The days, Monday first.
    pub fn iter(self) -> impl Iterator<Item = Weekday> {
        use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
        [Mon, Tue, Wed, Thu, Fri, Sat, Sun].into_iter().filter(move |day| self.contains(*day))
    }
}

impl FromIterator<Weekday> for Weekdays {
    fn from_iter<T: IntoIterator<Item = Weekday>>(days: T) -> Weekdays {
        Weekdays(days.into_iter().fold(0, |set, day| set | (1 << day.num_days_from_monday())))
    }
}

impl From<Vec<Weekday>> for Weekdays {
    fn from(days: Vec<Weekday>) -> Weekdays {
        days.into_iter().collect()
    }
}

impl From<Weekdays> for Vec<Weekday> {
    fn from(days: Weekdays) -> Vec<Weekday> {
        days.iter().collect()
    }
}

/// A recurring part of the week, in the tariff's time zone.
///
/// A band contains local times from `from` (inclusive) to `to` (exclusive), on the days in `weekdays`, and on holidays if `holidays` is set. A
/// holiday counts as an eighth kind of day, never as its own weekday. A band whose `to` is at or before `from` continues past midnight; its
/// morning part belongs to the day on which the band began. If `to` equals `from`, the band lasts a whole day. If several bands contain an instant,
/// the band that applies is the first in the tariff's order for which the rate has a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeBand {
    /// The band's name. Rates refer to the band by this name.
    pub name: String,
    /// The days on which the band begins, except holidays.
    pub weekdays: Weekdays,
    /// Start of the band, inclusive, local time. Must be a whole second.
    pub from: NaiveTime,
    /// End of the band, exclusive, local time. Must be a whole second.
    pub to: NaiveTime,
    /// Whether the band also begins on holidays.
    pub holidays: bool,
}

impl TimeBand {
    /// Checks that the name is valid, that the times are whole seconds, and that the band applies on at least one kind of day.
    pub fn validate(&self) -> Result<(), RateError> {
        check_band_name(&self.name)?;
        if self.from.nanosecond() != 0 || self.to.nanosecond() != 0 {
            return Err(RateError::new("BAND_TIME_INVALID", "band", "Band times must be whole seconds."));
        }
        if self.weekdays.is_empty() && !self.holidays {
            return Err(RateError::new(
                "BAND_NEVER",
                "band",
                "Give the band at least one weekday, or holidays.",
            ));
        }
        Ok(())
    }

    /// Checks each band of a tariff, the number of bands, and whether the bands' names are unique.
    pub fn validate_all(bands: &[TimeBand]) -> Result<(), RateError> {
        if bands.len() > MAX_BANDS {
            let message = format!("A tariff can have at most {MAX_BANDS} bands.");
            return Err(RateError::new("TOO_MANY_BANDS", "band", message));
        }
        for (index, band) in bands.iter().enumerate() {
            band.validate()?;
            if bands[..index].iter().any(|earlier| earlier.name == band.name) {
                return Err(RateError::new("BAND_NAME_TAKEN", "band", "Two bands have the same name."));
            }
        }
        Ok(())
    }

    /// True if the band contains second `second_of_day` of the local `date`.
    pub(crate) fn contains(
        &self,
        date: NaiveDate,
        second_of_day: u32,
        holiday: impl Fn(NaiveDate) -> bool,
    ) -> bool {
        let begins_on = |day: NaiveDate| {
            if holiday(day) { self.holidays } else { self.weekdays.contains(day.weekday()) }
        };
        let (from, to) = self.seconds();
        if from < to {
            return (from..to).contains(&second_of_day) && begins_on(date);
        }
        (second_of_day >= from && begins_on(date))
            || (second_of_day < to && date.pred_opt().is_some_and(begins_on))
    }

    /// `from` and `to` as seconds of the day.
    pub(crate) fn seconds(&self) -> (u32, u32) {
        (self.from.num_seconds_from_midnight(), self.to.num_seconds_from_midnight())
    }
}

//! Differences between the terms of two versions.

use serde_json::{Value, json};

use crate::rates::Terms;

/// A part of a version's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// Decimals and direction of the rounding.
    Rounding,
    /// Time zone of the bands and holidays.
    TimeZone,
    /// Time bands.
    Bands,
    /// Holidays.
    Holidays,
}

impl Term {
    /// The parts in which the terms differ.
    pub(super) fn differing(before: &Terms, after: &Terms) -> Vec<Self> {
        let parts = [
            (Self::Rounding, before.rounding != after.rounding),
            (Self::TimeZone, before.time_zone != after.time_zone),
            (Self::Bands, before.bands != after.bands),
            (Self::Holidays, before.holidays != after.holidays),
        ];
        parts.into_iter().filter(|(_, differs)| *differs).map(|(term, _)| term).collect()
    }
}

/// Adds the differences between the terms to the values that the audit log records. For the holidays, only the removed and the added dates are
/// recorded, because there may be many holidays.
pub(super) fn record(before: &mut Value, after: &mut Value, (old, new): (&Terms, &Terms)) {
    for term in Term::differing(old, new) {
        match term {
            Term::Rounding => {
                for (values, terms) in [(&mut *before, old), (&mut *after, new)] {
                    values["roundingDecimals"] = json!(terms.rounding.decimals);
                    values["roundingMode"] = json!(entity::RoundingMode::from(terms.rounding.mode).as_str());
                }
            }
            Term::TimeZone => {
                before["timeZone"] = json!(old.time_zone.name());
                after["timeZone"] = json!(new.time_zone.name());
            }
            Term::Bands => {
                before["bands"] = json!(old.bands);
                after["bands"] = json!(new.bands);
            }
            Term::Holidays => {
                before["holidays"] = json!(old.holidays.difference(&new.holidays).collect::<Vec<_>>());
                after["holidays"] = json!(new.holidays.difference(&old.holidays).collect::<Vec<_>>());
            }
        }
    }
}

//! Ranges of time.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ColumnTrait, Condition};
use uuid::Uuid;

use super::first_id;

/// A row's id may be this much earlier or later than the row's time, because the clocks of nodes and proxies differ.
pub(crate) const SKEW: TimeDelta = TimeDelta::hours(1);

/// A range of time. Each bound is optional.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Within {
    /// First instant of the range.
    pub from: Option<DateTime<Utc>>,
    /// First instant after the range.
    pub to: Option<DateTime<Utc>>,
}

impl Within {
    /// Whether the range has no bound.
    pub fn is_open(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// Condition that the time in `column` is in the range.
    pub fn times<C: ColumnTrait>(&self, column: C) -> Condition {
        Condition::all()
            .add_option(self.from.map(|from| column.gte(from)))
            .add_option(self.to.map(|to| column.lt(to)))
    }

    /// Condition that a UUIDv7 was created in the range, or at most an hour outside the range. Lists are read in the order of ids, so this
    /// condition limits the rows that are read; [`Self::times`] gives the exact range.
    pub fn ids<C: ColumnTrait>(&self, column: C) -> Condition {
        let id = |at: DateTime<Utc>| -> Uuid { first_id(at) };
        let from = self.from.and_then(|from| from.checked_sub_signed(SKEW)).map(id);
        let to = self.to.and_then(|to| to.checked_add_signed(SKEW)).map(id);
        Condition::all().add_option(from.map(|from| column.gte(from))).add_option(to.map(|to| column.lt(to)))
    }

    /// Both conditions, for a list without other filters.
    pub fn rows<C: ColumnTrait>(&self, id: C, at: C) -> Condition {
        Condition::all().add(self.ids(id)).add(self.times(at))
    }
}

//! Prices that ended in the past.

use std::borrow::Cow;
use std::collections::HashSet;

use chrono::NaiveDate;

use super::super::columns::CodeSource;
use super::super::detect::date_of;
use super::super::header::Role;
use super::super::table::Row;
use super::super::{CarrierRate, Entry};
use super::Reader;
use super::duplicates::key;
use crate::deck::{RowProblem, Severity};

impl Reader<'_, '_> {
    /// Whether a price no longer applies on the date that the mapping chooses or, if it chooses none, on the day of the import. A price does not apply
    /// on the day on which it ends, as in [`CarrierDeck::on`](crate::carrier_deck::CarrierDeck::on).
    pub(super) fn is_past(&self, ends: Option<NaiveDate>) -> bool {
        let day = self.options.mapping.effective_on.or(self.options.today);
        matches!((ends, day), (Some(end), Some(day)) if end <= day)
    }

    /// Whether prices still apply on their last days. This is true if some price begins on the day after the last day of the same code's price, and
    /// no price begins on the last day itself.
    pub(super) fn includes_ends(&self) -> bool {
        let columns = &self.plan.columns;
        let (Some(ends), true) = (columns.first(Role::Ends), columns.first(Role::Effective).is_some()) else {
            return false;
        };
        let code = match columns.code {
            CodeSource::Full(code) | CodeSource::Parts(_, code) => code,
        };
        let day = |row: Row<'_>, column: usize| date_of(row.get(column), self.plan.order).ok().flatten();
        let mut first_days: HashSet<(&str, NaiveDate)> = HashSet::new();
        for row in self.plan.rows() {
            let begins = columns.first_day(row).and_then(|begins| day(row, begins));
            first_days.extend(begins.map(|day| (row.get(code), day)));
        }
        let (mut same, mut next) = (0usize, 0usize);
        for row in self.plan.rows().filter(|row| !row.get(ends).is_empty()) {
            let Some(end) = day(row, ends) else { continue };
            same += usize::from(first_days.contains(&(row.get(code), end)));
            next +=
                usize::from(end.succ_opt().is_some_and(|next| first_days.contains(&(row.get(code), next))));
        }
        next > 0 && same == 0
    }

    /// The first day on which a price no longer applies.
    pub(super) fn first_day_without(&self, end: Option<NaiveDate>) -> Option<NaiveDate> {
        end.and_then(|end| if self.ends_included { end.succ_opt() } else { Some(end) })
    }

    /// Adds a removal for each code that one row excludes and no other row has.
    pub(super) fn settle_excepted(&mut self) {
        if self.excepted.is_empty() {
            return;
        }
        let known: HashSet<u64> = self.deck.rates.iter().map(|rate| key(rate.prefix())).collect();
        for (prefix, line) in std::mem::take(&mut self.excepted) {
            if !known.contains(&key(&prefix)) {
                let entry = Entry::Removed(prefix);
                self.deck.rates.push(CarrierRate { line, effective: None, ends: None, entry });
            }
        }
    }

    /// Warns about rows whose prices ended in the past. A code is no longer offered if only such rows have it.
    pub(super) fn settle_expired(&mut self) {
        let expired = std::mem::take(&mut self.expired);
        if expired.is_empty() {
            return;
        }
        let rows = self.deck.set_aside.get("EXPIRED").copied().unwrap_or(0);
        let known: HashSet<u64> = self.seen.keys().map(|(code, _)| *code).collect();
        let ended: Vec<String> = expired.into_iter().filter(|prefix| !known.contains(&key(prefix))).collect();
        let problem = RowProblem {
            line: self.expired_line,
            column: self
                .plan
                .columns
                .first(Role::Ends)
                .and_then(|column| self.plan.names.get(column).cloned()),
            severity: Severity::Warning,
            code: Cow::Borrowed("EXPIRED"),
            message: format!("{rows} rows are left out, because their prices ended in the past."),
            value: ended.first().cloned(),
            remedy: Some("Ask the carrier whether the codes are still offered.".to_owned()),
        };
        self.deck.note(self.options.limits, problem);
        // if every price has ended, the deck has no rates, and no code counts as withdrawn
        if !self.deck.rates.is_empty() {
            let (line, effective, ends) = (self.expired_line, None, None);
            self.deck.rates.extend(ended.into_iter().map(|prefix| CarrierRate {
                line,
                effective,
                ends,
                entry: Entry::Removed(prefix),
            }));
        }
    }
}

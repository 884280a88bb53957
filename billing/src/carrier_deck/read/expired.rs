//! Prices that ended in the past.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::super::header::Role;
use super::super::{CarrierRate, Entry};
use super::Reader;
use crate::deck::{RowProblem, Severity};

impl Reader<'_, '_> {
    /// Whether a price ended before the day of the import.
    pub(super) fn is_past(&self, ends: Option<NaiveDate>) -> bool {
        let day = self.options.mapping.effective_on.or(self.options.today);
        matches!((ends, day), (Some(end), Some(day)) if end < day)
    }

    /// Removes the codes that a row excludes and that no other row has.
    pub(super) fn settle_excepted(&mut self) {
        let known: BTreeSet<String> = self.deck.rates.iter().map(|rate| rate.prefix().to_owned()).collect();
        for (prefix, line) in std::mem::take(&mut self.excepted) {
            if !known.contains(&prefix) {
                let entry = Entry::Removed(prefix);
                self.deck.rates.push(CarrierRate { line, effective: None, ends: None, entry });
            }
        }
    }

    /// Warns about rows that ended in the past. A code without another row is no longer offered.
    pub(super) fn settle_expired(&mut self) {
        let expired = std::mem::take(&mut self.expired);
        if expired.is_empty() {
            return;
        }
        let rows = self.deck.set_aside.get("EXPIRED").copied().unwrap_or(0);
        let known: BTreeSet<&str> = self.seen.keys().map(|(prefix, _)| prefix.as_str()).collect();
        let ended: Vec<String> =
            expired.into_iter().filter(|prefix| !known.contains(prefix.as_str())).collect();
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

//! The first day of the prices in rows that have no date of their own.

use std::cmp::Ordering;

use chrono::NaiveDate;

use super::super::dates::{invalid, says_until};
use super::super::detect::{Change, change_in, date_of};
use super::super::header::{Age, Meaning, Role, meaning, mentions_end, words};
use super::super::numbers::amount;
use super::super::table::Row;
use super::Reader;

impl Reader<'_, '_> {
    /// The date in a cell; `Some(None)` if there is none. See [`Columns::first_day`](super::super::columns::Columns::first_day).
    pub(super) fn date(&mut self, row: Row<'_>, role: Role) -> Option<Option<NaiveDate>> {
        let columns = &self.plan.columns;
        let found = if role == Role::Effective { columns.first_day(row) } else { columns.first(role) };
        let Some(column) = found else { return Some(None) };
        if role == Role::Ends && has_no_end(row.get(column)) {
            return Some(None);
        }
        let cell = row.get(column);
        // "closed 07.12.2026" and "until 06.12.2026" are not first days
        let other = role == Role::Effective && (says_until(cell) || mentions_end(cell));
        match if other { Err(invalid()) } else { date_of(cell, self.plan.order) } {
            Ok(date) => Some(date),
            Err(error) => {
                self.problem(row, Some(column), error);
                None
            }
        }
    }

    /// The first day of the row's price, according to a note with the row's mark, to the title above the row, or to a sentence about all rows whose
    /// prices change in the same direction.
    pub(super) fn date_of_row(&self, row: Row<'_>) -> Option<NaiveDate> {
        let noted = self.plan.footnotes_of(row).into_iter().find_map(|note| note.date);
        noted.or(self.section_date).or_else(|| {
            let dates = &self.plan.change_dates;
            let change = if dates.is_empty() { None } else { self.change_of(row) };
            change.and_then(|change| dates.iter().find_map(|sentence| sentence.of(change)))
        })
    }

    /// Whether the row's price rises, falls or is new, according to its status or to a column of old prices.
    fn change_of(&self, row: Row<'_>) -> Option<Change> {
        let columns = &self.plan.columns;
        let texts =
            columns.all(Role::Status).iter().chain(columns.all(Role::Comment)).map(|column| row.get(*column));
        let said = texts.filter(|text| !text.is_empty()).find_map(change_in);
        said.or_else(|| {
            let is_old = |name: &String| matches!(meaning(name), Meaning::Price(price) if matches!(price.age, Age::Old | Age::Current));
            let old = self.plan.names.iter().position(is_old).filter(|old| *old != columns.price)?;
            let price = |column: usize| amount(row.get(column), row.kind(column), self.plan.mark);
            if row.get(old).is_empty() {
                return price(columns.price).map(|_| Change::New);
            }
            match price(columns.price)?.cmp(&price(old)?) {
                Ordering::Greater => Some(Change::Rise),
                Ordering::Less => Some(Change::Fall),
                Ordering::Equal => None,
            }
        })
    }
}

/// Whether a cell with a last day says that the price has no end. 9999-12-31 is such a day.
pub(super) fn has_no_end(cell: &str) -> bool {
    const OPEN: &[&str] = &[
        "never",
        "none",
        "open",
        "open end",
        "open ended",
        "unlimited",
        "indefinite",
        "until further notice",
        "ufn",
        "infinity",
        "infinite",
        "forever",
        "permanent",
        "no end",
        "n a",
        "na",
        "null",
        "nil",
        "nie",
        "unbefristet",
        "offen",
        "nunca",
        "indefinido",
        "indefinida",
        "sem fim",
        "sin fin",
        "jamais",
        "illimite",
        "indetermine",
        "mai",
        "illimitato",
        "бессрочно",
        "нет",
        "никогда",
        "bezterminowo",
        "suresiz",
        "tbd",
        "tba",
    ];
    cell.contains("9999")
        || cell.contains(char::is_alphabetic) && OPEN.contains(&words(cell).join(" ").as_str())
}

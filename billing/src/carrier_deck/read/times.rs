//! Reads increments and free seconds.

use super::super::CellError;
use super::super::header::Role;
use super::super::increments::{Doubt, Increments};
use super::super::table::{Kind, Row};
use super::Reader;

impl Reader<'_, '_> {
    pub(super) fn increments(&mut self, row: Row<'_>) -> Option<Increments> {
        let plan = self.plan;
        let columns = &plan.columns;
        let (initial, next) = self.defaults();
        if let Some(column) = columns.first(Role::Increment) {
            return match row.get(column) {
                "" | "-" => {
                    self.defaulted += 1;
                    Some(Increments { initial, next, free: None })
                }
                cell => self.increment_cell(row, column, cell),
            };
        }
        let first = self.seconds(row, columns.first(Role::InitialIncrement))?;
        let following = self.seconds(row, columns.first(Role::NextIncrement))?;
        self.defaulted += u64::from(first.is_none() && following.is_none());
        match (first, following) {
            (Some(initial), Some(next)) => Some(Increments { initial, next, free: None }),
            (Some(both), None) => Some(Increments { initial: both, next: both, free: None }),
            (None, Some(both)) => Some(Increments { initial: both, next: both, free: None }),
            (None, None) => Some(Increments { initial, next, free: None }),
        }
    }

    pub(super) fn increment_cell(&mut self, row: Row<'_>, column: usize, cell: &str) -> Option<Increments> {
        match Increments::read(cell, row.kind(column), self.options.mapping.increment_order) {
            Ok(found) => Some(found),
            Err(Doubt::Order) => {
                self.ask("INCREMENT_ORDER", row, column);
                None
            }
            Err(Doubt::Error(error)) => {
                self.problem(row, Some(column), error);
                None
            }
        }
    }

    /// One increment; `Some(None)` if the column or cell is empty.
    pub(super) fn seconds(&mut self, row: Row<'_>, column: Option<usize>) -> Option<Option<u32>> {
        let Some(column) = column.filter(|column| !row.get(*column).is_empty()) else { return Some(None) };
        match Increments::read(row.get(column), row.kind(column), None) {
            Ok(found) if found.initial == found.next && found.free.is_none() => Some(Some(found.initial)),
            _ => {
                let message = "The increment is not a number of seconds between 1 and 86400.";
                self.problem(
                    row,
                    Some(column),
                    CellError::new("INCREMENT_INVALID", message, "Correct the increment."),
                );
                None
            }
        }
    }

    pub(super) fn free_seconds(&mut self, row: Row<'_>) -> Option<u32> {
        let Some(column) =
            self.plan.columns.first(Role::FreeSeconds).filter(|column| !row.get(*column).is_empty())
        else {
            return Some(0);
        };
        let cell = row.get(column);
        let number =
            if cell.len() <= 5 && row.kind(column) != Kind::Date { cell.parse::<u32>().ok() } else { None };
        if number.is_none() {
            let message = "The cell is not a number of seconds.";
            self.problem(row, Some(column), CellError::new("NOT_A_NUMBER", message, "Correct the cell."));
        }
        number
    }
}

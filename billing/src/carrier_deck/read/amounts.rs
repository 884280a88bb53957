//! Reads prices, fees, and their units and currencies.

use super::super::CellError;
use super::super::cells::{currencies, unit};
use super::super::header::Role;
use super::super::numbers::Number;
use super::super::table::Row;
use super::Reader;
use crate::money::Micros;

impl Reader<'_, '_> {
    pub(super) fn check_currency(&mut self, row: Row<'_>) -> Option<()> {
        let Some(column) = self.plan.columns.first(Role::Currency) else { return Some(()) };
        let found = currencies(&row.get(column).to_uppercase());
        let wanted = self.options.mapping.currency.as_deref().or(self.options.currency);
        match (found.as_slice(), wanted) {
            ([found], Some(wanted)) if *found != wanted => {
                let message = format!("The price is in {found}, but the tariff's prices are in {wanted}.");
                let remedy = "Import the row into a tariff in the row's currency.";
                self.problem(row, Some(column), CellError::new("CURRENCY_MISMATCH", message, remedy));
                None
            }
            ([], Some(_)) if !row.get(column).is_empty() && self.options.mapping.currency.is_none() => {
                let message = "The currency is unknown.";
                let remedy = "Write an ISO 4217 code, or set `currency` in the mapping.";
                self.problem(row, Some(column), CellError::new("CURRENCY_UNKNOWN", message, remedy));
                None
            }
            ([found], None) => {
                let known = self.deck.currency.get_or_insert_with(|| (*found).to_owned());
                if known == found {
                    return Some(());
                }
                let message = "The deck has prices in several currencies.";
                self.problem(
                    row,
                    Some(column),
                    CellError::new("CURRENCY_MISMATCH", message, "Make a separate deck for each currency."),
                );
                None
            }
            _ => Some(()),
        }
    }

    /// A price or fee in micros. `timed` says whether the amount is a price for a unit of time; such a price is converted to a price per minute.
    pub(super) fn amount(&mut self, row: Row<'_>, column: usize, timed: bool) -> Option<Micros> {
        let cell = row.get(column);
        if cell.is_empty() {
            self.problem(
                row,
                Some(column),
                CellError::new("PRICE_MISSING", "The price is missing.", "Enter the price."),
            );
            return None;
        }
        let number = match Number::read(cell, row.kind(column), self.plan.mark, self.plan.groups) {
            Ok(number) => number,
            Err(error) => {
                self.problem(row, Some(column), error);
                return None;
            }
        };
        let (per, to) = if timed { (self.unit(row)?, 60) } else { (1, 1) };
        let shift = if self.plan.cents { 2 } else { 0 };
        let amount = number.micros(per, to, shift, self.options.mapping.price_rounding);
        if amount.is_none() {
            self.ask("PRICE_DECIMALS", row, column);
        }
        amount
    }

    pub(super) fn unit(&mut self, row: Row<'_>) -> Option<u32> {
        let column =
            self.plan.columns.first(Role::Unit).filter(|_| self.options.mapping.price_unit.is_none());
        let Some(column) = column else { return Some(self.plan.unit) };
        let cell = row.get(column);
        if cell.is_empty() {
            return Some(self.plan.unit);
        }
        let found = unit(cell);
        if found.is_none() {
            let message = "The unit of the price is unknown.";
            self.problem(
                row,
                Some(column),
                CellError::new(
                    "UNIT_UNKNOWN",
                    message,
                    "Write minute or second, or set `price_unit` in the mapping.",
                ),
            );
        }
        found
    }

    pub(super) fn fee(&mut self, row: Row<'_>, column: Option<usize>) -> Option<Micros> {
        match column.filter(|column| !matches!(row.get(*column), "" | "-")) {
            None => Some(Micros::ZERO),
            Some(column) => self.amount(row, column, false),
        }
    }
}

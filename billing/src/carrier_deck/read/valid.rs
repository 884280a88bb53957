//! Checks rates, and applies what the mapping says about destinations.

use super::super::CellError;
use super::super::cells::StatusRule;
use super::super::header::{Role, words};
use super::super::table::Row;
use super::Reader;
use crate::tariff::Rate;

impl Reader<'_, '_> {
    /// What the mapping says about a destination, by the beginning of its name or by its code.
    pub(super) fn ended(&self, name: &str, prefix: &str) -> Option<StatusRule> {
        let destinations = &self.options.mapping.destinations;
        if destinations.is_empty() {
            return None;
        }
        let name = words(name);
        let found = destinations
            .iter()
            .find(|(place, _)| place.as_str() == prefix || name.starts_with(&words(place)));
        found.map(|(_, rule)| *rule).filter(|rule| *rule != StatusRule::Keep)
    }

    /// Checks the ranges of all fields. An empty destination is later replaced by the code.
    pub(super) fn valid(&mut self, row: Row<'_>, rate: Rate) -> Option<Rate> {
        let named = if rate.destination.is_empty() {
            Rate { destination: "-".to_owned(), ..rate.clone() }
        } else {
            rate.clone()
        };
        match named.validate() {
            Ok(()) => Some(rate),
            Err(error) => {
                let column = match error.field {
                    "destination" => self.plan.columns.first(Role::Destination),
                    "connection_fee" => self.plan.columns.first(Role::ConnectionFee),
                    "initial_price" => self.plan.columns.first(Role::FirstPrice),
                    "minimum_charge" => self.plan.columns.first(Role::MinimumCharge),
                    _ => Some(self.plan.columns.price),
                };
                self.problem(row, column, CellError::new(error.code, error.message, "Correct the cell."));
                None
            }
        }
    }
}
